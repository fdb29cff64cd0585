//! Losses that are sums of squares: their residuals, and how these move with the params.
//!
//! Reads programs. Must not know values or methods of fitting.
//!
//! A loss is one if it is built from squares of terms by sums, reductions with `sum` and `mean`, and factors that no
//! param changes: `mean((y - f)^2) + 0.1 * sum(w^2)`. What no param changes is no residual.

use super::compile::{Options, Prepared, Target, finish, prepare, reachable_ports};
use super::error::CompileError;
use super::function::Function;
use super::signature::PortRole;
use crate::graph::{Axis, Graph, NodeId, Op, PortKind, Program};
use crate::pass;
use crate::prim::{Prim, Reduction};

/// What the name of a port begins with that holds the direction of a param.
pub const DIRECTION: &str = "direction of ";

/// Compiles the residuals of a loss, whose squares add up to it, and then, in the same order, how each changes when every
/// param that the options differentiate by moves along its direction: an input named [`DIRECTION`] and the param. None if
/// the loss is no sum of squares.
pub(super) fn residuals(program: &Program, options: &Options, loss: &str) -> Result<Option<Function>, CompileError> {
    let values = Options { gradient_of: None, values: vec![loss.to_string()], ..options.clone() };
    let Prepared { mut graph, targets, ports, timings, .. } = prepare(program, &values, false)?;
    let Some(loss) = targets.first() else { return Ok(None) };
    let mut moves = vec![];
    let is_fitted = |name: &String| options.with_respect_to.as_ref().is_none_or(|names| names.contains(name));
    for (port, _) in ports.iter().filter(|(_, role)| *role == PortRole::Param) {
        let info = graph.port_info(*port).clone();
        if !is_fitted(&info.name) {
            continue;
        }
        let shape: Vec<_> = info.axes.iter().map(|axis| axis.extent).collect();
        let direction = graph.declare_port(format!("{DIRECTION}{}", info.name), PortKind::Real, &shape);
        moves.push((graph.port(*port), graph.port(direction)));
    }
    let leaves: Vec<NodeId> = moves.iter().map(|(leaf, _)| *leaf).collect();
    let one = graph.constant(1.0);
    let mut found = vec![];
    if !squares(&mut graph, loss.node, one, &leaves, &mut found) || found.is_empty() {
        return Ok(None);
    }
    let mut all: Vec<(NodeId, Vec<Axis>)> = found.iter().map(|n| (*n, graph.axes(*n).iter().collect())).collect();
    for residual in found {
        let axes = graph.axes(residual).iter().collect();
        all.push((pass::tangent(&mut graph, residual, &moves), axes));
    }
    let roots: Vec<NodeId> = all.iter().map(|(n, _)| *n).collect();
    let roots = pass::normalize(&mut graph, &roots);
    let (graph, roots) = graph.pruned(&roots);
    let target = |(i, (node, (_, axes))): (usize, (NodeId, (NodeId, Vec<Axis>)))| Target {
        name: format!("residual {i}"),
        role: PortRole::Output,
        node,
        axes,
    };
    let targets: Vec<Target> = roots.into_iter().zip(all).enumerate().map(target).collect();
    let role = |id| ports.iter().find(|(port, _)| *port == id).map_or(PortRole::Input, |(_, role)| *role);
    let read = reachable_ports(&graph, targets.iter().map(|t| t.node));
    let ports = read.into_iter().map(|id| (id, role(id))).collect();
    finish(program, Prepared { graph, targets, ports, modes: vec![], timings }, options).map(Some)
}

/// Takes `weight · n` apart into squares of residuals; false if it is no sum of them.
fn squares(graph: &mut Graph, n: NodeId, weight: NodeId, leaves: &[NodeId], found: &mut Vec<NodeId>) -> bool {
    if !moves_with(graph, n, leaves) {
        return true;
    }
    match graph.op(n).clone() {
        Op::Reduce(Reduction::Sum, _) => {
            let body = graph.node(n).args[0];
            squares(graph, body, weight, leaves, found)
        }
        Op::Prim(Prim::Add, _) => {
            let terms = graph.node(n).args.clone();
            terms.iter().all(|term| squares(graph, *term, weight, leaves, found))
        }
        Op::Prim(Prim::PowConst, bits) => {
            let power = f64::from_bits(bits) / 2.0;
            if power.fract() != 0.0 || power < 1.0 {
                return false;
            }
            let base = graph.node(n).args[0];
            let (root, size) = (graph.pow_const(base, power), graph.pow_const(weight, 0.5));
            found.push(graph.mul(&[size, root]));
            true
        }
        Op::Prim(Prim::Mul | Prim::Div, _) => {
            let (factors, denominators) = graph.quotient_parts(n);
            let (moving, fixed): (Vec<NodeId>, Vec<NodeId>) =
                factors.into_iter().partition(|f| moves_with(graph, *f, leaves));
            let [inner] = moving.as_slice() else { return false };
            let is_negative = |f: &NodeId| graph.as_constant(*f).is_some_and(|c| c < 0.0);
            if fixed.iter().any(is_negative) || denominators.iter().any(|d| moves_with(graph, *d, leaves)) {
                return false;
            }
            let mut product = graph.mul(&[&[weight][..], &fixed].concat());
            for denominator in denominators {
                product = graph.div(product, denominator);
            }
            squares(graph, *inner, product, leaves, found)
        }
        _ => false,
    }
}

fn moves_with(graph: &Graph, n: NodeId, leaves: &[NodeId]) -> bool {
    graph.reachable(&[n]).iter().any(|part| leaves.contains(part))
}
