//! E034, and E036 from 4: matrices. See [the catalog](super) for how to add one.

use super::CodeEntry;
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this part of E03.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0340",
        title: "A matrix that is not square",
        explanation: r#"`cholesky`, `inv`, `det`, `logdet`, `slogdet`, `adjugate`, `eigh`, `eigvalsh`, `expm`, `solve`, `solve_lower` and `solve_upper` need a
matrix whose last two axes have the same size. Axes before them tell apart several matrices."#,
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

/// The pages of factors and eigenvalues, whose numbers come later.
pub const FACTORS: &[CodeEntry] = &[
    CodeEntry {
        code: "E0364",
        title: "A vector where a matrix is needed",
        explanation: r#"`svdvals`, `orthonormal` and `right_vectors` need a matrix: an array with at least two axes. Axes before the last two tell apart
several matrices."#,
        example: r#"dim N
input x: [N]
output s = svdvals(x)
"#,
        fixed: Some(
            r#"dim N
input x: [N]
output s = svdvals(reshape(x, [N, 1]))
"#,
        ),
    },
    CodeEntry {
        code: "E0365",
        title: "A matrix with more columns than rows",
        explanation: r#"`qr`, `svd`, `svdvals`, `pinv` and `lstsq` take matrices with at least as many rows as columns. The transpose of a wide matrix has
the same singular values, and `pinv(A')'` is its pseudoinverse. Where a size is open, this is checked when it is known."#,
        example: r#"input A: [2, 3]
output s = svdvals(A)
"#,
        fixed: Some(
            r#"input A: [2, 3]
output s = svdvals(A')
"#,
        ),
    },
    CodeEntry {
        code: "E0366",
        title: "A direction that does not have the shape of its matrix",
        explanation: r#"`adjugate_derivative(A, E)` is how `adjugate(A)` changes when A moves along E, so E is a matrix of the shape of A. The derivative
of `adjugate` is printed with it; a `jvp(adjugate(A), A, E)` says the same."#,
        example: r#"dim N, M
input A: [N, N]
input E: [M, M]
output d = adjugate_derivative(A, E)
"#,
        fixed: Some(
            r#"dim N
input A: [N, N]
input E: [N, N]
output d = adjugate_derivative(A, E)
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

/// `qr(x)` of a vector
pub fn no_matrix(at: Span, name: &str, shape: &str) -> Diagnostic {
    Diagnostic::new("E0364", format!("`{name}` needs a matrix, this is {shape}"), at, shape)
        .help("`reshape(x, [N, 1])` makes a vector of N elements a matrix of one column")
}

/// `qr(A)` with more columns than rows
pub fn too_wide(at: Span, name: &str, shape: &str, from: Span) -> Diagnostic {
    let message = format!("`{name}` needs at least as many rows as columns, this is {shape}");
    Diagnostic::new("E0365", message, at, shape)
        .label(from, "fewer rows than columns")
        .help("transpose the matrix: `A'` has the same singular values")
}

/// `adjugate_derivative(A, E)` with matrices of two shapes
pub fn other_direction(at: Span, name: &str, given: &str, matrix: (&str, Span)) -> Diagnostic {
    let (shape, from) = matrix;
    Diagnostic::new("E0366", format!("`{name}` of a matrix {shape} cannot take a direction {given}"), at, given)
        .label(from, shape)
        .help("both must have the same shape")
}
