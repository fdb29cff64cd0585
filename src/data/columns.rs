//! Which columns an expression reads: by name, by number, by range, from one to another, or by pattern.
//!
//! Reads tables' headers. Must not know cells.

use super::error::DataError;
use super::table::Table;

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Column {
    /// By number, from 0.
    Number(usize),
    /// By its name in the header.
    Name(String),
}

/// The columns of one `column(…)` or `columns(…)`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Selection {
    /// `column("a")`: a single number per row.
    One(Column),
    /// `columns("a", 3)`
    List(Vec<Column>),
    /// `columns(0..64)`; to the last column without an end.
    Range(usize, Option<usize>),
    /// `columns(first = "a", last = "f")`, both included.
    Between(Column, Column),
    /// `columns("pix*")`: every name with this beginning and this end.
    Pattern(String, String),
}

impl Selection {
    /// The shape of the numbers in a row: `[]` or `[count]`; none while the count is not known.
    pub fn shape(&self) -> Option<Vec<usize>> {
        match self {
            Selection::One(_) => Some(vec![]),
            Selection::List(columns) => Some(vec![columns.len()]),
            Selection::Range(start, Some(end)) => Some(vec![end - start]),
            Selection::Range(_, None) | Selection::Between(..) | Selection::Pattern(..) => None,
        }
    }

    /// Whether columns are chosen by their number.
    pub fn is_by_number(&self) -> bool {
        let is_number = |column: &Column| matches!(column, Column::Number(_));
        match self {
            Selection::One(column) => is_number(column),
            Selection::List(columns) => columns.iter().any(is_number),
            Selection::Range(..) => true,
            Selection::Between(first, last) => is_number(first) || is_number(last),
            Selection::Pattern(..) => false,
        }
    }

    /// The numbers of the columns in a table, in order; at least one.
    pub fn resolve(&self, table: &Table) -> Result<Vec<usize>, DataError> {
        match self {
            Selection::One(column) => Ok(vec![find(column, table)?]),
            Selection::List(columns) => columns.iter().map(|column| find(column, table)).collect(),
            Selection::Range(start, end) => {
                let end = end.unwrap_or(table.columns().max(start + 1));
                find(&Column::Number(end - 1), table)?;
                Ok((*start..end).collect())
            }
            Selection::Between(first, last) => {
                let (from, to) = (find(first, table)?, find(last, table)?);
                if from > to {
                    let (file, first, last) = (table.file().into(), table.column_name(from), table.column_name(to));
                    return Err(DataError::ColumnOrder { file, first, last });
                }
                Ok((from..=to).collect())
            }
            Selection::Pattern(start, end) => {
                let fits = |name: &String| {
                    name.len() >= start.len() + end.len()
                        && name.starts_with(start.as_str())
                        && name.ends_with(end.as_str())
                };
                let names = table.names().unwrap_or_default();
                let found: Vec<usize> = (0..names.len()).filter(|i| names.get(*i).is_some_and(fits)).collect();
                if found.is_empty() { Err(unknown(&format!("{start}*{end}"), table)) } else { Ok(found) }
            }
        }
    }
}

fn find(column: &Column, table: &Table) -> Result<usize, DataError> {
    match column {
        Column::Number(number) if *number < table.columns() => Ok(*number),
        Column::Number(number) => {
            Err(DataError::ColumnNumber { file: table.file().into(), column: *number, columns: table.columns() })
        }
        Column::Name(name) => table.column(name).ok_or_else(|| unknown(name, table)),
    }
}

fn unknown(name: &str, table: &Table) -> DataError {
    let known = table.names().unwrap_or_default().iter().filter(|name| !name.is_empty()).cloned().collect();
    DataError::UnknownColumn { file: table.file().into(), name: name.into(), known }
}
