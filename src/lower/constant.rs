//! The numbers of a term that reads no port: initial values of params, defaults of inputs.
//!
//! Reads the graph. Must not change it.

use crate::graph::{Axis, Graph, NodeId, Op};
use crate::prim::{Eval, Prim};
use rustc_hash::FxHashMap;

/// The most steps that one constant may take: all of them are remembered, so this bounds memory too.
const MOST: usize = 2_000_000;

/// The elements of a term in row-major order of these axes; `None` if it reads a port, a size is open, or there are
/// too many steps.
pub(super) fn values(graph: &Graph, node: NodeId, axes: &[Axis]) -> Option<Vec<f64>> {
    let mut evaluator = Evaluator { graph, place: FxHashMap::default(), known: FxHashMap::default(), steps: 0 };
    let sizes: Vec<i64> = axes.iter().map(|a| evaluator.size(*a)).collect::<Option<_>>()?;
    let count = sizes.iter().try_fold(1i64, |n, s| n.checked_mul(*s)).filter(|n| (*n as usize) <= MOST)?;
    let mut out = Vec::with_capacity(count as usize);
    for i in 0..count {
        let mut rest = i;
        for (axis, size) in axes.iter().zip(&sizes).rev() {
            evaluator.place.insert(*axis, rest % size);
            rest /= size;
        }
        out.push(evaluator.value(node)?);
    }
    Some(out)
}

struct Evaluator<'g> {
    graph: &'g Graph,
    /// Where each axis stands.
    place: FxHashMap<Axis, i64>,
    /// Values by node and the places of its axes.
    known: FxHashMap<(NodeId, Vec<i64>), f64>,
    steps: usize,
}

impl Evaluator<'_> {
    fn size(&self, axis: Axis) -> Option<i64> {
        self.graph.extents.known(self.graph.extent(axis)).filter(|n| *n >= 0)
    }

    fn value(&mut self, node: NodeId) -> Option<f64> {
        let graph = self.graph;
        match graph.op(node) {
            Op::Const(bits) => return Some(f64::from_bits(*bits)),
            Op::Bool(b) => return Some(f64::from(u8::from(*b))),
            Op::Axis(axis) => return self.place.get(axis).map(|i| *i as f64),
            _ => {}
        }
        let places: Vec<i64> = graph.axes(node).iter().map(|a| self.place.get(&a).copied()).collect::<Option<_>>()?;
        let key = (node, places);
        if let Some(value) = self.known.get(&key) {
            return Some(*value);
        }
        self.steps += 1;
        if self.steps > MOST {
            return None;
        }
        let value = self.compute(node)?;
        self.known.insert(key, value);
        Some(value)
    }

    fn compute(&mut self, node: NodeId) -> Option<f64> {
        let graph = self.graph;
        let args = graph.args(node);
        let known = |id| graph.extents.known(graph.extents.poly(id)).map(|n| n as f64);
        match graph.op(node) {
            Op::Linear { coefficients, constant } => {
                let mut sum = known(*constant)?;
                for (a, k) in args.iter().zip(coefficients) {
                    sum += self.value(*a)? * known(*k)?;
                }
                Some(sum)
            }
            Op::Quotient(by) => Some((self.value(args[0])? / known(*by)?).floor()),
            Op::Remainder(by) => Some(self.value(args[0])?.rem_euclid(known(*by)?)),
            // The branch that is not taken is not looked at.
            Op::Prim(Prim::Select, _) => {
                let c = self.value(args[0])?;
                self.value(args[if c != 0.0 { 1 } else { 2 }])
            }
            Op::Prim(prim, bits) => {
                let mut values = Vec::with_capacity(args.len());
                for a in args {
                    values.push(self.value(*a)?);
                }
                match (prim.row().eval, values.as_slice()) {
                    (Eval::One(f), [x]) => Some(f(*x)),
                    (Eval::Two(f), [x, y]) => Some(f(*x, *y)),
                    (Eval::Three(f), [x, y, z]) => Some(f(*x, *y, *z)),
                    (Eval::Many(f), values) => Some(f(values)),
                    (Eval::Attribute(f), [x]) => Some(f(f64::from_bits(*bits), *x)),
                    _ => None,
                }
            }
            Op::Reduce(reduction, bound) => {
                let bound: Vec<Axis> = bound.iter().collect();
                let mut sizes = vec![];
                for axis in &bound {
                    sizes.push(self.size(*axis)?);
                }
                let count = sizes.iter().try_fold(1i64, |n, s| n.checked_mul(*s)).filter(|n| (*n as usize) <= MOST)?;
                let outside: Vec<Option<i64>> = bound.iter().map(|a| self.place.get(a).copied()).collect();
                let mut terms = Vec::with_capacity(count as usize);
                for i in 0..count {
                    let mut rest = i;
                    for (axis, size) in bound.iter().zip(&sizes).rev() {
                        self.place.insert(*axis, rest % size);
                        rest /= size;
                    }
                    terms.push(self.value(args[0])?);
                }
                self.restore(&bound, &outside);
                Some((reduction.row().eval)(&terms))
            }
            Op::At(vars) => {
                let vars: Vec<Axis> = vars.iter().collect();
                let mut places = vec![];
                for (axis, index) in vars.iter().zip(&args[1..]) {
                    let i = self.value(*index)? as i64;
                    if i < 0 || i >= self.size(*axis)? {
                        return Some(0.0);
                    }
                    places.push(i);
                }
                let outside: Vec<Option<i64>> = vars.iter().map(|a| self.place.get(a).copied()).collect();
                for (axis, i) in vars.iter().zip(places) {
                    self.place.insert(*axis, i);
                }
                let value = self.value(args[0]);
                self.restore(&vars, &outside);
                value
            }
            Op::Port(_) | Op::Const(_) | Op::Bool(_) | Op::Axis(_) => None,
            Op::Custom { .. } => self.value(args[0]),
            Op::Block(..) => None,
            // A loop may be long: its states are not worked out here.
            Op::State { .. } | Op::Scan(_) | Op::Out { .. } => None,
        }
    }

    fn restore(&mut self, axes: &[Axis], before: &[Option<i64>]) {
        for (axis, i) in axes.iter().zip(before) {
            match i {
                Some(i) => self.place.insert(*axis, *i),
                None => self.place.remove(axis),
            };
        }
    }
}
