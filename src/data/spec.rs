//! A `data` block, checked against the ports of a model before any file is read.
//!
//! Reads blocks and what the caller says about ports and dims. Must not know files' contents.

use super::constant::{Dims, count, described};
use super::error::DataError;
use super::expression::{RowExpr, RowKind};
use super::ports::{Extent, PortKind, RowPort};
use super::settings::{self, Settings, value_span};
use crate::diag::Diagnostic;
use crate::diag::catalog::data as error;
use crate::syntax::ast::{ArgumentValue, Block, Entry};
use std::collections::BTreeMap;

/// What a `data` block says: settings, sizes of open dims, and an expression for each port.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSpec {
    pub(super) ports: Vec<RowPort>,
    pub(super) entries: Vec<PortEntry>,
    settings: Settings,
    dims: BTreeMap<String, usize>,
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
    /// that do not fit the kind or shape of their port, required ports without an entry. More than one block is not
    /// available in this version.
    pub fn new(blocks: &[Block], ports: &[RowPort], dims: Dims) -> Result<DataSpec, Vec<Diagnostic>> {
        let mut problems = vec![];
        for block in blocks.iter().skip(1) {
            let key = block.entries.first().map(|entry| entry.key.span);
            let at = block.name.as_ref().map(|name| name.span).or(key).unwrap_or_default();
            problems.push(error::second_block(at));
        }
        let entries: &[Entry] = blocks.first().map_or(&[], |block| &block.entries);
        let mut reader = Reader { ports, dims, spec: DataSpec::empty(ports), problems };
        for (i, entry) in entries.iter().enumerate() {
            match entries[..i].iter().find(|before| before.key.text == entry.key.text && before.port == entry.port) {
                Some(first) => reader.problems.push(error::key_twice(entry.key.span, &entry.key.text, first.key.span)),
                None => reader.entry(entry),
            }
        }
        reader.finish(!blocks.is_empty());
        if reader.problems.is_empty() { Ok(reader.spec) } else { Err(reader.problems) }
    }

    fn empty(ports: &[RowPort]) -> DataSpec {
        DataSpec { ports: ports.to_vec(), entries: vec![], settings: Settings::default(), dims: BTreeMap::new() }
    }

    /// The settings of the block.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The sizes that the block gives to open dims.
    pub fn dims(&self) -> &BTreeMap<String, usize> {
        &self.dims
    }

    /// The names of the ports that the block fills, in the order of the ports.
    pub fn filled(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| self.ports.get(entry.port)).map(|port| port.name.as_str())
    }
}

struct Reader<'a> {
    ports: &'a [RowPort],
    dims: Dims<'a>,
    spec: DataSpec,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn entry(&mut self, entry: &Entry) {
        let (key, at) = (entry.key.text.as_str(), entry.key.span);
        let read = if !entry.port && settings::NAMES.contains(&key) {
            self.spec.settings.set(entry, self.dims)
        } else if !entry.port && settings::LATER.contains(&key) {
            Err(Box::new(error::not_available(at, "setting", key)))
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
        self.spec.entries.push(PortEntry { port: number, expr });
        Ok(())
    }

    /// What can be said once all entries are known.
    fn finish(&mut self, has_block: bool) {
        self.spec.entries.sort_by_key(|entry| entry.port);
        let settings = &self.spec.settings;
        settings.contradictions(&mut self.problems);
        let is_per_row = |entry: &&PortEntry| self.ports.get(entry.port).is_some_and(|port| port.per_row);
        if settings.file.is_none()
            && let Some(reader) = self.spec.entries.iter().find(is_per_row)
        {
            self.problems.push(error::no_file(reader.expr.span));
        }
        if let Some(stratify) = &settings.stratify {
            let named = |entry: &&PortEntry| self.ports.get(entry.port).is_some_and(|p| p.name == stratify.value);
            let port = self.spec.entries.iter().find(named).and_then(|entry| self.ports.get(entry.port));
            let is_label = |p: &RowPort| p.per_row && p.shape.is_empty() && p.kind != PortKind::Real;
            if !port.is_some_and(is_label) {
                self.problems.push(error::stratify_by(stratify.span, &stratify.value));
            }
        }
        // An entry with a problem of its own is not also called absent.
        if self.problems.is_empty() {
            for (number, port) in self.ports.iter().enumerate().filter(|(_, port)| port.required) {
                if !self.spec.entries.iter().any(|entry| entry.port == number) {
                    self.problems.push(error::port_without_entry(port.span, &port.name, has_block));
                }
            }
        }
    }
}

/// Whether an expression gives what the port holds: numbers, labels or truth values, per row or once.
fn check_kind(expr: &RowExpr, port: &RowPort) -> Result<(), Box<Diagnostic>> {
    if !port.per_row && expr.has_columns() {
        return Err(Box::new(error::single_value(expr.span, &port.name, port.span)));
    }
    let mut top = expr;
    while let RowKind::Reshape(inner, _) = &top.kind {
        top = inner;
    }
    let mut problem = None;
    expr.visit(&mut |part| {
        let found = match part.kind {
            RowKind::Category(_) if part.span != top.span => error::category_as_number(part.span),
            RowKind::Category(_) if matches!(port.kind, PortKind::Index(_)) => return,
            RowKind::Category(_) => error::category_for_numbers(part.span, &port.name, port.span),
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
