//! Expressions of a kernel as machine code, one element at a time or a vector of them.
//!
//! Reads plans. Must not know loops.

use super::function::{Computed, Emitter, memory};
use crate::graph::Precision;
use crate::plan::{Element, Expr, ExprId};
use crate::prim::{Inst, Reduction};
use cranelift::prelude::*;

impl Emitter<'_, '_> {
    /// Computes an expression here.
    pub(super) fn compute(&mut self, e: ExprId) {
        let kernel = self.kernel;
        let computed = match kernel.expr(e) {
            Expr::Inst(inst, attribute, args) => {
                let lanes = args.iter().any(|a| self.has_lanes(kernel.negated(*a).unwrap_or(*a)));
                let value = self.inst(*inst, f64::from_bits(*attribute), args, lanes);
                Computed { value, lanes }
            }
            Expr::Load { buffer, at, checked } => {
                let element = self.plan.buffer(*buffer).element;
                let pointer = self.guarded(*buffer, at, checked);
                self.read(pointer, element, self.in_vector())
            }
            Expr::Call(call, args) => Computed { value: self.single(*call, args), lanes: false },
            Expr::Total(total) => Computed { value: self.total(*total), lanes: false },
            Expr::Linear { .. } | Expr::Quotient(..) | Expr::Remainder(..) => {
                Computed { value: self.index_expr(e), lanes: false }
            }
            Expr::Real(_) | Expr::Bool(_) | Expr::Var(_) => return,
        };
        self.define(e, computed);
    }

    fn has_lanes(&self, e: ExprId) -> bool {
        self.values.get(&e).is_some_and(|c| c.lanes)
    }

    fn read(&mut self, pointer: Value, element: Element, lanes: bool) -> Computed {
        let value = match element {
            Element::Real => {
                let ty = if lanes { self.vector() } else { self.real() };
                self.b.ins().load(ty, memory(), pointer, 0)
            }
            Element::Bool => self.b.ins().load(types::I8, memory(), pointer, 0),
            Element::Index => self.b.ins().uload32(memory(), pointer, 0),
        };
        Computed { value, lanes }
    }

    fn index_expr(&mut self, e: ExprId) -> Value {
        let kernel = self.kernel;
        match kernel.expr(e) {
            Expr::Linear { terms, constant } => {
                let constant = self.plan.extents.poly(*constant);
                let mut sum = self.size(constant);
                for (term, k) in terms {
                    let term = self.index(*term);
                    let k = self.plan.extents.poly(*k);
                    let product = self.times(term, k);
                    sum = self.b.ins().iadd(sum, product);
                }
                sum
            }
            Expr::Quotient(i, by) | Expr::Remainder(i, by) => {
                let i = self.index(*i);
                let by = self.size(self.plan.extents.poly(*by));
                let quotient = self.b.ins().sdiv(i, by);
                let whole = self.b.ins().imul(quotient, by);
                let rest = self.b.ins().isub(i, whole);
                let zero = self.int(0);
                let below = self.b.ins().icmp(IntCC::SignedLessThan, rest, zero);
                if matches!(kernel.expr(e), Expr::Quotient(..)) {
                    let below = self.b.ins().uextend(types::I64, below);
                    self.b.ins().isub(quotient, below)
                } else {
                    let up = self.b.ins().iadd(rest, by);
                    self.b.ins().select(below, up, rest)
                }
            }
            _ => self.scalar(e),
        }
    }

    /// A real constant, rounded once.
    pub(super) fn constant(&mut self, value: f64) -> Value {
        match self.plan.precision {
            Precision::F32 => self.b.ins().f32const(value as f32),
            Precision::F64 => self.b.ins().f64const(value),
        }
    }

    /// An expression that is the same for all elements of a vector.
    pub(super) fn scalar(&mut self, e: ExprId) -> Value {
        if let Some(computed) = self.values.get(&e) {
            return computed.value;
        }
        match self.kernel.expr(e) {
            Expr::Real(bits) => self.constant(f64::from_bits(*bits)),
            Expr::Bool(value) => self.b.ins().iconst(types::I8, i64::from(*value)),
            Expr::Var(_) => self.index(e),
            Expr::Linear { .. } => self.index_expr(e),
            other => unreachable!("{other:?} is read before it is computed"),
        }
    }

    /// An expression as a vector; truth values become masks.
    pub(super) fn lanes_of(&mut self, e: ExprId) -> Value {
        if let Some(Computed { value, lanes: true }) = self.values.get(&e) {
            return *value;
        }
        let value = self.scalar(e);
        if self.b.func.dfg.value_type(value) == types::I8 {
            let mask = self.mask();
            let wide = self.b.ins().bmask(mask.lane_type(), value);
            return self.b.ins().splat(mask, wide);
        }
        let ty = self.vector();
        self.b.ins().splat(ty, value)
    }

    fn operand(&mut self, e: ExprId, lanes: bool) -> Value {
        if lanes { self.lanes_of(e) } else { self.scalar(e) }
    }

    fn inst(&mut self, inst: Inst, attribute: f64, args: &[ExprId], lanes: bool) -> Value {
        if inst == Inst::Add {
            return self.sum(args, lanes);
        }
        let v: Vec<Value> = args.iter().map(|a| self.operand(*a, lanes)).collect();
        match inst {
            Inst::Add | Inst::Mul => {
                let mut product = v[0];
                for x in &v[1..] {
                    product = self.b.ins().fmul(product, *x);
                }
                product
            }
            Inst::Div => self.b.ins().fdiv(v[0], v[1]),
            Inst::PowConst => self.power(v[0], attribute, lanes),
            Inst::Sqrt => self.b.ins().sqrt(v[0]),
            Inst::Abs => self.b.ins().fabs(v[0]),
            Inst::Floor => self.b.ins().floor(v[0]),
            Inst::Ceil => self.b.ins().ceil(v[0]),
            Inst::Round => self.b.ins().nearest(v[0]),
            Inst::Sign => {
                let (zero, one, minus_one) =
                    (self.real_of(0.0, lanes), self.real_of(1.0, lanes), self.real_of(-1.0, lanes));
                let negative = self.b.ins().fcmp(FloatCC::LessThan, v[0], zero);
                let positive = self.b.ins().fcmp(FloatCC::GreaterThan, v[0], zero);
                let rest = self.choose(negative, minus_one, v[0]);
                self.choose(positive, one, rest)
            }
            Inst::Max => self.extreme(FloatCC::GreaterThan, v[0], v[1]),
            Inst::Min => self.extreme(FloatCC::LessThan, v[0], v[1]),
            Inst::Relu => {
                let zero = self.real_of(0.0, lanes);
                let low = self.b.ins().fcmp(FloatCC::LessThanOrEqual, v[0], zero);
                self.choose(low, zero, v[0])
            }
            Inst::Less => self.b.ins().fcmp(FloatCC::LessThan, v[0], v[1]),
            Inst::LessEqual => self.b.ins().fcmp(FloatCC::LessThanOrEqual, v[0], v[1]),
            Inst::Equal => self.b.ins().fcmp(FloatCC::Equal, v[0], v[1]),
            Inst::NotEqual => self.b.ins().fcmp(FloatCC::NotEqual, v[0], v[1]),
            Inst::And => self.b.ins().band(v[0], v[1]),
            Inst::Or => self.b.ins().bor(v[0], v[1]),
            Inst::Not if lanes => self.b.ins().bnot(v[0]),
            Inst::Not => {
                let one = self.b.ins().iconst(types::I8, 1);
                self.b.ins().bxor(v[0], one)
            }
            Inst::Select => self.choose(v[0], v[1], v[2]),
            Inst::IndexToReal => {
                let real = self.real();
                self.b.ins().fcvt_from_sint(real, v[0])
            }
            Inst::IndexIsZero => {
                let zero = self.int(0);
                self.b.ins().icmp(IntCC::Equal, v[0], zero)
            }
            Inst::IndexMul => self.b.ins().imul(v[0], v[1]),
            Inst::IndexIsNonNegative => {
                let zero = self.int(0);
                self.b.ins().icmp(IntCC::SignedGreaterThanOrEqual, v[0], zero)
            }
        }
    }

    fn real_of(&mut self, value: f64, lanes: bool) -> Value {
        let value = self.constant(value);
        let ty = self.vector();
        if lanes { self.b.ins().splat(ty, value) } else { value }
    }

    /// `if condition then a else b`, for masks and for single truth values.
    fn choose(&mut self, condition: Value, a: Value, b: Value) -> Value {
        let ty = self.b.func.dfg.value_type(a);
        if !ty.is_vector() {
            return self.b.ins().select(condition, a, b);
        }
        let condition = if self.b.func.dfg.value_type(condition) == ty {
            condition
        } else {
            self.b.ins().bitcast(
                ty,
                MemFlagsData::new().with_endianness(cranelift::codegen::ir::Endianness::Little),
                condition,
            )
        };
        self.b.ins().bitselect(condition, a, b)
    }

    /// The larger or smaller of two, NaN if either is.
    fn extreme(&mut self, better: FloatCC, a: Value, b: Value) -> Value {
        let first = self.b.ins().fcmp(better, a, b);
        let best = self.choose(first, a, b);
        let unordered = self.b.ins().fcmp(FloatCC::Unordered, a, a);
        self.choose(unordered, a, best)
    }

    /// The sum from left to right; terms `-1 * x` are subtracted.
    fn sum(&mut self, args: &[ExprId], lanes: bool) -> Value {
        let mut sum: Option<(bool, Value)> = None;
        for a in args {
            let negated = self.kernel.negated(*a);
            let x = self.operand(negated.unwrap_or(*a), lanes);
            sum = Some(match (sum, negated) {
                (None, None) => (false, x),
                (None, Some(_)) => (true, x),
                (Some((false, s)), None) => (false, self.b.ins().fadd(s, x)),
                (Some((false, s)), Some(_)) => (false, self.b.ins().fsub(s, x)),
                (Some((true, s)), None) => (false, self.b.ins().fsub(x, s)),
                (Some((true, s)), Some(_)) => (true, self.b.ins().fadd(s, x)),
            });
        }
        match sum {
            Some((false, s)) => s,
            Some((true, s)) => self.b.ins().fneg(s),
            None => self.real_of(0.0, lanes),
        }
    }

    /// x^k for k an integer or half of one: multiplications, at most one square root, at most one division.
    fn power(&mut self, x: Value, k: f64, lanes: bool) -> Value {
        let mut whole = k.abs().floor() as u32;
        let mut result = (k.fract() != 0.0).then(|| self.b.ins().sqrt(x));
        let mut square = x;
        while whole > 0 {
            if whole & 1 == 1 {
                result = Some(match result {
                    Some(r) => self.b.ins().fmul(r, square),
                    None => square,
                });
            }
            whole >>= 1;
            if whole > 0 {
                square = self.b.ins().fmul(square, square);
            }
        }
        let one = self.real_of(1.0, lanes);
        match result {
            None => one,
            Some(r) if k < 0.0 => self.b.ins().fdiv(one, r),
            Some(r) => r,
        }
    }

    /// One step of a reduction.
    pub(super) fn combine(&mut self, reduction: Reduction, old: Value, value: Value) -> Value {
        match reduction {
            Reduction::Prod => self.b.ins().fmul(old, value),
            Reduction::Max => self.extreme(FloatCC::GreaterThan, value, old),
            Reduction::Min => self.extreme(FloatCC::LessThan, value, old),
            Reduction::Any => self.b.ins().bor(old, value),
            Reduction::All => self.b.ins().band(old, value),
            Reduction::Sum | Reduction::LogSumExp | Reduction::ArgMax | Reduction::ArgMin => {
                self.b.ins().fadd(old, value)
            }
        }
    }
}
