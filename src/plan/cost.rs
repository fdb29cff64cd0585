//! What a kernel costs: floating-point operations and bytes of memory, as polynomials in the open dims.
//!
//! Reads plans. Must not know times.

use super::Plan;
use super::kernel::{BlockCall, BufferId, Element, Expr, ExprId, Item, Kernel, VarId};
use crate::graph::{Block, Poly, Precision};
use crate::prim::Inst;
use std::collections::BTreeSet;

/// The cost of a kernel. Calls of bulk functions count as ten operations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cost {
    /// Floating-point operations.
    pub flops: Poly,
    /// Bytes that are read and written, each array counted once as far as it is touched.
    pub bytes: Poly,
}

impl Plan {
    /// The cost of a kernel.
    pub fn cost(&self, kernel: &Kernel) -> Cost {
        let mut flops = Poly::default();
        self.flops(kernel, &kernel.body, &Poly::constant(1), &mut flops);
        let mut touched: BTreeSet<(BufferId, Vec<VarId>)> = BTreeSet::new();
        let mut bytes = Poly::default();
        self.touched(kernel, &kernel.body, &mut touched, &mut bytes);
        for (buffer, vars) in touched {
            let count = vars.iter().fold(Poly::constant(1), |p, v| p.mul(self.range(kernel, *v)));
            bytes = bytes.add(&count.scale(self.width(self.buffer(buffer).element)));
        }
        Cost { flops: self.with_known(&flops), bytes: self.with_known(&bytes) }
    }

    /// The sizes that indices are divided by.
    pub fn divisors(&self) -> impl Iterator<Item = &Poly> {
        self.kernels.iter().flat_map(|k| &k.exprs).filter_map(|e| match e {
            Expr::Quotient(_, by) | Expr::Remainder(_, by) => Some(self.extents.poly(*by)),
            _ => None,
        })
    }

    /// The bytes of an element.
    pub fn width(&self, element: Element) -> i64 {
        match (element, self.precision) {
            (Element::Bool, _) => 1,
            (Element::Index, _) | (Element::Real, Precision::F32) => 4,
            (Element::Real, Precision::F64) => 8,
        }
    }

    fn range(&self, kernel: &Kernel, var: VarId) -> &Poly {
        self.extents.poly(kernel.vars[var.0 as usize].extent)
    }

    /// The polynomial with known dims replaced by their sizes.
    fn with_known(&self, poly: &Poly) -> Poly {
        let mut out = Poly::default();
        for (dims, k) in poly.terms() {
            let mut term = Poly::constant(*k);
            for d in dims {
                term = match self.extents.dim(*d).value {
                    Some(v) => term.scale(v),
                    None => term.mul(&Poly::dim(*d)),
                };
            }
            out = out.add(&term);
        }
        out
    }

    fn flops(&self, k: &Kernel, items: &[Item], times: &Poly, out: &mut Poly) {
        for item in items {
            match item {
                Item::Let(e) => *out = out.add(&times.scale(operations(k, *e))),
                Item::Update(..) | Item::Store { combine: Some(_), .. } => *out = out.add(times),
                Item::Loop(l) => self.flops(k, &l.body, &times.mul(self.range(k, l.var)), out),
                Item::Strips { var, body, .. } => {
                    let calls = body.iter().filter(|i| matches!(i, Item::Bulk(..))).count() as i64;
                    let each = times.mul(self.range(k, *var));
                    *out = out.add(&each.scale(10 * calls));
                    self.flops(k, body, times, out);
                }
                Item::Product(p) => {
                    let size = p.m.mul(&p.n).mul(&p.k).mul(times);
                    *out = out.add(&size.scale(2));
                }
                Item::Block(call) => {
                    *out = out.add(&block_operations(call).mul(times));
                }
                _ => {}
            }
        }
    }

    fn touched(&self, k: &Kernel, items: &[Item], out: &mut BTreeSet<(BufferId, Vec<VarId>)>, bytes: &mut Poly) {
        for item in items {
            match item {
                Item::Let(e) => {
                    if let Expr::Load { buffer, .. } = k.expr(*e) {
                        out.insert((*buffer, k.reads(*e).to_vec()));
                    }
                }
                Item::Store { buffer, at, .. } => {
                    let vars: BTreeSet<VarId> = at.iter().flat_map(|e| k.reads(*e).iter().copied()).collect();
                    out.insert((*buffer, vars.into_iter().collect()));
                }
                Item::Loop(l) => self.touched(k, &l.body, out, bytes),
                Item::Strips { body, .. } => self.touched(k, body, out, bytes),
                Item::Product(p) => {
                    let whole = |b: BufferId| self.buffer(b).size.clone();
                    let count = whole(p.dst.buffer).add(&whole(p.a.buffer)).add(&whole(p.b.buffer));
                    *bytes = bytes.add(&count.scale(self.width(Element::Real)));
                }
                Item::Block(call) => {
                    let matrix = call.matrix.map_or(Poly::default(), |m| self.buffer(m).size.clone());
                    let work = call.work.map_or(Poly::default(), |w| self.buffer(w).size.clone());
                    let count = self.buffer(call.dst).size.add(&matrix).add(&work);
                    *bytes = bytes.add(&count.scale(self.width(Element::Real)));
                }
                _ => {}
            }
        }
    }
}

/// Operations of an algorithm on a matrix of n rows and m columns, or with m right sides. Iterations take about ten passes.
fn block_operations(call: &BlockCall) -> Poly {
    let (n, m) = (&call.n, &call.m);
    let cube = n.mul(n).mul(n);
    let square = n.mul(n).mul(m);
    let rectangle = n.mul(m).mul(m);
    match call.block {
        // n log n comparisons; the logarithm is taken as 16.
        Block::ArgSort => n.scale(16),
        Block::SolveLower | Block::SolveUpper => square,
        Block::Solve => cube.add(&square.scale(2)),
        Block::Cholesky | Block::Det | Block::DetSign | Block::LogDet | Block::LogOfDet => cube,
        Block::Adjugate => cube.scale(3),
        Block::AdjugateDerivative => cube.scale(7),
        Block::Orthonormal => rectangle.scale(4),
        Block::Eigenvalues => cube.scale(2),
        Block::Eigenvectors => cube.scale(9),
        Block::SingularValues => rectangle.scale(40),
        Block::RightVectors => rectangle.scale(50),
        Block::Exponential => cube.scale(20),
    }
}

fn operations(k: &Kernel, e: ExprId) -> i64 {
    match k.expr(e) {
        Expr::Inst(Inst::Add | Inst::Mul, _, args) => args.len() as i64 - 1,
        Expr::Inst(Inst::And | Inst::Or | Inst::Not | Inst::Select | Inst::IndexToReal, ..) => 0,
        Expr::Inst(Inst::IndexIsZero | Inst::IndexIsNonNegative | Inst::IndexMul, ..) => 0,
        Expr::Inst(..) => 1,
        Expr::Call(..) => 10,
        _ => 0,
    }
}
