//! Reductions over what belongs to a segment: `max[e where dst[e] == i](f[e])`.
//!
//! Reads the graph. Canonical form: the segment is an axis. What asks for the segment of something else,
//! `sum[f where dst[f] == dst[e]](x[f])`, is computed for every segment and read at that place.

use super::{Args, Axis, AxisMap, AxisSet, ExtentId, Graph, NodeId, Op, Poly, PortKind};
use crate::prim::{Prim, Reduction};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

impl Graph {
    /// The number that changes nothing in a reduction of numbers to a number.
    pub fn neutral(reduction: Reduction) -> Option<f64> {
        match reduction {
            Reduction::Sum => Some(0.0),
            Reduction::Prod => Some(1.0),
            Reduction::Max | Reduction::LogSumExp => Some(f64::NEG_INFINITY),
            Reduction::Min => Some(f64::INFINITY),
            _ => None,
        }
    }

    /// The conditions without which the body of a reduction counts for nothing, and the body where all of them hold.
    pub fn filters(&mut self, reduction: Reduction, body: NodeId) -> (SmallVec<[NodeId; 2]>, NodeId) {
        let (mut conditions, mut core) = (SmallVec::new(), body);
        if reduction == Reduction::Any {
            self.conjuncts(body, &mut conditions);
            return (conditions, self.bool(true));
        }
        let Some(neutral) = Graph::neutral(reduction) else { return (conditions, core) };
        while let Some((Prim::Select, args)) = self.as_prim(core)
            && self.is_constant(args[2], neutral)
        {
            let (condition, inner) = (args[0], args[1]);
            self.conjuncts(condition, &mut conditions);
            core = inner;
        }
        (conditions, core)
    }

    /// The body of a reduction that counts where all conditions hold.
    pub fn filtered(&mut self, reduction: Reduction, conditions: &[NodeId], core: NodeId) -> NodeId {
        match Graph::neutral(reduction) {
            _ if reduction == Reduction::Sum => self.mask(conditions, core),
            Some(neutral) => {
                let neutral = self.constant(neutral);
                let all = conditions.iter().fold(self.bool(true), |all, c| self.and(all, *c));
                self.select(all, core, neutral)
            }
            None => conditions.iter().fold(core, |all, c| self.and(all, *c)),
        }
    }

    /// The parts of `a and b and c`.
    pub(super) fn conjuncts(&self, condition: NodeId, out: &mut SmallVec<[NodeId; 2]>) {
        match (self.op(condition), self.as_prim(condition)) {
            (_, Some((Prim::And, args))) => args.iter().for_each(|a| self.conjuncts(*a, out)),
            (Op::Bool(true), _) => {}
            _ if out.contains(&condition) => {}
            _ => out.push(condition),
        }
    }

    /// A reduction of which the filter leaves one place of an axis: `max[i where i == k](x[i])` is `x[k]`. What does not
    /// depend on bound axes is asked outside of `any`. Sums have their own forms.
    pub(super) fn read_of_one(&mut self, reduction: Reduction, bound: &AxisSet, body: NodeId) -> Option<NodeId> {
        if Graph::neutral(reduction).is_none() && reduction != Reduction::Any || reduction == Reduction::Sum {
            return None;
        }
        let (conditions, core) = self.filters(reduction, body);
        for (i, c) in conditions.iter().enumerate() {
            let Some((axis, place)) = self.solve(*c, bound) else { continue };
            let mut rest = conditions.clone();
            rest.remove(i);
            let last = self.extent(axis).sub(&Poly::constant(1));
            let (zero, last) = (self.index_constant(0), self.index_size(last));
            let map: AxisMap = [(axis, place)].into_iter().collect();
            let body = self.filtered(reduction, &rest, core);
            let read = self.at(body, &map);
            let guards = [self.index_at_least(place, zero), self.index_at_least(last, place)];
            let read = self.filtered(reduction, &guards, read);
            let left: Vec<Axis> = bound.iter().filter(|a| *a != axis).collect();
            return Some(self.reduce(reduction, &left, read));
        }
        let (inner, outer): (Vec<NodeId>, Vec<NodeId>) =
            conditions.iter().partition(|c| self.axes(**c).intersects(bound));
        if reduction != Reduction::Any || outer.is_empty() {
            return None;
        }
        let inner = self.filtered(reduction, &inner, core);
        let axes: Vec<Axis> = bound.iter().collect();
        let any = self.reduce(reduction, &axes, inner);
        Some(self.filtered(reduction, &outer, any))
    }

    /// A reduction over the segment of something else, as a read of that over each segment.
    pub(super) fn read_of_segments(&mut self, reduction: Reduction, bound: &AxisSet, body: NodeId) -> Option<NodeId> {
        if !matches!(
            reduction,
            Reduction::Sum | Reduction::Prod | Reduction::Max | Reduction::Min | Reduction::LogSumExp | Reduction::Any
        ) {
            return None;
        }
        let (conditions, core) = self.filters(reduction, body);
        for (i, c) in conditions.iter().enumerate() {
            let Some((label, segments, place)) = self.segment_of_another(*c, bound) else { continue };
            let mut others: SmallVec<[NodeId; 2]> = conditions.clone();
            others.remove(i);
            // Where the condition holds both are the same: what is known of the segment is read by the own label.
            others.iter_mut().for_each(|c| *c = self.at_own_label(*c, place, label));
            let core = self.at_own_label(core, place, label);
            let used = others.iter().fold(self.axes(core).union(self.axes(label)), |set, c| set.union(self.axes(*c)));
            if self.axes(place).is_subset(&used) {
                continue;
            }
            let avoid = used.union(self.axes(place)).union(bound);
            let segment = self.fresh(&[Axis { extent: segments, ordinal: 0 }], &avoid)[0];
            let index = self.axis(segment);
            others.push(self.index_equal(label, index));
            let body = self.filtered(reduction, &others, core);
            let axes: Vec<Axis> = bound.iter().collect();
            let each = self.reduce(reduction, &axes, body);
            let map: AxisMap = [(segment, place)].into_iter().collect();
            return Some(self.at(each, &map));
        }
        None
    }

    /// The term with one index in the place of another, outside of what is bound.
    fn at_own_label(&mut self, n: NodeId, place: NodeId, label: NodeId) -> NodeId {
        let inner = |g: &Graph, n: NodeId| {
            n != place
                && matches!(g.op(n), Op::Prim(..) | Op::At(_) | Op::Linear { .. } | Op::Quotient(_) | Op::Remainder(_))
        };
        let mut order = self.reachable_until(&[n], |m| !inner(self, m));
        order.sort();
        if order.binary_search(&place).is_err() {
            return n;
        }
        let mut memo: FxHashMap<NodeId, NodeId> = [(place, label)].into_iter().collect();
        for m in order {
            let old = self.node(m).args.clone();
            if !inner(self, m) || old.iter().all(|a| memo.get(a).is_none_or(|b| a == b)) {
                continue;
            }
            let args: Args = old.iter().map(|a| *memo.get(a).unwrap_or(a)).collect();
            let op = self.op(m).clone();
            let new = self.rebuild(&op, &args);
            memo.insert(m, new);
        }
        *memo.get(&n).unwrap_or(&n)
    }

    /// If the condition is `label == place`, with a label that depends on bound axes and a place that does not: the
    /// label, how many there are, and the place, which lies among them.
    fn segment_of_another(&mut self, condition: NodeId, bound: &AxisSet) -> Option<(NodeId, ExtentId, NodeId)> {
        let Some((Prim::IndexIsZero, args)) = self.as_prim(condition) else { return None };
        let (terms, constant) = self.linear_terms(args[0]);
        let (own, others): (Vec<_>, Vec<_>) =
            terms.into_iter().partition(|(atom, _)| self.axes(*atom).intersects(bound));
        let ([(label, k)], Some(sign @ (1 | -1))) = (own.as_slice(), own.first()?.1.as_constant()) else { return None };
        debug_assert!(k.as_constant().is_some());
        let segments = self.label_count(*label)?;
        if let ([(only, _)], Some(0)) = (others.as_slice(), constant.as_constant())
            && matches!(self.op(*only), Op::Axis(_))
        {
            return None;
        }
        let rest: Vec<(NodeId, Poly)> = others.into_iter().map(|(n, k)| (n, k.scale(-sign))).collect();
        let place = self.linear(&rest, constant.scale(-sign));
        self.is_within(place, segments).then_some((*label, segments, place))
    }

    /// How many labels index data have.
    fn label_count(&self, n: NodeId) -> Option<ExtentId> {
        match self.op(n) {
            Op::Port(port) => match self.port_info(*port).kind {
                PortKind::Index(extent) => Some(extent),
                _ => None,
            },
            Op::At(_) => self.label_count(self.args(n)[0]),
            _ => None,
        }
    }
}
