//! What is known of a term's value and derivative from its form alone, found once when the node is made.
//!
//! Reads the graph and the primitive table. Must not look below arguments: each fact follows from theirs.

use super::{Args, Graph, Kind, NodeId, Op, Poly};
use crate::prim::{Prim, Reduction, Sign};

/// Proven facts; false means unknown. "In algebra" disregards overflow and underflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Facts {
    /// The value or a local derivative at or below the node may be infinite or NaN at finite arguments of ordinary
    /// size. Liveness masks are added for such nodes.
    pub risky: bool,
    /// Depends on a port.
    pub varies: bool,
    /// Neither zero nor NaN in floating point: sizes, constants and powers of them.
    pub nonzero: bool,
    /// Above zero in algebra, wherever it is defined.
    pub positive: bool,
    /// Zero or above, wherever it is defined.
    pub non_negative: bool,
    /// A sum of squares in algebra that may be zero: near a zero of it, its root behaves as a norm.
    pub squares: bool,
}

/// The facts of a node of this operation and arguments.
pub(super) fn infer(g: &Graph, op: &Op, args: &Args) -> Facts {
    let of = |n: &NodeId| g.node(*n).facts;
    let any = |fact: fn(Facts) -> bool| args.iter().any(|a| fact(of(a)));
    let mut facts = match op {
        Op::Const(bits) => constant(f64::from_bits(*bits)),
        Op::Port(_) | Op::State { .. } | Op::Out { .. } => Facts { varies: true, ..Facts::default() },
        Op::Prim(prim, bits) => elementwise(g, *prim, f64::from_bits(*bits), args),
        Op::Reduce(reduction, _) => {
            let body = of(&args[0]);
            let keeps = matches!(reduction, Reduction::Sum | Reduction::Prod | Reduction::Max | Reduction::Min);
            Facts {
                positive: keeps && body.positive,
                non_negative: keeps && body.non_negative,
                squares: *reduction == Reduction::Sum && body.squares,
                ..Facts::default()
            }
        }
        // Outside the extent a view reads 0.
        Op::At(vars) => {
            let base = of(&args[0]);
            let inside = vars.iter().zip(&args[1..]).all(|(axis, index)| g.is_within(*index, axis.extent));
            Facts { positive: base.positive && inside, ..base }
        }
        Op::Custom { .. } => of(&args[0]),
        Op::Block(block, _) if block.kind() == Kind::Real => Facts { risky: true, ..Facts::default() },
        _ => Facts::default(),
    };
    facts.varies |= any(|f| f.varies);
    facts.risky = facts.varies && (facts.risky || any(|f| f.risky));
    facts.non_negative |= facts.positive || facts.squares;
    facts.squares &= !facts.positive;
    facts
}

fn constant(value: f64) -> Facts {
    Facts {
        nonzero: value != 0.0 && !value.is_nan(),
        positive: value > 0.0,
        non_negative: value >= 0.0,
        ..Facts::default()
    }
}

fn elementwise(g: &Graph, prim: Prim, attribute: f64, args: &Args) -> Facts {
    let of = |i: usize| g.node(args[i]).facts;
    let all = |fact: fn(Facts) -> bool| args.iter().all(|a| fact(g.node(*a).facts));
    let any = |fact: fn(Facts) -> bool| args.iter().any(|a| fact(g.node(*a).facts));
    let row = prim.row();
    let mut facts = Facts {
        risky: row.singular,
        positive: row.sign == Sign::Positive,
        non_negative: row.sign == Sign::NonNegative,
        ..Facts::default()
    };
    match prim {
        Prim::Add => {
            facts.non_negative = all(|f| f.non_negative);
            facts.positive = facts.non_negative && any(|f| f.positive);
            facts.squares = all(|f| f.squares);
        }
        Prim::Mul | Prim::Div => {
            facts.positive = all(|f| f.positive);
            facts.non_negative = all(|f| f.non_negative);
            let squares = if prim == Prim::Mul { any(|f| f.squares) } else { of(0).squares };
            facts.squares = squares && all(|f| f.squares || f.positive);
            facts.risky = prim == Prim::Div && !of(1).nonzero;
        }
        Prim::PowConst => {
            let natural = attribute >= 1.0 && attribute.fract() == 0.0;
            facts.nonzero = of(0).nonzero;
            facts.positive = of(0).positive;
            facts.non_negative = of(0).non_negative;
            facts.squares = natural && attribute % 2.0 == 0.0;
            facts.risky = !natural;
        }
        Prim::Power | Prim::Sqrt | Prim::RootOfSquares | Prim::Rsqrt => facts.positive = of(0).positive,
        Prim::Max => {
            facts.positive = any(|f| f.positive);
            facts.non_negative = any(|f| f.non_negative);
        }
        Prim::Min => {
            facts.positive = all(|f| f.positive);
            facts.non_negative = all(|f| f.non_negative);
        }
        Prim::Select => {
            let branch = |i: usize| of(i).squares || g.is_constant(args[i], 0.0);
            facts.positive = of(1).positive && of(2).positive;
            facts.non_negative = of(1).non_negative && of(2).non_negative;
            facts.squares = branch(1) && branch(2);
        }
        Prim::IndexToReal => {
            let bounds = g.bounds(args[0]);
            let at_least =
                |low: i64| bounds.as_ref().is_some_and(|b| g.extents.non_negative(&b.0.sub(&Poly::constant(low))));
            facts.non_negative = at_least(0);
            facts.positive = at_least(1);
            facts.nonzero = facts.positive;
        }
        _ => {}
    }
    facts
}
