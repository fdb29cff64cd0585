//! From loop nests to statements: every expression is computed once, as far out as it can be, and bulk functions are
//! called for strips of the innermost loop.
//!
//! Reads nests and kernels. Must not know the graph.

use super::address::Address;
use super::kernel::{BufferId, Expr, ExprId, Item, Kernel, Loop, StripId, VarId};
use super::lower::Lowering;
use super::nest::{Nest, Phase, Sink};
use super::{Buffer, Element};
use crate::graph::Extents;
use crate::prim::{Inst, Reduction};
use rustc_hash::{FxHashMap, FxHashSet};

struct Scope {
    /// The loop that the scope is the block of.
    var: Option<VarId>,
    items: Vec<Item>,
    defined: FxHashSet<ExprId>,
}

struct Scheduler<'p> {
    kernel: Kernel,
    buffers: &'p [Buffer],
    extents: &'p Extents,
    scopes: Vec<Scope>,
    /// Calls whose results lie in strips.
    strips: FxHashMap<ExprId, StripId>,
    /// Arrays that this kernel has written: reads of them stay inside the outer loops of the nest.
    written: FxHashSet<BufferId>,
    outer: usize,
}

impl Lowering<'_> {
    /// The kernel that runs the nests one after the other.
    pub(super) fn schedule(self, nests: Vec<Nest>) -> Kernel {
        let builder = &*self.builder;
        let mut scheduler = Scheduler {
            kernel: self.kernel,
            buffers: &builder.plan.buffers,
            extents: &builder.graph.extents,
            scopes: vec![Scope { var: None, items: vec![], defined: FxHashSet::default() }],
            strips: FxHashMap::default(),
            written: FxHashSet::default(),
            outer: 0,
        };
        for nest in nests {
            scheduler.nest(nest);
        }
        let mut kernel = scheduler.kernel;
        kernel.body = scheduler.scopes.pop().map(|s| s.items).unwrap_or_default();
        kernel
    }
}

impl Scheduler<'_> {
    fn nest(&mut self, nest: Nest) {
        for var in &nest.outer {
            self.open(Some(*var));
        }
        self.outer = self.scopes.len() - 1;
        for phase in nest.phases {
            self.phase(phase);
        }
        self.outer = 0;
        for _ in &nest.outer {
            self.close_loop();
        }
    }

    fn phase(&mut self, phase: Phase) {
        let Phase { kept, bound, totals, sinks, after } = phase;
        let innermost = bound.last().or(kept.last()).copied();
        let (kept, bound) = match innermost {
            Some(_) if bound.is_empty() => (&kept[..kept.len() - 1], &bound[..]),
            Some(_) => (&kept[..], &bound[..bound.len() - 1]),
            None => (&kept[..], &bound[..]),
        };
        kept.iter().for_each(|v| self.open(Some(*v)));
        totals.iter().for_each(|t| self.push(Item::Start(*t)));
        bound.iter().for_each(|v| self.open(Some(*v)));
        for sink in sinks.iter().chain(&after) {
            if let Sink::Store { buffer, .. } = sink {
                self.written.insert(*buffer);
            }
        }
        match innermost {
            Some(var) => self.innermost(var, sinks),
            None => sinks.into_iter().for_each(|s| self.sink(s)),
        }
        bound.iter().for_each(|_| self.close_loop());
        after.into_iter().for_each(|s| self.sink(s));
        kept.iter().for_each(|_| self.close_loop());
    }

    /// The innermost loop. Bulk functions split it into stages, each a loop over a strip: arguments, calls, the rest.
    fn innermost(&mut self, var: VarId, sinks: Vec<Sink>) {
        let mut stages: FxHashMap<ExprId, usize> = FxHashMap::default();
        let mut calls = vec![];
        for sink in &sinks {
            for e in self.demands(sink) {
                self.stage(e, var, &mut stages, &mut calls);
            }
        }
        if calls.is_empty() {
            self.open(Some(var));
            sinks.into_iter().for_each(|s| self.sink(s));
            return self.close_loop();
        }
        let stage_of = |this: &Self, sink: &Sink, stages: &FxHashMap<ExprId, usize>| {
            this.demands(sink).iter().map(|e| stages.get(e).copied().unwrap_or(0)).max().unwrap_or(0)
        };
        let last = sinks.iter().map(|s| stage_of(self, s, &stages)).max().unwrap_or(0);
        let mut sinks: Vec<(usize, Sink)> = sinks.into_iter().map(|s| (stage_of(self, &s, &stages), s)).collect();
        self.open(None);
        for stage in 0..=last {
            let (now, later) = sinks.into_iter().partition(|s| s.0 == stage);
            sinks = later;
            let ready: Vec<ExprId> = calls.iter().copied().filter(|c| stages[c] == stage + 1).collect();
            let mut bulk = vec![];
            self.open(Some(var));
            for call in ready {
                let args = self.kernel.operands(call);
                let strips: Vec<StripId> = args.iter().map(|a| self.spill(*a)).collect();
                bulk.push((call, strips));
            }
            now.into_iter().for_each(|(_, s)| self.sink(s));
            self.close_loop();
            for (call, strips) in bulk {
                self.strips.insert(call, strips[0]);
                self.push(Item::Bulk(strips[0], call, strips));
            }
        }
        let body = self.scopes.pop().map(|s| s.items).unwrap_or_default();
        let extent = self.kernel.vars[var.0 as usize].extent;
        self.push(Item::Strips { var, extent, body });
        self.strips.clear();
    }

    fn spill(&mut self, e: ExprId) -> StripId {
        self.demand(e);
        let strip = StripId(self.kernel.strips);
        self.kernel.strips += 1;
        self.push(Item::Spill(strip, e));
        strip
    }

    /// How many rounds of calls come before an expression; lists the calls that depend on the variable.
    fn stage(&self, e: ExprId, var: VarId, stages: &mut FxHashMap<ExprId, usize>, calls: &mut Vec<ExprId>) -> usize {
        if !self.kernel.depends(e, var) {
            return 0;
        }
        if let Some(stage) = stages.get(&e) {
            return *stage;
        }
        let below = self.needs(e).iter().map(|x| self.stage(*x, var, stages, calls)).max().unwrap_or(0);
        let stage = match self.kernel.expr(e) {
            Expr::Call(..) => {
                calls.push(e);
                below + 1
            }
            _ => below,
        };
        stages.insert(e, stage);
        stage
    }

    /// The expressions that a sink needs.
    fn demands(&self, sink: &Sink) -> Vec<ExprId> {
        match sink {
            Sink::Store { buffer, at, value, checked, .. } => {
                let mut out = self.atoms(*buffer, at, checked);
                out.push(*value);
                out
            }
            Sink::Update(total, value) => {
                let index = self.kernel.totals[total.0 as usize].index;
                index.into_iter().chain([*value]).collect()
            }
            Sink::Item(Item::Product(p)) => {
                [&p.dst, &p.a, &p.b].iter().flat_map(|m| m.start.terms.iter().map(|t| t.0)).collect()
            }
            Sink::Item(Item::Block(call)) => call.start.terms.iter().map(|t| t.0).collect(),
            Sink::Item(_) => vec![],
        }
    }

    fn sink(&mut self, sink: Sink) {
        for e in self.demands(&sink) {
            self.demand(e);
        }
        self.push(match sink {
            Sink::Store { buffer, at, value, combine, checked } => Item::Store { buffer, at, value, combine, checked },
            Sink::Update(total, value) => Item::Update(total, value),
            Sink::Item(item) => item,
        });
    }

    /// The indices that make up an address, and those that are checked.
    fn atoms(&self, buffer: BufferId, at: &[ExprId], checked: &[bool]) -> Vec<ExprId> {
        let address = self.address(buffer, at);
        let checks = at.iter().zip(checked).filter(|(_, c)| **c).map(|(e, _)| *e);
        address.terms.iter().map(|t| t.0).chain(checks).collect()
    }

    fn address(&self, buffer: BufferId, at: &[ExprId]) -> Address {
        Address::of(&self.kernel, self.extents, at, &self.buffers[buffer.0 as usize].strides)
    }

    /// The expressions that must be there before this one.
    fn needs(&self, e: ExprId) -> Vec<ExprId> {
        match self.kernel.expr(e) {
            Expr::Load { buffer, at, checked } => self.atoms(*buffer, at, checked),
            _ => self.kernel.operands(e),
        }
    }

    /// Sees to it that an expression is there.
    fn demand(&mut self, e: ExprId) {
        if self.kernel.is_constant(e) || matches!(self.kernel.expr(e), Expr::Var(_)) {
            return;
        }
        if self.scopes.iter().any(|s| s.defined.contains(&e)) {
            return;
        }
        if let Some(strip) = self.strips.get(&e) {
            let fetch = Item::Fetch(*strip, e);
            let at = self.scopes.len() - 1;
            return self.define(at, e, fetch);
        }
        for x in self.needs(e) {
            self.demand(x);
        }
        let at = self.scope_of(e);
        self.define(at, e, Item::Let(e));
    }

    fn define(&mut self, at: usize, e: ExprId, item: Item) {
        self.scopes[at].items.push(item);
        self.scopes[at].defined.insert(e);
    }

    /// The outermost block in which everything that an expression reads is known.
    fn scope_of(&self, e: ExprId) -> usize {
        let stays = match self.kernel.expr(e) {
            Expr::Load { buffer, .. } if self.written.contains(buffer) => self.outer,
            _ => 0,
        };
        let reads = self.kernel.reads(e);
        let deepest = self.scopes.iter().rposition(|s| s.var.is_some_and(|v| reads.contains(&v))).unwrap_or(0);
        let args = self.needs(e).iter().map(|x| self.home_of(*x)).max().unwrap_or(0);
        deepest.max(stays).max(args)
    }

    fn home_of(&self, e: ExprId) -> usize {
        self.scopes.iter().position(|s| s.defined.contains(&e)).unwrap_or(0)
    }

    fn open(&mut self, var: Option<VarId>) {
        self.scopes.push(Scope { var, items: vec![], defined: FxHashSet::default() });
    }

    fn push(&mut self, item: Item) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.items.push(item);
        }
    }

    fn close_loop(&mut self) {
        let Some(Scope { var: Some(var), items: body, .. }) = self.scopes.pop() else { return };
        if body.is_empty() {
            return;
        }
        let extent = self.kernel.vars[var.0 as usize].extent;
        let vector = body.iter().all(|item| self.is_vector(item, var));
        self.push(Item::Loop(Loop { var, extent, vector, body }));
    }

    /// Whether a statement can be done for several consecutive values of the variable at once.
    fn is_vector(&self, item: &Item, var: VarId) -> bool {
        match item {
            Item::Let(e) => self.is_vector_expr(*e, var),
            Item::Fetch(..) => true,
            Item::Spill(_, e) => self.is_operand(*e, var),
            Item::Store { buffer, at, value, combine, checked } => {
                self.is_adjacent(*buffer, at, checked, var)
                    && self.is_operand(*value, var)
                    && combine.is_none_or(is_vector_reduction)
            }
            Item::Update(total, e) => {
                is_vector_reduction(self.kernel.totals[total.0 as usize].reduction) && self.is_operand(*e, var)
            }
            _ => false,
        }
    }

    fn is_vector_expr(&self, e: ExprId, var: VarId) -> bool {
        match self.kernel.expr(e) {
            Expr::Load { buffer, at, checked } => self.is_adjacent(*buffer, at, checked, var),
            Expr::Inst(Inst::IndexToReal | Inst::IndexIsZero | Inst::IndexIsNonNegative | Inst::IndexMul, ..) => false,
            Expr::Inst(_, _, args) => args.iter().all(|a| self.is_operand(*a, var)),
            _ => false,
        }
    }

    /// Whether the value can stand in a vector: it is the same for all elements or has been computed as a vector.
    fn is_operand(&self, e: ExprId, var: VarId) -> bool {
        self.element(e) != Element::Index && !matches!(self.kernel.expr(e), Expr::Var(v) if *v == var)
    }

    fn element(&self, e: ExprId) -> Element {
        self.kernel.element(e, &|b: BufferId| self.buffers[b.0 as usize].element)
    }

    fn is_adjacent(&self, buffer: BufferId, at: &[ExprId], checked: &[bool], var: VarId) -> bool {
        let stride = self.address(buffer, at).stride(&self.kernel, var).and_then(|p| p.as_constant());
        let real = self.buffers[buffer.0 as usize].element == Element::Real;
        real && stride == Some(1) && !checked.contains(&true)
    }
}

fn is_vector_reduction(reduction: Reduction) -> bool {
    matches!(reduction, Reduction::Sum | Reduction::Prod | Reduction::Max | Reduction::Min)
}
