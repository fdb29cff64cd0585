//! Loops. A loop has states; each turn computes the next value of every state from the values before the turn, the
//! number of the turn, and terms from around the loop. Its projections are arrays of states, one more than turns.
//!
//! Reads the graph. Canonical form: a loop has the smallest level above those of the loops in it, its turn the smallest
//! ordinal, and a state has all axes that its values need, so that loops that differ in names only are one node.

use super::{Args, Axis, AxisMap, AxisSet, ExtentId, Graph, Kind, Levels, NodeId, Op, Poly, StateMap};

/// Levels from here on belong to loops that are being built.
const OPEN: u32 = 1 << 31;

/// A state of a loop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Its free axes.
    pub axes: AxisSet,
    /// Its sort.
    pub kind: Kind,
}

/// What a loop is, but for its terms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScanForm {
    /// The number of the turn, from 0; its extent is how many turns there are.
    pub turn: Axis,
    /// The level of its states.
    pub level: u32,
    /// Its states.
    pub slots: Vec<Slot>,
    /// The truth value among the states after which no state changes any more: the loop may stop there.
    pub done: Option<u16>,
    /// The final states are a fixed point of the turn, to this relative tolerance (the bits of an f64): they are
    /// differentiated as such.
    pub fixed_point: Option<u64>,
    /// Its turns are blocks of turns, which derivatives work out again block by block: what they add up over the turns
    /// is carried from turn to turn instead of being summed over all turns at once.
    pub blocks: bool,
}

/// A loop that is being built: what its terms may read.
#[derive(Clone, Debug)]
pub struct OpenScan {
    /// The number of the turn.
    pub turn: Axis,
    /// The states before the turn.
    pub states: Vec<NodeId>,
    /// The level of its states.
    pub level: u32,
    /// Whether its turns are blocks of turns: see [`ScanForm::blocks`].
    pub blocks: bool,
}

impl OpenScan {
    /// One more state.
    pub fn add_state(&mut self, graph: &mut Graph, slot: &Slot) -> NodeId {
        let state = graph.state(self.level, self.states.len(), slot.axes.clone(), slot.kind);
        self.states.push(state);
        state
    }
}

/// The levels of free states, and the height, of a node of this operation and arguments.
pub(super) fn infer(graph: &Graph, op: &Op, args: &Args) -> (Levels, u32) {
    let mut states = Levels::new();
    let mut height = 0;
    for a in args {
        let node = graph.node(*a);
        states.extend_from_slice(&node.states);
        height = height.max(node.height);
    }
    match op {
        Op::State { level, .. } => states.push(*level),
        Op::Scan(form) => {
            states.retain(|l| *l != form.level);
            height = height.max(form.level);
        }
        Op::Custom { level } => states.retain(|l| l != level),
        _ => {}
    }
    states.sort_unstable();
    states.dedup();
    (states, height)
}

/// Whether a loop is as it must be.
pub(super) fn check(graph: &Graph, form: &ScanForm, args: &Args) -> Result<(), String> {
    let fail = |why: &str| Err(why.to_string());
    let count = form.slots.len();
    if count == 0 || args.len() != 2 * count {
        return fail("a loop needs as many first as next states, at least one");
    }
    if args.iter().any(|a| graph.node(*a).height >= form.level) {
        return fail("its level is not above those of the loops in it");
    }
    if args[..count].iter().any(|a| graph.node(*a).states.contains(&form.level)) {
        return fail("a first state reads a state of the loop");
    }
    let turn: AxisSet = [form.turn].into_iter().collect();
    for (slot, (first, next)) in form.slots.iter().zip(args.iter().zip(&args[count..])) {
        if slot.axes.contains(form.turn) {
            return fail("a state has the axis of the turn");
        }
        if !graph.axes(*first).is_subset(&slot.axes) || !graph.axes(*next).minus(&turn).is_subset(&slot.axes) {
            return fail("a state lacks an axis of its values");
        }
        if graph.kind(*first) != slot.kind || graph.kind(*next) != slot.kind {
            return fail("the values of a state are of another kind");
        }
    }
    match form.done.map(|d| form.slots.get(d as usize)) {
        Some(Some(slot)) if slot.kind == Kind::Bool => Ok(()),
        None => Ok(()),
        _ => fail("what ends the loop is no truth value"),
    }
}

impl Graph {
    /// Whether a node reads a state of the loop of this level that is not bound below it.
    pub fn reads_level(&self, n: NodeId, level: u32) -> bool {
        self.node(n).states.contains(&level)
    }

    /// A level that no loop has.
    pub fn open_level(&mut self) -> u32 {
        self.opened += 1;
        OPEN + self.opened
    }

    /// A state that is not bound yet.
    pub fn state(&mut self, level: u32, slot: usize, axes: AxisSet, kind: Kind) -> NodeId {
        self.make(Op::State { level, slot: slot as u16, axes, kind }, Args::new())
    }

    /// Begins a loop of `extent` turns; the number of the turn is none of the axes to avoid, nor of the states. The axes
    /// of the states are those of their first values: [`Graph::close_scan`] adds what later values need.
    pub fn open_scan(&mut self, extent: ExtentId, slots: &[Slot], avoid: &AxisSet) -> OpenScan {
        let level = self.open_level();
        let taken = slots.iter().fold(avoid.clone(), |set, slot| set.union(&slot.axes));
        let turn = self.fresh(&[Axis { extent, ordinal: 0 }], &taken)[0];
        let states =
            slots.iter().enumerate().map(|(i, slot)| self.state(level, i, slot.axes.clone(), slot.kind)).collect();
        OpenScan { turn, states, level, blocks: false }
    }

    /// Opens a loop again: its terms under a level of their own. The number of the turn is the same.
    pub fn reopen_scan(&mut self, scan: NodeId) -> Option<(OpenScan, Vec<NodeId>, Vec<NodeId>)> {
        let form = self.scan_form(scan)?.clone();
        let args = self.args(scan).to_vec();
        let (first, next) = args.split_at(form.slots.len());
        let mut open = OpenScan { turn: form.turn, states: vec![], level: self.open_level(), blocks: form.blocks };
        let mut map = StateMap::default();
        for (i, slot) in form.slots.iter().enumerate() {
            let state = open.add_state(self, slot);
            map.insert(form.level, i as u16, state);
        }
        let next = self.substitute(next, &map);
        Some((open, first.to_vec(), next))
    }

    /// Ends a loop: for each state the term before the first turn, and the term after a turn. Returns the loop; read it
    /// with [`Graph::out`].
    pub fn close_scan(
        &mut self,
        open: OpenScan,
        first: &[NodeId],
        next: &[NodeId],
        done: Option<u16>,
        fixed_point: Option<u64>,
    ) -> NodeId {
        let slots = open.states.iter().map(|s| Slot { axes: self.axes(*s).clone(), kind: self.kind(*s) }).collect();
        let form = ScanForm { turn: open.turn, level: open.level, slots, done, fixed_point, blocks: open.blocks };
        self.close_form(form, first, next)
    }

    /// The same loop with other terms; they read its states under its level.
    pub(super) fn rebuild_scan(&mut self, form: &ScanForm, args: &[NodeId]) -> NodeId {
        let (first, next) = args.split_at(form.slots.len());
        self.close_form(form.clone(), first, next)
    }

    /// Brings a loop to its canonical form.
    pub(super) fn close_form(&mut self, mut form: ScanForm, first: &[NodeId], next: &[NodeId]) -> NodeId {
        let mut next = next.to_vec();
        // A state that one turn gives an axis gives it to the others in the next turn.
        loop {
            let turn: AxisSet = [form.turn].into_iter().collect();
            let mut map = StateMap::default();
            for (i, slot) in form.slots.iter_mut().enumerate() {
                let needed = slot.axes.union(self.axes(first[i])).union(&self.axes(next[i]).minus(&turn));
                if needed != slot.axes {
                    slot.axes = needed.clone();
                    let wider = self.state(form.level, i, needed, slot.kind);
                    map.insert(form.level, i as u16, wider);
                }
            }
            if map.is_empty() {
                break;
            }
            // A wider state must not meet the axis of the turn.
            let taken = form.slots.iter().fold(AxisSet::new(), |set, slot| set.union(&slot.axes));
            if taken.contains(form.turn) {
                let avoid = next.iter().fold(taken, |set, n| set.union(self.axes(*n)));
                let turn = self.fresh(&[form.turn], &avoid)[0];
                let renaming = self.renaming([(form.turn, turn)]);
                next = next.iter().map(|n| self.at(*n, &renaming)).collect();
                form.turn = turn;
            }
            next = self.substitute(&next, &map);
        }
        let taken = form.slots.iter().fold(AxisSet::new(), |set, slot| set.union(&slot.axes));
        let turn = self.fresh(&[form.turn], &taken)[0];
        if turn != form.turn {
            let renaming = self.renaming([(form.turn, turn)]);
            next = next.iter().map(|n| self.at(*n, &renaming)).collect();
            form.turn = turn;
        }
        let mut level = 1 + first.iter().chain(&next).map(|n| self.node(*n).height).max().unwrap_or(0);
        let around: Levels =
            first.iter().chain(&next).flat_map(|n| self.node(*n).states.clone()).filter(|l| *l != form.level).collect();
        while around.contains(&level) {
            level += 1;
        }
        if level != form.level {
            let mut map = StateMap::default();
            for (i, slot) in form.slots.iter().enumerate() {
                let renamed = self.state(level, i, slot.axes.clone(), slot.kind);
                map.insert(form.level, i as u16, renamed);
            }
            next = self.substitute(&next, &map);
            form.level = level;
        }
        let args: Args = first.iter().copied().chain(next).collect();
        self.make(Op::Scan(Box::new(form)), args)
    }

    /// The form of a loop.
    pub fn scan_form(&self, scan: NodeId) -> Option<&ScanForm> {
        match self.op(scan) {
            Op::Scan(form) => Some(form),
            _ => None,
        }
    }

    /// How many turns a loop has.
    pub fn turns(&self, form: &ScanForm) -> Poly {
        self.extent(form.turn).clone()
    }

    /// A state of a loop before turn `at`; where that is the number of turns, after the last.
    pub fn out(&mut self, scan: NodeId, slot: u16, at: NodeId) -> NodeId {
        let Some(form) = self.scan_form(scan) else { return scan };
        let axes = form.slots[slot as usize].axes.clone();
        let one_more = self.turns(form).add(&Poly::constant(1));
        let extent = self.extents.intern(one_more);
        let turn = self.fresh(&[Axis { extent, ordinal: 0 }], &axes)[0];
        let states = self.make(Op::Out { slot, turn }, [scan].into_iter().collect());
        let map: AxisMap = [(turn, at)].into_iter().collect();
        self.at(states, &map)
    }

    /// A state of a loop after its last turn.
    pub fn last_state(&mut self, scan: NodeId, slot: u16) -> NodeId {
        let Some(form) = self.scan_form(scan) else { return scan };
        let turns = self.turns(form);
        let at = self.index_size(turns);
        self.out(scan, slot, at)
    }

    /// The first value of a state, if it is read there.
    pub(super) fn before_first_turn(&self, base: NodeId, entries: &[(Axis, NodeId)]) -> Option<NodeId> {
        let Op::Out { slot, turn } = self.op(base) else { return None };
        let at = entries.iter().find(|e| e.0 == *turn)?.1;
        let (terms, constant) = self.linear_terms(at);
        let is_first = terms.is_empty() && constant == Poly::default();
        is_first.then(|| self.args(self.args(base)[0])[*slot as usize])
    }
}
