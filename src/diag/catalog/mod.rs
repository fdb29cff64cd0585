//! Every problem nnc can report: its code, its wording, its explanation and an example that fails with it.
//!
//! Reads spans and the [`Diagnostic`](super::Diagnostic) type. Must not know how a problem is found.
//!
//! # How to add one
//! 1. Choose the next free number of the family and append a [`CodeEntry`] to `ENTRIES` of its file: `syntax` (E01),
//!    `names` (E02), `shapes` (E03), `derivatives` (E04), `data` (E05), `training` (E06), `lints` (W1).
//! 2. Add a small constructor function beside it that builds the sentence from plain arguments (names, shapes as text,
//!    spans): `pub fn unknown_dim(span: Span, name: &str) -> Diagnostic`. No other module writes a sentence for users.
//!    Names come from the user and may be very long: put them through [`shown`].
//! 3. Add a failing model `tests/files/errors/NAME.nn` with `//~ CODE` at the end of the line concerned, and run
//!    `NNC_BLESS=1 cargo test --test errors` to write `NAME.out` and `docs/errors.md`; read what they say.
//!
//! Wording: the message is one sentence, lower case, without a full stop, and says what is wrong in the user's words.
//! A label says what stands at its place. The help says what to write instead.

pub mod constraints;
pub mod data;
pub mod derivatives;
pub mod groups;
pub mod layers;
pub mod lints;
pub mod loops;
pub mod matrices;
pub mod names;
pub mod shapes;
pub mod sorting;
pub mod states;
pub mod syntax;
pub mod training;

/// The page of one code.
#[derive(Clone, Copy, Debug)]
pub struct CodeEntry {
    /// `E0301`; the first three characters name the family.
    pub code: &'static str,
    /// A few words, as a heading.
    pub title: &'static str,
    /// Markdown of 5 to 15 lines: what the rule is, why it is so, and how to write what was meant.
    pub explanation: &'static str,
    /// A whole model, as short as can be, that fails with this code. Empty if no short text can; then a fixture must.
    pub example: &'static str,
    /// The example mended, if there is one way to mend it.
    pub fixed: Option<&'static str>,
}

/// All codes, by family and number.
pub fn all() -> impl Iterator<Item = &'static CodeEntry> {
    [
        syntax::ENTRIES,
        syntax::FORMS,
        names::ENTRIES,
        layers::ENTRIES,
        shapes::ENTRIES,
        matrices::ENTRIES,
        constraints::ENTRIES,
        loops::ENTRIES,
        matrices::FACTORS,
        states::ENTRIES,
        groups::ENTRIES,
        sorting::ENTRIES,
        derivatives::ENTRIES,
        data::ENTRIES,
        training::ENTRIES,
        lints::ENTRIES,
    ]
    .into_iter()
    .flatten()
}

/// The page of `code`, such as `E0301`.
pub fn entry(code: &str) -> Option<&'static CodeEntry> {
    all().find(|entry| entry.code == code)
}

/// The pages of all codes as one markdown document, `docs/errors.md`.
pub fn reference() -> String {
    let mut text = String::from(
        "# Errors and lints\n\n\
         `nnc explain CODE` prints one of these pages. This file is generated from the catalog in `src/diag/catalog`.\n",
    );
    let mut family = "";
    for entry in all() {
        let (code, start) = (entry.code, entry.code.get(..3).unwrap_or(entry.code));
        if start != family {
            family = start;
            text.push_str(&format!("\n## {}\n", family_title(family)));
        }
        text.push_str(&format!("\n### {code}: {}\n\n{}\n", entry.title, entry.explanation.trim()));
        if !entry.example.is_empty() {
            text.push_str(&format!("\n```nn fails({code})\n{}\n```\n", entry.example.trim_end()));
        }
        if let Some(fixed) = entry.fixed {
            text.push_str(&format!("\nMended:\n\n```nn\n{}\n```\n", fixed.trim_end()));
        }
    }
    text
}

fn family_title(family: &str) -> &'static str {
    match family {
        "E01" => "E01: syntax",
        "E02" => "E02: names",
        "E03" => "E03: shapes and types",
        "E04" => "E04: derivatives",
        "E05" => "E05: data and files",
        "E06" => "E06: training",
        _ => "W1: lints",
    }
}

/// Characters of a name or piece of source that a sentence shows.
const LONGEST: usize = 60;

/// A name or piece of source as a sentence shows it: in one line, and cut to 60 characters.
pub fn shown(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.chars().take(LONGEST).map(clean).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

/// The candidate that the user probably meant by `name`, if any is close: at most a third of its letters away, counting
/// a swap of neighbours as one. Case counts between equally close ones, then the first is taken. `None` for names of more than 60 letters, because the
/// time grows with the product of the lengths.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.chars().nth(LONGEST).is_some() {
        return None;
    }
    let limit = name.chars().count().max(3) / 3;
    let distance = |candidate: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
    candidates
        .into_iter()
        .map(|c| (distance(c), c))
        .filter(|(d, _)| *d <= limit)
        .min_by_key(|(d, c)| (*d, strsim::damerau_levenshtein(name, c)))
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn nearest_finds_typing_errors_only() {
        let names = ["epochs", "batch", "optimizer"];
        assert_eq!(nearest("epcohs", names), Some("epochs"));
        assert_eq!(nearest("optimiser", names), Some("optimizer"));
        assert_eq!(nearest("Batch", names), Some("batch"));
        assert_eq!(nearest("dnese", ["Dense", "dense"]), Some("dense"));
        assert_eq!(nearest("Dnese", ["dense", "Dense"]), Some("Dense"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("x", ["y"]), Some("y"));
        assert_eq!(nearest("lr", []), None);
    }
}
