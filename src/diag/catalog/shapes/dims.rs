//! Sizes and arithmetic of dims.

use super::super::shown;
use crate::diag::Diagnostic;
use crate::span::Span;

/// A dim of size 0 or less.
pub fn empty_dim(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0319", format!("dim `{}` must be at least 1", shown(name)), at, "")
}

/// A size below 0.
pub fn negative_size(at: Span, size: &str) -> Diagnostic {
    Diagnostic::new("E0319", format!("a size cannot be negative or empty here: {}", shown(size)), at, "")
}

/// `[2.5]`
pub fn not_whole(at: Span, value: f64) -> Diagnostic {
    Diagnostic::new("E0319", format!("a size is a whole number, not {value}"), at, "")
}

/// More elements than can be counted.
pub fn too_large(at: Span) -> Diagnostic {
    Diagnostic::new("E0319", "this is too large: sizes and numbers of elements go up to 2^53", at, "")
}

/// Something else where a size should stand.
pub fn not_a_size(at: Span) -> Diagnostic {
    Diagnostic::new("E0320", "a size must be known at compile time", at, "not a size")
        .help("sizes are made of numbers and dims with `+ - * /`, `div(D, 2)` and `size(x, axis = 0)`")
}

/// A name of something else where a size should stand.
pub fn name_is_no_size(at: Span, name: &str, declared: Option<(Span, &str)>) -> Diagnostic {
    let name = shown(name);
    let problem =
        Diagnostic::new("E0320", format!("`{name}` is not a size"), at, "a size must be known at compile time");
    match declared {
        Some((span, noun)) => problem.label(span, format!("{noun} `{name}`")).help("sizes are declared with `dim`"),
        None => problem.help("sizes are declared with `dim`"),
    }
}

/// `zeros` of a shape where one size is wanted.
pub fn one_size(at: Span, function: &str) -> Diagnostic {
    Diagnostic::new("E0320", format!("`{function}` takes one size"), at, "")
        .help(format!("for example `{function}(4)`"))
}

/// `D / 3` with D = 64
pub fn inexact_division(at: Span, a: &str, b: &str, size_a: i64, size_b: i64) -> Diagnostic {
    let (a, b) = (shown(a), shown(b));
    let said = |name: &str, size: i64| {
        if name == size.to_string() { name.to_string() } else { format!("{name} = {size}") }
    };
    let message = format!("{} cannot be divided by {}", said(&a, size_a), said(&b, size_b));
    Diagnostic::new("E0321", message, at, "must be exact").help(format!("`div({a}, {b})` rounds down"))
}

/// `K = D / A` with an open D
pub fn open_division(at: Span, name: &str, a: &str, b: &str) -> Diagnostic {
    let (name, a, b) = (shown(name), shown(a), shown(b));
    Diagnostic::new("E0321", format!("`{a} / {b}` is not known to be whole"), at, "an open dim").help(
        if b.parse::<i64>().is_ok() {
            format!("declare the part instead: `dim {name}, {a} = {b} * {name}`")
        } else {
            format!("declare the parts instead: `dim {name}, {b}, {a} = {name} * {b}`")
        },
    )
}

/// `div(i, 0)`
pub fn division_by_zero_size(at: Span) -> Diagnostic {
    Diagnostic::new("E0321", "division by a size of 0", at, "")
}

/// A size that open dims make negative.
pub fn size_too_small(at: Span, what: &str, size: &str) -> Diagnostic {
    Diagnostic::new("E0322", format!("with these sizes {what} does not fit"), at, format!("needs {} >= 0", shown(size)))
        .help("give the open dims larger sizes, or read fewer elements")
}
