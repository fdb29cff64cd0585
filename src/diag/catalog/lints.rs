//! W1: lints, which are warnings. See [the catalog](super) for how to add one.

use super::{CodeEntry, shown};
use crate::diag::{Diagnostic, Label, Severity};
use crate::span::Span;

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "W1051",
        title: "a constant column is scaled",
        explanation: "`standardize` divides by the standard deviation of the training rows and `minmax` by their range. A\n\
            column that is the same in all of them has neither. nnc makes it 0 in every row instead of 0 / 0, so it does no\n\
            harm, but it tells the model nothing: leave it out, or look whether the file is what it should be.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"constant.csv\", x = standardize(column(0)) }\n",
        fixed: None,
    },
    CodeEntry {
        code: "W1052",
        title: "a header of numbers",
        explanation: "The first line of a data file is taken for the names of its columns, and here all names are numbers.\n\
            Perhaps the file has no header, and its first row is lost: then write `header = false` and choose columns by\n\
            number.",
        example: "dim N\ninput x: [N]\noutput x\ndata { file = \"numbers.csv\", x = column(0) }\n",
        fixed: None,
    },
    CodeEntry {
        code: "W1053",
        title: "no row has label 0",
        explanation: "Labels count from 0. When a model leaves the number of classes open, nnc takes the largest label plus\n\
            one, so labels 1 to 10 make 11 classes, the first of which never occurs. If the labels of the file begin at\n\
            1, move them: `column(\"label\") - 1`.",
        example: "dim N, C\ntarget y: index(C)[N]\noutput y\ndata { file = \"from_one.csv\", y = column(0) }\n",
        fixed: None,
    },
];

/// `standardize` or `minmax` of columns that are constant in the training rows, out of `all`.
pub fn constant_columns(at: Span, function: &str, columns: &[String], all: usize) -> Diagnostic {
    let mut names: Vec<String> = columns.iter().take(5).map(|name| format!("`{}`", shown(name))).collect();
    if columns.len() > names.len() {
        names.push("…".into());
    }
    let message = match columns {
        [_] => format!("column {} is constant in the training rows, so `{function}` makes it 0", names.join("")),
        _ => format!(
            "{} of {all} columns are constant in the training rows, so `{function}` makes them 0: {}",
            columns.len(),
            names.join(", ")
        ),
    };
    Diagnostic::new("W1051", message, at, "")
}

/// Labels of which none is 0, for a port that takes the number of classes from them.
pub fn no_label_zero(at: Span, port: &str) -> Diagnostic {
    Diagnostic::new("W1053", format!("no row of `{}` has label 0", shown(port)), at, "labels count from 0")
        .help("if the labels of the file begin at 1, subtract 1")
}

/// A first line that looks like data; without a place if the caller gave the file.
pub fn header_of_numbers(at: Option<Span>, file: &str) -> Diagnostic {
    let labels = at.map(|span| Label { span, text: String::new() }).into_iter().collect();
    Diagnostic {
        code: "W1052",
        severity: Severity::Warning,
        message: format!("the first line of {file} looks like data, but it is taken for the names of columns"),
        labels,
        notes: vec![],
        help: Some("if the file has no header, write `header = false`".into()),
        suggestion: None,
    }
}
