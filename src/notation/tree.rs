//! Small pieces of syntax tree, without places.

use crate::graph::{DimId, Extents, Poly};
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, BinaryOp, CallArgument, CompareOp, Expr, ExprKind, IndexItem, Name};

pub(super) fn span() -> Span {
    Span::default()
}

pub(super) fn ident(text: &str) -> Name {
    Name { text: text.to_string(), span: span() }
}

pub(super) fn expr(kind: ExprKind) -> Expr {
    Expr { kind, span: span() }
}

pub(super) fn name(text: &str) -> Expr {
    expr(ExprKind::Name(text.to_string()))
}

pub(super) fn number(value: f64) -> Expr {
    if value.is_infinite() {
        return if value > 0.0 { name("inf") } else { negate(name("inf")) };
    }
    let size = value.abs();
    let is_integer = size.fract() == 0.0 && size < 1e15;
    let literal = expr(ExprKind::Number { value: size, is_integer });
    if value < 0.0 { negate(literal) } else { literal }
}

/// `-x`; of a product or quotient the first factor is negated, which needs no brackets.
pub(super) fn negate(x: Expr) -> Expr {
    match x.kind {
        ExprKind::Binary { op: op @ (BinaryOp::Multiply | BinaryOp::Divide), op_span, left, right } => {
            let left = Box::new(negate(*left));
            Expr { kind: ExprKind::Binary { op, op_span, left, right }, span: x.span }
        }
        _ => expr(ExprKind::Negate(Box::new(x))),
    }
}

pub(super) fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary { op, op_span: span(), left: Box::new(left), right: Box::new(right) })
}

pub(super) fn compare(left: Expr, op: CompareOp, right: Expr) -> Expr {
    expr(ExprKind::Compare { first: Box::new(left), rest: vec![(op, span(), right)] })
}

pub(super) fn choose(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    expr(ExprKind::If { condition: Box::new(condition), then: Box::new(then), otherwise: Box::new(otherwise) })
}

/// The transpose of a matrix; that of a product is the product of the transposes, turned around.
pub(super) fn transpose(x: Expr) -> Expr {
    match x.kind {
        ExprKind::Transpose(inner) => *inner,
        ExprKind::Binary { op: BinaryOp::MatrixMultiply, left, right, .. } => {
            binary(BinaryOp::MatrixMultiply, transpose(*right), transpose(*left))
        }
        _ => expr(ExprKind::Transpose(Box::new(x))),
    }
}

/// As [`transpose`], of a matrix that numbers and sizes may multiply or divide.
pub(super) fn transpose_scaled(x: Expr, is_number: &dyn Fn(&Expr) -> bool) -> Expr {
    match x.kind {
        ExprKind::Binary { op: BinaryOp::Divide, left, right, .. } if is_number(&right) => {
            binary(BinaryOp::Divide, transpose_scaled(*left, is_number), *right)
        }
        ExprKind::Binary { op: BinaryOp::Multiply, left, right, .. } if is_number(&left) => {
            binary(BinaryOp::Multiply, *left, transpose_scaled(*right, is_number))
        }
        _ => transpose(x),
    }
}

pub(super) fn index(base: Expr, items: Vec<Expr>) -> Expr {
    let items = items.into_iter().map(IndexItem::Expr).collect();
    expr(ExprKind::Index { base: Box::new(base), items, filter: None })
}

pub(super) fn call(function: &str, arguments: Vec<Expr>) -> Expr {
    call_of(name(function), arguments)
}

pub(super) fn call_of(function: Expr, arguments: Vec<Expr>) -> Expr {
    let arguments = arguments.into_iter().map(|x| CallArgument { name: None, value: ArgumentValue::Expr(x) }).collect();
    expr(ExprKind::Call { function: Box::new(function), arguments })
}

pub(super) fn call_with(function: &str, arguments: Vec<CallArgument>) -> Expr {
    expr(ExprKind::Call { function: Box::new(name(function)), arguments })
}

pub(super) fn positional(x: Expr) -> CallArgument {
    CallArgument { name: None, value: ArgumentValue::Expr(x) }
}

pub(super) fn named_argument(key: &str, value: Expr) -> CallArgument {
    CallArgument { name: Some(ident(key)), value: ArgumentValue::Expr(value) }
}

/// `a - b + c` from signed terms, positive ones first.
pub(super) fn signed_sum(mut terms: Vec<(bool, Expr)>) -> Expr {
    // A stable sort: false (positive) before true (negative).
    terms.sort_by_key(|t| t.0);
    let mut out: Option<Expr> = None;
    for (negative, term) in terms {
        out = Some(match (out, negative) {
            (None, false) => term,
            (None, true) => negate(term),
            (Some(sum), false) => binary(BinaryOp::Add, sum, term),
            (Some(sum), true) => binary(BinaryOp::Subtract, sum, term),
        });
    }
    out.unwrap_or_else(|| number(0.0))
}

/// Products from the left; a quotient among the factors takes the others into its numerator: `2 * x / N`.
pub(super) fn product(factors: Vec<Expr>) -> Option<Expr> {
    factors.into_iter().reduce(multiply)
}

fn multiply(a: Expr, b: Expr) -> Expr {
    match b.kind {
        ExprKind::Binary { op: BinaryOp::Divide, left, right, .. } => {
            binary(BinaryOp::Divide, multiply(a, *left), *right)
        }
        ExprKind::Binary { op: BinaryOp::Multiply, left, right, .. } => {
            binary(BinaryOp::Multiply, multiply(a, *left), *right)
        }
        _ => binary(BinaryOp::Multiply, a, b),
    }
}

/// A dim by its name; the number of blocks of a length, which has none, as its formula.
fn dim(extents: &Extents, id: DimId) -> Expr {
    let dim = extents.dim(id);
    match (&dim.blocks, dim.value) {
        (None, _) => name(&dim.name),
        (Some(_), Some(value)) => number(value as f64),
        (Some((length, by)), None) => {
            let rounded = size(extents, &length.add(&Poly::constant(by - 1)));
            call("div", vec![rounded, number(*by as f64)])
        }
    }
}

/// A size in the language: `N`, `4 * G`, `D - 2`.
pub(super) fn size(extents: &Extents, poly: &Poly) -> Expr {
    let mut terms = vec![];
    for (dims, k) in poly.terms() {
        let mut factors: Vec<Expr> = vec![];
        if k.abs() != 1 || dims.is_empty() {
            factors.push(number(k.abs() as f64));
        }
        factors.extend(dims.iter().map(|d| dim(extents, *d)));
        terms.push((*k < 0, product(factors).unwrap_or_else(|| number(1.0))));
    }
    // Dims first, the constant last.
    terms.reverse();
    signed_sum(terms)
}
