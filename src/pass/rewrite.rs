//! Rebuilding terms bottom-up: rewriting by rules to a fixpoint, expanding rows that are defined by a text, and
//! dropping what is not used.

use crate::graph::{Constraint, Graph, NodeId, Op, Program};
use crate::prim::{Lower, Phase};
use crate::rule::{Env, Fired, RuleSet, Template};
use rustc_hash::FxHashMap;

/// Sweeps until nothing changes. One extra sweep is the rule; the bound is a safety net.
const SWEEPS: usize = 12;

/// Brings terms to their canonical, numerically stable and cheapest form. Returns the new roots, in order.
pub fn normalize(graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    normalize_traced(graph, roots, &mut vec![])
}

/// As [`normalize`]; also tells which rules fired where.
pub fn normalize_traced(graph: &mut Graph, roots: &[NodeId], fired: &mut Vec<Fired>) -> Vec<NodeId> {
    let rules = match RuleSet::standard() {
        Ok(rules) => rules,
        Err(e) => unreachable!("the table has a rule that does not compile: {e}"),
    };
    let mut roots = roots.to_vec();
    for _ in 0..SWEEPS {
        let new = rebuild(graph, &roots, |g, _, n| match rules.apply(g, n, Phase::Simplify, fired) {
            Ok(n) => g.log_of_determinant(n).unwrap_or(n),
            Err(e) => unreachable!("a rule of the table cannot be built: {e}"),
        });
        if new == roots {
            return roots;
        }
        roots = new;
    }
    debug_assert!(false, "no fixpoint after {SWEEPS} sweeps");
    roots
}

/// Replaces rows that are defined by an expression of other rows, so that only instructions and kernels are left, and
/// drops derivatives that the user gives: there is nothing left to differentiate.
pub fn expand(graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut roots = roots.to_vec();
    loop {
        let new = rebuild(graph, &roots, |g, _, n| {
            if let Op::Custom { .. } = g.op(n) {
                return g.args(n)[0];
            }
            let Some((prim, args)) = g.as_prim(n) else { return n };
            let (row, args) = (prim.row(), args.to_vec());
            let Lower::Expand(text) = row.lower else { return n };
            let env = Env { nodes: row.args.iter().copied().zip(args).collect(), ..Env::default() };
            match Template::cached(text).and_then(|t| t.build(g, &env)) {
                Ok(n) => n,
                Err(e) => unreachable!("the expansion of `{}` cannot be built: {e}", row.name),
            }
        });
        if new == roots {
            return roots;
        }
        roots = new;
    }
}

/// Drops derivatives that the user gives, where only values count: there is nothing left to differentiate.
pub fn drop_rules(graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    rebuild(graph, roots, |g, _, n| if let Op::Custom { .. } = g.op(n) { g.args(n)[0] } else { n })
}

/// Rebuilds everything below the roots, arguments first, and passes each new node through `finish`, which also sees
/// the old one.
pub(super) fn rebuild(
    graph: &mut Graph,
    roots: &[NodeId],
    mut finish: impl FnMut(&mut Graph, NodeId, NodeId) -> NodeId,
) -> Vec<NodeId> {
    let saved = graph.origin;
    let mut memo: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    for n in graph.reachable(roots) {
        graph.origin = graph.node(n).origin;
        let op = graph.op(n).clone();
        let old = graph.node(n).args.clone();
        let args: crate::graph::Args = old.iter().map(|a| memo[a]).collect();
        let is_leaf = matches!(op, Op::Const(_) | Op::Bool(_) | Op::Axis(_) | Op::Port(_));
        let same = is_leaf || args == old;
        let new = if same { n } else { graph.rebuild(&op, &args) };
        let new = finish(graph, n, new);
        memo.insert(n, new);
    }
    graph.origin = saved;
    roots.iter().map(|r| memo[r]).collect()
}

/// The program with only the nodes that its values, updates and bounds need; ids are renumbered.
pub fn prune(program: &Program) -> Program {
    let mut roots: Vec<NodeId> = program.values.iter().map(|v| v.node).collect();
    roots.extend(program.updates.iter().map(|u| u.1));
    for port in &program.ports {
        if let Some(Constraint::Interval { low, high }) = port.constraint {
            roots.extend(low.iter().chain(&high));
        }
    }
    let (graph, moved) = program.graph.pruned(&roots);
    let mut moved = moved.into_iter();
    let mut out = Program { graph, ..program.clone() };
    let nodes = out.values.iter_mut().map(|v| &mut v.node).chain(out.updates.iter_mut().map(|u| &mut u.1));
    let bounds = out.ports.iter_mut().filter_map(|p| p.constraint.as_mut()).flat_map(|c| match c {
        Constraint::Interval { low, high } => [low.as_mut(), high.as_mut()],
        _ => [None, None],
    });
    for (node, new) in nodes.chain(bounds.flatten()).zip(&mut moved) {
        *node = new;
    }
    out
}
