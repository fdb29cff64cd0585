//! Reductions of segments: `sum[e where dst[e] == i](x[e])`, computed by one loop over what is reduced, each element
//! combined with the result at the place that data give.
//!
//! Reads the graph and where terms are kept. Must not know how a nest becomes statements.

use super::builder::{Builder, Home};
use super::kernel::{BufferId, Expr, ExprId, Kernel};
use super::lower::Lowering;
use super::nest::{Nest, Phase, Sink};
use crate::graph::{Axis, AxisMap, AxisSet, Graph, NodeId, Op};
use crate::prim::{Prim, Reduction};

/// A reduction only one result of which each element counts for, at a place that data give.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scatter {
    reduction: Reduction,
    /// The axis of the results, and where on it an element counts.
    pub(super) axis: Axis,
    pub(super) place: NodeId,
    /// What counts, read at that place.
    pub(super) value: NodeId,
}

/// Where a scatter writes.
struct Target {
    at: Vec<ExprId>,
    checked: Vec<bool>,
    /// The loops over what is reduced.
    loops: Vec<Axis>,
}

impl Builder {
    /// Whether a reduction is a scatter: a condition fixes a free axis by the bound ones and data.
    pub(super) fn scatter(&mut self, n: NodeId) -> Option<Scatter> {
        let Op::Reduce(reduction, bound) = self.graph.op(n).clone() else { return None };
        if Graph::neutral(reduction).is_none() && reduction != Reduction::Any {
            return None;
        }
        let free = self.axes(n);
        let (conditions, core) = self.graph.filters(reduction, self.graph.args(n)[0]);
        for (i, c) in conditions.iter().enumerate() {
            let Some((Prim::IndexIsZero, args)) = self.graph.as_prim(*c) else { continue };
            let (terms, constant) = self.graph.linear_terms(args[0]);
            if !terms.iter().any(|(t, _)| self.graph.axes(*t).intersects(&bound)) {
                continue;
            }
            for (j, (atom, k)) in terms.iter().enumerate() {
                let (Op::Axis(axis), Some(sign @ (1 | -1))) = (self.graph.op(*atom), k.as_constant()) else { continue };
                let axis = *axis;
                let others = || terms.iter().enumerate().filter(|(l, _)| *l != j).map(|(_, t)| t);
                if !free.contains(axis) || others().any(|(t, _)| self.graph.axes(*t).contains(axis)) {
                    continue;
                }
                let place: Vec<_> = others().map(|(t, k)| (*t, k.scale(-sign))).collect();
                let place = self.graph.linear(&place, constant.scale(-sign));
                let rest: Vec<NodeId> =
                    conditions.iter().copied().enumerate().filter(|c| c.0 != i).map(|c| c.1).collect();
                let value = self.graph.filtered(reduction, &rest, core);
                // What still depends on the axis is read at the place it is written to.
                let map: AxisMap = [(axis, place)].into_iter().collect();
                let value = if self.graph.axes(value).contains(axis) { self.graph.at(value, &map) } else { value };
                return Some(Scatter { reduction, axis, place, value });
            }
        }
        None
    }

    /// The axes that a scatter loops over.
    pub(super) fn scatter_loops(&self, n: NodeId) -> AxisSet {
        let body = self.graph.args(n).first().map(|body| self.axes(*body)).unwrap_or_default();
        let target = self.scatters.get(&n).map(|s| s.axis).into_iter().collect();
        body.minus(&target)
    }

    /// The loops of a scatter.
    pub(super) fn scatter_kernel(&mut self, home: &Home, scatter: Scatter, bound: &AxisSet) -> Kernel {
        let Scatter { reduction, axis, place, value } = scatter;
        let inside = self.graph.is_within(place, axis.extent);
        let axes = &home.axes;
        let mut lowering = Lowering::new(self);
        lowering.kernel.name = lowering.builder.plan.buffer(home.buffers[0]).name.clone();
        let place = lowering.value(place);
        let value = lowering.value(value);
        let mut at = lowering.places(home.buffers[0], axes);
        let position = at.len() - axes.len() + axes.iter().position(|a| *a == axis).unwrap_or_default();
        at[position] = place;
        let checked = (0..at.len()).map(|i| i == position && !inside).collect();
        let loops = bound.iter().chain(axes.iter().copied().filter(|a| *a != axis)).collect();
        let target = Target { at, checked, loops };
        let nests = match (reduction, home.buffers.as_slice()) {
            (Reduction::LogSumExp, [largest, log]) => {
                lowering.scattered_log_sum_exp(*largest, *log, axes, &target, value)
            }
            (_, buffers) => {
                let buffer = buffers[0];
                vec![lowering.neutral(buffer, axes, reduction), lowering.combined(buffer, &target, reduction, value)]
            }
        };
        lowering.schedule(nests)
    }
}

impl Lowering<'_> {
    /// Sets all elements of an array to the result of nothing.
    fn neutral(&mut self, buffer: BufferId, axes: &[Axis], reduction: Reduction) -> Nest {
        self.fill(buffer, axes, Graph::neutral(reduction).unwrap_or(0.0))
    }

    /// Combines a value with the element at its place.
    fn combined(&mut self, buffer: BufferId, target: &Target, reduction: Reduction, value: ExprId) -> Nest {
        let kept = target.loops.iter().map(|a| self.kernel.var(*a)).collect();
        let (at, checked) = (target.at.clone(), target.checked.clone());
        let sink = Sink::Store { buffer, at, value, combine: Some(reduction), checked };
        Nest { outer: vec![], phases: vec![Phase { kept, ..Phase::of(vec![sink]) }] }
    }

    /// First the largest value of each segment, then the sum of the exponentials of the distances from it.
    fn scattered_log_sum_exp(
        &mut self,
        largest: BufferId,
        log: BufferId,
        axes: &[Axis],
        target: &Target,
        value: ExprId,
    ) -> Vec<Nest> {
        let mut nests = vec![self.neutral(largest, axes, Reduction::Max)];
        nests.push(self.combined(largest, target, Reduction::Max, value));
        let found = self.element(largest, axes);
        let shift = self.finite_or_zero(found);
        nests.push(self.store_nest(largest, axes, shift));
        nests.push(self.neutral(log, axes, Reduction::Sum));
        let (at, checked) = (target.at.clone(), target.checked.clone());
        let shift = self.kernel.intern(Expr::Load { buffer: largest, at, checked });
        let distance = self.minus(value, shift);
        let exp = self.bulk(crate::kernel::EXP, distance);
        nests.push(self.combined(log, target, Reduction::Sum, exp));
        let sum = self.element(log, axes);
        let logarithm = self.bulk(crate::kernel::LOG, sum);
        nests.push(self.store_nest(log, axes, logarithm));
        nests
    }

    /// The element of an array that the loops over its axes are at.
    fn element(&mut self, buffer: BufferId, axes: &[Axis]) -> ExprId {
        let at = self.places(buffer, axes);
        let checked = vec![false; at.len()];
        self.kernel.intern(Expr::Load { buffer, at, checked })
    }
}
