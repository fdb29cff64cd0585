//! Problems of functions that take arrays apart or make them larger.

use super::shown;
use crate::diag::Diagnostic;
use crate::span::Span;

/// `split(x, [2, 3])` of an axis of another size.
pub fn split_sizes(at: Span, size: &str, sum: &str) -> Diagnostic {
    let message = format!("an axis of size {} is split into parts of {} together", shown(size), shown(sum));
    Diagnostic::new("E0306", message, at, "")
        .help("the sizes of the parts add up to the size of the axis, whatever open dims are")
}

/// `split(x, n)` where the number of parts is not known, or not positive.
pub fn split_count(at: Span) -> Diagnostic {
    Diagnostic::new("E0306", "the number of parts must be a known size of at least 1", at, "")
        .help("`split(x, 4)` makes four equal parts, `split(x, [A, B])` parts of these sizes")
}

/// The value that `pad` writes has axes.
pub fn padding_has_axes(at: Span, shape: &str) -> Diagnostic {
    Diagnostic::new("E0306", format!("the value around an array is one number, this is {shape}"), at, "")
        .help("arrays are put one after the other by `concat`")
}

/// `unpack_lower` or `pack_lower` of something that is no triangle.
pub fn not_a_triangle(at: Span, name: &str, shape: &str) -> Diagnostic {
    Diagnostic::new("E0306", format!("`{name}` does not take {shape}"), at, "").help(
        "`pack_lower` takes n by n matrices and `unpack_lower` vectors of n (n + 1) / 2 elements, for a known n: 1, 3, 6, 10, …",
    )
}
