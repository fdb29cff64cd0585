//! Where a value that is not finite comes from: the way back from one element of a result, element by element.
//!
//! At an `if` the way leads into the branch that was taken, at a sum to the first term that is not finite, in a loop to the
//! turn before, until a term is reached that is not finite though all that it is computed from is.

use super::{Bindings, EvaluateError, Evaluation};
use crate::graph::{Axis, AxisSet, Graph, Kind, NodeId, Op};
use crate::prim::{Prim, Reduction};
use rustc_hash::FxHashMap;

/// More steps than this are not gone.
const STEPS: usize = 1_000_000;

/// The first value that is not finite, on the way to an element of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Culprit {
    /// The term.
    pub node: NodeId,
    /// Its element, by axis.
    pub place: Vec<(Axis, usize)>,
    /// The value.
    pub value: f64,
    /// What it is computed from, and the values there.
    pub operands: Vec<(NodeId, f64)>,
    /// The turns of the loops around it, outermost first.
    pub turns: Vec<usize>,
    /// The terms from it to the result, with their values.
    pub path: Vec<(NodeId, f64)>,
}

/// A turn of a loop that the way leads through.
struct Frame<'g> {
    inside: Evaluation<'g>,
    scan: NodeId,
    level: u32,
    turn: usize,
}

type Place = FxHashMap<Axis, usize>;

impl<'g> Evaluation<'g> {
    /// The term that made an element of the root infinite or NaN; none if all its elements are finite.
    pub fn trace(&self, bindings: &Bindings, root: NodeId) -> Result<Option<Culprit>, EvaluateError> {
        let Some(array) = self.value(root) else { return Ok(None) };
        let Some(at) = array.data.iter().position(|x| !x.is_finite()) else { return Ok(None) };
        let mut place = Place::default();
        let mut step = array.data.len();
        for axis in &array.axes {
            let size = self.size(*axis)?.max(1);
            step /= size;
            place.insert(*axis, at / step.max(1) % size);
        }
        let mut way = Way { root: self, bindings, frames: vec![] };
        let (mut n, mut path) = (root, vec![]);
        for _ in 0..STEPS {
            let value = way.element(n, &place).unwrap_or(f64::NAN);
            if path.last().is_none_or(|(last, _)| *last != n) {
                path.push((n, value));
            }
            match way.next(n, value, &mut place)? {
                Some(next) => n = next,
                None => break,
            }
        }
        path.reverse();
        Ok(Some(way.culprit(n, &place, path)))
    }

    /// One turn of a loop again.
    fn turn(
        &self,
        scan: NodeId,
        turn: usize,
        bindings: &Bindings,
        outside: &Evaluation,
    ) -> Result<Evaluation<'g>, EvaluateError> {
        let Some(form) = self.graph.scan_form(scan) else { unreachable!("only loops have turns") };
        let axes: AxisSet = [form.turn].into_iter().collect();
        let count = self.size(form.turn)? + 1;
        let states = self.loops[&scan].iter().map(|all| {
            let length = all.data.len() / count;
            super::Array { axes: all.axes.clone(), data: all.data[turn * length..][..length].to_vec() }
        });
        let around = self.around.in_turn(&axes, (form.turn, turn), (form.level, states.collect()));
        let mut inside = self.within(around);
        let next = &self.graph.args(scan)[form.slots.len()..];
        inside.fill(next, bindings, outside)?;
        Ok(inside)
    }
}

struct Way<'e, 'g> {
    root: &'e Evaluation<'g>,
    bindings: &'e Bindings,
    frames: Vec<Frame<'g>>,
}

impl<'g> Way<'_, 'g> {
    fn here(&self) -> &Evaluation<'g> {
        self.frames.last().map_or(self.root, |f| &f.inside)
    }

    fn graph(&self) -> &'g Graph {
        self.root.graph
    }

    /// The value of a term at a place; none where it is not kept.
    fn element(&self, n: NodeId, place: &Place) -> Option<f64> {
        let here = self.here();
        let Some(array) = here.value(n) else {
            // The body of a sum of products.
            let (Prim::Mul, args) = self.graph().as_prim(n)? else { return None };
            let args = args.to_vec();
            return args.iter().map(|a| self.element(*a, place)).product();
        };
        let (mut at, mut step) = (0, 1);
        for axis in array.axes.iter().rev() {
            at += place.get(axis)? * step;
            step *= here.size(*axis).ok()?;
        }
        array.data.get(at).copied()
    }

    /// What made a term what it is, and its place, if that is not finite itself.
    fn next(&mut self, n: NodeId, value: f64, place: &mut Place) -> Result<Option<NodeId>, EvaluateError> {
        let g = self.graph();
        let args = g.args(n);
        match g.op(n) {
            Op::Port(_) | Op::Const(_) => Ok(None),
            Op::Custom { .. } => Ok(Some(args[0])),
            Op::Prim(Prim::Select, _) => {
                let taken = if self.element(args[0], place) == Some(0.0) { args[2] } else { args[1] };
                Ok(self.is_bad(taken, place).then_some(taken))
            }
            Op::At(vars) => {
                let mut there = place.clone();
                for (axis, index) in vars.iter().zip(&args[1..]) {
                    let Some(at) = self.element(*index, place) else { return Ok(None) };
                    there.insert(axis, at as usize);
                }
                // A base that is worked out at another place of a turn is not kept.
                if !matches!(g.op(args[0]), Op::Out { .. }) && !self.is_bad(args[0], &there) {
                    return Ok(None);
                }
                *place = there;
                Ok(Some(args[0]))
            }
            Op::Out { slot, turn } => {
                let Some(at) = place.remove(turn) else { return Ok(None) };
                self.state_before(args[0], *slot, at)
            }
            Op::State { level, slot, .. } => {
                while let Some(frame) = self.frames.pop() {
                    if frame.level == *level {
                        return self.state_before(frame.scan, *slot, frame.turn);
                    }
                }
                Ok(None)
            }
            Op::Reduce(reduction, bound) => Ok(self.worst_term(args[0], *reduction, bound, value, place)),
            Op::Block(..) => {
                let bad =
                    args.iter().find(|a| self.here().value(**a).is_some_and(|v| !v.data.iter().all(|x| x.is_finite())));
                let Some(bad) = bad.copied() else { return Ok(None) };
                let axes: AxisSet = g.axes(bad).clone();
                Ok(self.first_bad(bad, &axes, place, |x| !x.is_finite()).then_some(bad))
            }
            _ => {
                let bad = |wanted: fn(f64) -> bool| {
                    let real = args.iter().filter(|a| g.kind(**a) == Kind::Real);
                    real.copied().find(|a| self.element(*a, place).is_some_and(wanted))
                };
                Ok(bad(f64::is_nan).or_else(|| bad(f64::is_infinite)))
            }
        }
    }

    fn is_bad(&self, n: NodeId, place: &Place) -> bool {
        self.element(n, place).is_some_and(|x| !x.is_finite())
    }

    /// The term that a state had before a turn: the first one, or the next one of the turn before, which is entered.
    /// None for a loop that is worked out elsewhere, because a view of it has the axis of a turn around it.
    fn state_before(&mut self, scan: NodeId, slot: u16, turn: usize) -> Result<Option<NodeId>, EvaluateError> {
        let g = self.graph();
        let Some(form) = g.scan_form(scan) else { unreachable!("only loops have states") };
        let args = g.args(scan);
        if turn == 0 {
            return Ok(Some(args[slot as usize]));
        }
        if !self.here().loops.contains_key(&scan) {
            return Ok(None);
        }
        let inside = self.here().turn(scan, turn - 1, self.bindings, self.root)?;
        self.frames.push(Frame { inside, scan, level: form.level, turn: turn - 1 });
        Ok(Some(args[form.slots.len() + slot as usize]))
    }

    /// The term of a reduction that explains its value.
    fn worst_term(
        &self,
        body: NodeId,
        reduction: Reduction,
        bound: &AxisSet,
        value: f64,
        place: &mut Place,
    ) -> Option<NodeId> {
        let same = |x: f64| x == value || x.is_nan() && value.is_nan();
        // NaN by itself, or by terms of both signs that are infinite.
        let found = self.first_bad(body, bound, place, same)
            || reduction == Reduction::Sum && self.first_bad(body, bound, place, |x| !x.is_finite());
        found.then_some(body)
    }

    /// Moves the place along these axes to the first element with the property.
    fn first_bad(&self, n: NodeId, along: &AxisSet, place: &mut Place, wanted: impl Fn(f64) -> bool) -> bool {
        let axes: Vec<Axis> = along.iter().collect();
        let sizes: Option<Vec<usize>> = axes.iter().map(|a| self.here().size(*a).ok()).collect();
        let Some(sizes) = sizes else { return false };
        let mut there = place.clone();
        for at in 0..sizes.iter().product::<usize>() {
            let mut rest = at;
            for (axis, size) in axes.iter().zip(&sizes).rev() {
                there.insert(*axis, rest % size);
                rest /= size;
            }
            if self.element(n, &there).is_some_and(&wanted) {
                *place = there;
                return true;
            }
        }
        false
    }

    fn culprit(&self, node: NodeId, place: &Place, path: Vec<(NodeId, f64)>) -> Culprit {
        let g = self.graph();
        let own = g.axes(node).iter().filter_map(|a| Some((a, *place.get(&a)?)));
        let args: &[NodeId] = match g.op(node) {
            Op::Prim(..) => g.args(node),
            _ => &[],
        };
        let operands = args.iter().filter_map(|a| Some((*a, self.element(*a, place)?)));
        Culprit {
            node,
            place: own.collect(),
            value: self.element(node, place).unwrap_or(f64::NAN),
            operands: operands.collect(),
            turns: self.frames.iter().map(|f| f.turn).collect(),
            path,
        }
    }
}
