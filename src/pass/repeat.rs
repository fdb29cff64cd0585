//! Derivatives of loops: again loops.
//!
//! With states S(0) … S(T), S(t + 1) = f(S(t), t, c) for terms c from around the loop:
//! - forward, the states are carried with their tangents;
//! - in reverse, Λ(0) = S̄(T) and Λ(r + 1) = S̄(t) + (∂f/∂s)ᵀ Λ(r) with t = T - 1 - r. Then s̄0 = Λ(T), and
//!   c̄ = Σ over t of (∂f/∂c)ᵀ Λ(T - 1 - t), a sum that stands outside the loop: a matrix product for all turns at once.
//!   The next state is read from S(t + 1) and not worked out again; what else a turn computes, is;
//! - a loop that ends in a fixed point s = f(s, c) has λ = s̄ + (∂f/∂s)ᵀ λ and c̄ = (∂f/∂c)ᵀ λ, the implicit function
//!   theorem, where λ is the fixed point of another loop.

use super::forward::Forward;
use super::reverse::{Reverse, StateCotangent};
use crate::graph::{Axis, AxisMap, AxisSet, Graph, Kind, NodeId, Op, OpenScan, Poly, ScanForm, Slot, StateMap};
use crate::prim::{Prim, Reduction};

impl Reverse<'_> {
    /// Passes the cotangents of the states of a loop on to what the loop is made of.
    pub(super) fn repeat(&mut self, scan: NodeId, given: &[StateCotangent]) {
        let Some(form) = self.graph.scan_form(scan).cloned() else { return };
        let given: Vec<StateCotangent> = given
            .iter()
            .copied()
            .filter(|s| form.slots[s.slot as usize].kind == Kind::Real && !self.graph.is_constant(s.cotangent, 0.0))
            .collect();
        if given.is_empty() || !self.depends(scan) {
            return;
        }
        let local = Local::new(self, scan, &form, &given);
        match form.fixed_point {
            Some(tolerance) => local.fixed_point(self, tolerance, &given),
            None => local.turns(self, &given),
        }
    }
}

/// The derivative of one turn of a loop.
struct Local {
    scan: NodeId,
    form: ScanForm,
    first: Vec<NodeId>,
    /// The axis that stands for the turn.
    turn: Axis,
    /// The level of the states before the turn, of those after it, and of the cotangents of the latter.
    levels: [u32; 3],
    /// The slots with a derivative, and the axes of their cotangents.
    real: Vec<(u16, AxisSet)>,
    /// (∂f/∂s)ᵀ λ for each of them.
    states: Vec<NodeId>,
    /// (∂f/∂c)ᵀ λ for each term from around the loop.
    around: Vec<(NodeId, NodeId)>,
}

impl Local {
    fn new(reverse: &mut Reverse, scan: NodeId, form: &ScanForm, given: &[StateCotangent]) -> Local {
        let outer = reverse.graph.node(scan).states.clone();
        let (open, first, next) = match reverse.graph.reopen_scan(scan) {
            Some(parts) => parts,
            None => unreachable!("a loop is reopened"),
        };
        // A fixed point is one of the step, not of a step that stops when it is done.
        let next = match (form.fixed_point, form.done) {
            (Some(_), Some(done)) => {
                let mut map = StateMap::default();
                let going = reverse.graph.bool(false);
                map.insert(open.level, done, going);
                reverse.graph.substitute(&next, &map)
            }
            _ => next,
        };
        // The turn becomes an axis that nothing below binds or has.
        let g = &mut *reverse.graph;
        let roots: Vec<NodeId> = first.iter().chain(&next).chain(given.iter().map(|s| &s.cotangent)).copied().collect();
        let turn = g.unused_axes(&roots, &reverse.kept, &[form.turn])[0];
        let next = if form.blocks {
            g.rename_turn(&next, form.turn, turn)
        } else {
            let renaming = g.renaming([(form.turn, turn)]);
            next.iter().map(|n| g.at(*n, &renaming)).collect()
        };
        // What the turn reads from around the loop: whole arrays, which have no names of binders above them.
        let inside = |g: &Graph, n: NodeId| g.node(n).states.iter().any(|l| !outer.contains(l));
        // In blocks, what is worked out for each turn is differentiated in it, not for all turns at once.
        let each = |g: &Graph, n: NodeId| form.blocks && g.axes(n).contains(turn);
        let outside = |g: &Graph, n: NodeId| !inside(g, n) && g.is_view_base(n) && !each(g, n);
        let mut boundary: Vec<NodeId> = vec![];
        for n in reverse.graph.reachable_until(&next, |n| outside(reverse.graph, n)) {
            if outside(reverse.graph, n) && reverse.depends(n) {
                boundary.push(n);
            }
        }
        let kept_given = given.iter().fold(AxisSet::new(), |set, s| set.union(reverse.graph.axes(s.cotangent)));
        let kept_given = kept_given.intersection(&reverse.kept);
        let real: Vec<(u16, AxisSet)> = form
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.kind == Kind::Real)
            .map(|(i, slot)| (i as u16, slot.axes.union(&kept_given)))
            .collect();
        let after = reverse.graph.open_level();
        let cotangent = reverse.graph.open_level();
        let states: Vec<NodeId> = real.iter().map(|(slot, _)| open.states[*slot as usize]).collect();
        let wanted: Vec<NodeId> = states.iter().chain(&boundary).copied().collect();
        let kept = reverse.kept.union(&[turn].into_iter().collect());
        let mut inner = Reverse::new(reverse.graph, kept, &wanted);
        for (slot, _) in &real {
            let (i, n) = (*slot as usize, next[*slot as usize]);
            if inside(inner.graph, n) && !open.states.contains(&n) {
                let read = inner.graph.state(after, i, form.slots[i].axes.clone(), Kind::Real);
                inner.alias.insert(n, read);
            }
        }
        for (slot, axes) in &real {
            let lambda = inner.graph.state(cotangent, *slot as usize, axes.clone(), Kind::Real);
            inner.accumulate(next[*slot as usize], lambda, &form.slots[*slot as usize].axes);
        }
        let found = inner.run();
        let zero = reverse.graph.constant(0.0);
        Local {
            scan,
            form: form.clone(),
            first,
            turn,
            levels: [open.level, after, cotangent],
            real,
            states: states.iter().map(|s| found.get(s).copied().unwrap_or(zero)).collect(),
            around: boundary.iter().filter_map(|b| found.get(b).map(|g| (*b, *g))).collect(),
        }
    }

    /// Terms of a turn with the states read where they stand: before turn `at` of all of them.
    fn read(&self, g: &mut Graph, terms: &[NodeId], at: Option<NodeId>, lambda: &[NodeId]) -> Vec<NodeId> {
        let [before, after, cotangent] = self.levels;
        let mut map = StateMap::default();
        let here = g.axis(self.turn);
        let one = g.index_constant(1);
        let next = g.index_add(here, one);
        for i in 0..self.form.slots.len() as u16 {
            let (now, then) = match self.form.fixed_point {
                // At the fixed point the state before a turn is that after it.
                Some(_) => (g.last_state(self.scan, i), g.last_state(self.scan, i)),
                None => (g.out(self.scan, i, here), g.out(self.scan, i, next)),
            };
            map.insert(before, i, now);
            map.insert(after, i, then);
        }
        for ((slot, _), term) in self.real.iter().zip(lambda) {
            map.insert(cotangent, *slot, *term);
        }
        let terms = g.substitute(terms, &map);
        let Some(at) = at else { return terms };
        let place: AxisMap = [(self.turn, at)].into_iter().collect();
        terms.iter().map(|n| g.at(*n, &place)).collect()
    }

    fn given_at(&self, g: &mut Graph, given: &[StateCotangent], slot: u16, at: NodeId) -> NodeId {
        match given.iter().find(|s| s.slot == slot) {
            Some(s) => {
                let map: AxisMap = [(s.turn, at)].into_iter().collect();
                g.at(s.cotangent, &map)
            }
            None => g.constant(0.0),
        }
    }

    /// `T - 1 - i`.
    fn back(&self, g: &mut Graph, i: NodeId) -> NodeId {
        let last = g.turns(&self.form).sub(&Poly::constant(1));
        let last = g.index_size(last);
        g.index_sub(last, i)
    }

    fn turns(&self, reverse: &mut Reverse, given: &[StateCotangent]) {
        let g = &mut *reverse.graph;
        let slots: Vec<Slot> =
            self.real.iter().map(|(_, axes)| Slot { axes: axes.clone(), kind: Kind::Real }).collect();
        let avoid = [self.turn].into_iter().collect();
        // A loop in blocks carries what it adds up, so that the states of one block are in memory and not of all.
        let carried: Vec<(NodeId, NodeId)> = if self.form.blocks { self.around.clone() } else { vec![] };
        let one: AxisSet = [self.turn].into_iter().collect();
        let sums = carried.iter().map(|(_, term)| Slot { axes: g.axes(*term).minus(&one), kind: Kind::Real });
        let slots: Vec<Slot> = slots.into_iter().chain(sums).collect();
        let mut open = g.open_scan(self.form.turn.extent, &slots, &avoid);
        open.blocks = self.form.blocks;
        let turn = g.axis(open.turn);
        let back = self.back(g, turn);
        let end = {
            let turns = g.turns(&self.form);
            g.index_size(turns)
        };
        let terms: Vec<NodeId> = self.states.iter().copied().chain(carried.iter().map(|c| c.1)).collect();
        let mut local = self.read(g, &terms, Some(back), &open.states);
        let added = local.split_off(self.states.len());
        let (mut first, mut next) = (vec![], vec![]);
        for ((slot, _), local) in self.real.iter().zip(local) {
            first.push(self.given_at(g, given, *slot, end));
            let direct = self.given_at(g, given, *slot, back);
            next.push(g.add(&[direct, local]));
        }
        for (i, term) in added.into_iter().enumerate() {
            first.push(g.constant(0.0));
            next.push(g.add(&[open.states[self.real.len() + i], term]));
        }
        let loop_back = g.close_scan(open, &first, &next, None, None);
        for (i, (slot, axes)) in self.real.iter().enumerate() {
            let start = self.first[*slot as usize];
            if reverse.depends(start) {
                let whole = reverse.graph.last_state(loop_back, i as u16);
                reverse.accumulate(start, whole, axes);
            }
        }
        if self.form.blocks {
            for (i, (n, _)) in carried.iter().enumerate() {
                let whole = reverse.graph.last_state(loop_back, (self.real.len() + i) as u16);
                let user = reverse.graph.axes(*n).clone();
                reverse.accumulate(*n, whole, &user);
            }
            return;
        }
        let g = &mut *reverse.graph;
        let here = g.axis(self.turn);
        let back = self.back(g, here);
        let lambda: Vec<NodeId> = (0..self.real.len()).map(|i| g.out(loop_back, i as u16, back)).collect();
        self.pass_on(reverse, None, &lambda);
    }

    /// Gives the terms around the loop their cotangents.
    fn pass_on(&self, reverse: &mut Reverse, at: Option<NodeId>, lambda: &[NodeId]) {
        let (nodes, terms): (Vec<NodeId>, Vec<NodeId>) = self.around.iter().copied().unzip();
        let terms = self.read(reverse.graph, &terms, at, lambda);
        for (n, term) in nodes.into_iter().zip(terms) {
            let mut user = reverse.graph.axes(n).clone();
            if at.is_none() {
                user.insert(self.turn);
            }
            reverse.accumulate(n, term, &user);
        }
    }

    fn fixed_point(&self, reverse: &mut Reverse, tolerance: u64, given: &[StateCotangent]) {
        let g = &mut *reverse.graph;
        let (end, last) = {
            let turns = g.turns(&self.form);
            (g.index_size(turns.clone()), g.index_size(turns.sub(&Poly::constant(1))))
        };
        // Cotangents at other turns than the last are those of a sequence, not of the fixed point.
        let seeds: Vec<NodeId> = self.real.iter().map(|(slot, _)| self.given_at(g, given, *slot, end)).collect();
        let axes: Vec<AxisSet> = self.real.iter().map(|r| r.1.clone()).collect();
        let lambda = solve_fixed_point(g, self.form.turn, tolerance, &axes, &seeds, |g, open| {
            let local = self.read(g, &self.states, Some(last), &open.states);
            seeds.iter().zip(local).map(|(seed, local)| g.add(&[*seed, local])).collect()
        });
        self.pass_on(reverse, Some(last), &lambda);
    }
}

/// The fixed point of `next`, starting from `first`: the last states of a loop that is done when no state moves by more
/// than the tolerance, relative to 1 or to its size.
fn solve_fixed_point(
    g: &mut Graph,
    turn: Axis,
    tolerance: u64,
    axes: &[AxisSet],
    first: &[NodeId],
    next: impl FnOnce(&mut Graph, &OpenScan) -> Vec<NodeId>,
) -> Vec<NodeId> {
    let mut slots: Vec<Slot> = axes.iter().map(|axes| Slot { axes: axes.clone(), kind: Kind::Real }).collect();
    slots.push(Slot { axes: AxisSet::new(), kind: Kind::Bool });
    let open = g.open_scan(turn.extent, &slots, &AxisSet::new());
    let states = open.states.clone();
    let done = states[axes.len()];
    let new = next(g, &open);
    let tolerance = g.constant(f64::from_bits(tolerance));
    let (one, mut still) = (g.constant(1.0), g.bool(true));
    for (state, new) in states.iter().zip(&new) {
        let step = g.sub(*new, *state);
        let step = g.prim(Prim::Abs, 0.0, &[step]);
        let size = g.prim(Prim::Abs, 0.0, &[*new]);
        let size = g.prim(Prim::Max, 0.0, &[one, size]);
        let allowed = g.mul(&[tolerance, size]);
        let near = g.prim(Prim::LessEqual, 0.0, &[step, allowed]);
        let everywhere: Vec<Axis> = g.axes(near).iter().collect();
        let near = g.reduce(Reduction::All, &everywhere, near);
        still = g.and(still, near);
    }
    let mut after: Vec<NodeId> = states.iter().zip(&new).map(|(old, new)| g.select(done, *old, *new)).collect();
    after.push(g.or(done, still));
    let mut before = first.to_vec();
    before.push(g.bool(false));
    let slot = axes.len() as u16;
    let closed = g.close_scan(open, &before, &after, Some(slot), Some(tolerance_bits(g, tolerance)));
    (0..axes.len()).map(|i| g.last_state(closed, i as u16)).collect()
}

fn tolerance_bits(g: &Graph, tolerance: NodeId) -> u64 {
    match g.op(tolerance) {
        Op::Const(bits) => *bits,
        _ => 0,
    }
}

impl Forward {
    /// A loop that carries the tangents of its states.
    pub(super) fn repeat(&mut self, g: &mut Graph, scan: NodeId, form: &ScanForm) {
        let Some((mut open, first, next)) = g.reopen_scan(scan) else { return };
        let real: Vec<usize> = (0..form.slots.len()).filter(|i| form.slots[*i].kind == Kind::Real).collect();
        if !first.iter().chain(&next).any(|n| self.moves_below(g, *n)) {
            return;
        }
        let zero = g.constant(0.0);
        let tangent_slots: Vec<Slot> = real.iter().map(|i| form.slots[*i].clone()).collect();
        let outer = g.node(scan).states.clone();
        let mut inner = Forward::default();
        let outside = |g: &Graph, n: NodeId| g.node(n).states.iter().all(|l| outer.contains(l));
        inner.tangents.extend(self.tangents.iter().filter(|(n, _)| outside(g, **n)).map(|(n, t)| (*n, *t)));
        inner.loops.extend(self.loops.iter().filter(|(n, _)| outside(g, **n)).map(|(n, l)| (*n, l.clone())));
        let mut places = vec![None; form.slots.len()];
        if let Some(tolerance) = form.fixed_point {
            let mut step = next.clone();
            if let Some(done) = form.done {
                let mut map = StateMap::default();
                let going = g.bool(false);
                map.insert(open.level, done, going);
                step = g.substitute(&next, &map);
            }
            let last = g.turns(form).sub(&Poly::constant(1));
            let last = g.index_size(last);
            let axes: Vec<AxisSet> = tangent_slots.iter().map(|s| s.axes.clone()).collect();
            let zeros = vec![zero; real.len()];
            let states = open.states.clone();
            let level = open.level;
            let found = solve_fixed_point(g, form.turn, tolerance, &axes, &zeros, |g, moving| {
                for (i, tangent) in real.iter().zip(&moving.states) {
                    inner.tangents.insert(states[*i], *tangent);
                }
                let roots: Vec<NodeId> = real.iter().map(|i| step[*i]).collect();
                inner.fill(g, &roots);
                let terms: Vec<NodeId> = roots.iter().map(|n| inner.get(*n).unwrap_or(zero)).collect();
                let mut map = StateMap::default();
                for i in 0..states.len() as u16 {
                    let at = g.last_state(scan, i);
                    map.insert(level, i, at);
                }
                let terms = g.substitute(&terms, &map);
                let place: AxisMap = [(form.turn, last)].into_iter().collect();
                terms.iter().map(|n| g.at(*n, &place)).collect()
            });
            self.fixed_points(g, scan, &real, &found);
            return;
        }
        for (place, slot) in real.iter().zip(&tangent_slots) {
            let state = open.states[*place];
            places[*place] = Some(open.states.len() as u16);
            let moving = open.add_state(g, slot);
            inner.tangents.insert(state, moving);
        }
        let roots: Vec<NodeId> = real.iter().map(|i| next[*i]).collect();
        inner.fill(g, &roots);
        let (mut all_first, mut all_next) = (first.clone(), next.clone());
        for i in &real {
            all_first.push(self.get(first[*i]).unwrap_or(zero));
            all_next.push(inner.get(next[*i]).unwrap_or(zero));
        }
        let closed = g.close_scan(open, &all_first, &all_next, form.done, None);
        self.loops.insert(scan, (closed, places));
    }

    /// The tangent of a state of a loop along its turns.
    pub(super) fn out(&mut self, g: &mut Graph, n: NodeId, slot: u16, turn: Axis) -> Option<NodeId> {
        let (closed, places) = self.loops.get(&g.args(n)[0])?.clone();
        let place = places[slot as usize]?;
        let at = g.axis(turn);
        Some(g.out(closed, place, at))
    }

    /// The tangents of the states of a fixed point, at the only turn they are read: the last.
    fn fixed_points(&mut self, g: &mut Graph, scan: NodeId, real: &[usize], found: &[NodeId]) {
        for (slot, tangent) in real.iter().zip(found) {
            let Some(form) = g.scan_form(scan).cloned() else { continue };
            let turns = g.turns(&form);
            let extent = g.extents.intern(turns.add(&Poly::constant(1)));
            let turn = g.fresh(&[Axis { extent, ordinal: 0 }], &form.slots[*slot].axes)[0];
            let at = g.axis(turn);
            let states = g.out(scan, *slot as u16, at);
            self.tangents.insert(states, *tangent);
        }
    }

    fn moves_below(&self, g: &Graph, n: NodeId) -> bool {
        g.reachable(&[n]).iter().any(|n| self.tangents.contains_key(n))
    }
}
