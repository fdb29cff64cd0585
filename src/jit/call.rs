//! Calls: bulk functions on strips and single values, and matrix products.
//!
//! Reads plans. The functions themselves are in `kernel`.

use super::function::{Bound, Emitter, memory};
use crate::plan::{BlockCall, ExprId, Matrix, Product, StripId};
use cranelift::prelude::*;

impl Emitter<'_, '_> {
    pub(super) fn bulk(&mut self, strip: StripId, e: ExprId, args: &[StripId]) {
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

    pub(super) fn product(&mut self, p: &Product) {
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

    /// A whole-matrix algorithm.
    pub(super) fn block_call(&mut self, call: &BlockCall) {
        let Some((_, function)) = self.imports.blocks.iter().find(|b| b.0 == call.block).copied() else { return };
        let start = self.start_of(call.dst);
        let dst = self.pointer(start, self.width(call.dst), &call.start.constant, &call.start.terms);
        let matrix = match call.matrix {
            Some(matrix) => self.start_of(matrix),
            None => dst,
        };
        let work = match call.work {
            Some(work) => self.start_of(work),
            None => dst,
        };
        let (n, m) = (self.size(&call.n), self.size(&call.m));
        self.b.ins().call(function, &[dst, matrix, work, n, m]);
    }

    pub(super) fn matrix(&mut self, m: &Matrix) -> Value {
        let start = self.start_of(m.buffer);
        self.pointer(start, self.width(m.buffer), &m.start.constant, &m.start.terms)
    }
}
