//! The files of a `data` block by their format: tables of cells, texts and arrays.
//!
//! Reads files. Must not know splits, ports or values of expressions.

use super::array::{self, Array};
use super::csv::CsvOptions;
use super::error::{DataError, RowPlace};
use super::expression::{ArrayName, RowExpr, RowKind};
use super::settings::{Encoding, Settings};
use super::table::Table;
use super::text::Text;
use super::unpack::gunzip;
use crate::span::Span;
use std::borrow::Cow;
use std::path::Path;

/// What the ending of a file's name says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Cells, usually with this between them.
    Table(char),
    /// Characters.
    Text,
    /// Arrays of numbers.
    Arrays(ArrayFormat),
}

/// How arrays are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrayFormat {
    Npy,
    Npz,
    Safetensors,
}

impl Format {
    /// The format of a file of this name, or what is wrong with the name. Any of them may be packed, `.csv.gz`.
    pub fn of(path: &Path) -> Result<Format, String> {
        let unpacked = if is_packed(path) { path.with_extension("") } else { path.to_path_buf() };
        match ending(&unpacked).as_deref() {
            Some("csv") => Ok(Format::Table(',')),
            Some("tsv") => Ok(Format::Table('\t')),
            Some("txt") => Ok(Format::Text),
            Some("npy") => Ok(Format::Arrays(ArrayFormat::Npy)),
            Some("npz") => Ok(Format::Arrays(ArrayFormat::Npz)),
            Some("safetensors") => Ok(Format::Arrays(ArrayFormat::Safetensors)),
            Some(ending) => Err(format!("`.{ending}`")),
            None => Err("a file without an ending".into()),
        }
    }

    /// The first part of an expression that cannot be read from such a file, and what is wrong.
    pub fn refuses(self, file: &str, expr: &RowExpr) -> Option<(Span, DataError)> {
        const TABLE: &str = "a table, `.csv` or `.tsv`";
        let mut found = None;
        expr.visit(&mut |part| {
            let (function, needs, fits) = match &part.kind {
                RowKind::Cells(_) => ("column", TABLE, matches!(self, Format::Table(_))),
                RowKind::Category(_) => ("category", TABLE, matches!(self, Format::Table(_))),
                RowKind::Chars => ("chars", "a text, `.txt`", self == Format::Text),
                RowKind::Array(ArrayName { file: None, .. }) => {
                    ("array", "`.npy`, `.npz` or `.safetensors`", matches!(self, Format::Arrays(_)))
                }
                _ => return,
            };
            if !fits && found.is_none() {
                found = Some((part.span, DataError::WrongFormat { file: file.to_string(), function, needs }));
            }
        });
        found
    }
}

fn ending(path: &Path) -> Option<String> {
    path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase())
}

fn is_packed(path: &Path) -> bool {
    ending(path).as_deref() == Some("gz")
}

/// The contents of a file.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Cells.
    Table(Table),
    /// Characters, each a row.
    Text(Text),
    /// Arrays by their names, or no array where all have files of their own.
    Arrays { file: String, arrays: Vec<(Option<String>, Array)>, rows: usize },
}

/// The bytes of a file, unpacked.
fn bytes_of(path: &Path, file: &str) -> Result<Vec<u8>, DataError> {
    let unreadable = |reason: String| DataError::Unreadable { file: file.to_string(), reason };
    let bytes = std::fs::read(path).map_err(|problem| unreadable(problem.to_string()))?;
    if is_packed(path) { gunzip(&bytes).map_err(unreadable) } else { Ok(bytes) }
}

/// Reads one array of a file, with rows or of a single number.
pub(super) fn read_array(path: &Path, name: Option<&str>) -> Result<Array, DataError> {
    let file = path.display().to_string();
    let format = match Format::of(path) {
        Ok(Format::Arrays(format)) => format,
        Ok(_) => {
            let (function, needs) = ("array", "`.npy`, `.npz` or `.safetensors`");
            return Err(DataError::WrongFormat { file, function, needs });
        }
        Err(ending) => return Err(DataError::Format { file, ending }),
    };
    let bytes = bytes_of(path, &file)?;
    one_array(&file, &bytes, format, name)
}

fn one_array(file: &str, bytes: &[u8], format: ArrayFormat, name: Option<&str>) -> Result<Array, DataError> {
    match (format, name) {
        (ArrayFormat::Npy, None) => array::from_npy(file, bytes),
        (ArrayFormat::Npy, Some(name)) => {
            Err(DataError::UnknownArray { file: file.into(), name: Some(name.into()), known: vec![] })
        }
        (ArrayFormat::Npz, name) => array::from_npz(file, bytes, name),
        (ArrayFormat::Safetensors, name) => array::from_safetensors(file, bytes, name),
    }
}

/// Checks that an array has rows.
pub(super) fn with_rows(file: &str, array: Array) -> Result<Array, DataError> {
    match array.shape.first() {
        None => Err(DataError::Array { file: file.into(), problem: "it is a single number, without rows".into() }),
        Some(0) => Err(DataError::NoRows { file: file.into() }),
        Some(_) => Ok(array),
    }
}

impl Source {
    /// Reads a file in the format that its name tells; of a file of arrays those of the given names.
    pub fn read(path: &Path, settings: &Settings, names: &[Option<String>]) -> Result<Source, DataError> {
        let file = path.display().to_string();
        let format = Format::of(path).map_err(|ending| DataError::Format { file: file.clone(), ending })?;
        let bytes = bytes_of(path, &file)?;
        let text = || match settings.encoding {
            Encoding::Utf8 => Cow::Borrowed(bytes.as_slice()),
            Encoding::Latin1 => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes()),
        };
        match format {
            Format::Table(usual) => {
                let options = CsvOptions { header: settings.header, delimiter: settings.delimiter.unwrap_or(usual) };
                Table::parse_csv(&file, &text(), &options).map(Source::Table)
            }
            Format::Text => Text::parse(&file, &text()).map(Source::Text),
            Format::Arrays(format) => {
                let mut arrays: Vec<(Option<String>, Array)> = vec![];
                for name in names {
                    let array = with_rows(&file, one_array(&file, &bytes, format, name.as_deref())?)?;
                    if let Some((first, other)) = arrays.first()
                        && other.shape.first() != array.shape.first()
                    {
                        let of = |name: &Option<String>| format!("{file}, array `{}`", name.as_deref().unwrap_or(""));
                        return Err(array_rows(of(first), other, of(name), &array));
                    }
                    arrays.push((name.clone(), array));
                }
                let rows = arrays.first().and_then(|(_, array)| array.shape.first()).copied().unwrap_or(0);
                Ok(Source::Arrays { file, arrays, rows })
            }
        }
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        match self {
            Source::Table(table) => table.file(),
            Source::Text(text) => text.file(),
            Source::Arrays { file, .. } => file,
        }
    }

    /// How many rows it has: of a text, characters.
    pub fn rows(&self) -> usize {
        match self {
            Source::Table(table) => table.rows(),
            Source::Text(text) => text.len(),
            Source::Arrays { rows, .. } => *rows,
        }
    }

    /// Where a row stands.
    pub fn place(&self, row: usize) -> RowPlace {
        match self {
            Source::Table(table) => RowPlace::Line(table.line(row)),
            Source::Text(text) => RowPlace::Line(text.line(row)),
            Source::Arrays { .. } => RowPlace::Row(row),
        }
    }

    /// The table, if it is one.
    pub fn table(&self) -> Option<&Table> {
        match self {
            Source::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Source::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The array of this name.
    pub fn array(&self, name: &Option<String>) -> Option<&Array> {
        match self {
            Source::Arrays { arrays, .. } => arrays.iter().find(|(other, _)| other == name).map(|(_, array)| array),
            _ => None,
        }
    }
}

/// Two arrays that cannot be of one table.
pub(super) fn array_rows(file: String, one: &Array, other_file: String, other: &Array) -> DataError {
    let rows = |array: &Array| array.shape.first().copied().unwrap_or(0);
    DataError::ArrayRows { file, rows: rows(one), other: other_file, other_rows: rows(other) }
}
