//! The files of a `data` block by their format: tables of cells and texts.
//!
//! Reads files. Must not know splits, ports or values of expressions.

use super::csv::CsvOptions;
use super::error::DataError;
use super::expression::{RowExpr, RowKind};
use super::settings::Settings;
use super::table::Table;
use super::text::Text;
use crate::span::Span;
use std::path::Path;

/// What the ending of a file's name says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Cells, usually with this between them.
    Table(char),
    /// Characters.
    Text,
}

impl Format {
    /// The format of a file of this name, or what is wrong with the name.
    pub fn of(path: &Path) -> Result<Format, String> {
        match path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()) {
            Some(ending) if ending == "csv" => Ok(Format::Table(',')),
            Some(ending) if ending == "tsv" => Ok(Format::Table('\t')),
            Some(ending) if ending == "txt" => Ok(Format::Text),
            Some(ending) => Err(format!("`.{ending}`")),
            None => Err("a file without an ending".into()),
        }
    }

    /// The first part of an expression that cannot be read from such a file, and what is wrong.
    pub fn refuses(self, file: &str, expr: &RowExpr) -> Option<(Span, DataError)> {
        let mut found = None;
        expr.visit(&mut |part| {
            let (function, needs, fits) = match &part.kind {
                RowKind::Cells(_) => ("column", "a table, `.csv` or `.tsv`", matches!(self, Format::Table(_))),
                RowKind::Category(_) => ("category", "a table, `.csv` or `.tsv`", matches!(self, Format::Table(_))),
                RowKind::Chars => ("chars", "a text, `.txt`", self == Format::Text),
                _ => return,
            };
            if !fits && found.is_none() {
                found = Some((part.span, DataError::WrongFormat { file: file.to_string(), function, needs }));
            }
        });
        found
    }
}

/// The contents of a file.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Cells.
    Table(Table),
    /// Characters, each a row.
    Text(Text),
}

impl Source {
    /// Reads a file in the format that its name tells.
    pub fn read(path: &Path, settings: &Settings) -> Result<Source, DataError> {
        let file = path.display().to_string();
        let format = Format::of(path).map_err(|ending| DataError::Format { file: file.clone(), ending })?;
        let bytes = std::fs::read(path)
            .map_err(|problem| DataError::Unreadable { file: file.clone(), reason: problem.to_string() })?;
        match format {
            Format::Table(usual) => {
                let options = CsvOptions { header: settings.header, delimiter: settings.delimiter.unwrap_or(usual) };
                Table::parse_csv(&file, &bytes, &options).map(Source::Table)
            }
            Format::Text => Text::parse(&file, &bytes).map(Source::Text),
        }
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        match self {
            Source::Table(table) => table.file(),
            Source::Text(text) => text.file(),
        }
    }

    /// How many rows it has: of a text, characters.
    pub fn rows(&self) -> usize {
        match self {
            Source::Table(table) => table.rows(),
            Source::Text(text) => text.len(),
        }
    }

    /// The line on which a row begins, from 1.
    pub fn line(&self, row: usize) -> usize {
        match self {
            Source::Table(table) => table.line(row),
            Source::Text(text) => text.line(row),
        }
    }

    /// The table, if it is one.
    pub fn table(&self) -> Option<&Table> {
        match self {
            Source::Table(table) => Some(table),
            Source::Text(_) => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Source::Text(text) => Some(text),
            Source::Table(_) => None,
        }
    }
}
