//! From a kept term to loop nests: which loops, in which order, and what each of them reads, adds up and writes.
//!
//! Reads the graph and where terms are kept. Must not know how a nest becomes statements.

use super::PlanResult;
use super::builder::Builder;
use super::kernel::{BufferId, Element, Expr, ExprId, Item, Kernel, TotalId, VarId};
use super::lower::Lowering;
use crate::graph::{Axis, AxisSet, NodeId, Op};
use crate::prim::{Inst, Reduction, ReductionKind};
use rustc_hash::FxHashSet;

/// Loops around phases that run one after the other.
pub(super) struct Nest {
    /// Slowest first.
    pub(super) outer: Vec<VarId>,
    pub(super) phases: Vec<Phase>,
}

/// Loops over a list of sinks.
pub(super) struct Phase {
    /// Loops that totals are kept apart by, slowest first.
    pub(super) kept: Vec<VarId>,
    /// Loops inside those, that totals run over.
    pub(super) bound: Vec<VarId>,
    /// Started before the bound loops.
    pub(super) totals: Vec<TotalId>,
    /// Done in the innermost loop.
    pub(super) sinks: Vec<Sink>,
    /// Done after the bound loops.
    pub(super) after: Vec<Sink>,
}

/// What is done with expressions.
pub(super) enum Sink {
    Store { buffer: BufferId, at: Vec<ExprId>, value: ExprId, combine: Option<Reduction>, checked: Vec<bool> },
    Update(TotalId, ExprId),
    Item(Item),
}

impl Phase {
    pub(super) fn of(sinks: Vec<Sink>) -> Phase {
        Phase { kept: vec![], bound: vec![], totals: vec![], sinks, after: vec![] }
    }
}

impl Builder {
    /// The kernel that computes a kept term.
    pub(super) fn kernel_of(&mut self, n: NodeId) -> Kernel {
        if let Some(form) = self.products.get(&n).cloned() {
            return self.product_kernel(n, &form);
        }
        match self.graph.op(n).clone() {
            Op::Reduce(reduction, bound) => self.reduction_kernel(n, reduction, &bound),
            Op::Block(block, size) => self.block_kernel(n, block, size),
            _ => {
                let home = self.homes[&n].clone();
                let mut lowering = Lowering::new(self);
                let value = lowering.computed(n);
                lowering.map(home.buffers[0], &home.axes, value)
            }
        }
    }

    /// The kernel that writes a result which no term is kept in.
    pub(super) fn copy(&mut self, result: &PlanResult, index: usize) -> Kernel {
        let buffer = self.result_buffer(index);
        let mut lowering = Lowering::new(self);
        let value = lowering.value(result.node);
        lowering.map(buffer, &result.axes, value)
    }

    fn reduction_kernel(&mut self, n: NodeId, reduction: Reduction, bound: &AxisSet) -> Kernel {
        let body = self.graph.args(n)[0];
        let home = self.homes[&n].clone();
        if let Some(scatter) = self.scatters.get(&n).cloned() {
            return self.scatter_kernel(&home, scatter, bound);
        }
        let mut lowering = Lowering::new(self);
        lowering.kernel.name = lowering.builder.plan.buffer(home.buffers[0]).name.clone();
        let value = lowering.value(body);
        let kept: Vec<Axis> = home.axes.clone();
        let inner = lowering.innermost(&[value], &kept.iter().copied().chain(bound.iter()).collect::<Vec<_>>());
        let plain = !matches!(reduction, Reduction::LogSumExp | Reduction::ArgMax | Reduction::ArgMin);
        match inner {
            Some(axis) if plain && kept.contains(&axis) => {
                lowering.columns(home.buffers[0], &kept, axis, reduction, bound, value)
            }
            _ => lowering.rows(&home.buffers, &kept, inner, reduction, bound, value),
        }
    }
}

impl Lowering<'_> {
    pub(super) fn map(mut self, buffer: BufferId, axes: &[Axis], value: ExprId) -> Kernel {
        self.kernel.name = self.builder.plan.buffer(buffer).name.clone();
        let nest = self.store_nest(buffer, axes, value);
        self.schedule(vec![nest])
    }

    pub(super) fn store_nest(&mut self, buffer: BufferId, axes: &[Axis], value: ExprId) -> Nest {
        let at = self.places(buffer, axes);
        let checked = vec![false; at.len()];
        let kept = axes.iter().map(|a| self.kernel.var(*a)).collect();
        let sink = Sink::Store { buffer, at, value, combine: None, checked };
        Nest { outer: vec![], phases: vec![Phase { kept, ..Phase::of(vec![sink]) }] }
    }

    /// Sets all elements of an array.
    pub(super) fn fill(&mut self, buffer: BufferId, axes: &[Axis], value: f64) -> Nest {
        let value = match self.builder.plan.buffer(buffer).element {
            Element::Bool => Expr::Bool(value != 0.0),
            _ => Expr::Real(value.to_bits()),
        };
        let value = self.kernel.intern(value);
        self.store_nest(buffer, axes, value)
    }

    /// A reduction that adds whole rows to a row of results: the fastest loop runs along a kept axis.
    fn columns(
        mut self,
        buffer: BufferId,
        kept: &[Axis],
        inner: Axis,
        reduction: Reduction,
        bound: &AxisSet,
        value: ExprId,
    ) -> Kernel {
        let empty = (reduction.row().eval)(&[]);
        let clear = self.fill(buffer, kept, empty);
        let at = self.places(buffer, kept);
        let checked = vec![false; at.len()];
        let sink = Sink::Store { buffer, at, value, combine: Some(reduction), checked };
        let order = kept.iter().copied().filter(|a| *a != inner).chain(bound.iter()).chain([inner]);
        let order: Vec<Axis> = order.collect();
        let kept = order.iter().map(|a| self.kernel.var(*a)).collect();
        let phase = Phase { kept, ..Phase::of(vec![sink]) };
        self.schedule(vec![clear, Nest { outer: vec![], phases: vec![phase] }])
    }

    /// A reduction in registers: the fastest loops run over the bound axes.
    fn rows(
        mut self,
        buffers: &[BufferId],
        kept: &[Axis],
        inner: Option<Axis>,
        reduction: Reduction,
        bound: &AxisSet,
        value: ExprId,
    ) -> Kernel {
        let outer: Vec<VarId> = kept.iter().map(|a| self.kernel.var(*a)).collect();
        let mut order: Vec<Axis> = bound.iter().filter(|a| Some(*a) != inner).collect();
        order.extend(inner.filter(|a| bound.contains(*a)));
        let loops: Vec<VarId> = order.iter().map(|a| self.kernel.var(*a)).collect();
        let at = self.places(buffers[0], kept);
        let store = |buffer: BufferId, value: ExprId| Sink::Store {
            buffer,
            at: at.clone(),
            value,
            combine: None,
            checked: vec![false; at.len()],
        };
        let over = |total: TotalId, value: ExprId| Phase {
            bound: loops.clone(),
            totals: vec![total],
            ..Phase::of(vec![Sink::Update(total, value)])
        };
        let mut phases = vec![];
        if reduction == Reduction::LogSumExp {
            let (largest, total) = self.new_total(Reduction::Max, None, &outer);
            phases.push(over(total, value));
            let shift = self.finite_or_zero(largest);
            let minus = self.minus(value, shift);
            let exp = self.bulk(crate::kernel::EXP, minus);
            let (sum, total) = self.new_total(Reduction::Sum, None, &outer);
            phases.push(over(total, exp));
            let log = self.bulk(crate::kernel::LOG, sum);
            phases.push(Phase::of(vec![store(buffers[0], shift), store(buffers[1], log)]));
        } else {
            let index = match reduction.row().kind {
                ReductionKind::Index => Some(self.indices(&order)[0]),
                _ => None,
            };
            let (result, total) = self.new_total(reduction, index, &outer);
            phases.push(over(total, value));
            phases.push(Phase::of(vec![store(buffers[0], result)]));
        }
        self.schedule(vec![Nest { outer, phases }])
    }

    fn new_total(&mut self, reduction: Reduction, index: Option<ExprId>, within: &[VarId]) -> (ExprId, TotalId) {
        let total = self.kernel.total(reduction, index, within);
        (self.kernel.intern(Expr::Total(total)), total)
    }

    pub(super) fn bulk(&mut self, bulk: crate::kernel::Kernel, arg: ExprId) -> ExprId {
        let call = self.kernel.call(bulk);
        self.kernel.intern(Expr::Call(call, vec![arg]))
    }

    pub(super) fn minus(&mut self, a: ExprId, b: ExprId) -> ExprId {
        let minus_one = self.kernel.intern(Expr::Real((-1.0f64).to_bits()));
        let negative = self.kernel.intern(Expr::Inst(Inst::Mul, 0, vec![minus_one, b]));
        self.kernel.intern(Expr::Inst(Inst::Add, 0, vec![a, negative]))
    }

    /// The value, but 0 for infinities: what is taken out of a logsumexp.
    pub(super) fn finite_or_zero(&mut self, e: ExprId) -> ExprId {
        let infinity = self.kernel.intern(Expr::Real(f64::INFINITY.to_bits()));
        let zero = self.kernel.intern(Expr::Real(0));
        let size = self.kernel.intern(Expr::Inst(Inst::Abs, 0, vec![e]));
        let infinite = self.kernel.intern(Expr::Inst(Inst::Equal, 0, vec![size, infinity]));
        self.kernel.intern(Expr::Inst(Inst::Select, 0, vec![infinite, zero, e]))
    }

    /// The axis along which most of what is read lies close together.
    fn innermost(&self, values: &[ExprId], axes: &[Axis]) -> Option<Axis> {
        let mut loads = vec![];
        let mut seen = FxHashSet::default();
        let mut stack = values.to_vec();
        while let Some(e) = stack.pop() {
            if seen.insert(e) {
                if let Expr::Load { buffer, at, .. } = self.kernel.expr(e) {
                    loads.push(self.address(*buffer, at));
                }
                stack.extend(self.kernel.operands(e));
            }
        }
        let known = |a: Axis| self.builder.graph.extents.known(self.builder.graph.extent(a));
        let score = |axis: Axis| {
            let var = self.kernel.vars.iter().position(|a| *a == axis).map(|v| VarId(v as u32));
            let steps = loads.iter().filter_map(|l| var.map(|v| l.stride(&self.kernel, v)));
            let closeness: i64 = steps
                .map(|s| match s.map(|p| p.as_constant()) {
                    Some(Some(1)) => 4,
                    Some(Some(0)) => 0,
                    _ => -1,
                })
                .sum();
            let short = known(axis).is_some_and(|n| n < 4);
            closeness - if short { 8 } else { 0 }
        };
        axes.iter().copied().max_by_key(|a| score(*a))
    }
}
