//! The embedding interface: a [`Model`] is compiled into [`Function`]s that a host calls.
//!
//! Reads every lower floor. Must not print, nor know the command line or training.

pub mod atomic_file;
mod colouring;
mod compile;
mod derivative;
mod differentiate;
mod draws;
mod error;
mod free;
mod function;
mod gradcheck;
mod initial;
mod interpreted;
mod layout;
mod least_squares;
#[cfg(feature = "jit")]
mod native;
mod non_finite;
mod of_function;
mod real;
mod signature;
mod sizes;
mod slice;
mod source;
mod sparse;
mod steps;
mod weights;

pub use crate::notation::Form;
pub use crate::pass::Mode;
pub use compile::{Backend, CompileTimings, Options, Prepared, Target, bindings, prepare};
pub use differentiate::DerivativeForm;
pub use error::{CallError, CompileError, ModelError};
pub use free::FreeForm;
pub use function::{Function, NamedValue, Workspace};
pub use gradcheck::{Check, Element as GradientElement, GradientCheck, GradientCheckError, Sampling, gradcheck};
pub use initial::{fans, initialize};
pub use layout::{Layout, LayoutEntry, dims_of_data};
pub use least_squares::DIRECTION;
pub(crate) use non_finite::named as non_finite_name;
pub use non_finite::{NonFinite, TraceError};
pub use real::Real;
pub use signature::{Port, PortRole, Signature, Size};
pub use slice::{Element, Slice, SliceMut, Values};
pub use source::{Model, source_hash};
pub use sparse::{SparseDerivative, SparseWorkspace};
pub use weights::{Param, Weights, WeightsError};

/// The examples of the manual are run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
mod manual {}
