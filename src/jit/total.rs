//! Running totals of reductions: their start, a step, the lanes of vectors joined at the end.
//!
//! Reads plans and the reductions of the table.

use super::function::Emitter;
use crate::plan::{ExprId, TotalId};
use crate::prim::{Reduction, ReductionKind};
use cranelift::prelude::*;

/// A running total: its value, and for the index of an extreme value that index.
#[derive(Clone, Copy)]
pub(super) struct Running {
    pub(super) value: Variable,
    pub(super) index: Option<Variable>,
}

impl Emitter<'_, '_> {
    /// The value of a total of no elements.
    pub(super) fn empty(&mut self, reduction: Reduction) -> Value {
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

    pub(super) fn start(&mut self, total: TotalId) {
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

    pub(super) fn update(&mut self, total: TotalId, e: ExprId) {
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
    pub(super) fn join_partial(&mut self) {
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
}
