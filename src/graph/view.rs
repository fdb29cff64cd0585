//! Reading a term at other places: simultaneous, capture-avoiding substitution of index expressions for axes.
//!
//! Reads the graph. Views sink below elementwise nodes and into index expressions; they stop at ports and reductions,
//! whose bound axes are out of reach.

use super::{Args, Axis, AxisSet, Graph, NodeId, Op};
use rustc_hash::FxHashMap;

/// Index expressions for axes, applied all at once.
#[derive(Clone, Debug, Default)]
pub struct AxisMap(Vec<(Axis, NodeId)>);

impl AxisMap {
    /// Replaces nothing.
    pub fn new() -> AxisMap {
        AxisMap::default()
    }

    /// Replaces one axis, overriding an earlier entry for it.
    pub fn insert(&mut self, axis: Axis, index: NodeId) {
        match self.0.iter_mut().find(|e| e.0 == axis) {
            Some(entry) => entry.1 = index,
            None => self.0.push((axis, index)),
        }
    }

    /// What an axis is replaced by.
    pub fn get(&self, axis: Axis) -> Option<NodeId> {
        self.0.iter().find(|e| e.0 == axis).map(|e| e.1)
    }

    /// The entries.
    pub fn iter(&self) -> impl Iterator<Item = (Axis, NodeId)> + '_ {
        self.0.iter().copied()
    }

    /// Replaces nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Axis, NodeId)> for AxisMap {
    fn from_iter<T: IntoIterator<Item = (Axis, NodeId)>>(entries: T) -> AxisMap {
        let mut map = AxisMap::new();
        for (axis, index) in entries {
            map.insert(axis, index);
        }
        map
    }
}

impl Graph {
    /// A map that renames axes.
    pub fn renaming(&mut self, pairs: impl IntoIterator<Item = (Axis, Axis)>) -> AxisMap {
        pairs.into_iter().map(|(from, to)| (from, self.axis(to))).collect()
    }

    /// For each axis one of the same extent that is in neither `avoid` nor the result so far.
    pub fn fresh(&self, axes: &[Axis], avoid: &AxisSet) -> Vec<Axis> {
        let mut taken = avoid.clone();
        axes.iter()
            .map(|axis| {
                let mut fresh = Axis { extent: axis.extent, ordinal: 0 };
                while taken.contains(fresh) {
                    fresh.ordinal += 1;
                }
                taken.insert(fresh);
                fresh
            })
            .collect()
    }

    /// The term read at other places.
    pub fn at(&mut self, root: NodeId, map: &AxisMap) -> NodeId {
        let touched: AxisSet = map.iter().filter(|(a, i)| *self.op(*i) != Op::Axis(*a)).map(|e| e.0).collect();
        if !self.axes(root).intersects(&touched) {
            return root;
        }
        let live = |g: &Graph, n: NodeId| g.axes(n).intersects(&touched);
        // Below a view only its index expressions are rewritten here; its base is read through the composed map.
        let mut order = vec![];
        let mut seen = rustc_hash::FxHashSet::default();
        let mut stack = vec![root];
        while let Some(n) = stack.pop() {
            if !live(self, n) || !seen.insert(n) {
                continue;
            }
            order.push(n);
            match self.op(n) {
                _ if self.is_view_base(n) => {}
                Op::At(_) => stack.extend(self.args(n)[1..].iter().copied()),
                _ => stack.extend(self.args(n).iter().copied()),
            }
        }
        order.sort();
        let saved = self.origin;
        let mut memo: FxHashMap<NodeId, NodeId> = FxHashMap::default();
        for n in order {
            self.origin = self.node(n).origin;
            let new = match self.op(n).clone() {
                Op::Axis(axis) => map.get(axis).unwrap_or(n),
                _ if self.is_view_base(n) => self.view(n, map),
                Op::At(vars) => {
                    let args = self.node(n).args.clone();
                    let mut composed = AxisMap::new();
                    for (axis, index) in vars.iter().zip(&args[1..]) {
                        composed.insert(axis, *memo.get(index).unwrap_or(index));
                    }
                    for axis in self.axes(args[0]).clone().iter() {
                        if !vars.contains(axis)
                            && let Some(index) = map.get(axis)
                        {
                            composed.insert(axis, index);
                        }
                    }
                    self.view(args[0], &composed)
                }
                op => {
                    let args: Args = self.args(n).iter().map(|a| *memo.get(a).unwrap_or(a)).collect();
                    self.rebuild(&op, &args)
                }
            };
            memo.insert(n, new);
        }
        self.origin = saved;
        memo[&root]
    }

    /// What a view stops at: what has its elements in memory, or the states of a loop.
    pub fn is_view_base(&self, n: NodeId) -> bool {
        matches!(
            self.op(n),
            Op::Port(_) | Op::Reduce(..) | Op::State { .. } | Op::Out { .. } | Op::Custom { .. } | Op::Block(..)
        )
    }

    /// A view of a port, reduction or state; the base itself if nothing changes.
    fn view(&mut self, base: NodeId, map: &AxisMap) -> NodeId {
        let mut entries: Vec<(Axis, NodeId)> = map
            .iter()
            .filter(|(axis, index)| self.axes(base).contains(*axis) && *self.op(*index) != Op::Axis(*axis))
            .collect();
        if entries.is_empty() {
            return base;
        }
        if let Some(first) = self.before_first_turn(base, &entries) {
            let rest: AxisMap = entries
                .into_iter()
                .filter(|e| !matches!(self.op(base), Op::Out { turn, .. } if *turn == e.0))
                .collect();
            return self.at(first, &rest);
        }
        entries.sort();
        let vars = entries.iter().map(|e| e.0).collect();
        let args = std::iter::once(base).chain(entries.iter().map(|e| e.1)).collect();
        self.make(Op::At(vars), args)
    }

    /// The same operation on other arguments, through the canonicalising constructors.
    pub fn rebuild(&mut self, op: &Op, args: &[NodeId]) -> NodeId {
        match op {
            Op::Prim(prim, bits) => self.prim(*prim, f64::from_bits(*bits), args),
            Op::Linear { coefficients, constant } => {
                let terms: Vec<_> =
                    args.iter().zip(coefficients).map(|(a, c)| (*a, self.extents.poly(*c).clone())).collect();
                let constant = self.extents.poly(*constant).clone();
                self.linear(&terms, constant)
            }
            Op::Quotient(by) => {
                let by = self.extents.poly(*by).clone();
                self.quotient(args[0], &by)
            }
            Op::Remainder(by) => {
                let by = self.extents.poly(*by).clone();
                self.remainder(args[0], &by)
            }
            Op::Reduce(reduction, bound) => {
                let bound: Vec<Axis> = bound.iter().collect();
                self.reduce(*reduction, &bound, args[0])
            }
            Op::At(vars) => {
                let map: AxisMap = vars.iter().zip(args[1..].iter().copied()).collect();
                self.at(args[0], &map)
            }
            Op::Scan(form) => self.rebuild_scan(form, args),
            Op::Out { slot, turn } => {
                let at = self.axis(*turn);
                self.out(args[0], *slot, at)
            }
            Op::Const(_)
            | Op::Bool(_)
            | Op::Axis(_)
            | Op::Port(_)
            | Op::State { .. }
            | Op::Custom { .. }
            | Op::Block(..) => self.make(op.clone(), Args::from_slice(args)),
        }
    }
}
