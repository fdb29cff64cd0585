//! Values in a `train` block: numbers computed at once, names, truth values and calls of optimisers.
//!
//! Reads expressions and known dims. Must not know settings.

use super::Optimizer;
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
    expr: &'a Expr,
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

fn name_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

impl Scope<'_> {
    /// The value of an entry.
    pub fn value<'e>(&self, value: &'e ArgumentValue, key: &str) -> Result<Value<'e>, Box<Diagnostic>> {
        match value {
            ArgumentValue::Expr(expr) => Ok(Value { expr, number: self.number(expr) }),
            ArgumentValue::Range(range) => {
                Err(Box::new(error::bad_value(range.span, key, "a single value", "a range")))
            }
        }
    }

    /// The number an expression stands for: literals, arithmetic, `pi`, `inf` and dims of known size.
    fn number(&self, expr: &Expr) -> Option<f64> {
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

/// An optimiser as the language has it: its name and its arguments with their defaults (none: must be given).
struct Form {
    name: &'static str,
    arguments: &'static [(&'static str, Option<f64>)],
    make: fn(&[f64]) -> Optimizer,
}

const FORMS: &[Form] = &[
    Form { name: "gradient_descent", arguments: &[("lr", None)], make: |v| Optimizer::Descent { rate: v[0] } },
    Form { name: "sgd", arguments: &[("lr", None)], make: |v| Optimizer::Descent { rate: v[0] } },
    Form {
        name: "momentum",
        arguments: &[("lr", None), ("beta", Some(0.9))],
        make: |v| Optimizer::Momentum { rate: v[0], beta: v[1] },
    },
    Form {
        name: "adam",
        arguments: &[("lr", Some(1e-3)), ("beta1", Some(0.9)), ("beta2", Some(0.999)), ("eps", Some(1e-8))],
        make: |v| Optimizer::Adam { rate: v[0], beta1: v[1], beta2: v[2], epsilon: v[3] },
    },
];

/// Optimisers of the language that this version does not have.
const LATER: &[&str] =
    &["nesterov", "adagrad", "adadelta", "rmsprop", "adamw", "lbfgs", "levenberg_marquardt", "newton"];

/// Schedules of the language that this version does not have.
const SCHEDULES: &[&str] = &["cosine", "step", "exponential", "linear", "warmup", "piecewise"];

/// `adam(lr = 1e-3)` and its like.
pub(super) fn optimizer(scope: &Scope, value: &Value) -> Result<Optimizer, Box<Diagnostic>> {
    let (name, at, arguments): (_, _, &[CallArgument]) = match &value.expr.kind {
        ExprKind::Call { function, arguments } => (name_of(function), function.span, arguments),
        ExprKind::Name(name) => (Some(name.as_str()), value.span(), &[]),
        _ => (None, value.span(), &[]),
    };
    let Some(name) = name else { return Err(Box::new(error::not_an_optimizer(value.span()))) };
    if LATER.contains(&name) {
        return Err(Box::new(error::not_available(at, "optimiser", name)));
    }
    let Some(form) = FORMS.iter().find(|f| f.name == name) else {
        let known: Vec<&str> = FORMS.iter().map(|f| f.name).collect();
        return Err(Box::new(error::unknown_optimizer(at, name, &known)));
    };
    if arguments.is_empty() && !matches!(value.expr.kind, ExprKind::Call { .. }) {
        return Err(Box::new(error::not_an_optimizer(at)));
    }
    let known: Vec<&str> = form.arguments.iter().map(|a| a.0).collect();
    let mut given: Vec<Option<f64>> = vec![None; known.len()];
    for (i, argument) in arguments.iter().enumerate() {
        let ArgumentValue::Expr(expr) = &argument.value else {
            return Err(Box::new(error::bad_value(value.span(), name, "called with numbers", "a range")));
        };
        let place = match &argument.name {
            Some(key) => known
                .iter()
                .position(|k| *k == key.text)
                .ok_or_else(|| Box::new(error::unknown_argument(key.span, name, &key.text, &known)))?,
            None if i < known.len() => i,
            None => return Err(Box::new(error::too_many_arguments(expr.span, name, &known))),
        };
        let key = known[place];
        if given[place].is_some() {
            return Err(Box::new(error::argument_twice(expr.span, name, key)));
        }
        given[place] = Some(constant(scope, expr, key)?);
    }
    let mut constants = vec![];
    for ((_, default), given) in form.arguments.iter().zip(given) {
        constants.push(given.or(*default).ok_or_else(|| Box::new(error::rate_missing(value.span(), name)))?);
    }
    Ok((form.make)(&constants))
}

/// One constant of an optimiser, in its range.
fn constant(scope: &Scope, expr: &Expr, key: &str) -> Result<f64, Box<Diagnostic>> {
    if let ExprKind::Call { function, .. } = &expr.kind
        && let Some(schedule) = name_of(function).filter(|f| SCHEDULES.contains(f))
    {
        return Err(Box::new(error::not_available(expr.span, "schedule", schedule)));
    }
    let number = scope.number(expr);
    let (good, expected) = match key {
        "lr" => (number.is_some_and(|v| v > 0.0 && v.is_finite()), "a number above 0"),
        "eps" => (number.is_some_and(|v| v >= 0.0 && v.is_finite()), "a number, 0 or more"),
        _ => (number.is_some_and(|v| (0.0..1.0).contains(&v)), "a number from 0 up to, without, 1"),
    };
    match number.filter(|_| good) {
        Some(number) => Ok(number),
        None => Err(Box::new(error::bad_value(expr.span, key, expected, &shown(&Value { expr, number })))),
    }
}
