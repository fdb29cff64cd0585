//! The canonicalising constructor of elementwise nodes, and constants.
//!
//! Reads the primitive table. Every pass builds nodes only through here, `choice`, `sum`, `product`, `reduce`, `view`
//! and `index`, so terms are canonical by construction.

use super::{Args, Graph, NodeId, Op};
use crate::prim::{Eval, Prim};

impl Graph {
    /// A real constant.
    pub fn constant(&mut self, value: f64) -> NodeId {
        // One zero and one NaN, so that equal constants are one node.
        let value = if value == 0.0 { 0.0 } else { value };
        let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
        self.make(Op::Const(bits), Args::new())
    }

    /// A truth value.
    pub fn bool(&mut self, value: bool) -> NodeId {
        self.make(Op::Bool(value), Args::new())
    }

    /// The value of a constant node.
    pub fn as_constant(&self, id: NodeId) -> Option<f64> {
        match self.op(id) {
            Op::Const(bits) => Some(f64::from_bits(*bits)),
            _ => None,
        }
    }

    /// Whether the node is this constant.
    pub fn is_constant(&self, id: NodeId, value: f64) -> bool {
        self.as_constant(id) == Some(value)
    }

    /// The primitive and the arguments of an elementwise node.
    pub fn as_prim(&self, id: NodeId) -> Option<(Prim, &[NodeId])> {
        match self.op(id) {
            Op::Prim(prim, _) => Some((*prim, self.args(id))),
            _ => None,
        }
    }

    /// An elementwise node. `attribute` is read only by primitives that have one.
    pub fn prim(&mut self, prim: Prim, attribute: f64, args: &[NodeId]) -> NodeId {
        match prim {
            Prim::Add => self.add(args),
            Prim::Mul => self.mul(args),
            Prim::Div => self.div(args[0], args[1]),
            Prim::PowConst => self.pow_const(args[0], attribute),
            Prim::Power => match self.as_constant(args[1]) {
                Some(k) => self.pow_const(args[0], k),
                None => self.plain(prim, args),
            },
            Prim::Select => self.select(args[0], args[1], args[2]),
            Prim::And => self.and(args[0], args[1]),
            Prim::Or => self.or(args[0], args[1]),
            Prim::Not => self.not(args[0]),
            Prim::IndexToReal => self.real_of_index(args[0]),
            Prim::IndexMul => self.index_mul(args[0], args[1]),
            Prim::IndexIsZero => self.index_is_zero(args[0]),
            Prim::IndexIsNonNegative => self.index_is_non_negative(args[0]),
            Prim::Less if args[0] == args[1] => self.bool(false),
            _ if prim.row().symmetric => {
                let (a, b) = (args[0].min(args[1]), args[0].max(args[1]));
                self.plain(prim, &[a, b])
            }
            _ => self.plain(prim, args),
        }
    }

    /// An elementwise node without a form of its own; folds constants.
    pub(super) fn plain(&mut self, prim: Prim, args: &[NodeId]) -> NodeId {
        let values: Option<Vec<f64>> = args.iter().map(|a| self.as_constant(*a)).collect();
        if let Some(values) = values
            && let Some(result) = fold(prim, &values)
        {
            return match prim.row().result {
                crate::prim::ResultKind::Bool => self.bool(result != 0.0),
                _ => self.constant(result),
            };
        }
        self.make(Op::Prim(prim, 0), Args::from_slice(args))
    }

    /// `a - b`.
    pub fn sub(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let negative = self.neg(b);
        self.add(&[a, negative])
    }

    /// `-a`.
    pub fn neg(&mut self, a: NodeId) -> NodeId {
        let minus_one = self.constant(-1.0);
        self.mul(&[minus_one, a])
    }

    /// `a < b` of reals.
    pub fn less(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.prim(Prim::Less, 0.0, &[a, b])
    }
}

/// The value of a row without attribute at constant arguments. Finite arguments that give a non-finite value are left
/// alone, so that the problem keeps its place in the source.
fn fold(prim: Prim, values: &[f64]) -> Option<f64> {
    let result = match (prim.row().eval, values) {
        (Eval::One(f), [x]) => f(*x),
        (Eval::Two(f), [x, y]) => f(*x, *y),
        (Eval::Three(f), [x, y, z]) => f(*x, *y, *z),
        (Eval::Many(f), values) => f(values),
        _ => return None,
    };
    (result.is_finite() || values.iter().any(|v| !v.is_finite())).then_some(result)
}
