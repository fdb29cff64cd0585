//! From a checked `data` block to arrays: reads the files, splits the rows, evaluates every port.
//!
//! Reads specs and tables. Must not know models or training.

use super::error::{DataError, LoadError};
use super::evaluate::{Evaluator, Numbers, Place, columns_read, is_missing};
use super::expression::RowKind;
use super::ports::{PortKind, RowPort};
use super::settings::{Missing, Set};
use super::spec::{DataSpec, PortEntry, check_shape};
use super::split::{Division, Splits};
use super::statistics::Statistics;
use super::table::Table;
use crate::diag::Diagnostic;
use crate::diag::catalog::lints as lint;
use crate::span::Span;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a caller wants otherwise than the `data` block says.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Another file in place of `file`, relative to the working directory. The setting `rows` is then not used, as it
    /// belongs to the block's own file.
    pub file: Option<PathBuf>,
    /// Do not split, and do not read the files of `validation` and `test`: all rows are in [`Splits::train`].
    pub all_rows: bool,
    /// Only these ports; for `predict`, which has no labels.
    pub ports: Option<Vec<String>>,
    /// Use these statistics, stored with the weights, in place of those of the training rows.
    pub statistics: Option<Statistics>,
    /// Sizes of open dims that are already fixed, by the text of the [`Extent`](super::Extent).
    pub extents: BTreeMap<String, usize>,
}

/// The values of a port, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Finite numbers.
    Real(Vec<f64>),
    /// Labels, each below the number of classes.
    Index(Vec<u32>),
    /// Truth values.
    Bool(Vec<bool>),
}

impl Values {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Values::Real(values) => values.len(),
            Values::Index(values) => values.len(),
            Values::Bool(values) => values.len(),
        }
    }

    /// True if there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The data of one port.
#[derive(Clone, Debug, PartialEq)]
pub struct PortData {
    /// Its name.
    pub name: String,
    /// Whether there is one element of `shape` per row, or just one.
    pub per_row: bool,
    /// The shape of a row.
    pub shape: Vec<usize>,
    /// All rows of all parts, contiguous and row-major: row r begins at r times the product of `shape`.
    pub values: Values,
}

/// The data of a model: one array per port, and which rows are for what.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// The number of rows of all parts together.
    pub rows: usize,
    /// In the order of the ports given to [`DataSpec::new`].
    pub ports: Vec<PortData>,
    /// The rows of each part.
    pub splits: Splits,
    /// The sizes of open dims, by the text of the [`Extent`](super::Extent): those of `Overrides::extents`, of the
    /// block, and of the data. Classes that nothing fixes are as many as the largest label says, or the categories.
    pub extents: BTreeMap<String, usize>,
    /// Fitted to the training rows, or those that were given; to be stored with the weights.
    pub statistics: Statistics,
    /// How many rows `missing = drop` left out.
    pub dropped: usize,
    /// Lints: constant columns, a header that looks like numbers.
    pub warnings: Vec<Diagnostic>,
    files: Vec<String>,
    places: Vec<(u32, usize)>,
}

impl DataSet {
    /// The port with this name.
    pub fn port(&self, name: &str) -> Option<&PortData> {
        self.ports.iter().find(|port| port.name == name)
    }

    /// The file and the line, from 1, that a row comes from.
    pub fn place(&self, row: usize) -> Option<(&str, usize)> {
        let (file, line) = self.places.get(row)?;
        Some((self.files.get(*file as usize)?, *line))
    }
}

/// The part that the rows of a file are for.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Split,
    Validation,
    Test,
}

impl DataSpec {
    /// Reads the files and evaluates the block. Paths are relative to `base`, the folder of the model. The same files,
    /// block, overrides and seed give the same result on every machine.
    ///
    /// Without `split` all rows of `file` are for training; files of `validation` and `test` come after them in the
    /// arrays. Statistics are those of the training rows unless the caller gives others.
    ///
    /// # Errors
    /// The first problem found, with the file, line and column, and the place in the model that asked for the data.
    pub fn load(&self, base: &Path, overrides: &Overrides, seed: u64) -> Result<DataSet, LoadError> {
        let entries = self.wanted(overrides)?;
        let mut warnings = vec![];
        let (mut tables, mut parts) = (vec![], vec![]);
        if entries.iter().any(|entry| self.ports.get(entry.port).is_some_and(|port| port.per_row)) {
            for (path, span, part) in self.paths(base, overrides) {
                let at = |error| LoadError::new(error, span);
                let options = self.settings().csv_options(&path).map_err(at)?;
                let table = Table::read_csv(&path, &options).map_err(at)?;
                if let Some(names) = table.names()
                    && names.iter().all(|name| name.parse::<f64>().is_ok())
                {
                    warnings.push(lint::header_of_numbers(span, table.file()));
                }
                tables.push(table);
                parts.push(part);
            }
        }
        self.compare_headers(&tables, &entries)?;
        let (places, dropped) = self.places(&tables, &entries, overrides)?;
        let count = u32::try_from(places.len());
        let count = count.map_err(|_| DataError::TooManyRows {
            file: tables.first().map_or_else(String::new, |table| table.file().into()),
            rows: places.len(),
        })?;
        let rows_of = |part| {
            let is_of_part = |(_, place): &(u32, &Place)| parts.get(place.table) == Some(&part);
            (0..count).zip(&places).filter(is_of_part).map(|(row, _)| row).collect::<Vec<u32>>()
        };
        let main = rows_of(Part::Split).len();
        let mut splits = self.split(&tables, places.get(..main).unwrap_or_default(), overrides, seed)?;
        splits.validation.extend(rows_of(Part::Validation));
        splits.test.extend(rows_of(Part::Test));

        let mut extents = overrides.extents.clone();
        extents.extend(self.dims().clone());
        let mut statistics = Statistics::default();
        let mut evaluated = vec![];
        for entry in &entries {
            let Some(port) = self.ports.get(entry.port) else { continue };
            let mut evaluator = Evaluator {
                tables: &tables,
                places: &places,
                train: &splits.train,
                port,
                missing: self.settings().missing,
                given: overrides.statistics.as_ref(),
                used: &mut statistics,
                warnings: &mut warnings,
                count: 0,
            };
            let numbers = evaluator.numbers(&entry.expr)?.repeated(if port.per_row { places.len() } else { 1 });
            let at = |error| LoadError::new(error, Some(entry.expr.span));
            check_shape(port, &numbers.shape, &mut extents).map_err(at)?;
            evaluated.push((entry, port, numbers));
        }
        // Labels come last: their classes may be the size of an axis, or stated.
        let fixed = extents.clone();
        for (entry, port, numbers) in &evaluated {
            if let PortKind::Index(classes) = &port.kind
                && classes.known.is_none()
                && !fixed.contains_key(&classes.text)
            {
                let categories = statistics.categories(&port.name).map_or(0, <[String]>::len);
                let largest = numbers.values.iter().copied().fold(-1.0, f64::max);
                let known = extents.entry(classes.text.clone()).or_default();
                *known = categories.max((largest + 1.0) as usize).max(*known);
                // Labels that begin at 1 are the usual reason.
                if overrides.statistics.is_none() && categories == 0 && !numbers.values.contains(&0.0) {
                    warnings.push(lint::no_label_zero(entry.expr.span, &port.name));
                }
            }
        }
        let mut ports = vec![];
        for (entry, port, numbers) in evaluated {
            let at = |error| LoadError::new(error, Some(entry.expr.span));
            let values = convert(port, &numbers, &extents, &tables, &places).map_err(at)?;
            ports.push(PortData { name: port.name.clone(), per_row: port.per_row, shape: numbers.shape, values });
        }
        let files = tables.iter().map(|table| table.file().to_string()).collect();
        let line = |place: &Place| tables.get(place.table).map_or(0, |table| table.line(place.row));
        let places = places.iter().map(|place| (place.table as u32, line(place))).collect();
        Ok(DataSet { rows: count as usize, ports, splits, extents, statistics, dropped, warnings, files, places })
    }

    /// The entries to evaluate.
    fn wanted(&self, overrides: &Overrides) -> Result<Vec<&PortEntry>, LoadError> {
        let name = |entry: &PortEntry| self.ports.get(entry.port).map(|port| port.name.as_str());
        let Some(wanted) = &overrides.ports else { return Ok(self.entries.iter().collect()) };
        if let Some(port) = wanted.iter().find(|w| !self.entries.iter().any(|e| name(e) == Some(w.as_str()))) {
            return Err(DataError::UnknownPort { port: port.clone() }.into());
        }
        Ok(self.entries.iter().filter(|e| wanted.iter().any(|w| name(e) == Some(w.as_str()))).collect())
    }

    /// The files to read, the main one first.
    fn paths(&self, base: &Path, overrides: &Overrides) -> Vec<(PathBuf, Option<Span>, Part)> {
        let settings = self.settings();
        let own = |file: &Option<Set<String>>, part| {
            file.as_ref().map(|file| (base.join(&file.value), Some(file.span), part))
        };
        let mut paths = vec![];
        match &overrides.file {
            Some(path) => paths.push((path.clone(), None, Part::Split)),
            None => paths.extend(own(&settings.file, Part::Split)),
        }
        if !overrides.all_rows {
            paths.extend(own(&settings.validation, Part::Validation));
            paths.extend(own(&settings.test, Part::Test));
        }
        paths
    }

    /// If columns are chosen by number, all files must have the same header.
    fn compare_headers(&self, tables: &[Table], entries: &[&PortEntry]) -> Result<(), LoadError> {
        let Some((first, others)) = tables.split_first() else { return Ok(()) };
        let mut by_number = None;
        for entry in entries {
            entry.expr.visit(&mut |part| match &part.kind {
                RowKind::Cells(selection) | RowKind::Category(selection) if selection.is_by_number() => {
                    by_number.get_or_insert(part.span);
                }
                _ => {}
            });
        }
        let Some(span) = by_number else { return Ok(()) };
        if let Some(other) = others.iter().find(|other| other.names() != first.names()) {
            let (file, other) = (first.file().into(), other.file().into());
            return Err(LoadError::new(DataError::HeadersDiffer { file, other }, Some(span)));
        }
        Ok(())
    }

    /// The rows to use, table by table, and how many were dropped.
    fn places(
        &self,
        tables: &[Table],
        entries: &[&PortEntry],
        overrides: &Overrides,
    ) -> Result<(Vec<Place>, usize), LoadError> {
        let (mut places, mut dropped) = (vec![], 0);
        for (number, table) in tables.iter().enumerate() {
            let mut rows = 0..table.rows();
            if let Some(Set { value: (start, end), span }) = &self.settings().rows
                && number == 0
                && overrides.file.is_none()
            {
                let end = end.unwrap_or(table.rows());
                if *start >= end || end > table.rows() {
                    let (file, rows) = (table.file().to_string(), table.rows());
                    let error = DataError::RowRange { file, start: *start, end, rows };
                    return Err(LoadError::new(error, Some(*span)));
                }
                rows = *start..end;
            }
            let mut columns = vec![];
            if self.settings().missing == Missing::Drop {
                for entry in entries {
                    let at = |error| LoadError::new(error, Some(entry.expr.span));
                    columns.extend(columns_read(&entry.expr, table).map_err(at)?);
                }
            }
            let before = places.len();
            for row in rows {
                if columns.iter().any(|(column, is_number)| is_missing(table.cell(row, *column), *is_number)) {
                    dropped += 1;
                } else {
                    places.push(Place { table: number, row });
                }
            }
            if places.len() == before {
                return Err(DataError::AllDropped { file: table.file().to_string() }.into());
            }
        }
        Ok((places, dropped))
    }

    /// Divides the rows of the main file.
    fn split(&self, tables: &[Table], places: &[Place], overrides: &Overrides, seed: u64) -> Result<Splits, LoadError> {
        // The caller has made sure that rows can be counted in 32 bits.
        let rows = places.len() as u32;
        let all = Splits { train: (0..rows).collect(), ..Splits::default() };
        let may_split = !overrides.all_rows && !tables.is_empty();
        let Some(split) = self.settings().split.as_ref().filter(|_| may_split) else { return Ok(all) };
        let classes = match &self.settings().stratify {
            Some(by) => Some(self.classes(tables, places, &all.train, &by.value)?),
            None => None,
        };
        let division =
            Division { shares: split.value, shuffle: self.settings().shuffle, classes: classes.as_deref(), seed };
        Splits::divide(rows, division).map_err(|error| LoadError::new(error, Some(split.span)))
    }

    /// A number for each row that is equal for equal labels of a port.
    fn classes(
        &self,
        tables: &[Table],
        places: &[Place],
        rows: &[u32],
        port_name: &str,
    ) -> Result<Vec<u32>, LoadError> {
        let named = |entry: &&PortEntry| self.ports.get(entry.port).is_some_and(|port| port.name == port_name);
        let entry = self.entries.iter().find(named);
        let Some((entry, port)) = entry.and_then(|entry| Some((entry, self.ports.get(entry.port)?))) else {
            return Ok(vec![0; places.len()]);
        };
        // Only which labels are equal matters here, so the statistics of all rows will do, and are thrown away.
        let (used, warnings) = (&mut Statistics::default(), &mut vec![]);
        let missing = self.settings().missing;
        let mut evaluator =
            Evaluator { tables, places, train: rows, port, missing, given: None, used, warnings, count: 0 };
        let numbers = evaluator.numbers(&entry.expr)?.repeated(places.len());
        let mut known = BTreeMap::new();
        let class = |value: &f64| {
            let next = known.len() as u32;
            *known.entry(value.to_bits()).or_insert(next)
        };
        Ok(numbers.values.iter().map(class).collect())
    }
}

/// The values as the port holds them.
fn convert(
    port: &RowPort,
    numbers: &Numbers,
    extents: &BTreeMap<String, usize>,
    tables: &[Table],
    places: &[Place],
) -> Result<Values, DataError> {
    let classes = match &port.kind {
        PortKind::Real => return Ok(Values::Real(numbers.values.clone())),
        PortKind::Index(classes) => classes.known.or_else(|| extents.get(&classes.text).copied()),
        PortKind::Bool => Some(2),
    };
    let mut labels = Vec::with_capacity(numbers.values.len());
    for (at, value) in numbers.values.iter().enumerate() {
        let most = f64::from(u32::MAX);
        let largest = classes.map_or(most, |classes| classes as f64 - 1.0).min(most);
        if value.fract() != 0.0 || !(0.0..=largest).contains(value) {
            let place = places.get(at / numbers.width().max(1));
            let table = place.and_then(|place| Some((tables.get(place.table)?, place.row)));
            let column = numbers.columns.get(at % numbers.width().max(1)).cloned().unwrap_or_default();
            let (file, line) = table.map_or((String::new(), 0), |(table, row)| (table.file().into(), table.line(row)));
            return Err(DataError::Label { file, line, column, port: port.name.clone(), found: *value, classes });
        }
        labels.push(*value as u32);
    }
    Ok(match port.kind {
        PortKind::Bool => Values::Bool(labels.iter().map(|label| *label == 1).collect()),
        _ => Values::Index(labels),
    })
}
