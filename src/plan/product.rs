//! Matrix products: which sums are products, and how they are split into loops around one product of matrices.
//!
//! Reads the graph. Must not know how a product is computed.

use super::address::Address;
use super::builder::Builder;
use super::kernel::{ExprId, Item, Kernel, Matrix, Product};
use super::lower::Lowering;
use crate::graph::{Axis, AxisSet, Graph, NodeId, Op, Poly};
use crate::prim::Prim;

/// A sum of products of two factors.
#[derive(Clone, Debug)]
pub(super) struct ProductForm {
    /// Left factor.
    pub(super) a: NodeId,
    /// Right factor.
    pub(super) b: NodeId,
    /// Whether the left factor is read where it lies.
    pub(super) a_is_plain: bool,
    /// Whether the right factor is read where it lies.
    pub(super) b_is_plain: bool,
    /// The axes summed over; both factors have them.
    pub(super) k: AxisSet,
}

/// Sums with fewer multiplications than this are plain loops.
const SMALLEST: i64 = 256;

#[derive(Default)]
struct Group {
    axes: AxisSet,
    conditions: Vec<NodeId>,
    factors: Vec<NodeId>,
    denominators: Vec<NodeId>,
}

impl Builder {
    /// The two factors of a sum, if it is a product of matrices.
    pub(super) fn product_form(&mut self, n: NodeId) -> Option<ProductForm> {
        let Op::Reduce(_, k) = self.graph.op(n).clone() else { return None };
        let body = self.graph.args(n)[0];
        let (conditions, core) = self.graph.masks(body);
        let (mut factors, mut denominators) = (vec![], vec![]);
        split(&self.graph, core, &mut factors, &mut denominators);
        let parts: Vec<NodeId> = conditions.iter().chain(&factors).chain(&denominators).copied().collect();
        let sets: Vec<AxisSet> = parts.iter().map(|f| self.axes(*f)).collect();
        let (left, right) = two_sides(&sets, &k)?;
        if let Some(work) = self.work(&left.union(&right))
            && work < SMALLEST
        {
            return None;
        }
        let mut groups =
            [Group { axes: left.clone(), ..Group::default() }, Group { axes: right.clone(), ..Group::default() }];
        let side = |n: NodeId, builder: &Builder| usize::from(!builder.axes(n).is_subset(&left));
        for c in &conditions {
            let home = side(*c, self);
            groups[home].conditions.push(*c);
            // What is masked is not looked at: 0 times infinity or NaN on the other side is no 0.
            if home == 0 && self.axes(*c).is_subset(&right) {
                groups[1].conditions.push(*c);
            }
        }
        for f in &factors {
            groups[side(*f, self)].factors.push(*f);
        }
        for d in &denominators {
            groups[side(*d, self)].denominators.push(*d);
        }
        let batch = left.intersection(&right).minus(&k);
        let matrix = left.union(&right).minus(&batch);
        let [a, b] = groups;
        let (a, a_is_plain) = self.factor(a, &matrix)?;
        let (b, b_is_plain) = self.factor(b, &matrix)?;
        Some(ProductForm { a, b, a_is_plain, b_is_plain, k })
    }

    /// One factor as a term; whether it can be read where it lies.
    fn factor(&mut self, group: Group, matrix: &AxisSet) -> Option<(NodeId, bool)> {
        let Group { axes, conditions, factors, denominators } = group;
        let mut n = self.graph.mul(&factors);
        if !denominators.is_empty() {
            let below = self.graph.mul(&denominators);
            n = self.graph.div(n, below);
        }
        n = self.graph.mask(&conditions, n);
        if self.axes(n) != axes {
            return None;
        }
        let (base, entries): (NodeId, Vec<(Axis, NodeId)>) = match self.graph.op(n).clone() {
            Op::At(vars) => {
                let args = self.graph.args(n);
                (args[0], vars.iter().zip(args[1..].iter().copied()).collect())
            }
            _ => (n, vec![]),
        };
        match self.graph.op(base) {
            Op::Reduce(..) if self.is_log_sum_exp(base) => return None,
            Op::Port(_) | Op::Reduce(..) | Op::State { .. } | Op::Out { .. } | Op::Block(..) => {}
            Op::Prim(..) => return Some((n, false)),
            _ => return None,
        }
        let plain = entries.iter().all(|(axis, index)| {
            let steady = |atom: &NodeId| {
                matches!(self.graph.op(*atom), Op::Axis(_)) || !self.graph.axes(*atom).intersects(matrix)
            };
            self.graph.is_within(*index, axis.extent) && self.graph.linear_terms(*index).0.iter().all(|t| steady(&t.0))
        });
        Some((n, plain))
    }

    /// The number of multiplications, if it is known.
    fn work(&self, axes: &AxisSet) -> Option<i64> {
        let size = axes.iter().fold(Poly::constant(1), |p, a| p.mul(self.graph.extent(a)));
        self.graph.extents.known(&size)
    }

    /// Loops around one product of matrices.
    pub(super) fn product_kernel(&mut self, n: NodeId, form: &ProductForm) -> Kernel {
        let home = self.homes[&n].clone();
        let left = self.axes(form.a);
        let right = self.axes(form.b);
        let batch = left.intersection(&right).minus(&form.k);
        let mut lowering = Lowering::new(self);
        let dst_at = lowering.places(home.buffers[0], &home.axes);
        let dst = (home.buffers[0], lowering.address(home.buffers[0], &dst_at));
        let a = lowering.factor_address(form.a);
        let b = lowering.factor_address(form.b);
        let m = lowering.side(&left.minus(&form.k).minus(&batch), &dst.1, &a.1);
        let n_side = lowering.side(&right.minus(&form.k).minus(&batch), &dst.1, &b.1);
        let k = lowering.side(&form.k, &a.1, &b.1);
        let one = Poly::constant(1);
        let stride = |side: &Side, at: usize| side.inner.as_ref().map_or(one.clone(), |i| i.strides[at].clone());
        let size = |side: &Side| side.inner.as_ref().map_or(one.clone(), |i| i.size.clone());
        let inner: Vec<Axis> =
            [&m, &n_side, &k].iter().flat_map(|s| s.inner.iter().flat_map(|i| i.axes.clone())).collect();
        let start = |l: &mut Lowering, address: &Address| l.without(address, &inner);
        let add = !k.outer.is_empty();
        let product = Product {
            m: size(&m),
            n: size(&n_side),
            k: size(&k),
            dst: Matrix {
                buffer: dst.0,
                start: start(&mut lowering, &dst.1),
                row: stride(&m, 0),
                column: stride(&n_side, 0),
            },
            a: Matrix { buffer: a.0, start: start(&mut lowering, &a.1), row: stride(&m, 1), column: stride(&k, 0) },
            b: Matrix {
                buffer: b.0,
                start: start(&mut lowering, &b.1),
                row: stride(&k, 1),
                column: stride(&n_side, 1),
            },
            add,
        };
        let outer: Vec<Axis> =
            home.axes.iter().copied().filter(|x| !inner.contains(x)).chain(k.outer.iter().copied()).collect();
        lowering.kernel.name = lowering.builder.plan.buffer(home.buffers[0]).name.clone();
        lowering.product_items(product, &outer, add.then_some((home.buffers[0], home.axes)))
    }
}

/// The axes of one side of a product: those that one matrix dimension runs over, and loops around it.
struct Side {
    inner: Option<Inner>,
    outer: Vec<Axis>,
}

struct Inner {
    axes: Vec<Axis>,
    size: Poly,
    /// In the two arrays that have these axes.
    strides: [Poly; 2],
}

impl Lowering<'_> {
    fn factor_address(&mut self, n: NodeId) -> (super::BufferId, Address) {
        let (base, map) = self.base(n);
        let (buffer, at, _) = self.place(base, 0, &map);
        (buffer, self.address(buffer, &at))
    }

    pub(super) fn address(&self, buffer: super::BufferId, at: &[ExprId]) -> Address {
        Address::of(&self.kernel, &self.builder.graph.extents, at, &self.builder.plan.buffer(buffer).strides)
    }

    /// Joins as many axes as possible into one dimension: neighbours whose elements follow one another in both arrays.
    fn side(&mut self, axes: &AxisSet, first: &Address, second: &Address) -> Side {
        let mut rest: Vec<(Axis, [Poly; 2])> = vec![];
        for axis in axes.iter() {
            let var = self.kernel.var(axis);
            let stride = |address: &Address| address.stride(&self.kernel, var).unwrap_or_default();
            rest.push((axis, [stride(first), stride(second)]));
        }
        let extent = |a: Axis| self.builder.graph.extent(a).clone();
        let mut best: Option<Inner> = None;
        for start in 0..rest.len() {
            let (axis, strides) = &rest[start];
            let mut inner = Inner { axes: vec![*axis], size: extent(*axis), strides: strides.clone() };
            while let Some((next, _)) = rest
                .iter()
                .find(|(a, s)| !inner.axes.contains(a) && (0..2).all(|i| s[i] == inner.strides[i].mul(&inner.size)))
            {
                inner.axes.push(*next);
                inner.size = inner.size.mul(&extent(*next));
            }
            let known = |p: &Poly| self.builder.graph.extents.known(p).unwrap_or(i64::MAX);
            if best.as_ref().is_none_or(|b| (inner.axes.len(), known(&inner.size)) > (b.axes.len(), known(&b.size))) {
                best = Some(inner);
            }
        }
        let outer = axes.iter().filter(|a| best.as_ref().is_none_or(|b| !b.axes.contains(a))).collect();
        Side { inner: best, outer }
    }

    /// An address where some axes are 0.
    fn without(&mut self, address: &Address, axes: &[Axis]) -> Address {
        let vars: Vec<_> = axes.iter().map(|a| self.kernel.var(*a)).collect();
        let keep = |e: &ExprId| !vars.iter().any(|v| *self.kernel.expr(*e) == super::Expr::Var(*v));
        Address {
            terms: address.terms.iter().filter(|t| keep(&t.0)).cloned().collect(),
            constant: address.constant.clone(),
        }
    }

    fn product_items(
        mut self,
        product: Product,
        outer: &[Axis],
        clear: Option<(super::BufferId, Vec<Axis>)>,
    ) -> Kernel {
        let mut nests = vec![];
        if let Some((buffer, axes)) = clear {
            nests.push(self.fill(buffer, &axes, 0.0));
        }
        let vars = outer.iter().map(|a| self.kernel.var(*a)).collect();
        nests.push(super::nest::Nest {
            outer: vars,
            phases: vec![super::nest::Phase::of(vec![super::nest::Sink::Item(Item::Product(Box::new(product)))])],
        });
        self.schedule(nests)
    }
}

/// Factors and denominators of a term.
fn split(g: &Graph, n: NodeId, factors: &mut Vec<NodeId>, denominators: &mut Vec<NodeId>) {
    match g.as_prim(n) {
        Some((Prim::Mul, args)) => args.iter().for_each(|a| split(g, *a, factors, denominators)),
        Some((Prim::Div, args)) => {
            split(g, args[0], factors, denominators);
            split_below(g, args[1], denominators);
        }
        _ => factors.push(n),
    }
}

fn split_below(g: &Graph, n: NodeId, denominators: &mut Vec<NodeId>) {
    match g.as_prim(n) {
        Some((Prim::Mul, args)) => args.iter().for_each(|a| split_below(g, *a, denominators)),
        _ => denominators.push(n),
    }
}

/// Two sets of axes such that every factor lies in one of them, both have all summed axes, and each has one of its own.
fn two_sides(sets: &[AxisSet], k: &AxisSet) -> Option<(AxisSet, AxisSet)> {
    for (i, a) in sets.iter().enumerate() {
        for b in &sets[i + 1..] {
            let covers = sets.iter().all(|s| s.is_subset(a) || s.is_subset(b));
            let shared = a.intersection(b);
            if covers && k.is_subset(&shared) && !a.is_subset(b) && !b.is_subset(a) {
                return Some((a.clone(), b.clone()));
            }
        }
    }
    None
}
