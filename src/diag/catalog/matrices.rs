//! E034: matrices. See [the catalog](super) for how to add one.

use super::CodeEntry;
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this part of E03.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0340",
        title: "A matrix that is not square",
        explanation: r#"`cholesky`, `inv`, `det`, `logdet`, `solve`, `solve_lower` and `solve_upper` need a matrix whose last two axes have the same
size. Axes before them tell apart several matrices."#,
        example: r#"dim N, D
input A: [N, D]
output d = det(A)
"#,
        fixed: Some(
            r#"dim D
input A: [D, D]
output d = det(A)
"#,
        ),
    },
    CodeEntry {
        code: "E0341",
        title: "A right side that does not fit its matrix",
        explanation: r#"In `solve(A, b)` and its kind with `A` of shape [D, D], `b` is a vector [D] or a matrix [D, K] of several right sides. Axes
before the last two of `A` are also those before the axes of `b`. To solve for every row of `x` of shape [N, D], write
`[n] => solve(A, x[n])`."#,
        example: r#"dim N, D = 3
input A: [D, D]
input x: [N, D]
output z = solve(A, x)
"#,
        fixed: Some(
            r#"dim N, D = 3
input A: [D, D]
input x: [N, D]
output z[n] = solve(A, x[n])
"#,
        ),
    },
];

/// `det(x)` of a matrix that is not square
pub fn not_square(at: Span, name: &str, shape: &str) -> Diagnostic {
    Diagnostic::new("E0340", format!("`{name}` needs a square matrix, this is {shape}"), at, shape)
        .help("the last two axes must have the same dim")
}

/// `solve(A, b)` with a right side that does not fit
pub fn right_side(at: Span, name: &str, given: &str, matrix: (&str, Span)) -> Diagnostic {
    let (shape, from) = matrix;
    Diagnostic::new("E0341", format!("`{name}` of a matrix {shape} cannot take a right side {given}"), at, given)
        .label(from, shape)
        .help("a right side is a vector of the size of the matrix, or a matrix whose first axis has it; for rows write `[n] => … x[n] …`")
}
