//! The value of an expression for every row: cells to numbers, arithmetic, statistics of the training rows.
//!
//! Reads tables, expressions and statistics. Must not know splits or ports' shapes.

use super::columns::Selection;
use super::constant::apply;
use super::error::{DataError, LoadError, RowPlace, element_count};
use super::expression::{ArrayName, RowExpr, RowKind, Scaling, Window, combine};
use super::ports::{PortKind, RowPort};
use super::rows::{Place, Rows};
use super::settings::Missing;
use super::source::Source;
use super::statistics::{Statistic, Statistics, mean_and_deviation};
use super::table::Table;
use crate::diag::Diagnostic;
use crate::diag::catalog::lints as lint;
use crate::span::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Texts that stand for a missing number, besides the empty text and NaN.
const MISSING_WORDS: &[&str] = &["NA", "N/A", "NULL", "null", "?"];

/// Texts for truth values in the columns of a bool port.
const TRUTHS: &[(&str, f64)] = &[("true", 1.0), ("false", 0.0)];

/// One value per element and row, row by row.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    /// The shape of a row.
    pub shape: Vec<usize>,
    /// All rows; of an expression without columns one row.
    pub values: Vec<f64>,
    /// The column that each element of a row comes from; empty if it is none in particular.
    pub columns: Vec<String>,
    /// Whether there is a row of values for each row of the data.
    per_row: bool,
    /// Of windows: how many places after the start of the window the first element lies, and elements per place.
    window: Option<(usize, usize)>,
}

impl Numbers {
    /// Elements in a row.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The file and row of an element.
    pub fn file_and_place(&self, rows: &Rows, element: usize) -> (String, RowPlace) {
        let width = self.width().max(1);
        let at = match (&rows.windows, self.window) {
            (Some(starts), Some((offset, per_place))) => {
                let within = offset + element % width / per_place.max(1);
                starts.get(element / width).map_or(0, |start| start + within)
            }
            // Inside of windows the rows are those of the files.
            _ => element / width,
        };
        let place = rows.places.get(at);
        match place.and_then(|place| Some((rows.sources.get(place.source)?, place.row))) {
            Some((source, row)) => (source.file().to_string(), source.place(row)),
            None => (String::new(), RowPlace::Row(element / width)),
        }
    }

    /// The same, with a row of values for each of `rows` rows if there was just one for all.
    pub fn repeated(mut self, rows: usize) -> Numbers {
        if !self.per_row {
            self.values = self.values.repeat(rows);
            self.per_row = true;
        }
        self
    }
}

/// What a cell holds.
enum Cell {
    Number(f64),
    Infinite,
    Missing,
    Text,
}

fn cell(text: &str) -> Cell {
    match text.parse::<f64>() {
        Ok(number) if number.is_nan() => Cell::Missing,
        Ok(number) if number.is_infinite() => Cell::Infinite,
        Ok(number) => Cell::Number(number),
        Err(_) if text.is_empty() || MISSING_WORDS.contains(&text) => Cell::Missing,
        Err(_) => Cell::Text,
    }
}

/// The columns that an expression reads, and whether as numbers.
pub(super) fn columns_read(expr: &RowExpr, table: &Table) -> Result<Vec<(usize, bool)>, DataError> {
    let mut columns = vec![];
    let mut problem = None;
    expr.visit(&mut |part| {
        let (selection, is_number) = match &part.kind {
            RowKind::Cells(selection) => (selection, true),
            RowKind::Category(selection) => (selection, false),
            _ => return,
        };
        match selection.resolve(table) {
            Ok(found) => columns.extend(found.into_iter().map(|column| (column, is_number))),
            Err(error) => problem = problem.take().or(Some(error)),
        }
    });
    problem.map_or(Ok(columns), Err)
}

/// Whether a cell holds no value.
pub(super) fn is_missing(text: &str, is_number: bool) -> bool {
    text.is_empty() || is_number && matches!(cell(text), Cell::Missing)
}

/// Evaluates the expression of one port.
pub(super) struct Evaluator<'a> {
    pub rows: &'a Rows,
    /// The rows that statistics are fitted to: of the table, or inside of windows of the files.
    pub train: &'a [u32],
    /// Sizes of open dims.
    pub extents: &'a BTreeMap<String, usize>,
    pub port: &'a RowPort,
    pub missing: Missing,
    /// Statistics to use instead of fitting.
    pub given: Option<&'a Statistics>,
    /// Where the statistics that are used go.
    pub used: &'a mut Statistics,
    pub warnings: &'a mut Vec<Diagnostic>,
    /// Statistics of this port so far.
    pub count: usize,
}

impl Evaluator<'_> {
    /// All rows of an expression.
    pub fn numbers(&mut self, expr: &RowExpr) -> Result<Numbers, LoadError> {
        let at = |error| LoadError::new(error, Some(expr.span));
        match &expr.kind {
            RowKind::Number(value) => {
                let (shape, values, columns) = (vec![], vec![*value], vec![String::new()]);
                Ok(Numbers { shape, values, columns, per_row: false, window: None })
            }
            RowKind::Cells(selection) => self.cells(selection).map_err(at),
            RowKind::Category(selection) => self.category(selection).map_err(at),
            RowKind::Chars => self.chars().map_err(at),
            RowKind::Array(name) => self.array(name).map_err(at),
            RowKind::Windows(inner, window) => self.windows(inner, window, expr.span),
            RowKind::Function(function, inner) => {
                let mut numbers = self.numbers(inner)?;
                numbers.values.iter_mut().for_each(|value| *value = function.apply(*value));
                self.finite(numbers, expr.span)
            }
            RowKind::Binary(op, left, right) => {
                let (left, right) = (self.numbers(left)?, self.numbers(right)?);
                let both = combined(&left, &right, |a, b| apply(*op, a, b).unwrap_or(f64::NAN)).map_err(at)?;
                self.finite(both, expr.span)
            }
            RowKind::Scale(scaling, inner) => {
                let numbers = self.numbers(inner)?;
                self.scale(*scaling, numbers, expr.span)
            }
            RowKind::Reshape(inner, shape) => {
                let mut numbers = self.numbers(inner)?;
                if element_count(shape) != numbers.width() {
                    return Err(at(DataError::Reshape { from: numbers.shape, to: shape.clone() }));
                }
                numbers.shape.clone_from(shape);
                Ok(numbers)
            }
        }
    }

    /// The stretches of rows that the windows of the table cover.
    fn windows(&mut self, inner: &RowExpr, window: &Window, span: Span) -> Result<Numbers, LoadError> {
        let at = |error| LoadError::new(error, Some(span));
        let length = window.length.resolve(self.extents).map_err(at)?;
        let offset = window.offset.resolve(self.extents).map_err(at)?;
        let outer = std::mem::replace(&mut self.train, &self.rows.train_places);
        let series = self.numbers(inner).map(|numbers| numbers.repeated(self.rows.places.len()));
        self.train = outer;
        let series = series?;
        let (width, starts) = (series.width(), self.rows.windows.as_deref().unwrap_or_default());
        let mut values = Vec::with_capacity(starts.len() * length * width);
        for start in starts {
            let from = (start + offset) * width;
            values.extend_from_slice(series.values.get(from..from + length * width).unwrap_or_default());
        }
        let shape = [vec![length], series.shape].concat();
        let columns = series.columns.iter().cycle().take(length * width).cloned().collect();
        Ok(Numbers { shape, values, columns, per_row: true, window: Some((offset, width)) })
    }

    /// The rows of an array. NaN is a missing number.
    fn array(&mut self, name: &ArrayName) -> Result<Numbers, DataError> {
        let rows = self.rows;
        let fill = self.missing == Missing::Mean && self.port.kind == PortKind::Real;
        let mut shape: Option<Vec<usize>> = None;
        let (mut values, mut missing, mut columns) = (vec![], vec![], vec![]);
        for place in &rows.places {
            let Some(array) = rows.array(place.source, name) else { continue };
            let found = array.shape.get(1..).unwrap_or_default();
            match &shape {
                Some(shape) if shape != found => {
                    let needed = format!("{shape:?} as in the first file");
                    return Err(DataError::Shape { port: self.port.name.clone(), found: found.to_vec(), needed });
                }
                Some(_) => {}
                None => {
                    shape = Some(found.to_vec());
                    columns = element_names(name.name.as_deref().unwrap_or(&self.port.name), found);
                }
            }
            for (element, value) in array.row(place.row).iter().enumerate() {
                let may_fill = value.is_nan() && fill;
                if !value.is_finite() && !may_fill {
                    let file = match (&name.file, rows.sources.get(place.source)) {
                        (Some(file), _) => file.clone(),
                        (None, source) => source.map_or("", Source::file).to_string(),
                    };
                    let column = columns.get(element).cloned().unwrap_or_default();
                    let (place, found) = (RowPlace::Row(place.row), value.to_string());
                    return Err(match value.is_nan() {
                        true => {
                            let is_label = self.missing == Missing::Mean;
                            DataError::Missing { file, place, column, found, is_label }
                        }
                        false => DataError::Cell { file, place, column, found, expected: "a finite number" },
                    });
                }
                if value.is_nan() {
                    missing.push(values.len());
                }
                values.push(*value);
            }
        }
        let mut numbers = Numbers { shape: shape.unwrap_or_default(), values, columns, per_row: true, window: None };
        if fill {
            self.fill(&mut numbers, &missing)?;
        }
        Ok(numbers)
    }

    /// The characters of the texts as labels: their places in the sorted list of those of the main file.
    fn chars(&mut self) -> Result<Numbers, DataError> {
        let key = self.next_key();
        let known: Vec<String> = match self.stored(&key)? {
            Some(Statistic::Category(names)) => names.clone(),
            Some(_) => return Err(unfit(&key, 1)),
            None => self.rows.sources.first().and_then(Source::text).map_or(vec![], |text| text.vocabulary()),
        };
        let labels: BTreeMap<char, usize> =
            known.iter().enumerate().filter_map(|(label, name)| Some((name.chars().next()?, label))).collect();
        let mut values = Vec::with_capacity(self.rows.places.len());
        for place in &self.rows.places {
            let text = self.rows.sources.get(place.source).and_then(Source::text);
            let Some((text, character)) = text.and_then(|text| Some((text, text.get(place.row)?))) else { continue };
            let Some(label) = labels.get(&character) else {
                let (file, line) = (text.file().to_string(), text.line(place.row));
                return Err(DataError::Character { file, line, found: character });
            };
            values.push(*label as f64);
        }
        self.used.insert(key, Statistic::Category(known));
        Ok(Numbers { shape: vec![], values, columns: vec![String::new()], per_row: true, window: None })
    }

    /// The files that are tables: all of them where columns are read.
    fn tables(&self) -> impl Iterator<Item = &Table> {
        self.rows.sources.iter().filter_map(Source::table)
    }

    /// The columns of a selection in each table.
    fn resolve(&self, selection: &Selection) -> Result<Vec<Vec<usize>>, DataError> {
        let columns: Vec<Vec<usize>> = self.tables().map(|table| selection.resolve(table)).collect::<Result<_, _>>()?;
        let width = columns.first().map_or(0, Vec::len);
        match columns.iter().find(|other| other.len() != width) {
            Some(other) => {
                let (port, needed) = (self.port.name.clone(), format!("[{width}] as in the first file"));
                Err(DataError::Shape { port, found: vec![other.len()], needed })
            }
            None => Ok(columns),
        }
    }

    /// An empty result for a selection.
    fn start(&self, selection: &Selection, columns: &[Vec<usize>]) -> Numbers {
        let first = columns.first().map_or(&[][..], Vec::as_slice);
        let names =
            first.iter().map(|c| self.tables().next().map_or_else(String::new, |t| t.column_name(*c))).collect();
        let shape = if matches!(selection, Selection::One(_)) { vec![] } else { vec![first.len()] };
        let values = Vec::with_capacity(first.len() * self.rows.places.len());
        Numbers { shape, values, columns: names, per_row: true, window: None }
    }

    fn cells(&mut self, selection: &Selection) -> Result<Numbers, DataError> {
        let columns = self.resolve(selection)?;
        let mut numbers = self.start(selection, &columns);
        let fill = self.missing == Missing::Mean && self.port.kind == PortKind::Real;
        let mut missing: Vec<usize> = vec![];
        let rows = self.rows;
        for place in &rows.places {
            let (Some(table), Some(columns)) = (rows.table(place), columns.get(place.source)) else {
                continue;
            };
            for column in columns {
                let value = match self.cell(table, place.row, *column)? {
                    Some(value) => value,
                    None if fill => {
                        missing.push(numbers.values.len());
                        f64::NAN
                    }
                    None => return Err(self.missing(table, place.row, *column)),
                };
                numbers.values.push(value);
            }
        }
        if fill {
            self.fill(&mut numbers, &missing)?;
        }
        Ok(numbers)
    }

    /// The number in a cell, or none if it is missing.
    fn cell(&self, table: &Table, row: usize, column: usize) -> Result<Option<f64>, DataError> {
        let text = table.cell(row, column);
        let is_truth = self.port.kind == PortKind::Bool;
        if is_truth && let Some((_, value)) = TRUTHS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)) {
            return Ok(Some(*value));
        }
        let expected = match cell(text) {
            Cell::Number(value) => return Ok(Some(value)),
            Cell::Missing => return Ok(None),
            Cell::Infinite => "a finite number",
            Cell::Text if is_truth => "a truth value (true, false, 1 or 0)",
            Cell::Text => "a number",
        };
        let (file, column) = (table.file().to_string(), table.column_name(column));
        let place = RowPlace::Line(table.line(row));
        Err(DataError::Cell { file, place, column, found: text.to_string(), expected })
    }

    fn missing(&self, table: &Table, row: usize, column: usize) -> DataError {
        let found = table.cell(row, column).to_string();
        let (file, column) = (table.file().to_string(), table.column_name(column));
        let place = RowPlace::Line(table.line(row));
        DataError::Missing { file, place, column, found, is_label: self.missing == Missing::Mean }
    }

    /// Puts the means of the training rows where numbers are missing.
    fn fill(&mut self, numbers: &mut Numbers, missing: &[usize]) -> Result<(), DataError> {
        let width = numbers.width();
        let key = self.next_key();
        let means = match self.stored(&key)? {
            Some(Statistic::Mean(means)) if means.len() == width => means.clone(),
            Some(_) => return Err(unfit(&key, width)),
            None => {
                let mut means = vec![];
                for (element, column) in numbers.columns.iter().enumerate() {
                    let known = elements(&numbers.values, width, element, self.train).filter(|value| !value.is_nan());
                    if known.clone().next().is_none() {
                        let file = self.rows.sources.first().map_or("", Source::file).to_string();
                        return Err(DataError::NoMean { file, column: column.clone() });
                    }
                    means.push(mean_and_deviation(known).0);
                }
                means
            }
        };
        for at in missing {
            if let (Some(value), Some(mean)) = (numbers.values.get_mut(*at), means.get(at % width.max(1))) {
                *value = *mean;
            }
        }
        self.used.insert(key, Statistic::Mean(means));
        Ok(())
    }

    /// The texts of columns as labels: their places in the sorted list of the training rows' texts.
    fn category(&mut self, selection: &Selection) -> Result<Numbers, DataError> {
        let columns = self.resolve(selection)?;
        let mut numbers = self.start(selection, &columns);
        let mut texts: Vec<(&str, Place, usize)> = vec![];
        let rows = self.rows;
        for place in &rows.places {
            let (Some(table), Some(columns)) = (rows.table(place), columns.get(place.source)) else {
                continue;
            };
            for column in columns {
                let text = table.cell(place.row, *column);
                if text.is_empty() {
                    return Err(self.missing(table, place.row, *column));
                }
                texts.push((text, *place, *column));
            }
        }
        let key = self.next_key();
        let known: Vec<String> = match self.stored(&key)? {
            Some(Statistic::Category(names)) => names.clone(),
            Some(_) => return Err(unfit(&key, 1)),
            None => {
                let width = numbers.width();
                let of_row = |row: &u32| texts.iter().skip(*row as usize * width).take(width).map(|(text, ..)| *text);
                let names: BTreeSet<&str> = self.train.iter().flat_map(of_row).collect();
                names.into_iter().map(String::from).collect()
            }
        };
        for (text, place, column) in texts {
            let Ok(label) = known.binary_search_by(|name| name.as_str().cmp(text)) else {
                let Some(table) = rows.table(&place) else { continue };
                let (file, line, column) = (table.file().into(), table.line(place.row), table.column_name(column));
                return Err(DataError::Category { file, line, column, found: text.into(), known });
            };
            numbers.values.push(label as f64);
        }
        self.used.insert(key, Statistic::Category(known));
        Ok(numbers)
    }

    fn scale(&mut self, scaling: Scaling, mut numbers: Numbers, span: Span) -> Result<Numbers, LoadError> {
        let at = |error| LoadError::new(error, Some(span));
        let width = numbers.width();
        let key = self.next_key();
        let statistic = match self.stored(&key).map_err(at)? {
            Some(statistic) => statistic.clone(),
            None => self.fit(scaling, &numbers, span)?,
        };
        let (offset, range): (&[f64], Vec<f64>) = match (scaling, &statistic) {
            (Scaling::Standardize, Statistic::Standardize(mean, deviation)) => (mean, deviation.clone()),
            (Scaling::MinMax, Statistic::MinMax(low, high)) => {
                (low, low.iter().zip(high).map(|(low, high)| high - low).collect())
            }
            _ => return Err(at(unfit(&key, width))),
        };
        if offset.len() != width {
            return Err(at(unfit(&key, width)));
        }
        for row in numbers.values.chunks_mut(width.max(1)) {
            for ((value, offset), range) in row.iter_mut().zip(offset).zip(&range) {
                // A constant column tells nothing: 0, not 0 / 0.
                *value = if *range == 0.0 { 0.0 } else { (*value - offset) / range };
            }
        }
        self.used.insert(key, statistic);
        self.finite(numbers, span)
    }

    /// The statistic of the training rows.
    fn fit(&mut self, scaling: Scaling, numbers: &Numbers, span: Span) -> Result<Statistic, LoadError> {
        let width = numbers.width();
        let rows = if numbers.per_row { self.train } else { &[0] };
        let of_element = |element| {
            let values = elements(&numbers.values, width, element, rows);
            match scaling {
                Scaling::Standardize => mean_and_deviation(values),
                Scaling::MinMax => {
                    (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
                }
            }
        };
        let (first, second): (Vec<f64>, Vec<f64>) = (0..width).map(of_element).unzip();
        let range = |element: usize| match (scaling, first.get(element), second.get(element)) {
            (Scaling::MinMax, Some(low), Some(high)) => high - low,
            (_, _, Some(deviation)) => *deviation,
            _ => 0.0,
        };
        // Numbers near the largest double have no deviation that is one.
        if let Some(found) = (0..width).map(range).find(|range| !range.is_finite()) {
            let first = self.train.first().map_or(0, |row| *row as usize);
            let (file, place) = numbers.file_and_place(self.rows, first * width);
            let error = DataError::NotFinite { file, place, port: self.port.name.clone(), found };
            return Err(LoadError::new(error, Some(span)));
        }
        let constants: Vec<String> = (0..width)
            .filter(|element| range(*element) == 0.0)
            .filter_map(|element| numbers.columns.get(element).cloned())
            .collect();
        if !constants.is_empty() {
            self.warnings.push(lint::constant_columns(span, scaling.name(), &constants, width));
        }
        Ok(match scaling {
            Scaling::Standardize => Statistic::Standardize(first, second),
            Scaling::MinMax => Statistic::MinMax(first, second),
        })
    }

    fn next_key(&mut self) -> String {
        self.count += 1;
        Statistics::key(&self.port.name, self.count - 1)
    }

    /// The stored statistic of this key, none if statistics are to be fitted.
    fn stored(&self, key: &str) -> Result<Option<&Statistic>, DataError> {
        match self.given.map(|given| given.get(key)) {
            None => Ok(None),
            Some(Some(statistic)) => Ok(Some(statistic)),
            Some(None) => Err(DataError::Statistics { key: key.to_string(), problem: "is missing".into() }),
        }
    }

    fn finite(&self, numbers: Numbers, span: Span) -> Result<Numbers, LoadError> {
        let Some(at) = numbers.values.iter().position(|value| !value.is_finite()) else { return Ok(numbers) };
        let (file, place) = numbers.file_and_place(self.rows, at);
        let found = numbers.values.get(at).copied().unwrap_or(f64::NAN);
        let error = DataError::NotFinite { file, place, port: self.port.name.clone(), found };
        Err(LoadError::new(error, Some(span)))
    }
}

/// One element of some rows.
fn elements<'a>(
    values: &'a [f64],
    width: usize,
    element: usize,
    rows: &'a [u32],
) -> impl Iterator<Item = f64> + Clone + 'a {
    rows.iter().filter_map(move |row| values.get(*row as usize * width + element).copied())
}

/// `x[0, 1]` for each element of a row, `x` for a single one.
fn element_names(name: &str, shape: &[usize]) -> Vec<String> {
    let mut names = vec![String::new()];
    for size in shape {
        let with = |before: &String, i: usize| if before.is_empty() { i.to_string() } else { format!("{before}, {i}") };
        names = names.iter().flat_map(|before| (0..*size).map(move |i| with(before, i))).collect();
    }
    let full = |inside: String| if inside.is_empty() { name.to_string() } else { format!("{name}[{inside}]") };
    names.into_iter().map(full).collect()
}

fn unfit(key: &str, width: usize) -> DataError {
    DataError::Statistics { key: key.to_string(), problem: format!("is not for {width} columns of this kind") }
}

/// An elementwise operation on shapes that combine.
fn combined(left: &Numbers, right: &Numbers, op: impl Fn(f64, f64) -> f64) -> Result<Numbers, DataError> {
    let shape = combine(&left.shape, &right.shape)?;
    let (left_width, right_width) = (left.width(), right.width());
    let width = left_width.max(right_width);
    let rows = (left.values.len() / left_width.max(1)).max(right.values.len() / right_width.max(1));
    let at = |numbers: &Numbers, width: usize, row: usize, element: usize| {
        let row = if numbers.per_row { row } else { 0 };
        numbers.values.get(row * width + element % width.max(1)).copied().unwrap_or(f64::NAN)
    };
    let mut values = Vec::with_capacity(rows * width);
    for row in 0..rows {
        values.extend((0..width).map(|e| op(at(left, left_width, row, e), at(right, right_width, row, e))));
    }
    let source = if left.per_row && left_width == width || !right.per_row { left } else { right };
    let columns =
        (0..width).map(|e| source.columns.get(e % source.width().max(1)).cloned().unwrap_or_default()).collect();
    let window = if left.width() == width { left.window } else { right.window };
    Ok(Numbers { shape, values, columns, per_row: left.per_row || right.per_row, window })
}
