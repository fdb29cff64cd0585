//! What reverse and forward mode share: the derivative texts of a row, built for given nodes.

use crate::graph::{Axis, Graph, NodeId};
use crate::prim::{Prim, Reduction, Vjp};
use crate::rule::{Env, Template};
use rustc_hash::FxHashMap;

/// Nodes that are read under another name: the next state of a loop is read from the states, not worked out again.
pub(super) type Alias = FxHashMap<NodeId, NodeId>;

/// The cotangent of each argument (`None` for zero) given that of the result; with a tangent for `ct`, its
/// contribution to the tangent of the result, because every text is linear in `ct`.
pub(super) fn of_prim(
    g: &mut Graph,
    n: NodeId,
    prim: Prim,
    attribute: f64,
    argument: usize,
    ct: NodeId,
    alias: &Alias,
) -> Option<NodeId> {
    let known = |n: NodeId| *alias.get(&n).unwrap_or(&n);
    let args: Vec<NodeId> = g.args(n).iter().map(|a| known(*a)).collect();
    match prim {
        Prim::Add => Some(ct),
        Prim::Mul => {
            let mut factors = args;
            factors[argument] = ct;
            Some(g.mul(&factors))
        }
        _ => {
            let row = prim.row();
            let mut env = Env { nodes: vec![("ct", ct), ("out", known(n))], ..Env::default() };
            env.nodes.extend(row.args.iter().copied().zip(args));
            env.numbers.extend(row.attribute.map(|k| (k, attribute)));
            text(g, row.vjp.get(argument).copied(), &env)
        }
    }
}

/// As [`of_prim`] for a reduction: `axes` are its bound axes in `body`.
pub(super) fn of_reduction(
    g: &mut Graph,
    n: NodeId,
    reduction: Reduction,
    axes: &[Axis],
    body: NodeId,
    ct: NodeId,
    alias: &Alias,
) -> Option<NodeId> {
    let known = |n: NodeId| *alias.get(&n).unwrap_or(&n);
    let avoid = g.axes(body).union(g.axes(ct));
    let fresh = g.fresh(axes, &avoid);
    // Of what is filtered away an extreme value is none: then only the rest is compared with it.
    let extreme = matches!(reduction, Reduction::Max | Reduction::Min);
    let (conditions, core) = if extreme { g.filters(reduction, body) } else { (Default::default(), body) };
    let all = conditions.iter().fold(g.bool(true), |all, c| g.and(all, *c));
    let env = Env {
        nodes: vec![("ct", ct), ("out", known(n)), ("x", known(core)), ("w", known(all))],
        axes: vec![("r", axes.to_vec()), ("s", fresh)],
        numbers: vec![],
    };
    text(g, Some(reduction.row().vjp), &env)
}

fn text(g: &mut Graph, vjp: Option<Vjp>, env: &Env) -> Option<NodeId> {
    match vjp {
        Some(Vjp::Text(text)) => match Template::cached(text).and_then(|t| t.build(g, env)) {
            Ok(n) => Some(n),
            Err(e) => unreachable!("the derivative text `{text}` cannot be built: {e}"),
        },
        _ => None,
    }
}
