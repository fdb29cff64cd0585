//! What several test files share: small graphs by hand, evaluation, finite differences.
#![allow(dead_code, reason = "each test file uses a part of this")]

use nnc::graph::{Axis, ExtentId, Graph, NodeId, Poly, PortId, PortKind, verify};
use nnc::interp::{Bindings, evaluate};
use nnc::pass;
use nnc::prim::{Prim, Reduction};

/// A graph with ports and values for them.
#[derive(Default)]
pub struct Bench {
    pub g: Graph,
    pub bindings: Bindings,
    pub random: Random,
}

/// A small deterministic generator (SplitMix64), so that a seed gives the same test everywhere.
pub struct Random(pub u64);

impl Default for Random {
    fn default() -> Self {
        Random(1)
    }
}

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Bench {
    /// A dim and the extent of one axis over it.
    pub fn dim(&mut self, name: &str, size: i64) -> ExtentId {
        let d = self.g.extents.declare(name, None);
        self.bindings.dims.push(size);
        self.g.extents.intern(Poly::dim(d))
    }

    /// A real port with values in `(low, high)`.
    pub fn real(&mut self, name: &str, shape: &[ExtentId], low: f64, high: f64) -> NodeId {
        let id = self.g.declare_port(name, PortKind::Real, shape);
        let n = self.elements(shape);
        let values = (0..n).map(|_| self.random.between(low, high)).collect();
        self.bindings.ports.insert(id, values);
        self.g.port(id)
    }

    /// A label port with random labels.
    pub fn labels(&mut self, name: &str, shape: &[ExtentId], classes: ExtentId) -> NodeId {
        let id = self.g.declare_port(name, PortKind::Index(classes), shape);
        let (n, c) = (self.elements(shape), self.elements(&[classes]));
        let values = (0..n).map(|_| self.random.below(c) as f64).collect();
        self.bindings.ports.insert(id, values);
        self.g.port(id)
    }

    pub fn elements(&self, shape: &[ExtentId]) -> usize {
        shape
            .iter()
            .map(|e| self.g.extents.poly(*e).evaluate(&|d| self.bindings.dims[d.0 as usize]).unwrap() as usize)
            .product()
    }

    pub fn axes(&self, shape: &[ExtentId]) -> Vec<Axis> {
        self.g.canonical_axes(shape)
    }

    pub fn call(&mut self, name: &str, args: &[NodeId]) -> NodeId {
        self.g.prim(Prim::callable(name).unwrap(), 0.0, args)
    }

    pub fn sum(&mut self, axes: &[Axis], x: NodeId) -> NodeId {
        self.g.reduce(Reduction::Sum, axes, x)
    }

    pub fn size(&mut self, e: ExtentId) -> NodeId {
        let p = self.g.extents.poly(e).clone();
        self.g.real_of_size(p)
    }

    /// The value of a term, row-major in the order of its axis set.
    pub fn value(&self, n: NodeId) -> Vec<f64> {
        let axes: Vec<Axis> = self.g.axes(n).iter().collect();
        self.value_in(n, &axes)
    }

    pub fn value_in(&self, n: NodeId, axes: &[Axis]) -> Vec<f64> {
        evaluate(&self.g, &self.bindings, &[(n, axes)]).unwrap().remove(0)
    }

    pub fn port_of(&self, n: NodeId) -> PortId {
        match self.g.op(n) {
            nnc::graph::Op::Port(p) => *p,
            op => panic!("{op:?} is not a port"),
        }
    }

    /// Central differences of fourth order of a scalar by a port, row-major in declared order.
    pub fn differences(&mut self, scalar: NodeId, port: NodeId) -> Vec<f64> {
        let id = self.port_of(port);
        let original = self.bindings.ports[&id].clone();
        let mut out = vec![];
        for i in 0..original.len() {
            let h = 1e-4 * original[i].abs().max(1.0);
            let mut at = |k: f64| {
                let mut moved = original.clone();
                moved[i] += k * h;
                self.bindings.ports.insert(id, moved);
                self.value(scalar)[0]
            };
            out.push((8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h));
        }
        self.bindings.ports.insert(id, original);
        out
    }

    pub fn declared_axes(&self, port: NodeId) -> Vec<Axis> {
        self.g.port_info(self.port_of(port)).axes.clone()
    }
}

/// Checks first and second derivatives of a scalar by all the ports: reverse mode before and after normalisation
/// against fourth-order differences, forward mode against reverse, and second order. Returns the normalised loss and
/// gradients.
pub fn check_derivatives(b: &mut Bench, loss: NodeId, ports: &[NodeId]) -> (NodeId, Vec<NodeId>) {
    let raw = pass::gradient(&mut b.g, loss, ports);
    verify(&b.g).unwrap();
    let loss = pass::normalize(&mut b.g, &[loss])[0];
    verify(&b.g).unwrap();
    let stable = pass::gradient(&mut b.g, loss, ports);
    verify(&b.g).unwrap();
    let roots: Vec<NodeId> = std::iter::once(loss).chain(stable).collect();
    let normal = pass::normalize(&mut b.g, &roots);
    verify(&b.g).unwrap();
    assert_eq!(pass::normalize(&mut b.g, &normal), normal, "normalising again changes something");
    assert!(error(&b.value(normal[0]), &b.value(loss)) < 1e-12);
    let mut directional = vec![];
    let mut moves = vec![];
    for (p, (g, r)) in ports.iter().zip(normal[1..].iter().zip(&raw)) {
        let axes = b.declared_axes(*p);
        let expected = b.differences(loss, *p);
        assert_close(&b.value_in(*g, &axes), &expected, 1e-8, || format!("gradient {}", b.g.show_term(*g)));
        assert_close(&b.value_in(*r, &axes), &expected, 1e-8, || format!("raw gradient {}", b.g.show_term(*r)));
        // A direction for the second order.
        let shape: Vec<_> = axes.iter().map(|a| a.extent).collect();
        let v = b.real(&format!("v{}", b.g.show_term(*p)), &shape, -1.0, 1.0);
        let product = b.g.mul(&[*g, v]);
        directional.push(b.g.reduce(Reduction::Sum, &axes, product));
        moves.push((*p, v));
    }
    let along = b.g.add(&directional);
    let forward = pass::tangent(&mut b.g, loss, &moves);
    verify(&b.g).unwrap();
    assert_close(&b.value(forward), &b.value(along), 1e-13, || "forward against reverse mode".into());
    let seconds = pass::gradient(&mut b.g, along, ports);
    let seconds = pass::normalize(&mut b.g, &seconds);
    verify(&b.g).unwrap();
    for (p, h) in ports.iter().zip(seconds) {
        let axes = b.declared_axes(*p);
        let expected = b.differences(along, *p);
        assert_close(&b.value_in(h, &axes), &expected, 1e-7, || format!("second order {}", b.g.show_term(h)));
    }
    (normal[0], normal[1..].to_vec())
}

/// Each pair of numbers differs by at most `tolerance` relative to 1 + magnitude; NaN equals NaN, -0 equals 0.
pub fn assert_close(given: &[f64], expected: &[f64], tolerance: f64, what: impl Fn() -> String) {
    assert_eq!(given.len(), expected.len(), "{}", what());
    for (i, (x, y)) in given.iter().zip(expected).enumerate() {
        let same = x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= tolerance * (1.0 + y.abs());
        assert!(same, "{}: element {i} is {x:e}, expected {y:e}", what());
    }
}

/// Largest difference relative to 1 + the largest magnitude.
pub fn error(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = 1.0 + b.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let worst = a.iter().zip(b).map(|(x, y)| if x == y { 0.0 } else { (x - y).abs() / scale });
    worst.fold(0.0, |m, x| if x.is_nan() { f64::NAN } else { f64::max(m, x) })
}
