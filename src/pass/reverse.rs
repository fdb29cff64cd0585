//! Reverse mode: cotangents flow from a scalar to what it depends on. The result is ordinary terms.
//!
//! Broadcasting is undone once, here. Absent cotangents are symbolic zeros. Masks float outside local derivatives by
//! construction; where cotangents with different masks meet at a node whose derivative may be infinite, the sum is
//! guarded by a liveness mask, so that a branch that was not taken never leaks.

use super::derivative::{Alias, of_prim, of_reduction};
use crate::graph::{Axis, AxisMap, AxisSet, Graph, NodeId, Op, Origin, Via};
use crate::prim::{Prim, Reduction, Vjp};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// The derivatives of the scalar `of` with respect to each node of `wrt`, which has the axes of that node.
///
/// Only dependence through the nodes of `wrt` themselves counts. Where there is none the derivative is the constant 0.
pub fn gradient(graph: &mut Graph, of: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
    let one = graph.constant(1.0);
    cotangents(graph, of, one, &AxisSet::new(), wrt)
}

/// The cotangents of the nodes of `wrt` when that of `of` is `seed`. What `of` and the seed have of `kept` axes is not
/// summed over: with all axes of `of` kept and the seed 1 this is the Jacobian. Kept axes must be those of no other node
/// below `of` but by way of `of`: they are neither bound there nor axes of ports, reductions or loops.
pub fn cotangents(graph: &mut Graph, of: NodeId, seed: NodeId, kept: &AxisSet, wrt: &[NodeId]) -> Vec<NodeId> {
    let saved = graph.origin;
    let mut reverse = Reverse::new(graph, kept.clone(), wrt);
    reverse.seed(of, seed);
    let cotangents = reverse.run();
    graph.origin = saved;
    wrt.iter().map(|w| cotangents.get(w).copied().unwrap_or_else(|| graph.constant(0.0))).collect()
}

/// As [`gradient`]; also tells how every node passed its cotangent on, in the order in which that happened.
pub fn gradient_in_steps(graph: &mut Graph, of: NodeId, wrt: &[NodeId]) -> (Vec<NodeId>, Vec<Step>) {
    let saved = graph.origin;
    let one = graph.constant(1.0);
    let mut reverse = Reverse::new(graph, AxisSet::new(), wrt);
    reverse.steps = Some(vec![]);
    reverse.seed(of, one);
    let (cotangents, steps) = reverse.finish();
    graph.origin = saved;
    let found = wrt.iter().map(|w| cotangents.get(w).copied().unwrap_or_else(|| graph.constant(0.0))).collect();
    (found, steps)
}

/// A node that passed its cotangent on.
#[derive(Clone, Debug)]
pub struct Step {
    /// The node.
    pub node: NodeId,
    /// Its cotangent.
    pub cotangent: NodeId,
    /// What became of it.
    pub parts: Vec<Part>,
}

/// What a node adds to the cotangent of an argument.
#[derive(Clone, Debug)]
pub struct Part {
    /// The argument.
    pub argument: NodeId,
    /// What was added.
    pub contribution: NodeId,
    /// The rule that says so.
    pub rule: String,
}

/// Cotangents on their way down.
pub(super) struct Reverse<'g> {
    pub(super) graph: &'g mut Graph,
    pub(super) kept: AxisSet,
    wrt: FxHashSet<NodeId>,
    depends: FxHashMap<NodeId, bool>,
    /// Nodes with a cotangent that has not been passed on. The largest is next: all that use it are done.
    pending: BTreeSet<NodeId>,
    cotangents: FxHashMap<NodeId, NodeId>,
    /// For each loop the cotangents of its states, along the axis of its turns.
    states: FxHashMap<NodeId, Vec<StateCotangent>>,
    pub(super) alias: Alias,
    /// What happened, if that is of interest.
    steps: Option<Vec<Step>>,
}

/// The cotangent of a state of a loop at all turns.
#[derive(Clone, Copy)]
pub(super) struct StateCotangent {
    pub(super) slot: u16,
    /// The axis of the turns.
    pub(super) turn: Axis,
    pub(super) cotangent: NodeId,
}

impl<'g> Reverse<'g> {
    pub(super) fn new(graph: &'g mut Graph, kept: AxisSet, wrt: &[NodeId]) -> Reverse<'g> {
        Reverse {
            graph,
            kept,
            wrt: wrt.iter().copied().collect(),
            depends: wrt.iter().map(|w| (*w, true)).collect(),
            pending: BTreeSet::new(),
            cotangents: FxHashMap::default(),
            states: FxHashMap::default(),
            alias: Alias::default(),
            steps: None,
        }
    }

    /// Gives a node its cotangent.
    pub(super) fn seed(&mut self, n: NodeId, cotangent: NodeId) {
        self.cotangents.insert(n, cotangent);
        self.pending.insert(n);
    }

    /// Whether the node depends on one of those that cotangents are wanted for.
    pub(super) fn depends(&mut self, n: NodeId) -> bool {
        if let Some(known) = self.depends.get(&n) {
            return *known;
        }
        for m in self.graph.reachable_until(&[n], |m| self.depends.contains_key(&m)) {
            if !self.depends.contains_key(&m) {
                let below = self.graph.args(m).iter().any(|a| self.depends[a]);
                self.depends.insert(m, below);
            }
        }
        self.depends[&n]
    }

    /// Passes all cotangents on; returns those of the wanted nodes.
    pub(super) fn run(self) -> FxHashMap<NodeId, NodeId> {
        self.finish().0
    }

    fn finish(mut self) -> (FxHashMap<NodeId, NodeId>, Vec<Step>) {
        while let Some(n) = self.pending.pop_last() {
            if self.wrt.contains(&n) {
                continue;
            }
            let span = self.graph.node(n).origin.span;
            self.graph.origin = Origin { span, via: Via::Derivative };
            if let Some(states) = self.states.remove(&n) {
                if let Some(steps) = &mut self.steps {
                    steps.push(Step { node: n, cotangent: states[0].cotangent, parts: vec![] });
                }
                self.repeat(n, &states);
                continue;
            }
            let Some(ct) = self.cotangents.remove(&n) else { continue };
            // Cotangents that cancel are an absent cotangent, not a zero to multiply with.
            if self.depends(n) && !self.graph.is_constant(ct, 0.0) {
                if let Some(steps) = &mut self.steps {
                    steps.push(Step { node: n, cotangent: ct, parts: vec![] });
                }
                self.node(n, ct);
            }
        }
        (self.cotangents, self.steps.unwrap_or_default())
    }

    fn node(&mut self, n: NodeId, ct: NodeId) {
        let args = self.graph.node(n).args.clone();
        match self.graph.op(n).clone() {
            Op::Prim(prim, bits) => {
                for (i, a) in args.iter().enumerate() {
                    if self.depends(*a)
                        && let Some(g) = of_prim(self.graph, n, prim, f64::from_bits(bits), i, ct, &self.alias)
                    {
                        let axes = self.graph.axes(n).clone();
                        self.accumulate(*a, g, &axes);
                    }
                }
            }
            Op::Reduce(reduction, bound) => {
                let axes: Vec<Axis> = bound.iter().collect();
                if let Some(g) = of_reduction(self.graph, n, reduction, &axes, args[0], ct, &self.alias) {
                    let axes = self.graph.axes(n).clone();
                    self.accumulate(args[0], g, &axes);
                }
            }
            Op::At(vars) => self.view(n, &vars, &args, ct),
            Op::Out { slot, turn } => {
                self.states.entry(args[0]).or_default().push(StateCotangent { slot, turn, cotangent: ct });
                self.pending.insert(args[0]);
            }
            Op::Block(block, size) => {
                let found = super::block::pullback(self.graph, n, block, size, ct);
                // The axes of one result are summed in the rule; those that tell apart several, and right sides, are not.
                let inside = block.result_axes(size).into_iter().collect();
                let user = self.graph.axes(n).minus(&inside);
                for (argument, ct) in args.iter().zip(found) {
                    if self.depends(*argument) {
                        let own = self.graph.axes(*argument).clone();
                        self.accumulate(*argument, ct, &user.union(&own));
                    }
                }
            }
            Op::Custom { level } => {
                for (argument, ct) in self.graph.rule_cotangents(n, level, ct) {
                    if self.depends(argument) {
                        let axes = self.graph.axes(argument).clone();
                        self.accumulate(argument, ct, &axes);
                    }
                }
            }
            // Index arithmetic is piecewise constant; leaves have no arguments.
            _ => {}
        }
    }

    /// What was read at `e` is added at `v` where `e == v`.
    fn view(&mut self, n: NodeId, vars: &AxisSet, args: &[NodeId], ct: NodeId) {
        let g = &mut *self.graph;
        let base = args[0];
        // Axes of the view that carry the name of a replaced axis are another thing: rename them first.
        let clash: Vec<Axis> = vars.intersection(g.axes(n)).iter().collect();
        let avoid = g.axes(base).union(g.axes(n)).union(g.axes(ct)).union(&self.kept);
        let fresh = g.fresh(&clash, &avoid);
        let map: AxisMap = g.renaming(clash.iter().copied().zip(fresh.iter().copied()));
        let ct = g.at(ct, &map);
        let mut conditions = vec![];
        for (axis, index) in vars.iter().zip(&args[1..]) {
            let (index, axis) = (g.at(*index, &map), g.axis(axis));
            conditions.push(g.index_equal(index, axis));
        }
        let user: AxisSet = g.axes(n).iter().filter(|a| !clash.contains(a)).chain(fresh).collect();
        let masked = g.mask(&conditions, ct);
        self.accumulate(base, masked, &user);
    }

    /// The rule by which the node of the last step passes its cotangent on to an argument.
    fn rule_text(&self, argument: NodeId) -> String {
        let Some(step) = self.steps.as_ref().and_then(|s| s.last()) else { return String::new() };
        let at = self.graph.args(step.node).iter().position(|a| *a == argument).unwrap_or(0);
        let text = |name: &str, vjp: Option<&Vjp>| match vjp {
            Some(Vjp::Text(text)) => format!("{name}: {text}"),
            _ => name.to_string(),
        };
        match self.graph.op(step.node) {
            Op::Prim(Prim::Add, _) => "sum: ct".into(),
            Op::Prim(Prim::Mul, _) => "product: ct times the other factors".into(),
            Op::Prim(prim, _) => text(prim.row().name, prim.row().vjp.get(at)),
            Op::Reduce(reduction, _) => text(reduction.row().name, Some(&reduction.row().vjp)),
            Op::At(_) => "read: added where it was read".into(),
            Op::Scan(_) => "loop: the turns backwards".into(),
            Op::Out { .. } => "state of a loop".into(),
            Op::Block(block, _) => format!("{}: its adjoint", block.name()),
            Op::Custom { .. } => "the rule that the model gives".into(),
            _ => String::new(),
        }
    }

    /// Adds to the cotangent of a node, summed over the axes that the node was repeated along. `user` are the axes of
    /// the node that used it: a constant cotangent stands for all of them.
    pub(super) fn accumulate(&mut self, n: NodeId, ct: NodeId, user: &AxisSet) {
        if self.graph.is_constant(ct, 0.0) {
            return;
        }
        let g = &mut *self.graph;
        let extra: Vec<Axis> = g.axes(ct).union(user).minus(g.axes(n)).minus(&self.kept).iter().collect();
        let mut ct = ct;
        if !extra.is_empty() {
            let (conditions, _) = g.masks(ct);
            let summed = g.reduce(Reduction::Sum, &extra, ct);
            let extra: AxisSet = extra.into_iter().collect();
            let live: Vec<NodeId> = conditions.into_iter().filter(|c| g.axes(*c).intersects(&extra)).collect();
            ct = if g.node(n).facts.risky && !live.is_empty() && g.as_constant(summed).is_none() {
                let all = live[1..].iter().fold(live[0], |a, c| g.and(a, *c));
                let bound: Vec<Axis> = extra.intersection(g.axes(all)).iter().collect();
                let any = g.reduce(Reduction::Any, &bound, all);
                g.mask(&[any], summed)
            } else {
                summed
            };
        }
        if self.steps.is_some() {
            let rule = self.rule_text(n);
            if let Some(step) = self.steps.as_mut().and_then(|s| s.last_mut()) {
                step.parts.push(Part { argument: n, contribution: ct, rule });
            }
        }
        let total = match self.cotangents.get(&n) {
            Some(before) => join(self.graph, *before, ct, n),
            None => ct,
        };
        self.cotangents.insert(n, total);
        self.pending.insert(n);
    }
}

/// The sum of two cotangents; where both are masked, and the local derivative may be infinite, it is live where either is.
fn join(g: &mut Graph, a: NodeId, b: NodeId, n: NodeId) -> NodeId {
    let sum = g.add(&[a, b]);
    if !g.node(n).facts.risky || g.is_mask(sum) {
        return sum;
    }
    let (left, right) = (g.masks(a).0, g.masks(b).0);
    let (Some(first), Some(second)) = (left.first(), right.first()) else { return sum };
    let left = left[1..].iter().fold(*first, |x, c| g.and(x, *c));
    let right = right[1..].iter().fold(*second, |x, c| g.and(x, *c));
    let either = g.or(left, right);
    g.mask(&[either], sum)
}
