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
    /// The data have no rows to train with.
    #[error("the data have no training rows")]
    NoRows,
    /// The loss or its gradient became infinite or NaN. The diagnostic points at the first such value.
    #[error("{}", .0.message)]
    NotFinite(Box<Diagnostic>),
}

impl From<Box<Diagnostic>> for FitError {
    fn from(problem: Box<Diagnostic>) -> FitError {
        FitError::Model(vec![*problem])
    }
}

fn first(problems: &[Diagnostic]) -> &str {
    problems.first().map_or("the model is wrong", |d| d.message.as_str())
}
