//! Index arithmetic: linear forms over axes and index data, quotients and remainders, and what is known of their range.
//!
//! Reads extents. Must not know real arithmetic.

use super::{Args, Axis, Block, ExtentId, Graph, Kind, NodeId, Op, Poly, PortKind};
use crate::prim::{Prim, Reduction};
use smallvec::SmallVec;

/// A linear form: Σ coefficient · atom + constant.
#[derive(Clone, Debug, Default)]
pub(super) struct Linear {
    pub(super) terms: Vec<(NodeId, Poly)>,
    pub(super) constant: Poly,
}

impl Graph {
    /// The value of an axis.
    pub fn axis(&mut self, axis: Axis) -> NodeId {
        self.make(Op::Axis(axis), Args::new())
    }

    /// A fixed index.
    pub fn index_constant(&mut self, value: i64) -> NodeId {
        self.linear(&[], Poly::constant(value))
    }

    /// A size as an index.
    pub fn index_size(&mut self, size: Poly) -> NodeId {
        self.linear(&[], size)
    }

    /// Σ coefficient · term + constant, normalised: nested forms are flattened, equal atoms collected.
    pub fn linear(&mut self, terms: &[(NodeId, Poly)], constant: Poly) -> NodeId {
        let mut sum = Linear { terms: vec![], constant };
        for (node, k) in terms {
            let part = self.linear_form(*node);
            sum.constant = sum.constant.add(&part.constant.mul(k));
            for (atom, c) in part.terms {
                let scaled = c.mul(k);
                match sum.terms.iter_mut().find(|t| t.0 == atom) {
                    Some(t) => t.1 = t.1.add(&scaled),
                    None => sum.terms.push((atom, scaled)),
                }
            }
        }
        sum.terms.retain(|t| t.1.as_constant() != Some(0));
        sum.terms.sort_by_key(|t| t.0);
        if let [(atom, k)] = sum.terms.as_slice()
            && k.as_constant() == Some(1)
            && sum.constant.as_constant() == Some(0)
        {
            return *atom;
        }
        let coefficients: SmallVec<[ExtentId; 2]> =
            sum.terms.iter().map(|t| self.extents.intern(t.1.clone())).collect();
        let constant = self.extents.intern(sum.constant);
        self.make(Op::Linear { coefficients, constant }, sum.terms.iter().map(|t| t.0).collect())
    }

    /// Any index as a linear form.
    pub(super) fn linear_form(&self, node: NodeId) -> Linear {
        match self.op(node) {
            Op::Linear { coefficients, constant } => Linear {
                terms: self
                    .args(node)
                    .iter()
                    .zip(coefficients)
                    .map(|(a, c)| (*a, self.extents.poly(*c).clone()))
                    .collect(),
                constant: self.extents.poly(*constant).clone(),
            },
            _ => Linear { terms: vec![(node, Poly::constant(1))], constant: Poly::default() },
        }
    }

    /// The terms and the constant of an index seen as a linear form.
    pub fn linear_terms(&self, node: NodeId) -> (Vec<(NodeId, Poly)>, Poly) {
        let form = self.linear_form(node);
        (form.terms, form.constant)
    }

    /// `a + b`.
    pub fn index_add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.linear(&[(a, Poly::constant(1)), (b, Poly::constant(1))], Poly::default())
    }

    /// `a - b`.
    pub fn index_sub(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.linear(&[(a, Poly::constant(1)), (b, Poly::constant(-1))], Poly::default())
    }

    /// `a * b`: linear where one of them is a size, else a sum of products of atoms.
    pub fn index_mul(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let (left, right) = (self.linear_form(a), self.linear_form(b));
        let mut terms: Vec<(NodeId, Poly)> = vec![];
        for (x, k) in &left.terms {
            terms.push((*x, k.mul(&right.constant)));
            for (y, c) in &right.terms {
                let product = self.make(Op::Prim(Prim::IndexMul, 0), [*x.min(y), *x.max(y)].into_iter().collect());
                terms.push((product, k.mul(c)));
            }
        }
        terms.extend(right.terms.iter().map(|(y, c)| (*y, c.mul(&left.constant))));
        self.linear(&terms, left.constant.mul(&right.constant))
    }

    /// `i div by`, rounded down, for a positive size.
    pub fn quotient(&mut self, i: NodeId, by: &Poly) -> NodeId {
        self.divide(i, by).0
    }

    /// `i mod by`, for a positive size; never negative.
    pub fn remainder(&mut self, i: NodeId, by: &Poly) -> NodeId {
        self.divide(i, by).1
    }

    /// Quotient and remainder: what is divisible is split off, the rest is decided by its range where possible.
    fn divide(&mut self, i: NodeId, by: &Poly) -> (NodeId, NodeId) {
        let form = self.linear_form(i);
        let (mut whole, mut rest) = (Linear::default(), Linear::default());
        for (atom, k) in form.terms {
            match k.divide_exactly(by) {
                Some(q) => whole.terms.push((atom, q)),
                None => rest.terms.push((atom, k)),
            }
        }
        // A constant may split into a divisible part and a remainder.
        match (form.constant.divide_exactly(by), form.constant.as_constant(), by.as_constant()) {
            (Some(q), ..) => whole.constant = q,
            (None, Some(c), Some(b)) if b > 0 => {
                whole.constant = Poly::constant(c.div_euclid(b));
                rest.constant = Poly::constant(c.rem_euclid(b));
            }
            _ => rest.constant = form.constant,
        }
        let rest_node = self.linear(&rest.terms, rest.constant);
        let within = self.is_non_negative(rest_node) && {
            let room = self.linear(&[(rest_node, Poly::constant(-1))], by.sub(&Poly::constant(1)));
            self.is_non_negative(room)
        };
        if within {
            return (self.linear(&whole.terms, whole.constant), rest_node);
        }
        let by_id = self.extents.intern(by.clone());
        let quotient = self.make(Op::Quotient(by_id), [rest_node].into_iter().collect());
        let remainder = self.make(Op::Remainder(by_id), [rest_node].into_iter().collect());
        whole.terms.push((quotient, Poly::constant(1)));
        (self.linear(&whole.terms, whole.constant), remainder)
    }

    /// The smallest and largest value an index can take, if known.
    pub fn bounds(&self, node: NodeId) -> Option<(Poly, Poly)> {
        let form = self.linear_form(node);
        let (mut low, mut high) = (form.constant.clone(), form.constant);
        for (atom, k) in &form.terms {
            let (l, h) = self.atom_bounds(*atom)?;
            let (l, h) = if self.extents.non_negative(k) {
                (l, h)
            } else if self.extents.non_negative(&k.scale(-1)) {
                (h, l)
            } else {
                return None;
            };
            low = low.add(&l.mul(k));
            high = high.add(&h.mul(k));
        }
        Some((low, high))
    }

    fn atom_bounds(&self, atom: NodeId) -> Option<(Poly, Poly)> {
        let below = |extent: ExtentId| (Poly::default(), self.extents.poly(extent).sub(&Poly::constant(1)));
        match self.op(atom) {
            Op::Axis(axis) => Some(below(axis.extent)),
            Op::Remainder(by) => Some(below(*by)),
            Op::Quotient(by) => {
                let (low, high) = self.bounds(self.args(atom)[0])?;
                let by = self.extents.poly(*by);
                let one = Poly::constant(1);
                let known = |p: &Poly| self.extents.known(p).zip(self.extents.known(by).filter(|k| *k > 0));
                let floor = |p: &Poly| known(p).map(|(n, k)| Poly::constant(n.div_euclid(k)));
                // Of what is not negative, 0 and the dividend are bounds where nothing better is known.
                let at_least_zero = self.extents.non_negative(&low);
                let exact = high.add(&one).divide_exactly(by).map(|q| q.sub(&one));
                let high = exact.or_else(|| floor(&high)).or_else(|| at_least_zero.then(|| high.clone()))?;
                let low = low.divide_exactly(by).or_else(|| floor(&low));
                Some((low.or_else(|| at_least_zero.then(Poly::default))?, high))
            }
            Op::Prim(Prim::IndexMul, _) => {
                let (a, b) = (self.bounds(self.args(atom)[0])?, self.bounds(self.args(atom)[1])?);
                let positive = self.extents.non_negative(&a.0) && self.extents.non_negative(&b.0);
                positive.then(|| (a.0.mul(&b.0), a.1.mul(&b.1)))
            }
            Op::Port(port) => match self.port_info(*port).kind {
                PortKind::Index(extent) => Some(below(extent)),
                _ => None,
            },
            // Reading index data elsewhere: in range of the labels (0 outside the table).
            Op::At(_) => self.atom_bounds(self.args(atom)[0]),
            Op::Reduce(Reduction::ArgMax | Reduction::ArgMin, bound) => {
                bound.iter().next().map(|axis| below(axis.extent))
            }
            Op::Block(Block::ArgSort, size) => Some(below(size.rows)),
            Op::Prim(Prim::Select, _) => {
                let (a, b) = (self.bounds(self.args(atom)[1])?, self.bounds(self.args(atom)[2])?);
                let wider = |x: Poly, y: Poly, sign: i64| {
                    if self.extents.non_negative(&x.sub(&y).scale(sign)) {
                        Some(y)
                    } else if self.extents.non_negative(&y.sub(&x).scale(sign)) {
                        Some(x)
                    } else {
                        None
                    }
                };
                Some((wider(a.0, b.0, 1)?, wider(a.1, b.1, -1)?))
            }
            _ => None,
        }
    }

    /// True if the index is proven to be at least 0.
    pub fn is_non_negative(&self, node: NodeId) -> bool {
        self.bounds(node).is_some_and(|(low, _)| self.extents.non_negative(&low))
    }

    /// True if the index is proven to lie in `0..extent`.
    pub fn is_within(&self, node: NodeId, extent: ExtentId) -> bool {
        self.bounds(node).is_some_and(|(low, high)| {
            let room = self.extents.poly(extent).sub(&Poly::constant(1)).sub(&high);
            self.extents.non_negative(&low) && self.extents.non_negative(&room)
        })
    }

    /// `a == b` of indices.
    pub fn index_equal(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let difference = self.index_sub(a, b);
        self.index_is_zero(difference)
    }

    /// `a >= b` of indices.
    pub fn index_at_least(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let difference = self.index_sub(a, b);
        self.index_is_non_negative(difference)
    }

    pub(super) fn index_is_zero(&mut self, i: NodeId) -> NodeId {
        let form = self.linear_form(i);
        if form.terms.is_empty()
            && let Some(c) = self.extents.known(&form.constant)
        {
            return self.bool(c == 0);
        }
        if let Some((low, high)) = self.bounds(i) {
            let one = Poly::constant(1);
            if self.extents.non_negative(&low.sub(&one)) || self.extents.non_negative(&high.scale(-1).sub(&one)) {
                return self.bool(false);
            }
        }
        // `i == j` and `j == i` are one node: the first coefficient is positive.
        let flip = form.terms.first().is_some_and(|t| !self.extents.non_negative(&t.1));
        let i = if flip { self.linear(&[(i, Poly::constant(-1))], Poly::default()) } else { i };
        self.make(Op::Prim(Prim::IndexIsZero, 0), [i].into_iter().collect())
    }

    pub(super) fn index_is_non_negative(&mut self, i: NodeId) -> NodeId {
        if let Some((low, high)) = self.bounds(i) {
            if self.extents.non_negative(&low) {
                return self.bool(true);
            }
            if self.extents.non_negative(&high.scale(-1).sub(&Poly::constant(1))) {
                return self.bool(false);
            }
        }
        self.make(Op::Prim(Prim::IndexIsNonNegative, 0), [i].into_iter().collect())
    }

    /// An index as a number.
    pub fn real_of_index(&mut self, i: NodeId) -> NodeId {
        debug_assert_eq!(self.kind(i), Kind::Index);
        let form = self.linear_form(i);
        if form.terms.is_empty()
            && let Some(c) = form.constant.as_constant()
        {
            return self.constant(c as f64);
        }
        self.make(Op::Prim(Prim::IndexToReal, 0), [i].into_iter().collect())
    }

    /// A size as a number: what a dim is in an expression.
    pub fn real_of_size(&mut self, size: Poly) -> NodeId {
        let i = self.index_size(size);
        self.real_of_index(i)
    }
}
