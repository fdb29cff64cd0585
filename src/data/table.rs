//! A table of texts as a file holds it: named columns, rows with their line numbers.
//!
//! Reads the records of [`super::csv`]. Must not know numbers, ports or `data` blocks.

use super::csv::{CsvOptions, Records};
use super::error::DataError;
use std::collections::HashMap;
use std::path::Path;

/// Cells of a file, all in memory, in file order.
#[derive(Clone, Debug)]
pub struct Table {
    file: String,
    names: Option<Vec<String>>,
    columns: usize,
    records: Records,
}

impl Table {
    /// Reads a file of comma-separated values.
    ///
    /// The text is UTF-8; a byte order mark is skipped; lines end in `\n`, `\r\n` or `\r`. Cells may be quoted with
    /// `"` (a quote inside is doubled) and may then hold delimiters and line ends. Blank lines are skipped, except
    /// between the rows of a table with a single column, where a blank line is an empty cell. There are no comments.
    ///
    /// # Errors
    /// [`DataError::Unreadable`] if the file cannot be read; otherwise as [`Table::parse_csv`].
    pub fn read_csv(path: &Path, options: &CsvOptions) -> Result<Table, DataError> {
        let file = path.display().to_string();
        match std::fs::read(path) {
            Ok(bytes) => Table::parse_csv(&file, &bytes, options),
            Err(problem) => Err(DataError::Unreadable { file, reason: problem.to_string() }),
        }
    }

    /// The table in `bytes`; `file` is the name that errors give it.
    ///
    /// # Errors
    /// A [`DataError`] if the bytes are not UTF-8 text, there is no row, rows differ in length, a quote has no end or
    /// is followed by more text, or two columns have the same name.
    pub fn parse_csv(file: &str, bytes: &[u8], options: &CsvOptions) -> Result<Table, DataError> {
        let mut records = Records::parse(file, bytes, options.delimiter)?;
        if records.is_empty() {
            return Err(DataError::Empty { file: file.to_string() });
        }
        let columns = records.columns();
        let names = options.header.then(|| records.take_first());
        if let Some(names) = &names {
            let mut seen: HashMap<&str, usize> = HashMap::new();
            for (second, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
                if let Some(first) = seen.insert(name, second) {
                    let (file, name) = (file.to_string(), name.clone());
                    return Err(DataError::DuplicateColumn { file, name, first, second });
                }
            }
        }
        if records.is_empty() {
            return Err(DataError::NoRows { file: file.to_string() });
        }
        Ok(Table { file: file.to_string(), names, columns, records })
    }

    /// The name of the file, for messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The number of rows, at least 1; the header is not one.
    pub fn rows(&self) -> usize {
        self.records.len()
    }

    /// The number of columns, at least 1.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The names of the columns, if the file has a header. A name may be empty.
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// The number of the column with this name, from 0.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.as_ref()?.iter().position(|n| n == name)
    }

    /// What messages call a column: its name, or its number from 0.
    pub fn column_name(&self, column: usize) -> String {
        match self.names.as_ref().and_then(|names| names.get(column)).filter(|name| !name.is_empty()) {
            Some(name) => name.clone(),
            None => column.to_string(),
        }
    }

    /// The text of a cell without the white space around it; empty beyond the table.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        if column < self.columns { self.records.cell(row, column).trim() } else { "" }
    }

    /// The line of the file on which a row begins, from 1 as an editor shows it; 0 beyond the table.
    pub fn line(&self, row: usize) -> usize {
        self.records.line(row)
    }
}
