//! Sizes: dims, arithmetic of dims, and when two sizes are the same.
//!
//! Reads extents. Must not know arrays.
//!
//! A size is a polynomial in dims. A dim given by a number is a name of its own, one given by an expression of dims is
//! that polynomial. For a quotient such as `K = D / A` that is no polynomial, `K` becomes a dim and every product
//! `A * K` is written as `D`.

use super::program::{Entity, ItemKind};
use super::scope::{LocalRole, Lowerer};
use super::value::{Array, Evaluated, Sort, Value};
use crate::diag::catalog::shapes as error;
use crate::graph::{ExtentId, Poly};
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, BinaryOp, DimDeclaration, Expr, ExprKind};

/// The largest size, and the largest number of elements of an array: numbers up to here are exact in f64.
pub(super) const LARGEST: i64 = 1 << 53;

impl<'a> Lowerer<'a> {
    /// The size that a `dim` stands for.
    pub(super) fn declare_dim(&mut self, d: &'a DimDeclaration) -> Evaluated {
        let name = &d.name.text;
        let poly = match &d.value {
            None => Poly::dim(self.graph.extents.declare(name, None)),
            Some(value) => match &value.kind {
                ExprKind::Number { .. } => {
                    let n = self.dim(value)?.as_constant().unwrap_or(0);
                    if n == 0 {
                        return self.fail(error::empty_dim(value.span, name));
                    }
                    Poly::dim(self.graph.extents.declare(name, Some(n)))
                }
                ExprKind::Binary { op: BinaryOp::Divide, left, right, .. } => {
                    let (left, right) = (self.dim(left), self.dim(right));
                    self.quotient_dim(name, left?, right?, value.span)?
                }
                ExprKind::Call { .. } => {
                    // `div(D, 3)` is a number, and so the dim is a name of its own.
                    let poly = self.dim(value)?;
                    match poly.as_constant() {
                        Some(n) => Poly::dim(self.graph.extents.declare(name, Some(n))),
                        None => poly,
                    }
                }
                _ => {
                    let poly = self.dim(value)?;
                    match poly.as_constant() {
                        Some(n) => Poly::dim(self.graph.extents.declare(name, Some(n))),
                        None => poly,
                    }
                }
            },
        };
        if self.graph.extents.known(&poly).is_some_and(|n| n <= 0) {
            return self.fail(error::empty_dim(d.name.span, name));
        }
        self.size_value(poly)
    }

    /// `K = D / A`
    fn quotient_dim(&mut self, name: &str, left: Poly, right: Poly, span: Span) -> Evaluated<Poly> {
        if let Some(q) = left.divide_exactly(&right) {
            return Ok(match q.as_constant() {
                Some(n) => Poly::dim(self.graph.extents.declare(name, Some(n))),
                None => q,
            });
        }
        let show = |this: &Self, p: &Poly| this.graph.extents.show(p);
        match (self.graph.extents.known(&left), self.graph.extents.known(&right)) {
            (Some(a), Some(b)) if b != 0 && a % b == 0 => {
                let k = Poly::dim(self.graph.extents.declare(name, Some(a / b)));
                self.quotients.push((right, k.clone(), left));
                Ok(k)
            }
            (Some(a), Some(b)) => {
                let problem = error::inexact_division(span, &show(self, &left), &show(self, &right), a, b);
                self.fail(problem)
            }
            _ => {
                let problem = error::open_division(span, name, &show(self, &left), &show(self, &right));
                self.fail(problem)
            }
        }
    }

    /// A dim as a value: its size as a number.
    pub(super) fn size_value(&mut self, poly: Poly) -> Evaluated {
        let node = self.graph.real_of_size(poly.clone());
        Ok(Value::Array(Array { node, axes: vec![], kind: Sort::Real, number: Some(poly) }))
    }

    /// An expression that stands for a size: whole, and at least 0 where it is known.
    pub(super) fn dim(&mut self, e: &'a Expr) -> Evaluated<Poly> {
        let poly = self.whole(e)?;
        if self.graph.extents.known(&poly).is_some_and(|n| n < 0) {
            let shown = self.graph.extents.show(&poly);
            return self.fail(error::negative_size(self.place(e.span), &shown));
        }
        Ok(poly)
    }

    /// An expression that stands for a whole number: numbers, dims, and `+ - * /`, `div`, `size` of them.
    pub(super) fn whole(&mut self, e: &'a Expr) -> Evaluated<Poly> {
        match &e.kind {
            ExprKind::Number { value, .. } => {
                if value.fract() != 0.0 || *value < 0.0 {
                    return self.fail(error::not_whole(self.place(e.span), *value));
                }
                if *value > LARGEST as f64 {
                    return self.fail(error::too_large(self.place(e.span)));
                }
                Ok(Poly::constant(*value as i64))
            }
            ExprKind::Negate(inner) => Ok(self.whole(inner)?.scale(-1)),
            ExprKind::Name(name) => self.named_size(name, e.span),
            ExprKind::Binary { op, left, right, .. } => {
                let (left, right) = (self.whole(left), self.whole(right));
                let (left, right) = (left?, right?);
                let poly = match op {
                    BinaryOp::Add => left.add(&right),
                    BinaryOp::Subtract => left.sub(&right),
                    BinaryOp::Multiply => left.mul(&right),
                    BinaryOp::Divide => self.exact_quotient(left, right, e.span)?,
                    _ => return self.fail(error::not_a_size(self.place(e.span))),
                };
                self.checked_size(poly, e.span)
            }
            ExprKind::Call { function, arguments } => match (&function.kind, arguments.as_slice()) {
                (ExprKind::Name(name), [a, b]) if name == "div" && a.name.is_none() && b.name.is_none() => {
                    let (ArgumentValue::Expr(a), ArgumentValue::Expr(b)) = (&a.value, &b.value) else {
                        return self.fail(error::not_a_size(self.place(e.span)));
                    };
                    let (a, b) = (self.whole(a), self.whole(b));
                    self.rounded_quotient(a?, b?, e.span)
                }
                _ => self.size_of_value(e),
            },
            _ => self.size_of_value(e),
        }
    }

    /// An expression whose value is a number known at compile time.
    fn size_of_value(&mut self, e: &'a Expr) -> Evaluated<Poly> {
        match self.expr(e)? {
            Value::Array(Array { number: Some(poly), .. }) => Ok(poly),
            _ => self.fail(error::not_a_size(self.place(e.span))),
        }
    }

    fn named_size(&mut self, name: &str, span: Span) -> Evaluated<Poly> {
        let value = self.lookup(name, span)?;
        match value {
            Value::Array(Array { number: Some(poly), .. }) => Ok(poly),
            _ => {
                let declared = self.visible(name);
                self.fail(error::name_is_no_size(self.place(span), name, declared))
            }
        }
    }

    /// The dim that a name is declared as, if it is one.
    pub(super) fn declared_dim(&self, name: &str) -> Option<Evaluated<Poly>> {
        let value = match self.local(name) {
            Some(local) if local.role == LocalRole::Dim => local.value.clone(),
            Some(_) => return None,
            None => match self.global(name)?.entity {
                Entity::Item(item, _) if matches!(self.names.items[item.0].kind, ItemKind::Dim(_)) => {
                    self.values[item.0].clone().unwrap_or(Err(super::value::Reported))
                }
                _ => return None,
            },
        };
        Some(value.map(|v| match v {
            Value::Array(Array { number: Some(poly), .. }) => poly,
            _ => Poly::default(),
        }))
    }

    pub(super) fn exact_quotient(&mut self, left: Poly, right: Poly, span: Span) -> Evaluated<Poly> {
        if let Some(q) = left.divide_exactly(&right) {
            return Ok(q);
        }
        let span = self.place(span);
        let (l, r) = (self.graph.extents.show(&left), self.graph.extents.show(&right));
        match (self.graph.extents.known(&left), self.graph.extents.known(&right)) {
            (Some(a), Some(b)) if b != 0 && a % b == 0 => {
                // Through a declared quotient if there is one, else as a number.
                let known = self.quotients.iter().find(|(by, _, of)| *by == right && *of == left);
                Ok(known.map_or_else(|| Poly::constant(a / b), |(_, k, _)| k.clone()))
            }
            (Some(a), Some(b)) => self.fail(error::inexact_division(span, &l, &r, a, b)),
            _ => self.fail(error::open_division(span, "K", &l, &r)),
        }
    }

    /// `div(D, 3)`
    pub(super) fn rounded_quotient(&mut self, left: Poly, right: Poly, span: Span) -> Evaluated<Poly> {
        if let Some(q) = left.divide_exactly(&right) {
            return Ok(q);
        }
        match (self.graph.extents.known(&left), self.graph.extents.known(&right)) {
            (Some(a), Some(b)) if b > 0 => Ok(Poly::constant(a.div_euclid(b))),
            // Of an open length that is at least the divisor: as many blocks as hold what rounding down leaves.
            (None, Some(b)) if b > 0 && self.graph.extents.non_negative(&left.sub(&right)) => {
                Ok(self.graph.extents.blocks(&left.sub(&Poly::constant(b - 1)), b))
            }
            _ => {
                let (l, r) = (self.graph.extents.show(&left), self.graph.extents.show(&right));
                self.fail(error::open_division(self.place(span), "K", &l, &r))
            }
        }
    }

    /// A polynomial with products of declared quotients written as what they equal, if it is not too large.
    pub(super) fn checked_size(&mut self, poly: Poly, span: Span) -> Evaluated<Poly> {
        let poly = self.normal(poly);
        if self.is_countable(&poly) { Ok(poly) } else { self.fail(error::too_large(self.place(span))) }
    }

    /// Whether all its coefficients, and its value where that is known, are exact in f64.
    pub(super) fn is_countable(&self, poly: &Poly) -> bool {
        let small = |c: i64| c.unsigned_abs() <= LARGEST as u64;
        let known = poly.terms().iter().all(|(m, _)| m.iter().all(|d| self.graph.extents.dim(*d).value.is_some()));
        poly.terms().iter().all(|t| small(t.1)) && (!known || self.graph.extents.known(poly).is_some_and(small))
    }

    pub(super) fn normal(&self, poly: Poly) -> Poly {
        if self.quotients.is_empty() {
            return poly;
        }
        let mut sum = Poly::default();
        for (m, c) in poly.terms() {
            let mut term = m.iter().fold(Poly::constant(*c), |p, d| p.mul(&Poly::dim(*d)));
            // Each replacement lowers the degree, so this ends.
            'again: loop {
                for (by, k, of) in &self.quotients {
                    if let Some(rest) = term.divide_exactly(&by.mul(k)) {
                        term = rest.mul(of);
                        if term.terms().len() != 1 || of == &by.mul(k) {
                            break 'again;
                        }
                        continue 'again;
                    }
                }
                break;
            }
            sum = sum.add(&term);
        }
        sum
    }

    /// The size of an array with both sizes at one place: equal ones, or a plain number with a size of that value.
    pub(super) fn same_size(&self, a: ExtentId, b: ExtentId) -> Option<ExtentId> {
        if a == b {
            return Some(a);
        }
        let e = &self.graph.extents;
        let (pa, pb) = (e.poly(a), e.poly(b));
        match (pa.as_constant(), pb.as_constant()) {
            (Some(n), None) if e.known(pb) == Some(n) => Some(b),
            (None, Some(n)) if e.known(pa) == Some(n) => Some(a),
            _ => None,
        }
    }

    /// Reports an array of more elements than can be counted.
    pub(super) fn check_count(&mut self, sizes: &[ExtentId], span: Span) -> Evaluated<()> {
        let mut count: i64 = 1;
        for size in sizes {
            let known = self.graph.extents.known(self.graph.extents.poly(*size)).unwrap_or(1);
            count = match count.checked_mul(known.max(1)) {
                Some(n) if n <= LARGEST => n,
                _ => return self.fail(error::too_large(self.place(span))),
            };
        }
        Ok(())
    }
}
