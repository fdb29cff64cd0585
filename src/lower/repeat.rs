//! Loops: `fold`, `scan`, `iterate`.
//!
//! Reads binders and expressions. The body is built once, on states that stand for the values before a turn; how often it
//! runs is a number.

use super::ranges::Index;
use super::scope::{LocalRole, Lowerer};
use super::value::{Array, Evaluated, Slot, Sort, Value};
use crate::diag::catalog::{loops as error, nearest};
use crate::graph::{AxisSet, ExtentId, Kind, NodeId, Op, OpenScan, Poly, Precision, Role, StateMap};
use crate::prim::{Prim, Reduction};
use crate::span::Span;
use crate::syntax::ast::{Binder, Expr, Name, Repeat, RepeatForm, StatementKind};
use std::rc::Rc;

/// How many steps `iterate` does if it does not say.
const MOST_STEPS: i64 = 100;

/// A loop while its body is worked out.
struct Building<'a> {
    repeat: &'a Repeat,
    open: OpenScan,
    /// The values of the states before the loop, and before a turn.
    first: Vec<Array>,
    states: Vec<Array>,
    /// Turns that are none: those outside a range that depends on indices around the loop.
    filters: Vec<NodeId>,
}

impl<'a> Lowerer<'a> {
    /// `fold(t in T, h = h0) => step(h, x[t])`
    pub(super) fn repeat(&mut self, repeat: &'a Repeat, span: Span) -> Evaluated {
        let first: Vec<Evaluated<Array>> =
            repeat.states.iter().map(|(name, e)| self.first_state(repeat.form, name, e)).collect();
        let first = first.into_iter().collect::<Evaluated<Vec<Array>>>()?;
        for (name, _) in &repeat.states {
            self.check_loop_name(name)?;
        }
        match &repeat.binder {
            Some(Binder::Index { name, range }) => {
                let index = Index { name: &name.text, span: name.span, range: range.as_ref() };
                let opened = self.open(&[index], None, &repeat.body, None, false)?;
                let (slot, filters) = (opened.slots[0], opened.filters.clone());
                let result = self.turns(repeat, first, slot, filters, span);
                self.close(opened);
                result
            }
            _ => {
                let extent = self.most_steps(repeat)?;
                let axis = self.fresh_axis(extent, &[]);
                self.indices.push(axis);
                let result = self.turns(repeat, first, Slot { axis, from: span }, vec![], span);
                self.indices.pop();
                result
            }
        }
    }

    /// A name of a loop may be that of the value being defined, and of nothing else in sight.
    fn check_loop_name(&mut self, name: &Name) -> Evaluated<()> {
        match self.visible(&name.text) {
            Some((span, noun)) if !self.defining.contains(&span) => {
                let problem = crate::diag::catalog::names::state_name_taken(
                    self.place(name.span),
                    &name.text,
                    noun,
                    self.place(span),
                );
                self.fail(problem)
            }
            _ => Ok(()),
        }
    }

    fn first_state(&mut self, form: RepeatForm, name: &Name, e: &'a Expr) -> Evaluated<Array> {
        let array = self.array(e)?;
        if form == RepeatForm::Iterate && array.kind != Sort::Real && array.number.is_none() {
            let is = self.show_value(&array);
            return self.fail(error::not_a_fixed_point(self.place(name.span), &name.text, &is));
        }
        match array.kind {
            Sort::Bool | Sort::Index { label: true, .. } => Ok(array),
            _ => self.as_number(array, e),
        }
    }

    /// `[N, D]`, `bool[N]`, `index(C)`
    fn show_value(&self, array: &Array) -> String {
        let shape = if array.is_scalar() { String::new() } else { self.show_shape(&array.axes) };
        match &array.kind {
            Sort::Real if array.is_scalar() => "a number".to_string(),
            Sort::Real => shape,
            Sort::Bool => format!("bool{shape}"),
            Sort::Index { size: Some(size), .. } => format!("index({}){shape}", self.graph.extents.show(size)),
            Sort::Index { .. } => format!("index{shape}"),
        }
    }

    fn option(repeat: &'a Repeat, name: &str) -> Option<&'a Expr> {
        repeat.options.iter().find(|(n, _)| n.text == name).map(|(_, e)| e)
    }

    fn most_steps(&mut self, repeat: &'a Repeat) -> Evaluated<ExtentId> {
        let Some(e) = Self::option(repeat, "max") else {
            return Ok(self.graph.extents.intern(Poly::constant(MOST_STEPS)));
        };
        let array = self.array(e)?;
        let size = array.number.filter(|n| self.graph.extents.known(n).is_none_or(|n| n >= 1));
        match size {
            Some(size) => {
                self.need_size(size.sub(&Poly::constant(1)), e.span, "the number of steps");
                Ok(self.graph.extents.intern(size))
            }
            None => self.fail(error::bad_option(self.place(e.span), "max")),
        }
    }

    fn tolerance(&mut self, repeat: &'a Repeat) -> Evaluated<f64> {
        let Some(e) = Self::option(repeat, "tol") else {
            return Ok(if self.precision() == Precision::F32 { 1e-5 } else { 1e-8 });
        };
        let array = self.real(e)?;
        match super::constant::values(&self.graph, array.node, &[]).as_deref() {
            Some([tol]) if array.is_scalar() && *tol > 0.0 && tol.is_finite() => Ok(*tol),
            _ => self.fail(error::bad_option(self.place(e.span), "tol")),
        }
    }

    /// The precision that the main file asks for.
    fn precision(&self) -> Precision {
        let main = self.modules.iter().filter(|m| m.path.is_empty()).flat_map(|m| &m.ast.statements);
        let is_f64 = main.into_iter().any(|s| matches!(&s.kind, StatementKind::Precision(name) if name.text == "f64"));
        if is_f64 { Precision::F64 } else { Precision::F32 }
    }

    /// The loop, with the range of its turns bound.
    fn turns(
        &mut self,
        repeat: &'a Repeat,
        first: Vec<Array>,
        turn: Slot,
        filters: Vec<NodeId>,
        span: Span,
    ) -> Evaluated {
        // The number of the turn is an index of its own.
        let first: Vec<Array> = first.into_iter().map(|a| self.apart(a)).collect();
        let level = self.graph.open_level();
        let mut open = OpenScan { turn: turn.axis, states: vec![], level, blocks: false };
        let mut states = vec![];
        for (i, array) in first.iter().enumerate() {
            let axes: AxisSet = array.axis_list().into_iter().collect();
            let node = self.graph.state(level, i, axes, self.graph.kind(array.node));
            open.states.push(node);
            states.push(Array { node, number: None, ..array.clone() });
        }
        let mut building = Building { repeat, open, first, states, filters };
        let states = building.states.clone();
        self.push_states(repeat, &states);
        let ports = self.ports.len();
        let value = self.expr(&repeat.body);
        self.pop_states(repeat);
        let parts = match value? {
            Value::Tuple(parts) => parts.to_vec(),
            value => vec![value],
        };
        let count = repeat.states.len();
        if parts.len() < count || parts.len() > count && repeat.form != RepeatForm::Scan {
            let at = self.place(repeat.body.span);
            let form = (repeat.form.word(), self.place(repeat.form_span));
            let slips = repeat.states.iter().rev().filter(|_| parts.len() < count);
            let slip = slips
                .filter_map(|(name, _)| {
                    Some((self.place(name.span), nearest(&name.text, RepeatForm::OPTIONS.iter().copied())?))
                })
                .next();
            return self.fail(error::values_differ(at, form, count, parts.len(), slip));
        }
        let mut next = vec![];
        for (i, part) in parts.iter().take(count).enumerate() {
            next.push(self.next_state(&building, i, part.clone()));
        }
        let mut next = next.into_iter().collect::<Evaluated<Vec<Array>>>()?;
        let mut extras = vec![];
        for part in &parts[count..] {
            let array = self.expect_array(part.clone(), repeat.body.span)?;
            extras.push(self.apart(array));
        }
        let stop = self.stop(&building, &next)?;
        if repeat.form == RepeatForm::Iterate {
            self.check_fixed_point(&building, &next);
            self.check_no_draws(ports, &next);
        }
        // Turns outside of the range change nothing.
        for filter in building.filters.clone() {
            for (new, old) in next.iter_mut().zip(&building.states) {
                new.node = self.graph.select(filter, new.node, old.node);
            }
        }
        self.finish_loop(&mut building, next, extras, stop, turn, span)
    }

    /// A state that a turn changes by what does not depend on it has no fixed point.
    fn check_fixed_point(&mut self, building: &Building<'a>, next: &[Array]) {
        for (i, (new, old)) in next.iter().zip(&building.states).enumerate() {
            let step = self.graph.sub(new.node, old.node);
            let reads = |n: NodeId| self.graph.reachable(&[n]).contains(&old.node);
            if reads(new.node) && new.node != old.node && !reads(step) {
                let (name, _) = &building.repeat.states[i];
                let problem = crate::diag::catalog::lints::state_counts(self.place(name.span), &name.text);
                self.report(problem);
            }
        }
    }

    /// What is drawn anew in every turn, by ports from this place on, keeps the states from settling.
    fn check_no_draws(&mut self, from: usize, next: &[Array]) {
        let roots: Vec<NodeId> = next.iter().map(|a| a.node).collect();
        let reachable = self.graph.reachable(&roots);
        let is_read = |id| reachable.iter().any(|n| *self.graph.op(*n) == Op::Port(id));
        let draws = self.ports[from..].iter().filter(|p| p.role == Role::Random && is_read(p.id));
        let spans: Vec<Span> = draws.map(|p| p.span).collect();
        for span in spans {
            self.report(crate::diag::catalog::lints::draw_in_iterate(span));
        }
    }

    fn push_states(&mut self, repeat: &'a Repeat, states: &[Array]) {
        for ((name, _), state) in repeat.states.iter().zip(states) {
            self.push_local(&name.text, Ok(Value::Array(state.clone())), name.span, LocalRole::State);
        }
    }

    fn pop_states(&mut self, repeat: &'a Repeat) {
        repeat.states.iter().rev().for_each(|(name, _)| self.pop_local(&name.text));
    }

    /// The value of a state after a turn, with the axes of the state.
    fn next_state(&mut self, building: &Building<'a>, i: usize, part: Value) -> Evaluated<Array> {
        let (name, start) = &building.repeat.states[i];
        // Of a tuple that is written out, the part itself is shown.
        let body = innermost(&building.repeat.body);
        let e = match &body.kind {
            crate::syntax::ast::ExprKind::Tuple(items) => items.get(i).unwrap_or(body),
            _ => body,
        };
        let array = self.expect_array(part, e.span)?;
        let state = &building.states[i];
        let array = match (&state.kind, &array.kind) {
            (Sort::Real, Sort::Index { label: false, .. }) => self.as_number(array, e)?,
            _ => array,
        };
        let same_kind = match (&state.kind, &array.kind) {
            (Sort::Index { size: a, .. }, Sort::Index { size: b, .. }) => a.is_none() || b.is_none() || a == b,
            (a, b) => a == b,
        };
        let same_shape = array.axes.len() == state.axes.len()
            && array.axes.iter().zip(&state.axes).all(|(a, b)| self.same_size(a.axis.extent, b.axis.extent).is_some());
        if !same_kind || !same_shape {
            let (start_is, is) = (self.show_value(state), self.show_value(&array));
            let (from, at) = (self.place(start.span), self.place(e.span));
            return self.fail(error::state_changes(&name.text, (&start_is, from), (&is, at)));
        }
        let axes: Vec<_> = state.axis_list();
        let node = self.rename(&array, &axes);
        Ok(Array { node, axes: state.axes.clone(), kind: state.kind.clone(), number: None })
    }

    /// When the loop ends before its last turn: a truth value of the old and new states, and the tolerance of a fixed
    /// point.
    fn stop(&mut self, building: &Building<'a>, next: &[Array]) -> Evaluated<(Option<NodeId>, Option<f64>)> {
        let repeat = building.repeat;
        let tolerance = match repeat.form {
            RepeatForm::Iterate => Some(self.tolerance(repeat)?),
            _ => None,
        };
        if let Some(e) = Self::option(repeat, "until") {
            self.push_states(repeat, next);
            let condition = self.condition(e, "until");
            self.pop_states(repeat);
            let condition = condition?;
            if !condition.is_scalar() {
                return self.fail(error::bad_option(self.place(e.span), "until"));
            }
            return Ok((Some(condition.node), tolerance));
        }
        let Some(tol) = tolerance else { return Ok((None, None)) };
        let g = &mut self.graph;
        let (tol, one, mut still) = (g.constant(tol), g.constant(1.0), g.bool(true));
        for (new, old) in next.iter().zip(&building.states) {
            let step = g.sub(new.node, old.node);
            let step = g.prim(Prim::Abs, 0.0, &[step]);
            let size = g.prim(Prim::Abs, 0.0, &[new.node]);
            let size = g.prim(Prim::Max, 0.0, &[one, size]);
            let allowed = g.mul(&[tol, size]);
            let near = g.prim(Prim::LessEqual, 0.0, &[step, allowed]);
            let near = g.reduce(Reduction::All, &new.axis_list(), near);
            still = g.and(still, near);
        }
        Ok((Some(still), tolerance))
    }

    fn finish_loop(
        &mut self,
        building: &mut Building<'a>,
        next: Vec<Array>,
        extras: Vec<Array>,
        (stop, tolerance): (Option<NodeId>, Option<f64>),
        turn: Slot,
        span: Span,
    ) -> Evaluated {
        let count = next.len();
        let checkpoint = self.checkpoint(building.repeat)?;
        let first: Vec<NodeId> = building.first.iter().map(|a| a.node).collect();
        let mut first = first;
        let mut after: Vec<NodeId> = next.iter().map(|a| a.node).collect();
        let open = &mut building.open;
        // What is dear and shared with the states is collected in the loop; other values are worked out from the states.
        let mut collected = vec![None; extras.len()];
        for (place, extra) in collected.iter_mut().zip(&extras) {
            if stop.is_some() || checkpoint.is_some() || self.shares_work(open.level, extra.node, &after[..count]) {
                let slot = crate::graph::Slot {
                    axes: extra.axis_list().into_iter().collect(),
                    kind: self.graph.kind(extra.node),
                };
                *place = Some(open.states.len());
                open.add_state(&mut self.graph, &slot);
                first.push(match slot.kind {
                    Kind::Real => self.graph.constant(0.0),
                    Kind::Bool => self.graph.bool(false),
                    Kind::Index => self.graph.index_constant(0),
                });
                after.push(extra.node);
            }
        }
        let mut done = None;
        if let Some(stop) = stop {
            let slot = crate::graph::Slot { axes: AxisSet::new(), kind: Kind::Bool };
            let ended = open.add_state(&mut self.graph, &slot);
            let states = open.states.clone();
            for (new, old) in after.iter_mut().zip(&states) {
                *new = self.graph.select(ended, *old, *new);
            }
            done = Some(after.len() as u16);
            first.push(self.graph.bool(false));
            after.push(self.graph.or(ended, stop));
        }
        let (level, form) = (open.level, building.repeat.form);
        after = self.unmarked_in_loop(&after, level);
        let extra_nodes: Vec<NodeId> = extras.iter().map(|e| e.node).collect();
        let extra_nodes = self.unmarked_in_loop(&extra_nodes, level);
        let open = building.open.clone();
        let scan = self.graph.close_scan(open, &first, &after, done, tolerance.map(f64::to_bits));
        if let Some(size) = checkpoint {
            let kept = [&building.states[..], &extras].concat();
            return self.finish_blocks(scan, size, form, &kept, turn, span);
        }
        if form != RepeatForm::Scan {
            let mut parts = vec![];
            for (i, state) in building.states.iter().enumerate() {
                let node = self.graph.last_state(scan, i as u16);
                parts.push(Value::Array(Array { node, ..state.clone() }));
            }
            return Ok(tuple(parts));
        }
        let here = self.graph.axis(turn.axis);
        let one = self.graph.index_constant(1);
        let later = self.graph.index_add(here, one);
        let mut parts = vec![];
        for (i, state) in building.states.iter().enumerate() {
            let node = self.graph.out(scan, i as u16, later);
            parts.push(self.along(turn, node, state, span)?);
        }
        let mut before = StateMap::default();
        for i in 0..count as u16 {
            let state = self.graph.out(scan, i, here);
            before.insert(level, i, state);
        }
        for ((extra, seen), place) in extras.iter().zip(extra_nodes).zip(collected) {
            let node = match place {
                Some(slot) => self.graph.out(scan, slot as u16, later),
                None => self.graph.substitute(&[seen], &before)[0],
            };
            parts.push(self.along(turn, node, extra, span)?);
        }
        Ok(tuple(parts))
    }

    /// The size of the blocks between which states are stored.
    fn checkpoint(&mut self, repeat: &'a Repeat) -> Evaluated<Option<i64>> {
        let Some(e) = Self::option(repeat, "checkpoint") else { return Ok(None) };
        let array = self.array(e)?;
        match array.number.and_then(|n| self.graph.extents.known(&n)) {
            Some(size) if size >= 1 => Ok(self.checkpoints.then_some(size)),
            _ => self.fail(error::bad_option(self.place(e.span), "checkpoint")),
        }
    }

    /// The results of a loop in blocks: states after the last turn, or states and extras after each.
    fn finish_blocks(
        &mut self,
        scan: NodeId,
        size: i64,
        form: RepeatForm,
        kept: &[Array],
        turn: Slot,
        span: Span,
    ) -> Evaluated {
        let each = form == RepeatForm::Scan;
        let Some(blocks) = self.graph.blocks(scan, size, each) else { return Ok(tuple(vec![])) };
        let mut parts = vec![];
        for (i, value) in kept.iter().enumerate() {
            if each {
                let here = self.graph.axis(turn.axis);
                let node = self.graph.after_turn(&blocks, i as u16, here);
                parts.push(self.along(turn, node, value, span)?);
            } else {
                let node = self.graph.last_state(blocks.scan, i as u16);
                parts.push(Value::Array(Array { node, ..value.clone() }));
            }
        }
        Ok(tuple(parts))
    }

    /// The values of all turns: the turn is their first axis.
    fn along(&mut self, turn: Slot, node: NodeId, each: &Array, span: Span) -> Evaluated {
        let axes: Vec<Slot> = std::iter::once(turn).chain(each.axes.iter().copied()).collect();
        let sizes: Vec<ExtentId> = axes.iter().map(|s| s.axis.extent).collect();
        self.check_count(&sizes, span)?;
        Ok(Value::Array(Array { node, axes, kind: each.kind.clone(), number: None }))
    }

    /// Whether a term and others have a sum or loop over states in common.
    fn shares_work(&self, level: u32, term: NodeId, others: &[NodeId]) -> bool {
        let dear = |roots: &[NodeId]| -> Vec<NodeId> {
            let below = self.graph.reachable_until(roots, |n| !self.graph.reads_level(n, level));
            below
                .into_iter()
                .filter(|n| {
                    self.graph.reads_level(*n, level) && matches!(self.graph.op(*n), Op::Reduce(..) | Op::Scan(_))
                })
                .collect()
        };
        let shared = dear(others);
        dear(&[term]).iter().any(|n| shared.contains(n))
    }
}

fn tuple(mut parts: Vec<Value>) -> Value {
    match parts.len() {
        1 => parts.remove(0),
        _ => Value::Tuple(Rc::from(parts)),
    }
}

/// The value of a block is what it ends in.
fn innermost(e: &Expr) -> &Expr {
    match &e.kind {
        crate::syntax::ast::ExprKind::Block { value, .. } => innermost(value),
        _ => e,
    }
}
