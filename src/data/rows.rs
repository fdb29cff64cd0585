//! The rows of one table: which rows of which files, in which windows, and for which part.
//!
//! Reads files and the settings of a table. Must not know values of expressions, but for those that rows are divided by.

use super::array::Array;
use super::columns::Selection;
use super::error::{DataError, LoadError, RowPlace};
use super::evaluate::{Evaluator, columns_read, is_missing};
use super::expression::{ArrayName, RowExpr, RowKind};
use super::load::Overrides;
use super::ports::RowPort;
use super::settings::{Missing, Set};
use super::source::{Format, Source, read_array, with_rows};
use super::spec::{PortEntry, TableSpec};
use super::split::{Division, Splits};
use super::statistics::Statistics;
use super::table::Table;
use crate::diag::Diagnostic;
use crate::diag::catalog::lints as lint;
use crate::span::Span;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A row of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of the file.
    pub source: usize,
    /// The row in it.
    pub row: usize,
}

/// The rows of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    /// The files, the main one first.
    pub sources: Vec<Source>,
    /// The rows of the files that are used, file by file.
    pub places: Vec<Place>,
    /// Of a table of windows: the number in `places` at which each begins. Its rows are the windows.
    pub windows: Option<Vec<usize>>,
    /// The rows of each part.
    pub splits: Splits,
    /// The numbers in `places` of what lies in a training row.
    pub train_places: Vec<u32>,
    /// How many rows of the files `missing = drop` left out.
    pub dropped: usize,
    /// Arrays with files of their own, with as many rows as the first file.
    own: Vec<(ArrayName, Array)>,
}

/// The part that the rows of a file are for.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Split,
    Validation,
    Test,
}

/// What a table is read with.
pub(super) struct Reading<'a> {
    pub ports: &'a [RowPort],
    pub table: &'a TableSpec,
    /// The entries to evaluate.
    pub entries: &'a [&'a PortEntry],
    pub base: &'a Path,
    pub overrides: &'a Overrides,
    /// Another file in place of the table's own.
    pub file: Option<&'a PathBuf>,
    pub seed: u64,
}

impl Rows {
    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.windows.as_ref().map_or(self.places.len(), Vec::len)
    }

    /// The file of a place, if it is a table.
    pub fn table(&self, place: &Place) -> Option<&Table> {
        self.sources.get(place.source)?.table()
    }

    /// The array that an expression names, as far as it goes with this file.
    pub fn array(&self, source: usize, name: &ArrayName) -> Option<&Array> {
        match name.file {
            Some(_) => self.own.iter().find(|(other, _)| other == name).map(|(_, array)| array),
            None => self.sources.get(source)?.array(&name.name),
        }
    }

    /// The first row of a file that a row covers.
    pub fn place(&self, row: usize) -> Option<Place> {
        let at = match &self.windows {
            Some(starts) => *starts.get(row)?,
            None => row,
        };
        self.places.get(at).copied()
    }

    /// Reads the files, leaves out rows, lays windows and divides.
    pub fn read(
        reading: &Reading,
        extents: &BTreeMap<String, usize>,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Rows, LoadError> {
        let mut rows = Rows::default();
        let mut parts = vec![];
        let per_row = |entry: &&&PortEntry| reading.ports.get(entry.port).is_some_and(RowPort::per_row);
        if reading.entries.iter().any(|entry| per_row(&entry)) {
            for (path, span, part) in reading.paths() {
                let source = reading.open(&path, span)?;
                if let Some(table) = source.table()
                    && let Some(names) = table.names()
                    && names.iter().all(|name| name.parse::<f64>().is_ok())
                {
                    warnings.push(lint::header_of_numbers(span, table.file()));
                }
                rows.sources.push(source);
                parts.push(part);
            }
        }
        rows.read_own(reading)?;
        reading.compare_headers(&rows.sources)?;
        rows.choose(reading)?;
        let window = rows.lay_windows(reading, extents)?;
        let count = rows.count();
        u32::try_from(count.max(rows.places.len())).map_err(|_| DataError::TooManyRows {
            file: rows.sources.first().map_or_else(String::new, |source| source.file().into()),
            rows: count.max(rows.places.len()),
        })?;
        let rows_of = |part| {
            let is_of_part =
                |row: &u32| rows.place(*row as usize).is_some_and(|place| parts.get(place.source) == Some(&part));
            (0..count as u32).filter(is_of_part).collect::<Vec<u32>>()
        };
        let (main, validation, test) = (rows_of(Part::Split), rows_of(Part::Validation), rows_of(Part::Test));
        let mut splits = rows.split(reading, main.len() as u32)?;
        splits.validation.extend(validation);
        splits.test.extend(test);
        rows.splits = splits;
        rows.train_places = rows.covered(window);
        Ok(rows)
    }

    /// Reads the arrays that have files of their own. They stand beside the rows of the first file, or make the rows if
    /// there is none.
    fn read_own(&mut self, reading: &Reading) -> Result<(), LoadError> {
        for (name, span) in reading.entries.iter().flat_map(|entry| entry.expr.own_arrays()) {
            let Some(file) = name.file.as_ref().filter(|_| !self.own.iter().any(|(other, _)| other == name)) else {
                continue;
            };
            let at = |error| LoadError::new(error, Some(span));
            let path = reading.base.join(file);
            let shown = path.display().to_string();
            let array =
                read_array(&path, name.name.as_deref()).and_then(|array| with_rows(&shown, array)).map_err(at)?;
            let rows = array.shape.first().copied().unwrap_or(0);
            match self.sources.first() {
                None => self.sources.push(Source::Arrays { file: shown, arrays: vec![], rows }),
                Some(first) if first.rows() != rows => {
                    let (file, rows_of_first) = (first.file().to_string(), first.rows());
                    let (other, other_rows) = (shown, rows);
                    return Err(at(DataError::ArrayRows { file, rows: rows_of_first, other, other_rows }));
                }
                Some(_) => {}
            }
            self.own.push((name.clone(), array));
        }
        Ok(())
    }

    /// Whether an array that an expression reads has no value in a row.
    fn lacks(&self, expr: &RowExpr, place: Place) -> bool {
        let is_lacking = |kind: &RowKind| match kind {
            RowKind::Array(name) => {
                let row = self.array(place.source, name).map_or(&[][..], |array| array.row(place.row));
                row.iter().any(|value| value.is_nan())
            }
            _ => false,
        };
        expr.find(&is_lacking).is_some()
    }

    /// Notes the rows of the files to use.
    fn choose(&mut self, reading: &Reading) -> Result<(), LoadError> {
        let settings = &reading.table.settings;
        let (mut places, mut dropped) = (vec![], 0);
        for (number, source) in self.sources.iter().enumerate() {
            let mut rows = 0..source.rows();
            if let Some(Set { value: (start, end), span }) = &settings.rows
                && number == 0
                && reading.file.is_none()
            {
                let end = end.unwrap_or(source.rows());
                if *start >= end || end > source.rows() {
                    let (file, rows) = (source.file().to_string(), source.rows());
                    let error = DataError::RowRange { file, start: *start, end, rows };
                    return Err(LoadError::new(error, Some(*span)));
                }
                rows = *start..end;
            }
            let mut columns = vec![];
            if settings.missing == Missing::Drop
                && let Some(table) = source.table()
            {
                for entry in reading.entries {
                    let at = |error| LoadError::new(error, Some(entry.expr.span));
                    columns.extend(columns_read(&entry.expr, table).map_err(at)?);
                }
            }
            let may_drop = settings.missing == Missing::Drop;
            let is_missing = |place: Place| {
                let cell = |column| source.table().map_or("", |table| table.cell(place.row, column));
                columns.iter().any(|(column, is_number)| is_missing(cell(*column), *is_number))
                    || may_drop && reading.entries.iter().any(|entry| self.lacks(&entry.expr, place))
            };
            let before = places.len();
            for place in rows.map(|row| Place { source: number, row }) {
                if is_missing(place) {
                    dropped += 1;
                } else {
                    places.push(place);
                }
            }
            if places.len() == before {
                return Err(DataError::AllDropped { file: source.file().to_string() }.into());
            }
        }
        (self.places, self.dropped) = (places, dropped);
        Ok(())
    }

    /// Lays as many windows into each file as fit, one after another; tells how far they reach from their start.
    fn lay_windows(
        &mut self,
        reading: &Reading,
        extents: &BTreeMap<String, usize>,
    ) -> Result<Option<(usize, usize)>, LoadError> {
        let mut steps: Option<(usize, Span)> = None;
        let mut reach = (usize::MAX, 0);
        for entry in reading.entries {
            for (window, span) in entry.expr.windows() {
                let at = |error| LoadError::new(error, Some(span));
                let length = window.length.resolve(extents).map_err(at)?;
                let offset = window.offset.resolve(extents).map_err(at)?;
                let step = window.step.as_ref().map_or(Ok(length), |step| step.resolve(extents)).map_err(at)?;
                match steps {
                    Some((first, _)) if first != step => {
                        return Err(at(DataError::WindowSteps { first, second: step }));
                    }
                    _ => steps = Some((step, span)),
                }
                reach = (reach.0.min(offset), reach.1.max(offset.saturating_add(length)));
            }
        }
        let Some((step, span)) = steps else { return Ok(None) };
        let mut starts = vec![];
        let mut start = 0;
        for (number, source) in self.sources.iter().enumerate() {
            let rows = self.places.iter().filter(|place| place.source == number).count();
            if rows < reach.1 {
                let error = DataError::WindowTooLong { file: source.file().into(), rows, reach: reach.1 };
                return Err(LoadError::new(error, Some(span)));
            }
            starts.extend((0..=rows - reach.1).step_by(step).map(|at| start + at));
            start += rows;
        }
        self.windows = Some(starts);
        Ok(Some(reach))
    }

    /// The numbers in `places` of what lies in a training row; windows begin and end at `reach` after their start.
    fn covered(&self, reach: Option<(usize, usize)>) -> Vec<u32> {
        let (Some(starts), Some((from, to))) = (&self.windows, reach) else { return self.splits.train.clone() };
        let mut is_covered = vec![false; self.places.len()];
        for start in self.splits.train.iter().filter_map(|row| starts.get(*row as usize)) {
            is_covered.iter_mut().take(start + to).skip(start + from).for_each(|covered| *covered = true);
        }
        (0..self.places.len() as u32).filter(|at| is_covered.get(*at as usize) == Some(&true)).collect()
    }

    /// Divides the first `rows` rows, those of the main file.
    fn split(&self, reading: &Reading, rows: u32) -> Result<Splits, LoadError> {
        let all = Splits { train: (0..rows).collect(), ..Splits::default() };
        let may_split = !reading.overrides.all_rows && !self.sources.is_empty();
        let settings = &reading.table.settings;
        let Some(split) = settings.split.as_ref().filter(|_| may_split) else { return Ok(all) };
        let classes = match &settings.stratify {
            Some(by) => Some(self.classes(reading, &by.value)?),
            None => None,
        };
        let groups = match &settings.group {
            Some(by) => Some(self.groups(by)?),
            None => None,
        };
        let division = Division {
            shares: split.value,
            shuffle: settings.shuffle,
            classes: classes.as_deref(),
            groups: groups.as_deref(),
            seed: reading.seed,
        };
        Splits::divide(rows, division).map_err(|error| LoadError::new(error, Some(split.span)))
    }

    /// A number for each row that is equal for equal texts in a column.
    fn groups(&self, by: &Set<Selection>) -> Result<Vec<u32>, LoadError> {
        let at = |error| LoadError::new(error, Some(by.span));
        let mut known: BTreeMap<&str, u32> = BTreeMap::new();
        let mut groups = vec![];
        for place in &self.places {
            let Some(table) = self.table(place).filter(|_| place.source == 0) else { continue };
            let column = by.value.resolve(table).map_err(at)?.first().copied().unwrap_or(0);
            let text = table.cell(place.row, column);
            if text.is_empty() {
                let (file, column) = (table.file().to_string(), table.column_name(column));
                let place = RowPlace::Line(table.line(place.row));
                return Err(at(DataError::Missing { file, place, column, found: String::new(), is_label: true }));
            }
            let next = known.len() as u32;
            groups.push(*known.entry(text).or_insert(next));
        }
        Ok(groups)
    }

    /// A number for each row that is equal for equal labels of a port.
    fn classes(&self, reading: &Reading, port_name: &str) -> Result<Vec<u32>, LoadError> {
        let named = |entry: &&PortEntry| reading.ports.get(entry.port).is_some_and(|port| port.name == port_name);
        let entry = reading.table.entries.iter().find(named);
        let Some((entry, port)) = entry.and_then(|entry| Some((entry, reading.ports.get(entry.port)?))) else {
            return Ok(vec![0; self.places.len()]);
        };
        // Only which labels are equal matters here, so the statistics of all rows will do, and are thrown away.
        let train: Vec<u32> = (0..self.places.len() as u32).collect();
        let mut evaluator = Evaluator {
            rows: self,
            train: &train,
            extents: &BTreeMap::new(),
            port,
            missing: reading.table.settings.missing,
            given: None,
            used: &mut Statistics::default(),
            warnings: &mut vec![],
            count: 0,
        };
        let numbers = evaluator.numbers(&entry.expr)?.repeated(self.places.len());
        let mut known = BTreeMap::new();
        let class = |value: &f64| {
            let next = known.len() as u32;
            *known.entry(value.to_bits()).or_insert(next)
        };
        Ok(numbers.values.iter().map(class).collect())
    }
}

impl Reading<'_> {
    /// Reads a file and checks that all entries can be read from it.
    fn open(&self, path: &Path, span: Option<Span>) -> Result<Source, LoadError> {
        let at = |error| LoadError::new(error, span);
        let file = path.display().to_string();
        let format = Format::of(path).map_err(|ending| at(DataError::Format { file: file.clone(), ending }))?;
        if let Some((place, error)) = self.entries.iter().find_map(|entry| format.refuses(&file, &entry.expr)) {
            return Err(LoadError::new(error, Some(place)));
        }
        if let (Some(group), false) = (&self.table.settings.group, matches!(format, Format::Table(_))) {
            let error = DataError::WrongFormat { file, function: "group", needs: "a table, `.csv` or `.tsv`" };
            return Err(LoadError::new(error, Some(group.span)));
        }
        let mut names = vec![];
        for entry in self.entries {
            entry.expr.visit(&mut |part| match &part.kind {
                RowKind::Array(ArrayName { file: None, name }) if !names.contains(name) => names.push(name.clone()),
                _ => {}
            });
        }
        Source::read(path, &self.table.settings, &names).map_err(at)
    }

    /// The files to read, the main one first.
    fn paths(&self) -> Vec<(PathBuf, Option<Span>, Part)> {
        let settings = &self.table.settings;
        let own = |file: &Option<Set<String>>, part| {
            file.as_ref().map(|file| (self.base.join(&file.value), Some(file.span), part))
        };
        let mut paths = vec![];
        match self.file {
            Some(path) => paths.push((path.clone(), None, Part::Split)),
            None => paths.extend(own(&settings.file, Part::Split)),
        }
        if !self.overrides.all_rows {
            paths.extend(own(&settings.validation, Part::Validation));
            paths.extend(own(&settings.test, Part::Test));
        }
        paths
    }

    /// If columns are chosen by number, all files must have the same header.
    fn compare_headers(&self, sources: &[Source]) -> Result<(), LoadError> {
        let tables: Vec<_> = sources.iter().filter_map(Source::table).collect();
        let Some((first, others)) = tables.split_first() else { return Ok(()) };
        let by_number = |kind: &RowKind| match kind {
            RowKind::Cells(selection) | RowKind::Category(selection) => selection.is_by_number(),
            _ => false,
        };
        let Some(span) = self.entries.iter().find_map(|entry| entry.expr.find(&by_number)) else { return Ok(()) };
        if let Some(other) = others.iter().find(|other| other.names() != first.names()) {
            let (file, other) = (first.file().into(), other.file().into());
            return Err(LoadError::new(DataError::HeadersDiffer { file, other }, Some(span)));
        }
        Ok(())
    }
}
