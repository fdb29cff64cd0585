//! E035: constraints of params. See [the catalog](super) for how to add one.

use super::{CodeEntry, shown};
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this part of E03.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0350",
        title: "A constraint that cannot stand here",
        explanation: r#"`positive`, `simplex[K]`, `ordered[K]`, `unit[K]`, `cholesky[D, D]` and `in (a, b)` say which values a param may take
while it is fitted. Inputs and targets are what the data say, and a `let` or an argument is what was computed, so they have
no constraint. A param has one constraint."#,
        example: r#"dim N
input x: positive[N]
output y = sum(x)
"#,
        fixed: Some(
            r#"dim N
input x: [N]
output y = sum(x)
"#,
        ),
    },
    CodeEntry {
        code: "E0351",
        title: "A constraint that does not fit the shape",
        explanation: r#"`simplex`, `ordered` and `unit` speak of the last axis, so the param has one at least; a simplex has two or more
elements, because one alone could only be 1. `cholesky` is a triangle: its last two axes are equal, and the axes before
them count the triangles."#,
        example: r#"dim D = 3, K = 2
param L: cholesky[D, K]
output y = sum(L)
"#,
        fixed: Some(
            r#"dim D = 3
param L: cholesky[D, D]
output y = sum(L)
"#,
        ),
    },
    CodeEntry {
        code: "E0352",
        title: "Bounds that are no interval",
        explanation: r#"`in (a, b)` is an open interval: a is below b, and one of them may be infinite. Bounds may be made of consts, dims and
other params, as in `param β in (0, 1 - α)`, but not of data: a param does not change from row to row. Each bound is one
number or has the shape of the end of the param's shape."#,
        example: r#"param a in (1, 0)
output y = a
"#,
        fixed: Some(
            r#"param a in (0, 1)
output y = a
"#,
        ),
    },
    CodeEntry {
        code: "E0353",
        title: "A start outside of the constraint",
        explanation: r#"The start of a constrained param is given as the constrained value, the one that reports and files show, and must lie
strictly inside. Without a start a positive param is 1, an interval begins in its middle, a simplex with equal parts, an
ordered param from -1 to 1 in equal steps, and a Cholesky factor as the identity. A random start must stay inside: `uniform`
for intervals, any for `unit`, which is scaled to length 1."#,
        example: r#"param k: positive = -1
output y = k
"#,
        fixed: Some(
            r#"param k: positive = 1
output y = k
"#,
        ),
    },
];

/// A constraint of an input, target or state.
pub fn only_params(at: Span, constraint: &str, name: &str) -> Diagnostic {
    let message = format!("`{}` is not fitted, so it cannot be constrained", shown(name));
    Diagnostic::new("E0350", message, at, format!("{} is for params", shown(constraint)))
        .help("data are what the file says; check them where they are made")
}

/// `let h: positive[N] = …`
pub fn no_port(at: Span, constraint: &str) -> Diagnostic {
    Diagnostic::new("E0350", format!("`{}` is a constraint, and only params have one", shown(constraint)), at, "")
        .help("leave it away: the shape alone says that the values are real")
}

/// `param a: positive in (0, 1)`
pub fn two_constraints(at: Span, kind: &str, kind_at: Span) -> Diagnostic {
    Diagnostic::new("E0350", "a param has one constraint", at, "the second one")
        .label(kind_at, format!("`{}` is the first one", shown(kind)))
        .help("an interval says both: `in (0, 1)`")
}

/// `param L: cholesky[D, K]`
pub fn not_square(at: Span, shape: &str) -> Diagnostic {
    Diagnostic::new("E0351", "the last two axes of a `cholesky` must be equal", at, format!("the shape is {shape}"))
        .help("write `cholesky[D, D]`, or `cholesky[K, D, D]` for K of them")
}

/// `param w: simplex`
pub fn needs_axis(at: Span, kind: &str) -> Diagnostic {
    let kind = shown(kind);
    Diagnostic::new("E0351", format!("`{kind}` needs an axis"), at, "this is one number")
        .help(format!("write its size: `{kind}[K]`"))
}

/// `param w: simplex[1]`
pub fn simplex_of_one(at: Span, shape: &str) -> Diagnostic {
    Diagnostic::new("E0351", "a simplex needs two or more elements", at, format!("the shape is {shape}"))
        .help("one element alone is always 1")
}

/// `in (1, 0)`
pub fn empty_interval(at: Span, low: f64, high: f64) -> Diagnostic {
    Diagnostic::new("E0352", format!("there is nothing between {low} and {high}"), at, "")
        .help("the lower bound comes first: `in (0, 1)`")
}

/// `in (-inf, inf)`
pub fn endless_interval(at: Span) -> Diagnostic {
    Diagnostic::new("E0352", "these bounds allow everything", at, "").help("leave the interval away")
}

/// A bound made of inputs.
pub fn bound_reads_data(at: Span) -> Diagnostic {
    Diagnostic::new("E0352", "a bound may read consts, dims and params only", at, "reads data")
        .help("a param does not change from row to row, so its bounds cannot")
}

/// A bound of another shape.
pub fn bound_shape(at: Span, given: &str, declared: &str) -> Diagnostic {
    Diagnostic::new("E0352", format!("a bound of shape {given} does not fit a param of shape {declared}"), at, "")
        .help("a bound is one number, or has the last axes of the param")
}

/// A start that the constraint does not allow.
pub fn start_outside(at: Span, name: &str, start: &str, rule: &str) -> Diagnostic {
    let message = format!("`{}` must be {rule}, but it starts as {}", shown(name), shown(start));
    Diagnostic::new("E0353", message, at, "").help("the start is the constrained value, strictly inside")
}

/// A random start that may lie outside.
pub fn random_start(at: Span, name: &str) -> Diagnostic {
    let message = format!("this random start of `{}` may break its constraint", shown(name));
    Diagnostic::new("E0353", message, at, "")
        .help("use `uniform(low, high)` inside of an interval, give numbers, or leave the start away")
}
