//! Putting terms in the place of ports.
//!
//! Reads the graph. A replacement has no other axes than its port, so nothing can be captured: where the port is read
//! at other places, or under a binder, the replacement is read there in the same way.

use super::{Args, Graph, NodeId, Op, PortId};
use rustc_hash::FxHashMap;

impl Graph {
    /// The roots with ports replaced by terms. A replacement may itself mention ports that are replaced, if its port was
    /// made after it.
    pub fn replace_ports(&mut self, roots: &[NodeId], with: &FxHashMap<PortId, NodeId>) -> Vec<NodeId> {
        if with.is_empty() {
            return roots.to_vec();
        }
        let replacement = |g: &Graph, n: NodeId| match g.op(n) {
            Op::Port(port) => with.get(port).copied(),
            _ => None,
        };
        let mut wanted: Vec<NodeId> = roots.to_vec();
        let mut order = self.reachable(&wanted);
        loop {
            let inner: Vec<NodeId> = order
                .iter()
                .filter_map(|n| replacement(self, *n))
                .filter(|d| order.binary_search(d).is_err())
                .collect();
            if inner.is_empty() {
                break;
            }
            wanted.extend(inner);
            order = self.reachable(&wanted);
        }
        let saved = self.origin;
        let mut memo: FxHashMap<NodeId, NodeId> = FxHashMap::default();
        for n in order {
            let new = match replacement(self, n) {
                Some(term) => *memo.get(&term).unwrap_or(&term),
                None => {
                    let old = self.node(n).args.clone();
                    let args: Args = old.iter().map(|a| *memo.get(a).unwrap_or(a)).collect();
                    if args == old {
                        n
                    } else {
                        self.origin = self.node(n).origin;
                        let op = self.op(n).clone();
                        self.rebuild(&op, &args)
                    }
                }
            };
            memo.insert(n, new);
        }
        self.origin = saved;
        roots.iter().map(|r| *memo.get(r).unwrap_or(r)).collect()
    }
}
