//! Putting terms in the place of the states of a loop.
//!
//! Reads the graph. A state's own axes are positional: what is read of the state under a view or a binder is read of the
//! term. Other axes of the term are those of the place where it is put, and binders on the way make room for them.

use super::{Args, Axis, AxisMap, AxisSet, Graph, NodeId, Op, Slot};
use rustc_hash::{FxHashMap, FxHashSet};

/// Terms for states, put in all at once.
#[derive(Clone, Debug, Default)]
pub struct StateMap(FxHashMap<(u32, u16), NodeId>);

impl StateMap {
    /// Replaces the state of this level and slot.
    pub fn insert(&mut self, level: u32, slot: u16, term: NodeId) {
        self.0.insert((level, slot), term);
    }

    /// Replaces nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn without(&self, level: u32) -> StateMap {
        StateMap(self.0.iter().filter(|e| e.0.0 != level).map(|(k, v)| (*k, *v)).collect())
    }
}

impl Graph {
    /// The roots with states replaced by terms.
    pub fn substitute(&mut self, roots: &[NodeId], with: &StateMap) -> Vec<NodeId> {
        if with.is_empty() {
            return roots.to_vec();
        }
        let levels: FxHashSet<u32> = with.0.keys().map(|k| k.0).collect();
        let live = |g: &Graph, n: NodeId| g.node(n).states.iter().any(|l| levels.contains(l));
        let mut order = vec![];
        let mut seen: FxHashSet<NodeId> = FxHashSet::default();
        let mut stack = roots.to_vec();
        while let Some(n) = stack.pop() {
            if !live(self, n) || !seen.insert(n) {
                continue;
            }
            order.push(n);
            // The terms of a loop are replaced by themselves: its own states may bear the same level.
            if !matches!(self.op(n), Op::Scan(_)) {
                stack.extend(self.args(n).iter().copied());
            }
        }
        order.sort();
        let own = self.own_axes(&order);
        let brought = self.brought(&own, with);
        let saved = self.origin;
        let mut memo: FxHashMap<NodeId, NodeId> = FxHashMap::default();
        for n in order {
            self.origin = self.node(n).origin;
            let new = match self.op(n).clone() {
                Op::State { level, slot, .. } => with.0.get(&(level, slot)).copied().unwrap_or(n),
                Op::Reduce(reduction, bound) if bound.intersects(&brought) => {
                    let body = self.args(n)[0];
                    let bound: Vec<Axis> = bound.iter().collect();
                    let avoid = self.axes(body).union(&brought);
                    let fresh = self.fresh(&bound, &avoid);
                    let map = self.renaming(bound.into_iter().zip(fresh.iter().copied()));
                    let body = self.at(body, &map);
                    let body = self.substitute(&[body], with)[0];
                    self.reduce(reduction, &fresh, body)
                }
                // Pushed through the reduction where it is read at a place that is brought: both meet in its body, and
                // nobody works out all pairs of places.
                Op::At(_)
                    if matches!(self.op(self.args(n)[0]), Op::Reduce(..))
                        && live(self, self.args(n)[0])
                        && self.args(n)[1..].iter().any(|i| self.axes(*i).intersects(&brought)) =>
                {
                    let indices: Args = self.args(n)[1..].iter().map(|a| *memo.get(a).unwrap_or(a)).collect();
                    match self.as_reduction(n) {
                        Some((reduction, bound, body)) if indices[..] == self.args(n)[1..] => {
                            let avoid = self.axes(body).union(&brought);
                            let fresh = self.fresh(&bound, &avoid);
                            let map = self.renaming(bound.into_iter().zip(fresh.iter().copied()));
                            let body = self.at(body, &map);
                            let body = self.substitute(&[body], with)[0];
                            self.reduce(reduction, &fresh, body)
                        }
                        _ => self.substitute_view(n, with, &own, &brought, &memo),
                    }
                }
                Op::At(vars) if vars.intersects(&brought) && live(self, self.args(n)[0]) => {
                    self.substitute_view(n, with, &own, &brought, &memo)
                }
                Op::Scan(form) => self.substitute_scan(n, &form, with, &brought),
                op => {
                    let args: Args = self.args(n).iter().map(|a| *memo.get(a).unwrap_or(a)).collect();
                    self.rebuild(&op, &args)
                }
            };
            memo.insert(n, new);
        }
        self.origin = saved;
        roots.iter().map(|r| *memo.get(r).unwrap_or(r)).collect()
    }

    /// A view whose replaced axes meet axes that are brought: the latter get other names in the base.
    fn substitute_view(
        &mut self,
        n: NodeId,
        with: &StateMap,
        own: &FxHashMap<(u32, u16), AxisSet>,
        brought: &AxisSet,
        memo: &FxHashMap<NodeId, NodeId>,
    ) -> NodeId {
        let Op::At(vars) = self.op(n).clone() else { return n };
        let args = self.node(n).args.clone();
        let clash: Vec<Axis> = vars.intersection(brought).iter().collect();
        let avoid = self.axes(args[0]).union(brought).union(&vars);
        let fresh = self.fresh(&clash, &avoid);
        let apart = self.rename_brought(with, own, &clash, &fresh);
        let base = self.substitute(&[args[0]], &apart)[0];
        let mut map = AxisMap::new();
        for (axis, index) in vars.iter().zip(&args[1..]) {
            map.insert(axis, *memo.get(index).unwrap_or(index));
        }
        for (axis, apart) in clash.iter().zip(&fresh) {
            let axis = self.axis(*axis);
            map.insert(*apart, axis);
        }
        self.at(base, &map)
    }

    fn substitute_scan(&mut self, n: NodeId, form: &super::ScanForm, with: &StateMap, brought: &AxisSet) -> NodeId {
        let count = form.slots.len();
        let args = self.node(n).args.clone();
        let first = self.substitute(&args[..count], with);
        let mut form = form.clone();
        let mut next = args[count..].to_vec();
        // Apart from every level in sight while the terms change.
        let level = self.open_level();
        let mut own = StateMap::default();
        for (i, Slot { axes, kind }) in form.slots.iter().enumerate() {
            let state = self.state(level, i, axes.clone(), *kind);
            own.insert(form.level, i as u16, state);
        }
        next = self.substitute(&next, &own);
        if brought.contains(form.turn) {
            let avoid = next.iter().fold(brought.clone(), |set, n| set.union(self.axes(*n)));
            let turn = self.fresh(&[form.turn], &avoid)[0];
            let map = self.renaming([(form.turn, turn)]);
            next = next.iter().map(|n| self.at(*n, &map)).collect();
            form.turn = turn;
        }
        next = self.substitute(&next, &with.without(form.level));
        form.level = level;
        self.close_form(form, &first, &next)
    }

    /// The axes of the states that the nodes read, those in the terms of loops included.
    fn own_axes(&self, order: &[NodeId]) -> FxHashMap<(u32, u16), AxisSet> {
        let states = order.iter().copied().flat_map(|n| match self.op(n) {
            Op::Scan(_) => self.reachable(&[n]),
            _ => vec![n],
        });
        let mut own = FxHashMap::default();
        for n in states {
            if let Op::State { level, slot, axes, .. } = self.op(n) {
                own.insert((*level, *slot), axes.clone());
            }
        }
        own
    }

    /// The axes that the terms have and their states do not.
    fn brought(&self, own: &FxHashMap<(u32, u16), AxisSet>, with: &StateMap) -> AxisSet {
        let terms = own.iter().filter_map(|(key, axes)| with.0.get(key).map(|term| self.axes(*term).minus(axes)));
        terms.fold(AxisSet::new(), |set, brought| set.union(&brought))
    }

    /// The terms with axes that they bring renamed; a state's own axes stay what they are.
    fn rename_brought(
        &mut self,
        with: &StateMap,
        own: &FxHashMap<(u32, u16), AxisSet>,
        clash: &[Axis],
        fresh: &[Axis],
    ) -> StateMap {
        let mut out = StateMap::default();
        for ((level, slot), term) in with.0.clone() {
            let positional = own.get(&(level, slot)).cloned().unwrap_or_default();
            let pairs = clash.iter().copied().zip(fresh.iter().copied()).filter(|p| !positional.contains(p.0));
            let map = self.renaming(pairs.collect::<Vec<_>>());
            let term = self.at(term, &map);
            out.insert(level, slot, term);
        }
        out
    }
}
