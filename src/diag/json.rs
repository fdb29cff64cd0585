//! Diagnostics as JSON, for editors and scripts.
//!
//! Reads a [`Report`]. Must not know what its codes mean.

use super::{Diagnostic, Report, Severity};
use crate::span::{SourceMap, Span};
use serde_json::{Value, json};

/// One object per diagnostic, in order, in an array:
/// `{code, severity, message, labels: [{file, start, end, text}], notes, help, suggestion: {file, start, end, replacement}}`.
///
/// `start` and `end` are `{line, column, byte}`: lines and columns (in characters) count from 1, bytes from 0, and `end`
/// is the place after the last character. `help` and `suggestion` may be null.
pub fn report(report: &Report) -> Value {
    report.diagnostics.iter().map(|problem| diagnostic(&report.sources, problem)).collect()
}

/// One object as in [`report`].
pub fn diagnostic(sources: &SourceMap, problem: &Diagnostic) -> Value {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let labels: Vec<Value> =
        problem.labels.iter().map(|label| with(place(sources, label.span), "text", &label.text)).collect();
    let suggestion = problem
        .suggestion
        .as_ref()
        .map(|suggestion| with(place(sources, suggestion.span), "replacement", &suggestion.replacement));
    json!({
        "code": problem.code,
        "severity": severity,
        "message": problem.message,
        "labels": labels,
        "notes": problem.notes,
        "help": problem.help,
        "suggestion": suggestion,
    })
}

fn with(mut object: Value, key: &str, text: &str) -> Value {
    object[key] = text.into();
    object
}

fn place(sources: &SourceMap, span: Span) -> Value {
    let file = sources.file(span.file);
    let point = |byte: u32| {
        let at = file.line_column(byte);
        json!({ "line": at.line, "column": at.column, "byte": byte })
    };
    json!({ "file": file.name, "start": point(span.start), "end": point(span.end) })
}
