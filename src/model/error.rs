//! What can go wrong when a host uses a model: reading it, compiling it, calling it.
//!
//! Reads diagnostics. Must not know how they are found or shown.

use crate::diag::{Diagnostic, Report};
use std::path::PathBuf;
use thiserror::Error;

/// Why a model could not be read.
#[derive(Clone, Debug, Error)]
pub enum ModelError {
    /// The file could not be read.
    #[error("cannot read `{}`: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The model is wrong. The report points at the places.
    #[error("{}", first(.0))]
    Model(Report),
}

/// Why a model could not be compiled.
#[derive(Clone, Debug, Error)]
pub enum CompileError {
    /// No value of the model has this name.
    #[error("the model has no output, loss, metric or let `{name}`{}", hint(nearest))]
    UnknownValue {
        /// As asked for.
        name: String,
        /// A similar name, if there is one.
        nearest: Option<String>,
    },
    /// No input, target or param has this name.
    #[error("the model has no input, target or param `{name}`{}", hint(nearest))]
    UnknownPort {
        /// As asked for.
        name: String,
        /// A similar name, if there is one.
        nearest: Option<String>,
    },
    /// No `fn` has this name.
    #[error("the model has no fn `{name}`{}", hint(nearest))]
    UnknownFunction {
        /// As asked for.
        name: String,
        /// A similar name, if there is one.
        nearest: Option<String>,
    },
    /// No argument of a `fn` has this name.
    #[error("fn `{function}` has no argument `{name}`{}", hint(nearest))]
    UnknownArgument {
        /// The `fn`.
        function: String,
        /// As asked for.
        name: String,
        /// A similar name, if there is one.
        nearest: Option<String>,
    },
    /// No dim has this name.
    #[error("the model has no open dim `{name}`{}", hint(nearest))]
    UnknownDim {
        /// As asked for.
        name: String,
        /// A similar name, if there is one.
        nearest: Option<String>,
    },
    /// The free form of a `cholesky` depends on its size.
    #[error("dim `{dim}` must have a size for the free form of the params; state it in `Options::dim`")]
    FreeSize {
        /// The dim.
        dim: String,
    },
    /// The gradient was asked for of something that is not one number.
    #[error("the gradient of `{name}` was asked for, but it is {shape}, not one real number")]
    NotScalar {
        /// The value.
        name: String,
        /// What it is.
        shape: String,
    },
    /// A derivative with respect to labels or truth values.
    #[error("`{name}` does not hold real numbers, so nothing can be differentiated with respect to it")]
    NotReal {
        /// The port.
        name: String,
    },
    /// A pattern depends on the size of every dim.
    #[error(
        "dim `{dim}` must have a size, because the pattern of a sparse derivative depends on it; state it in `Options::dim`"
    )]
    OpenSize {
        /// The dim.
        dim: String,
    },
    /// A pattern depends on where indices point.
    #[error("the pattern of a sparse derivative depends on the indices in `{name}`; give their values")]
    UnknownIndices {
        /// The port.
        name: String,
    },
    /// Something other than a Jacobian or a Hessian was asked for as a sparse matrix.
    #[error("only a Jacobian or a Hessian can be sparse; use `Options::jacobian` or `Options::hessian`")]
    NotSparse,
    /// The pattern of a sparse derivative cannot be found.
    #[error("no pattern of a sparse derivative: {reason}")]
    Pattern {
        /// Why.
        reason: String,
    },
    /// A derivative that the language's notation cannot say yet: that of a loop in a loop, for example.
    #[error(
        "this derivative cannot be printed: it goes through loops inside loops. It can be compiled, checked and used all the same"
    )]
    NotPrintable,
    /// The model has nothing to compute.
    #[error("the model has no output, loss or metric, and none was asked for")]
    Nothing,
    /// The model cannot be compiled; the report points at the places.
    #[error("{}", first(.0))]
    Model(Report),
    /// Native code was asked for and cannot be made; the interpreter can run the model.
    #[error("no native code for this model: {reason}")]
    Native {
        /// What is missing.
        reason: String,
    },
}

/// Why a call was refused. Nothing was computed.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CallError {
    /// Too few or too many arrays.
    #[error("{given} {what} were given, the function has {expected}")]
    Count {
        /// `inputs` or `results`.
        what: &'static str,
        /// By the signature.
        expected: usize,
        /// In the call.
        given: usize,
    },
    /// An array of another element type.
    #[error("`{port}` has elements of type {expected}, but {given} was given")]
    Element {
        /// The port.
        port: String,
        /// By the signature.
        expected: &'static str,
        /// In the call.
        given: &'static str,
    },
    /// An array of another length.
    #[error("`{port}` of shape {shape} needs {expected} elements, but {given} were given{reason}")]
    Length {
        /// The port.
        port: String,
        /// Its shape with sizes, such as `[N = 3, 4]`.
        shape: String,
        /// By the shape.
        expected: usize,
        /// In the call.
        given: usize,
        /// Which other arrays the sizes come from, ready to be appended; may be empty.
        reason: String,
    },
    /// A length that no size of the open dim explains.
    #[error("`{port}` of shape {shape} was given {given} elements, which fits no size of `{dim}`")]
    Indivisible {
        /// The port.
        port: String,
        /// Its shape with what is known.
        shape: String,
        /// The open dim.
        dim: String,
        /// In the call.
        given: usize,
    },
    /// An array without elements that fixes the size of a dim.
    #[error("`{port}` is empty, so dim `{dim}` would be 0; every dim is at least 1")]
    Empty {
        /// The port.
        port: String,
        /// The open dim.
        dim: String,
    },
    /// The size of a dim does not follow from the lengths.
    #[error("the size of dim `{dim}` does not follow from the lengths of the inputs; state it in `Options::dim`")]
    UnknownDim {
        /// The dim.
        dim: String,
    },
    /// A size that comes out negative, too large or not whole.
    #[error("with these inputs the size `{size}` is negative or too large")]
    Size {
        /// As written in shapes.
        size: String,
    },
    /// A size that must be 0 or more for what the model reads.
    #[error("with these inputs {what} at {place} does not fit: it needs {size} >= 0")]
    TooFew {
        /// As written in shapes: `N - 6`.
        size: String,
        /// What needs it: `this index`.
        what: String,
        /// File, line and column.
        place: String,
    },
    /// An index that leaves its axis for these sizes.
    #[error("with these inputs the index at {place} leaves its axis")]
    IndexOutside {
        /// File, line and column.
        place: String,
    },
    /// A label that is not below its bound.
    #[error("`{port}` holds {value} in row {row}, but its labels are 0 to {largest}")]
    Label {
        /// The port.
        port: String,
        /// First index of the element, from 0.
        row: usize,
        /// What it holds.
        value: u32,
        /// The bound less 1.
        largest: i64,
    },
    /// A truth value other than 0 and 1.
    #[error("`{port}` holds {value} in row {row}, but truth values are 0 or 1")]
    Truth {
        /// The port.
        port: String,
        /// First index of the element, from 0.
        row: usize,
        /// What it holds.
        value: u8,
    },
    /// Values of a param that its constraint does not allow.
    #[error("param `{param}` is {}, which its constraint does not allow", some(values))]
    Constraint {
        /// The param.
        param: String,
        /// Its values, row-major.
        values: Vec<f64>,
    },
    /// A workspace of another function.
    #[error("this workspace belongs to another function")]
    Workspace,
    /// Indices other than those that the pattern of a sparse derivative was made for.
    #[error("`{port}` holds other indices than those that the pattern of the sparse derivative was made for")]
    Pattern {
        /// The port.
        port: String,
    },
    /// A random input that was not given.
    #[error("random input `{name}` was not given; `Function::random_inputs` and `Function::draw` make its numbers")]
    NotDrawn {
        /// The input.
        name: String,
    },
    /// A draw for an input that is not random.
    #[error("input `{name}` is not random, so nothing is drawn for it")]
    NotRandom {
        /// The input.
        name: String,
    },
    /// A name that is no port of the function.
    #[error("the function has no input `{name}`{}", hint(nearest))]
    UnknownPort {
        /// As given.
        name: String,
        /// A similar name, if there is one.
        nearest: Option<String>,
    },
    /// An input that was neither given nor has a default.
    #[error("input `{name}` was not given and has no default")]
    Missing {
        /// The port.
        name: String,
    },
    /// `value_and_grad` of a function that was compiled without a gradient.
    #[error("the function was compiled without a gradient; use `Options::gradient`")]
    NoGradient,
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or(String::new(), |n| format!("; did you mean `{n}`?"))
}

/// `1.5` or `[1.5, 2, …]`
fn some(values: &[f64]) -> String {
    match values {
        [one] => one.to_string(),
        _ => {
            let shown: Vec<String> = values.iter().take(8).map(|v| v.to_string()).collect();
            format!("[{}{}]", shown.join(", "), if values.len() > 8 { ", …" } else { "" })
        }
    }
}

/// The first error of a report in one line, and how many there are.
fn first(report: &Report) -> String {
    let errors: Vec<&Diagnostic> = report.diagnostics.iter().filter(|d| d.is_error()).collect();
    let Some(error) = errors.first() else { return "the model is wrong".into() };
    let place = error.labels.first().map_or(String::new(), |l| format!("{}: ", report.sources.place(l.span)));
    let more = if errors.len() > 1 { format!(" (and {} more)", errors.len() - 1) } else { String::new() };
    format!("{place}{} {}{more}", error.code, error.message)
}
