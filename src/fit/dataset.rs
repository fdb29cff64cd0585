//! What a model is fitted to, in memory: the values of ports, row by row, and which rows serve what.
//!
//! Reads nothing. Must not know files or models.

use crate::model::{Slice, SliceMut, Values};
use std::fmt;
use thiserror::Error;

/// A part of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Split {
    /// Fitted.
    Train,
    /// Watched while fitting.
    Validation,
    /// Looked at once, at the end.
    Test,
}

impl Split {
    /// All of them, in this order.
    pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        })
    }
}

/// The values of one port for all rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The port.
    pub name: String,
    /// Row-major; the first axis is the row.
    pub values: Values,
    /// How many elements a row has.
    pub row: usize,
}

/// The values of a port that are the same at every step.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixed {
    /// The port.
    pub name: String,
    /// Row-major.
    pub values: Values,
    /// The size of its first axis, if it is one of the rows of a table of its own. Rows of several tables point into each
    /// other, so they are used all at once.
    pub rows: Option<usize>,
    /// How many elements a row has; without rows, all.
    pub row: usize,
}

/// Everything a model is fitted to.
///
/// ```
/// use nnc::fit::{Dataset, Split};
///
/// let data = Dataset::new(4)?.column("x", vec![0.0f32, 1.0, 2.0, 3.0])?.column("y", vec![1u32, 0, 0, 1])?;
/// assert_eq!(data.rows(Split::Train), [0, 1, 2, 3]);
/// let data = data.split(vec![3, 0, 1], vec![2], vec![])?;
/// assert_eq!(data.rows(Split::Validation), [2]);
/// # Ok::<(), nnc::fit::DatasetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Dataset {
    /// How many rows there are; 0 for a model without data.
    pub count: usize,
    /// Ports that have one value per row.
    pub columns: Vec<Column>,
    /// Ports that are the same at every step, such as a table that rows point into.
    pub fixed: Vec<Fixed>,
    /// Sizes of open dims that do not follow from the lengths of the columns, such as a number of classes.
    pub dims: Vec<(String, usize)>,
    /// Starts of params that their declarations leave to files, by name; see [`load_starts`](super::load_starts).
    pub starts: Vec<(String, Vec<f64>)>,
    /// What was learned from the training rows when the data were prepared; saved with the weights.
    pub statistics: std::collections::BTreeMap<String, String>,
    splits: [Vec<u32>; 3],
}

impl From<Vec<f32>> for Values {
    fn from(values: Vec<f32>) -> Values {
        Values::F32(values)
    }
}

impl From<Vec<f64>> for Values {
    fn from(values: Vec<f64>) -> Values {
        Values::F64(values)
    }
}

impl From<Vec<u32>> for Values {
    fn from(values: Vec<u32>) -> Values {
        Values::Index(values)
    }
}

/// Why arrays do not make a data set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DatasetError {
    /// Rows are counted in 32 bits.
    #[error("{rows} rows are more than a data set can have")]
    TooMany {
        /// As asked for.
        rows: usize,
    },
    /// An array that does not hold the same number of elements for each row.
    #[error("`{name}` has {length} elements, which is no multiple of {rows} rows")]
    Column {
        /// The port.
        name: String,
        /// Its elements.
        length: usize,
        /// The rows of the data set.
        rows: usize,
    },
    /// A part with a row that does not exist.
    #[error("row {row} is in a part, but there are only {rows} rows, counted from 0")]
    Row {
        /// The row.
        row: u32,
        /// The rows of the data set.
        rows: usize,
    },
}

impl Dataset {
    /// Data of so many rows, all of them for training; 0 for a model without data.
    ///
    /// # Errors
    /// More than 2³² - 1 rows.
    pub fn new(rows: usize) -> Result<Dataset, DatasetError> {
        let end = u32::try_from(rows).map_err(|_| DatasetError::TooMany { rows })?;
        Ok(Dataset { count: rows, splits: [(0..end).collect(), vec![], vec![]], ..Dataset::default() })
    }

    /// Adds the values of a port, row after row.
    ///
    /// # Errors
    /// The number of values is not a multiple of the number of rows.
    pub fn column(mut self, name: impl Into<String>, values: impl Into<Values>) -> Result<Dataset, DatasetError> {
        let (name, values, rows) = (name.into(), values.into(), self.count);
        let length = values.as_slice().len();
        if rows == 0 || !length.is_multiple_of(rows) {
            return Err(DatasetError::Column { name, length, rows });
        }
        self.columns.push(Column { name, values, row: length / rows });
        Ok(self)
    }

    /// Chooses which rows serve for training, validation and test, in this order.
    ///
    /// # Errors
    /// A row that does not exist.
    pub fn split(mut self, train: Vec<u32>, validation: Vec<u32>, test: Vec<u32>) -> Result<Dataset, DatasetError> {
        let splits = [train, validation, test];
        if let Some(row) = splits.iter().flatten().find(|r| **r as usize >= self.count) {
            return Err(DatasetError::Row { row: *row, rows: self.count });
        }
        self.splits = splits;
        Ok(self)
    }

    /// The rows of a part.
    pub fn rows(&self, split: Split) -> &[u32] {
        &self.splits[split as usize]
    }
}

/// Copies some rows of `from`, each of `row` elements, to the start of `to`.
pub(super) fn gather(from: Slice, to: SliceMut, row: usize, rows: &[u32]) {
    fn copy<T: Copy>(from: &[T], to: &mut [T], row: usize, rows: &[u32]) {
        if row == 1 {
            for (to, r) in to.iter_mut().zip(rows) {
                *to = from[*r as usize];
            }
            return;
        }
        for (to, r) in to.chunks_exact_mut(row.max(1)).zip(rows) {
            to.copy_from_slice(&from[*r as usize * row..][..row]);
        }
    }
    match (from, to) {
        (Slice::F32(from), SliceMut::F32(to)) => copy(from, to, row, rows),
        (Slice::F64(from), SliceMut::F64(to)) => copy(from, to, row, rows),
        (Slice::Index(from), SliceMut::Index(to)) => copy(from, to, row, rows),
        (Slice::Bool(from), SliceMut::Bool(to)) => copy(from, to, row, rows),
        _ => unreachable!("a batch has the element type of its column"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_copied_in_the_given_order() {
        let from = [0.0f32, 0.1, 1.0, 1.1, 2.0, 2.1];
        let mut to = [9.0f32; 6];
        gather((&from).into(), (&mut to).into(), 2, &[2, 0]);
        assert_eq!(to, [2.0, 2.1, 0.0, 0.1, 9.0, 9.0]);
        let mut labels = [0u32; 3];
        gather((&[5u32, 6, 7]).into(), (&mut labels).into(), 1, &[1, 1, 2]);
        assert_eq!(labels, [6, 6, 7]);
    }

    #[test]
    fn arrays_that_do_not_fit_are_refused() {
        let column = |length| Dataset::new(2).unwrap().column("x", vec![0.0f32; length]).map(|d| d.columns[0].row);
        assert_eq!((column(4), column(0)), (Ok(2), Ok(0)));
        assert_eq!(column(5), Err(DatasetError::Column { name: "x".into(), length: 5, rows: 2 }));
        let split = Dataset::new(2).unwrap().split(vec![0], vec![], vec![2]);
        assert_eq!(split, Err(DatasetError::Row { row: 2, rows: 2 }));
    }
}
