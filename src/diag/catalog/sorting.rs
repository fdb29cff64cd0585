//! E039: elements in the order of their values. See [the catalog](super) for how to add one.

use super::CodeEntry;
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this part of E03.
pub const ENTRIES: &[CodeEntry] = &[CodeEntry {
    code: "E0390",
    title: "More of the largest elements than there are",
    explanation: r#"`top_k(x, k)` gives the k largest elements of an axis, so k is at least 0 and at most the size of that axis: the last one, or
the one that `axis =` names. Where sizes are open, this is checked when they are bound."#,
    example: r#"dim N, C = 4
input p: [N, C]
let (best, places) = top_k(p, 5)
output best
"#,
    fixed: Some(
        r#"dim N, C = 4
input p: [N, C]
let (best, places) = top_k(p, 3)
output best
"#,
    ),
}];

/// `top_k(x, 5)` of an axis of 4
pub fn too_many(at: Span, count: &str, size: &str, from: Span) -> Diagnostic {
    Diagnostic::new("E0390", format!("`top_k` cannot give {count} of {size} elements"), at, count)
        .label(from, format!("the axis has size {size}"))
        .help(format!("`k` is a number from 0 to {size}; `axis =` chooses another axis"))
}
