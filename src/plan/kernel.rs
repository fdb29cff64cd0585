//! The code of one kernel: loops, statements, and the expressions they compute.
//!
//! Plain data, independent of the graph and of the machine. Expressions are pure, hash-consed terms over loop
//! variables and memory; statements say where they are computed.

use super::address::Address;
use crate::graph::{Axis, Block, ExtentId, Poly};
use crate::kernel::Kernel as Bulk;
use crate::prim::{Inst, Reduction, ReductionKind};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// An expression of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(pub u32);

/// A loop variable of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarId(pub u32);

/// An array of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub u32);

/// A running total of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TotalId(pub u32);

/// A strip of temporaries of a kernel, as long as [`super::STRIP`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StripId(pub u32);

/// What an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// A number in the precision of the plan.
    Real,
    /// A label: 32 bits without sign in memory, 64 bits with sign in arithmetic.
    Index,
    /// A truth value: one byte, 0 or 1.
    Bool,
}

/// A pure term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// A number, as the bits of an f64.
    Real(u64),
    /// A truth value.
    Bool(bool),
    /// The value of a loop variable.
    Var(VarId),
    /// Σ coefficient · term + constant of indices.
    Linear {
        /// Terms with coefficients.
        terms: Vec<(ExprId, ExtentId)>,
        /// The rest.
        constant: ExtentId,
    },
    /// Rounded-down quotient of an index by a size.
    Quotient(ExprId, ExtentId),
    /// Remainder of an index by a size, never negative.
    Remainder(ExprId, ExtentId),
    /// An element of an array; 0 where an index that needs a check lies outside.
    Load {
        /// The array.
        buffer: BufferId,
        /// One index per axis of the array.
        at: Vec<ExprId>,
        /// The axes whose index is not proven to lie inside.
        checked: Vec<bool>,
    },
    /// A few machine instructions; the second field is the bits of the attribute.
    Inst(Inst, u64, Vec<ExprId>),
    /// A bulk function, as its place in [`Kernel::calls`].
    Call(u32, Vec<ExprId>),
    /// The final value of a running total.
    Total(TotalId),
}

/// A running total.
#[derive(Clone, Debug)]
pub struct Total {
    /// How values are combined.
    pub reduction: Reduction,
    /// For the index of an extreme value: which index.
    pub index: Option<ExprId>,
    /// The loops around its start: it has one final value for each turn of them.
    pub within: Vec<VarId>,
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Item {
    /// Computes an expression; it is available to what follows in this block and the blocks inside it.
    Let(ExprId),
    /// Repeats a block.
    Loop(Loop),
    /// Runs a block for consecutive strips of the range of a variable; loops over that variable in the block run over
    /// the strip only.
    Strips {
        /// The variable.
        var: VarId,
        /// Its range.
        extent: ExtentId,
        /// The block.
        body: Vec<Item>,
    },
    /// Writes an element.
    Store {
        /// The array.
        buffer: BufferId,
        /// One index per axis of the array.
        at: Vec<ExprId>,
        /// What is written.
        value: ExprId,
        /// Combines the value with the element instead of overwriting it.
        combine: Option<Reduction>,
        /// The axes whose index is not proven to lie inside; nothing is written outside.
        checked: Vec<bool>,
    },
    /// Sets a running total to its value for no elements.
    Start(TotalId),
    /// Adds a value to a running total.
    Update(TotalId, ExprId),
    /// Writes a value to a strip, in a loop over its variable.
    Spill(StripId, ExprId),
    /// Reads an expression back from a strip.
    Fetch(StripId, ExprId),
    /// Computes a call for a whole strip: result, the expression, arguments.
    Bulk(StripId, ExprId, Vec<StripId>),
    /// A matrix product.
    Product(Box<Product>),
    /// A whole-matrix algorithm.
    Block(Box<BlockCall>),
}

/// A call of a whole-matrix algorithm, with everything in row-major order.
#[derive(Clone, Debug)]
pub struct BlockCall {
    /// The algorithm.
    pub block: Block,
    /// Rows of the matrix.
    pub n: Poly,
    /// Columns of the matrix, or of the right side.
    pub m: Poly,
    /// Holds the right side, or the matrix if there is none of its own, and then the result.
    pub dst: BufferId,
    /// Where it starts there.
    pub start: Address,
    /// Holds the matrix.
    pub matrix: Option<BufferId>,
    /// Work space.
    pub work: Option<BufferId>,
}

/// A loop.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The variable, from 0.
    pub var: VarId,
    /// Up to this.
    pub extent: ExtentId,
    /// Whether several consecutive elements are computed at once.
    pub vector: bool,
    /// The block.
    pub body: Vec<Item>,
}

/// A matrix in memory.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The array.
    pub buffer: BufferId,
    /// Where its first element is.
    pub start: Address,
    /// Elements from a row to the next.
    pub row: Poly,
    /// Elements from a column to the next.
    pub column: Poly,
}

/// `dst (+)= a · b`.
#[derive(Clone, Debug)]
pub struct Product {
    /// Rows of `dst` and `a`.
    pub m: Poly,
    /// Columns of `dst` and `b`.
    pub n: Poly,
    /// Columns of `a`, rows of `b`.
    pub k: Poly,
    /// The result.
    pub dst: Matrix,
    /// Left factor.
    pub a: Matrix,
    /// Right factor.
    pub b: Matrix,
    /// Adds to the result instead of writing it.
    pub add: bool,
}

/// One compiled function of a plan.
#[derive(Clone, Debug, Default)]
pub struct Kernel {
    /// What it computes.
    pub name: String,
    /// The axis that each loop variable runs over, which gives it a name.
    pub vars: Vec<Axis>,
    /// All expressions, arguments first.
    pub exprs: Vec<Expr>,
    /// The bulk functions that it calls.
    pub calls: Vec<Bulk>,
    /// The running totals.
    pub totals: Vec<Total>,
    /// How many strips of temporaries it needs.
    pub strips: u32,
    /// The code.
    pub body: Vec<Item>,
    reads: Vec<SmallVec<[VarId; 4]>>,
    interned: FxHashMap<Expr, ExprId>,
}

impl Kernel {
    /// An expression.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// The id of an expression.
    pub fn intern(&mut self, expr: Expr) -> ExprId {
        if let Some(id) = self.interned.get(&expr) {
            return *id;
        }
        let id = ExprId(self.exprs.len() as u32);
        self.exprs.push(expr.clone());
        let mut reads: SmallVec<[VarId; 4]> = SmallVec::new();
        match &expr {
            Expr::Var(v) => reads.push(*v),
            Expr::Total(t) => reads.extend_from_slice(&self.totals[t.0 as usize].within),
            _ => self.operands(id).iter().for_each(|e| reads.extend_from_slice(&self.reads[e.0 as usize])),
        }
        reads.sort();
        reads.dedup();
        self.reads.push(reads);
        self.interned.insert(expr, id);
        id
    }

    /// The variable of an axis; a new one if there is none yet.
    pub fn var(&mut self, axis: Axis) -> VarId {
        match self.vars.iter().position(|a| *a == axis) {
            Some(at) => VarId(at as u32),
            None => {
                self.vars.push(axis);
                VarId(self.vars.len() as u32 - 1)
            }
        }
    }

    /// The place of a bulk function in [`Kernel::calls`].
    pub fn call(&mut self, bulk: Bulk) -> u32 {
        match self.calls.iter().position(|c| c.name() == bulk.name()) {
            Some(at) => at as u32,
            None => {
                self.calls.push(bulk);
                self.calls.len() as u32 - 1
            }
        }
    }

    /// A new running total.
    pub fn total(&mut self, reduction: Reduction, index: Option<ExprId>, within: &[VarId]) -> TotalId {
        self.totals.push(Total { reduction, index, within: within.to_vec() });
        TotalId(self.totals.len() as u32 - 1)
    }

    /// The expressions that an expression reads.
    pub fn operands(&self, id: ExprId) -> Vec<ExprId> {
        match self.expr(id) {
            Expr::Real(_) | Expr::Bool(_) | Expr::Var(_) | Expr::Total(_) => vec![],
            Expr::Linear { terms, .. } => terms.iter().map(|t| t.0).collect(),
            Expr::Quotient(e, _) | Expr::Remainder(e, _) => vec![*e],
            Expr::Load { at, .. } => at.clone(),
            Expr::Inst(Inst::Add, _, args) => args.iter().map(|a| self.negated(*a).unwrap_or(*a)).collect(),
            Expr::Inst(_, _, args) | Expr::Call(_, args) => args.clone(),
        }
    }

    /// The `x` of `-1 * x`: such a term of a sum is subtracted and need not be computed itself.
    pub fn negated(&self, id: ExprId) -> Option<ExprId> {
        let Expr::Inst(Inst::Mul, _, args) = self.expr(id) else { return None };
        let is_minus_one = |e: ExprId| *self.expr(e) == Expr::Real((-1.0f64).to_bits());
        match args.as_slice() {
            [a, x] if is_minus_one(*a) => Some(*x),
            [x, a] if is_minus_one(*a) => Some(*x),
            _ => None,
        }
    }

    /// What an expression is.
    pub fn element(&self, id: ExprId, of: &impl Fn(BufferId) -> Element) -> Element {
        match self.expr(id) {
            Expr::Real(_) | Expr::Call(..) => Element::Real,
            Expr::Bool(_) => Element::Bool,
            Expr::Var(_) | Expr::Linear { .. } | Expr::Quotient(..) | Expr::Remainder(..) => Element::Index,
            Expr::Load { buffer, .. } => of(*buffer),
            Expr::Inst(inst, _, args) => match inst {
                Inst::Less | Inst::LessEqual | Inst::Equal | Inst::NotEqual => Element::Bool,
                Inst::And | Inst::Or | Inst::Not | Inst::IndexIsZero | Inst::IndexIsNonNegative => Element::Bool,
                Inst::Select => self.element(args[1], of),
                Inst::IndexMul => Element::Index,
                _ => Element::Real,
            },
            Expr::Total(t) => match self.totals[t.0 as usize].reduction.row().kind {
                ReductionKind::Real => Element::Real,
                ReductionKind::Bool => Element::Bool,
                ReductionKind::Index => Element::Index,
            },
        }
    }

    /// Whether an expression reads a variable, directly or not.
    pub fn depends(&self, id: ExprId, var: VarId) -> bool {
        self.reads[id.0 as usize].contains(&var)
    }

    /// The variables that an expression reads, directly or not.
    pub fn reads(&self, id: ExprId) -> &[VarId] {
        &self.reads[id.0 as usize]
    }

    /// Whether an expression is known before the kernel runs.
    pub fn is_constant(&self, id: ExprId) -> bool {
        match self.expr(id) {
            Expr::Real(_) | Expr::Bool(_) => true,
            Expr::Linear { terms, .. } => terms.is_empty(),
            _ => false,
        }
    }
}
