//! Numbers and texts in a `data` block that need no data: literals, arithmetic, `pi` and dims of known size.
//!
//! Reads expressions and dims. Must not know settings or columns.

use crate::syntax::ast::{ArgumentValue, BinaryOp, Expr, ExprKind};

/// The dims of a model by name; the open ones without a size.
pub(super) type Dims<'a> = &'a [(&'a str, Option<usize>)];

/// The number an expression stands for, if it is one.
pub(super) fn number(expr: &Expr, dims: Dims) -> Option<f64> {
    match &expr.kind {
        ExprKind::Number { value, .. } => Some(*value),
        ExprKind::Negate(inner) => Some(-number(inner, dims)?),
        ExprKind::Name(name) if name == "pi" => Some(std::f64::consts::PI),
        ExprKind::Name(name) => dims.iter().find(|(dim, _)| dim == name)?.1.map(|size| size as f64),
        ExprKind::Binary { op, left, right, .. } => apply(*op, number(left, dims)?, number(right, dims)?),
        _ => None,
    }
}

/// The value of an arithmetic operator; none for the others.
pub(super) fn apply(op: BinaryOp, a: f64, b: f64) -> Option<f64> {
    match op {
        BinaryOp::Add => Some(a + b),
        BinaryOp::Subtract => Some(a - b),
        BinaryOp::Multiply => Some(a * b),
        BinaryOp::Divide => Some(a / b),
        // libm, because it gives the same bits everywhere.
        BinaryOp::Power => Some(libm::pow(a, b)),
        BinaryOp::MatrixMultiply | BinaryOp::And | BinaryOp::Or => None,
    }
}

/// The number as a count: whole, not negative, and small enough to be exact.
pub(super) fn count(expr: &Expr, dims: Dims) -> Option<usize> {
    let number = number(expr, dims)?;
    let is_count = number.fract() == 0.0 && (0.0..=u32::MAX as f64).contains(&number);
    is_count.then_some(number as usize)
}

/// The text of `"…"`.
pub(super) fn text(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Text(text) => Some(text),
        _ => None,
    }
}

/// The name, if the expression is just one.
pub(super) fn name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

/// What an expression is, for a message.
pub(super) fn described(value: &ArgumentValue, dims: Dims) -> String {
    let expr = match value {
        ArgumentValue::Range(_) => return "a range".into(),
        ArgumentValue::Expr(expr) => expr,
    };
    match (&expr.kind, number(expr, dims)) {
        (_, Some(number)) => format!("{number}"),
        (ExprKind::Bool(truth), _) => truth.to_string(),
        (ExprKind::Name(name), _) => format!("the name `{name}`"),
        (ExprKind::Text(text), _) => format!("the text \"{text}\""),
        (ExprKind::Array(_), _) => "a list".into(),
        (ExprKind::Call { .. }, _) => "a call".into(),
        _ => "something else".into(),
    }
}
