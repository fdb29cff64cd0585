//! A plan under construction.
//!
//! Reads the graph. Must not know how terms become loops.

use super::kernel::{BufferId, Element, Item, Kernel};
use super::product::ProductForm;
use super::repeat::{self, Loop, Row, Step};
use super::scatter::Scatter;
use super::{Border, Buffer, Place, Plan, PlanResult};
use crate::graph::{Axis, Extents, Graph, Kind, NodeId, Op, Poly, PortKind, Precision};
use crate::prim::Reduction;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::collections::BTreeSet;

/// Where a term is kept.
#[derive(Clone, Debug)]
pub(super) struct Home {
    /// The order of its axes in memory.
    pub(super) axes: Vec<Axis>,
    /// One array; for a logsumexp the largest value and the logarithm of the rest.
    pub(super) buffers: SmallVec<[BufferId; 2]>,
    /// For the states of a loop: the row, before these axes.
    pub(super) row: Option<Row>,
}

pub(super) struct Builder {
    /// The graph of the program, and some terms that only planning needs.
    pub(super) graph: Graph,
    /// Terms that are kept in memory.
    pub(super) homes: FxHashMap<NodeId, Home>,
    /// Sums that are computed as matrix products.
    pub(super) products: FxHashMap<NodeId, ProductForm>,
    /// Reductions of segments.
    pub(super) scatters: FxHashMap<NodeId, Scatter>,
    /// The loops, in the order they were met.
    pub(super) loops: Vec<Loop>,
    /// The row of an array of states that the kernel being built writes.
    pub(super) rows: FxHashMap<BufferId, Option<Row>>,
    /// The terms that are wanted.
    pub(super) roots: Vec<NodeId>,
    /// What is not in a loop.
    pub(super) steps: Vec<Step>,
    pub(super) plan: Plan,
}

impl Builder {
    pub(super) fn new(graph: &Graph, precision: Precision) -> Builder {
        Builder {
            graph: graph.clone(),
            homes: FxHashMap::default(),
            products: FxHashMap::default(),
            scatters: FxHashMap::default(),
            loops: vec![],
            rows: FxHashMap::default(),
            roots: vec![],
            steps: vec![],
            plan: Plan {
                precision,
                extents: Extents::default(),
                ports: vec![],
                results: vec![],
                buffers: vec![],
                kernels: vec![],
                repeats: vec![],
            },
        }
    }

    pub(super) fn build(mut self, results: &[PlanResult]) -> Plan {
        self.roots = repeat::roots(results);
        let order = self.choose(results);
        self.declare_ports(&order.leaves);
        self.declare_loops(&order.all);
        let mut written: FxHashSet<usize> = FxHashSet::default();
        for n in &order.kept {
            let direct = results
                .iter()
                .position(|r| r.node == *n && r.axes.len() == self.axes(*n).len() && self.is_written_in_order(*n));
            written.extend(direct);
            if let Some((block, size)) = self.as_block(*n) {
                self.declare_block(*n, block, size);
                continue;
            }
            match self.state_home(*n) {
                _ if matches!(self.graph.op(*n), Op::Scan(_)) => {}
                Some(home) if direct.is_none() && self.is_written_in_order(*n) => {
                    self.homes.insert(*n, home);
                }
                _ => self.declare_home(*n, direct.map(|i| (i, &results[i]))),
            }
        }
        for (i, result) in results.iter().enumerate() {
            let element = element_of(self.graph.kind(result.node));
            let shape = result.axes.iter().map(|a| a.extent).collect();
            self.plan.results.push(Border { name: result.name.clone(), element, shape });
            if !written.contains(&i) {
                let place = Place::Result(i as u32);
                self.buffer(&result.name, element, &result.axes, place);
            }
        }
        for n in &order.kept {
            if let Some(l) = self.loop_of_scan(*n) {
                self.finish_loop(l);
                continue;
            }
            let home = &self.homes[n];
            self.rows.insert(home.buffers[0], home.row);
            let kernel = self.kernel_of(*n);
            let around = self.loop_around(*n);
            self.add_step(around, Step::Kernel(Box::new(kernel)));
        }
        for (i, result) in results.iter().enumerate() {
            if !written.contains(&i) {
                let kernel = self.copy(result, i);
                self.add_step(None, Step::Kernel(Box::new(kernel)));
            }
        }
        self.flatten();
        self.plan.extents = self.graph.extents.clone();
        self.set_lifetimes();
        self.plan
    }

    fn declare_ports(&mut self, leaves: &[NodeId]) {
        let mut ports: Vec<(crate::graph::PortId, NodeId)> = leaves
            .iter()
            .filter_map(|n| match self.graph.op(*n) {
                Op::Port(p) => Some((*p, *n)),
                _ => None,
            })
            .collect();
        ports.sort();
        for (id, n) in ports {
            let info = self.graph.port_info(id).clone();
            let element = match info.kind {
                PortKind::Real => Element::Real,
                PortKind::Index(_) => Element::Index,
                PortKind::Bool => Element::Bool,
            };
            let place = Place::Port(self.plan.ports.len() as u32);
            let buffer = self.buffer(&info.name, element, &info.axes, place);
            let shape = info.axes.iter().map(|a| a.extent).collect();
            self.plan.ports.push((id, Border { name: info.name, element, shape }));
            self.homes.insert(n, Home { axes: info.axes, buffers: SmallVec::from_slice(&[buffer]), row: None });
        }
    }

    fn declare_home(&mut self, n: NodeId, result: Option<(usize, &PlanResult)>) {
        let element = element_of(self.graph.kind(n));
        let unset = Place::Workspace { first: u32::MAX, last: 0 };
        let (name, axes, place) = match result {
            Some((i, r)) => (r.name.clone(), r.axes.clone(), Place::Result(i as u32)),
            None => (format!("t{}", n.0), self.layout(n), unset),
        };
        let mut buffers = SmallVec::new();
        if self.is_log_sum_exp(n) {
            buffers.push(self.buffer(&format!("{name}.max"), element, &axes, unset));
            buffers.push(self.buffer(&format!("{name}.log"), element, &axes, unset));
        } else {
            buffers.push(self.buffer(&name, element, &axes, place));
        }
        self.homes.insert(n, Home { axes, buffers, row: None });
    }

    pub(super) fn is_log_sum_exp(&self, n: NodeId) -> bool {
        matches!(self.graph.op(n), Op::Reduce(Reduction::LogSumExp, _))
    }

    /// Whether the kernel of a term writes one array, with its axes in any order.
    fn is_written_in_order(&self, n: NodeId) -> bool {
        !self.is_log_sum_exp(n) && self.as_block(n).is_none()
    }

    /// The order of the axes of a term in memory: that of what it reads.
    fn layout(&self, n: NodeId) -> Vec<Axis> {
        let wanted = &self.axes(n);
        // A scatter jumps from row to row.
        let mut axes: Vec<Axis> = self.scatters.get(&n).map(|s| s.axis).into_iter().collect();
        let sources: Vec<NodeId> = match self.products.get(&n) {
            Some(form) => {
                let open = |x: NodeId| self.graph.axes(x).iter().any(|a| self.is_open(a));
                if !open(form.a) && open(form.b) { vec![form.b, form.a] } else { vec![form.a, form.b] }
            }
            None => {
                let mut reads = self.kept_below(n);
                reads.sort_by_key(|r| std::cmp::Reverse(self.graph.axes(*r).intersection(wanted).len()));
                reads
            }
        };
        for source in sources {
            let base = if let Op::At(_) = self.graph.op(source) { self.graph.args(source)[0] } else { source };
            let order: Vec<Axis> = match self.homes.get(&source).or_else(|| self.homes.get(&base)) {
                Some(home) => home.axes.clone(),
                None => self.axes(source).iter().collect(),
            };
            axes.extend(order.into_iter().filter(|a| wanted.contains(*a) && !axes.contains(a)).collect::<Vec<_>>());
        }
        axes.extend(wanted.iter().filter(|a| !axes.contains(a)).collect::<Vec<_>>());
        axes
    }

    /// Whether the extent of an axis is not known at compile time.
    fn is_open(&self, axis: Axis) -> bool {
        self.graph.extents.known(self.graph.extent(axis)).is_none()
    }

    /// A new array with row-major strides.
    pub(super) fn buffer(&mut self, name: &str, element: Element, axes: &[Axis], place: Place) -> BufferId {
        let mut strides = vec![];
        let mut size = Poly::constant(1);
        for axis in axes.iter().rev() {
            strides.push(size.clone());
            size = size.mul(self.graph.extent(*axis));
        }
        strides.reverse();
        let axes = axes.to_vec();
        self.plan.buffers.push(Buffer { name: name.to_string(), element, axes, strides, size, place });
        BufferId(self.plan.buffers.len() as u32 - 1)
    }

    /// The array of a result that no term is kept in.
    pub(super) fn result_buffer(&self, result: usize) -> BufferId {
        let at = self.plan.buffers.iter().position(|b| b.place == Place::Result(result as u32));
        BufferId(at.unwrap_or_default() as u32)
    }

    fn set_lifetimes(&mut self) {
        let plan = &mut self.plan;
        for (at, kernel) in plan.kernels.iter().enumerate() {
            for id in kernel.buffers() {
                if let Place::Workspace { first, last } = &mut plan.buffers[id.0 as usize].place {
                    *first = (*first).min(at as u32);
                    *last = (*last).max(at as u32);
                }
            }
        }
        // What comes from before a loop or goes on after it lives as long as the loop; inner loops first.
        for repeat in plan.repeats.iter().rev() {
            for (i, buffer) in plan.buffers.iter_mut().enumerate() {
                let Place::Workspace { first, last } = &mut buffer.place else { continue };
                let inside = |at: u32| (repeat.first..repeat.end).contains(&at);
                let id = BufferId(i as u32);
                let own = id == repeat.counter || repeat.done == Some(id);
                if own || inside(*first) != inside(*last) {
                    *first = (*first).min(repeat.first);
                    *last = (*last).max(repeat.end - 1);
                }
            }
        }
    }
}

impl Kernel {
    /// The arrays that the kernel reads or writes.
    pub fn buffers(&self) -> BTreeSet<BufferId> {
        let mut out = BTreeSet::new();
        for e in &self.exprs {
            if let super::Expr::Load { buffer, .. } = e {
                out.insert(*buffer);
            }
        }
        written(&self.body, &mut out);
        out
    }
}

fn written(items: &[Item], out: &mut BTreeSet<BufferId>) {
    for item in items {
        match item {
            Item::Store { buffer, .. } => {
                out.insert(*buffer);
            }
            Item::Product(p) => out.extend([p.dst.buffer, p.a.buffer, p.b.buffer]),
            Item::Block(call) => out.extend(std::iter::once(call.dst).chain(call.matrix).chain(call.work)),
            Item::Loop(l) => written(&l.body, out),
            Item::Strips { body, .. } => written(body, out),
            _ => {}
        }
    }
}

pub(super) fn element_of(kind: Kind) -> Element {
    match kind {
        Kind::Real => Element::Real,
        Kind::Index => Element::Index,
        Kind::Bool => Element::Bool,
    }
}
