//! Which elements of ports each element of a term depends on: the pattern of a sparse Jacobian, from the graph.
//!
//! Sets of elements take the place of numbers: a sum has the union of its arguments' sets, an index reads the set of where
//! it points, a choice that indices decide has the set of its branch. What cannot be told from sizes and known indices
//! counts as dependence, so a set may be too large (all turns of a loop, whole matrices, rules of the user), never too
//! small.
//!
//! Reads the graph, the table and the interpreter. Must not know what patterns are for.

use super::{Array, Bindings, EvaluateError, Evaluation, Walk, array, strides_of};
use crate::graph::{Axis, AxisSet, Graph, Kind, Levels, NodeId, Op, PortId, PortKind, ScanForm};
use crate::prim::{Prim, Vjp};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// More elements than this are not looked at one by one.
const LIMIT: usize = 1 << 26;

/// Elements of the ports, counted through all of them in order; ascending.
type Set = Rc<[u32]>;

/// A set for each element of a term.
#[derive(Clone)]
struct Sets {
    axes: Vec<Axis>,
    data: Vec<Set>,
}

/// For each element of the term, row-major in this order of axes, the elements of `ports` that it may depend on, counted
/// through all of them in order, row-major in each. All dims must be bound, and of index ports those that lead to a port:
/// without them everything they may point at counts.
///
/// # Errors
/// Sizes that are unknown or too large.
pub fn dependence(
    graph: &Graph,
    bindings: &Bindings,
    term: (NodeId, &[Axis]),
    ports: &[PortId],
) -> Result<Vec<Rc<[u32]>>, EvaluateError> {
    let mut indices = FxHashSet::default();
    for n in graph.reachable(&[term.0]) {
        let known = match graph.op(n) {
            Op::Port(port) => graph.port_info(*port).kind != PortKind::Real && bindings.ports.contains_key(port),
            Op::State { .. } | Op::Scan(_) | Op::Out { .. } | Op::Block(..) => false,
            _ => super::dependencies(graph, n).iter().all(|a| indices.contains(a)),
        };
        if known {
            indices.insert(n);
        }
    }
    let wanted: Vec<NodeId> = indices.iter().copied().filter(|n| graph.kind(*n) != Kind::Real).collect();
    let known = Evaluation::new(graph, bindings, &wanted)?;
    let mut this = Dependence { graph, known, sets: FxHashMap::default(), states: FxHashMap::default() };
    let mut first = 0;
    for port in ports {
        let axes = graph.port_info(*port).axes.clone();
        let count = this.count(&axes)?;
        let data = (first..first + count).map(|i| Rc::from([i as u32])).collect();
        this.states.insert(Leaf::Port(*port), Sets { axes, data });
        first += count;
    }
    this.fill(&[term.0], &Levels::new())?;
    let none = Sets { axes: vec![], data: vec![Rc::from([])] };
    let found = this.sets.get(&term.0).unwrap_or(&none);
    let sizes = this.known.sizes(term.1)?;
    let steps = strides_of(term.1, &found.shape(), &this.known)?;
    let mut out = vec![];
    Walk::new(&sizes, &[steps]).each(|at| out.push(found.data[at[0]].clone()));
    Ok(out)
}

/// What has sets before anything is worked out.
#[derive(PartialEq, Eq, Hash)]
enum Leaf {
    Port(PortId),
    State(u32, u16),
}

struct Dependence<'g> {
    graph: &'g Graph,
    /// Indices and conditions that sizes and known ports decide.
    known: Evaluation<'g>,
    /// Of terms that depend on a port at all.
    sets: FxHashMap<NodeId, Sets>,
    states: FxHashMap<Leaf, Sets>,
}

impl Sets {
    /// As an array without elements, to find strides.
    fn shape(&self) -> Array {
        Array { axes: self.axes.clone(), data: vec![] }
    }
}

impl Dependence<'_> {
    fn count(&self, axes: &[Axis]) -> Result<usize, EvaluateError> {
        let sizes = self.known.sizes(axes)?;
        let count = sizes.iter().try_fold(1usize, |n, s| n.checked_mul(*s)).filter(|n| *n <= LIMIT);
        count.ok_or_else(|| {
            let names: Vec<String> = axes.iter().map(|a| self.graph.extents.show(self.graph.extent(*a))).collect();
            EvaluateError::Size(names.join(" * "))
        })
    }

    /// Works out everything below the roots that reads no other states than those of `open` loops.
    fn fill(&mut self, roots: &[NodeId], open: &Levels) -> Result<(), EvaluateError> {
        for n in self.graph.reachable(roots) {
            let node = self.graph.node(n);
            let outside = node.states.iter().any(|l| !open.contains(l));
            let done = open.is_empty() || !node.states.is_empty();
            if outside || !done {
                continue;
            }
            match &node.op {
                Op::Scan(form) => self.scan(n, &form.clone(), open)?,
                _ => {
                    let sets = self.node(n)?;
                    match sets {
                        Some(sets) if sets.data.iter().any(|s| !s.is_empty()) => self.sets.insert(n, sets),
                        _ => self.sets.remove(&n),
                    };
                }
            }
        }
        Ok(())
    }

    fn node(&self, n: NodeId) -> Result<Option<Sets>, EvaluateError> {
        let g = self.graph;
        let args = g.args(n);
        let axes: Vec<Axis> = g.axes(n).iter().collect();
        if g.kind(n) != Kind::Real && !matches!(g.op(n), Op::State { .. } | Op::Out { .. }) {
            return Ok(None);
        }
        match g.op(n) {
            Op::Port(port) => Ok(self.states.get(&Leaf::Port(*port)).cloned()),
            Op::State { level, slot, .. } => Ok(self.states.get(&Leaf::State(*level, *slot)).cloned()),
            Op::Out { slot, .. } => {
                let Op::Scan(form) = g.op(args[0]) else { return Ok(None) };
                let Some(state) = self.states.get(&Leaf::State(form.level, *slot)) else { return Ok(None) };
                self.union(&axes, &[state], &[]).map(Some)
            }
            Op::Prim(prim, _) => self.elementwise(&axes, *prim, args),
            Op::Reduce(_, bound) => self.all_along(&axes, bound, &args[..1]),
            Op::At(vars) => self.read(vars, &axes, args),
            Op::Block(_, size) => {
                let core: AxisSet = crate::graph::core(*size).into_iter().collect();
                let inner = args.iter().fold(core, |set, a| set.union(&g.axes(*a).minus(g.axes(n))));
                self.all_along(&axes, &inner, args)
            }
            // What the rule of a user does with the cotangent of another element is not known.
            Op::Custom { .. } => {
                let inner = args.iter().fold(AxisSet::new(), |set, a| set.union(g.axes(*a)));
                self.all_along(&axes, &inner, args)
            }
            _ => Ok(None),
        }
    }

    fn elementwise(&self, axes: &[Axis], prim: Prim, args: &[NodeId]) -> Result<Option<Sets>, EvaluateError> {
        if prim == Prim::Select
            && let Some(condition) = self.known.value(args[0])
        {
            let [yes, no] = [self.sets.get(&args[1]), self.sets.get(&args[2])];
            if yes.is_none() && no.is_none() {
                return Ok(None);
            }
            let none = Sets { axes: vec![], data: vec![Rc::from([])] };
            let (yes, no) = (yes.unwrap_or(&none), no.unwrap_or(&none));
            let steps = [strides_of(axes, condition, &self.known)?, self.steps(axes, yes)?, self.steps(axes, no)?];
            let mut data = Vec::with_capacity(self.count(axes)?);
            Walk::new(&self.known.sizes(axes)?, &steps).each(|at| {
                let taken = if condition.data[at[0]] != 0.0 { &yes.data[at[1]] } else { &no.data[at[2]] };
                data.push(taken.clone());
            });
            return Ok(Some(Sets { axes: axes.to_vec(), data }));
        }
        // Add and Mul take any number of arguments by one text.
        let moves = |i: usize| match prim {
            Prim::Add | Prim::Mul => true,
            _ => matches!(prim.row().vjp.get(i), Some(Vjp::Text(_))),
        };
        let moving = args.iter().enumerate().filter(|(i, _)| moves(*i));
        let parts: Vec<&Sets> = moving.filter_map(|(_, a)| self.sets.get(a)).collect();
        if parts.is_empty() { Ok(None) } else { self.union(axes, &parts, &[]).map(Some) }
    }

    /// What arguments depend on along all of some axes.
    fn all_along(&self, axes: &[Axis], bound: &AxisSet, args: &[NodeId]) -> Result<Option<Sets>, EvaluateError> {
        let parts: Vec<&Sets> = args.iter().filter_map(|a| self.sets.get(a)).collect();
        let bound: Vec<Axis> = bound.iter().collect();
        if parts.is_empty() { Ok(None) } else { self.union(axes, &parts, &bound).map(Some) }
    }

    /// The union of parts, for each element along `axes`, over all elements along `bound`.
    fn union(&self, axes: &[Axis], parts: &[&Sets], bound: &[Axis]) -> Result<Sets, EvaluateError> {
        let outer: Vec<Vec<usize>> = parts
            .iter()
            .map(|p| {
                let mut steps = self.steps(axes, p)?;
                let again = steps.iter_mut().zip(axes).filter(|(_, a)| bound.contains(a));
                again.for_each(|(step, _)| *step = 0);
                Ok(steps)
            })
            .collect::<Result<_, EvaluateError>>()?;
        let mut inner = vec![];
        for part in parts {
            let own: Vec<Axis> = bound.iter().copied().filter(|a| part.axes.contains(a)).collect();
            inner.push((self.known.sizes(&own)?, [self.steps(&own, part)?]));
        }
        self.count(&[axes, bound].concat())?;
        let mut data = vec![];
        let mut all: Vec<u32> = vec![];
        let mut found: Vec<Set> = vec![];
        Walk::new(&self.known.sizes(axes)?, &outer).each(|start| {
            found.clear();
            for ((part, at), (sizes, steps)) in parts.iter().zip(start).zip(&inner) {
                Walk::new(sizes, steps).each(|offset| {
                    let set = &part.data[at + offset[0]];
                    if !set.is_empty() && found.last().is_none_or(|last| !Rc::ptr_eq(last, set)) {
                        found.push(set.clone());
                    }
                });
            }
            data.push(match found.as_slice() {
                [] => Rc::from([]),
                [one] => one.clone(),
                _ => {
                    all.clear();
                    found.iter().for_each(|s| all.extend_from_slice(s));
                    all.sort_unstable();
                    all.dedup();
                    Rc::from(all.as_slice())
                }
            });
        });
        Ok(Sets { axes: axes.to_vec(), data })
    }

    fn steps(&self, axes: &[Axis], sets: &Sets) -> Result<Vec<usize>, EvaluateError> {
        strides_of(axes, &sets.shape(), &self.known)
    }

    /// A view: along what is read at unknown places, everything.
    fn read(&self, vars: &AxisSet, axes: &[Axis], args: &[NodeId]) -> Result<Option<Sets>, EvaluateError> {
        let Some(base) = self.sets.get(&args[0]) else { return Ok(None) };
        let pairs = || vars.iter().zip(&args[1..]);
        let lost: Vec<Axis> = pairs().filter(|(_, a)| self.known.value(**a).is_none()).map(|(v, _)| v).collect();
        let rest: Vec<Axis> = base.axes.iter().copied().filter(|a| !lost.contains(a)).collect();
        let base = if lost.is_empty() { base.clone() } else { self.union(&rest, &[base], &lost)? };
        let places: Vec<(Axis, &Array)> = pairs().filter_map(|(v, a)| Some((v, self.known.value(*a)?))).collect();
        let sizes = self.known.sizes(&base.axes)?;
        let step = array::row_major(&sizes);
        let place = |axis: Axis| base.axes.iter().position(|b| *b == axis);
        let mut steps: Vec<Vec<usize>> =
            places.iter().map(|(_, v)| strides_of(axes, v, &self.known)).collect::<Result<_, _>>()?;
        let kept = |a: &Axis| place(*a).filter(|_| !vars.contains(*a)).map_or(0, |i| step[i]);
        steps.push(axes.iter().map(kept).collect());
        let mut data = Vec::with_capacity(self.count(axes)?);
        let none: Set = Rc::from([]);
        Walk::new(&self.known.sizes(axes)?, &steps).each(|at| {
            let mut offset = Some(at[places.len()]);
            for ((var, index), i) in places.iter().zip(at) {
                let Some(along) = place(*var) else { continue };
                let index = index.data[*i];
                let inside = index >= 0.0 && index < sizes[along] as f64;
                offset = offset.filter(|_| inside).map(|o| o + index as usize * step[along]);
            }
            data.push(offset.map_or(none.clone(), |o| base.data[o].clone()));
        });
        Ok(Some(Sets { axes: axes.to_vec(), data }))
    }

    /// A loop: what a state depends on after any number of turns.
    fn scan(&mut self, n: NodeId, form: &ScanForm, open: &Levels) -> Result<(), EvaluateError> {
        let count = form.slots.len();
        let (first, next) = self.graph.args(n).split_at(count);
        let turn = [form.turn];
        let mut inner = open.clone();
        inner.push(form.level);
        for (i, (slot, first)) in form.slots.iter().zip(first).enumerate() {
            let axes: Vec<Axis> = slot.axes.iter().collect();
            let parts: Vec<&Sets> = self.sets.get(first).into_iter().collect();
            let start = self.union(&axes, &parts, &[])?;
            self.states.insert(Leaf::State(form.level, i as u16), start);
        }
        loop {
            self.fill(next, &inner)?;
            let mut grown = false;
            for (i, next) in next.iter().enumerate() {
                let leaf = Leaf::State(form.level, i as u16);
                let Some(before) = self.states.get(&leaf) else { continue };
                let parts: Vec<&Sets> = [Some(before), self.sets.get(next)].into_iter().flatten().collect();
                let after = self.union(&before.axes, &parts, &turn)?;
                grown |= after.data.iter().zip(&before.data).any(|(a, b)| a.len() > b.len());
                self.states.insert(leaf, after);
            }
            if !grown {
                return Ok(());
            }
        }
    }
}
