//! The data set of a model's `data` block, in the element types and shapes of its ports.
//!
//! Reads models and the data module. Must not know settings of training.

use super::dataset::{Column, Dataset, Fixed};
use super::error::FitError;
use crate::data::{DataSpec, Extent, Overrides, PortKind, RowPort, Values as Raw, load_start};
use crate::diag::Diagnostic;
use crate::graph::{ExtentId, Initializer, NodeId, Op, PortId, Precision, Program, ProgramPort, Role};
use crate::model::{Model, Values};
use crate::syntax::ast::Block;
use std::collections::BTreeMap;

/// The inputs and targets of a model as its `data` blocks see them: with or without a row axis, which is the first axis
/// that the ports named in a block have in common.
pub fn row_ports(model: &Model) -> Vec<RowPort> {
    let program = model.program();
    let graph = &program.graph;
    let main = row_extent(program, model.data_blocks().first());
    let extent = |id: ExtentId| {
        let poly = graph.extents.poly(id);
        let known = graph.extents.known(poly).and_then(|n| usize::try_from(n).ok());
        Extent { text: graph.extents.show(poly), known }
    };
    let roots: Vec<NodeId> = program.values.iter().map(|v| v.node).collect();
    let read: Vec<PortId> = graph
        .reachable(&roots)
        .into_iter()
        .filter_map(|n| match graph.op(n) {
            Op::Port(id) => Some(*id),
            _ => None,
        })
        .collect();
    let mut ports = vec![];
    for port in program.ports.iter().filter(|p| matches!(p.role, Role::Input | Role::Target)) {
        let info = graph.port_info(port.id);
        let sizes: Vec<ExtentId> = info.axes.iter().map(|a| a.extent).collect();
        let is_key = |block: &&Block| block.entries.iter().any(|entry| entry.key.text == info.name);
        let of_block = model.data_blocks().iter().find(is_key).map(|block| row_extent(program, Some(block)));
        let rows = sizes.first().copied().filter(|first| Some(*first) == of_block.unwrap_or(main));
        let shape = sizes.iter().skip(usize::from(rows.is_some())).map(|e| extent(*e)).collect();
        let kind = match info.kind {
            crate::graph::PortKind::Real => PortKind::Real,
            crate::graph::PortKind::Index(bound) => PortKind::Index(extent(bound)),
            crate::graph::PortKind::Bool => PortKind::Bool,
        };
        let required = port.initial.is_none() && read.contains(&port.id);
        let rows = rows.map(extent);
        ports.push(RowPort { name: info.name.clone(), kind, rows, shape, required, span: port.span });
    }
    ports
}

/// The extent of the row axis of a block: the first axis of the first port with axes that it fills; without a block, of
/// the first input or target with axes.
fn row_extent(program: &Program, block: Option<&Block>) -> Option<ExtentId> {
    let first = |name: &str| {
        let port = program.port(name).filter(|p| matches!(p.role, Role::Input | Role::Target))?;
        program.graph.port_info(port.id).axes.first().map(|a| a.extent)
    };
    let keys = block.into_iter().flat_map(|b| &b.entries).map(|e| e.key.text.as_str());
    let declared = program.ports.iter().map(|p| program.graph.port_info(p.id).name.as_str());
    keys.filter_map(first).next().or_else(|| declared.filter_map(first).next())
}

/// What the `data` block of a model says, checked without reading any file.
///
/// # Errors
/// Everything that is wrong with the block.
pub fn data_spec(model: &Model) -> Result<DataSpec, Vec<Diagnostic>> {
    let size = |v: Option<i64>| v.and_then(|n| usize::try_from(n).ok());
    let dims = model.program().graph.extents.dims();
    let dims: Vec<(&str, Option<usize>)> = dims.iter().map(|d| (d.name.as_str(), size(d.value))).collect();
    DataSpec::new(model.data_blocks(), &row_ports(model), &dims)
}

/// Reads the data that the `data` block of a model names. Also gives what is questionable about them.
///
/// # Errors
/// A block that is wrong, files that cannot be read, and data that do not fit the ports.
pub fn load(model: &Model, overrides: &Overrides, seed: u64) -> Result<(Dataset, Vec<Diagnostic>), FitError> {
    let spec = data_spec(model).map_err(FitError::Model)?;
    let set = spec.load(model.directory(), overrides, seed).map_err(|e| FitError::Load(Box::new(e)))?;
    let program = model.program();
    let mut data = Dataset::new(set.rows)?.split(set.splits.train, set.splits.validation, set.splits.test)?;
    data.dims =
        set.extents.iter().filter(|(text, _)| is_open_dim(program, text)).map(|(t, n)| (t.clone(), *n)).collect();
    data.statistics = set.statistics.to_strings();
    for port in set.ports {
        let row: usize = port.shape.iter().product();
        let values = convert(port.values, program.precision);
        match port.rows {
            Some(_) if port.table == 0 => data.columns.push(Column { name: port.name, values, row }),
            rows => data.fixed.push(Fixed { name: port.name, values, rows, row }),
        }
    }
    Ok((data, set.warnings))
}

/// Reads the starts that params have in files, `param W: [D, H] = load("start.npz", "W")`, for a fit. They also give
/// open dims their sizes.
///
/// # Errors
/// Files that cannot be read, and arrays that do not fit their params or the data.
pub fn load_starts(model: &Model, data: &mut Dataset) -> Result<(), FitError> {
    let program = model.program();
    let extents = &program.graph.extents;
    let mut sizes: BTreeMap<String, usize> = super::evaluate::dims(model, data)?.into_iter().collect();
    let mut given: BTreeMap<String, usize> = BTreeMap::new();
    for port in &program.ports {
        let Some(Initializer::File { path, name }) = &port.initial else { continue };
        let info = program.graph.port_info(port.id);
        let extent = |id: ExtentId| {
            let poly = extents.poly(id);
            let known = extents.known(poly).and_then(|n| usize::try_from(n).ok());
            Extent { text: extents.show(poly), known }
        };
        let shape = info.axes.iter().map(|a| extent(a.extent)).collect();
        let (name_of, kind) = (info.name.clone(), PortKind::Real);
        let param = RowPort { name: name_of, kind, rows: None, shape, required: false, span: port.span };
        // How many labels there are is not known from those that occur in the data.
        let counts = |text: &str| program.ports.iter().any(|p| is_axis_of_data(program, p, text));
        for extent in param.shape.iter().filter(|e| !given.contains_key(&e.text) && !counts(&e.text)) {
            sizes.remove(&extent.text);
        }
        let values = load_start(&model.directory().join(path), name.as_deref(), &param, &mut sizes);
        let values = values.map_err(|e| FitError::Load(Box::new(e)))?;
        for Extent { text, .. } in &param.shape {
            given.extend(sizes.get(text).map(|size| (text.clone(), *size)));
        }
        data.starts.push((param.name, values));
    }
    for (dim, size) in given.into_iter().filter(|(text, _)| is_open_dim(program, text)) {
        data.dims.retain(|(name, _)| *name != dim);
        data.dims.push((dim, size));
    }
    Ok(())
}

/// Whether an axis of an input or target has this size.
fn is_axis_of_data(program: &Program, port: &ProgramPort, text: &str) -> bool {
    let extents = &program.graph.extents;
    let axes = &program.graph.port_info(port.id).axes;
    matches!(port.role, Role::Input | Role::Target)
        && axes.iter().any(|axis| extents.show(extents.poly(axis.extent)) == text)
}

fn is_open_dim(program: &Program, text: &str) -> bool {
    program.graph.extents.dims().iter().any(|d| d.name == text && d.is_open())
}

fn convert(values: Raw, precision: Precision) -> Values {
    match (values, precision) {
        (Raw::Real(v), Precision::F32) => Values::F32(v.into_iter().map(|x| x as f32).collect()),
        (Raw::Real(v), Precision::F64) => Values::F64(v),
        (Raw::Index(v), _) => Values::Index(v),
        (Raw::Bool(v), _) => Values::Bool(v.into_iter().map(u8::from).collect()),
    }
}
