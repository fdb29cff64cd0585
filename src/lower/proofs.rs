//! Indices that no inequality settles: products, quotients and remainders. Where all sizes are known every value of the
//! bound indices is tried; where some are open, that is done at each call with other sizes.
//!
//! Reads the graph and the interpreter. Must not know syntax.

use super::IndexCheck;
use super::scope::Lowerer;
use crate::graph::{Axis, AxisSet, Graph, NodeId, Op, Poly};
use crate::interp::{Bindings, evaluate};
use crate::prim::{Prim, Reduction};
use crate::span::Span;

/// So many values are tried at most.
const MOST_VALUES: i64 = 1 << 18;

/// What trying all values found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// It is 0 or more for all of them.
    Holds,
    /// It is negative for one.
    Fails,
    /// It depends on data, or there are too many.
    Unknown,
}

impl Lowerer<'_> {
    /// Whether an index term is at least 0 for all values of the indices here, under what is known of them.
    pub(super) fn try_values(&mut self, node: NodeId, span: Span) -> Tried {
        let facts = self.facts_about(node);
        let mut nodes = vec![node];
        nodes.extend(&facts);
        if !nodes.iter().all(|n| is_free_of_data(&self.graph, *n)) {
            return Tried::Unknown;
        }
        let axes: Vec<Axis> = self.graph.axes(node).iter().collect();
        let count = axes.iter().fold(Poly::constant(1), |p, a| p.mul(self.graph.extent(*a)));
        let open = nodes.iter().any(|n| !has_known_sizes(&self.graph, *n));
        match self.graph.extents.known(&count).filter(|_| !open) {
            Some(n) if n <= MOST_VALUES => {
                let dims = self.graph.extents.dims().iter().map(|d| d.value.unwrap_or(1)).collect();
                let bindings = Bindings { dims, ..Bindings::default() };
                let roots: Vec<(NodeId, &[Axis])> = nodes.iter().map(|n| (*n, axes.as_slice())).collect();
                let Ok(values) = evaluate(&self.graph, &bindings, &roots) else { return Tried::Unknown };
                let counts = |i: usize| values[1..].iter().all(|fact| fact[i] >= 0.0);
                let fails = values[0].iter().enumerate().any(|(i, v)| *v < 0.0 && counts(i));
                if fails { Tried::Fails } else { Tried::Holds }
            }
            None if open && is_curved(&self.graph, node) => {
                self.check_at_calls(node, &facts, &axes, span);
                Tried::Holds
            }
            _ => Tried::Unknown,
        }
    }

    /// What is known of the indices of a term alone.
    fn facts_about(&self, node: NodeId) -> Vec<NodeId> {
        let axes = self.graph.axes(node);
        let about = |n: &NodeId| self.graph.axes(*n).is_subset(axes) && is_free_of_data(&self.graph, *n);
        self.facts.iter().copied().filter(about).collect()
    }

    fn check_at_calls(&mut self, node: NodeId, facts: &[NodeId], axes: &[Axis], span: Span) {
        let zero = self.graph.index_constant(0);
        let inside = self.graph.index_at_least(node, zero);
        let mut outside = self.graph.not(inside);
        for fact in facts {
            let holds = self.graph.index_at_least(*fact, zero);
            outside = self.graph.and(outside, holds);
        }
        let present: AxisSet = self.graph.axes(outside).clone();
        let bound: Vec<Axis> = axes.iter().copied().filter(|a| present.contains(*a)).collect();
        let outside = self.graph.reduce(Reduction::Any, &bound, outside);
        let check = IndexCheck { outside, span: self.place(span) };
        if !self.index_checks.contains(&check) {
            self.index_checks.push(check);
        }
    }
}

fn is_free_of_data(g: &Graph, n: NodeId) -> bool {
    g.reachable_until(&[n], |_| false).into_iter().all(|n| {
        matches!(
            g.op(n),
            Op::Axis(_) | Op::Linear { .. } | Op::Quotient(_) | Op::Remainder(_) | Op::Prim(..) | Op::Bool(_)
        )
    })
}

/// Whether a product, quotient or remainder is in the term.
fn is_curved(g: &Graph, n: NodeId) -> bool {
    g.reachable_until(&[n], |_| false)
        .into_iter()
        .any(|n| matches!(g.op(n), Op::Quotient(_) | Op::Remainder(_) | Op::Prim(Prim::IndexMul, _)))
}

fn has_known_sizes(g: &Graph, n: NodeId) -> bool {
    g.reachable_until(&[n], |_| false).into_iter().all(|n| {
        let known = |e: &crate::graph::ExtentId| g.extents.known(g.extents.poly(*e)).is_some();
        match g.op(n) {
            Op::Axis(axis) => known(&axis.extent),
            Op::Linear { coefficients, constant } => coefficients.iter().all(known) && known(constant),
            Op::Quotient(by) | Op::Remainder(by) => known(by),
            _ => true,
        }
    })
}
