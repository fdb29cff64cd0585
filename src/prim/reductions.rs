//! The reduction rows: what can be done over bound axes.
//!
//! Reads nothing. A text sees `ct`, `out`, the body `x`, its bound axes `r`, and `s`, a fresh copy of `r`
//! (`x[s]` is the body read at `s`, `s == r` holds where all of them are equal). Texts of extreme values see `x` without
//! its filter, and `w`, whether the filter lets it through; the result counts only where it does.

use super::Vjp;

/// One reduction.
#[derive(Debug)]
pub struct ReductionRow {
    /// The variant this row belongs to.
    pub reduction: Reduction,
    /// What users call it.
    pub name: &'static str,
    /// Documentation in Markdown.
    pub doc: &'static str,
    /// What the body must be and what comes out.
    pub kind: ReductionKind,
    /// Reference evaluation over the values of the body, in order; the list may be empty.
    pub eval: fn(&[f64]) -> f64,
    /// Derivative with respect to the body, linear in `ct`.
    pub vjp: Vjp,
}

/// Kinds of body and result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReductionKind {
    /// Numbers to a number.
    Real,
    /// Truth values to a truth value.
    Bool,
    /// Numbers to the index of one of them; binds exactly one axis.
    Index,
}

macro_rules! reductions {
    ($($(#[doc = $doc:literal])* $variant:ident = { $($field:tt)* })*) => {
        /// A reduction; its row is in [`REDUCTIONS`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reduction { $($(#[doc = $doc])* $variant),* }

        /// All reductions.
        pub static REDUCTIONS: &[ReductionRow] = &[$(ReductionRow {
            reduction: Reduction::$variant,
            doc: concat!($($doc, "\n"),*),
            $($field)*
        }),*];
    };
}

reductions! {
    /// Sum of all values; 0 of none.
    Sum = {
        name: "sum", kind: ReductionKind::Real,
        eval: |v| v.iter().sum(),
        vjp: Vjp::Text("ct"),
    }
    /// Product of all values; 1 of none. Its derivative is right where factors are zero.
    Prod = {
        name: "prod", kind: ReductionKind::Real,
        eval: |v| v.iter().product(),
        vjp: Vjp::Text("ct * prod[s](if s == r then 1 else x[s])"),
    }
    /// Largest value; -inf of none, NaN if any is NaN. At ties the derivative is shared equally.
    Max = {
        name: "max", kind: ReductionKind::Real,
        eval: |v| v.iter().fold(f64::NEG_INFINITY, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(*b) }),
        vjp: Vjp::Text("(if x == out then ct else 0) / sum[r](if w and x == out then 1 else 0)"),
    }
    /// Smallest value; inf of none, NaN if any is NaN. At ties the derivative is shared equally.
    Min = {
        name: "min", kind: ReductionKind::Real,
        eval: |v| v.iter().fold(f64::INFINITY, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(*b) }),
        vjp: Vjp::Text("(if x == out then ct else 0) / sum[r](if w and x == out then 1 else 0)"),
    }
    /// log(sum(exp(x))) without overflow: the largest value is taken out first. -inf of none.
    LogSumExp = {
        name: "logsumexp", kind: ReductionKind::Real,
        eval: |v| {
            let m = v.iter().fold(f64::NEG_INFINITY, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(*b) });
            if m.is_infinite() { m } else { m + v.iter().map(|x| (x - m).exp()).sum::<f64>().ln() }
        },
        vjp: Vjp::Text("ct * exp(x - out)"),
    }
    /// Index of the largest value, the first at ties; a NaN counts as largest.
    ArgMax = {
        name: "argmax", kind: ReductionKind::Index,
        eval: |v| first_extreme(v, |a, b| a > b),
        vjp: Vjp::Zero("piecewise constant"),
    }
    /// Index of the smallest value, the first at ties; a NaN counts as smallest.
    ArgMin = {
        name: "argmin", kind: ReductionKind::Index,
        eval: |v| first_extreme(v, |a, b| a < b),
        vjp: Vjp::Zero("piecewise constant"),
    }
    /// Whether any holds; false of none.
    Any = {
        name: "any", kind: ReductionKind::Bool,
        eval: |v| f64::from(u8::from(v.iter().any(|x| *x != 0.0))),
        vjp: Vjp::Zero("piecewise constant"),
    }
    /// Whether all hold; true of none.
    All = {
        name: "all", kind: ReductionKind::Bool,
        eval: |v| f64::from(u8::from(v.iter().all(|x| *x != 0.0))),
        vjp: Vjp::Zero("piecewise constant"),
    }
}

fn first_extreme(values: &[f64], better: fn(f64, f64) -> bool) -> f64 {
    let mut best = 0;
    for (i, v) in values.iter().enumerate() {
        if v.is_nan() {
            return i as f64;
        }
        if better(*v, values[best]) {
            best = i;
        }
    }
    best as f64
}

impl Reduction {
    /// The row of this reduction.
    pub fn row(self) -> &'static ReductionRow {
        &REDUCTIONS[self as usize]
    }

    /// Finds a reduction by its name.
    pub fn named(name: &str) -> Option<Reduction> {
        REDUCTIONS.iter().find(|r| r.name == name).map(|r| r.reduction)
    }
}
