//! One turn of a loop as terms of its own, for whoever computes loops turn by turn.
//!
//! Reads the graph. The number of a turn is a pinned axis: it stands for one value, not for an axis of an array. Views
//! that read what changes from turn to turn at a place that only the turn decides are pushed into it, so that a turn
//! works out one element and not all. Where turns are blocks of turns, loops that depend on the number of the block alone
//! are pushed into it, too: they are worked out block by block, and not for all of them at once.

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

/// What is pushed to the place where it is read, in [`Graph::sink_turns`].
#[derive(Clone, Copy)]
struct Sinking {
    /// The axis that decides the place; else any pinned axis.
    place: Option<Axis>,
    /// What reads states of loops around it.
    states: bool,
    /// What has loops in it.
    loops: bool,
}

impl Sinking {
    fn decides(&self, axis: Axis) -> bool {
        self.place.map_or(axis.is_pinned(), |place| place == axis)
    }

    fn concerns(&self, graph: &Graph, n: NodeId) -> bool {
        let node = graph.node(n);
        self.states && !node.states.is_empty() || self.loops && node.height > 0
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
        let next = self.sink_turns(&next, Sinking { place: None, states: true, loops: form.blocks });
        Some(Turn { turn, level: open.level, slots: form.slots, first, next, done: form.done })
    }

    /// Renames an axis that is the number of a turn, also in the loops that these terms have in them: a loop for all
    /// turns, read at one, would be worked out for all pairs of turns where its states are replaced by those of a turn.
    pub fn rename_turn(&mut self, roots: &[NodeId], from: Axis, to: Axis) -> Vec<NodeId> {
        let map = self.renaming([(from, to)]);
        let renamed: Vec<NodeId> = roots.iter().map(|n| self.at(*n, &map)).collect();
        self.sink_turns(&renamed, Sinking { place: Some(to), states: false, loops: true })
    }

    /// Pushes views at a place that only turns decide into what they read.
    fn sink_turns(&mut self, roots: &[NodeId], what: Sinking) -> Vec<NodeId> {
        let mut memo: FxHashMap<NodeId, NodeId> = FxHashMap::default();
        let stays = |g: &Graph, n: NodeId| {
            let node = g.node(n);
            let loops = what.loops && node.height > 0 && node.axes.iter().any(|a| what.decides(a));
            !(what.states && !node.states.is_empty() || loops)
        };
        for n in self.reachable_until(roots, |n| stays(self, n)) {
            if stays(self, n) {
                continue;
            }
            let op = self.op(n).clone();
            let args: Args = self.args(n).iter().map(|a| *memo.get(a).unwrap_or(a)).collect();
            let new = match &op {
                Op::At(vars) => {
                    let entries: Vec<(Axis, NodeId)> = vars.iter().zip(args[1..].iter().copied()).collect();
                    self.sink_view(args[0], &entries, what)
                }
                _ => self.rebuild(&op, &args),
            };
            memo.insert(n, new);
        }
        roots.iter().map(|r| *memo.get(r).unwrap_or(r)).collect()
    }

    fn sink_view(&mut self, base: NodeId, entries: &[(Axis, NodeId)], what: Sinking) -> NodeId {
        let by_turn = |g: &Graph, n: NodeId| {
            let node = g.node(n);
            node.states.is_empty() && !node.axes.is_empty() && node.axes.iter().all(|a| what.decides(a))
        };
        let (now, rest): (Vec<_>, Vec<_>) = entries.iter().partition(|e| by_turn(self, e.1));
        let whole: AxisMap = entries.iter().copied().collect();
        if now.is_empty() || !what.concerns(self, base) {
            return self.at(base, &whole);
        }
        let sunk = match self.op(base).clone() {
            Op::Reduce(..) => {
                let map: AxisMap = now.iter().copied().collect();
                let view = self.at(base, &map);
                let Some((reduction, bound, body)) = self.as_reduction(view) else { return self.at(base, &whole) };
                let body = self.sink_turns(&[body], what)[0];
                self.reduce(reduction, &bound, body)
            }
            Op::Out { slot, turn } => {
                let scan = self.args(base)[0];
                let Some(scan) = self.loop_at(scan, &now, what) else { return self.at(base, &whole) };
                let at = self.axis(turn);
                self.out(scan, slot, at)
            }
            _ => return self.at(base, &whole),
        };
        let rest: AxisMap = rest.into_iter().collect();
        self.at(sunk, &rest)
    }

    /// The loop for one place of some axes of its states, if what happens there does not depend on other places.
    fn loop_at(&mut self, scan: NodeId, places: &[(Axis, NodeId)], what: Sinking) -> Option<NodeId> {
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
        let next = self.sink_turns(&next, what);
        let first: Vec<NodeId> = first.iter().map(|n| self.at(*n, &place)).collect();
        let first = if what.loops { self.sink_turns(&first, what) } else { first };
        Some(self.close_form(ScanForm { slots, level, ..form }, &first, &next))
    }

    /// Whether terms read the states of a level only at the same place of an axis. On the way to the result that place
    /// may bear another name.
    fn is_elementwise(&self, level: u32, axis: Axis, roots: &[NodeId]) -> bool {
        let order = self.reachable(roots);
        // Loops in it whose states come from these.
        let inner: Vec<u32> = (order.iter().filter(|n| self.reads_level(**n, level)))
            .filter_map(|n| self.scan_form(*n).map(|form| form.level))
            .collect();
        // The axis of a term that stands for the place in the states.
        let mut place: FxHashMap<NodeId, Axis> = FxHashMap::default();
        for n in order {
            let args = self.args(n);
            let places = || args.iter().filter_map(|a| place.get(a).copied());
            let here = match self.op(n) {
                Op::State { level: l, axes, .. } if *l == level || inner.contains(l) => {
                    axes.contains(axis).then_some(axis)
                }
                Op::At(vars) => {
                    if args[1..].iter().any(|index| place.contains_key(index)) {
                        return false;
                    }
                    let Some(at) = place.get(&args[0]).copied() else { continue };
                    match vars.iter().zip(&args[1..]).find(|e| e.0 == at) {
                        None => Some(at),
                        Some((_, index)) => match self.op(*index) {
                            Op::Axis(renamed) => Some(*renamed),
                            _ => return false,
                        },
                    }
                }
                op => {
                    let Some(first) = places().next() else { continue };
                    let bound = match op {
                        Op::Reduce(_, bound) => bound.contains(first),
                        Op::Scan(form) => form.turn == first || first != axis,
                        _ => false,
                    };
                    if bound || places().any(|p| p != first) {
                        return false;
                    }
                    Some(first)
                }
            };
            if let Some(here) = here {
                place.insert(n, here);
            }
        }
        roots.iter().all(|n| place.get(n).is_none_or(|p| *p == axis))
    }
}
