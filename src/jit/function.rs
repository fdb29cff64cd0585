//! Statements of a kernel as machine code: loops, memory, calls.
//!
//! Reads plans. This module, `expr` and `total` are the only ones that name Cranelift instructions.

use super::frame::{self, Sizes};
use super::total::Running;
use crate::graph::{Block, Poly, Precision};
use crate::plan::{Address, BufferId, Element, ExprId, Item, Kernel, Loop, Plan, STRIP, StripId, TotalId, VarId};
use crate::prim::Reduction;
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

/// The part of an address that is computed before a loop: the value, the stride of the loop's variable, and the terms
/// that are added in its block.
type Base = (Value, Poly, Vec<(ExprId, Poly)>);

/// The loop whose block is being written.
#[derive(Clone, Default)]
pub(super) struct Innermost {
    var: Option<VarId>,
    /// Elements are computed as vectors.
    vector: bool,
    /// Addresses without the part that the variable adds.
    bases: FxHashMap<(BufferId, Vec<ExprId>), Base>,
    /// Addresses of strips for value 0 of the variable.
    strips: FxHashMap<StripId, Value>,
    /// Vectors of partial totals.
    pub(super) partial: FxHashMap<TotalId, Variable>,
}

/// The functions that compiled code calls.
pub(super) struct Imports {
    pub(super) bulk: Vec<FuncRef>,
    pub(super) gemm: Option<FuncRef>,
    pub(super) blocks: Vec<(Block, FuncRef)>,
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
    pub(super) vars: FxHashMap<VarId, Value>,
    /// The strip that a variable runs over.
    pub(super) ranges: FxHashMap<VarId, (Bound, Bound)>,
    pub(super) totals: FxHashMap<TotalId, Running>,
    pub(super) innermost: Innermost,
    pub(super) scratch: Option<StackSlot>,
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

    pub(super) fn start_of(&mut self, buffer: BufferId) -> Value {
        let table = self.addresses;
        self.b.ins().load(types::I64, constant_memory(), table, 8 * buffer.0 as i32)
    }

    pub(super) fn width(&self, buffer: BufferId) -> i64 {
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
    pub(super) fn pointer(&mut self, start: Value, width: i64, constant: &Poly, terms: &[(ExprId, Poly)]) -> Value {
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
            Item::Block(call) => self.block_call(call),
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
    pub(super) fn strip(&mut self, strip: StripId) -> Value {
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
}

/// Memory that is never written while a function runs.
fn constant_memory() -> MemFlagsData {
    MemFlagsData::trusted().with_readonly().with_can_move()
}

/// Arrays: accesses do not trap; vectors need not be aligned.
pub(super) fn memory() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}
