//! The sizes of open dims at a call: found from the lengths of the arrays, and checked across all of them.
//!
//! Reads extents and signatures. Must not know back ends.

use super::error::CallError;
use super::function::SizeNeed;
use super::signature::{Port, Size};
use crate::graph::{DimId, ExtentId, Extents, Poly};
use smallvec::SmallVec;

/// Not known yet.
const UNKNOWN: i64 = -1;

/// Larger sizes are refused: no array of this many elements fits the memory.
const LARGEST: i64 = 1 << 40;

/// All sizes that a function depends on.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    extents: Extents,
    /// Extents of axes, all of which must come out as sizes.
    axes: Vec<ExtentId>,
    /// Dims whose size must be known.
    needed: Vec<DimId>,
}

impl Sizes {
    /// Of a function whose terms have axes of these extents and read the sizes of these polynomials.
    pub fn new(extents: &Extents, mut axes: Vec<ExtentId>, read: Vec<ExtentId>) -> Sizes {
        axes.sort_unstable();
        axes.dedup();
        let mut needed: Vec<DimId> = axes
            .iter()
            .chain(&read)
            .flat_map(|e| extents.poly(*e).terms().iter().flat_map(|(dims, _)| dims.iter().copied()))
            .flat_map(|d| match &extents.dim(d).blocks {
                Some((length, _)) => length.terms().iter().flat_map(|(dims, _)| dims.iter().copied()).collect(),
                None => vec![d],
            })
            .filter(|d| extents.dim(*d).is_open())
            .collect();
        needed.sort_unstable();
        needed.dedup();
        Sizes { extents: extents.clone(), axes, needed }
    }

    /// The names of the open dims.
    pub fn open(&self) -> Vec<String> {
        self.needed.iter().map(|d| self.extents.dim(*d).name.clone()).collect()
    }

    /// Checks a size that must not be negative, if its dims are known.
    pub fn check(&self, need: &SizeNeed, dims: &[i64]) -> Result<(), CallError> {
        if self.is_known(&need.size, dims) && self.value(&need.size, dims).is_none_or(|n| n < 0) {
            let size = self.extents.show(&need.size);
            return Err(CallError::TooFew { size, what: need.what.clone(), place: need.place.clone() });
        }
        Ok(())
    }

    /// Finds the size of every dim from the lengths of the inputs, and checks them all. `dims` is overwritten; it is
    /// indexed by dim.
    pub fn solve(&self, ports: &[Port], length: &dyn Fn(usize) -> usize, dims: &mut Vec<i64>) -> Result<(), CallError> {
        dims.clear();
        dims.extend(self.extents.dims().iter().map(|d| d.value.unwrap_or(UNKNOWN)));
        // Each round finds at least one dim, so there are few.
        let mut found: SmallVec<[(DimId, usize); 4]> = SmallVec::new();
        while self.round(ports, length, dims, &mut found)? {}
        self.extents.complete(dims);
        // Sizes first: a length says nothing about a negative one.
        for poly in self.axes.iter().map(|e| self.extents.poly(*e)).filter(|p| self.is_known(p, dims)) {
            if self.value(poly, dims).is_none_or(|n| !(0..=LARGEST).contains(&n)) {
                return Err(CallError::Size { size: self.extents.show(poly) });
            }
        }
        for (i, port) in ports.iter().enumerate() {
            let Some(expected) = self.count(&port.shape, dims) else { continue };
            if expected != length(i) as i64 {
                let reason = self.reason(port, ports, dims, &found);
                let (port, shape) = (port.name.clone(), self.show(&port.shape, dims));
                let (expected, given) = (expected as usize, length(i));
                return Err(CallError::Length { port, shape, expected, given, reason });
            }
        }
        if let Some(dim) = self.needed.iter().find(|d| dims[d.0 as usize] == UNKNOWN) {
            return Err(CallError::UnknownDim { dim: self.extents.dim(*dim).name.clone() });
        }
        Ok(())
    }

    /// Which other ports the sizes of a port's dims come from: `; N is 3 by \`y\``.
    fn reason(&self, port: &Port, ports: &[Port], dims: &[i64], found: &[(DimId, usize)]) -> String {
        let in_shape = |d: DimId| {
            let occurs = |s: &Size| self.extents.poly(s.extent).terms().iter().any(|(m, _)| m.contains(&d));
            port.shape.iter().any(occurs)
        };
        let by = found.iter().filter(|(d, by)| in_shape(*d) && ports[*by].name != port.name);
        let one = |(d, by): &(DimId, usize)| {
            format!("{} is {} by `{}`", self.extents.dim(*d).name, dims[d.0 as usize], ports[*by].name)
        };
        by.map(|f| format!("; {}", one(f))).collect()
    }

    /// Finds dims that follow from what is known, and notes by which port; false if none does.
    fn round(
        &self,
        ports: &[Port],
        length: &dyn Fn(usize) -> usize,
        dims: &mut [i64],
        found: &mut SmallVec<[(DimId, usize); 4]>,
    ) -> Result<bool, CallError> {
        let before = found.len();
        for (i, port) in ports.iter().enumerate() {
            let mut known = 1i64;
            let mut unknown: Option<(ExtentId, u32)> = None;
            let mut solvable = true;
            for size in &port.shape {
                match (self.value(self.extents.poly(size.extent), dims), &mut unknown) {
                    (Some(n), _) => known = known.saturating_mul(n),
                    (None, Some((extent, times))) if *extent == size.extent => *times += 1,
                    (None, None) => unknown = Some((size.extent, 1)),
                    (None, Some(_)) => solvable = false,
                }
            }
            let Some((extent, times)) = unknown.filter(|_| solvable && known > 0) else { continue };
            let poly = self.extents.poly(extent);
            let Some((dim, factor, rest)) = self.linear(poly, dims) else { continue };
            let given = length(i) as i64;
            if given == 0 {
                return Err(CallError::Empty { port: port.name.clone(), dim: self.extents.dim(dim).name.clone() });
            }
            let size = Some(given / known).filter(|_| given % known == 0).and_then(|n| whole_root(n, times));
            let value = size.map(|n| n - rest).filter(|n| n % factor == 0).map(|n| n / factor).filter(|n| *n >= 1);
            let Some(value) = value else {
                let (dim, shape) = (self.extents.dim(dim).name.clone(), self.show(&port.shape, dims));
                return Err(CallError::Indivisible { port: port.name.clone(), shape, dim, given: given as usize });
            };
            dims[dim.0 as usize] = value;
            found.push((dim, i));
        }
        Ok(found.len() > before)
    }

    /// The polynomial as `factor · dim + rest`, if exactly one dim in it is unknown and occurs linearly.
    fn linear(&self, poly: &Poly, dims: &[i64]) -> Option<(DimId, i64, i64)> {
        let mut dim = None;
        let (mut factor, mut rest) = (0i64, 0i64);
        for (monomial, coefficient) in poly.terms() {
            let mut product = *coefficient;
            let mut open = None;
            for d in monomial {
                match dims[d.0 as usize] {
                    UNKNOWN if open.is_some() => return None,
                    UNKNOWN => open = Some(*d),
                    n => product = product.checked_mul(n)?,
                }
            }
            match open {
                None => rest = rest.checked_add(product)?,
                Some(d) if *dim.get_or_insert(d) == d => factor = factor.checked_add(product)?,
                Some(_) => return None,
            }
        }
        dim.filter(|_| factor != 0).map(|d| (d, factor, rest))
    }

    /// The value of a polynomial, if all its dims are known.
    fn value(&self, poly: &Poly, dims: &[i64]) -> Option<i64> {
        if self.is_known(poly, dims) { poly.evaluate(&|d| dims[d.0 as usize]) } else { None }
    }

    fn is_known(&self, poly: &Poly, dims: &[i64]) -> bool {
        poly.terms().iter().all(|(m, _)| m.iter().all(|d| dims[d.0 as usize] != UNKNOWN))
    }

    /// The size of an extent for known dims.
    pub fn size(&self, size: &Size, dims: &[i64]) -> Option<i64> {
        self.value(self.extents.poly(size.extent), dims)
    }

    /// How many elements a shape has, if its dims are known.
    pub fn count(&self, shape: &[Size], dims: &[i64]) -> Option<i64> {
        shape.iter().try_fold(1i64, |n, s| n.checked_mul(self.size(s, dims)?))
    }

    /// The shape with the sizes found so far: `[N = 3, 64]`.
    pub fn show(&self, shape: &[Size], dims: &[i64]) -> String {
        let one = |s: &Size| match (s.known, self.size(s, dims)) {
            (None, Some(n)) => format!("{} = {n}", s.text),
            _ => s.text.clone(),
        };
        format!("[{}]", shape.iter().map(one).collect::<Vec<_>>().join(", "))
    }
}

/// The number whose `times`-th power is `n`, if there is one.
fn whole_root(n: i64, times: u32) -> Option<i64> {
    if times == 1 {
        return Some(n);
    }
    let near = (n as f64).powf(1.0 / f64::from(times)).round() as i64;
    (near.checked_pow(times) == Some(n)).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::super::signature::{PortRole, size};
    use super::super::slice::Element;
    use super::*;
    use crate::graph::Graph;

    struct Case {
        graph: Graph,
        ports: Vec<Port>,
    }

    impl Case {
        fn new(dims: &[(&str, Option<i64>)]) -> (Case, Vec<Poly>) {
            let mut graph = Graph::new();
            let polys = dims.iter().map(|(name, v)| Poly::dim(graph.extents.declare(*name, *v))).collect();
            (Case { graph, ports: vec![] }, polys)
        }

        fn port(&mut self, name: &str, shape: &[Poly]) {
            let shape: Vec<ExtentId> = shape.iter().map(|p| self.graph.extents.intern(p.clone())).collect();
            let shape = shape.iter().map(|e| size(&self.graph, *e)).collect();
            let port = Port { name: name.into(), role: PortRole::Input, element: Element::F64, labels: None, shape };
            self.ports.push(port);
        }

        fn solve(&self, lengths: &[usize]) -> Result<Vec<i64>, CallError> {
            let axes = self.ports.iter().flat_map(|p| p.shape.iter().map(|s| s.extent)).collect();
            let sizes = Sizes::new(&self.graph.extents, axes, vec![]);
            let mut dims = vec![];
            sizes.solve(&self.ports, &|i| lengths[i], &mut dims)?;
            Ok(dims)
        }
    }

    #[test]
    fn open_dims_follow_from_lengths() {
        let (mut case, d) = Case::new(&[("N", None), ("D", None), ("H", Some(4))]);
        case.port("x", &[d[0].clone(), d[1].clone()]);
        case.port("w", &[d[1].clone(), d[2].clone()]);
        // w has D·4 = 12 elements, so D = 3; then x has N·3 = 15, so N = 5.
        assert_eq!(case.solve(&[15, 12]), Ok(vec![5, 3, 4]));
        assert!(matches!(case.solve(&[16, 12]), Err(CallError::Indivisible { port, dim, given: 16, .. })
            if port == "x" && dim == "N"));
        assert!(matches!(case.solve(&[15, 13]), Err(CallError::Indivisible { port, .. }) if port == "w"));
        assert!(matches!(case.solve(&[0, 12]), Err(CallError::Empty { port, .. }) if port == "x"));
    }

    #[test]
    fn sizes_are_polynomials() {
        let (mut case, d) = Case::new(&[("N", None), ("K", None)]);
        case.port("a", &[d[0].clone(), d[0].clone()]);
        case.port("b", &[d[0].add(&d[1].scale(2)).sub(&Poly::constant(1))]);
        // N² = 49, N + 2K - 1 = 12: N = 7, K = 3.
        assert_eq!(case.solve(&[49, 12]), Ok(vec![7, 3]));
        assert!(case.solve(&[48, 12]).is_err());
        assert!(case.solve(&[49, 13]).is_err());
    }

    #[test]
    fn ports_that_disagree_are_named_with_shape() {
        let (mut case, d) = Case::new(&[("N", None)]);
        case.port("x", &[d[0].clone()]);
        case.port("y", &[d[0].clone(), Poly::constant(2)]);
        let error = case.solve(&[3, 8]).unwrap_err().to_string();
        assert_eq!(error, "`y` of shape [N = 3, 2] needs 6 elements, but 8 were given; N is 3 by `x`");
    }

    #[test]
    fn what_does_not_follow_is_said() {
        let (mut case, d) = Case::new(&[("N", None), ("D", None)]);
        case.port("x", &[d[0].clone(), d[1].clone()]);
        assert_eq!(case.solve(&[12]), Err(CallError::UnknownDim { dim: "N".into() }));
        let (mut case, d) = Case::new(&[("N", None)]);
        case.port("x", &[d[0].clone()]);
        case.port("z", &[d[0].sub(&Poly::constant(3))]);
        assert_eq!(case.solve(&[2, 0]), Err(CallError::Size { size: "N - 3".into() }));
    }
}
