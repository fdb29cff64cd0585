//! Types of nodes, and the invariants of the graph, checked again from scratch.
//!
//! Reads the graph and the primitive table. Must not change anything.

use super::{Args, AxisSet, Graph, Kind, NodeId, Op, PortKind};
use crate::prim::{Prim, ReductionKind, ResultKind};

/// The free axes and kind that a node of this operation and arguments has.
pub(super) fn infer(graph: &Graph, op: &Op, args: &Args) -> (AxisSet, Kind) {
    let union = |args: &[NodeId]| args.iter().fold(AxisSet::new(), |set, a| set.union(graph.axes(*a)));
    match op {
        Op::Const(_) => (AxisSet::new(), Kind::Real),
        Op::Bool(_) => (AxisSet::new(), Kind::Bool),
        Op::Axis(axis) => ([*axis].into_iter().collect(), Kind::Index),
        Op::Linear { .. } | Op::Quotient(_) | Op::Remainder(_) => (union(args), Kind::Index),
        Op::Port(port) => {
            let port = graph.port_info(*port);
            let kind = match port.kind {
                PortKind::Real => Kind::Real,
                PortKind::Index(_) => Kind::Index,
                PortKind::Bool => Kind::Bool,
            };
            (port.axes.iter().copied().collect(), kind)
        }
        Op::Prim(prim, _) => {
            let kind = match prim.row().result {
                ResultKind::Real => Kind::Real,
                ResultKind::Bool => Kind::Bool,
                ResultKind::Argument => graph.kind(args[1]),
            };
            (union(args), kind)
        }
        Op::Reduce(reduction, bound) => {
            let kind = match reduction.row().kind {
                ReductionKind::Real => Kind::Real,
                ReductionKind::Bool => Kind::Bool,
                ReductionKind::Index => Kind::Index,
            };
            (graph.axes(args[0]).minus(bound), kind)
        }
        Op::At(vars) => (graph.axes(args[0]).minus(vars).union(&union(&args[1..])), graph.kind(args[0])),
        Op::State { axes, kind, .. } => (axes.clone(), *kind),
        Op::Scan(form) => {
            (form.slots.iter().fold(AxisSet::new(), |set, slot| set.union(&slot.axes)), form.slots[0].kind)
        }
        Op::Out { slot, turn } => {
            let Op::Scan(form) = graph.op(args[0]) else { return (AxisSet::new(), Kind::Real) };
            let slot = &form.slots[*slot as usize];
            (slot.axes.union(&[*turn].into_iter().collect()), slot.kind)
        }
        Op::Block(block, size) => (super::block::axes(graph, *block, *size, args), block.kind()),
        Op::Custom { .. } => (graph.axes(args[0]).clone(), graph.kind(args[0])),
    }
}

/// Checks every node; the error names the first one that is not as it must be.
pub fn verify(graph: &Graph) -> Result<(), String> {
    for (i, node) in graph.nodes.iter().enumerate() {
        let id = NodeId(i as u32);
        check(graph, id).map_err(|why| format!("node {i} ({:?}): {why}", node.op))?;
    }
    Ok(())
}

fn check(graph: &Graph, id: NodeId) -> Result<(), String> {
    let node = graph.node(id);
    let fail = |why: &str| Err(why.to_string());
    if node.args.iter().any(|a| *a >= id) {
        return fail("an argument does not come before it");
    }
    let (axes, kind) = infer(graph, &node.op, &node.args);
    if axes != node.axes || kind != node.kind {
        return fail("its axes or kind are not those of its arguments");
    }
    match &node.op {
        Op::At(vars) => {
            let base = node.args[0];
            if vars.is_empty() || !vars.is_subset(graph.axes(base)) {
                return fail("it replaces axes that its base does not have");
            }
            if !graph.is_view_base(base) {
                return fail("its base is neither a port nor a reduction nor a state");
            }
            for (axis, index) in vars.iter().zip(&node.args[1..]) {
                if graph.kind(*index) != Kind::Index {
                    return fail("it reads at something that is not an index");
                }
                if *graph.op(*index) == Op::Axis(axis) {
                    return fail("it replaces an axis by itself");
                }
            }
        }
        Op::Reduce(reduction, bound) => {
            if bound.is_empty() || !bound.is_subset(graph.axes(node.args[0])) {
                return fail("it binds axes that its body does not have");
            }
            if reduction.row().kind == ReductionKind::Index && bound.len() != 1 {
                return fail("it gives an index but binds several axes");
            }
            for axis in bound.iter() {
                let earlier = bound.iter().filter(|b| b.extent == axis.extent).count() as u16;
                if axis.ordinal >= earlier {
                    return fail("its bound axes do not have the lowest ordinals");
                }
            }
        }
        Op::Scan(form) => super::scan::check(graph, form, &node.args)?,
        Op::Out { .. } if !matches!(graph.op(node.args[0]), Op::Scan(_)) => return fail("it is of no loop"),
        Op::Linear { coefficients, .. } if coefficients.len() != node.args.len() => {
            return fail("coefficients and arguments differ in number");
        }
        Op::Prim(Prim::Mul, _) if node.args.iter().any(|a| graph.is_mask(*a)) => {
            return fail("a mask is an argument of a product");
        }
        _ => {}
    }
    Ok(())
}
