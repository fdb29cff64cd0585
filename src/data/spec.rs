//! The `data` blocks of a model, checked against its ports before any file is read.
//!
//! Reads blocks and what the caller says about ports and dims. Must not know files' contents.

use super::constant::{Dims, count, described};
use super::error::{DataError, LoadError};
use super::expression::{RowExpr, RowKind};
use super::ports::{Extent, PortKind, RowPort};
use super::settings::{self, Missing, Settings, value_span};
use super::source::Format;
use crate::diag::Diagnostic;
use crate::diag::catalog::data as error;
use crate::syntax::ast::{ArgumentValue, Block, Entry};
use std::collections::BTreeMap;
use std::path::Path;

/// What the `data` blocks say: for each its settings and an expression for each port, and sizes of open dims.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSpec {
    pub(super) ports: Vec<RowPort>,
    /// One for each block; one without entries if there is no block.
    pub(super) tables: Vec<TableSpec>,
    dims: BTreeMap<String, usize>,
}

/// What one block says about its rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TableSpec {
    /// Its name, if it has one.
    pub name: Option<String>,
    pub settings: Settings,
    /// In the order of the ports.
    pub entries: Vec<PortEntry>,
}

/// One port's expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PortEntry {
    /// Its number in `ports`.
    pub port: usize,
    /// What fills it.
    pub expr: RowExpr,
}

impl DataSpec {
    /// Reads the `data` blocks of a file. `ports` are the inputs and targets that data can fill, `dims` all dims with
    /// their sizes, the open ones without. No file is read, so `nnc check` can call this.
    ///
    /// # Errors
    /// Every problem found: unknown, repeated and unavailable keys, impossible values, unknown functions, expressions
    /// that do not fit the kind or shape of their port, required ports without an entry, blocks that cannot be told
    /// apart.
    pub fn new(blocks: &[Block], ports: &[RowPort], dims: Dims) -> Result<DataSpec, Vec<Diagnostic>> {
        let spec = DataSpec { ports: ports.to_vec(), tables: vec![], dims: BTreeMap::new() };
        let mut reader = Reader { ports, dims, spec, problems: vec![], several: blocks.len() > 1 };
        reader.names(blocks);
        let mut keys: Vec<&Entry> = vec![];
        for block in blocks {
            let name = block.name.as_ref().map(|name| name.text.clone());
            reader.spec.tables.push(TableSpec { name, ..TableSpec::default() });
            let first = keys.len();
            for entry in &block.entries {
                let same = |before: &&&Entry| before.key.text == entry.key.text && before.port == entry.port;
                // Settings are those of a block, ports and dims those of the model.
                let from = if reader.is_setting(entry) { first } else { 0 };
                match keys.iter().skip(from).find(same) {
                    Some(before) => {
                        reader.problems.push(error::key_twice(entry.key.span, &entry.key.text, before.key.span));
                    }
                    None => reader.entry(entry),
                }
                keys.push(entry);
            }
        }
        if blocks.is_empty() {
            reader.spec.tables.push(TableSpec::default());
        }
        reader.finish(!blocks.is_empty());
        if reader.problems.is_empty() { Ok(reader.spec) } else { Err(reader.problems) }
    }

    /// The settings of the first block.
    pub fn settings(&self) -> &Settings {
        const NONE: &Settings = &Settings::NONE;
        self.tables.first().map_or(NONE, |table| &table.settings)
    }

    /// The names of the tables, as far as they have names.
    pub fn table_names(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().filter_map(|table| table.name.as_deref())
    }

    /// The sizes that the blocks give to open dims.
    pub fn dims(&self) -> &BTreeMap<String, usize> {
        &self.dims
    }

    /// The names of the ports that the blocks fill, table by table in the order of the ports.
    pub fn filled(&self) -> impl Iterator<Item = &str> {
        let entries = self.tables.iter().flat_map(|table| &table.entries);
        entries.filter_map(|entry| self.ports.get(entry.port)).map(|port| port.name.as_str())
    }
}

struct Reader<'a> {
    ports: &'a [RowPort],
    dims: Dims<'a>,
    /// Tables are read one by one; the last one is under way.
    spec: DataSpec,
    problems: Vec<Diagnostic>,
    /// Whether there is more than one block.
    several: bool,
}

impl Reader<'_> {
    /// Several blocks must have names, all different.
    fn names(&mut self, blocks: &[Block]) {
        for (i, block) in blocks.iter().enumerate().filter(|_| self.several) {
            let key = block.entries.first().map(|entry| entry.key.span);
            let Some(name) = &block.name else {
                self.problems.push(error::block_without_name(key.unwrap_or_default()));
                continue;
            };
            let same = |other: &&Block| other.name.as_ref().is_some_and(|other| other.text == name.text);
            if let Some(first) = blocks[..i].iter().find(same).and_then(|first| first.name.as_ref()) {
                self.problems.push(error::block_twice(name.span, &name.text, first.span));
            }
        }
    }

    fn is_setting(&self, entry: &Entry) -> bool {
        let key = entry.key.text.as_str();
        !entry.port && settings::NAMES.contains(&key)
    }

    fn table(&mut self) -> &mut TableSpec {
        if self.spec.tables.is_empty() {
            self.spec.tables.push(TableSpec::default());
        }
        let last = self.spec.tables.len() - 1;
        &mut self.spec.tables[last]
    }

    fn entry(&mut self, entry: &Entry) {
        let (key, at) = (entry.key.text.as_str(), entry.key.span);
        let read = if !entry.port && settings::NAMES.contains(&key) {
            let dims = self.dims;
            self.table().settings.set(entry, dims)
        } else if let Some(port) = self.ports.iter().position(|port| port.name == key) {
            self.port(port, entry)
        } else {
            match self.dims.iter().find(|(dim, _)| *dim == key) {
                Some((dim, None)) => self.dim(dim, entry),
                Some((_, Some(size))) => Err(Box::new(error::known_dim(at, key, *size))),
                None => {
                    let ports = self.ports.iter().map(|port| port.name.as_str());
                    let open = self.dims.iter().filter(|(_, size)| size.is_none()).map(|(dim, _)| *dim);
                    let known: Vec<&str> = ports.chain(settings::NAMES.iter().copied()).chain(open).collect();
                    Err(Box::new(error::unknown_key(at, key, &known)))
                }
            }
        };
        if let Err(problem) = read {
            self.problems.push(*problem);
        }
    }

    fn dim(&mut self, dim: &str, entry: &Entry) -> Result<(), Box<Diagnostic>> {
        let size = match &entry.value {
            ArgumentValue::Expr(value) => count(value, self.dims).filter(|size| *size > 0),
            ArgumentValue::Range(_) => None,
        };
        let at = value_span(&entry.value);
        let size = size.ok_or_else(|| {
            error::bad_value(at, dim, "a whole number, 1 or more", &described(&entry.value, self.dims))
        })?;
        self.spec.dims.insert(dim.to_string(), size);
        Ok(())
    }

    fn port(&mut self, number: usize, entry: &Entry) -> Result<(), Box<Diagnostic>> {
        let ArgumentValue::Expr(value) = &entry.value else {
            return Err(Box::new(error::not_an_expression(value_span(&entry.value))));
        };
        let expr = RowExpr::new(value, self.dims)?;
        let Some(port) = self.ports.get(number) else { return Ok(()) };
        check_kind(&expr, port)?;
        let shape = expr.shape().map_err(|problem| problem.diagnostic())?;
        // Sizes that data give to open dims are compared when the data are there.
        if let Some(Err(problem)) = shape.map(|shape| check_shape(port, &shape, &mut BTreeMap::new())) {
            return Err(Box::new(
                error::shape(expr.span, &problem.to_string(), problem.help()).label(port.span, "declared here"),
            ));
        }
        self.table().entries.push(PortEntry { port: number, expr });
        Ok(())
    }

    /// What can be said once all entries are known.
    fn finish(&mut self, has_block: bool) {
        for table in &mut self.spec.tables {
            table.entries.sort_by_key(|entry| entry.port);
        }
        for table in &self.spec.tables {
            table.settings.contradictions(&mut self.problems);
            if self.several
                && let Some(span) = table.settings.divides()
            {
                self.problems.push(error::several_tables_divided(span));
            }
            let per_row: Vec<(&PortEntry, &RowPort)> = table
                .entries
                .iter()
                .filter_map(|entry| Some((entry, self.ports.get(entry.port)?)))
                .filter(|(_, port)| port.per_row())
                .collect();
            check_rows(table, &per_row, &mut self.problems);
        }
        // An entry with a problem of its own is not also called absent.
        if self.problems.is_empty() {
            let filled = |number| self.spec.tables.iter().flat_map(|t| &t.entries).any(|entry| entry.port == number);
            for (number, port) in self.ports.iter().enumerate().filter(|(_, port)| port.required) {
                if !filled(number) {
                    self.problems.push(error::port_without_entry(port.span, &port.name, has_block));
                }
            }
        }
    }
}

/// What a table must have for its ports with a row axis: a file that they can be read from, one kind of rows.
fn check_rows(table: &TableSpec, per_row: &[(&PortEntry, &RowPort)], problems: &mut Vec<Diagnostic>) {
    let settings = &table.settings;
    match &settings.file {
        // A wrong or misspelt `file` was reported.
        None if !problems.is_empty() => {}
        None => {
            let needs = per_row.iter().find(|(entry, _)| entry.expr.needs_file() || !entry.expr.has_columns());
            problems.extend(needs.map(|(entry, _)| error::no_file(entry.expr.span)));
        }
        Some(file) => {
            let format = Format::of(Path::new(&file.value));
            let refused = |(entry, _): &(&PortEntry, &RowPort)| {
                format.as_ref().ok().and_then(|format| format.refuses(&file.value, &entry.expr))
            };
            if let Some((span, problem)) = per_row.iter().find_map(refused) {
                problems.push(LoadError::new(problem, Some(span)).diagnostic());
            }
        }
    }
    if let Some(part) = settings.validation.as_ref().or(settings.test.as_ref())
        && let Some((_, span)) = per_row.iter().find_map(|(entry, _)| entry.expr.own_arrays().first().copied())
    {
        problems.push(error::own_array_with_parts(span, part.span));
    }
    for (first, second) in per_row.iter().zip(per_row.iter().skip(1)) {
        if let (Some(rows), Some(other)) = (&first.1.rows, &second.1.rows)
            && rows.text != other.text
        {
            let names = [(&first.1.name, &rows.text), (&second.1.name, &other.text)];
            problems.push(error::row_axes_differ(second.0.expr.span, names, first.0.expr.span));
        }
    }
    if let Some(stratify) = &settings.stratify {
        let port = per_row.iter().map(|(_, port)| port).find(|port| port.name == stratify.value);
        if !port.is_some_and(|port| port.shape.is_empty() && port.kind != PortKind::Real) {
            problems.push(error::stratify_by(stratify.span, &stratify.value));
        }
    }
    let Some((_, span)) = per_row.iter().find_map(|(entry, _)| entry.expr.windows().first().copied()) else { return };
    if let Some(outside) = per_row.iter().find_map(|(entry, _)| entry.expr.outside_windows()) {
        problems.push(error::outside_windows(outside, span));
    }
    if settings.missing == Missing::Drop {
        problems.push(error::windows_with(span, "missing = drop", "the rows of a window must follow one another"));
    }
    if let Some(stratify) = &settings.stratify {
        problems.push(error::windows_with(stratify.span, "stratify", "a window has many labels"));
    }
    if let Some(group) = &settings.group {
        problems.push(error::windows_with(group.span, "group", "a window has many rows"));
    }
}

/// Whether an expression gives what the port holds: numbers, labels or truth values, per row or once.
fn check_kind(expr: &RowExpr, port: &RowPort) -> Result<(), Box<Diagnostic>> {
    if !port.per_row() && expr.has_columns() {
        return Err(Box::new(error::single_value(expr.span, &port.name, port.span)));
    }
    let mut top = expr;
    while let RowKind::Reshape(inner, _) | RowKind::Windows(inner, _) = &top.kind {
        top = inner;
    }
    let mut problem = None;
    expr.visit(&mut |part| {
        let found = match part.kind {
            RowKind::Category(_) | RowKind::Chars => {
                let function = if part.kind == RowKind::Chars { "chars" } else { "category" };
                if part.span != top.span {
                    error::category_as_number(part.span, function)
                } else if matches!(port.kind, PortKind::Index(_)) {
                    return;
                } else {
                    error::category_for_numbers(part.span, function, &port.name, port.span)
                }
            }
            RowKind::Scale(scaling, _) if port.kind != PortKind::Real => {
                error::scaled_labels(part.span, scaling.name(), &port.name, port.span)
            }
            _ => return,
        };
        problem.get_or_insert(found);
    });
    problem.map_or(Ok(()), |problem| Err(Box::new(problem)))
}

/// Compares the shape of a row with its port's, and learns the sizes of open dims.
pub(super) fn check_shape(
    port: &RowPort,
    found: &[usize],
    extents: &mut BTreeMap<String, usize>,
) -> Result<(), DataError> {
    let differs = port.shape.len() != found.len()
        || port.shape.iter().zip(found).any(|(needed, found)| needed.known.is_some_and(|known| known != *found));
    if differs {
        let (port, found, needed) = (port.name.clone(), found.to_vec(), port.shape_text());
        return Err(DataError::Shape { port, found, needed });
    }
    for (Extent { text, .. }, found) in port.shape.iter().zip(found).filter(|(extent, _)| extent.known.is_none()) {
        let known = *extents.entry(text.clone()).or_insert(*found);
        if known != *found {
            return Err(DataError::Extent { port: port.name.clone(), dim: text.clone(), found: *found, known });
        }
    }
    Ok(())
}
