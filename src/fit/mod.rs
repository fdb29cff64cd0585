//! Fitting: settings, initial values, optimisers and the training loop.
//!
//! Reads models and data sets. Must not print, nor know the command line: progress goes to an observer.

mod constant;
mod initialize;
mod optimizer;
mod random;
mod settings;

pub use initialize::{fans, initialize};
pub use optimizer::{Optimizer, Stepper, all_finite, clip_norm, clip_value, norm};
pub use random::{Purpose, Stream};
pub use settings::{Batch, Monitor, Settings};
