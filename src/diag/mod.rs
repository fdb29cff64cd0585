//! Diagnostics: what is wrong with a model, as values. Every user-facing sentence is built in [`catalog`].
//!
//! Reads spans. Must not know how a diagnostic is found, nor print anything.

pub mod catalog;
pub mod json;
pub mod render;

use crate::span::Span;

/// How serious a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A lint: the model runs.
    Warning,
    /// The model does not run.
    Error,
}

/// An underlined place with a few words; the first label of a diagnostic is its main place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What is underlined.
    pub span: Span,
    /// What to say about it; may be empty.
    pub text: String,
}

/// A textual change that would mend the problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The text to replace.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

/// One problem: a code, a sentence, underlined places, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `E0301`; `nnc explain` has a page for each.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// Underlined places; the first is the main one. Empty only for whole-file problems.
    pub labels: Vec<Label>,
    /// Facts that do not belong to a place.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
    /// A machine-applicable form of the help.
    pub suggestion: Option<Suggestion>,
}

impl Diagnostic {
    /// A diagnostic with a main place.
    pub fn new(code: &'static str, message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
        let severity = if code.starts_with('W') { Severity::Warning } else { Severity::Error };
        Diagnostic {
            code,
            severity,
            message: bounded(message.into()),
            labels: vec![Label { span, text: bounded(label.into()) }],
            notes: vec![],
            help: None,
            suggestion: None,
        }
    }

    /// Adds another underlined place.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: bounded(text.into()) });
        self
    }

    /// Adds a note.
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(bounded(text.into()));
        self
    }

    /// Sets the help line.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(bounded(text.into()));
        self
    }

    /// Sets a machine-applicable change.
    pub fn suggest(mut self, span: Span, replacement: impl Into<String>) -> Diagnostic {
        self.suggestion = Some(Suggestion { span, replacement: replacement.into() });
        self
    }

    /// True for errors.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Characters of a sentence: shapes and lists of names may be longer.
const LONGEST_SENTENCE: usize = 800;

/// A sentence, cut if it is too long to be read.
fn bounded(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_SENTENCE) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Diagnostics with the sources they point into: what a failed compilation returns.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The sources that spans refer to.
    pub sources: crate::span::SourceMap,
    /// In the order found.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// True if any diagnostic is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// The full text of [`render::full`], without colour.
impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(render::full(self, false).trim_end())
    }
}

impl std::error::Error for Report {}
