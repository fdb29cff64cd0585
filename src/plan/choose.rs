//! Which terms are kept in memory: reductions, factors of matrix products, results, terms that are dear and used by
//! several kernels, and cuts through terms that are too large for one kernel.
//!
//! Reads the graph. Must not know how terms become loops.

use super::PlanResult;
use super::builder::Builder;
use crate::graph::{AxisSet, Kind, NodeId, Op};
use crate::prim::{Inst, Lower, Prim, Reduction};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// A kernel computes at most about this many terms; compile time grows faster than code.
const LARGEST: usize = 200;

/// A term that costs this much is computed once.
const DEAR: u32 = 10;

/// What is kept.
pub(super) struct Choice {
    /// Kept terms, each after those that it is computed from.
    pub(super) kept: Vec<NodeId>,
    /// Ports that are read.
    pub(super) leaves: Vec<NodeId>,
    /// All terms, each after those that it is computed from.
    pub(super) all: Vec<NodeId>,
}

impl Builder {
    pub(super) fn choose(&mut self, results: &[PlanResult]) -> Choice {
        let roots: Vec<NodeId> = results.iter().map(|r| r.node).collect();
        let mut order = self.discover(&roots);
        while self.drop_dead_states(&order) {
            order = self.discover(&roots);
        }
        let mut kept = self.always_kept(&order, results);
        self.keep_dear(&order, results, &mut kept);
        self.cut(&order, &mut kept);
        Choice {
            kept: order.iter().copied().filter(|n| kept.contains(n)).collect(),
            leaves: order.iter().copied().filter(|n| matches!(self.graph.op(*n), Op::Port(_))).collect(),
            all: order,
        }
    }

    /// All terms that are needed, each after those that it is computed from. Finds the matrix products
    /// and scatters on the way.
    fn discover(&mut self, roots: &[NodeId]) -> Vec<NodeId> {
        let mut order = vec![];
        let mut seen: FxHashSet<NodeId> = FxHashSet::default();
        let mut stack: Vec<(NodeId, bool)> = roots.iter().rev().map(|n| (*n, false)).collect();
        while let Some((n, ready)) = stack.pop() {
            if ready {
                order.push(n);
                continue;
            }
            if !seen.insert(n) {
                continue;
            }
            if let Some(scatter) = self.scatter(n) {
                self.scatters.insert(n, scatter);
            } else if matches!(self.graph.op(n), Op::Reduce(Reduction::Sum, _))
                && let Some(form) = self.product_form(n)
            {
                self.products.insert(n, form);
            }
            self.open(n);
            stack.push((n, true));
            stack.extend(self.sources(n).iter().rev().map(|a| (*a, false)));
        }
        order
    }

    /// What a term is computed from: its arguments, the factors of a matrix product, or what a scatter adds and where.
    pub(super) fn sources(&self, n: NodeId) -> SmallVec<[NodeId; 3]> {
        if let Some(scatter) = self.scatters.get(&n) {
            return SmallVec::from_slice(&[scatter.place, scatter.value]);
        }
        match self.products.get(&n) {
            Some(form) => SmallVec::from_slice(&[form.a, form.b]),
            None if matches!(self.graph.op(n), Op::Scan(_)) => self.loop_sources(n),
            None => self.graph.args(n).into(),
        }
    }

    fn always_kept(&self, order: &[NodeId], results: &[PlanResult]) -> FxHashSet<NodeId> {
        let mut kept: FxHashSet<NodeId> = FxHashSet::default();
        for n in order {
            if matches!(self.graph.op(*n), Op::Reduce(..) | Op::Scan(_) | Op::Block(..)) {
                kept.insert(*n);
            }
            if matches!(self.graph.op(*n), Op::Prim(..)) && self.is_next_state(*n) {
                kept.insert(*n);
            }
            if let Some(form) = self.products.get(n) {
                kept.extend(
                    [(form.a, form.a_is_plain), (form.b, form.b_is_plain)].iter().filter(|f| !f.1).map(|f| f.0),
                );
            }
        }
        for r in results {
            let whole = r.axes.len() == self.axes(r.node).len();
            if whole && matches!(self.graph.op(r.node), Op::Prim(..)) {
                kept.insert(r.node);
            }
        }
        kept
    }

    /// Keeps what is dear and would be computed by several kernels, or again and again along axes that it lacks.
    fn keep_dear(&self, order: &[NodeId], results: &[PlanResult], kept: &mut FxHashSet<NodeId>) {
        let costs = self.costs(order, kept);
        // The kernels (two are enough to know) that compute a term on the way, and the axes they run over.
        let mut users: FxHashMap<NodeId, SmallVec<[(u32, AxisSet); 2]>> = FxHashMap::default();
        let add = |users: &mut FxHashMap<NodeId, SmallVec<[(u32, AxisSet); 2]>>, n: NodeId, user: (u32, AxisSet)| {
            let list = users.entry(n).or_default();
            if list.len() < 2 && list.iter().all(|u| u.0 != user.0) {
                list.push(user);
            }
        };
        for (i, r) in results.iter().enumerate() {
            if !kept.contains(&r.node) {
                add(&mut users, r.node, (u32::MAX - i as u32, r.axes.iter().copied().collect()));
            }
        }
        for n in order.iter().rev() {
            if !kept.contains(n) {
                let list = users.get(n).cloned().unwrap_or_default();
                let own = self.axes(*n).len();
                let again = |u: &(u32, AxisSet)| own > 0 && u.1.len() > own;
                let shared = list.len() > 1 && costs[n] >= DEAR;
                if matches!(self.graph.op(*n), Op::Prim(..))
                    && self.graph.kind(*n) == Kind::Real
                    && (shared || self.is_call(*n) && list.iter().any(again))
                {
                    kept.insert(*n);
                }
            }
            if kept.contains(n) {
                let body: AxisSet = match self.graph.op(*n) {
                    _ if self.scatters.contains_key(n) => self.scatter_loops(*n),
                    Op::Reduce(..) => self.axes(self.graph.args(*n)[0]),
                    Op::Scan(form) => form.slots.iter().fold(AxisSet::new(), |set, slot| set.union(&slot.axes)),
                    _ => self.axes(*n),
                };
                for a in self.sources(*n) {
                    add(&mut users, a, (n.0, body.clone()));
                }
            } else if let Some(list) = users.get(n).cloned() {
                for (a, user) in self.sources(*n).iter().flat_map(|a| list.iter().map(move |u| (*a, u.clone()))) {
                    add(&mut users, a, user);
                }
            }
        }
    }

    /// Whether the term is a call of a bulk function.
    fn is_call(&self, n: NodeId) -> bool {
        self.graph.as_prim(n).is_some_and(|(p, _)| matches!(p.row().lower, Lower::Kernel(_)))
    }

    /// What it costs to compute each term from what is kept.
    fn costs(&self, order: &[NodeId], kept: &FxHashSet<NodeId>) -> FxHashMap<NodeId, u32> {
        let mut costs: FxHashMap<NodeId, u32> = FxHashMap::default();
        for n in order {
            let below = |costs: &FxHashMap<NodeId, u32>| {
                self.graph.args(*n).iter().fold(0u32, |sum, a| sum.saturating_add(*costs.get(a).unwrap_or(&0)))
            };
            let cost = match self.graph.op(*n) {
                _ if kept.contains(n) => 1,
                Op::Prim(Prim::PowConst, _) => below(&costs).saturating_add(4),
                Op::Prim(prim, _) => {
                    let own = match prim.row().lower {
                        Lower::Kernel(_) => 10,
                        Lower::Inst(Inst::Div | Inst::Sqrt) => 3,
                        _ => 1,
                    };
                    below(&costs).saturating_add(own)
                }
                Op::Port(_) | Op::At(_) | Op::State { .. } | Op::Out { .. } => 1,
                _ => 0,
            };
            costs.insert(*n, cost);
        }
        costs
    }

    /// Keeps terms so that no kernel computes more than [`LARGEST`].
    fn cut(&self, order: &[NodeId], kept: &mut FxHashSet<NodeId>) {
        // How many terms are computed below each one, counting shared ones again: an upper bound.
        let mut bound: FxHashMap<NodeId, usize> = FxHashMap::default();
        for n in order {
            let mut size = 1 + self.sources(*n).iter().fold(0usize, |s, a| s.saturating_add(bound[a]));
            if size > LARGEST {
                size = self.inline_size(*n, kept);
                let mut args = self.sources(*n);
                args.retain(|a| !kept.contains(a) && matches!(self.graph.op(*a), Op::Prim(..)));
                args.sort_by_key(|a| bound[a]);
                while size > LARGEST
                    && let Some(a) = args.pop()
                {
                    if self.graph.kind(a) != Kind::Index {
                        kept.insert(a);
                        bound.insert(a, 1);
                        size = self.inline_size(*n, kept);
                    }
                }
            }
            let is_leaf = kept.contains(n) || self.graph.is_view_base(*n);
            bound.insert(*n, if is_leaf { 1 } else { size });
        }
    }

    /// How many terms are computed together with one.
    fn inline_size(&self, n: NodeId, kept: &FxHashSet<NodeId>) -> usize {
        let mut seen: FxHashSet<NodeId> = FxHashSet::default();
        let mut stack: Vec<NodeId> = self.sources(n).to_vec();
        while let Some(x) = stack.pop()
            && seen.len() <= 2 * LARGEST
        {
            if !kept.contains(&x) && seen.insert(x) {
                stack.extend(self.sources(x));
            }
        }
        seen.len() + 1
    }

    /// The kept terms and ports that a kept term is computed from.
    pub(super) fn kept_below(&self, n: NodeId) -> Vec<NodeId> {
        let mut seen: FxHashSet<NodeId> = FxHashSet::default();
        let mut stack: Vec<NodeId> = self.sources(n).to_vec();
        let mut out = vec![];
        while let Some(x) = stack.pop() {
            if seen.insert(x) {
                if self.homes.contains_key(&x) {
                    out.push(x);
                } else {
                    stack.extend(self.sources(x));
                }
            }
        }
        out.sort();
        out
    }
}
