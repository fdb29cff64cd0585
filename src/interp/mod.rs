//! The reference interpreter: evaluates a graph in f64 from the table's reference column. It is the oracle of the
//! tests and the back end where there is no native code.
//!
//! Reads the graph and the primitive table. Must not know passes, plans or machine code; must stay simple enough to be
//! right by inspection.

mod array;
mod block;
mod dependence;
mod trace;
mod turns;

pub use array::Array;
pub use dependence::dependence;
pub use trace::Culprit;

use crate::graph::{Axis, AxisSet, DimId, Graph, NodeId, Op, PortId};
use crate::prim::{Eval, Prim, Reduction};
use array::Walk;
use rustc_hash::{FxHashMap, FxHashSet};
use thiserror::Error;

/// The values of ports and dims for one evaluation.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    /// Row-major in declared axis order; labels and truth values as exact numbers.
    pub ports: FxHashMap<PortId, Vec<f64>>,
    /// By dim id.
    pub dims: Vec<i64>,
}

/// Why an evaluation is not possible.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EvaluateError {
    /// A port that the term reads has no value.
    #[error("`{0}` has no value")]
    Unbound(String),
    /// A port has the wrong number of elements.
    #[error("`{name}` has {given} elements, expected {expected}")]
    Length {
        /// The port.
        name: String,
        /// By its shape.
        expected: usize,
        /// In the bindings.
        given: usize,
    },
    /// A size is negative or too large.
    #[error("the size `{0}` is negative or too large")]
    Size(String),
}

/// The values of every node below some roots.
#[derive(Debug)]
pub struct Evaluation<'g> {
    graph: &'g Graph,
    values: FxHashMap<NodeId, Array>,
    /// The states of each loop, along the axis of its turns first.
    loops: FxHashMap<NodeId, Vec<Array>>,
    dims: Vec<i64>,
    /// The turn of the loops around: their states by level, and the axes that have a value.
    around: turns::Around,
    /// Whether every number is rounded to single precision.
    single: bool,
}

/// Evaluates terms; each result is row-major in the given order of axes (a term is repeated along axes it lacks).
pub fn evaluate(
    graph: &Graph,
    bindings: &Bindings,
    roots: &[(NodeId, &[Axis])],
) -> Result<Vec<Vec<f64>>, EvaluateError> {
    let nodes: Vec<NodeId> = roots.iter().map(|r| r.0).collect();
    let evaluation = Evaluation::new(graph, bindings, &nodes)?;
    roots.iter().map(|(n, axes)| evaluation.in_order(*n, axes)).collect()
}

impl<'g> Evaluation<'g> {
    /// Evaluates everything below the roots.
    pub fn new(graph: &'g Graph, bindings: &Bindings, roots: &[NodeId]) -> Result<Evaluation<'g>, EvaluateError> {
        Evaluation::rounded(graph, bindings, roots, false)
    }

    /// As [`Evaluation::new`]; with `single` every number is rounded to single precision as soon as it is computed, so that
    /// what overflows there does here.
    pub fn rounded(
        graph: &'g Graph,
        bindings: &Bindings,
        roots: &[NodeId],
        single: bool,
    ) -> Result<Evaluation<'g>, EvaluateError> {
        let mut dims = bindings.dims.clone();
        dims.resize(graph.extents.dims().len(), -1);
        graph.extents.complete(&mut dims);
        let mut this = Evaluation {
            single,
            graph,
            values: FxHashMap::default(),
            loops: FxHashMap::default(),
            dims,
            around: turns::Around::default(),
        };
        for n in needed(graph, roots) {
            // What reads states is worked out turn by turn.
            if graph.node(n).states.is_empty() {
                this.insert(n, bindings, None)?;
            }
        }
        Ok(this)
    }

    /// The value of a node below the roots. Bodies of sums of products are not kept.
    pub fn value(&self, n: NodeId) -> Option<&Array> {
        self.values.get(&n)
    }

    /// The value of a root, row-major in this order of axes.
    pub fn in_order(&self, n: NodeId, axes: &[Axis]) -> Result<Vec<f64>, EvaluateError> {
        let value = &self.values[&n];
        let sizes = self.sizes(axes)?;
        let steps = strides_of(axes, value, self)?;
        let mut out = Vec::with_capacity(sizes.iter().product());
        Walk::new(&sizes, &[steps]).each(|at| out.push(value.data[at[0]]));
        Ok(out)
    }

    fn size(&self, axis: Axis) -> Result<usize, EvaluateError> {
        let poly = self.graph.extent(axis);
        let size = poly.evaluate(&|d: DimId| self.dims.get(d.0 as usize).copied().unwrap_or(-1));
        match size {
            Some(n) if (0..=1 << 40).contains(&n) => Ok(n as usize),
            _ => Err(EvaluateError::Size(self.graph.extents.show(poly))),
        }
    }

    fn sizes(&self, axes: &[Axis]) -> Result<Vec<usize>, EvaluateError> {
        axes.iter().map(|a| self.size(*a)).collect()
    }

    fn poly(&self, id: crate::graph::ExtentId) -> f64 {
        let poly = self.graph.extents.poly(id);
        poly.evaluate(&|d: DimId| self.dims.get(d.0 as usize).copied().unwrap_or(-1)).map_or(f64::NAN, |v| v as f64)
    }

    /// Works out a node whose arguments are known. `outside` are the values of what reads no state.
    fn insert(&mut self, n: NodeId, bindings: &Bindings, outside: Option<&Evaluation>) -> Result<(), EvaluateError> {
        if let Op::Scan(form) = self.graph.op(n) {
            let states = self.turns(n, form, bindings, outside.unwrap_or(self))?;
            self.loops.insert(n, states);
            return Ok(());
        }
        let mut value = match self.released(n) {
            Some(axes) => self.rebound(n, &axes, bindings, outside.unwrap_or(self))?,
            None => self.node(n, bindings)?,
        };
        if self.single && self.graph.kind(n) == crate::graph::Kind::Real {
            value.data.iter_mut().for_each(|x| *x = f64::from(*x as f32));
        }
        self.values.insert(n, value);
        Ok(())
    }

    fn node(&self, n: NodeId, bindings: &Bindings) -> Result<Array, EvaluateError> {
        let g = self.graph;
        let axes: Vec<Axis> = self.free_axes(n);
        let args = g.args(n);
        Ok(match g.op(n) {
            Op::Const(bits) => Array::scalar(f64::from_bits(*bits)),
            Op::Bool(b) => Array::scalar(f64::from(u8::from(*b))),
            Op::Axis(axis) if self.around.place(*axis).is_some() => {
                Array::scalar(self.around.place(*axis).unwrap_or_default() as f64)
            }
            Op::Axis(axis) => Array { axes, data: (0..self.size(*axis)?).map(|i| i as f64).collect() },
            Op::Linear { coefficients, constant } => {
                let k: Vec<f64> = coefficients.iter().map(|c| self.poly(*c)).collect();
                let c = self.poly(*constant);
                self.elementwise(axes, args, |v| c + v.iter().zip(&k).map(|(x, k)| x * k).sum::<f64>())?
            }
            Op::Quotient(by) => {
                let by = self.poly(*by);
                self.elementwise(axes, args, |v| (v[0] / by).floor())?
            }
            Op::Remainder(by) => {
                let by = self.poly(*by);
                self.elementwise(axes, args, |v| v[0] - by * (v[0] / by).floor())?
            }
            Op::Prim(prim, bits) => {
                let k = f64::from_bits(*bits);
                match prim.row().eval {
                    Eval::One(f) => self.elementwise(axes, args, |v| f(v[0]))?,
                    Eval::Two(f) => self.elementwise(axes, args, |v| f(v[0], v[1]))?,
                    Eval::Three(f) => self.elementwise(axes, args, |v| f(v[0], v[1], v[2]))?,
                    Eval::Many(f) => self.elementwise(axes, args, f)?,
                    Eval::Attribute(f) => self.elementwise(axes, args, |v| f(k, v[0]))?,
                }
            }
            Op::Port(port) => self.port(*port, axes, bindings)?,
            Op::Reduce(reduction, bound) => self.reduction(*reduction, bound, axes, n)?,
            Op::At(vars) => self.read(vars, axes, args)?,
            Op::State { level, slot, .. } => self.around.state(*level, *slot),
            Op::Out { slot, turn } => self.states_of(args[0], *slot, *turn, axes)?,
            Op::Block(block, extent) => self.block(n, *block, *extent)?,
            Op::Custom { .. } => self.elementwise(axes, &args[..1], |v| v[0])?,
            Op::Scan(_) => unreachable!("loops are worked out by `turns`"),
        })
    }

    fn elementwise(&self, axes: Vec<Axis>, args: &[NodeId], f: impl Fn(&[f64]) -> f64) -> Result<Array, EvaluateError> {
        let sizes = self.sizes(&axes)?;
        let values: Vec<&Array> = args.iter().map(|a| &self.values[a]).collect();
        let steps: Vec<Vec<usize>> = values.iter().map(|v| strides_of(&axes, v, self)).collect::<Result<_, _>>()?;
        let mut data = Vec::with_capacity(sizes.iter().product());
        let mut point = vec![0.0; args.len()];
        Walk::new(&sizes, &steps).each(|at| {
            for (p, (v, i)) in point.iter_mut().zip(values.iter().zip(at)) {
                *p = v.data[*i];
            }
            data.push(f(&point));
        });
        Ok(Array { axes, data })
    }

    fn port(&self, port: PortId, axes: Vec<Axis>, bindings: &Bindings) -> Result<Array, EvaluateError> {
        let info = self.graph.port_info(port);
        let given = bindings.ports.get(&port).ok_or_else(|| EvaluateError::Unbound(info.name.clone()))?;
        let sizes = self.sizes(&info.axes)?;
        let expected = sizes.iter().product();
        if given.len() != expected {
            return Err(EvaluateError::Length { name: info.name.clone(), expected, given: given.len() });
        }
        let declared = Array { axes: info.axes.clone(), data: given.clone() };
        let steps = strides_of(&axes, &declared, self)?;
        let mut data = Vec::with_capacity(expected);
        Walk::new(&self.sizes(&axes)?, &[steps]).each(|at| data.push(declared.data[at[0]]));
        Ok(Array { axes, data })
    }

    fn reduction(
        &self,
        reduction: Reduction,
        bound: &AxisSet,
        axes: Vec<Axis>,
        n: NodeId,
    ) -> Result<Array, EvaluateError> {
        let bound: Vec<Axis> = bound.iter().collect();
        let (outer, inner) = (self.sizes(&axes)?, self.sizes(&bound)?);
        let factors: Vec<&Array> = dependencies(self.graph, n).iter().map(|a| &self.values[a]).collect();
        let outer_steps: Vec<Vec<usize>> =
            factors.iter().map(|v| strides_of(&axes, v, self)).collect::<Result<_, _>>()?;
        let inner_steps: Vec<Vec<usize>> =
            factors.iter().map(|v| strides_of(&bound, v, self)).collect::<Result<_, _>>()?;
        let mut data = Vec::with_capacity(outer.iter().product());
        let mut values: Vec<f64> = Vec::with_capacity(inner.iter().product());
        Walk::new(&outer, &outer_steps).each(|start| {
            values.clear();
            Walk::new(&inner, &inner_steps).each(|at| {
                let product = |p: f64, ((v, s), i): ((&&Array, &usize), &usize)| p * v.data[s + i];
                let mut parts = factors.iter().zip(start).zip(at);
                let first = parts.next().map_or(1.0, |((v, s), i)| v.data[s + i]);
                values.push(parts.fold(first, product));
            });
            data.push((reduction.row().eval)(&values));
        });
        Ok(Array { axes, data })
    }

    fn read(&self, vars: &AxisSet, axes: Vec<Axis>, args: &[NodeId]) -> Result<Array, EvaluateError> {
        let base = &self.values[&args[0]];
        let sizes = self.sizes(&axes)?;
        let places: Vec<&Array> = args[1..].iter().map(|a| &self.values[a]).collect();
        let mut steps: Vec<Vec<usize>> = places.iter().map(|v| strides_of(&axes, v, self)).collect::<Result<_, _>>()?;
        // What is not replaced is read where it is: the last walk gives that part of the offset.
        let own = Array { axes: base.axes.clone(), data: vec![] };
        let base_sizes = self.sizes(&base.axes)?;
        let base_steps = array::row_major(&base_sizes);
        steps.push(
            axes.iter()
                .map(|a| own.axes.iter().position(|b| b == a && !vars.contains(*a)).map_or(0, |i| base_steps[i]))
                .collect(),
        );
        let targets: Vec<(usize, usize)> = vars
            .iter()
            .map(|v| base.axes.iter().position(|b| *b == v).map_or((0, 0), |i| (base_steps[i], base_sizes[i])))
            .collect();
        let mut data = Vec::with_capacity(sizes.iter().product());
        Walk::new(&sizes, &steps).each(|at| {
            let mut offset = Some(at[places.len()]);
            for ((place, i), (step, size)) in places.iter().zip(at).zip(&targets) {
                let index = place.data[*i];
                let inside = index >= 0.0 && index < *size as f64;
                offset = offset.filter(|_| inside).map(|o| o + index as usize * step);
            }
            data.push(offset.map_or(0.0, |o| base.data[o]));
        });
        Ok(Array { axes, data })
    }
}

fn strides_of(order: &[Axis], value: &Array, evaluation: &Evaluation) -> Result<Vec<usize>, EvaluateError> {
    let steps = array::row_major(&evaluation.sizes(&value.axes)?);
    Ok(order.iter().map(|a| value.axes.iter().position(|b| b == a).map_or(0, |i| steps[i])).collect())
}

/// What has to be evaluated before a node. A sum of products reads the factors: its body is never stored.
fn dependencies(graph: &Graph, n: NodeId) -> Vec<NodeId> {
    let args = graph.args(n);
    if let Op::Custom { .. } = graph.op(n) {
        return args[..1].to_vec();
    }
    if matches!(graph.op(n), Op::Reduce(Reduction::Sum, _))
        && let Some((Prim::Mul, factors)) = graph.as_prim(args[0])
    {
        return factors.to_vec();
    }
    args.to_vec()
}

fn needed(graph: &Graph, roots: &[NodeId]) -> Vec<NodeId> {
    needed_until(graph, roots, &|_| false)
}

/// As [`needed`], but does not look below nodes for which `stop` holds; they are left out.
fn needed_until(graph: &Graph, roots: &[NodeId], stop: &dyn Fn(NodeId) -> bool) -> Vec<NodeId> {
    let mut seen: FxHashSet<NodeId> = FxHashSet::default();
    let mut stack = roots.to_vec();
    while let Some(n) = stack.pop() {
        if !stop(n) && seen.insert(n) {
            stack.extend(dependencies(graph, n));
        }
    }
    let mut order: Vec<NodeId> = seen.into_iter().collect();
    order.sort();
    order
}
