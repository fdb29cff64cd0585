//! Forward mode: the tangent of a term for given tangents of some nodes, from the same texts as reverse mode.

use super::derivative::{of_prim, of_reduction};
use crate::graph::{Axis, AxisMap, Graph, NodeId, Op, Origin, Via};
use crate::prim::Reduction;
use rustc_hash::FxHashMap;

/// The tangent of `of` when each listed node moves by its tangent (which has the axes of the node).
pub fn tangent(graph: &mut Graph, of: NodeId, moves: &[(NodeId, NodeId)]) -> NodeId {
    let saved = graph.origin;
    let mut tangents: FxHashMap<NodeId, NodeId> = moves.iter().copied().collect();
    for n in graph.reachable(&[of]) {
        if tangents.contains_key(&n) {
            continue;
        }
        let span = graph.node(n).origin.span;
        graph.origin = Origin { span, via: Via::Derivative };
        if let Some(t) = node(graph, n, &tangents)
            && !graph.is_constant(t, 0.0)
        {
            tangents.insert(n, t);
        }
    }
    graph.origin = saved;
    tangents.get(&of).copied().unwrap_or_else(|| graph.constant(0.0))
}

fn node(g: &mut Graph, n: NodeId, tangents: &FxHashMap<NodeId, NodeId>) -> Option<NodeId> {
    let args = g.node(n).args.clone();
    match g.op(n).clone() {
        Op::Prim(prim, bits) => {
            let mut terms = vec![];
            for (i, a) in args.iter().enumerate() {
                let Some(dx) = tangents.get(a) else { continue };
                terms.extend(of_prim(g, n, prim, f64::from_bits(bits), i, *dx));
            }
            (!terms.is_empty()).then(|| g.add(&terms))
        }
        Op::Reduce(reduction, bound) => {
            let dx = tangents.get(&args[0])?;
            let axes: Vec<Axis> = bound.iter().collect();
            let term = of_reduction(g, n, reduction, &axes, args[0], *dx);
            term.map(|t| g.reduce(Reduction::Sum, &axes, t))
        }
        Op::At(vars) => {
            let dx = tangents.get(&args[0])?;
            let map: AxisMap = vars.iter().zip(args[1..].iter().copied()).collect();
            Some(g.at(*dx, &map))
        }
        _ => None,
    }
}
