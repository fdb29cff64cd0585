//! What several test files share: small graphs by hand, evaluation, finite differences.
#![allow(dead_code, reason = "each test file uses a part of this")]

use nnc::graph::{Axis, ExtentId, Graph, NodeId, Poly, PortId, PortKind};
use nnc::interp::{Bindings, evaluate};
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

/// Largest difference relative to 1 + the largest magnitude.
pub fn error(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = 1.0 + b.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let worst = a.iter().zip(b).map(|(x, y)| if x == y { 0.0 } else { (x - y).abs() / scale });
    worst.fold(0.0, |m, x| if x.is_nan() { f64::NAN } else { f64::max(m, x) })
}
