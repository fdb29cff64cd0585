//! Which nodes a term is made of.
//!
//! Reads the graph. Must not change it.

use super::{Graph, NodeId};
use rustc_hash::FxHashSet;

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
}
