//! Reductions. Canonical form: what does not depend on the bound axes stands outside, sums over an index that a mask
//! fixes are replaced by a read at that place, and bound axes have the lowest ordinals.

use super::{Args, Axis, AxisMap, AxisSet, Graph, NodeId, Op, Poly};
use crate::prim::{Prim, Reduction, ReductionKind};

impl Graph {
    /// A reduction over `bound` axes of `body`; axes that the body does not have count with their extent.
    pub fn reduce(&mut self, reduction: Reduction, bound: &[Axis], body: NodeId) -> NodeId {
        let bound: AxisSet = bound.iter().copied().collect();
        if bound.is_empty() {
            return body;
        }
        if reduction == Reduction::Sum
            && let Some(n) = self.simpler_sum(&bound, body)
        {
            return n;
        }
        if let Some(n) = self.read_of_one(reduction, &bound, body) {
            return n;
        }
        let absent = bound.minus(self.axes(body));
        if !absent.is_empty() {
            return self.reduce_absent(reduction, &bound, &absent, body);
        }
        if let Some(n) = self.read_of_segments(reduction, &bound, body) {
            return n;
        }
        self.close(reduction, &bound, body)
    }

    fn reduce_absent(&mut self, reduction: Reduction, bound: &AxisSet, absent: &AxisSet, body: NodeId) -> NodeId {
        if reduction.row().kind == ReductionKind::Index {
            return self.index_constant(0);
        }
        let present: Vec<Axis> = bound.minus(absent).iter().collect();
        let inner = self.reduce(reduction, &present, body);
        let size = absent.iter().fold(Poly::constant(1), |p, a| p.mul(self.extent(a)));
        match reduction {
            Reduction::Sum => {
                let size = self.real_of_size(size);
                self.mul(&[inner, size])
            }
            Reduction::Prod => {
                let size = self.real_of_size(size);
                self.prim(Prim::Power, 0.0, &[inner, size])
            }
            Reduction::LogSumExp => {
                let size = self.real_of_size(size);
                let log = self.prim(Prim::Log, 0.0, &[size]);
                self.add(&[inner, log])
            }
            _ => inner,
        }
    }

    /// The forms of a sum that need fewer bound axes, a smaller body, or none.
    fn simpler_sum(&mut self, bound: &AxisSet, body: NodeId) -> Option<NodeId> {
        if self.is_constant(body, 0.0) {
            return Some(body);
        }
        let axes: Vec<Axis> = bound.iter().collect();
        let (conditions, core) = self.filters(Reduction::Sum, body);
        // A sum of terms is distributed only when some term is a single element of the sum.
        if let Some((Prim::Add, terms)) = self.as_prim(core) {
            let terms = terms.to_vec();
            if terms.iter().any(|t| self.masks(*t).0.iter().any(|c| self.solve(*c, bound).is_some())) {
                let sums: Vec<NodeId> = terms
                    .into_iter()
                    .map(|t| {
                        let masked = self.mask(&conditions, t);
                        self.reduce(Reduction::Sum, &axes, masked)
                    })
                    .collect();
                return Some(self.add(&sums));
            }
        }
        // sum[a] (if a == e then f(a) else 0) is f(e), where e lies on the axis.
        for (i, c) in conditions.iter().enumerate() {
            let Some((axis, place)) = self.solve(*c, bound) else { continue };
            let rest: Vec<NodeId> = conditions.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, c)| *c).collect();
            let rest = self.mask(&rest, core);
            let map: AxisMap = [(axis, place)].into_iter().collect();
            let read = self.at(rest, &map);
            let last = self.extent(axis).sub(&Poly::constant(1));
            let last = self.index_size(last);
            let zero = self.index_constant(0);
            let guards = [self.index_at_least(place, zero), self.index_at_least(last, place)];
            let guards: Vec<NodeId> = guards.into_iter().filter(|g| !matches!(self.op(*g), Op::Bool(true))).collect();
            let read = self.mask(&guards, read);
            let left: Vec<Axis> = axes.iter().copied().filter(|a| *a != axis).collect();
            return Some(self.reduce(Reduction::Sum, &left, read));
        }
        if !bound.is_subset(self.axes(body)) {
            return None;
        }
        self.hoisted_sum(bound, &conditions, core).or_else(|| self.sum_of_sum(bound, body))
    }

    /// Takes factors, denominators and masks without bound axes out of a sum.
    fn hoisted_sum(&mut self, bound: &AxisSet, conditions: &[NodeId], core: NodeId) -> Option<NodeId> {
        let depends = |g: &Graph, n: NodeId| g.axes(n).intersects(bound);
        let inner_masks: Vec<NodeId> = conditions.iter().copied().filter(|c| depends(self, *c)).collect();
        let outer_masks: Vec<NodeId> = conditions.iter().copied().filter(|c| !depends(self, *c)).collect();
        let parts = self.factors(core);
        // Out of a masked sum nothing may go that could be infinite where no term is selected.
        let stays = |g: &Graph, n: NodeId| depends(g, n) || !inner_masks.is_empty() && g.node(n).facts.risky;
        let stays_below = |g: &Graph, n: NodeId| depends(g, n) || !inner_masks.is_empty() && !g.node(n).facts.nonzero;
        let (inner, outer): (Vec<NodeId>, Vec<NodeId>) = parts.factors.iter().partition(|f| stays(self, **f));
        let (inner_below, outer_below): (Vec<NodeId>, Vec<NodeId>) =
            parts.denominators.iter().partition(|d| stays_below(self, **d));
        if outer.is_empty() && outer_below.is_empty() && outer_masks.is_empty() && parts.coefficient == 1.0 {
            return None;
        }
        let inner = self.quotient_of_products(&inner, &inner_below);
        let inner = self.mask(&inner_masks, inner);
        let axes: Vec<Axis> = bound.iter().collect();
        let sum = self.reduce(Reduction::Sum, &axes, inner);
        let mut factors = outer;
        factors.push(self.constant(parts.coefficient));
        factors.push(sum);
        let product = self.quotient_of_products(&factors, &outer_below);
        Some(self.mask(&outer_masks, product))
    }

    /// `sum[a](sum[b](f))` is `sum[a, b](f)`, unless the inner sum is a matrix product and that over both is none: one
    /// whose two sides both have the axis `a` is a product over both.
    fn sum_of_sum(&mut self, bound: &AxisSet, body: NodeId) -> Option<NodeId> {
        if !self.is_reduction(body, Reduction::Sum) {
            return None;
        }
        let (_, inner, inner_body) = self.as_reduction(body)?;
        let (_, core) = self.masks(inner_body);
        let factors = self.factors(core).factors;
        let sides = |axis: Axis| factors.iter().filter(|f| self.axes(**f).contains(axis)).count();
        if self.is_contraction(&factors) && bound.iter().any(|a| sides(a) < 2) {
            return None;
        }
        let avoid = self.axes(inner_body).union(bound);
        let fresh = self.fresh(&inner, &avoid);
        let map = self.renaming(inner.into_iter().zip(fresh.iter().copied()));
        let renamed = self.at(inner_body, &map);
        let axes: Vec<Axis> = bound.iter().chain(fresh).collect();
        Some(self.reduce(Reduction::Sum, &axes, renamed))
    }

    fn is_reduction(&self, n: NodeId, reduction: Reduction) -> bool {
        let base = if let Op::At(_) = self.op(n) { self.args(n)[0] } else { n };
        matches!(self.op(base), Op::Reduce(r, _) if *r == reduction)
    }

    /// If the condition fixes one of the axes (`axis == place`), which one and where. The place does not depend on it.
    pub(super) fn solve(&mut self, condition: NodeId, bound: &AxisSet) -> Option<(Axis, NodeId)> {
        let Some((Prim::IndexIsZero, args)) = self.as_prim(condition) else { return None };
        let form = self.linear_form(args[0]);
        for (i, (atom, k)) in form.terms.iter().enumerate() {
            let (Op::Axis(axis), Some(sign @ (1 | -1))) = (self.op(*atom).clone(), k.as_constant()) else { continue };
            let others = || form.terms.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, t)| t);
            if !bound.contains(axis) || others().any(|(other, _)| self.axes(*other).contains(axis)) {
                continue;
            }
            let rest: Vec<(NodeId, Poly)> = others().map(|(n, k)| (*n, k.scale(-sign))).collect();
            let place = self.linear(&rest, form.constant.scale(-sign));
            return Some((axis, place));
        }
        None
    }

    /// Gives bound axes the lowest ordinals of their extents and free axes the next ones, so that reductions which
    /// differ only in names are one node; the result is read back under the given free names.
    fn close(&mut self, reduction: Reduction, bound: &AxisSet, body: NodeId) -> NodeId {
        let free: AxisSet = self.axes(body).iter().filter(|a| !bound.contains(*a) && !a.is_pinned()).collect();
        let mut renamed: Vec<(Axis, Axis)> = vec![];
        let mut order: Vec<Axis> = bound.iter().collect();
        order.sort_by_key(|a| a.ordinal);
        let mut rest: Vec<Axis> = free.iter().collect();
        rest.sort_by_key(|a| a.ordinal);
        for axis in order.into_iter().chain(rest) {
            let ordinal = renamed.iter().filter(|r| r.0.extent == axis.extent).count() as u16;
            renamed.push((axis, Axis { extent: axis.extent, ordinal }));
        }
        let map = self.renaming(renamed.iter().copied());
        let body = self.at(body, &map);
        let closed: AxisSet = renamed.iter().filter(|r| bound.contains(r.0)).map(|r| r.1).collect();
        let node = self.make(Op::Reduce(reduction, closed), [body].into_iter().collect::<Args>());
        let back = self.renaming(renamed.iter().filter(|r| free.contains(r.0)).map(|r| (r.1, r.0)));
        self.at(node, &back)
    }

    /// If the node is a reduction or a view of one: the reduction, its bound axes (renamed apart from everything the
    /// view brings in) and the body read through the view.
    pub fn as_reduction(&mut self, n: NodeId) -> Option<(Reduction, Vec<Axis>, NodeId)> {
        match self.op(n).clone() {
            Op::Reduce(reduction, bound) => Some((reduction, bound.iter().collect(), self.args(n)[0])),
            Op::At(vars) => {
                let args = self.node(n).args.clone();
                let Op::Reduce(reduction, bound) = self.op(args[0]).clone() else { return None };
                let bound: Vec<Axis> = bound.iter().collect();
                let mut avoid = self.axes(args[0]).union(self.axes(n));
                for index in &args[1..] {
                    avoid = avoid.union(self.axes(*index));
                }
                let fresh = self.fresh(&bound, &avoid);
                let mut map = self.renaming(bound.into_iter().zip(fresh.iter().copied()));
                for (axis, index) in vars.iter().zip(&args[1..]) {
                    map.insert(axis, *index);
                }
                let body = self.args(args[0])[0];
                Some((reduction, fresh, self.at(body, &map)))
            }
            _ => None,
        }
    }
}
