//! Affine places and the ranges that keep them in bounds.
//!
//! Reads what the search for ranges has collected. Must not look at the tree again.

use super::{Affine, Meaning, Search};
use crate::graph::{ExtentId, Poly};
use crate::lower::value::{Array, Value};
use crate::span::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};

impl<'a> Search<'a, '_> {
    /// An expression as a sum of indices; `None` if it is something else.
    pub(super) fn affine(&mut self, e: &'a Expr) -> Option<Affine> {
        let constant = |p: Poly| Affine { terms: vec![], low: p.clone(), high: p };
        match &e.kind {
            ExprKind::Number { value, is_integer: true } if *value <= crate::lower::dims::LARGEST as f64 => {
                Some(constant(Poly::constant(*value as i64)))
            }
            ExprKind::Name(name) => match self.meaning(name) {
                Some(Meaning::Unknown(id)) => {
                    Some(Affine { terms: vec![(*id, Poly::constant(1))], low: Poly::default(), high: Poly::default() })
                }
                Some(Meaning::Hidden(_)) => None,
                None => match self.lowerer.attempt(|l| l.lookup_raw(name, e.span))? {
                    Value::Array(Array { number: Some(n), .. }) => Some(constant(n)),
                    Value::Array(a) if a.is_index() && a.is_scalar() => {
                        let (low, high) = self.lowerer.graph.bounds(a.node)?;
                        Some(Affine { terms: vec![], low, high })
                    }
                    _ => None,
                },
            },
            ExprKind::Negate(inner) => Some(scale(&self.affine(inner)?, &Poly::constant(-1), false)),
            ExprKind::Binary { op, left, right, .. } => {
                let (a, b) = (self.affine(left)?, self.affine(right)?);
                let number = |x: &Affine| (x.terms.is_empty() && x.low == x.high).then(|| x.low.clone());
                match op {
                    BinaryOp::Add => Some(sum(a, b)),
                    BinaryOp::Subtract => Some(sum(a, scale(&b, &Poly::constant(-1), false))),
                    BinaryOp::Multiply => {
                        let (k, x) = match (number(&a), number(&b)) {
                            (Some(k), _) => (k, b),
                            (_, Some(k)) => (k, a),
                            _ => return None,
                        };
                        let extents = &self.lowerer.graph.extents;
                        let positive = extents.non_negative(&k);
                        (positive || extents.non_negative(&k.scale(-1))).then(|| scale(&x, &k, positive))
                    }
                    BinaryOp::Divide => {
                        let (a, b) = (number(&a)?, number(&b)?);
                        a.divide_exactly(&b).map(constant)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Finds ranges until nothing new is found.
    pub(super) fn solve(&mut self) {
        for i in 0..self.uses.len() {
            let u = &self.uses[i];
            if let [(id, k)] = u.place.terms.as_slice()
                && k.as_constant() == Some(1)
                && u.place.low == u.place.high
                && u.place.low.as_constant() == Some(0)
            {
                let (id, found) = (*id, (u.extent, u.from));
                let unknown = &self.unknowns[id];
                if unknown.range.is_none() && unknown.stated.is_none() || unknown.extent.is_some() {
                    let merged = unknown.extent.map_or(Some(found.0), |e| self.lowerer.same_size(e.0, found.0));
                    self.found(id, merged.map_or(found, |e| (e, found.1)));
                }
            }
        }
        loop {
            let mut progress = false;
            for id in 0..self.unknowns.len() {
                if self.unknowns[id].range.is_some() {
                    continue;
                }
                if let Some((a, b)) = self.unknowns[id].stated.clone() {
                    if let (Some((low, _)), Some((_, high))) = (self.span_of(&a, None), self.span_of(&b, None)) {
                        self.unknowns[id].range = Some((low, high.sub(&Poly::constant(1))));
                        progress = true;
                    }
                } else if let Some(found) = self.largest(id) {
                    self.found(id, found);
                    progress = true;
                }
            }
            if !progress {
                return;
            }
        }
    }

    fn found(&mut self, id: usize, (extent, from): (ExtentId, Span)) {
        let last = self.lowerer.graph.extents.poly(extent).sub(&Poly::constant(1));
        self.unknowns[id].extent = Some((extent, from));
        self.unknowns[id].range = Some((Poly::default(), last));
    }

    /// The largest range from 0 that keeps every use inside.
    fn largest(&mut self, id: usize) -> Option<(ExtentId, Span)> {
        let mut best: Option<(Poly, Span)> = None;
        for u in &self.uses {
            let Some((_, k)) = u.place.terms.iter().find(|t| t.0 == id) else { continue };
            let (low, high) = self.span_of(&u.place, Some(id))?;
            let size = self.lowerer.graph.extents.poly(u.extent);
            let k = k.as_constant()?;
            // k·i + high <= size - 1, or for negative k: k·i + low >= 0.
            let room = if k > 0 { size.sub(&Poly::constant(1)).sub(&high) } else { low };
            let k = k.checked_abs()?;
            let known = || self.lowerer.graph.extents.known(&room).map(|n| Poly::constant(n.div_euclid(k)));
            let last = floor_divide(&room, k).or_else(known)?;
            let size = last.add(&Poly::constant(1));
            best = Some(match best {
                None => (size, u.from),
                Some((other, from)) => {
                    let e = &self.lowerer.graph.extents;
                    if e.non_negative(&size.sub(&other)) {
                        (other, from)
                    } else if e.non_negative(&other.sub(&size)) {
                        (size, u.from)
                    } else {
                        return None;
                    }
                }
            });
        }
        let (size, from) = best?;
        let size = self.lowerer.normal(size);
        if self.lowerer.graph.extents.known(&size).is_some_and(|n| n < 0) {
            return None;
        }
        Some((self.lowerer.graph.extents.intern(size), from))
    }

    /// The least and largest value of a sum, one index left out.
    fn span_of(&self, place: &Affine, without: Option<usize>) -> Option<(Poly, Poly)> {
        let (mut low, mut high) = (place.low.clone(), place.high.clone());
        for (id, k) in place.terms.iter().filter(|t| Some(t.0) != without) {
            let (least, most) = self.unknowns[*id].range.clone()?;
            let positive = self.lowerer.graph.extents.non_negative(k);
            let (least, most) = if positive { (least, most) } else { (most, least) };
            low = low.add(&least.mul(k));
            high = high.add(&most.mul(k));
        }
        Some((low, high))
    }
}

fn sum(a: Affine, b: Affine) -> Affine {
    let mut terms = a.terms;
    for (id, k) in b.terms {
        match terms.iter_mut().find(|t| t.0 == id) {
            Some(t) => t.1 = t.1.add(&k),
            None => terms.push((id, k)),
        }
    }
    terms.retain(|t| t.1.as_constant() != Some(0));
    Affine { terms, low: a.low.add(&b.low), high: a.high.add(&b.high) }
}

fn scale(a: &Affine, k: &Poly, positive: bool) -> Affine {
    let terms = a.terms.iter().map(|(id, c)| (*id, c.mul(k))).collect();
    let (low, high) = (a.low.mul(k), a.high.mul(k));
    if positive { Affine { terms, low, high } } else { Affine { terms, low: high, high: low } }
}

/// `p / k` rounded down, if every dim in it is divisible.
fn floor_divide(p: &Poly, k: i64) -> Option<Poly> {
    if k == 1 {
        return Some(p.clone());
    }
    let constant: i64 = p.terms().iter().filter(|t| t.0.is_empty()).map(|t| t.1).sum();
    let dims = p.sub(&Poly::constant(constant)).divide_exactly(&Poly::constant(k))?;
    Some(dims.add(&Poly::constant(constant.div_euclid(k))))
}
