//! Loops as `fold` and `scan`, written once each and read by name.
//!
//! What is read of a loop decides its form, and is known only when everything that reads it is written: so a loop holds
//! a place among the lets of its scope, which is filled when the scope ends.

use super::tree::{binary, choose, compare, expr, ident, index, name, number, size, span};
use super::{Scope, Statement, Writer, let_statement};
use crate::graph::{Axis, AxisSet, NodeId, Op, Poly, ScanForm};
use crate::syntax::ast::{
    BinaryOp, Binder, BinderRange, CompareOp, Expr, ExprKind, Let, Line, Name, Pattern, Repeat, RepeatForm,
    StatementKind,
};

/// A loop that has been written.
pub(super) struct Loop {
    form: ScanForm,
    /// The first states as written, and as terms.
    first: Vec<(Expr, NodeId)>,
    next: Vec<Expr>,
    lines: Vec<Line>,
    /// The names of the states in it, and of the turn.
    states: Vec<String>,
    turn: Axis,
    /// What it is read as, by slot.
    reads: Vec<Reads>,
    /// The states that each next state reads.
    needs: Vec<Vec<usize>>,
}

/// The names that the states of a slot are read by.
#[derive(Clone, Default)]
struct Reads {
    /// After every turn.
    after: Option<String>,
    /// Before every turn.
    before: Option<String>,
    /// After the last turn.
    last: Option<String>,
    /// Before the first turn and after every turn.
    all: Option<String>,
}

impl Writer<'_> {
    /// A state of a loop read at the place `at` along its turns, or along all of them: the array by name, the axes of it
    /// behind that of the turn, and the place in it if it has that axis.
    pub(super) fn read_loop(&mut self, out: NodeId, at: Option<NodeId>) -> (Expr, Vec<Axis>, Option<Expr>) {
        let Op::Out { slot, .. } = *self.g.op(out) else { return (name("loop"), vec![], None) };
        let scan = self.g.args(out)[0];
        let (scope, at_loop) = self.written(scan);
        let (slot, form) = (slot as usize, self.loops[at_loop].form.clone());
        let hidden = self.scopes.get(scope).map_or(AxisSet::new(), |s| s.fixed.clone());
        let axes: Vec<Axis> = form.slots[slot].axes.minus(&hidden).iter().collect();
        let turns = self.g.turns(&form);
        let Some(at) = at else {
            let all = self.all(at_loop, slot);
            return (name(&all), axes, None);
        };
        let one = Poly::constant(1);
        let (end, last) = (self.g.index_size(turns.clone()), self.g.index_size(turns.sub(&one)));
        if at == end {
            let last = self.named(at_loop, slot, |r| &mut r.last);
            return (name(&last), axes, None);
        }
        let one = self.g.index_constant(1);
        let before = self.g.index_sub(at, one);
        if self.g.is_non_negative(before) {
            let after = self.named(at_loop, slot, |r| &mut r.after);
            let place = self.indexed(before);
            return (name(&after), axes, Some(place));
        }
        let rest = self.g.index_sub(last, at);
        let place = self.indexed(at);
        let found = match self.g.is_non_negative(rest) {
            true => self.named(at_loop, slot, |r| &mut r.before),
            false => self.all(at_loop, slot),
        };
        (name(&found), axes, Some(place))
    }

    fn named(&mut self, at_loop: usize, slot: usize, which: fn(&mut Reads) -> &mut Option<String>) -> String {
        if let Some(known) = which(&mut self.loops[at_loop].reads[slot]) {
            return known.clone();
        }
        let scan = self.scans.iter().find(|(_, at)| at.1 == at_loop).map(|(scan, _)| *scan);
        // The user's name, if this is the array that has it.
        let hint = |each: bool| scan.and_then(|scan| self.loop_hints.get(&(scan, slot as u16, each)).cloned());
        let mut probe = Reads { after: hint(true), last: hint(false), ..Reads::default() };
        let new = match which(&mut probe).clone() {
            Some(hint) => hint,
            None => self.names.fresh_numbered("s"),
        };
        *which(&mut self.loops[at_loop].reads[slot]) = Some(new.clone());
        new
    }

    /// All states are put together from the first and those after every turn.
    fn all(&mut self, at_loop: usize, slot: usize) -> String {
        self.named(at_loop, slot, |r| &mut r.after);
        self.named(at_loop, slot, |r| &mut r.all)
    }

    /// Finds the lets of the user that are states of loops.
    pub(super) fn hint_loops(&mut self) {
        let mut found = vec![];
        for value in self.program.values_of(crate::graph::ValueRole::Let) {
            let (Op::At(vars), args) = (self.g.op(value.node).clone(), self.g.args(value.node).to_vec()) else {
                continue;
            };
            let Op::Out { slot, turn } = *self.g.op(args[0]) else { continue };
            let scan = self.g.args(args[0])[0];
            let (Some(form), [at]) = (self.g.scan_form(scan).cloned(), &args[1..]) else { continue };
            let axes: Vec<Axis> = form.slots[slot as usize].axes.iter().collect();
            let turns = self.g.turns(&form);
            let end = self.g.index_size(turns);
            let (terms, constant) = self.g.linear_terms(*at);
            let each = match (terms.as_slice(), value.axes.split_first()) {
                ([(t, k)], Some((first, rest))) => {
                    *self.g.op(*t) == Op::Axis(*first)
                        && first.extent == form.turn.extent
                        && k.as_constant() == Some(1)
                        && constant.as_constant() == Some(1)
                        && rest == axes
                }
                _ => false,
            };
            if vars.as_slice() == [turn] && (each || *at == end && value.axes == axes) {
                found.push(((scan, slot, each), value.name.clone()));
            }
        }
        for (key, name) in found {
            self.loop_hints.entry(key).or_insert(name);
        }
    }

    /// Writes a loop, unless it is; tells the scope that it stands in and its number.
    fn written(&mut self, scan: NodeId) -> (usize, usize) {
        // What stands in a scope that has ended is written once more.
        if let Some(found) = self.scans.get(&scan).filter(|found| found.0 < self.scopes.len()) {
            return *found;
        }
        let scope = self.scope_of(scan);
        let around = self.enter(scope);
        let (open, first, mut next) = match self.g.reopen_scan(scan) {
            Some(parts) => parts,
            None => unreachable!("only loops are read along turns"),
        };
        let mut form = match self.g.scan_form(scan) {
            Some(form) => form.clone(),
            None => unreachable!("only loops are read along turns"),
        };
        let mut turn = open.turn;
        if self.binds_again(&next, turn, open.level) {
            turn = self.g.unused_axes(&next, &[turn].into_iter().collect(), &[turn])[0];
            let renaming = self.g.renaming([(open.turn, turn)]);
            next = next.iter().map(|n| self.g.at(*n, &renaming)).collect();
        }
        form.level = open.level;
        let first: Vec<(Expr, NodeId)> = first
            .into_iter()
            .zip(&form.slots)
            .map(|(n, slot)| {
                let axes: Vec<Axis> = slot.axes.minus(&self.fixed).iter().collect();
                (self.value(n, &axes), n)
            })
            .collect();
        let states: Vec<String> = form.slots.iter().map(|_| self.names.fresh_numbered("s")).collect();
        self.states.insert(open.level, states.clone());

        self.scopes.push(Scope {
            level: Some(open.level),
            fixed: self.fixed.union(&[turn].into_iter().collect()),
            statements: vec![],
        });
        let inside = self.enter(self.scopes.len() - 1);
        let assumed = std::mem::take(&mut self.assumed);
        self.define_shared(&next, Some(open.level));
        let mut written = vec![];
        for (n, slot) in next.iter().zip(&form.slots) {
            let axes: Vec<Axis> = slot.axes.minus(&self.fixed).iter().collect();
            written.push(self.value(*n, &axes));
        }
        self.fixed = inside;
        self.assumed = assumed;
        let lines = self.close_scope().into_iter().filter_map(|s| match s.kind {
            StatementKind::Let(l) => Some(Line::Let(l)),
            _ => None,
        });
        let reads = vec![Reads::default(); form.slots.len()];
        let lines = lines.collect();
        let needs = next.iter().map(|n| self.states_below(*n, open.level)).collect();
        self.loops.push(Loop { form, first, next: written, lines, states, turn, reads, needs });
        let at = self.loops.len() - 1;
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.statements.push(super::Line::Loop(at));
        }
        self.scans.insert(scan, (scope, at));
        self.fixed = around;
        (scope, at)
    }

    /// Whether something inside the turn binds the axis of the turn again.
    fn binds_again(&self, next: &[NodeId], turn: Axis, level: u32) -> bool {
        let below = self.g.reachable_until(next, |n| !self.g.reads_level(n, level));
        self.fixed.contains(turn)
            || below.into_iter().filter(|n| self.g.reads_level(*n, level)).any(|n| match self.g.op(n) {
                Op::Reduce(_, bound) => bound.contains(turn),
                Op::At(vars) => vars.contains(turn),
                Op::Scan(form) => form.turn == turn || form.slots.iter().any(|s| s.axes.contains(turn)),
                Op::Out { turn: t, .. } => *t == turn,
                _ => false,
            })
    }

    fn states_below(&self, n: NodeId, level: u32) -> Vec<usize> {
        let below = self.g.reachable_until(&[n], |m| !self.g.reads_level(m, level));
        let slot = |m: NodeId| match self.g.op(m) {
            Op::State { level: of, slot, .. } if *of == level => Some(*slot as usize),
            _ => None,
        };
        below.into_iter().filter_map(slot).collect()
    }

    /// The term as one expression with these axes.
    pub(super) fn value(&mut self, n: NodeId, axes: &[Axis]) -> Expr {
        match self.right_side(n, axes) {
            (None, value) => value,
            (Some(binders), body) => expr(ExprKind::Comprehension { binders, body: Box::new(body) }),
        }
    }

    /// The states that are read, and those that they need.
    fn live_states(&self, at: usize) -> Vec<usize> {
        let found = &self.loops[at];
        let read = |r: &Reads| r.after.is_some() || r.before.is_some() || r.last.is_some() || r.all.is_some();
        let mut live: Vec<usize> = (0..found.reads.len()).filter(|s| read(&found.reads[*s])).collect();
        let mut next = 0;
        while let Some(slot) = live.get(next).copied() {
            for needed in &found.needs[slot] {
                if !live.contains(needed) {
                    live.push(*needed);
                }
            }
            next += 1;
        }
        live.sort_unstable();
        live
    }

    /// The lets of a loop, now that it is known what is read of it.
    pub(super) fn finish_loop(&mut self, at: usize) -> Vec<Statement> {
        let lacking = |r: &Reads| r.last.is_some() && r.after.is_none();
        let many = self.loops[at].reads.iter().any(|r| r.after.is_some() || r.before.is_some());
        for slot in 0..self.loops[at].reads.len() {
            if many && lacking(&self.loops[at].reads[slot]) {
                self.named(at, slot, |r| &mut r.after);
            }
        }
        let live = self.live_states(at);
        let found = &self.loops[at];
        let turns = self.g.extent(found.form.turn).clone();
        let mut pattern: Vec<String> = vec![];
        let mut values: Vec<Expr> = vec![];
        let mut lasts: Vec<(String, String)> = vec![];
        for (slot, (reads, next)) in found.reads.iter().zip(&found.next).enumerate() {
            if !live.contains(&slot) {
                continue;
            }
            if many && let (Some(last), Some(after)) = (&reads.last, &reads.after) {
                lasts.push((last.clone(), after.clone()));
            }
            let out = if many { &reads.after } else { &reads.last };
            pattern.push(out.clone().unwrap_or_else(|| "_".into()));
            values.push(next.clone());
        }
        for (reads, state) in found.reads.iter().zip(&found.states) {
            if let Some(before) = &reads.before {
                pattern.push(before.clone());
                values.push(name(state));
            }
        }
        let lines = super::reads::needed(&found.lines, &values);
        let value = match values.len() {
            1 => values.remove(0),
            _ => expr(ExprKind::Tuple(values)),
        };
        let body = match lines.is_empty() {
            true => value,
            false => expr(ExprKind::Block { lines, value: Box::new(value) }),
        };
        let range = BinderRange::Extent(size(&self.g.extents, &turns));
        let turn = self.names.axis(&self.g.extents, found.turn);
        let found = &self.loops[at];
        let repeat = Repeat {
            form: if many { RepeatForm::Scan } else { RepeatForm::Fold },
            form_span: span(),
            binder: Some(Binder::Index { name: ident(&turn), range: Some(range) }),
            states: live.iter().map(|s| (ident(&found.states[*s]), found.first[*s].0.clone())).collect(),
            options: vec![],
            body,
        };
        let pattern = match pattern.len() {
            1 => Pattern::Name(ident(&pattern[0])),
            _ => Pattern::Tuple(pattern.iter().map(|n| ident(n)).collect()),
        };
        let value = expr(ExprKind::Repeat(Box::new(repeat)));
        let mut out = vec![let_statement(Let { pattern, ty: None, binders: None, value, span: span() })];
        let end = size(&self.g.extents, &turns.sub(&Poly::constant(1)));
        for (last, after) in lasts {
            let value = index(name(&after), vec![end.clone()]);
            let pattern = Pattern::Name(ident(&last));
            out.push(let_statement(Let { pattern, ty: None, binders: None, value, span: span() }));
        }
        let alls: Vec<(String, String, usize)> = found
            .reads
            .iter()
            .enumerate()
            .filter_map(|(slot, r)| Some((r.all.clone()?, r.after.clone()?, slot)))
            .collect();
        for (all, after, slot) in alls {
            out.push(self.all_states(at, slot, &all, &after, &turns));
        }
        out
    }

    /// `let all[t in T + 1, …] = if t >= 1 then after[t - 1, …] else first[…]`
    fn all_states(&mut self, at: usize, slot: usize, all: &str, after: &str, turns: &Poly) -> Statement {
        let form = self.loops[at].form.clone();
        let extent = turns.add(&Poly::constant(1));
        let turn: Name = ident(&self.names.fresh("t"));
        let axes: Vec<Axis> = form.slots[slot].axes.minus(&self.fixed).iter().collect();
        let names: Vec<Expr> = axes.iter().map(|a| name(&self.names.axis(&self.g.extents, *a))).collect();
        let range = |poly: &Poly, g: &crate::graph::Graph| Some(BinderRange::Extent(size(&g.extents, poly)));
        let mut binders = vec![Binder::Index { name: turn.clone(), range: range(&extent, &self.g) }];
        for axis in &axes {
            let name = ident(&self.names.axis(&self.g.extents, *axis));
            binders.push(Binder::Index { name, range: range(self.g.extent(*axis), &self.g) });
        }
        let before = binary(BinaryOp::Subtract, name(&turn.text), number(1.0));
        let then = index(name(after), std::iter::once(before).chain(names.iter().cloned()).collect());
        let first = match axes.is_empty() {
            true => self.loops[at].first[slot].0.clone(),
            false => {
                let n = self.loops[at].first[slot].1;
                self.indexed(n)
            }
        };
        let value = choose(compare(name(&turn.text), CompareOp::GreaterEqual, number(1.0)), then, first);
        let pattern = Pattern::Name(ident(all));
        let binders = Some(binders);
        let_statement(Let { pattern, ty: None, binders, value, span: span() })
    }

    /// The name of a state inside its loop.
    pub(super) fn state(&self, level: u32, slot: u16, axes: &AxisSet) -> (String, Vec<Axis>) {
        let known = self.states.get(&level).and_then(|s| s.get(slot as usize)).cloned();
        // An axis that stands for a place is read there.
        let own = axes.iter().filter(|a| !self.fixed.contains(*a) || self.places.contains_key(a));
        (known.unwrap_or_else(|| "state".into()), own.collect())
    }
}
