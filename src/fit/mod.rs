//! Fitting: settings, initial values, optimisers and the training loop.
//!
//! Reads models and data sets. Must not print, nor know the command line: progress goes to an observer.

mod batch;
mod calls;
mod constant;
mod dataset;
mod engine;
mod error;
mod evaluate;
mod groups;
mod lbfgs;
mod levenberg;
mod line_search;
mod load;
mod not_finite;
mod observer;
mod optimizer;
mod schedule;
mod settings;
mod squares;
mod train;

pub use crate::random::{Purpose, Stream};
pub use dataset::{Column, Dataset, DatasetError, Fixed, Split};
pub use error::{FitError, GroupError};
pub use evaluate::{Evaluation, Score, evaluate, predict};
pub use groups::Group;
pub use lbfgs::{Evaluate, Iteration, Lbfgs};
pub use levenberg::{LevenbergMarquardt, Linearized, Residuals};
pub use load::{data_spec, load, load_starts, row_ports};
pub use observer::{EpochDone, Observer, Started, Stepped};
pub use optimizer::{FirstOrder, Optimizer, Stepper, all_finite, clip_norm, clip_value, norm};
pub use schedule::{Course, Schedule};
pub use settings::{Batch, Monitor, Settings};
pub use train::{Fitted, Outcome, check_loss, fit};
