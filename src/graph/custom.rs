//! Terms with a derivative that the user gives.
//!
//! Reads the graph. The value is the first argument; the others are what it is computed from and the cotangents of these,
//! terms that read states of a level of their own: the arguments in order, the cotangent of the value, the value.

use super::{Args, Axis, AxisSet, Graph, Kind, NodeId, Op, StateMap};

/// Axes inside such a term have ordinals from here on, which nothing else binds.
pub(super) const INSIDE: u16 = 1 << 14;

/// A rule under construction.
#[derive(Clone, Debug)]
pub struct OpenRule {
    level: u32,
    /// The arguments, with axes that nothing else has where the value lacks them.
    arguments: Vec<NodeId>,
    /// How the axes of the arguments were renamed.
    pub renamed: Vec<(Axis, Axis)>,
    /// What stands for each argument.
    pub inputs: Vec<NodeId>,
    /// What stands for the cotangent of the value.
    pub cotangent: NodeId,
    /// What stands for the value.
    pub value: NodeId,
}

impl Graph {
    /// Begins a rule for the derivative of `value` by terms it is computed from. The value and its cotangent have these
    /// axes.
    pub fn open_rule(&mut self, value: NodeId, axes: &AxisSet, arguments: &[NodeId]) -> OpenRule {
        let level = self.open_level();
        let axes = axes.union(self.axes(value));
        let mut renamed: Vec<(Axis, Axis)> = vec![];
        for axis in arguments.iter().flat_map(|a| self.axes(*a).minus(&axes).as_slice().to_vec()) {
            if !renamed.iter().any(|r| r.0 == axis) {
                // A number that no other rule has, as long as there are fewer than that many.
                let ordinal = INSIDE + (self.opened as u16 % (INSIDE - 64)) + renamed.len() as u16;
                renamed.push((axis, Axis { ordinal, ..axis }));
            }
        }
        let map = self.renaming(renamed.iter().copied());
        let arguments: Vec<NodeId> = arguments.iter().map(|a| self.at(*a, &map)).collect();
        let mut inputs = vec![];
        for (i, a) in arguments.iter().enumerate() {
            let axes = self.axes(*a).clone();
            inputs.push(self.state(level, i, axes, Kind::Real));
        }
        let count = arguments.len();
        let cotangent = self.state(level, count, axes.clone(), Kind::Real);
        let value = self.state(level, count + 1, axes, Kind::Real);
        OpenRule { level, arguments, renamed, inputs, cotangent, value }
    }

    /// The value with the cotangents of the arguments, in order, as its derivative.
    pub fn close_rule(&mut self, open: OpenRule, value: NodeId, cotangents: &[NodeId]) -> NodeId {
        let args: Args = std::iter::once(value).chain(open.arguments).chain(cotangents.iter().copied()).collect();
        self.make(Op::Custom { level: open.level }, args)
    }

    /// What a term with a rule is computed from, and the cotangents of these when that of the term is `ct`.
    pub fn rule_cotangents(&mut self, n: NodeId, level: u32, ct: NodeId) -> Vec<(NodeId, NodeId)> {
        let args = self.args(n).to_vec();
        let count = (args.len() - 1) / 2;
        let (arguments, cotangents) = args[1..].split_at(count);
        let mut map = StateMap::default();
        for (i, a) in arguments.iter().enumerate() {
            map.insert(level, i as u16, *a);
        }
        map.insert(level, count as u16, ct);
        map.insert(level, count as u16 + 1, n);
        let cotangents = self.substitute(cotangents, &map);
        arguments.iter().copied().zip(cotangents).collect()
    }

    /// What stands for the cotangent in a rule: the level and slot of a state.
    pub fn rule_state(&self, n: NodeId) -> u16 {
        (self.args(n).len() / 2) as u16
    }
}
