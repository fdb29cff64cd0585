//! Values in a `train` block: numbers computed at once, names and truth values.
//!
//! Reads expressions and known dims. Must not know settings.

use crate::diag::Diagnostic;
use crate::diag::catalog::training as error;
use crate::graph::Extents;
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, BinaryOp, CallArgument, Expr, ExprKind};

/// What names mean in a `train` block.
pub(super) struct Scope<'a> {
    /// A dim of known size is its size.
    pub extents: &'a Extents,
}

/// The value of a setting.
pub(super) struct Value<'a> {
    pub expr: &'a Expr,
    number: Option<f64>,
}

impl<'a> Value<'a> {
    /// Where it stands.
    pub fn span(&self) -> Span {
        self.expr.span
    }

    /// Its number, if it is one.
    pub fn number(&self) -> Option<f64> {
        self.number
    }

    /// Its number, if it is whole and neither negative nor beyond what an f64 holds exactly.
    pub fn whole(&self) -> Option<u64> {
        self.number.filter(|v| v.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(v)).map(|v| v as u64)
    }

    /// `true` or `false`.
    pub fn truth(&self) -> Option<bool> {
        match self.expr.kind {
            ExprKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The name, if it is just one.
    pub fn name(&self) -> Option<&'a str> {
        name_of(self.expr)
    }

    /// `f` and `a` of `f(a)`, both names.
    pub fn call_of_name(&self) -> Option<(&'a str, &'a str)> {
        let ExprKind::Call { function, arguments } = &self.expr.kind else { return None };
        match arguments.as_slice() {
            [CallArgument { name: None, value: ArgumentValue::Expr(argument) }] => {
                Some((name_of(function)?, name_of(argument)?))
            }
            _ => None,
        }
    }
}

/// What a value is, for a message: its number, or what sort of thing it is.
pub(super) fn shown(value: &Value) -> String {
    match (&value.expr.kind, value.number) {
        (_, Some(number)) => format!("{number}"),
        (ExprKind::Bool(truth), _) => truth.to_string(),
        (ExprKind::Name(name), _) => format!("the name `{name}`"),
        (ExprKind::Text(_), _) => "a text".into(),
        _ => "something else".into(),
    }
}

pub(super) fn name_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

impl Scope<'_> {
    /// The value of an argument.
    pub fn of<'e>(&self, expr: &'e Expr) -> Value<'e> {
        Value { expr, number: self.number(expr) }
    }

    /// The value of an entry.
    pub fn value<'e>(&self, value: &'e ArgumentValue, key: &str) -> Result<Value<'e>, Box<Diagnostic>> {
        match value {
            ArgumentValue::Expr(expr) => Ok(self.of(expr)),
            ArgumentValue::Range(range) => {
                Err(Box::new(error::bad_value(range.span, key, "a single value", "a range")))
            }
        }
    }

    /// The number an expression stands for: literals, arithmetic, `pi`, `inf` and dims of known size.
    pub fn number(&self, expr: &Expr) -> Option<f64> {
        match &expr.kind {
            ExprKind::Number { value, .. } => Some(*value),
            ExprKind::Negate(inner) => Some(-self.number(inner)?),
            ExprKind::Name(name) => match name.as_str() {
                "pi" => Some(std::f64::consts::PI),
                "inf" => Some(f64::INFINITY),
                name => self.extents.dims().iter().find(|d| d.name == name)?.value.map(|v| v as f64),
            },
            ExprKind::Binary { op, left, right, .. } => {
                let (a, b) = (self.number(left)?, self.number(right)?);
                match op {
                    BinaryOp::Add => Some(a + b),
                    BinaryOp::Subtract => Some(a - b),
                    BinaryOp::Multiply => Some(a * b),
                    BinaryOp::Divide => Some(a / b),
                    BinaryOp::Power => Some(a.powf(b)),
                    BinaryOp::MatrixMultiply | BinaryOp::And | BinaryOp::Or => None,
                }
            }
            _ => None,
        }
    }
}
