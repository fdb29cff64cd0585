//! Loops, turn by turn.
//!
//! In a turn the states of the loop and the number of the turn have values; a term of the loop is an array over its
//! other axes. Where something on the way binds the axis of a turn again, below it that axis is free.

use super::array::{self, Array, Walk};
use super::{Bindings, EvaluateError, Evaluation};
use crate::graph::{Axis, AxisSet, Graph, NodeId, Op, ScanForm};
use rustc_hash::FxHashMap;

/// What has a value in a turn.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    states: FxHashMap<u32, Vec<Array>>,
    places: Vec<(Axis, usize)>,
}

impl Around {
    /// The value of an axis.
    pub(super) fn place(&self, axis: Axis) -> Option<usize> {
        self.places.iter().find(|p| p.0 == axis).map(|p| p.1)
    }

    /// The value of a state.
    pub(super) fn state(&self, level: u32, slot: u16) -> Array {
        self.states[&level][slot as usize].clone()
    }

    /// What has a value in a turn of one more loop: its number, and its states by level.
    pub(super) fn in_turn(&self, turn: &AxisSet, place: (Axis, usize), states: (u32, Vec<Array>)) -> Around {
        let mut around = self.without(turn);
        around.places.push(place);
        around.states.insert(states.0, states.1);
        around
    }

    fn without(&self, axes: &AxisSet) -> Around {
        Around {
            states: self.states.clone(),
            places: self.places.iter().copied().filter(|p| !axes.contains(p.0)).collect(),
        }
    }
}

impl<'g> Evaluation<'g> {
    /// The axes of a node that have no value.
    pub(super) fn free_axes(&self, n: NodeId) -> Vec<Axis> {
        self.graph.axes(n).iter().filter(|a| self.around.place(*a).is_none()).collect()
    }

    /// The axes with a value that a node binds again.
    pub(super) fn released(&self, n: NodeId) -> Option<AxisSet> {
        let bound = match self.graph.op(n) {
            Op::Reduce(_, bound) => bound.clone(),
            Op::At(vars) => vars.clone(),
            _ => return None,
        };
        let released: AxisSet = bound.iter().filter(|a| self.around.place(*a).is_some()).collect();
        (!released.is_empty()).then_some(released)
    }

    /// A reduction or view that binds axes which have a value around it.
    pub(super) fn rebound(
        &self,
        n: NodeId,
        released: &AxisSet,
        bindings: &Bindings,
        outside: &Evaluation,
    ) -> Result<Array, EvaluateError> {
        let base = self.graph.args(n)[0];
        let mut inner = self.within(self.around.without(released));
        inner.fill(&[base], bindings, outside)?;
        // The places of a view are read here, its base there.
        for (key, value) in &self.values {
            inner.values.entry(*key).or_insert_with(|| value.clone());
        }
        if let Op::At(_) = self.graph.op(n) {
            for index in &self.graph.args(n)[1..] {
                inner.values.insert(*index, self.values[index].clone());
            }
        }
        inner.around = self.around.clone();
        inner.node(n, bindings)
    }

    /// Nothing worked out yet, with these turns around.
    pub(super) fn within(&self, around: Around) -> Evaluation<'g> {
        Evaluation {
            graph: self.graph,
            values: FxHashMap::default(),
            loops: FxHashMap::default(),
            dims: self.dims.clone(),
            around,
            single: self.single,
        }
    }

    /// Works out everything below the roots.
    pub(super) fn fill(
        &mut self,
        roots: &[NodeId],
        bindings: &Bindings,
        outside: &Evaluation,
    ) -> Result<(), EvaluateError> {
        let graph: &Graph = self.graph;
        let known = |n: NodeId| graph.node(n).states.is_empty();
        // Loops are worked out as a whole; their terms are not looked at here.
        let inner = |n: NodeId| match graph.op(n) {
            Op::Scan(form) => graph.args(n)[..form.slots.len()].to_vec(),
            _ => super::dependencies(graph, n),
        };
        let mut order = vec![];
        let mut seen = rustc_hash::FxHashSet::default();
        let mut stack = roots.to_vec();
        while let Some(n) = stack.pop() {
            if seen.insert(n) {
                order.push(n);
                if !known(n) && self.released(n).is_none() {
                    stack.extend(inner(n));
                } else if !known(n) && matches!(graph.op(n), Op::At(_)) {
                    stack.extend(graph.args(n)[1..].iter().copied());
                }
            }
        }
        order.sort();
        for n in order {
            if !known(n) {
                self.insert(n, bindings, Some(outside))?;
            } else if let Some(states) = outside.loops.get(&n) {
                self.loops.insert(n, states.clone());
            } else {
                let value = self.slice(&outside.values[&n])?;
                self.values.insert(n, value);
            }
        }
        Ok(())
    }

    /// An array from outside, read in this turn.
    fn slice(&self, value: &Array) -> Result<Array, EvaluateError> {
        if value.axes.iter().all(|a| self.around.place(*a).is_none()) {
            return Ok(value.clone());
        }
        let all = array::row_major(&self.sizes(&value.axes)?);
        let (mut axes, mut steps, mut start) = (vec![], vec![], 0);
        for (axis, step) in value.axes.iter().zip(all) {
            match self.around.place(*axis) {
                Some(at) => start += at * step,
                None => {
                    axes.push(*axis);
                    steps.push(step);
                }
            }
        }
        let sizes = self.sizes(&axes)?;
        let mut data = Vec::with_capacity(sizes.iter().product());
        Walk::new(&sizes, &[steps]).each(|at| data.push(value.data[start + at[0]]));
        Ok(Array { axes, data })
    }

    /// The states of a loop: for each slot an array along the turns first.
    pub(super) fn turns(
        &self,
        scan: NodeId,
        form: &ScanForm,
        bindings: &Bindings,
        outside: &Evaluation,
    ) -> Result<Vec<Array>, EvaluateError> {
        let count = form.slots.len();
        let (first, next) = self.graph.args(scan).split_at(count);
        let axes: Vec<Vec<Axis>> = form
            .slots
            .iter()
            .map(|slot| slot.axes.iter().filter(|a| self.around.place(*a).is_none()).collect())
            .collect();
        let mut states: Vec<Array> = first
            .iter()
            .zip(&axes)
            .map(|(n, axes)| Ok(Array { axes: axes.clone(), data: self.in_order(*n, axes)? }))
            .collect::<Result<_, EvaluateError>>()?;
        let mut all: Vec<Array> = states.clone();
        let turns = self.size(form.turn)?;
        let turn: AxisSet = [form.turn].into_iter().collect();
        for t in 0..turns {
            let around = self.around.in_turn(&turn, (form.turn, t), (form.level, states));
            let mut inner = self.within(around);
            inner.fill(next, bindings, outside)?;
            states = next
                .iter()
                .zip(&axes)
                .map(|(n, axes)| Ok(Array { axes: axes.clone(), data: inner.in_order(*n, axes)? }))
                .collect::<Result<_, EvaluateError>>()?;
            for (all, state) in all.iter_mut().zip(&states) {
                all.data.extend_from_slice(&state.data);
            }
        }
        Ok(all)
    }

    /// One state of a loop along its turns, in this order of axes.
    pub(super) fn states_of(
        &self,
        scan: NodeId,
        slot: u16,
        turn: Axis,
        axes: Vec<Axis>,
    ) -> Result<Array, EvaluateError> {
        let states = &self.loops[&scan][slot as usize];
        let mut order = vec![turn];
        order.extend(&states.axes);
        let whole = Array { axes: order, data: states.data.clone() };
        let whole = self.slice(&whole)?;
        let steps = super::strides_of(&axes, &whole, self)?;
        let mut data = Vec::with_capacity(whole.data.len());
        Walk::new(&self.sizes(&axes)?, &[steps]).each(|at| data.push(whole.data[at[0]]));
        Ok(Array { axes, data })
    }
}
