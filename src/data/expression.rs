//! What a `data` block says about one port: an expression over the columns of a row.
//!
//! Reads syntax trees and known dims. Must not know files.

use super::columns::{Column, Selection};
use super::constant::{Dims, apply, count, described, name, number, text};
use super::error::{DataError, LoadError, element_count};
use super::settings::value_span;
use super::source::Format;
use crate::diag::Diagnostic;
use crate::diag::catalog::{data as error, nearest};
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, BinaryOp, CallArgument, Expr, ExprKind};
use std::collections::BTreeMap;
use std::path::Path;

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RowExpr {
    /// The form.
    pub kind: RowKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of expressions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RowKind {
    /// A number, the same for every row.
    Number(f64),
    /// The numbers of some columns.
    Cells(Selection),
    /// The texts of some columns, as labels.
    Category(Selection),
    /// The characters of a text, as labels.
    Chars,
    /// `array("x")`: the array of this name in the file of the block, or in a file of its own.
    Array(ArrayName),
    /// `windows(a, T)`: stretches of consecutive rows.
    Windows(Box<RowExpr>, Window),
    /// `-a`, `log(a)`
    Function(Function, Box<RowExpr>),
    /// `a + b`
    Binary(BinaryOp, Box<RowExpr>, Box<RowExpr>),
    /// `standardize(a)`, `minmax(a)`: each element with the statistics of the training rows.
    Scale(Scaling, Box<RowExpr>),
    /// `reshape(a, [1, 8, 8])`
    Reshape(Box<RowExpr>, Vec<usize>),
}

/// Which array of which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ArrayName {
    /// Its own file; none for that of the block.
    pub file: Option<String>,
    /// Its name in the file; none if the file has just one.
    pub name: Option<String>,
}

/// A stretch of rows: from `offset` rows after the start of a window, `length` of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Window {
    /// How many rows.
    pub length: Count,
    /// How many rows after the start.
    pub offset: Count,
    /// From the start of one window to that of the next; none if it is the length.
    pub step: Option<Count>,
}

/// A count that may be the size of an open dim.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Count {
    /// A number.
    Known(usize),
    /// An open dim, whose size is known when data are read.
    Dim(String),
}

impl Count {
    /// Reads a count.
    fn new(expr: &Expr, dims: Dims) -> Option<Count> {
        match name(expr) {
            Some(dim) if dims.iter().any(|(known, size)| *known == dim && size.is_none()) => {
                Some(Count::Dim(dim.into()))
            }
            _ => count(expr, dims).map(Count::Known),
        }
    }

    /// The number.
    ///
    /// # Errors
    /// [`DataError::UnknownSize`] if the dim has no size.
    pub fn resolve(&self, extents: &BTreeMap<String, usize>) -> Result<usize, DataError> {
        match self {
            Count::Known(number) => Ok(*number),
            Count::Dim(dim) => extents.get(dim).copied().ok_or_else(|| DataError::UnknownSize { dim: dim.clone() }),
        }
    }
}

impl RowKind {
    /// Whether it is read from rows of a file.
    fn reads_rows(&self) -> bool {
        matches!(self, RowKind::Cells(_) | RowKind::Category(_) | RowKind::Chars | RowKind::Array(_))
    }
}

/// Functions of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Negate,
    Abs,
    Exp,
    Log,
    Sqrt,
}

impl Function {
    /// Its value at `x`.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Function::Negate => -x,
            Function::Abs => x.abs(),
            // libm, because it gives the same bits everywhere.
            Function::Exp => libm::exp(x),
            Function::Log => libm::log(x),
            Function::Sqrt => x.sqrt(),
        }
    }
}

/// How numbers are brought to a common scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scaling {
    /// (x - mean) / standard deviation, with divisor N.
    Standardize,
    /// (x - min) / (max - min)
    MinMax,
}

impl Scaling {
    /// Its name in a `data` block.
    pub fn name(self) -> &'static str {
        match self {
            Scaling::Standardize => "standardize",
            Scaling::MinMax => "minmax",
        }
    }
}

/// Every function that can be written.
const FUNCTIONS: &[&str] = &[
    "column",
    "columns",
    "category",
    "chars",
    "array",
    "windows",
    "standardize",
    "minmax",
    "reshape",
    "abs",
    "exp",
    "log",
    "sqrt",
];

/// Functions of the language that this version does not have.
const LATER: &[&str] = &["sparse"];

impl RowExpr {
    /// Reads the value of an entry.
    ///
    /// # Errors
    /// The first problem: an unknown function, wrong arguments, or something that is no expression over columns.
    pub fn new(expr: &Expr, dims: Dims) -> Result<RowExpr, Box<Diagnostic>> {
        if let Some(number) = number(expr, dims) {
            return Ok(RowExpr { kind: RowKind::Number(number), span: expr.span });
        }
        let kind = match &expr.kind {
            ExprKind::Negate(inner) => RowKind::Function(Function::Negate, Box::new(RowExpr::new(inner, dims)?)),
            ExprKind::Binary { op, left, right, .. } if apply(*op, 1.0, 1.0).is_some() => {
                let (left, right) = (RowExpr::new(left, dims)?, RowExpr::new(right, dims)?);
                RowKind::Binary(*op, Box::new(left), Box::new(right))
            }
            ExprKind::Call { function, arguments } => call(expr, function, arguments, dims)?,
            ExprKind::Text(text) => return Err(Box::new(error::text_for_column(expr.span, text))),
            ExprKind::Name(name) => {
                let known = dims.iter().filter(|(_, size)| size.is_some()).map(|(dim, _)| *dim);
                return Err(Box::new(error::unknown_name(expr.span, name, nearest(name, known))));
            }
            _ => return Err(Box::new(error::not_an_expression(expr.span))),
        };
        Ok(RowExpr { kind, span: expr.span })
    }

    /// The shape of a row, or none if it depends on the file.
    ///
    /// # Errors
    /// [`DataError::Combine`] or [`DataError::Reshape`], with the place.
    pub fn shape(&self) -> Result<Option<Vec<usize>>, LoadError> {
        match &self.kind {
            RowKind::Number(_) => Ok(Some(vec![])),
            RowKind::Cells(selection) | RowKind::Category(selection) => Ok(selection.shape()),
            RowKind::Chars => Ok(Some(vec![])),
            RowKind::Array(_) => Ok(None),
            RowKind::Windows(inner, window) => match (&window.length, inner.shape()?) {
                (Count::Known(length), Some(shape)) => Ok(Some([vec![*length], shape].concat())),
                _ => Ok(None),
            },
            RowKind::Function(_, inner) | RowKind::Scale(_, inner) => inner.shape(),
            RowKind::Binary(_, left, right) => match (left.shape()?, right.shape()?) {
                (Some(left), Some(right)) => {
                    combine(&left, &right).map(Some).map_err(|error| LoadError::new(error, Some(self.span)))
                }
                _ => Ok(None),
            },
            RowKind::Reshape(inner, to) => match inner.shape()? {
                Some(from) if element_count(&from) != element_count(to) => {
                    Err(LoadError::new(DataError::Reshape { from, to: to.clone() }, Some(self.span)))
                }
                _ => Ok(Some(to.clone())),
            },
        }
    }

    /// Calls `visit` on this expression and all its parts, left to right.
    pub fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a RowExpr)) {
        visit(self);
        match &self.kind {
            RowKind::Number(_) | RowKind::Cells(_) | RowKind::Category(_) | RowKind::Chars | RowKind::Array(_) => {}
            RowKind::Function(_, inner)
            | RowKind::Scale(_, inner)
            | RowKind::Reshape(inner, _)
            | RowKind::Windows(inner, _) => inner.visit(visit),
            RowKind::Binary(_, left, right) => {
                left.visit(visit);
                right.visit(visit);
            }
        }
    }

    /// The arrays in it that have files of their own, and where they stand.
    pub fn own_arrays(&self) -> Vec<(&ArrayName, Span)> {
        let mut found = vec![];
        self.visit(&mut |part| {
            if let RowKind::Array(array) = &part.kind
                && array.file.is_some()
            {
                found.push((array, part.span));
            }
        });
        found
    }

    /// Whether it reads the file of its block.
    pub fn needs_file(&self) -> bool {
        let own = |kind: &RowKind| matches!(kind, RowKind::Array(array) if array.file.is_some());
        self.find(&|kind| kind.reads_rows() && !own(kind)).is_some()
    }

    /// Whether it reads what differs from row to row: columns, characters or arrays.
    pub fn has_columns(&self) -> bool {
        self.find(&RowKind::reads_rows).is_some()
    }

    /// The windows in it, and where they stand.
    pub fn windows(&self) -> Vec<(&Window, Span)> {
        let mut found = vec![];
        self.visit(&mut |part| {
            if let RowKind::Windows(_, window) = &part.kind {
                found.push((window, part.span));
            }
        });
        found
    }

    /// A part that reads rows but stands in no windows, or windows in windows.
    pub fn outside_windows(&self) -> Option<Span> {
        match &self.kind {
            RowKind::Number(_) => None,
            RowKind::Cells(_) | RowKind::Category(_) | RowKind::Chars | RowKind::Array(_) => Some(self.span),
            RowKind::Windows(inner, _) => inner.windows().first().map(|(_, span)| *span),
            RowKind::Function(_, inner) | RowKind::Scale(_, inner) | RowKind::Reshape(inner, _) => {
                inner.outside_windows()
            }
            RowKind::Binary(_, left, right) => left.outside_windows().or_else(|| right.outside_windows()),
        }
    }

    /// The first part of such a kind.
    pub fn find(&self, wanted: &dyn Fn(&RowKind) -> bool) -> Option<Span> {
        let mut found = None;
        self.visit(&mut |part| {
            if wanted(&part.kind) {
                found.get_or_insert(part.span);
            }
        });
        found
    }
}

/// The shape of an elementwise operation: the shapes are equal, or one is the end of the other.
pub(super) fn combine(left: &[usize], right: &[usize]) -> Result<Vec<usize>, DataError> {
    if left.ends_with(right) {
        Ok(left.to_vec())
    } else if right.ends_with(left) {
        Ok(right.to_vec())
    } else {
        Err(DataError::Combine { left: left.to_vec(), right: right.to_vec() })
    }
}

fn call(call: &Expr, function: &Expr, arguments: &[CallArgument], dims: Dims) -> Result<RowKind, Box<Diagnostic>> {
    let Some(function_name) = name(function) else { return Err(Box::new(error::not_an_expression(function.span))) };
    if LATER.contains(&function_name) {
        return Err(Box::new(error::not_available(function.span, "function", function_name)));
    }
    let wrong =
        |at: Span, given: String| Box::new(error::bad_argument(at, function_name, usage(function_name), &given));
    // The only argument, an expression.
    let one = || match arguments {
        [CallArgument { name: None, value: ArgumentValue::Expr(argument) }] => Ok(argument),
        _ => Err(wrong(call.span, String::new())),
    };
    let inner = || Ok::<_, Box<Diagnostic>>(Box::new(RowExpr::new(one()?, dims)?));
    let column = |value: &ArgumentValue| {
        let found = match value {
            ArgumentValue::Expr(expr) => match text(expr) {
                Some(text) => Some(Column::Name(text.trim().to_string())),
                None => count(expr, dims).map(Column::Number),
            },
            ArgumentValue::Range(_) => None,
        };
        found.ok_or_else(|| wrong(value_span(value), described(value, dims)))
    };
    Ok(match function_name {
        "column" => match arguments {
            [CallArgument { name: None, value }] => RowKind::Cells(Selection::One(column(value)?)),
            _ => return Err(wrong(call.span, String::new())),
        },
        "category" => match arguments {
            [CallArgument { name: None, value }] => RowKind::Category(Selection::One(column(value)?)),
            _ => return Err(wrong(call.span, String::new())),
        },
        "chars" if arguments.is_empty() => RowKind::Chars,
        "chars" => return Err(wrong(call.span, String::new())),
        "array" => {
            let mut texts = vec![];
            for argument in arguments {
                match argument {
                    CallArgument { name: None, value: ArgumentValue::Expr(expr) } if text(expr).is_some() => {
                        texts.push(text(expr).unwrap_or_default().to_string());
                    }
                    other => return Err(wrong(value_span(&other.value), described(&other.value, dims))),
                }
            }
            let is_file = |text: &str| matches!(Format::of(Path::new(text)), Ok(Format::Arrays(_)));
            RowKind::Array(match texts.as_slice() {
                [] => ArrayName { file: None, name: None },
                [one] if is_file(one) => ArrayName { file: Some(one.clone()), name: None },
                [one] => ArrayName { file: None, name: Some(one.clone()) },
                [file, name] if is_file(file) => ArrayName { file: Some(file.clone()), name: Some(name.clone()) },
                _ => return Err(wrong(call.span, String::new())),
            })
        }
        "windows" => windows(arguments, dims, &wrong, call.span)?,
        "columns" => RowKind::Cells(match arguments {
            [CallArgument { name: None, value: ArgumentValue::Range(range) }] => {
                let start = range.start.as_ref().map_or(Some(0), |e| count(e, dims));
                let end = range.end.as_ref().map(|e| count(e, dims));
                match (start, end) {
                    (Some(start), Some(Some(end))) if start < end => Selection::Range(start, Some(end)),
                    (Some(start), None) => Selection::Range(start, None),
                    _ => return Err(wrong(range.span, "a range that is empty or not of whole numbers".into())),
                }
            }
            [CallArgument { name: None, value: ArgumentValue::Expr(pattern) }]
                if text(pattern).is_some_and(|text| text.matches('*').count() == 1) =>
            {
                let (start, end) = text(pattern).unwrap_or_default().split_once('*').unwrap_or_default();
                Selection::Pattern(start.trim_start().into(), end.trim_end().into())
            }
            [CallArgument { name: Some(a), value: first }, CallArgument { name: Some(b), value: last }]
                if a.text == "first" && b.text == "last" =>
            {
                Selection::Between(column(first)?, column(last)?)
            }
            [] => return Err(wrong(call.span, String::new())),
            list => match list.iter().find(|argument| argument.name.is_some()) {
                Some(named) => {
                    let shown = named.name.as_ref().map(|name| format!("the argument `{}`", name.text));
                    return Err(wrong(value_span(&named.value), shown.unwrap_or_default()));
                }
                None => Selection::List(list.iter().map(|a| column(&a.value)).collect::<Result<_, _>>()?),
            },
        }),
        "standardize" => RowKind::Scale(Scaling::Standardize, inner()?),
        "minmax" => RowKind::Scale(Scaling::MinMax, inner()?),
        "abs" => RowKind::Function(Function::Abs, inner()?),
        "exp" => RowKind::Function(Function::Exp, inner()?),
        "log" => RowKind::Function(Function::Log, inner()?),
        "sqrt" => RowKind::Function(Function::Sqrt, inner()?),
        "reshape" => {
            let [
                CallArgument { name: None, value: ArgumentValue::Expr(argument) },
                CallArgument { name: None, value: ArgumentValue::Expr(Expr { kind: ExprKind::Array(sizes), span }) },
            ] = arguments
            else {
                return Err(wrong(call.span, String::new()));
            };
            let shape: Option<Vec<usize>> = sizes.iter().map(|s| count(s, dims).filter(|size| *size > 0)).collect();
            let shape =
                shape.ok_or_else(|| wrong(*span, "a shape that is not of known whole numbers above 0".into()))?;
            RowKind::Reshape(Box::new(RowExpr::new(argument, dims)?), shape)
        }
        _ => return Err(Box::new(error::unknown_function(function.span, function_name, FUNCTIONS))),
    })
}

/// `windows(e, T, offset = 0, step = T)`
fn windows(
    arguments: &[CallArgument],
    dims: Dims,
    wrong: &dyn Fn(Span, String) -> Box<Diagnostic>,
    call: Span,
) -> Result<RowKind, Box<Diagnostic>> {
    let [
        CallArgument { name: None, value: ArgumentValue::Expr(inner) },
        CallArgument { name: None, value: ArgumentValue::Expr(length) },
        options @ ..,
    ] = arguments
    else {
        return Err(wrong(call, String::new()));
    };
    let read = |expr: &Expr, least: usize| match Count::new(expr, dims) {
        Some(Count::Known(number)) if number < least => None,
        count => count,
    };
    let whole = |expr: &Expr, least: usize| {
        let given = || ArgumentValue::Expr(expr.clone());
        read(expr, least).ok_or_else(|| wrong(expr.span, described(&given(), dims)))
    };
    let mut window = Window { length: whole(length, 1)?, offset: Count::Known(0), step: None };
    let mut seen: Vec<&str> = vec![];
    for option in options {
        match (&option.name, &option.value) {
            (Some(key), ArgumentValue::Expr(value)) if !seen.contains(&key.text.as_str()) => {
                match key.text.as_str() {
                    "offset" => window.offset = whole(value, 0)?,
                    "step" => window.step = Some(whole(value, 1)?),
                    other => return Err(wrong(key.span, format!("the argument `{other}`"))),
                }
                seen.push(&key.text);
            }
            (_, value) => return Err(wrong(value_span(value), String::new())),
        }
    }
    Ok(RowKind::Windows(Box::new(RowExpr::new(inner, dims)?), window))
}

/// How a function is called.
fn usage(function: &str) -> &'static str {
    match function {
        "column" => "`column(\"name\")` or `column(3)`, counted from 0",
        "columns" => {
            "`columns(0..64)`, `columns(\"a\", \"b\")`, `columns(first = \"a\", last = \"f\")` or `columns(\"pix*\")`"
        }
        "category" => "`category(\"name\")`",
        "chars" => "`chars()`, for a `.txt` file",
        "array" => "`array(\"x\")`, or `array(\"x.npy\")` and `array(\"all.npz\", \"x\")` for a file of its own",
        "windows" => "`windows(chars(), 64)` or `windows(columns(…), T, offset = 1, step = 1)`",
        "standardize" => "`standardize(columns(…))`",
        "minmax" => "`minmax(columns(…))`",
        "reshape" => "`reshape(columns(0..64), [1, 8, 8])`",
        "abs" => "`abs(column(…))`",
        "exp" => "`exp(column(…))`",
        "log" => "`log(column(…))`",
        _ => "`sqrt(column(…))`",
    }
}
