//! Why a model could not be fitted.
//!
//! Reads diagnostics and the errors of models. Must not know how they are shown.

use crate::diag::Diagnostic;
use crate::model::{CallError, CompileError};
use thiserror::Error;

/// Why a fit did not come to its end.
#[derive(Clone, Debug, Error)]
pub enum FitError {
    /// The model or its `train` block is wrong. The spans point into the model's sources.
    #[error("{}", first(.0))]
    Model(Vec<Diagnostic>),
    /// The model could not be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The data do not fit the model.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The data could not be read, or do not fit the `data` block.
    #[error(transparent)]
    Load(Box<crate::data::LoadError>),
    /// The arrays do not make a data set.
    #[error(transparent)]
    Dataset(#[from] super::dataset::DatasetError),
    /// `Settings::freeze` or `Settings::groups` do not fit the model or the optimiser.
    #[error(transparent)]
    Groups(#[from] GroupError),
    /// The data have no rows to train with.
    #[error("the data have no training rows")]
    NoRows,
    /// The loss or its gradient became infinite or NaN. The diagnostic points at the first such value.
    #[error("{}", .0.message)]
    NotFinite(Box<Diagnostic>),
}

/// Why params cannot be frozen or grouped as settings of a host ask. Those of a `train` block have diagnostics.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GroupError {
    /// A name that is neither a param nor a layer with params.
    #[error("`{name}` is to be frozen or grouped, but the model has no such param{}", .nearest.as_ref().map_or(String::new(), |n| format!("; did you mean `{n}`?")))]
    UnknownParam {
        /// As given.
        name: String,
        /// A similar name, if there is one.
        nearest: Option<String>,
    },
    /// A param that is frozen or grouped more than once.
    #[error("param `{param}` is frozen or grouped more than once")]
    NamedTwice {
        /// The param.
        param: String,
    },
    /// A frozen param whose bounds move with one that is fitted, so it cannot keep its value.
    #[error("`{param}` is frozen, but its bounds move with `{with}`, which is fitted")]
    MovingBounds {
        /// The frozen one.
        param: String,
        /// The fitted one.
        with: String,
    },
    /// Groups for an optimiser that finds the length of its steps itself.
    #[error("groups have rates of their own, but the optimiser finds one step for all params")]
    OneStep,
    /// A decay in a group for an optimiser that has none.
    #[error("a group has a decay, but the optimiser is not Adam")]
    NoDecay,
}

impl From<Box<Diagnostic>> for FitError {
    fn from(problem: Box<Diagnostic>) -> FitError {
        FitError::Model(vec![*problem])
    }
}

fn first(problems: &[Diagnostic]) -> &str {
    problems.first().map_or("the model is wrong", |d| d.message.as_str())
}
