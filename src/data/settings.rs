//! The settings of a `data` block: files, split, and how a file is read.
//!
//! Reads entries of blocks. Must not know ports' expressions or files' contents.

use super::columns::Selection;
use super::constant::{Dims, count, described, name, number, text};
use super::expression::{RowExpr, RowKind};
use super::source::Format;
use crate::diag::Diagnostic;
use crate::diag::catalog::data as error;
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, Entry, ExprKind};
use std::path::Path;

/// What to do about missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Missing {
    /// Stop and say where.
    #[default]
    Error,
    /// Leave the row out.
    Drop,
    /// Fill in the mean of the column's training rows. Labels are not filled.
    Mean,
}

/// How the bytes of a text file stand for characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// ISO 8859-1: each byte is the character of this number.
    Latin1,
}

/// A setting's value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Set<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// The settings of a `data` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The file, as written: relative to the model's folder.
    pub file: Option<Set<String>>,
    /// A file of validation rows.
    pub validation: Option<Set<String>>,
    /// A file of test rows.
    pub test: Option<Set<String>>,
    /// Shares of training, validation and test rows, which add up to 1.
    pub split: Option<Set<[f64; 3]>>,
    /// The label port whose classes should have equal shares of every part.
    pub stratify: Option<Set<String>>,
    /// A column: rows with the same text in it come into the same part.
    pub(super) group: Option<Set<Selection>>,
    /// Whether rows are split at random; otherwise in order.
    pub shuffle: bool,
    /// The rows of `file` to use: the first, and one past the last if that is stated.
    pub rows: Option<Set<(usize, Option<usize>)>>,
    /// Whether the first line names the columns.
    pub header: bool,
    /// What stands between cells, if not what the file's ending says.
    pub delimiter: Option<char>,
    /// What to do about missing values.
    pub missing: Missing,
    /// How texts and tables are written.
    pub encoding: Encoding,
}

impl Settings {
    /// Those of a block that sets nothing.
    pub(super) const NONE: Settings = Settings {
        file: None,
        validation: None,
        test: None,
        split: None,
        stratify: None,
        group: None,
        shuffle: true,
        rows: None,
        header: true,
        delimiter: None,
        missing: Missing::Error,
        encoding: Encoding::Utf8,
    };
}

impl Default for Settings {
    fn default() -> Settings {
        Settings::NONE
    }
}

/// Every setting that can be written.
pub(super) const NAMES: &[&str] = &[
    "file",
    "split",
    "validation",
    "test",
    "shuffle",
    "stratify",
    "group",
    "rows",
    "header",
    "delimiter",
    "missing",
    "encoding",
];

impl Settings {
    /// Takes over one entry whose key is a setting.
    pub(super) fn set(&mut self, entry: &Entry, dims: Dims) -> Result<(), Box<Diagnostic>> {
        let key = entry.key.text.as_str();
        let span = value_span(&entry.value);
        let wrong = |expected: &str| Box::new(error::bad_value(span, key, expected, &described(&entry.value, dims)));
        if key == "rows" {
            let expected = "a range such as `0..1000`, not empty";
            let ArgumentValue::Range(range) = &entry.value else { return Err(wrong(expected)) };
            let start = range.start.as_ref().map_or(Some(0), |e| count(e, dims)).ok_or_else(|| wrong(expected))?;
            let end = match &range.end {
                Some(end) => Some(count(end, dims).filter(|end| *end > start).ok_or_else(|| wrong(expected))?),
                None => None,
            };
            self.rows = Some(Set { value: (start, end), span });
            return Ok(());
        }
        let ArgumentValue::Expr(value) = &entry.value else { return Err(wrong("a single value")) };
        let truth = || match value.kind {
            ExprKind::Bool(truth) => Ok(truth),
            _ => Err(wrong("`true` or `false`")),
        };
        let file = || {
            let path = text(value).ok_or_else(|| wrong("the path of a file, as a text"))?;
            match Format::of(Path::new(path)) {
                Ok(_) => Ok(Some(Set { value: path.to_string(), span })),
                Err(ending) => Err(Box::new(error::format(span, path, &ending))),
            }
        };
        match key {
            "file" => self.file = file()?,
            "validation" => self.validation = file()?,
            "test" => self.test = file()?,
            "shuffle" => self.shuffle = truth()?,
            "header" => self.header = truth()?,
            "group" => match RowExpr::new(value, dims)?.kind {
                RowKind::Cells(column @ Selection::One(_)) => self.group = Some(Set { value: column, span }),
                _ => return Err(wrong("a column: `column(\"id\")`")),
            },
            "encoding" => {
                self.encoding = match name(value) {
                    Some("utf8") => Encoding::Utf8,
                    Some("latin1") => Encoding::Latin1,
                    _ => return Err(wrong("`utf8` or `latin1`")),
                }
            }
            "stratify" => {
                let port = name(value).ok_or_else(|| wrong("the name of a port with labels"))?;
                self.stratify = Some(Set { value: port.to_string(), span });
            }
            "delimiter" => {
                let expected = "one character, not a quote, a space or a line end";
                let mut chars = text(value).ok_or_else(|| wrong(expected))?.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) if !matches!(c, '"' | ' ' | '\n' | '\r') => self.delimiter = Some(c),
                    _ => return Err(wrong(expected)),
                }
            }
            "missing" => {
                self.missing = match name(value) {
                    Some("error") => Missing::Error,
                    Some("drop") => Missing::Drop,
                    Some("mean") => Missing::Mean,
                    _ => return Err(wrong("`error`, `drop` or `mean`")),
                }
            }
            _ => {
                let expected = "three shares for training, validation and test that add up to 1";
                let ExprKind::Array(items) = &value.kind else { return Err(wrong(expected)) };
                let shares: Option<Vec<f64>> = items.iter().map(|item| number(item, dims)).collect();
                let shares: Option<[f64; 3]> = shares.and_then(|shares| shares.try_into().ok());
                let shares = shares.filter(|s| s.iter().all(|share| (0.0..=1.0).contains(share)) && s[0] > 0.0);
                let shares = shares.filter(|s| (s.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                self.split = Some(Set { value: shares.ok_or_else(|| wrong(expected))?, span });
            }
        }
        Ok(())
    }

    /// Where a setting stands that divides the rows into parts.
    pub(super) fn divides(&self) -> Option<Span> {
        let split = self.split.as_ref().map(|split| split.span);
        let file = self.validation.as_ref().or(self.test.as_ref()).map(|file| file.span);
        let by = self.stratify.as_ref().map(|by| by.span).or(self.group.as_ref().map(|by| by.span));
        split.or(file).or(by)
    }

    /// Settings that contradict each other, once all are known.
    pub(super) fn contradictions(&self, problems: &mut Vec<Diagnostic>) {
        if let (Some(stratify), false) = (&self.stratify, self.shuffle) {
            problems.push(error::stratify_without_shuffle(stratify.span));
        }
        if let (Some(stratify), None) = (&self.stratify, &self.split) {
            problems.push(error::stratify_without_split(stratify.span));
        }
        if let (Some(group), None) = (&self.group, &self.split) {
            problems.push(error::group_without_split(group.span));
        }
        if let (Some(group), Some(stratify)) = (&self.group, &self.stratify) {
            problems.push(error::group_and_stratify(group.span, stratify.span));
        }
        let Some(split) = &self.split else { return };
        for (part, file, share) in
            [("validation", &self.validation, split.value[1]), ("test", &self.test, split.value[2])]
        {
            if let Some(file) = file
                && share > 0.0
            {
                problems.push(error::part_twice(file.span, part, split.span));
            }
        }
    }
}

/// Where the value of an entry or argument stands.
pub(super) fn value_span(value: &ArgumentValue) -> Span {
    match value {
        ArgumentValue::Expr(expr) => expr.span,
        ArgumentValue::Range(range) => range.span,
    }
}
