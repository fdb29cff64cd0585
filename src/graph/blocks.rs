//! A loop as a loop over blocks of its turns: `checkpoint = k`. Only the states between blocks are stored; what happens
//! within one is worked out again when a derivative needs it.
//!
//! Reads the graph. The last block may be longer than what is left: turns beyond the last change nothing.

use super::{Axis, AxisMap, AxisSet, Graph, Kind, NodeId, OpenScan, Poly, Slot};

/// A loop over blocks.
#[derive(Clone, Copy, Debug)]
pub struct Blocks {
    /// The loop.
    pub scan: NodeId,
    /// How many turns a block has.
    pub size: i64,
    /// The position of a turn in its block, an axis of the states that are kept for each turn.
    within: Axis,
    /// How many states the loop has, without those that are kept for each turn.
    count: u16,
}

impl Graph {
    /// The loop in blocks of `size` turns. Its first states are those of the loop, between blocks; with `each` it also
    /// keeps the states after each turn, for [`Graph::after_turn`].
    pub fn blocks(&mut self, scan: NodeId, size: i64, each: bool) -> Option<Blocks> {
        let form = self.scan_form(scan)?.clone();
        let turns = self.turns(&form);
        let (inner, first, next) = self.reopen_scan(scan)?;
        let count = form.slots.len();
        let number = self.extents.blocks(&turns, size);
        let (number, length) = (self.extents.intern(number), self.extents.intern(Poly::constant(size)));
        let terms = first.iter().chain(&next).fold(AxisSet::new(), |set, n| set.union(self.axes(*n)));
        let mut taken = form.slots.iter().fold(terms, |set, slot| set.union(&slot.axes));
        let within = self.fresh(&[Axis { extent: length, ordinal: 0 }], &taken)[0];
        taken.insert(within);
        let mut slots = form.slots.clone();
        if each {
            let one: AxisSet = [within].into_iter().collect();
            slots.extend(form.slots.iter().map(|s| Slot { axes: s.axes.union(&one), kind: s.kind }));
        }
        let mut outer = self.open_scan(number, &slots, &taken);
        outer.blocks = true;
        taken.insert(outer.turn);
        let turn = self.fresh(&[Axis { extent: length, ordinal: 0 }], &taken)[0];
        // The turn of the whole loop.
        let (block, position) = (self.axis(outer.turn), self.axis(turn));
        let now = self.linear(&[(block, Poly::constant(size)), (position, Poly::constant(1))], Poly::default());
        let here: AxisMap = [(form.turn, now)].into_iter().collect();
        let mut next: Vec<NodeId> = next.iter().map(|n| self.at(*n, &here)).collect();
        if turns.divide_exactly(&Poly::constant(size)).is_none() {
            let left = self.linear(&[(now, Poly::constant(-1))], turns.sub(&Poly::constant(1)));
            let is_turn = self.index_is_non_negative(left);
            for (new, old) in next.iter_mut().zip(&inner.states) {
                *new = self.select(is_turn, *new, *old);
            }
        }
        let inner = OpenScan { turn, blocks: false, ..inner };
        let block = self.close_scan(inner, &outer.states[..count], &next, form.done, form.fixed_point);
        let mut after: Vec<NodeId> = (0..count as u16).map(|i| self.last_state(block, i)).collect();
        let mut before = first;
        if each {
            let here = self.axis(within);
            let one = self.index_constant(1);
            let later = self.index_add(here, one);
            for (i, slot) in form.slots.iter().enumerate() {
                after.push(self.out(block, i as u16, later));
                before.push(match slot.kind {
                    Kind::Real => self.constant(0.0),
                    Kind::Bool => self.bool(false),
                    Kind::Index => self.index_constant(0),
                });
            }
        }
        // What is kept for each turn changes from block to block even when the loop is done.
        let done = form.done.filter(|_| !each);
        let scan = self.close_scan(outer, &before, &after, done, None);
        Some(Blocks { scan, size, within, count: count as u16 })
    }

    /// A state after turn `at` of a loop in blocks that keeps them.
    pub fn after_turn(&mut self, blocks: &Blocks, slot: u16, at: NodeId) -> NodeId {
        let size = Poly::constant(blocks.size);
        let (block, position) = (self.quotient(at, &size), self.remainder(at, &size));
        let one = self.index_constant(1);
        let later = self.index_add(block, one);
        let kept = self.out(blocks.scan, blocks.count + slot, later);
        let place: AxisMap = [(blocks.within, position)].into_iter().collect();
        self.at(kept, &place)
    }
}
