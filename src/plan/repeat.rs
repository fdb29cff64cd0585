//! Loops whose turns follow one another: where their states lie, and which kernels every turn runs.
//!
//! Reads the graph. Must not know what the kernels do. A state has one row per turn and one more, or two rows that take
//! turns if only the last state is read; a turn reads one row and writes the next, so that nothing is copied or
//! overwritten while it is needed. Terms without states are computed before the loop, for all turns at once.

use super::builder::{Builder, Home, element_of};
use super::kernel::{BufferId, Element, Expr, ExprId, Kernel};
use super::lower::Lowering;
use super::{Place, PlanResult, Repeat};
use crate::graph::{Axis, AxisSet, NodeId, Op, Poly, Turn};
use smallvec::SmallVec;

/// A loop of the plan.
pub(super) struct Loop {
    pub(super) scan: NodeId,
    pub(super) turn: Turn,
    /// Whether each state is read by anything.
    pub(super) live: Vec<bool>,
    /// Holds the number of the turn.
    counter: BufferId,
    states: Vec<Option<Stored>>,
    /// The kernels of a turn.
    steps: Vec<Step>,
}

/// Where a state lies.
#[derive(Clone)]
struct Stored {
    rows: BufferId,
    axes: Vec<Axis>,
    /// There are two rows that take turns.
    alternate: bool,
    /// If only the last state is read: where it is found after the loop.
    last: Option<BufferId>,
}

/// Which row of the states an element is in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row {
    /// That before the first turn.
    First,
    /// That before the current turn, or after the last.
    Now(usize),
    /// That after the current turn.
    Next(usize),
}

/// What runs.
pub(super) enum Step {
    Kernel(Box<Kernel>),
    Loop(usize),
}

impl Builder {
    /// The axes of a term in memory: without those that stand for the turn of a loop.
    pub(super) fn axes(&self, n: NodeId) -> AxisSet {
        self.graph.axes(n).iter().filter(|a| !a.is_pinned()).collect()
    }

    /// The loop that a loop node is.
    pub(super) fn loop_of_scan(&self, scan: NodeId) -> Option<usize> {
        self.loops.iter().position(|l| l.scan == scan)
    }

    /// The loop node is taken apart when it is first met.
    pub(super) fn open(&mut self, scan: NodeId) {
        if self.loop_of_scan(scan).is_none()
            && let Some(turn) = self.graph.open_turn(scan, self.loops.len())
        {
            let live = vec![true; turn.slots.len()];
            let states = vec![None; turn.slots.len()];
            self.loops.push(Loop { scan, turn, live, counter: BufferId(0), states, steps: vec![] });
        }
    }

    /// What a loop is computed from: the first and next states that are needed.
    pub(super) fn loop_sources(&self, scan: NodeId) -> SmallVec<[NodeId; 3]> {
        let Some(l) = self.loop_of_scan(scan).map(|l| &self.loops[l]) else { return SmallVec::new() };
        let live =
            |nodes: &[NodeId]| -> Vec<NodeId> { nodes.iter().zip(&l.live).filter(|n| *n.1).map(|n| *n.0).collect() };
        live(&l.turn.first).into_iter().chain(live(&l.turn.next)).collect()
    }

    /// Finds states that nothing reads; whether there are new ones.
    pub(super) fn drop_dead_states(&mut self, order: &[NodeId]) -> bool {
        let mut changed = false;
        for l in 0..self.loops.len() {
            let Loop { scan, turn, live, .. } = &self.loops[l];
            let outs = order.iter().filter_map(|n| match self.graph.op(*n) {
                Op::Out { slot, .. } if self.graph.args(*n)[0] == *scan => Some(usize::from(*slot)),
                _ => None,
            });
            let mut todo: Vec<usize> = outs.chain(turn.done.map(usize::from)).collect();
            let mut needed = vec![false; live.len()];
            while let Some(slot) = todo.pop() {
                if std::mem::replace(&mut needed[slot], true) {
                    continue;
                }
                for n in self.graph.reachable(&[turn.next[slot]]) {
                    if let Op::State { level, slot, .. } = self.graph.op(n)
                        && *level == turn.level
                    {
                        todo.push(usize::from(*slot));
                    }
                }
            }
            changed |= needed != *live;
            self.loops[l].live = needed;
        }
        changed
    }

    /// The innermost loop that a term is computed in.
    pub(super) fn loop_around(&self, n: NodeId) -> Option<usize> {
        let node = self.graph.node(n);
        let reads = |l: &Loop| node.states.contains(&l.turn.level) || node.axes.contains(l.turn.turn);
        let depth = |l: usize| {
            let mut depth = 0;
            let mut around = self.loop_around(self.loops[l].scan);
            while let Some(l) = around {
                depth += 1;
                around = self.loop_around(self.loops[l].scan);
            }
            depth
        };
        (0..self.loops.len()).filter(|l| reads(&self.loops[*l])).max_by_key(|l| depth(*l))
    }

    /// Gives the states of all loops that are needed their places.
    pub(super) fn declare_loops(&mut self, order: &[NodeId]) {
        let unset = Place::Workspace { first: u32::MAX, last: 0 };
        for n in order {
            let Some(l) = self.loop_of_scan(*n) else { continue };
            self.loops[l].counter = self.buffer(&format!("turn{}", n.0), Element::Index, &[], unset);
            for slot in 0..self.loops[l].live.len() {
                if self.loops[l].live[slot] {
                    self.declare_state(l, slot, order);
                }
            }
        }
    }

    fn declare_state(&mut self, l: usize, slot: usize, order: &[NodeId]) {
        let unset = Place::Workspace { first: u32::MAX, last: 0 };
        let Loop { scan, turn, .. } = &self.loops[l];
        let (scan, level, form) = (*scan, turn.level, turn.slots[slot].clone());
        let element = element_of(form.kind);
        let extent = self.graph.extent(turn.turn).clone();
        // Open axes, those of the data, stand first.
        let mut axes: Vec<Axis> = form.axes.iter().filter(|a| !a.is_pinned()).collect();
        axes.sort_by_key(|a| self.graph.extents.known(self.graph.extent(*a)).is_some());
        let outs: Vec<(NodeId, Axis)> = order
            .iter()
            .filter_map(|n| match self.graph.op(*n) {
                Op::Out { slot: s, turn } if self.graph.args(*n)[0] == scan && usize::from(*s) == slot => {
                    Some((*n, *turn))
                }
                _ => None,
            })
            .collect();
        let only_last = outs.iter().all(|(out, axis)| self.is_read_at(order, *out, *axis, &extent));
        let rows = if only_last { Poly::constant(2) } else { extent.add(&Poly::constant(1)) };
        let rows_extent = self.graph.extents.intern(rows);
        let taken = axes.iter().copied().collect();
        let row_axis = match outs.first() {
            Some((_, axis)) if !only_last => *axis,
            _ => self.graph.fresh(&[Axis { extent: rows_extent, ordinal: 0 }], &taken)[0],
        };
        let name = format!("s{}.{slot}", scan.0);
        let with_rows: Vec<Axis> = std::iter::once(row_axis).chain(axes.iter().copied()).collect();
        let rows = self.buffer(&name, element, &with_rows, unset);
        let is_read = only_last && !outs.is_empty();
        let last = is_read.then(|| self.buffer(&format!("{name}.last"), element, &axes, unset));
        for (out, axis) in outs {
            let home = match last {
                Some(last) => Home { axes: axes.clone(), buffers: SmallVec::from_slice(&[last]), row: None },
                None => {
                    let axes = std::iter::once(axis).chain(axes.iter().copied()).collect();
                    Home { axes, buffers: SmallVec::from_slice(&[rows]), row: None }
                }
            };
            self.homes.insert(out, home);
        }
        for n in order {
            if let Op::State { level: of, slot: s, .. } = self.graph.op(*n)
                && *of == level
                && usize::from(*s) == slot
            {
                let row = Some(Row::Now(l));
                self.homes.insert(*n, Home { axes: axes.clone(), buffers: SmallVec::from_slice(&[rows]), row });
            }
        }
        self.loops[l].states[slot] = Some(Stored { rows, axes, alternate: only_last, last });
    }

    /// Whether all that read the states of a loop read the last.
    fn is_read_at(&self, order: &[NodeId], out: NodeId, axis: Axis, end: &Poly) -> bool {
        let is_end = |index: NodeId| {
            let (terms, constant) = self.graph.linear_terms(index);
            terms.is_empty() && constant == *end
        };
        let views = order.iter().all(|n| match self.graph.op(*n) {
            Op::At(vars) if self.graph.args(*n)[0] == out => {
                let index = vars.iter().zip(&self.graph.args(*n)[1..]).find(|e| e.0 == axis);
                index.is_some_and(|e| is_end(*e.1))
            }
            _ if self.scatters.contains_key(n) => !self.sources(*n).contains(&out),
            _ => self.products.contains_key(n) || !self.graph.args(n.to_owned()).contains(&out),
        });
        let factors = self.products.values().all(|p| p.a != out && p.b != out);
        views && factors && !self.roots.contains(&out)
    }

    /// If the term is the next value of a state and is computed in the turn: the place that is written.
    pub(super) fn state_home(&self, n: NodeId) -> Option<Home> {
        let l = self.loop_around(n)?;
        let Loop { turn, states, live, .. } = &self.loops[l];
        let slot = (0..live.len()).find(|i| live[*i] && turn.next[*i] == n)?;
        let stored = states[slot].as_ref()?;
        (stored.axes.len() == self.axes(n).len()).then(|| Home {
            axes: stored.axes.clone(),
            buffers: SmallVec::from_slice(&[stored.rows]),
            row: Some(Row::Next(l)),
        })
    }

    /// Whether the term is the next value of a state, with all its axes.
    pub(super) fn is_next_state(&self, n: NodeId) -> bool {
        self.loops.iter().any(|l| {
            let mut slots = l.turn.next.iter().zip(&l.turn.slots).zip(&l.live);
            slots.any(|((next, slot), live)| {
                *live && *next == n && slot.axes.iter().filter(|a| !a.is_pinned()).count() == self.axes(n).len()
            })
        })
    }

    /// Adds a step where its term belongs.
    pub(super) fn add_step(&mut self, around: Option<usize>, step: Step) {
        match around {
            Some(l) => self.loops[l].steps.push(step),
            None => self.steps.push(step),
        }
    }

    /// Ends a loop: first states before it, states that are not computed in their place after each turn, and the last
    /// states after it.
    pub(super) fn finish_loop(&mut self, l: usize) {
        let scan = self.loops[l].scan;
        let around = self.loop_around(scan);
        for slot in 0..self.loops[l].live.len() {
            let Some(stored) = self.loops[l].states[slot].clone() else { continue };
            let (first, next) = (self.loops[l].turn.first[slot], self.loops[l].turn.next[slot]);
            let kernel = self.store(first, stored.rows, &stored.axes, Some(Row::First));
            self.add_step(around, Step::Kernel(Box::new(kernel)));
            let in_place = self
                .homes
                .get(&next)
                .is_some_and(|h| h.buffers[0] == stored.rows && matches!(h.row, Some(Row::Next(_))));
            if !in_place {
                let kernel = self.store(next, stored.rows, &stored.axes, Some(Row::Next(l)));
                self.add_step(Some(l), Step::Kernel(Box::new(kernel)));
            }
        }
        self.add_step(around, Step::Loop(l));
        for slot in 0..self.loops[l].live.len() {
            let Some(Stored { rows, axes, last: Some(last), .. }) = self.loops[l].states[slot].clone() else {
                continue;
            };
            let kernel = self.copy_last(l, rows, &axes, last);
            self.add_step(around, Step::Kernel(Box::new(kernel)));
        }
    }

    fn store(&mut self, n: NodeId, buffer: BufferId, axes: &[Axis], row: Option<Row>) -> Kernel {
        self.rows.insert(buffer, row);
        let mut lowering = Lowering::new(self);
        let value = lowering.value(n);
        lowering.map(buffer, axes, value)
    }

    fn copy_last(&mut self, l: usize, rows: BufferId, axes: &[Axis], last: BufferId) -> Kernel {
        let mut lowering = Lowering::new(self);
        let mut at = vec![lowering.state_row(rows, Row::Now(l))];
        at.extend(lowering.indices(axes));
        let checked = vec![false; at.len()];
        let value = lowering.kernel.intern(Expr::Load { buffer: rows, at, checked });
        lowering.map(last, axes, value)
    }

    /// Puts all kernels in one list, and says which of them are repeated.
    pub(super) fn flatten(&mut self) {
        let steps = std::mem::take(&mut self.steps);
        self.flatten_steps(steps);
    }

    fn flatten_steps(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Kernel(kernel) => self.plan.kernels.push(*kernel),
                Step::Loop(l) => {
                    let steps = std::mem::take(&mut self.loops[l].steps);
                    let first = self.plan.kernels.len() as u32;
                    let at = self.plan.repeats.len();
                    let Loop { turn, counter, states, .. } = &self.loops[l];
                    // It may stop early if nobody reads the states of later turns.
                    let stops = states.iter().flatten().all(|s| s.alternate);
                    let done = turn.done.filter(|_| stops).and_then(|d| states[usize::from(d)].as_ref());
                    let extent = self.graph.extents.intern(self.graph.extent(turn.turn).clone());
                    let repeat = Repeat { first, end: first, extent, counter: *counter, done: done.map(|s| s.rows) };
                    self.plan.repeats.push(repeat);
                    self.flatten_steps(steps);
                    self.plan.repeats[at].end = self.plan.kernels.len() as u32;
                }
            }
        }
    }
}

impl Lowering<'_> {
    /// The number of the turn of a loop, or after it the number of its turns.
    pub(super) fn turn(&mut self, l: usize) -> ExprId {
        let buffer = self.builder.loops[l].counter;
        self.kernel.intern(Expr::Load { buffer, at: vec![], checked: vec![] })
    }

    /// The row of the states of a loop.
    pub(super) fn state_row(&mut self, buffer: BufferId, row: Row) -> ExprId {
        let one = self.builder.graph.extents.intern(Poly::constant(1));
        let (l, later) = match row {
            Row::First => {
                let constant = self.builder.graph.extents.intern(Poly::constant(0));
                return self.kernel.intern(Expr::Linear { terms: vec![], constant });
            }
            Row::Now(l) => (l, false),
            Row::Next(l) => (l, true),
        };
        let mut at = self.turn(l);
        if later {
            at = self.kernel.intern(Expr::Linear { terms: vec![(at, one)], constant: one });
        }
        let extent = self.builder.plan.buffer(buffer).axes[0].extent;
        let alternate = self.builder.loops[l].states.iter().flatten().any(|s| s.rows == buffer && s.alternate);
        if alternate { self.kernel.intern(Expr::Remainder(at, extent)) } else { at }
    }

    /// The row of an array that the kernel writes, if it has rows.
    pub(super) fn written_row(&mut self, buffer: BufferId) -> Option<ExprId> {
        let row = self.builder.rows.get(&buffer).copied().flatten()?;
        Some(self.state_row(buffer, row))
    }

    /// The loop whose turn an axis stands for.
    pub(super) fn turn_of(&self, axis: Axis) -> Option<usize> {
        self.builder.loops.iter().position(|l| l.turn.turn == axis)
    }
}

/// Whether a loop is a result of the plan by itself: its states.
pub(super) fn roots(results: &[PlanResult]) -> Vec<NodeId> {
    results.iter().map(|r| r.node).collect()
}
