//! States and their updates: what a state becomes after a training step.
//!
//! Reads layers and expressions. An `update` stands at top level, or in a layer's `fn`, where it counts if that is called.
//! A state is updated once per step: what several calls ask for must be one and the same
//! term, or concern different members of a family.

use super::program::{Entity, ItemKind};
use super::scope::Lowerer;
use super::value::{Evaluated, Value};
use crate::diag::catalog::states as error;
use crate::graph::{AxisSet, NodeId, Op, PortId};
use crate::span::Span;
use crate::syntax::ast::{Name, Update};
use rustc_hash::FxHashMap;

/// What an `update` asks for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    port: PortId,
    /// Of a member of a family: its place along each axis.
    places: Vec<NodeId>,
    /// The new value, over the axes of the port that are left.
    value: NodeId,
    /// The `update`, or the call that led to it in `std`.
    span: Span,
    /// The call it stands in, for messages.
    call: Option<Span>,
}

impl<'a> Lowerer<'a> {
    /// `update m = …`
    pub(super) fn update(&mut self, update: &'a Update) -> Evaluated<()> {
        let before = self.enter(update.span);
        let asked = self.asked(update);
        self.graph.origin = before;
        let asked = asked?;
        self.updates.push(asked);
        Ok(())
    }

    fn asked(&mut self, update: &'a Update) -> Evaluated<Asked> {
        let Name { text, span } = &update.name;
        self.check_is_state(text, *span)?;
        let state = self.lookup(text, *span)?;
        let state = self.expect_array(state, *span)?;
        let value = self.real(&update.value)?;
        let fits = value.is_scalar()
            || value.axes.len() == state.axes.len()
                && value
                    .axes
                    .iter()
                    .zip(&state.axes)
                    .all(|(a, b)| self.same_size(a.axis.extent, b.axis.extent).is_some());
        if !fits {
            let (given, declared) = (self.show_shape(&value.axes), self.show_shape(&state.axes));
            let at = self.place(update.value.span);
            return self.fail(error::other_shape(at, text, &given, &declared, state.axes.first().map(|s| s.from)));
        }
        // The port, and where a member of a family reads it.
        let (base, places) = match self.graph.op(state.node).clone() {
            Op::At(vars) => {
                let args = self.graph.args(state.node).to_vec();
                (args[0], vars.iter().zip(args[1..].iter().copied()).collect::<Vec<_>>())
            }
            _ => (state.node, vec![]),
        };
        let Op::Port(port) = *self.graph.op(base) else { return Err(super::value::Reported) };
        let declared = self.graph.port_info(port).axes.clone();
        let family = declared.len() - state.axes.len();
        let place = |axis| places.iter().find(|(a, _)| *a == axis).map(|(_, n)| *n);
        let mut members = vec![];
        for axis in &declared[..family] {
            members.push(match place(*axis) {
                Some(place) => place,
                None => self.graph.axis(*axis),
            });
        }
        let value = if value.is_scalar() { value.node } else { self.rename(&value, &declared[family..]) };
        let own: AxisSet = declared[family..].iter().copied().collect();
        let moves = |this: &Self, n: NodeId| !this.graph.node(n).states.is_empty();
        let bound = members.iter().any(|m| !self.graph.axes(*m).is_empty() || moves(self, *m))
            || !self.graph.axes(value).is_subset(&own)
            || moves(self, value);
        if bound {
            return self.fail(error::update_in_a_loop(self.place(update.span), text));
        }
        let call = self.frames.last().and_then(|f| f.call).map(|(_, at)| at);
        Ok(Asked { port, places: members, value, span: self.place(update.span), call })
    }

    /// Refuses what is no state.
    fn check_is_state(&mut self, name: &str, span: Span) -> Evaluated<()> {
        let found = match self.local(name) {
            Some(local) => Some((local.span, "let")),
            None => self.own_member(name).or_else(|| {
                let binding = self.global(name)?;
                Some((
                    binding.span,
                    match binding.entity {
                        Entity::Item(item, _) if matches!(self.names.items[item.0].kind, ItemKind::State(_)) => "state",
                        Entity::Item(item, _) => self.names.items[item.0].kind.noun(),
                        Entity::Prefix(_) => "import",
                    },
                ))
            }),
        };
        match found {
            Some((_, "state")) => Ok(()),
            Some((at, noun)) => self.fail(error::not_a_state(self.place(span), name, noun, at)),
            // An unknown name was reported by then.
            None => Err(super::value::Reported),
        }
    }

    /// All updates as terms over the axes of their states.
    pub(super) fn all_updates(&mut self) -> Vec<(PortId, NodeId)> {
        let asked = std::mem::take(&mut self.updates);
        let values: Vec<NodeId> = asked.iter().map(|a| a.value).collect();
        let values = self.unmarked(&values);
        let mut done: Vec<Asked> = vec![];
        let mut terms: FxHashMap<PortId, NodeId> = FxHashMap::default();
        for (mut one, value) in asked.into_iter().zip(values) {
            one.value = value;
            if let Some(other) = done.iter().find(|d| d.port == one.port && d.places == one.places) {
                if other.value != one.value {
                    let name = self.graph.port_info(one.port).name.clone();
                    let (first, second) = match one.span == other.span {
                        true => (other.call.unwrap_or(other.span), one.call.unwrap_or(one.span)),
                        false => (other.span, one.span),
                    };
                    self.report(error::two_updates(second, &name, first));
                }
                continue;
            }
            let declared = self.graph.port_info(one.port).axes.clone();
            let before = match terms.get(&one.port) {
                Some(term) => *term,
                None => self.graph.port(one.port),
            };
            let mut here = self.graph.bool(true);
            for (axis, place) in declared.iter().zip(&one.places) {
                let axis = self.graph.axis(*axis);
                let equal = self.graph.index_equal(axis, *place);
                here = self.graph.and(here, equal);
            }
            let term = self.graph.select(here, one.value, before);
            terms.insert(one.port, term);
            done.push(one);
        }
        terms.into_iter().collect()
    }
}

/// The value of an `update` at top level is nothing.
pub(super) fn nothing() -> Value {
    Value::Tuple(std::rc::Rc::from([]))
}
