//! E01: syntax. See [the catalog](super) for how to add one.

use super::{CodeEntry, shown};
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[];

/// `(` without its partner; `found` is where its absence was noticed.
pub fn unclosed_bracket(opened: Span, bracket: char, found: Span) -> Diagnostic {
    Diagnostic::new("E0108", format!("unclosed `{bracket}`"), opened, format!("unclosed `{bracket}` opened here"))
        .label(found, format!("`{}` is missing before this", partner(bracket)))
}

/// `(` closed by `]`.
pub fn mismatched_bracket(opened: Span, bracket: char, closed: Span, closing: char) -> Diagnostic {
    Diagnostic::new(
        "E0108",
        format!("`{bracket}` is closed by `{closing}`"),
        closed,
        format!("expected `{}`", partner(bracket)),
    )
    .label(opened, format!("`{bracket}` opened here"))
}

/// `)` without a `(`.
pub fn unexpected_bracket(at: Span, bracket: char) -> Diagnostic {
    Diagnostic::new("E0109", format!("`{bracket}` closes nothing"), at, "no bracket is open here")
}

/// More than `limit` brackets, `if` or `=>` within each other.
pub fn nested_too_deeply(at: Span, limit: usize) -> Diagnostic {
    Diagnostic::new("E0110", format!("nested more than {limit} deep"), at, format!("level {} starts here", limit + 1))
        .help("give parts of it names with `let`")
}

/// A tree deeper than `limit`, such as a sum of very many terms.
pub fn too_many_operations(at: Span, limit: usize) -> Diagnostic {
    Diagnostic::new("E0110", format!("more than {limit} operations within each other"), at, "too long a chain")
        .help("give parts of it names with `let`, or write a sum over an index")
}

/// A text without closing quote on its line.
pub fn unterminated_text(at: Span) -> Diagnostic {
    Diagnostic::new("E0112", "this text has no closing `\"` on its line", at, "starts here")
}

/// A control character, and `others` more in the same file.
pub fn control_character(at: Span, c: char, others: usize) -> Diagnostic {
    let problem =
        Diagnostic::new("E0113", format!("control character U+{:04X}", c as u32), at, "not allowed in a `.nn` file");
    if others == 0 { problem } else { problem.note(format!("the file has {others} more control characters")) }
}

/// Something else stands where the grammar wants another thing.
pub fn unexpected(at: Span, found: &str) -> Diagnostic {
    Diagnostic::new("E0115", format!("unexpected `{}`", shown(found)), at, "")
}

/// A number too large or too small for f64.
pub fn number_out_of_range(at: Span, text: &str) -> Diagnostic {
    Diagnostic::new("E0111", format!("`{}` is out of the range of numbers", shown(text)), at, "")
}

/// `2.` or `2.x`
pub fn malformed_number(at: Span, text: &str) -> Diagnostic {
    Diagnostic::new("E0111", format!("`{}` is not a number", shown(text)), at, "")
}

/// `"\q"`
pub fn unknown_escape(at: Span, escape: char) -> Diagnostic {
    Diagnostic::new("E0112", format!("unknown escape `\\{escape}` in a text"), at, "")
}

/// `a @ -b`, `a == not b`, `a + if c then 1 else 0`: an operand that reaches further than its operator lets it.
pub fn needs_brackets(at: Span, what: &str, operator: Span, after: &str) -> Diagnostic {
    Diagnostic::new("E0119", format!("`{what}` after `{after}` needs brackets"), at, "").label(operator, "")
}

/// `precision f16`
pub fn unknown_precision(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0115", format!("`{}` is not a precision", shown(name)), at, "").help("write `f32` or `f64`")
}

/// A text outside `data`, `train` and `load(…)`.
pub fn text_out_of_place(at: Span) -> Diagnostic {
    Diagnostic::new("E0117", "a text cannot stand here", at, "")
        .help("texts are arguments in `data`, `train` and `load(…)`")
}

/// `f(0..3)` outside `data`.
pub fn range_out_of_place(at: Span) -> Diagnostic {
    Diagnostic::new("E0122", "a range cannot stand here", at, "")
}

/// `f(a = 1, 2)`
pub fn positional_after_named(at: Span, named: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0120", "named arguments come last", at, "this argument has no name")
        .label(named, format!("`{}` is named", shown(name)))
}

fn partner(bracket: char) -> char {
    match bracket {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}
