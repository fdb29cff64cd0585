//! Statements of a kernel as machine code: loops, memory, calls.
//!
//! Reads plans. This module and `expr` are the only ones that name Cranelift instructions.

use super::frame::{self, Sizes};
use crate::graph::{Poly, Precision};
use crate::plan::{
    Address, BufferId, Element, ExprId, Item, Kernel, Loop, Matrix, Plan, Product, STRIP, StripId, TotalId, VarId,
};
use crate::prim::{Reduction, ReductionKind};
use cranelift::codegen::ir::{BlockArg, FuncRef, StackSlot};
use cranelift::prelude::*;
use rustc_hash::FxHashMap;

/// A computed expression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Computed {
    pub(super) value: Value,
    /// One value per element of a vector, or one for all.
    pub(super) lanes: bool,
}

/// An end of a range.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    Known(i64),
    Value(Value),
}

/// A running total: its value, and for the index of an extreme value that index.
#[derive(Clone, Copy)]
struct Running {
    value: Variable,
    index: Option<Variable>,
}

/// The part of an address that is computed before a loop: the value, the stride of the loop's variable, and the terms
/// that are added in its block.
type Base = (Value, Poly, Vec<(ExprId, Poly)>);

/// The loop whose block is being written.
#[derive(Clone, Default)]
struct Innermost {
    var: Option<VarId>,
    /// Elements are computed as vectors.
    vector: bool,
    /// Addresses without the part that the variable adds.
    bases: FxHashMap<(BufferId, Vec<ExprId>), Base>,
    /// Addresses of strips for value 0 of the variable.
    strips: FxHashMap<StripId, Value>,
    /// Vectors of partial totals.
    partial: FxHashMap<TotalId, Variable>,
}

/// The functions that compiled code calls.
pub(super) struct Imports {
    pub(super) bulk: Vec<FuncRef>,
    pub(super) gemm: Option<FuncRef>,
}

/// Writes the code of one kernel.
pub(super) struct Emitter<'a, 'f> {
    pub(super) plan: &'a Plan,
    pub(super) kernel: &'a Kernel,
    pub(super) sizes: &'a mut Sizes,
    pub(super) b: FunctionBuilder<'f>,
    pub(super) imports: Imports,
    addresses: Value,
    size_table: Value,
    pub(super) values: FxHashMap<ExprId, Computed>,
    /// What was computed, in order, so that the end of a block can forget it.
    log: Vec<ExprId>,
    vars: FxHashMap<VarId, Value>,
    /// The strip that a variable runs over.
    ranges: FxHashMap<VarId, (Bound, Bound)>,
    totals: FxHashMap<TotalId, Running>,
    innermost: Innermost,
    scratch: Option<StackSlot>,
}

impl<'a, 'f> Emitter<'a, 'f> {
    pub(super) fn new(
        plan: &'a Plan,
        kernel: &'a Kernel,
        sizes: &'a mut Sizes,
        mut b: FunctionBuilder<'f>,
        imports: Imports,
    ) -> Emitter<'a, 'f> {
        let block = b.create_block();
        b.append_block_params_for_function_params(block);
        b.switch_to_block(block);
        b.seal_block(block);
        let (addresses, size_table) = (b.block_params(block)[0], b.block_params(block)[1]);
        Emitter {
            plan,
            kernel,
            sizes,
            b,
            imports,
            addresses,
            size_table,
            values: FxHashMap::default(),
            log: vec![],
            vars: FxHashMap::default(),
            ranges: FxHashMap::default(),
            totals: FxHashMap::default(),
            innermost: Innermost::default(),
            scratch: None,
        }
    }

    /// Writes the whole function.
    pub(super) fn finish(mut self, config: cranelift::codegen::isa::TargetFrontendConfig) {
        let kernel = self.kernel;
        self.block(&kernel.body);
        self.b.ins().return_(&[]);
        self.b.finalize(config);
    }

    // ---- types ------------------------------------------------------------------------------------------------

    pub(super) fn real(&self) -> Type {
        if self.plan.precision == Precision::F32 { types::F32 } else { types::F64 }
    }

    pub(super) fn lanes(&self) -> i64 {
        if self.plan.precision == Precision::F32 { 4 } else { 2 }
    }

    /// Whether the block of a loop by vectors is being written.
    pub(super) fn in_vector(&self) -> bool {
        self.innermost.vector
    }

    /// The type of vectors of reals.
    pub(super) fn vector(&self) -> Type {
        if self.plan.precision == Precision::F32 { types::F32X4 } else { types::F64X2 }
    }

    /// The type of vectors of truth values: all bits set where it holds.
    pub(super) fn mask(&self) -> Type {
        if self.plan.precision == Precision::F32 { types::I32X4 } else { types::I64X2 }
    }

    // ---- sizes and addresses ----------------------------------------------------------------------------------

    pub(super) fn int(&mut self, value: i64) -> Value {
        self.b.ins().iconst(types::I64, value)
    }

    fn bound(&mut self, poly: &Poly) -> Bound {
        match frame::known(&self.plan.extents, poly) {
            Some(value) => Bound::Known(value),
            None => {
                let slot = self.sizes.slot(poly);
                let table = self.size_table;
                Bound::Value(self.b.ins().load(types::I64, constant_memory(), table, 8 * slot as i32))
            }
        }
    }

    pub(super) fn materialize(&mut self, bound: Bound) -> Value {
        match bound {
            Bound::Known(value) => self.int(value),
            Bound::Value(value) => value,
        }
    }

    /// A size as a value.
    pub(super) fn size(&mut self, poly: &Poly) -> Value {
        let bound = self.bound(poly);
        self.materialize(bound)
    }

    /// `value * poly`.
    pub(super) fn times(&mut self, value: Value, poly: &Poly) -> Value {
        match self.bound(poly) {
            Bound::Known(1) => value,
            Bound::Known(k) if k > 0 && k & (k - 1) == 0 => {
                let shift = self.int(k.trailing_zeros().into());
                self.b.ins().ishl(value, shift)
            }
            Bound::Known(k) => {
                let k = self.int(k);
                self.b.ins().imul(value, k)
            }
            Bound::Value(k) => self.b.ins().imul(value, k),
        }
    }

    fn start_of(&mut self, buffer: BufferId) -> Value {
        let table = self.addresses;
        self.b.ins().load(types::I64, constant_memory(), table, 8 * buffer.0 as i32)
    }

    fn width(&self, buffer: BufferId) -> i64 {
        self.plan.width(self.plan.buffer(buffer).element)
    }

    /// The value of an index; variables of enclosing loops are always there.
    pub(super) fn index(&mut self, e: ExprId) -> Value {
        if let crate::plan::Expr::Var(v) = self.kernel.expr(e) {
            return self.vars[v];
        }
        self.scalar(e)
    }

    /// `start + width · (constant + Σ stride · index)`.
    fn pointer(&mut self, start: Value, width: i64, constant: &Poly, terms: &[(ExprId, Poly)]) -> Value {
        let mut pointer = start;
        if constant != &Poly::default() {
            let bytes = self.size(&constant.scale(width));
            pointer = self.b.ins().iadd(pointer, bytes);
        }
        for (index, stride) in terms {
            let index = self.index(*index);
            let bytes = self.times(index, &stride.scale(width));
            pointer = self.b.ins().iadd(pointer, bytes);
        }
        pointer
    }

    /// Where an element is. What does not depend on the innermost loop was computed before it.
    pub(super) fn element(&mut self, buffer: BufferId, at: &[ExprId]) -> Value {
        let width = self.width(buffer);
        let key = (buffer, at.to_vec());
        if let (Some(var), Some((base, stride, rest))) = (self.innermost.var, self.innermost.bases.get(&key).cloned()) {
            let index = self.vars[&var];
            let mut pointer = base;
            if stride != Poly::default() {
                let bytes = self.times(index, &stride.scale(width));
                pointer = self.b.ins().iadd(pointer, bytes);
            }
            return self.pointer(pointer, width, &Poly::default(), &rest);
        }
        let Address { terms, constant } = self.plan.address(self.kernel, buffer, at);
        let start = self.start_of(buffer);
        self.pointer(start, width, &constant, &terms)
    }

    /// Whether all checked indices lie inside; `None` if there is nothing to check.
    pub(super) fn inside(&mut self, buffer: BufferId, at: &[ExprId], checked: &[bool]) -> Option<Value> {
        let mut all = None;
        for (i, index) in at.iter().enumerate().filter(|(i, _)| checked[*i]) {
            let extent = self.plan.extents.poly(self.plan.buffer(buffer).axes[i].extent);
            let extent = self.size(extent);
            let index = self.index(*index);
            let one = self.b.ins().icmp(IntCC::UnsignedLessThan, index, extent);
            all = Some(match all {
                Some(others) => self.b.ins().band(others, one),
                None => one,
            });
        }
        all
    }

    /// The address, or that of zeros where an index lies outside.
    pub(super) fn guarded(&mut self, buffer: BufferId, at: &[ExprId], checked: &[bool]) -> Value {
        let pointer = self.element(buffer, at);
        match self.inside(buffer, at, checked) {
            Some(inside) => {
                let zeros = self.size_table;
                self.b.ins().select(inside, pointer, zeros)
            }
            None => pointer,
        }
    }

    // ---- blocks and loops -------------------------------------------------------------------------------------

    fn block(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
        }
    }

    /// Writes something whose values are not known afterwards.
    fn scoped(&mut self, write: impl FnOnce(&mut Self)) {
        let known = self.log.len();
        let innermost = self.innermost.clone();
        write(self);
        for e in self.log.drain(known..) {
            self.values.remove(&e);
        }
        self.innermost = innermost;
    }

    pub(super) fn define(&mut self, e: ExprId, computed: Computed) {
        self.values.insert(e, computed);
        self.log.push(e);
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Let(e) => self.compute(*e),
            Item::Loop(l) => self.repeat(l),
            Item::Strips { var, extent, body } => self.strips(*var, *extent, body),
            Item::Store { buffer, at, value, combine, checked } => self.store(*buffer, at, *value, *combine, checked),
            Item::Start(total) => self.start(*total),
            Item::Update(total, e) => self.update(*total, *e),
            Item::Spill(strip, e) => {
                let value = if self.innermost.vector { self.lanes_of(*e) } else { self.scalar(*e) };
                let pointer = self.strip_element(*strip);
                self.b.ins().store(memory(), value, pointer, 0);
            }
            Item::Fetch(strip, e) => {
                let pointer = self.strip_element(*strip);
                let lanes = self.innermost.vector;
                let ty = if lanes { self.vector() } else { self.real() };
                let value = self.b.ins().load(ty, memory(), pointer, 0);
                self.define(*e, Computed { value, lanes });
            }
            Item::Bulk(strip, e, args) => self.bulk(*strip, *e, args),
            Item::Product(product) => self.product(product),
        }
    }

    fn range(&mut self, l: &Loop) -> (Bound, Bound) {
        if let Some(range) = self.ranges.get(&l.var) {
            return *range;
        }
        let poly = self.plan.extents.poly(l.extent).clone();
        (Bound::Known(0), self.bound(&poly))
    }

    fn repeat(&mut self, l: &Loop) {
        let (low, high) = self.range(l);
        if !l.vector {
            return self.scoped(|this| {
                this.prepare(l, false);
                this.counted(l.var, low, high, 1, |this| this.block(&l.body));
            });
        }
        let middle = self.whole_vectors(low, high);
        self.scoped(|this| {
            this.prepare(l, true);
            let step = this.lanes();
            this.counted(l.var, low, middle, step, |this| this.block(&l.body));
            this.join_partial();
        });
        if !matches!((middle, high), (Bound::Known(a), Bound::Known(b)) if a == b) {
            self.scoped(|this| {
                this.prepare(l, false);
                this.counted(l.var, middle, high, 1, |this| this.block(&l.body));
            });
        }
    }

    /// The end of the part of a range that whole vectors cover.
    fn whole_vectors(&mut self, low: Bound, high: Bound) -> Bound {
        let lanes = self.lanes();
        if let (Bound::Known(low), Bound::Known(high)) = (low, high) {
            return Bound::Known(low + (high - low).max(0) / lanes * lanes);
        }
        let (low, high) = (self.materialize(low), self.materialize(high));
        let length = self.b.ins().isub(high, low);
        let mask = self.int(-lanes);
        let whole = self.b.ins().band(length, mask);
        Bound::Value(self.b.ins().iadd(low, whole))
    }

    /// Runs a block for `low`, `low + step`, … below `high`.
    fn counted(&mut self, var: VarId, low: Bound, high: Bound, step: i64, body: impl FnOnce(&mut Self)) {
        if let (Bound::Known(low), Bound::Known(high)) = (low, high) {
            if low >= high {
                return;
            }
            if low + step >= high {
                let value = self.int(low);
                self.vars.insert(var, value);
                return body(self);
            }
        }
        let never_empty = matches!((low, high), (Bound::Known(a), Bound::Known(b)) if a < b);
        let (low, high) = (self.materialize(low), self.materialize(high));
        let (inner, exit) = (self.b.create_block(), self.b.create_block());
        let value = self.b.append_block_param(inner, types::I64);
        if never_empty {
            self.b.ins().jump(inner, &[BlockArg::Value(low)]);
        } else {
            let some = self.b.ins().icmp(IntCC::SignedLessThan, low, high);
            self.b.ins().brif(some, inner, &[BlockArg::Value(low)], exit, &[]);
        }
        self.b.switch_to_block(inner);
        self.vars.insert(var, value);
        body(self);
        let step = self.int(step);
        let next = self.b.ins().iadd(value, step);
        let more = self.b.ins().icmp(IntCC::SignedLessThan, next, high);
        self.b.ins().brif(more, inner, &[BlockArg::Value(next)], exit, &[]);
        self.b.seal_block(inner);
        self.b.seal_block(exit);
        self.b.switch_to_block(exit);
    }

    /// Computes before a loop what its addresses share, and starts vectors of partial totals.
    fn prepare(&mut self, l: &Loop, vector: bool) {
        let mut inner = Innermost { var: Some(l.var), vector, ..Innermost::default() };
        for item in &l.body {
            match item {
                Item::Let(e) => {
                    if let crate::plan::Expr::Load { buffer, at, .. } = self.kernel.expr(*e) {
                        self.base(l.var, *buffer, at, &mut inner);
                    }
                }
                Item::Store { buffer, at, .. } => self.base(l.var, *buffer, at, &mut inner),
                Item::Spill(strip, _) | Item::Fetch(strip, _) => {
                    let low = self.ranges.get(&l.var).map_or(Bound::Known(0), |r| r.0);
                    let start = self.strip(*strip);
                    let low = self.materialize(low);
                    let before = self.times(low, &Poly::constant(self.plan.width(Element::Real)));
                    let base = self.b.ins().isub(start, before);
                    inner.strips.insert(*strip, base);
                }
                Item::Update(total, _) if vector => {
                    let empty = self.empty(self.kernel.totals[total.0 as usize].reduction);
                    let ty = self.vector();
                    let empty = self.b.ins().splat(ty, empty);
                    let partial = self.b.declare_var(ty);
                    self.b.def_var(partial, empty);
                    inner.partial.insert(*total, partial);
                }
                _ => {}
            }
        }
        self.innermost = inner;
    }

    fn base(&mut self, var: VarId, buffer: BufferId, at: &[ExprId], inner: &mut Innermost) {
        let key = (buffer, at.to_vec());
        if inner.bases.contains_key(&key) {
            return;
        }
        let Address { terms, constant } = self.plan.address(self.kernel, buffer, at);
        let mut stride = Poly::default();
        let (mut before, mut rest) = (vec![], vec![]);
        for (index, k) in terms {
            match self.kernel.expr(index) {
                crate::plan::Expr::Var(v) if *v == var => stride = k,
                _ if self.kernel.depends(index, var) => rest.push((index, k)),
                _ => before.push((index, k)),
            }
        }
        // An index that is computed in the block from what lies outside is added there.
        let (ready, late): (Vec<_>, Vec<_>) = before.into_iter().partition(|t| self.is_ready(t.0));
        rest.extend(late);
        let start = self.start_of(buffer);
        let base = self.pointer(start, self.width(buffer), &constant, &ready);
        inner.bases.insert(key, (base, stride, rest));
    }

    fn is_ready(&self, e: ExprId) -> bool {
        match self.kernel.expr(e) {
            crate::plan::Expr::Var(v) => self.vars.contains_key(v),
            _ => self.kernel.is_constant(e) || self.values.contains_key(&e),
        }
    }

    fn strips(&mut self, var: VarId, extent: crate::graph::ExtentId, body: &[Item]) {
        let poly = self.plan.extents.poly(extent).clone();
        let end = self.bound(&poly);
        if let Bound::Known(n) = end
            && n <= STRIP
        {
            self.ranges.insert(var, (Bound::Known(0), Bound::Known(n)));
            self.scoped(|this| this.block(body));
            self.ranges.remove(&var);
            return;
        }
        self.scoped(|this| {
            this.counted(var, Bound::Known(0), end, STRIP, |this| {
                let low = this.vars[&var];
                let length = this.int(STRIP);
                let next = this.b.ins().iadd(low, length);
                let end = this.materialize(end);
                let high = this.b.ins().smin(next, end);
                this.ranges.insert(var, (Bound::Value(low), Bound::Value(high)));
                this.block(body);
                this.ranges.remove(&var);
            });
        });
    }

    // ---- memory -----------------------------------------------------------------------------------------------

    fn store(&mut self, buffer: BufferId, at: &[ExprId], e: ExprId, combine: Option<Reduction>, checked: &[bool]) {
        let vector = self.innermost.vector;
        let pointer = self.element(buffer, at);
        let mut value = if vector { self.lanes_of(e) } else { self.scalar(e) };
        let inside = self.inside(buffer, at, checked);
        let after = inside.map(|inside| {
            let (write, after) = (self.b.create_block(), self.b.create_block());
            self.b.ins().brif(inside, write, &[], after, &[]);
            self.b.seal_block(write);
            self.b.switch_to_block(write);
            after
        });
        let element = self.plan.buffer(buffer).element;
        if let Some(reduction) = combine {
            let ty = match element {
                Element::Bool => types::I8,
                _ if vector => self.vector(),
                _ => self.real(),
            };
            let old = self.b.ins().load(ty, memory(), pointer, 0);
            value = self.combine(reduction, old, value);
        }
        if element == Element::Index {
            value = self.b.ins().ireduce(types::I32, value);
        }
        self.b.ins().store(memory(), value, pointer, 0);
        if let Some(after) = after {
            self.b.ins().jump(after, &[]);
            self.b.seal_block(after);
            self.b.switch_to_block(after);
        }
    }

    /// The start of a strip.
    fn strip(&mut self, strip: StripId) -> Value {
        let table = self.addresses;
        let entry = 8 * frame::strips_entry(self.plan) as i32;
        let start = self.b.ins().load(types::I64, constant_memory(), table, entry);
        let offset = self.int(i64::from(strip.0) * frame::strip_bytes(self.plan));
        self.b.ins().iadd(start, offset)
    }

    fn strip_element(&mut self, strip: StripId) -> Value {
        let (Some(var), Some(base)) = (self.innermost.var, self.innermost.strips.get(&strip).copied()) else {
            return self.strip(strip);
        };
        let index = self.vars[&var];
        let bytes = self.times(index, &Poly::constant(self.plan.width(Element::Real)));
        self.b.ins().iadd(base, bytes)
    }

    // ---- totals -----------------------------------------------------------------------------------------------

    /// The value of a total of no elements.
    fn empty(&mut self, reduction: Reduction) -> Value {
        let value = match reduction {
            Reduction::ArgMax => f64::NEG_INFINITY,
            Reduction::ArgMin => f64::INFINITY,
            _ => (reduction.row().eval)(&[]),
        };
        match reduction.row().kind {
            ReductionKind::Bool => self.b.ins().iconst(types::I8, value as i64),
            _ => self.constant(value),
        }
    }

    fn start(&mut self, total: TotalId) {
        let reduction = self.kernel.totals[total.0 as usize].reduction;
        let empty = self.empty(reduction);
        let ty = if reduction.row().kind == ReductionKind::Bool { types::I8 } else { self.real() };
        let value = self.b.declare_var(ty);
        self.b.def_var(value, empty);
        let index = (reduction.row().kind == ReductionKind::Index).then(|| {
            let index = self.b.declare_var(types::I64);
            let zero = self.int(0);
            self.b.def_var(index, zero);
            index
        });
        self.totals.insert(total, Running { value, index });
    }

    fn update(&mut self, total: TotalId, e: ExprId) {
        let kernel = self.kernel;
        let info = &kernel.totals[total.0 as usize];
        let running = self.totals[&total];
        if let Some(partial) = self.innermost.partial.get(&total).copied() {
            let value = self.lanes_of(e);
            let old = self.b.use_var(partial);
            let new = self.combine(info.reduction, old, value);
            return self.b.def_var(partial, new);
        }
        let value = self.scalar(e);
        let old = self.b.use_var(running.value);
        let (Some(variable), Some(index)) = (running.index, info.index) else {
            let new = self.combine(info.reduction, old, value);
            return self.b.def_var(running.value, new);
        };
        // Not (value <= old) also holds if either is NaN; once a NaN is found nothing is better.
        let no_better =
            if info.reduction == Reduction::ArgMax { FloatCC::LessThanOrEqual } else { FloatCC::GreaterThanOrEqual };
        let worse = self.b.ins().fcmp(no_better, value, old);
        let found = self.b.ins().fcmp(FloatCC::Unordered, old, old);
        let keep = self.b.ins().bor(worse, found);
        let index = self.index(index);
        let old_index = self.b.use_var(variable);
        let value = self.b.ins().select(keep, old, value);
        let index = self.b.ins().select(keep, old_index, index);
        self.b.def_var(running.value, value);
        self.b.def_var(variable, index);
    }

    /// Adds the lanes of partial totals to the totals.
    fn join_partial(&mut self) {
        let mut partial: Vec<(TotalId, Variable)> = self.innermost.partial.iter().map(|(t, v)| (*t, *v)).collect();
        partial.sort_by_key(|p| p.0);
        for (total, variable) in partial {
            let reduction = self.kernel.totals[total.0 as usize].reduction;
            let running = self.totals[&total].value;
            let vector = self.b.use_var(variable);
            let mut parts: Vec<Value> =
                (0..self.lanes()).map(|lane| self.b.ins().extractlane(vector, lane as u8)).collect();
            while parts.len() > 1 {
                parts = parts.chunks(2).map(|pair| self.combine(reduction, pair[0], pair[1])).collect();
            }
            let old = self.b.use_var(running);
            let new = self.combine(reduction, old, parts[0]);
            self.b.def_var(running, new);
        }
    }

    /// The final value of a total.
    pub(super) fn total(&mut self, total: TotalId) -> Value {
        let running = self.totals[&total];
        self.b.use_var(running.index.unwrap_or(running.value))
    }

    // ---- calls ------------------------------------------------------------------------------------------------

    fn bulk(&mut self, strip: StripId, e: ExprId, args: &[StripId]) {
        let crate::plan::Expr::Call(call, _) = self.kernel.expr(e) else { return };
        let mut var = None;
        for v in self.kernel.reads(e) {
            if self.ranges.contains_key(v) {
                var = Some(*v);
            }
        }
        let Some((low, high)) = var.and_then(|v| self.ranges.get(&v).copied()) else { return };
        let length = match (low, high) {
            (Bound::Known(low), Bound::Known(high)) => self.int(high - low),
            _ => {
                let (low, high) = (self.materialize(low), self.materialize(high));
                self.b.ins().isub(high, low)
            }
        };
        let mut values = vec![self.strip(strip)];
        for a in args {
            values.push(self.strip(*a));
        }
        values.push(length);
        self.b.ins().call(self.imports.bulk[*call as usize], &values);
    }

    /// A bulk function for one element.
    pub(super) fn single(&mut self, call: u32, args: &[ExprId]) -> Value {
        let slot = *self.scratch.get_or_insert_with(|| {
            self.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 16, 4))
        });
        let first = self.b.ins().stack_addr(types::I64, slot, 0);
        let mut pointers = vec![first];
        for (i, a) in args.iter().enumerate() {
            let value = self.scalar(*a);
            let pointer = self.b.ins().stack_addr(types::I64, slot, 8 * i as i32);
            self.b.ins().store(memory(), value, pointer, 0);
            pointers.push(pointer);
        }
        pointers.push(self.int(1));
        self.b.ins().call(self.imports.bulk[call as usize], &pointers);
        let ty = self.real();
        self.b.ins().load(ty, memory(), first, 0)
    }

    fn product(&mut self, p: &Product) {
        let Some(gemm) = self.imports.gemm else { return };
        let (m, n, k) = (self.size(&p.m), self.size(&p.n), self.size(&p.k));
        let mut args = vec![m, n, k];
        for matrix in [&p.dst, &p.a, &p.b] {
            args.push(self.matrix(matrix));
            args.push(self.size(&matrix.row));
            args.push(self.size(&matrix.column));
        }
        args.push(self.int(p.add.into()));
        self.b.ins().call(gemm, &args);
    }

    fn matrix(&mut self, m: &Matrix) -> Value {
        let start = self.start_of(m.buffer);
        self.pointer(start, self.width(m.buffer), &m.start.constant, &m.start.terms)
    }
}

/// Memory that is never written while a function runs.
fn constant_memory() -> MemFlagsData {
    MemFlagsData::trusted().with_readonly().with_can_move()
}

/// Arrays: accesses do not trap; vectors need not be aligned.
pub(super) fn memory() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}
