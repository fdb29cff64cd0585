//! Whole Jacobians: the cheaper of forward and reverse mode for each pair of arrays.
//!
//! Reverse mode carries the axes of the result through the term, forward mode those of the variable: the work is that of
//! one pass times the number of elements carried. Where both have an axis in common and an element depends on its own
//! place only, the masks of the seed vanish and neither is repeated.
//!
//! Reads the graph and both modes. Must not know what is done with the result.

use super::{cotangents, tangent};
use crate::graph::{Axis, AxisSet, Graph, NodeId};
use std::fmt;

/// A mode of differentiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Tangents follow the evaluation: one pass per element of the variable.
    Forward,
    /// Cotangents run against it: one pass per element of the result.
    Reverse,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Mode::Forward => "forward",
            Mode::Reverse => "reverse",
        })
    }
}

/// The mode that carries fewer elements. Axes of equal extent cancel; of what is left, an open dim counts as larger than
/// any number, and more open dims as more. Reverse mode if nothing tells them apart.
pub fn cheaper(graph: &Graph, result: &[Axis], variable: &[Axis]) -> Mode {
    let mut variable: Vec<Axis> = variable.to_vec();
    let mut rest = vec![];
    for axis in result {
        match variable.iter().position(|v| v.extent == axis.extent) {
            Some(at) => drop(variable.swap_remove(at)),
            None => rest.push(*axis),
        }
    }
    let weight = |axes: &[Axis]| {
        let sizes = axes.iter().map(|a| graph.extents.known(graph.extent(*a)));
        sizes.fold((0, 1i64), |(open, known), size| match size {
            Some(n) => (open, known.saturating_mul(n)),
            None => (open + 1, known),
        })
    };
    if weight(&variable) < weight(&rest) { Mode::Forward } else { Mode::Reverse }
}

/// For each leaf (a port) the derivative of `of` by it, over `kept`, which are all axes of `of`, and the axes of the leaf.
/// With `mode` absent the cheaper one is taken. Kept axes must be none of a leaf, nor bound below `of`.
pub fn jacobian(
    graph: &mut Graph,
    of: NodeId,
    kept: &AxisSet,
    leaves: &[NodeId],
    mode: Option<Mode>,
) -> Vec<(NodeId, Mode)> {
    let result: Vec<Axis> = kept.iter().collect();
    let modes: Vec<Mode> = leaves
        .iter()
        .map(|leaf| {
            let variable: Vec<Axis> = graph.axes(*leaf).iter().collect();
            mode.unwrap_or_else(|| cheaper(graph, &result, &variable))
        })
        .collect();
    let back: Vec<NodeId> = leaves.iter().zip(&modes).filter(|(_, m)| **m == Mode::Reverse).map(|(l, _)| *l).collect();
    let one = graph.constant(1.0);
    let mut pulled = match back.is_empty() {
        true => vec![],
        false => cotangents(graph, of, one, kept, &back),
    }
    .into_iter();
    let mut found = vec![];
    for (leaf, mode) in leaves.iter().zip(modes) {
        let node = match mode {
            Mode::Reverse => pulled.next().unwrap_or(one),
            Mode::Forward => pushed(graph, of, kept, *leaf),
        };
        found.push((node, mode));
    }
    found
}

/// Forward mode with one seed per element of the leaf.
fn pushed(graph: &mut Graph, of: NodeId, kept: &AxisSet, leaf: NodeId) -> NodeId {
    let own: Vec<Axis> = graph.axes(leaf).iter().collect();
    let seeds = graph.unused_axes(&[of, leaf], kept, &own);
    let mut here = vec![];
    for (axis, seed) in own.iter().zip(&seeds) {
        let (axis, seed) = (graph.axis(*axis), graph.axis(*seed));
        here.push(graph.index_equal(axis, seed));
    }
    let one = graph.constant(1.0);
    let seed = graph.mask(&here, one);
    let moved = tangent(graph, of, &[(leaf, seed)]);
    let back = graph.renaming(seeds.into_iter().zip(own));
    graph.at(moved, &back)
}
