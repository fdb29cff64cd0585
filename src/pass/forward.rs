//! Forward mode: the tangent of a term for given tangents of some nodes, from the same texts as reverse mode.

use super::derivative::{Alias, of_prim, of_reduction};
use crate::graph::{Axis, AxisMap, AxisSet, Graph, Kind, NodeId, Op, Origin, Via};
use crate::prim::Reduction;
use rustc_hash::FxHashMap;

/// The tangent of `of` when each listed node moves by its tangent (which has the axes of the node).
pub fn tangent(graph: &mut Graph, of: NodeId, moves: &[(NodeId, NodeId)]) -> NodeId {
    let saved = graph.origin;
    let mut forward = Forward { tangents: moves.iter().copied().collect(), loops: FxHashMap::default() };
    forward.fill(graph, &[of]);
    graph.origin = saved;
    forward.get(of).unwrap_or_else(|| graph.constant(0.0))
}

/// Tangents found so far.
#[derive(Clone, Default)]
pub(super) struct Forward {
    pub(super) tangents: FxHashMap<NodeId, NodeId>,
    /// For each loop a loop that also carries tangents, and where the tangent of each state is.
    pub(super) loops: FxHashMap<NodeId, (NodeId, Vec<Option<u16>>)>,
}

impl Forward {
    /// The tangent of a node, if it moves.
    pub(super) fn get(&self, n: NodeId) -> Option<NodeId> {
        self.tangents.get(&n).copied()
    }

    /// Works out the tangents of everything below the roots, but for the terms of loops.
    pub(super) fn fill(&mut self, graph: &mut Graph, roots: &[NodeId]) {
        let allowed: crate::graph::Levels =
            roots.iter().chain(self.tangents.keys()).flat_map(|n| graph.node(*n).states.clone()).collect();
        for n in graph.reachable(roots) {
            // A term of a loop moves with its states: see `repeat`.
            let inside = graph.node(n).states.iter().any(|l| !allowed.contains(l));
            if inside || self.tangents.contains_key(&n) {
                continue;
            }
            let span = graph.node(n).origin.span;
            graph.origin = Origin { span, via: Via::Derivative };
            let tangent = match graph.op(n).clone() {
                Op::Scan(form) => {
                    self.repeat(graph, n, &form);
                    None
                }
                Op::Out { slot, turn } => self.out(graph, n, slot, turn),
                Op::Custom { level } => custom(graph, n, level, &self.tangents),
                _ => node(graph, n, &self.tangents),
            };
            if let Some(t) = tangent
                && !graph.is_constant(t, 0.0)
            {
                self.tangents.insert(n, t);
            }
        }
    }
}

/// The rule gives cotangents for a cotangent. With the tangents of the arguments it is a number that is linear in the
/// cotangent, and the derivative of that number by the cotangent is the tangent.
fn custom(g: &mut Graph, n: NodeId, level: u32, tangents: &FxHashMap<NodeId, NodeId>) -> Option<NodeId> {
    let axes = g.axes(n).clone();
    let slot = g.rule_state(n);
    let seed = g.state(level, usize::from(slot), axes.clone(), Kind::Real);
    let (mut terms, mut kept) = (vec![], AxisSet::new());
    for (argument, cotangent) in g.rule_cotangents(n, level, seed) {
        let Some(dx) = tangents.get(&argument) else { continue };
        let product = g.mul(&[cotangent, *dx]);
        let own = g.axes(cotangent).union(g.axes(argument));
        kept = kept.union(&g.axes(product).minus(&axes.union(&own)));
        // As in reverse mode: what the rule has summed already is not summed again.
        let all: Vec<Axis> = own.iter().collect();
        terms.push(g.reduce(Reduction::Sum, &all, product));
    }
    if terms.is_empty() {
        return None;
    }
    let total = g.add(&terms);
    let one = g.constant(1.0);
    Some(super::reverse::cotangents(g, total, one, &kept, &[seed])[0])
}

fn node(g: &mut Graph, n: NodeId, tangents: &FxHashMap<NodeId, NodeId>) -> Option<NodeId> {
    let args = g.node(n).args.clone();
    match g.op(n).clone() {
        Op::Prim(prim, bits) => {
            let mut terms = vec![];
            for (i, a) in args.iter().enumerate() {
                let Some(dx) = tangents.get(a) else { continue };
                terms.extend(of_prim(g, n, prim, f64::from_bits(bits), i, *dx, &Alias::default()));
            }
            (!terms.is_empty()).then(|| g.add(&terms))
        }
        Op::Reduce(reduction, bound) => {
            let dx = tangents.get(&args[0])?;
            let axes: Vec<Axis> = bound.iter().collect();
            let term = of_reduction(g, n, reduction, &axes, args[0], *dx, &Alias::default());
            term.map(|t| g.reduce(Reduction::Sum, &axes, t))
        }
        Op::Block(block, size) => {
            let moves: Vec<Option<NodeId>> = args.iter().map(|a| tangents.get(a).copied()).collect();
            if moves.iter().all(Option::is_none) {
                return None;
            }
            super::block::tangent(g, n, block, size, &moves)
        }
        Op::At(vars) => {
            let dx = tangents.get(&args[0])?;
            let map: AxisMap = vars.iter().zip(args[1..].iter().copied()).collect();
            Some(g.at(*dx, &map))
        }
        _ => None,
    }
}
