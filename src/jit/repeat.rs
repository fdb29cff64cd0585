//! The entry of compiled code: calls the kernels in order, some of them once for every turn of a loop.
//!
//! Reads plans. Must not know what kernels do.

use super::frame::{self, Sizes};
use crate::plan::{Plan, Repeat};
use cranelift::codegen::ir::FuncRef;
use cranelift::prelude::*;

/// Writes the entry.
pub(super) struct Main<'a, 'f> {
    pub(super) plan: &'a Plan,
    pub(super) sizes: &'a mut Sizes,
    pub(super) callees: Vec<FuncRef>,
    /// The table of addresses and the table of sizes.
    pub(super) args: Vec<Value>,
    pub(super) b: FunctionBuilder<'f>,
}

impl Main<'_, '_> {
    /// The kernels of a range; `repeats` are those from this one on that have not begun.
    pub(super) fn kernels(&mut self, mut first: usize, end: usize, mut repeat: usize) {
        while first < end {
            match self.plan.repeats.get(repeat) {
                Some(r) if r.first as usize == first => {
                    self.turns(&r.clone(), repeat);
                    first = r.end as usize;
                    repeat += self.plan.repeats[repeat..].iter().take_while(|i| i.end <= r.end).count();
                }
                _ => {
                    let args = self.args.clone();
                    self.b.ins().call(self.callees[first], &args);
                    first += 1;
                }
            }
        }
    }

    fn turns(&mut self, repeat: &Repeat, at: usize) {
        let [head, body, next, after] = [(); 4].map(|()| self.b.create_block());
        let flags = MemFlagsData::trusted();
        let turns = self.size(repeat);
        let counter = self.address(repeat.counter.0);
        let turn = self.b.declare_var(types::I64);
        let zero = self.b.ins().iconst(types::I64, 0);
        self.b.def_var(turn, zero);
        self.b.ins().jump(head, &[]);
        self.b.switch_to_block(head);
        let now = self.b.use_var(turn);
        self.b.ins().istore32(flags, now, counter, 0);
        let more = self.b.ins().icmp(IntCC::SignedLessThan, now, turns);
        self.b.ins().brif(more, body, &[], after, &[]);
        self.b.switch_to_block(body);
        self.b.seal_block(body);
        // The first kernel of the turn may begin a loop inside this one.
        self.kernels(repeat.first as usize, repeat.end as usize, at + 1);
        let now = self.b.use_var(turn);
        let later = self.b.ins().iadd_imm_s(now, 1);
        self.b.def_var(turn, later);
        match repeat.done {
            Some(done) => {
                let rows = self.address(done.0);
                let row = self.b.ins().band_imm_s(later, 1);
                let place = self.b.ins().iadd(rows, row);
                let done = self.b.ins().load(types::I8, flags, place, 0);
                self.b.ins().istore32(flags, later, counter, 0);
                self.b.ins().brif(done, after, &[], next, &[]);
            }
            None => {
                self.b.ins().jump(next, &[]);
            }
        }
        self.b.switch_to_block(next);
        self.b.seal_block(next);
        self.b.ins().jump(head, &[]);
        self.b.seal_block(head);
        self.b.switch_to_block(after);
        self.b.seal_block(after);
    }

    fn size(&mut self, repeat: &Repeat) -> Value {
        let extent = self.plan.extents.poly(repeat.extent);
        match frame::known(&self.plan.extents, extent) {
            Some(turns) => self.b.ins().iconst(types::I64, turns),
            None => {
                let slot = self.sizes.slot(extent);
                self.b.ins().load(types::I64, MemFlagsData::trusted(), self.args[1], 8 * slot as i32)
            }
        }
    }

    fn address(&mut self, entry: u32) -> Value {
        self.b.ins().load(types::I64, MemFlagsData::trusted(), self.args[0], 8 * entry as i32)
    }
}
