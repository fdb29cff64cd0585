//! Which nodes a term is made of.
//!
//! Reads the graph. Must not change it.

use super::{Axis, AxisSet, ExtentId, Graph, NodeId, Op};
use rustc_hash::{FxHashMap, FxHashSet};

impl Graph {
    /// All nodes below and including the roots, in id order (arguments first).
    pub fn reachable(&self, roots: &[NodeId]) -> Vec<NodeId> {
        self.reachable_until(roots, |_| false)
    }

    /// As [`Graph::reachable`], but does not look below nodes for which `stop` holds (they are included).
    pub fn reachable_until(&self, roots: &[NodeId], stop: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
        let mut seen: FxHashSet<NodeId> = FxHashSet::default();
        let mut stack: Vec<NodeId> = roots.to_vec();
        let mut out = vec![];
        while let Some(n) = stack.pop() {
            if !seen.insert(n) {
                continue;
            }
            out.push(n);
            if !stop(n) {
                stack.extend(self.args(n).iter().copied());
            }
        }
        out.sort();
        out
    }

    /// For each axis one of the same extent that is not in `avoid` and that no node below has, free or bound.
    pub fn unused_axes(&self, roots: &[NodeId], avoid: &AxisSet, like: &[Axis]) -> Vec<Axis> {
        let mut first: FxHashMap<ExtentId, u16> = FxHashMap::default();
        let mut take = |axes: &AxisSet| {
            for axis in axes.iter().filter(|a| a.ordinal < super::block::CORE) {
                let next = first.entry(axis.extent).or_default();
                *next = (*next).max(axis.ordinal + 1);
            }
        };
        take(avoid);
        take(&like.iter().copied().collect());
        for n in self.reachable(roots) {
            take(self.axes(n));
            if let Op::Scan(form) = self.op(n) {
                take(&[form.turn].into_iter().collect());
            }
        }
        like.iter()
            .map(|axis| {
                let next = first.entry(axis.extent).or_default();
                *next += 1;
                Axis { extent: axis.extent, ordinal: *next - 1 }
            })
            .collect()
    }
}

impl Graph {
    /// A graph with the same ports and sizes that holds only what the roots need, and the new ids of the roots.
    pub fn pruned(&self, roots: &[NodeId]) -> (Graph, Vec<NodeId>) {
        let mut out = Graph { ports: self.ports.clone(), extents: self.extents.clone(), ..Graph::default() };
        let mut moved: FxHashMap<NodeId, NodeId> = FxHashMap::default();
        for n in self.reachable(roots) {
            let node = self.node(n);
            out.origin = node.origin;
            let args = node.args.iter().map(|a| moved[a]).collect();
            moved.insert(n, out.make(node.op.clone(), args));
        }
        (out, roots.iter().map(|r| moved[r]).collect())
    }
}
