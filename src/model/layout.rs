//! All params of a program in one flat vector: where each lies, and what their open dims are.
//!
//! Reads programs. Must not know values.

use super::error::CallError;
use super::signature::{self, Port, PortRole};
use super::sizes::Sizes;
use super::slice::Element;
use crate::graph::{Graph, PortId, Program, Role};
use std::ops::Range;

/// One param of a [`Layout`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutEntry {
    /// Its name in the model.
    pub name: String,
    /// Its sizes, outermost first; empty for one number.
    pub shape: Vec<usize>,
    /// Where its row-major values lie in the vector.
    pub range: Range<usize>,
}

/// The params of a program one after another, in order of declaration: the vector that optimisers work on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Layout {
    /// The params in order.
    pub entries: Vec<LayoutEntry>,
    /// The length of the vector.
    pub len: usize,
}

impl Layout {
    /// The layout for given sizes of open dims.
    ///
    /// # Errors
    /// [`CallError::UnknownDim`] if the shape of a param has an open dim that is not given, [`CallError::Size`] if a size
    /// comes out negative or too large.
    pub fn new(program: &Program, dims: &[(String, usize)]) -> Result<Layout, CallError> {
        let params = program.ports.iter().filter(|p| p.role == Role::Param);
        Layout::of(&program.graph, params.map(|p| p.id), dims)
    }

    /// The states of a program, one after another in order of declaration.
    ///
    /// # Errors
    /// As [`Layout::new`].
    pub fn states(program: &Program, dims: &[(String, usize)]) -> Result<Layout, CallError> {
        let states = program.ports.iter().filter(|p| p.role == Role::State);
        Layout::of(&program.graph, states.map(|p| p.id), dims)
    }

    /// The ports of this layout, and behind them those of another.
    pub fn followed_by(&self, other: &Layout) -> Layout {
        let moved = other.entries.iter().cloned().map(|mut entry| {
            entry.range = entry.range.start + self.len..entry.range.end + self.len;
            entry
        });
        Layout { entries: self.entries.iter().cloned().chain(moved).collect(), len: self.len + other.len }
    }

    /// The ports that a condition keeps, one after another.
    pub fn only(&self, keep: impl Fn(&LayoutEntry) -> bool) -> Layout {
        let mut kept = Layout::default();
        for entry in self.entries.iter().filter(|e| keep(e)) {
            let range = kept.len..kept.len + entry.range.len();
            kept.len = range.end;
            kept.entries.push(LayoutEntry { range, ..entry.clone() });
        }
        kept
    }

    /// Copies the values of all ports that both layouts have, by name, from a vector of the other one.
    pub fn copy<R: Copy>(&self, to: &mut [R], from: &Layout, values: &[R]) {
        for entry in &self.entries {
            if let Some(other) = from.entry(&entry.name).filter(|o| o.range.len() == entry.range.len()) {
                to[entry.range.clone()].copy_from_slice(&values[other.range.clone()]);
            }
        }
    }

    /// The layout of these ports one after another.
    pub(super) fn of(
        graph: &Graph,
        ports: impl Iterator<Item = PortId>,
        dims: &[(String, usize)],
    ) -> Result<Layout, CallError> {
        let extents = &graph.extents;
        let mut sizes: Vec<i64> = vec![];
        for dim in extents.dims() {
            let given = dims.iter().find(|(name, _)| *name == dim.name).and_then(|(_, n)| i64::try_from(*n).ok());
            sizes.push(dim.value.or(given).unwrap_or(-1));
        }
        let solver = Sizes::new(extents, vec![], vec![]);
        let mut layout = Layout::default();
        for port in ports {
            let info = graph.port_info(port);
            let mut shape = vec![];
            for size in signature::shape(graph, &info.axes) {
                let Some(n) = solver.size(&size, &sizes) else { return Err(CallError::UnknownDim { dim: size.text }) };
                shape.push(usize::try_from(n).map_err(|_| CallError::Size { size: size.text })?);
            }
            let count = shape.iter().try_fold(1usize, |n, s| n.checked_mul(*s)).filter(|n| *n <= 1 << 40);
            let count = count.ok_or_else(|| CallError::Size { size: info.name.clone() })?;
            let range = layout.len..layout.len + count;
            layout.len += count;
            layout.entries.push(LayoutEntry { name: info.name.clone(), shape, range });
        }
        Ok(layout)
    }

    /// The param of this name.
    pub fn entry(&self, name: &str) -> Option<&LayoutEntry> {
        self.entries.iter().find(|e| e.name == name)
    }
}

/// The sizes of open dims that follow from data: each entry is a port's name, its number of rows (the size of its first
/// axis) and how many elements a row has. Dims that do not follow are left out.
///
/// # Errors
/// Ports whose shapes do not fit these numbers or each other.
pub fn dims_of_data(program: &Program, data: &[(&str, usize, usize)]) -> Result<Vec<(String, usize)>, CallError> {
    let mut ports = vec![];
    let mut lengths = vec![];
    let mut part = |name: &str, shape: Vec<signature::Size>, length: usize| {
        ports.push(Port { name: name.into(), role: PortRole::Input, element: Element::F64, labels: None, shape });
        lengths.push(length);
    };
    for (name, rows, row) in data {
        let Some(port) = program.port(name) else {
            return Err(CallError::UnknownPort { name: (*name).into(), nearest: None });
        };
        let mut shape = signature::shape(&program.graph, &program.graph.port_info(port.id).axes);
        if shape.is_empty() {
            return Err(CallError::Length {
                port: (*name).into(),
                shape: "[]".into(),
                expected: 1,
                given: *rows,
                reason: "; only ports with a first axis take rows of data".into(),
            });
        }
        let rest = shape.split_off(1);
        part(name, shape, *rows);
        part(name, rest, *row);
    }
    let extents = &program.graph.extents;
    let mut dims = vec![];
    Sizes::new(extents, vec![], vec![]).solve(&ports, &|i| lengths[i], &mut dims)?;
    let open = extents.dims().iter().zip(dims).filter(|(d, _)| d.is_open());
    Ok(open.filter_map(|(d, n)| Some((d.name.clone(), usize::try_from(n).ok()?))).collect())
}
