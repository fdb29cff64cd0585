//! Constrained params and the free numbers that optimisers change in their place.
//!
//! Each constraint has a smooth one-to-one map from free numbers, so that no step of an optimiser can break it, and the
//! map's inverse. Both are built as ordinary terms: they are simplified, differentiated and compiled like the rest.
//! The maps are those of the Stan reference manual (version 2.35, chapter "Constraint transforms"), but for the simplex,
//! which is the additive log-ratio of Aitchison (1982): stable through `logsumexp`, and 0 are equal parts.
//!
//! | constraint | from free `f` |
//! |---|---|
//! | above `a` | `a + exp(f)` |
//! | below `b` | `b - exp(f)` |
//! | in `(a, b)` | `a + (b - a) * sigmoid(f)` |
//! | `simplex[K]` | softmax of `f[0], …, f[K - 2], 0` |
//! | `ordered[K]` | `f[0]`, then each `exp(f[k])` above the one before |
//! | `unit[K]` | `f / norm(f)` |
//! | `cholesky[D, D]` | `f` on and below the diagonal, `exp` on the diagonal |
//!
//! Reads programs. Must not know values.

use crate::graph::{
    Axis, AxisMap, Constraint, ExtentId, Graph, NodeId, Op, Poly, PortId, PortKind, Program, ProgramPort,
};
use crate::prim::{Prim, Reduction};
use rustc_hash::FxHashMap;

/// A constrained port with its free one.
#[derive(Clone, Debug)]
pub struct FreePort {
    /// The port of the program.
    pub port: PortId,
    /// The free one, of the same name and, for `simplex` and `cholesky`, of another shape: `[.., K - 1]`, and a rectangle
    /// of D (D + 1) / 2 numbers.
    pub free: PortId,
    /// The constrained value as a term of free ports.
    pub value: NodeId,
    /// The free value as a term of constrained ports.
    pub inverse: NodeId,
}

/// Declares a free port for each constrained port of the program in `graph`, which is that of the program with sizes
/// fixed.
///
/// # Errors
/// The name of a dim that must be known for that: that of a `cholesky`.
pub fn free_ports(graph: &mut Graph, program: &Program) -> Result<Vec<FreePort>, String> {
    let mut waiting: Vec<(&ProgramPort, Constraint)> =
        program.ports.iter().filter_map(|p| Some((p, p.constraint?))).collect();
    let mut done: Vec<FreePort> = vec![];
    let mut values: FxHashMap<PortId, NodeId> = FxHashMap::default();
    while !waiting.is_empty() {
        // A bound may read other params: first those that read none of the rest.
        let ready = waiting.iter().position(|(_, constraint)| {
            let read = graph.reachable(&bounds(constraint));
            !read.iter().any(|n| matches!(graph.op(*n), Op::Port(p) if waiting.iter().any(|(w, _)| w.id == *p)))
        });
        // Lowering refuses circles.
        let (port, constraint) = waiting.remove(ready.unwrap_or(0));
        let info = graph.port_info(port.id).clone();
        let shape = free_shape(graph, &constraint, &info.axes)?;
        let free = graph.declare_port(info.name, PortKind::Real, &shape);
        let free_axes = graph.port_info(free).axes.clone();
        let map = Map { graph, constraint, axes: &info.axes, free_axes: &free_axes };
        let inverse = map.inverse(port.id);
        let mut map = Map { graph, constraint, axes: &info.axes, free_axes: &free_axes };
        map.constraint = map.with_free_bounds(&values);
        let value = map.value(free);
        values.insert(port.id, value);
        done.push(FreePort { port: port.id, free, value, inverse });
    }
    done.sort_by_key(|f| f.port);
    Ok(done)
}

/// The terms that a constraint reads.
fn bounds(constraint: &Constraint) -> Vec<NodeId> {
    match constraint {
        Constraint::Interval { low, high } => low.iter().chain(high).copied().collect(),
        _ => vec![],
    }
}

/// The shape of the free numbers of a param with these axes.
fn free_shape(graph: &mut Graph, constraint: &Constraint, axes: &[Axis]) -> Result<Vec<ExtentId>, String> {
    let mut shape: Vec<ExtentId> = axes.iter().map(|a| a.extent).collect();
    match constraint {
        Constraint::Interval { .. } | Constraint::Ordered | Constraint::Unit => {}
        Constraint::Simplex => {
            if let Some(last) = shape.last_mut() {
                let less = graph.extents.poly(*last).sub(&Poly::constant(1));
                *last = graph.extents.intern(less);
            }
        }
        Constraint::Cholesky => {
            let size = graph.extents.poly(shape[shape.len() - 1]).clone();
            let n = graph.extents.known(&size).ok_or_else(|| graph.extents.show(&size))?;
            // Rows of the triangle are laid together in pairs of equal length.
            let (rows, columns) = if n % 2 == 0 { (n / 2, n + 1) } else { ((n + 1) / 2, n) };
            let end = shape.len();
            shape[end - 2] = graph.extents.intern(Poly::constant(rows));
            shape[end - 1] = graph.extents.intern(Poly::constant(columns));
        }
    }
    Ok(shape)
}

/// One constraint at work.
struct Map<'g> {
    graph: &'g mut Graph,
    constraint: Constraint,
    axes: &'g [Axis],
    free_axes: &'g [Axis],
}

impl Map<'_> {
    fn with_free_bounds(&mut self, values: &FxHashMap<PortId, NodeId>) -> Constraint {
        match self.constraint {
            Constraint::Interval { low, high } => {
                let mut free =
                    |bound: Option<NodeId>| bound.and_then(|b| self.graph.replace_ports(&[b], values).first().copied());
                Constraint::Interval { low: free(low), high: free(high) }
            }
            other => other,
        }
    }

    /// The port read with the axes `to` in place of `from`, its own.
    fn read(&mut self, port: PortId, to: &[NodeId]) -> NodeId {
        let from = self.graph.port_info(port).axes.clone();
        let map: AxisMap = from.into_iter().zip(to.iter().copied()).collect();
        let leaf = self.graph.port(port);
        self.graph.at(leaf, &map)
    }

    fn indices(&mut self, axes: &[Axis]) -> Vec<NodeId> {
        axes.iter().map(|a| self.graph.axis(*a)).collect()
    }

    fn exp(&mut self, x: NodeId) -> NodeId {
        self.graph.prim(Prim::Exp, 0.0, &[x])
    }

    fn log(&mut self, x: NodeId) -> NodeId {
        self.graph.prim(Prim::Log, 0.0, &[x])
    }

    fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        if self.graph.is_constant(a, 0.0) { b } else { self.graph.add(&[a, b]) }
    }

    /// The constrained value, over the axes of the constrained port.
    fn value(&mut self, free: PortId) -> NodeId {
        let indices = self.indices(self.axes);
        match self.constraint {
            Constraint::Interval { low, high } => {
                let f = self.read(free, &indices);
                match (low, high) {
                    (Some(low), Some(high)) => {
                        let s = self.graph.prim(Prim::Sigmoid, 0.0, &[f]);
                        let width = self.graph.sub(high, low);
                        let inside = if self.graph.is_constant(width, 1.0) { s } else { self.graph.mul(&[width, s]) };
                        self.add(low, inside)
                    }
                    (low, None) => {
                        let above = self.exp(f);
                        low.map_or(above, |low| self.add(low, above))
                    }
                    (None, Some(high)) => {
                        let below = self.exp(f);
                        self.graph.sub(high, below)
                    }
                }
            }
            Constraint::Simplex => {
                let f = self.read(free, &indices);
                let last = self.last_index();
                // `f[k]` for `k <= K - 2`, else 0.
                let one = self.graph.index_constant(1);
                let end = self.graph.index_sub(last, one);
                let k = indices[indices.len() - 1];
                let within = self.graph.index_at_least(end, k);
                let z = self.graph.mask(&[within], f);
                let e = self.exp(z);
                let total = self.graph.reduce(Reduction::Sum, &[self.last_axis()], e);
                self.graph.div(e, total)
            }
            Constraint::Ordered => {
                let k = self.last_axis();
                let avoid = self.axes.iter().copied().collect();
                let j = self.graph.fresh(&[k], &avoid)[0];
                let mut at = indices.clone();
                let (k, step) = (indices[indices.len() - 1], self.graph.axis(j));
                at[indices.len() - 1] = step;
                let f = self.read(free, &at);
                let zero = self.graph.index_constant(0);
                let (first, up) = (self.graph.index_equal(step, zero), self.exp(f));
                let gap = self.graph.select(first, f, up);
                let counts = self.graph.index_at_least(k, step);
                let gap = self.graph.mask(&[counts], gap);
                self.graph.reduce(Reduction::Sum, &[j], gap)
            }
            Constraint::Unit => {
                let f = self.read(free, &indices);
                let square = self.graph.pow_const(f, 2.0);
                let sum = self.graph.reduce(Reduction::Sum, &[self.last_axis()], square);
                let norm = self.graph.prim(Prim::Sqrt, 0.0, &[sum]);
                self.graph.div(f, norm)
            }
            Constraint::Cholesky => {
                let (r, c) = (indices[indices.len() - 2], indices[indices.len() - 1]);
                let n = self.size();
                // The row of the rectangle that holds row r from its start on, and the one that holds it from `shift` on.
                let last_pair = if n % 2 == 0 { n - 1 } else { n - 2 };
                let half = if n % 2 == 0 { n / 2 } else { (n - 1) / 2 };
                let upper = self.read_at(free, &indices, r, c);
                let (row, column) =
                    (self.affine(&[(r, -1)], last_pair), self.affine(&[(c, 1), (r, -1)], last_pair + 1));
                let lower = self.read_at(free, &indices, row, column);
                let far = self.graph.index_constant(half);
                let in_lower = self.graph.index_at_least(r, far);
                let mut f = self.graph.select(in_lower, lower, upper);
                if n % 2 == 1 {
                    let (middle, end) = (self.graph.index_constant(half), self.graph.index_constant(n - 1));
                    let whole = self.read_at(free, &indices, middle, c);
                    let is_last = self.graph.index_equal(r, end);
                    f = self.graph.select(is_last, whole, f);
                }
                let (diagonal, up) = (self.graph.index_equal(r, c), self.exp(f));
                let f = self.graph.select(diagonal, up, f);
                let below = self.graph.index_at_least(r, c);
                self.graph.mask(&[below], f)
            }
        }
    }

    /// The free value, over the axes of the free port.
    fn inverse(mut self, port: PortId) -> NodeId {
        let indices = self.indices(self.free_axes);
        match self.constraint {
            Constraint::Interval { low, high } => {
                let x = self.read(port, &indices);
                let (low, high) = (low.map(|b| self.over_free(b)), high.map(|b| self.over_free(b)));
                let above = low.map(|low| if self.graph.is_constant(low, 0.0) { x } else { self.graph.sub(x, low) });
                let below = high.map(|high| self.graph.sub(high, x));
                match (above, below) {
                    (Some(above), Some(below)) => {
                        let (a, b) = (self.log(above), self.log(below));
                        self.graph.sub(a, b)
                    }
                    (Some(one), None) | (None, Some(one)) => self.log(one),
                    (None, None) => x,
                }
            }
            Constraint::Simplex => {
                let x = self.read(port, &indices);
                let mut end = indices.clone();
                end[indices.len() - 1] = self.last_index();
                let last = self.read(port, &end);
                let (x, last) = (self.log(x), self.log(last));
                self.graph.sub(x, last)
            }
            Constraint::Ordered => {
                let x = self.read(port, &indices);
                let k = indices[indices.len() - 1];
                let mut before = indices.clone();
                before[indices.len() - 1] = self.affine(&[(k, 1)], -1);
                let before = self.read(port, &before);
                let gap = self.graph.sub(x, before);
                let gap = self.log(gap);
                let zero = self.graph.index_constant(0);
                let first = self.graph.index_equal(k, zero);
                self.graph.select(first, x, gap)
            }
            Constraint::Unit => self.read(port, &indices),
            Constraint::Cholesky => {
                let (p, q) = (indices[indices.len() - 2], indices[indices.len() - 1]);
                let n = self.size();
                let last_pair = if n % 2 == 0 { n - 1 } else { n - 2 };
                let upper = self.read_at(port, &indices, p, q);
                let (row, column) = (self.affine(&[(p, -1)], last_pair), self.affine(&[(q, 1), (p, -1)], -1));
                let lower = self.read_at(port, &indices, row, column);
                let in_upper = self.graph.index_at_least(p, q);
                let mut x = self.graph.select(in_upper, upper, lower);
                let (first, end) = (self.graph.index_equal(p, q), self.graph.index_constant(last_pair + 1));
                let second = self.graph.index_equal(q, end);
                let mut diagonal = self.graph.or(first, second);
                if n % 2 == 1 {
                    let (middle, end) = (self.graph.index_constant((n - 1) / 2), self.graph.index_constant(n - 1));
                    let whole = self.read_at(port, &indices, end, q);
                    let (is_last, corner) = (self.graph.index_equal(p, middle), self.graph.index_equal(q, end));
                    x = self.graph.select(is_last, whole, x);
                    // In the last row only its end is on the diagonal.
                    let (others, not_last) = (diagonal, self.graph.not(is_last));
                    let (others, corner) = (self.graph.and(others, not_last), self.graph.and(is_last, corner));
                    diagonal = self.graph.or(others, corner);
                }
                let log = self.log(x);
                self.graph.select(diagonal, log, x)
            }
        }
    }

    /// A bound with the free port's axes, which are those of the constrained one.
    fn over_free(&mut self, bound: NodeId) -> NodeId {
        let map = self.graph.renaming(self.axes.iter().copied().zip(self.free_axes.iter().copied()));
        self.graph.at(bound, &map)
    }

    fn read_at(&mut self, port: PortId, indices: &[NodeId], row: NodeId, column: NodeId) -> NodeId {
        let mut at = indices.to_vec();
        let end = at.len();
        at[end - 2] = row;
        at[end - 1] = column;
        self.read(port, &at)
    }

    fn affine(&mut self, terms: &[(NodeId, i64)], constant: i64) -> NodeId {
        let terms: Vec<(NodeId, Poly)> = terms.iter().map(|(n, k)| (*n, Poly::constant(*k))).collect();
        self.graph.linear(&terms, Poly::constant(constant))
    }

    fn last_axis(&self) -> Axis {
        self.axes[self.axes.len() - 1]
    }

    fn last_index(&mut self) -> NodeId {
        let last = self.graph.extent(self.last_axis()).sub(&Poly::constant(1));
        self.graph.index_size(last)
    }

    fn size(&self) -> i64 {
        self.graph.extents.known(self.graph.extent(self.last_axis())).unwrap_or(1)
    }
}
