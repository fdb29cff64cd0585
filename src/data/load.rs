//! From checked `data` blocks to arrays: reads the rows of every table and evaluates every port.
//!
//! Reads specs and rows. Must not know models or training.

use super::error::{DataError, LoadError, RowPlace};
use super::evaluate::{Evaluator, Numbers};
use super::ports::{PortKind, RowPort};
use super::rows::{Place, Reading, Rows};
use super::source::read_array;
use super::spec::{DataSpec, PortEntry, TableSpec, check_shape};
use super::split::Splits;
use super::statistics::Statistics;
use crate::diag::Diagnostic;
use crate::diag::catalog::lints as lint;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a caller wants otherwise than the `data` block says.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Another file in place of `file` of the first table, relative to the working directory. The setting `rows` is then
    /// not used, as it belongs to the block's own file.
    pub file: Option<PathBuf>,
    /// The same by the name of a table: `edges` of `data edges { … }`.
    pub files: BTreeMap<String, PathBuf>,
    /// Do not split, and do not read the files of `validation` and `test`: all rows are in [`Splits::train`].
    pub all_rows: bool,
    /// Only these ports; for `predict`, which has no labels.
    pub ports: Option<Vec<String>>,
    /// Use these statistics, stored with the weights, in place of those of the training rows.
    pub statistics: Option<Statistics>,
    /// Sizes of open dims that are already fixed, by the text of the [`Extent`](super::Extent); they go before those that
    /// the blocks state.
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
    /// The number of its table, from 0.
    pub table: usize,
    /// How many rows of elements of `shape` there are; none if there is just one element for all rows.
    pub rows: Option<usize>,
    /// The shape of a row.
    pub shape: Vec<usize>,
    /// All rows of all parts, contiguous and row-major: row r begins at r times the product of `shape`.
    pub values: Values,
}

/// The data of a model: one array per port, and which rows are for what.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// The number of rows of all parts of the first table together.
    pub rows: usize,
    /// In the order of the ports given to [`DataSpec::new`].
    pub ports: Vec<PortData>,
    /// The rows of each part of the first table.
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
    places: Vec<(u32, RowPlace)>,
}

impl DataSet {
    /// The port with this name.
    pub fn port(&self, name: &str) -> Option<&PortData> {
        self.ports.iter().find(|port| port.name == name)
    }

    /// The file that a row of the first table comes from, and where it stands or begins there.
    pub fn place(&self, row: usize) -> Option<(&str, RowPlace)> {
        let (file, place) = self.places.get(row)?;
        Some((self.files.get(*file as usize)?, *place))
    }
}

/// Reads the start of a param from a file of arrays; learns the sizes of open dims from its shape. `param` describes the
/// param as a port without rows.
///
/// # Errors
/// A file or array that cannot be read, of another shape than the param, or with numbers that are not finite.
pub fn load_start(
    path: &Path,
    array: Option<&str>,
    param: &RowPort,
    extents: &mut BTreeMap<String, usize>,
) -> Result<Vec<f64>, LoadError> {
    let at = |error| LoadError::new(error, Some(param.span));
    let file = path.display().to_string();
    let found = read_array(path, array).map_err(at)?;
    check_shape(param, &found.shape, extents).map_err(|error| match error {
        DataError::Shape { port, found, needed } => {
            at(DataError::Start { file: file.clone(), param: port, found, needed })
        }
        other => at(other),
    })?;
    match found.values.iter().position(|value| !value.is_finite()) {
        Some(element) => {
            let row: usize = found.shape.iter().skip(1).product();
            let (place, column) = (RowPlace::Row(element / row.max(1)), array.unwrap_or(&param.name).to_string());
            let found = found.values.get(element).map_or_else(String::new, f64::to_string);
            Err(at(DataError::Cell { file, place, column, found, expected: "a finite number" }))
        }
        None => Ok(found.values),
    }
}

/// One table while it is loaded.
struct Loaded<'a> {
    table: &'a TableSpec,
    entries: Vec<&'a PortEntry>,
    rows: Rows,
}

impl DataSpec {
    /// Reads the files and evaluates the blocks. Paths are relative to `base`, the folder of the model. The same files,
    /// blocks, overrides and seed give the same result on every machine.
    ///
    /// Without `split` all rows of `file` are for training; files of `validation` and `test` come after them in the
    /// arrays. Statistics are those of the training rows unless the caller gives others.
    ///
    /// # Errors
    /// The first problem found, with the file, line and column, and the place in the model that asked for the data.
    pub fn load(&self, base: &Path, overrides: &Overrides, seed: u64) -> Result<DataSet, LoadError> {
        let mut extents = self.dims().clone();
        extents.extend(overrides.extents.clone());
        let mut warnings = vec![];
        let mut tables = vec![];
        for (number, table) in self.tables.iter().enumerate() {
            let entries = self.wanted(table, overrides);
            let file = match &table.name {
                Some(name) if overrides.files.contains_key(name) => overrides.files.get(name),
                _ => overrides.file.as_ref().filter(|_| number == 0),
            };
            let reading = Reading { ports: &self.ports, table, entries: &entries, base, overrides, file, seed };
            let rows = Rows::read(&reading, &extents, &mut warnings)?;
            tables.push(Loaded { table, entries, rows });
        }
        self.check_wanted(overrides)?;
        for loaded in &tables {
            self.bind_rows(loaded, &mut extents)?;
        }

        let mut statistics = Statistics::default();
        let mut evaluated = vec![];
        for (loaded, entry) in tables.iter().flat_map(|loaded| loaded.entries.iter().map(move |e| (loaded, *e))) {
            let Some(port) = self.ports.get(entry.port) else { continue };
            let mut evaluator = Evaluator {
                rows: &loaded.rows,
                train: &loaded.rows.splits.train,
                extents: &extents,
                port,
                missing: loaded.table.settings.missing,
                given: overrides.statistics.as_ref(),
                used: &mut statistics,
                warnings: &mut warnings,
                count: 0,
            };
            let numbers = evaluator.numbers(&entry.expr)?;
            let numbers = numbers.repeated(if port.per_row() { loaded.rows.count() } else { 1 });
            let at = |error| LoadError::new(error, Some(entry.expr.span));
            check_shape(port, &numbers.shape, &mut extents).map_err(at)?;
            evaluated.push((loaded, entry, port, numbers));
        }
        // Labels come last: their classes may be the size of an axis, or stated.
        let fixed = extents.clone();
        for (_, entry, port, numbers) in &evaluated {
            let PortKind::Index(classes) = &port.kind else { continue };
            let categories = statistics.categories(&port.name).map_or(0, <[String]>::len);
            let size = classes.known.or_else(|| fixed.get(&classes.text).copied());
            if let Some(known) = size.filter(|size| categories > *size) {
                let (port, dim) = (port.name.clone(), classes.text.clone());
                let error = DataError::Categories { port, dim, found: categories, known };
                return Err(LoadError::new(error, Some(entry.expr.span)));
            }
            if size.is_none() {
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
        for (loaded, entry, port, numbers) in evaluated {
            let at = |error| LoadError::new(error, Some(entry.expr.span));
            let values = convert(port, &numbers, &extents, &loaded.rows).map_err(at)?;
            let table = tables.iter().position(|other| std::ptr::eq(other, loaded)).unwrap_or(0);
            let rows = port.per_row().then(|| loaded.rows.count());
            ports.push((entry.port, PortData { name: port.name.clone(), table, rows, shape: numbers.shape, values }));
        }
        ports.sort_by_key(|(number, _)| *number);
        let ports = ports.into_iter().map(|(_, port)| port).collect();
        let dropped = tables.iter().map(|loaded| loaded.rows.dropped).sum();
        let main = tables.into_iter().next().map(|loaded| loaded.rows).unwrap_or_default();
        let files = main.sources.iter().map(|source| source.file().to_string()).collect();
        let in_file = |place: Place| {
            main.sources.get(place.source).map_or(RowPlace::Row(place.row), |source| source.place(place.row))
        };
        let place =
            |row| main.place(row).map_or((0, RowPlace::Row(row)), |place| (place.source as u32, in_file(place)));
        let places = (0..main.count()).map(place).collect();
        let (rows, splits) = (main.count(), main.splits);
        Ok(DataSet { rows, ports, splits, extents, statistics, dropped, warnings, files, places })
    }

    /// The entries of a table to evaluate.
    fn wanted<'a>(&'a self, table: &'a TableSpec, overrides: &Overrides) -> Vec<&'a PortEntry> {
        let name = |entry: &PortEntry| self.ports.get(entry.port).map(|port| port.name.as_str());
        let is_wanted = |entry: &&PortEntry| match &overrides.ports {
            Some(wanted) => wanted.iter().any(|port| name(entry) == Some(port.as_str())),
            None => true,
        };
        table.entries.iter().filter(is_wanted).collect()
    }

    fn check_wanted(&self, overrides: &Overrides) -> Result<(), LoadError> {
        match overrides.ports.iter().flatten().find(|port| !self.filled().any(|filled| filled == port.as_str())) {
            Some(port) => Err(DataError::UnknownPort { port: port.clone() }.into()),
            None => Ok(()),
        }
    }

    /// Gives the row axis of a table its size, if all rows are used at once.
    fn bind_rows(&self, loaded: &Loaded, extents: &mut BTreeMap<String, usize>) -> Result<(), LoadError> {
        if self.tables.len() < 2 {
            return Ok(());
        }
        for entry in &loaded.entries {
            let Some((port, axis)) = self.ports.get(entry.port).and_then(|port| Some((port, port.rows.as_ref()?)))
            else {
                continue;
            };
            let found = loaded.rows.count();
            let known = axis.known.unwrap_or_else(|| *extents.entry(axis.text.clone()).or_insert(found));
            if known != found {
                let (port, dim) = (port.name.clone(), axis.text.clone());
                let error = DataError::Extent { port, dim, found, known };
                return Err(LoadError::new(error, Some(entry.expr.span)));
            }
        }
        Ok(())
    }
}

/// The values as the port holds them.
fn convert(
    port: &RowPort,
    numbers: &Numbers,
    extents: &BTreeMap<String, usize>,
    rows: &Rows,
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
            let (file, place) = numbers.file_and_place(rows, at);
            let column = numbers.columns.get(at % numbers.width().max(1)).cloned().unwrap_or_default();
            return Err(DataError::Label { file, place, column, port: port.name.clone(), found: *value, classes });
        }
        labels.push(*value as u32);
    }
    Ok(match port.kind {
        PortKind::Bool => Values::Bool(labels.iter().map(|label| *label == 1).collect()),
        _ => Values::Index(labels),
    })
}
