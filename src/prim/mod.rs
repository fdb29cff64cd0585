//! The primitive table: one row per primitive, every fact about it in that row.
//!
//! Reads kernels (the machine form of a row). Must not know the graph, syntax or passes: a row is inert data, its
//! derivative and rules are text that `rule` compiles.

mod reductions;
mod reference;
mod table;

pub use reductions::{REDUCTIONS, Reduction, ReductionKind, ReductionRow};
pub use reference::reference;
pub use table::{Prim, ROWS};

use crate::kernel::Kernel;

/// One elementwise primitive.
#[derive(Debug)]
pub struct Row {
    /// The variant this row belongs to.
    pub prim: Prim,
    /// What users call it; also its name in printed graphs.
    pub name: &'static str,
    /// Argument names, as the texts see them. Empty for the n-ary `add` and `mul`.
    pub args: &'static [&'static str],
    /// The name of its compile-time attribute: `k` of `pow`.
    pub attribute: Option<&'static str>,
    /// Documentation in Markdown; lines such as `sigmoid(0) == 0.5` in it are run by the tests.
    pub doc: &'static str,
    /// What kind of value it gives.
    pub result: ResultKind,
    /// True if its two arguments may be swapped; they are sorted, and patterns match either order.
    pub symmetric: bool,
    /// Reference evaluation in f64.
    pub eval: Eval,
    /// One entry per argument, linear in `ct`.
    pub vjp: &'static [Vjp],
    /// True if the value or a local derivative can be infinite or NaN at finite arguments of ordinary size: poles and
    /// ends of a domain (log, sqrt, division), and growth that overflows early (exp).
    pub singular: bool,
    /// What is known of the sign of the result, whatever the arguments are.
    pub sign: Sign,
    /// Rewrite rules that are about this primitive first of all.
    pub rules: &'static [RuleText],
    /// Its machine form.
    pub lower: Lower,
    /// Per argument, where tests sample it and where its derivative is finite.
    pub domain: &'static [(f64, f64)],
    /// Whether a program may call it by name (operators and internal rows may not).
    pub callable: bool,
}

/// The kind of a primitive's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultKind {
    /// A number.
    Real,
    /// A truth value; the evaluation gives 1 or 0.
    Bool,
    /// As the arguments (`select`).
    Argument,
}

/// What is known of the sign of a result wherever it is defined, in algebra: underflow to 0 does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Nothing.
    Any,
    /// 0 or above.
    NonNegative,
    /// Above 0.
    Positive,
}

/// Reference evaluation, in f64; truth values are 1 and 0, indices are exact integers.
#[derive(Clone, Copy, Debug)]
pub enum Eval {
    /// One argument.
    One(fn(f64) -> f64),
    /// Two arguments.
    Two(fn(f64, f64) -> f64),
    /// Three arguments.
    Three(fn(f64, f64, f64) -> f64),
    /// Any number of arguments.
    Many(fn(&[f64]) -> f64),
    /// The attribute, then one argument.
    Attribute(fn(f64, f64) -> f64),
}

/// How the cotangent of a result becomes that of an argument.
#[derive(Clone, Copy, Debug)]
pub enum Vjp {
    /// Text in nnc's expression syntax, linear in `ct`; sees `ct`, `out`, the argument names and the attribute.
    Text(&'static str),
    /// Zero, for the stated reason.
    Zero(&'static str),
}

/// A rewrite rule as text: `lhs => rhs`.
#[derive(Clone, Copy, Debug)]
pub struct RuleText {
    /// Kebab-case name, shown by `nnc explain --rules`.
    pub name: &'static str,
    /// `pattern => replacement`, then perhaps `where` with conditions that must be proven: `positive(a)`, `squares(a)`
    /// (a sum of squares); or `optional(a)`: the factor may be absent.
    pub text: &'static str,
    /// How equal both sides are.
    pub law: Law,
    /// When it is applied.
    pub phase: Phase,
}

/// How equal the two sides of a rule are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Bitwise, but for the sign of zero and the payload of NaN.
    Exact,
    /// Equal in algebra and within rounding wherever the left side neither overflows nor cancels.
    Rounded,
}

/// When a rule is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Brings different spellings to one.
    Canon,
    /// Finds the numerically stable form.
    Stable,
    /// Saves work.
    Simplify,
}

/// The machine form of a row.
#[derive(Clone, Copy, Debug)]
pub enum Lower {
    /// A few machine instructions.
    Inst(Inst),
    /// A bulk function.
    Kernel(Kernel),
    /// An expression of other primitives, in nnc's syntax; sees the argument names.
    Expand(&'static str),
}

/// What the code generator can emit inline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inst {
    /// Sum of all arguments.
    Add,
    /// Product of all arguments.
    Mul,
    /// Quotient.
    Div,
    /// Integer or half-integer power given by the attribute; other exponents go through the `pow` kernel.
    PowConst,
    /// Square root.
    Sqrt,
    /// Absolute value.
    Abs,
    /// Largest integer not above.
    Floor,
    /// Smallest integer not below.
    Ceil,
    /// Nearest integer, ties to even.
    Round,
    /// Sign: -1, 0 or 1; NaN for NaN.
    Sign,
    /// Larger of two; NaN if either is.
    Max,
    /// Smaller of two; NaN if either is.
    Min,
    /// max(x, 0); NaN for NaN.
    Relu,
    /// Comparison of reals.
    Less,
    /// Comparison of reals.
    LessEqual,
    /// Comparison of reals.
    Equal,
    /// Comparison of reals.
    NotEqual,
    /// Both.
    And,
    /// Either.
    Or,
    /// Not.
    Not,
    /// Third argument where the first is false, else the second; the other is not looked at.
    Select,
    /// An index becomes a real.
    IndexToReal,
    /// Whether an index is 0.
    IndexIsZero,
    /// Whether an index is 0 or more.
    IndexIsNonNegative,
    /// Product of two indices.
    IndexMul,
}

impl Prim {
    /// The row of this primitive.
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Finds a primitive that programs may call by this name.
    pub fn callable(name: &str) -> Option<Prim> {
        ROWS.iter().find(|r| r.callable && r.name == name).map(|r| r.prim)
    }
}
