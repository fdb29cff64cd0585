//! From terms to expressions of a kernel.
//!
//! Reads the graph and where terms are kept. Must not know in which order things are computed.

use super::builder::Builder;
use super::kernel::{BufferId, Expr, ExprId, Kernel};
use crate::graph::{Axis, Graph, NodeId, Op};
use crate::prim::{Inst, Lower, Prim, Reduction};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Writes terms as expressions of one kernel.
pub(super) struct Lowering<'b> {
    pub(super) builder: &'b mut Builder,
    pub(super) kernel: Kernel,
    /// What is computed here though it has a place in memory, or is known in another form.
    pub(super) known: FxHashMap<NodeId, ExprId>,
    /// As `known`, for the two parts of a logsumexp.
    pub(super) known_parts: FxHashMap<NodeId, (ExprId, ExprId)>,
    done: FxHashMap<NodeId, ExprId>,
}

impl<'b> Lowering<'b> {
    pub(super) fn new(builder: &'b mut Builder) -> Lowering<'b> {
        Lowering {
            builder,
            kernel: Kernel::default(),
            known: FxHashMap::default(),
            known_parts: FxHashMap::default(),
            done: FxHashMap::default(),
        }
    }

    fn graph(&self) -> &Graph {
        &self.builder.graph
    }

    /// A term; each axis stands for its loop variable. Reads memory where the term is kept.
    pub(super) fn value(&mut self, n: NodeId) -> ExprId {
        if let Some(e) = self.known.get(&n).or_else(|| self.done.get(&n)) {
            return *e;
        }
        let e = if self.builder.homes.contains_key(&n) { self.read(n) } else { self.computed(n) };
        self.done.insert(n, e);
        e
    }

    /// A term, computed here even if it has a place in memory.
    pub(super) fn computed(&mut self, n: NodeId) -> ExprId {
        let args: SmallVec<[NodeId; 3]> = self.graph().args(n).into();
        let expr = match self.graph().op(n).clone() {
            Op::Const(bits) => Expr::Real(bits),
            Op::Bool(value) => Expr::Bool(value),
            Op::Axis(axis) => match self.turn_of(axis) {
                Some(l) => return self.turn(l),
                None => Expr::Var(self.kernel.var(axis)),
            },
            Op::Linear { coefficients, constant } => {
                let terms = args.iter().zip(&coefficients).map(|(a, k)| (self.value(*a), *k)).collect();
                Expr::Linear { terms, constant }
            }
            Op::Quotient(by) => Expr::Quotient(self.value(args[0]), by),
            Op::Remainder(by) => Expr::Remainder(self.value(args[0]), by),
            Op::Prim(Prim::Add, _) => return self.sum(&args),
            Op::Prim(prim, attribute) => {
                let args: Vec<ExprId> = args.iter().map(|a| self.value(*a)).collect();
                return self.row(prim, attribute, args);
            }
            Op::At(vars) => {
                let map: Vec<(Axis, NodeId)> = vars.iter().zip(args[1..].iter().copied()).collect();
                return self.view(n, args[0], &map);
            }
            Op::Port(_) | Op::Reduce(..) | Op::State { .. } | Op::Out { .. } | Op::Block(..) => return self.read(n),
            Op::Custom { .. } => unreachable!("what has a derivative of its own is expanded before planning"),
            Op::Scan(_) => unreachable!("a loop is read through its states"),
        };
        self.kernel.intern(expr)
    }

    fn row(&mut self, prim: Prim, attribute: u64, mut args: Vec<ExprId>) -> ExprId {
        match prim.row().lower {
            Lower::Inst(Inst::PowConst) if !is_short_power(f64::from_bits(attribute)) => {
                let x = args[0];
                args.push(self.kernel.intern(Expr::Real(attribute)));
                let call = self.kernel.call(crate::kernel::POW);
                let power = self.kernel.intern(Expr::Call(call, args));
                if f64::from_bits(attribute).fract() == 0.0 {
                    return power;
                }
                // C99 gives inf for -inf; a fractional power of a negative number is NaN, as for the square root.
                let [zero, nan] = [0.0, f64::NAN].map(|v| self.kernel.intern(Expr::Real(v.to_bits())));
                let negative = self.kernel.intern(Expr::Inst(Inst::Less, 0, vec![x, zero]));
                self.kernel.intern(Expr::Inst(Inst::Select, 0, vec![negative, nan, power]))
            }
            Lower::Inst(inst) => self.kernel.intern(Expr::Inst(inst, attribute, args)),
            Lower::Kernel(bulk) => {
                let call = self.kernel.call(bulk);
                self.kernel.intern(Expr::Call(call, args))
            }
            Lower::Expand(_) => unreachable!("`{}` must be expanded before planning", prim.row().name),
        }
    }

    /// A sum. A logsumexp in it is added in its two parts, largest value first, after everything else: the large parts
    /// then cancel before the small one is added.
    fn sum(&mut self, args: &[NodeId]) -> ExprId {
        let mut plain = vec![];
        let mut parts = vec![];
        for a in args {
            match self.log_sum_exp(*a) {
                Some((sign, n)) => {
                    let (largest, log) = self.parts(n);
                    for e in [largest, log] {
                        parts.push(if sign < 0.0 { self.negative(e) } else { e });
                    }
                }
                None => plain.push(self.value(*a)),
            }
        }
        // Largest parts first, then the logarithms.
        let count = parts.len() / 2;
        let order = (0..count).map(|i| 2 * i).chain((0..count).map(|i| 2 * i + 1));
        let args = plain.into_iter().chain(order.map(|i| parts[i])).collect();
        self.kernel.intern(Expr::Inst(Inst::Add, 0, args))
    }

    fn negative(&mut self, e: ExprId) -> ExprId {
        let minus_one = self.kernel.intern(Expr::Real((-1.0f64).to_bits()));
        self.kernel.intern(Expr::Inst(Inst::Mul, 0, vec![minus_one, e]))
    }

    /// If the term is a logsumexp (or a view of one) or its negative: the sign and the logsumexp.
    fn log_sum_exp(&self, n: NodeId) -> Option<(f64, NodeId)> {
        let g = self.graph();
        if let Some((Prim::Mul, [a, b])) = g.as_prim(n) {
            let (k, x) = if g.as_constant(*a).is_some() { (*a, *b) } else { (*b, *a) };
            return match g.as_constant(k) {
                Some(k) if k.abs() == 1.0 => self.log_sum_exp(x).map(|(sign, n)| (sign * k, n)),
                _ => None,
            };
        }
        let base = if let Op::At(_) = g.op(n) { g.args(n)[0] } else { n };
        matches!(g.op(base), Op::Reduce(Reduction::LogSumExp, _)).then_some((1.0, n))
    }

    /// The two parts of a logsumexp or a view of one: what was taken out, and the logarithm of the rest.
    fn parts(&mut self, n: NodeId) -> (ExprId, ExprId) {
        if let Some(parts) = self.known_parts.get(&n) {
            return *parts;
        }
        let (base, map) = self.base(n);
        (self.load(base, 0, &map), self.load(base, 1, &map))
    }

    /// A term that is kept in memory.
    fn read(&mut self, n: NodeId) -> ExprId {
        self.view(n, n, &[])
    }

    fn view(&mut self, n: NodeId, base: NodeId, map: &[(Axis, NodeId)]) -> ExprId {
        if self.log_sum_exp(n).is_some() {
            let (largest, log) = self.parts(n);
            return self.kernel.intern(Expr::Inst(Inst::Add, 0, vec![largest, log]));
        }
        self.load(base, 0, map)
    }

    /// What a view reads, and where; any other term is read as it is.
    pub(super) fn base(&self, n: NodeId) -> (NodeId, Vec<(Axis, NodeId)>) {
        match self.graph().op(n) {
            Op::At(vars) if !self.builder.homes.contains_key(&n) => {
                let args = self.graph().args(n);
                (args[0], vars.iter().zip(args[1..].iter().copied()).collect())
            }
            _ => (n, vec![]),
        }
    }

    fn load(&mut self, base: NodeId, part: usize, map: &[(Axis, NodeId)]) -> ExprId {
        let (buffer, at, checked) = self.place(base, part, map);
        self.kernel.intern(Expr::Load { buffer, at, checked })
    }

    /// The array of a term that is kept, and the indices of the element that a view of it reads.
    pub(super) fn place(
        &mut self,
        base: NodeId,
        part: usize,
        map: &[(Axis, NodeId)],
    ) -> (BufferId, Vec<ExprId>, Vec<bool>) {
        let home = &self.builder.homes[&base];
        let (buffer, axes, row) = (home.buffers[part], home.axes.clone(), home.row);
        let (mut at, mut checked) = (vec![], vec![]);
        if let Some(row) = row {
            at.push(self.state_row(buffer, row));
            checked.push(false);
        }
        for axis in axes {
            match map.iter().find(|m| m.0 == axis) {
                Some((_, index)) => {
                    checked.push(!self.graph().is_within(*index, axis.extent));
                    at.push(self.value(*index));
                }
                None => {
                    checked.push(false);
                    let var = self.kernel.var(axis);
                    at.push(self.kernel.intern(Expr::Var(var)));
                }
            }
        }
        (buffer, at, checked)
    }

    /// The indices of the element that a kernel writes: the row of a state, then the loop variables of these axes.
    pub(super) fn places(&mut self, buffer: BufferId, axes: &[Axis]) -> Vec<ExprId> {
        let row = self.written_row(buffer);
        row.into_iter().chain(self.indices(axes)).collect()
    }

    /// The indices of the loop variables of some axes.
    pub(super) fn indices(&mut self, axes: &[Axis]) -> Vec<ExprId> {
        let vars: Vec<_> = axes.iter().map(|a| self.kernel.var(*a)).collect();
        vars.into_iter().map(|v| self.kernel.intern(Expr::Var(v))).collect()
    }
}

/// Whether a power is computed by a few multiplications and at most one square root and one division.
fn is_short_power(k: f64) -> bool {
    (2.0 * k).fract() == 0.0 && k.abs() <= 8.0
}
