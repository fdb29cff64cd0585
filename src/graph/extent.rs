//! Sizes: polynomials in dims, interned.
//!
//! Reads nothing. Must not know axes or nodes. Two extents are the same size for every value of the open dims exactly
//! when they are the same polynomial, so equal ids mean equal sizes.

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

/// A dim declared by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DimId(pub u32);

/// An interned polynomial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExtentId(pub u32);

/// A declared dim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dim {
    /// Its name in the source.
    pub name: String,
    /// Its size, unless it is open.
    pub value: Option<i64>,
    /// What its size follows from, if nobody gives it: the smallest number of blocks of this size that hold a length.
    pub blocks: Option<(Poly, i64)>,
}

impl Dim {
    /// Whether its size is neither known nor follows from that of others.
    pub fn is_open(&self) -> bool {
        self.value.is_none() && self.blocks.is_none()
    }
}

/// A product of dims, sorted; empty for 1.
pub type Monomial = SmallVec<[DimId; 2]>;

/// A polynomial in dims with integer coefficients: sorted by monomial, no zero coefficients.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Poly(SmallVec<[(Monomial, i64); 2]>);

impl Poly {
    /// The constant `c`.
    pub fn constant(c: i64) -> Poly {
        if c == 0 { Poly::default() } else { Poly(smallvec![(smallvec![], c)]) }
    }

    /// The size of a dim.
    pub fn dim(d: DimId) -> Poly {
        Poly(smallvec![(smallvec![d], 1)])
    }

    /// One monomial with its coefficient.
    pub fn collect_one(dims: Monomial, coefficient: i64) -> Poly {
        Poly::collect([(dims, coefficient)])
    }

    /// Monomials with their coefficients.
    pub fn terms(&self) -> &[(Monomial, i64)] {
        &self.0
    }

    /// The value, if no dim occurs.
    pub fn as_constant(&self) -> Option<i64> {
        match self.0.as_slice() {
            [] => Some(0),
            [(m, c)] if m.is_empty() => Some(*c),
            _ => None,
        }
    }

    /// The dim, if the polynomial is just one.
    pub fn as_dim(&self) -> Option<DimId> {
        match self.0.as_slice() {
            [(m, 1)] if m.len() == 1 => Some(m[0]),
            _ => None,
        }
    }

    fn collect(terms: impl IntoIterator<Item = (Monomial, i64)>) -> Poly {
        let mut sorted: Vec<(Monomial, i64)> = terms.into_iter().collect();
        sorted.sort();
        let mut out: SmallVec<[(Monomial, i64); 2]> = smallvec![];
        for (m, c) in sorted {
            match out.last_mut() {
                Some((last, k)) if *last == m => *k = k.saturating_add(c),
                _ => out.push((m, c)),
            }
        }
        out.retain(|(_, c)| *c != 0);
        Poly(out)
    }

    /// Sum.
    pub fn add(&self, other: &Poly) -> Poly {
        Poly::collect(self.0.iter().chain(&other.0).cloned())
    }

    /// Product with a number.
    pub fn scale(&self, k: i64) -> Poly {
        Poly::collect(self.0.iter().map(|(m, c)| (m.clone(), c.saturating_mul(k))))
    }

    /// Difference.
    pub fn sub(&self, other: &Poly) -> Poly {
        self.add(&other.scale(-1))
    }

    /// Product.
    pub fn mul(&self, other: &Poly) -> Poly {
        let mut terms = vec![];
        for (m, c) in &self.0 {
            for (n, d) in &other.0 {
                let mut dims: Monomial = m.iter().chain(n).copied().collect();
                dims.sort();
                terms.push((dims, c.saturating_mul(*d)));
            }
        }
        Poly::collect(terms)
    }

    /// `self / divisor` if it is a polynomial, for a divisor of one term.
    pub fn divide_exactly(&self, divisor: &Poly) -> Option<Poly> {
        if self.0.is_empty() {
            return Some(Poly::default());
        }
        let [(by, k)] = divisor.0.as_slice() else {
            return (self == divisor).then(|| Poly::constant(1));
        };
        let mut terms = vec![];
        for (m, c) in &self.0 {
            if c % k != 0 {
                return None;
            }
            let mut rest = m.clone();
            for d in by {
                let at = rest.iter().position(|x| x == d)?;
                rest.remove(at);
            }
            terms.push((rest, c / k));
        }
        Some(Poly::collect(terms))
    }

    /// The value for given dim sizes; `None` on overflow.
    pub fn evaluate(&self, size: &dyn Fn(DimId) -> i64) -> Option<i64> {
        let mut sum = 0i64;
        for (m, c) in &self.0 {
            let mut term = *c;
            for d in m {
                term = term.checked_mul(size(*d))?;
            }
            sum = sum.checked_add(term)?;
        }
        Some(sum)
    }
}

/// The dims of a program and all sizes made of them.
#[derive(Clone, Debug, Default)]
pub struct Extents {
    dims: Vec<Dim>,
    polys: Vec<Poly>,
    ids: FxHashMap<Poly, ExtentId>,
}

impl Extents {
    /// Declares a dim.
    pub fn declare(&mut self, name: impl Into<String>, value: Option<i64>) -> DimId {
        self.dims.push(Dim { name: name.into(), value, blocks: None });
        DimId(self.dims.len() as u32 - 1)
    }

    /// How many blocks of `size` hold `length` elements: their quotient, rounded up.
    pub fn blocks(&mut self, length: &Poly, size: i64) -> Poly {
        let by = Poly::constant(size);
        if let Some(exact) = length.divide_exactly(&by) {
            return exact;
        }
        // A dim of its own also where it is known: no other axis is mistaken for that of the blocks.
        let value = self.known(length).map(|n| n.div_euclid(size) + i64::from(n.rem_euclid(size) > 0));
        let blocks = Some((length.clone(), size));
        let found = self.dims.iter().position(|d| d.blocks == blocks);
        let at = found.unwrap_or_else(|| {
            let name = format!("ceil({} / {size})", self.show(length));
            self.dims.push(Dim { name, value, blocks });
            self.dims.len() - 1
        });
        Poly::dim(DimId(at as u32))
    }

    /// Sets the sizes that follow from others, where these are known: at least 0 in `sizes`, which are indexed by dim.
    pub fn complete(&self, sizes: &mut [i64]) {
        for (i, dim) in self.dims.iter().enumerate().take(sizes.len()) {
            let Some((length, by)) = &dim.blocks else { continue };
            let size = |d: DimId| sizes.get(d.0 as usize).copied().unwrap_or(-1);
            if length.terms().iter().all(|(m, _)| m.iter().all(|d| size(*d) >= 0))
                && let Some(n) = length.evaluate(&size)
            {
                sizes[i] = n.div_euclid(*by) + i64::from(n.rem_euclid(*by) > 0);
            }
        }
    }

    /// A declared dim.
    pub fn dim(&self, id: DimId) -> &Dim {
        &self.dims[id.0 as usize]
    }

    /// All dims, in order of declaration.
    pub fn dims(&self) -> &[Dim] {
        &self.dims
    }

    /// Fixes the size of an open dim (for one read from data).
    pub fn fix(&mut self, id: DimId, value: i64) {
        self.dims[id.0 as usize].value = Some(value);
        let mut sizes: Vec<i64> = self.dims.iter().map(|d| d.value.unwrap_or(-1)).collect();
        self.complete(&mut sizes);
        for (dim, size) in self.dims.iter_mut().zip(sizes).filter(|(dim, size)| dim.blocks.is_some() && *size >= 0) {
            dim.value = Some(size);
        }
    }

    /// The id of a polynomial.
    pub fn intern(&mut self, poly: Poly) -> ExtentId {
        if let Some(id) = self.ids.get(&poly) {
            return *id;
        }
        let id = ExtentId(self.polys.len() as u32);
        self.polys.push(poly.clone());
        self.ids.insert(poly, id);
        id
    }

    /// The polynomial of an id.
    pub fn poly(&self, id: ExtentId) -> &Poly {
        &self.polys[id.0 as usize]
    }

    /// The size, if every dim in it is known.
    pub fn known(&self, poly: &Poly) -> Option<i64> {
        if poly.terms().iter().any(|(m, _)| m.iter().any(|d| self.dim(*d).value.is_none())) {
            return None;
        }
        poly.evaluate(&|d| self.dim(d).value.unwrap_or(1))
    }

    /// True if the polynomial is at least 0 whatever the open dims are (each is at least 1).
    pub fn non_negative(&self, poly: &Poly) -> bool {
        // Substitute known dims by their size and open dims by 1 + d; then all coefficients must be at least 0.
        let mut shifted = Poly::default();
        for (m, c) in poly.terms() {
            let mut term = Poly::constant(*c);
            for d in m {
                term = match self.dim(*d).value {
                    Some(v) => term.scale(v),
                    None => term.mul(&Poly::dim(*d).add(&Poly::constant(1))),
                };
            }
            shifted = shifted.add(&term);
        }
        shifted.terms().iter().all(|(_, c)| *c >= 0)
    }

    /// How a polynomial is written: `N`, `4 * G`, `D - 2`.
    pub fn show(&self, poly: &Poly) -> String {
        if poly.terms().is_empty() {
            return "0".into();
        }
        let mut text = String::new();
        // Terms with dims first: `D - 2`, not `-2 + D`.
        let terms =
            poly.terms().iter().filter(|t| !t.0.is_empty()).chain(poly.terms().iter().filter(|t| t.0.is_empty()));
        for (m, c) in terms {
            let names: Vec<&str> = m.iter().map(|d| self.dim(*d).name.as_str()).collect();
            let size = c.unsigned_abs();
            match (text.is_empty(), *c < 0) {
                (true, true) => text.push('-'),
                (false, true) => text.push_str(" - "),
                (false, false) => text.push_str(" + "),
                (true, false) => {}
            }
            if names.is_empty() {
                text.push_str(&size.to_string());
            } else {
                if size != 1 {
                    text.push_str(&format!("{size} * "));
                }
                text.push_str(&names.join(" * "));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_normalise() {
        let mut e = Extents::default();
        let (n, c) = (e.declare("N", None), e.declare("C", Some(4)));
        let (pn, pc) = (Poly::dim(n), Poly::dim(c));
        assert_eq!(pn.mul(&pc), pc.mul(&pn));
        assert_eq!(pn.add(&pc).sub(&pn), pc);
        assert_eq!(pn.mul(&pc).divide_exactly(&pc), Some(pn.clone()));
        assert_eq!(pn.add(&pc).divide_exactly(&pc), None);
        assert!(e.non_negative(&pn.sub(&Poly::constant(1))));
        assert!(!e.non_negative(&pn.sub(&Poly::constant(2))));
        assert!(e.non_negative(&pc.sub(&Poly::constant(4))));
        assert_eq!(e.show(&pn.scale(2).sub(&Poly::constant(3))), "2 * N - 3");
        assert_eq!(e.known(&pn), None);
        assert_eq!(e.known(&pc.mul(&pc)), Some(16));
    }
}
