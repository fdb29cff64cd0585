//! What a `data` block says about one port: an expression over the columns of a row.
//!
//! Reads syntax trees and known dims. Must not know files.

use super::columns::{Column, Selection};
use super::constant::{Dims, apply, count, described, name, number, text};
use super::error::{DataError, LoadError, element_count};
use super::settings::value_span;
use crate::diag::Diagnostic;
use crate::diag::catalog::data as error;
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, BinaryOp, CallArgument, Expr, ExprKind};

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
    /// `-a`, `log(a)`
    Function(Function, Box<RowExpr>),
    /// `a + b`
    Binary(BinaryOp, Box<RowExpr>, Box<RowExpr>),
    /// `standardize(a)`, `minmax(a)`: each element with the statistics of the training rows.
    Scale(Scaling, Box<RowExpr>),
    /// `reshape(a, [1, 8, 8])`
    Reshape(Box<RowExpr>, Vec<usize>),
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
const FUNCTIONS: &[&str] =
    &["column", "columns", "category", "standardize", "minmax", "reshape", "abs", "exp", "log", "sqrt"];

/// Functions of the language that this version does not have.
const LATER: &[&str] = &["windows", "chars", "sparse", "array"];

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
            ExprKind::Name(name) => return Err(Box::new(error::unknown_name(expr.span, name))),
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
            RowKind::Number(_) | RowKind::Cells(_) | RowKind::Category(_) => {}
            RowKind::Function(_, inner) | RowKind::Scale(_, inner) | RowKind::Reshape(inner, _) => inner.visit(visit),
            RowKind::Binary(_, left, right) => {
                left.visit(visit);
                right.visit(visit);
            }
        }
    }

    /// Whether it reads columns.
    pub fn has_columns(&self) -> bool {
        let mut found = false;
        self.visit(&mut |part| found |= matches!(part.kind, RowKind::Cells(_) | RowKind::Category(_)));
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

/// How a function is called.
fn usage(function: &str) -> &'static str {
    match function {
        "column" => "`column(\"name\")` or `column(3)`, counted from 0",
        "columns" => {
            "`columns(0..64)`, `columns(\"a\", \"b\")`, `columns(first = \"a\", last = \"f\")` or `columns(\"pix*\")`"
        }
        "category" => "`category(\"name\")`",
        "standardize" => "`standardize(columns(…))`",
        "minmax" => "`minmax(columns(…))`",
        "reshape" => "`reshape(columns(0..64), [1, 8, 8])`",
        "abs" => "`abs(column(…))`",
        "exp" => "`exp(column(…))`",
        "log" => "`log(column(…))`",
        _ => "`sqrt(column(…))`",
    }
}
