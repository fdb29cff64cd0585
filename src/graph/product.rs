//! Products, quotients and constant powers. Canonical form: masks outside, then a constant coefficient, then one
//! quotient of two sorted products without constants, equal factors collected into powers.

use super::{Args, Graph, NodeId, Op};
use crate::prim::Prim;

/// Nested sums and products are flattened up to this many terms; beyond, sharing would be lost.
pub(super) const FLATTEN: usize = 8;

/// Equal factors are collected up to this power.
const LARGEST_POWER: u32 = 64;

/// A term taken apart: `coefficient · Π factors / Π denominators`.
#[derive(Debug, Default)]
pub(super) struct Factors {
    pub(super) coefficient: f64,
    pub(super) factors: Vec<NodeId>,
    pub(super) denominators: Vec<NodeId>,
    conditions: Vec<NodeId>,
}

impl Graph {
    /// Product.
    pub fn mul(&mut self, args: &[NodeId]) -> NodeId {
        self.quotient_of_products(args, &[])
    }

    /// Quotient.
    pub fn div(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.quotient_of_products(&[a], &[b])
    }

    /// `Π factors / Π denominators`.
    pub(super) fn quotient_of_products(&mut self, factors: &[NodeId], denominators: &[NodeId]) -> NodeId {
        let mut parts = Factors { coefficient: 1.0, ..Factors::default() };
        for x in factors {
            self.push_factor(&mut parts, *x);
        }
        for x in denominators {
            self.push_denominator(&mut parts, *x);
        }
        parts.conditions.sort();
        parts.conditions.dedup();
        let conditions = std::mem::take(&mut parts.conditions);
        let core = self.assemble(parts);
        self.mask(&conditions, core)
    }

    /// Takes a canonical term without masks apart: coefficient, then one quotient of two products.
    pub(super) fn factors(&self, n: NodeId) -> Factors {
        let mut parts = Factors { coefficient: 1.0, ..Factors::default() };
        for f in self.product_args(n) {
            match self.as_prim(f) {
                Some((Prim::Div, args)) => {
                    self.product_args(args[0]).into_iter().for_each(|x| self.push_plain(&mut parts, x));
                    parts.denominators.extend(self.product_args(args[1]));
                }
                _ => self.push_plain(&mut parts, f),
            }
        }
        parts
    }

    /// A factor that is not taken apart. A coefficient that overflows or underflows would change the value: such a
    /// constant stays a factor.
    fn push_plain(&self, parts: &mut Factors, x: NodeId) {
        match self.as_constant(x) {
            Some(c) => {
                let product = parts.coefficient * c;
                if product.is_normal() || product == 0.0 && (c == 0.0 || parts.coefficient == 0.0) {
                    parts.coefficient = product;
                } else {
                    parts.factors.push(x);
                }
            }
            None => parts.factors.push(x),
        }
    }

    fn product_args(&self, n: NodeId) -> Args {
        match self.as_prim(n) {
            Some((Prim::Mul, args)) => Args::from_slice(args),
            _ => Args::from_slice(&[n]),
        }
    }

    /// Numerator factors (the coefficient among them, unless 1) and denominators of any term.
    pub fn quotient_parts(&mut self, n: NodeId) -> (Vec<NodeId>, Vec<NodeId>) {
        let mut parts = self.factors(n);
        if parts.coefficient != 1.0 {
            let c = self.constant(parts.coefficient);
            parts.factors.push(c);
        }
        (parts.factors, parts.denominators)
    }

    /// `-n`, if the coefficient of `n` is negative.
    pub fn negated_if_negative(&mut self, n: NodeId) -> Option<NodeId> {
        let (c, _) = self.coefficient(n);
        (c < 0.0).then(|| self.neg(n))
    }

    fn push_factor(&mut self, parts: &mut Factors, x: NodeId) {
        if self.is_mask(x) {
            let (conditions, core) = self.masks(x);
            parts.conditions.extend(conditions);
            return self.push_factor(parts, core);
        }
        match self.as_prim(x) {
            Some((Prim::Div, args)) => {
                let (numerator, denominator) = (args[0], args[1]);
                self.push_factor(parts, numerator);
                self.push_denominator(parts, denominator);
            }
            Some((Prim::Mul, args)) if parts.factors.len() + args.len() <= FLATTEN => {
                for a in Args::from_slice(args) {
                    self.push_factor(parts, a);
                }
            }
            _ => self.push_plain(parts, x),
        }
    }

    fn push_denominator(&mut self, parts: &mut Factors, x: NodeId) {
        match (self.as_constant(x), self.as_prim(x)) {
            (Some(c), _) if is_power_of_two(c) && (parts.coefficient / c).is_normal() => parts.coefficient /= c,
            (_, Some((Prim::Div, args))) => {
                let (numerator, denominator) = (args[0], args[1]);
                self.push_denominator(parts, numerator);
                self.push_factor(parts, denominator);
            }
            (_, Some((Prim::Mul, args))) if parts.denominators.len() + args.len() <= FLATTEN => {
                for a in Args::from_slice(args) {
                    self.push_denominator(parts, a);
                }
            }
            _ => parts.denominators.push(x),
        }
    }

    /// Constants below the line become one, and go into the coefficient if there is one.
    fn fold_denominators(&mut self, parts: &mut Factors) {
        let constants: Vec<f64> = parts.denominators.iter().filter_map(|d| self.as_constant(*d)).collect();
        let product: f64 = constants.iter().product();
        if constants.is_empty() || !product.is_normal() {
            return;
        }
        let folded = parts.coefficient / product;
        let has_coefficient = parts.coefficient.abs() != 1.0 && folded.is_normal();
        if constants.len() == 1 && !has_coefficient {
            return;
        }
        parts.denominators.retain(|d| self.as_constant(*d).is_none());
        if has_coefficient {
            parts.coefficient = folded;
        } else {
            parts.denominators.push(self.constant(product));
        }
    }

    fn assemble(&mut self, mut parts: Factors) -> NodeId {
        self.fold_denominators(&mut parts);
        let (mut above, mut below) = (self.powers(parts.factors), self.powers(parts.denominators));
        self.cancel(&mut above, &mut below);
        let mut denominators = self.power_factors(below);
        if denominators.iter().any(|d| self.is_mask(*d)) {
            // As a term of its own a product with a mask is a mask.
            denominators = vec![self.mul(&denominators)];
        }
        let numerator = self.power_factors(above);
        let (numerator, denominator) = (self.sorted_product(numerator), self.sorted_product(denominators));
        let Some(numerator) = numerator else {
            let c = self.constant(parts.coefficient);
            return match denominator {
                None => c,
                Some(d) => match (self.as_constant(d), parts.coefficient) {
                    (Some(v), c) if v != 0.0 && (c / v).is_finite() => self.constant(c / v),
                    _ => self.make(Op::Prim(Prim::Div, 0), Args::from_slice(&[c, d])),
                },
            };
        };
        let core = match denominator {
            None => numerator,
            Some(d) => self.make(Op::Prim(Prim::Div, 0), Args::from_slice(&[numerator, d])),
        };
        if parts.coefficient == 1.0 {
            return core;
        }
        let c = self.constant(parts.coefficient);
        match self.as_prim(core) {
            Some((Prim::Mul, args)) => {
                let mut args = Args::from_slice(args);
                args.push(c);
                args.sort();
                self.make(Op::Prim(Prim::Mul, 0), args)
            }
            _ => self.make(Op::Prim(Prim::Mul, 0), Args::from_slice(&[c.min(core), c.max(core)])),
        }
    }

    /// Takes powers out that stand above and below the line. A factor that may be 0 leaves one power at least, on the side
    /// that has more: `x^2 / x` is x, also at 0, and `x / x^4` is `1 / x^3`, but `x / x` stays.
    fn cancel(&self, above: &mut Vec<(NodeId, u32)>, below: &mut Vec<(NodeId, u32)>) {
        for (base, k) in below.iter_mut() {
            let Some((_, other)) = above.iter_mut().find(|p| p.0 == *base) else { continue };
            let facts = self.node(*base).facts;
            if *k != *other || facts.positive || facts.nonzero {
                let common = (*k).min(*other);
                *k -= common;
                *other -= common;
            }
        }
        above.retain(|p| p.1 > 0);
        below.retain(|p| p.1 > 0);
    }

    /// Equal factors as powers.
    fn powers(&self, factors: Vec<NodeId>) -> Vec<(NodeId, u32)> {
        let mut powers: Vec<(NodeId, u32)> = vec![];
        for f in factors {
            let (base, k) = match self.op(f) {
                Op::Prim(Prim::PowConst, bits) => match f64::from_bits(*bits) {
                    k if k.fract() == 0.0 && (2.0..f64::from(LARGEST_POWER)).contains(&k) => {
                        (self.args(f)[0], k as u32)
                    }
                    _ => (f, 1),
                },
                _ => (f, 1),
            };
            match powers.iter_mut().find(|p| p.0 == base && p.1 + k <= LARGEST_POWER) {
                // Constants are left apart: they are factors only because their product is out of range.
                Some(p) if self.as_constant(base).is_none() => p.1 += k,
                _ => powers.push((base, k)),
            }
        }
        powers
    }

    /// Each power as a factor.
    fn power_factors(&mut self, powers: Vec<(NodeId, u32)>) -> Vec<NodeId> {
        powers.into_iter().map(|(base, k)| self.pow_const(base, f64::from(k))).collect()
    }

    /// The product of factors that are none of them equal; `None` for the empty product.
    fn sorted_product(&mut self, factors: Vec<NodeId>) -> Option<NodeId> {
        let mut out = Args::from_vec(factors);
        out.sort();
        match out.as_slice() {
            [] => None,
            [one] => Some(*one),
            _ => Some(self.make(Op::Prim(Prim::Mul, 0), out)),
        }
    }

    /// `x^k` for a constant k.
    pub fn pow_const(&mut self, x: NodeId, k: f64) -> NodeId {
        if k == 0.0 {
            return self.constant(1.0);
        }
        if k == 1.0 {
            return x;
        }
        if k == 0.5 {
            return self.plain(Prim::Sqrt, &[x]);
        }
        if k < 0.0 && (2.0 * k).fract() == 0.0 {
            let one = self.constant(1.0);
            let positive = self.pow_const(x, -k);
            return self.div(one, positive);
        }
        if let Some(value) = self.as_constant(x)
            && (value.powf(k).is_normal() || value == 0.0 || !value.is_finite())
        {
            return self.constant(value.powf(k));
        }
        self.make(Op::Prim(Prim::PowConst, k.to_bits()), Args::from_slice(&[x]))
    }

    /// A constant coefficient and the rest: `3 * x` is `(3, x)`.
    pub(super) fn coefficient(&mut self, x: NodeId) -> (f64, NodeId) {
        let one = self.constant(1.0);
        if let Some(c) = self.as_constant(x) {
            return (c, one);
        }
        let Some((Prim::Mul, args)) = self.as_prim(x) else { return (1.0, x) };
        let args = Args::from_slice(args);
        let Some(at) = args.iter().position(|a| self.as_constant(*a).is_some()) else { return (1.0, x) };
        let c = self.as_constant(args[at]).unwrap_or(1.0);
        let mut rest = args;
        rest.remove(at);
        match rest.as_slice() {
            [one] => (c, *one),
            _ => {
                let rest = self.make(Op::Prim(Prim::Mul, 0), rest);
                (c, rest)
            }
        }
    }
}

fn is_power_of_two(c: f64) -> bool {
    c.is_normal() && c.to_bits() & ((1 << 52) - 1) == 0
}
