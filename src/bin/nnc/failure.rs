//! Why a command ended without success, and the exit code that says so.

use nnc::data::DataError;
use nnc::diag::Report;
use nnc::fit::FitError;
use nnc::model::{CallError, CompileError, Model, ModelError, WeightsError};

/// The model, its data or a check is wrong.
pub const WRONG: u8 = 1;
/// The command cannot be carried out: arguments, files.
pub const USAGE: u8 = 2;
/// Training did not come to an end.
pub const TRAINING: u8 = 3;
/// A bug of nnc.
pub const BUG: u8 = 101;
/// Stopped by the user, after saving.
pub const INTERRUPTED: u8 = 130;

/// Why a command failed, with the exit code of the process.
#[derive(Debug)]
pub enum Failure {
    /// Problems with places in the model.
    Problems(Box<Report>, u8),
    /// A sentence.
    Message(String, u8),
    /// Everything is said.
    Said(u8),
}

impl Failure {
    /// The exit code of the process.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Problems(_, code) | Failure::Message(_, code) | Failure::Said(code) => *code,
        }
    }

    /// The model is wrong.
    pub fn model(report: Report) -> Failure {
        Failure::Problems(Box::new(report), WRONG)
    }

    /// The command cannot be carried out.
    pub fn usage(text: impl Into<String>) -> Failure {
        Failure::Message(text.into(), USAGE)
    }

    /// An error of a fit, with the sources of its model.
    pub fn of_fit(model: &Model, error: FitError) -> Failure {
        match error {
            FitError::Model(diagnostics) => Failure::model(model.report(diagnostics)),
            FitError::NotFinite(problem) => Failure::Problems(Box::new(model.report(vec![*problem])), TRAINING),
            FitError::Load(error) => {
                let code = if matches!(*error.error, DataError::Unreadable { .. }) { USAGE } else { WRONG };
                Failure::Problems(Box::new(model.report(vec![error.diagnostic()])), code)
            }
            FitError::Compile(error) => error.into(),
            FitError::Call(error) => error.into(),
            FitError::NoRows | FitError::Dataset(_) | FitError::Groups(_) => Failure::Message(error.to_string(), WRONG),
        }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Failure {
        match error {
            ModelError::Model(report) => Failure::model(report),
            ModelError::Read { .. } => Failure::usage(error.to_string()),
        }
    }
}

impl From<CompileError> for Failure {
    fn from(error: CompileError) -> Failure {
        match error {
            CompileError::Model(report) => Failure::model(report),
            other => Failure::usage(other.to_string()),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Failure {
        match &error {
            CallError::UnknownDim { dim } => Failure::usage(format!(
                "the size of dim `{dim}` does not follow from the data; state it with `--dim {dim}=SIZE` or in the model"
            )),
            _ => Failure::Message(error.to_string(), WRONG),
        }
    }
}

impl From<WeightsError> for Failure {
    fn from(error: WeightsError) -> Failure {
        use WeightsError::{Corrupt, Read, Write};
        let code = if matches!(error, Read { .. } | Write { .. } | Corrupt { .. }) { USAGE } else { WRONG };
        Failure::Message(error.to_string(), code)
    }
}
