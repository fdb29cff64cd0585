//! One turn of a loop as terms of its own, for whoever computes loops turn by turn.
//!
//! Reads the graph. The number of a turn is a pinned axis: it stands for one value, not for an axis of an array. Views
//! that read what changes from turn to turn at a place that only the turn decides are pushed into it, so that a turn
//! works out one element and not all.

use super::{Args, Axis, AxisMap, Graph, NodeId, Op, ScanForm, Slot, StateMap};
use rustc_hash::FxHashMap;

/// Ordinals from here on belong to pinned axes.
const PINNED: u16 = 1 << 15;

impl Axis {
    /// Whether it stands for the number of a turn that is under way.
    pub fn is_pinned(self) -> bool {
        self.ordinal >= PINNED
    }
}

/// A loop taken apart.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The number of the turn.
    pub turn: Axis,
    /// The level of the states before the turn; no other loop has it.
    pub level: u32,
    /// The states.
    pub slots: Vec<Slot>,
    /// The states before the first turn.
    pub first: Vec<NodeId>,
    /// The states after a turn.
    pub next: Vec<NodeId>,
    /// The truth value among the states that ends the loop.
    pub done: Option<u16>,
}

impl Graph {
    /// Takes a loop apart; `count` loops have been taken apart before.
    pub fn open_turn(&mut self, scan: NodeId, count: usize) -> Option<Turn> {
        let form = self.scan_form(scan)?.clone();
        let (open, first, next) = self.reopen_scan(scan)?;
        let turn = Axis { extent: form.turn.extent, ordinal: PINNED + u16::try_from(count).ok()? };
        let map = self.renaming([(open.turn, turn)]);
        let next = next.iter().map(|n| self.at(*n, &map)).collect::<Vec<_>>();
        let next = self.sink_turns(&next);
        Some(Turn { turn, level: open.level, slots: form.slots, first, next, done: form.done })
    }

    /// Pushes views at a place that only turns decide into what they read.
    fn sink_turns(&mut self, roots: &[NodeId]) -> Vec<NodeId> {
        let mut memo: FxHashMap<NodeId, NodeId> = FxHashMap::default();
        for n in self.reachable_until(roots, |n| self.node(n).states.is_empty()) {
            if self.node(n).states.is_empty() {
                continue;
            }
            let op = self.op(n).clone();
            let args: Args = self.args(n).iter().map(|a| *memo.get(a).unwrap_or(a)).collect();
            let new = match &op {
                Op::At(vars) => {
                    let entries: Vec<(Axis, NodeId)> = vars.iter().zip(args[1..].iter().copied()).collect();
                    self.sink_view(args[0], &entries)
                }
                _ => self.rebuild(&op, &args),
            };
            memo.insert(n, new);
        }
        roots.iter().map(|r| *memo.get(r).unwrap_or(r)).collect()
    }

    fn sink_view(&mut self, base: NodeId, entries: &[(Axis, NodeId)]) -> NodeId {
        let by_turn = |g: &Graph, n: NodeId| {
            let node = g.node(n);
            node.states.is_empty() && !node.axes.is_empty() && node.axes.iter().all(Axis::is_pinned)
        };
        let (now, rest): (Vec<_>, Vec<_>) = entries.iter().partition(|e| by_turn(self, e.1));
        let whole: AxisMap = entries.iter().copied().collect();
        if now.is_empty() || self.node(base).states.is_empty() {
            return self.at(base, &whole);
        }
        let sunk = match self.op(base).clone() {
            Op::Reduce(..) => {
                let map: AxisMap = now.iter().copied().collect();
                let view = self.at(base, &map);
                let Some((reduction, bound, body)) = self.as_reduction(view) else { return self.at(base, &whole) };
                let body = self.sink_turns(&[body])[0];
                self.reduce(reduction, &bound, body)
            }
            Op::Out { slot, turn } => {
                let scan = self.args(base)[0];
                let Some(scan) = self.loop_at(scan, &now) else { return self.at(base, &whole) };
                let at = self.axis(turn);
                self.out(scan, slot, at)
            }
            _ => return self.at(base, &whole),
        };
        let rest: AxisMap = rest.into_iter().collect();
        self.at(sunk, &rest)
    }

    /// The loop for one place of some axes of its states, if what happens there does not depend on other places.
    fn loop_at(&mut self, scan: NodeId, places: &[(Axis, NodeId)]) -> Option<NodeId> {
        let form = self.scan_form(scan)?.clone();
        if places.iter().any(|(axis, _)| !form.slots.iter().any(|s| s.axes.contains(*axis))) {
            return None;
        }
        let args = self.args(scan).to_vec();
        let (first, next) = args.split_at(form.slots.len());
        if places.iter().any(|(axis, _)| !self.is_elementwise(form.level, *axis, next)) {
            return None;
        }
        let gone = places.iter().map(|p| p.0).collect();
        let slots: Vec<Slot> = form.slots.iter().map(|s| Slot { axes: s.axes.minus(&gone), kind: s.kind }).collect();
        let level = self.open_level();
        let mut map = StateMap::default();
        for (i, slot) in slots.iter().enumerate() {
            let state = self.state(level, i, slot.axes.clone(), slot.kind);
            map.insert(form.level, i as u16, state);
        }
        let place: AxisMap = places.iter().copied().collect();
        let next = self.substitute(next, &map);
        let next: Vec<NodeId> = next.iter().map(|n| self.at(*n, &place)).collect();
        let next = self.sink_turns(&next);
        let first: Vec<NodeId> = first.iter().map(|n| self.at(*n, &place)).collect();
        Some(self.close_form(ScanForm { slots, level, ..form }, &first, &next))
    }

    /// Whether terms read the states of a level only at the same place of an axis.
    fn is_elementwise(&self, level: u32, axis: Axis, roots: &[NodeId]) -> bool {
        let reads = |n: NodeId| self.reads_level(n, level) && self.axes(n).contains(axis);
        self.reachable_until(roots, |n| !self.reads_level(n, level)).into_iter().all(|n| match self.op(n) {
            Op::At(vars) => !vars.contains(axis) || !reads(self.args(n)[0]),
            Op::Reduce(_, bound) => !bound.contains(axis) || !reads(self.args(n)[0]),
            Op::Scan(form) => form.turn != axis,
            _ => true,
        })
    }
}
