//! The data set of a model's `data` block, in the element types and shapes of its ports.
//!
//! Reads models and the data module. Must not know settings of training.

use super::dataset::{Column, Dataset};
use super::error::FitError;
use crate::data::{DataSpec, Extent, Overrides, PortKind, RowPort, Values as Raw};
use crate::diag::Diagnostic;
use crate::graph::{ExtentId, NodeId, Op, PortId, Precision, Program, Role};
use crate::model::{Model, Values};

/// The inputs and targets of a model as its `data` block sees them: with or without a row axis, which is the first axis
/// that the ports named in the block have in common.
pub fn row_ports(model: &Model) -> Vec<RowPort> {
    let program = model.program();
    let graph = &program.graph;
    let rows = row_extent(model);
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
    for port in program.ports.iter().filter(|p| p.role != Role::Param) {
        let info = graph.port_info(port.id);
        let sizes: Vec<ExtentId> = info.axes.iter().map(|a| a.extent).collect();
        let per_row = sizes.first().is_some_and(|first| Some(*first) == rows);
        let shape = sizes.iter().skip(usize::from(per_row)).map(|e| extent(*e)).collect();
        let kind = match info.kind {
            crate::graph::PortKind::Real => PortKind::Real,
            crate::graph::PortKind::Index(bound) => PortKind::Index(extent(bound)),
            crate::graph::PortKind::Bool => PortKind::Bool,
        };
        let required = port.initial.is_none() && read.contains(&port.id);
        ports.push(RowPort { name: info.name.clone(), kind, per_row, shape, required, span: port.span });
    }
    ports
}

/// The extent of the row axis: the first axis of the first port with axes that the block fills; without a block, of the
/// first input or target with axes.
fn row_extent(model: &Model) -> Option<ExtentId> {
    let program = model.program();
    let first = |name: &str| {
        let port = program.port(name).filter(|p| p.role != Role::Param)?;
        program.graph.port_info(port.id).axes.first().map(|a| a.extent)
    };
    let keys = model.data_blocks().iter().flat_map(|b| &b.entries).map(|e| e.key.text.as_str());
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
        if port.per_row {
            data.columns.push(Column { name: port.name, values, row });
        } else {
            data.fixed.push((port.name, values));
        }
    }
    Ok((data, set.warnings))
}

fn is_open_dim(program: &Program, text: &str) -> bool {
    program.graph.extents.dims().iter().any(|d| d.name == text && d.value.is_none())
}

fn convert(values: Raw, precision: Precision) -> Values {
    match (values, precision) {
        (Raw::Real(v), Precision::F32) => Values::F32(v.into_iter().map(|x| x as f32).collect()),
        (Raw::Real(v), Precision::F64) => Values::F64(v),
        (Raw::Index(v), _) => Values::Index(v),
        (Raw::Bool(v), _) => Values::Bool(v.into_iter().map(u8::from).collect()),
    }
}
