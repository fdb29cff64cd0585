//! Layers: instances made by `let`, families of them, and what stands behind the dot.
//!
//! Reads items and calls. A param or state of an instance becomes a port when something reads it for the first time, so
//! what no used `fn` reads does not exist. A family is one instance whose ports have leading axes, read at the places that
//! are written in brackets: no code grows with its size.

use super::program::{ItemId, ItemKind, ModuleId};
use super::scope::{LocalRole, Lowerer};
use super::value::{Array, Callee, Evaluated, LayerId, Reported, Slot, Sort, Value};
use crate::diag::catalog::layers as error;
use crate::graph::{Axis, AxisMap, NodeId, Op, PortId, Role};
use crate::span::Span;
use crate::syntax::ast::{
    Argument, Binder, BinderRange, CallArgument, Declaration, Expr, ExprKind, Function, IndexItem, Layer, Let, Name,
    Pattern, StatementKind,
};
use rustc_hash::FxHashMap;

/// Everything that is known of instances.
#[derive(Default)]
pub(super) struct Layers {
    instances: Vec<Instance>,
    references: Vec<Reference>,
    /// What members are worth; `None` while that is worked out.
    members: FxHashMap<(LayerId, String), Option<Evaluated>>,
    /// Sub-layers by the instance that holds them.
    children: FxHashMap<(usize, String), usize>,
    /// Params and states with all axes of their family.
    ports: FxHashMap<(usize, String), Evaluated<(PortId, Array)>>,
    /// Where the ports of instances stand among the others: the `let`s that lead to them, then the declaration.
    pub order: FxHashMap<PortId, Vec<Span>>,
}

/// What one `let` made.
#[derive(Clone)]
struct Instance {
    item: ItemId,
    /// `enc.l1`
    name: String,
    arguments: Vec<Evaluated>,
    /// The axes of the families it is in, outermost first. Only their extents count.
    family: Vec<Slot>,
    /// The `let`s that lead to it.
    order: Vec<Span>,
}

/// An instance, read at places of its families: all of them, or the first few.
#[derive(Clone)]
struct Reference {
    instance: usize,
    places: Vec<NodeId>,
}

/// What a name stands for in a layer.
#[derive(Clone, Copy)]
enum Member<'a> {
    Port(&'a Declaration, Role),
    /// A `let`, and which part of it.
    Let(&'a Let, Option<usize>),
    Fn(usize),
}

fn member<'a>(layer: &'a Layer, name: &str) -> Option<(Member<'a>, Span)> {
    let is = |n: &Name| n.text == name && name != "_";
    layer.body.iter().enumerate().find_map(|(i, statement)| match &statement.kind {
        StatementKind::Param(d) if is(&d.name) => Some((Member::Port(d, Role::Param), d.name.span)),
        StatementKind::State(d) if is(&d.name) => Some((Member::Port(d, Role::State), d.name.span)),
        StatementKind::Fn(Function { name: Some(n), .. }) if is(n) => Some((Member::Fn(i), n.span)),
        StatementKind::Let(l) => match &l.pattern {
            Pattern::Name(n) if is(n) => Some((Member::Let(l, None), n.span)),
            Pattern::Tuple(names) => {
                let part = names.iter().position(is)?;
                Some((Member::Let(l, Some(part)), names[part].span))
            }
            _ => None,
        },
        _ => None,
    })
}

/// The names that a layer defines, with their places.
pub(super) fn member_names(layer: &Layer) -> impl Iterator<Item = &Name> {
    layer.body.iter().flat_map(|s| {
        let names: Vec<&Name> = match &s.kind {
            StatementKind::Param(d) | StatementKind::State(d) => vec![&d.name],
            StatementKind::Fn(f) => f.name.iter().collect(),
            StatementKind::Let(Let { pattern: Pattern::Name(n), .. }) => vec![n],
            StatementKind::Let(Let { pattern: Pattern::Tuple(names), .. }) => names.iter().collect(),
            _ => vec![],
        };
        names.into_iter().filter(|n| n.text != "_")
    })
}

impl<'a> Lowerer<'a> {
    /// The layer that an expression calls, if it is a call of one.
    pub(super) fn layer_call(&self, e: &'a Expr) -> Option<(ItemId, &'a [CallArgument])> {
        let ExprKind::Call { function, arguments } = &e.kind else { return None };
        Some((self.layer_named(function)?, arguments))
    }

    fn layer_named(&self, e: &Expr) -> Option<ItemId> {
        use super::program::Entity;
        let binding = match &e.kind {
            ExprKind::Name(name) => match self.local(name) {
                Some(_) => return None,
                None if self.own_member(name).is_some() => return None,
                None => self.global(name)?,
            },
            ExprKind::Field(base, field) => {
                let ExprKind::Name(prefix) = &base.kind else { return None };
                match self.global(prefix).filter(|_| self.local(prefix).is_none())?.entity {
                    Entity::Prefix(module) => *self.names.names[module].get(field.text.as_str())?,
                    Entity::Item(..) => return None,
                }
            }
            _ => return None,
        };
        match binding.entity {
            Entity::Item(item, _) if matches!(self.names.items[item.0].kind, ItemKind::Layer(_)) => Some(item),
            _ => None,
        }
    }

    fn declaration(&self, item: ItemId) -> Evaluated<(&'a Layer, ModuleId)> {
        let item = &self.names.items[item.0];
        match item.kind {
            ItemKind::Layer(layer) => Ok((layer, item.module)),
            _ => Err(Reported),
        }
    }

    fn layer_of(&self, id: LayerId) -> Evaluated<(&'a Layer, ModuleId)> {
        self.declaration(self.layers.instances[self.layers.references[id.0].instance].item)
    }

    /// The `fn` of an instance by its place in the body.
    pub(super) fn method(&self, id: LayerId, place: usize) -> Evaluated<(&'a Function, ModuleId)> {
        let (layer, module) = self.layer_of(id)?;
        match layer.body.get(place).map(|s| &s.kind) {
            Some(StatementKind::Fn(f)) => Ok((f, module)),
            _ => Err(Reported),
        }
    }

    /// `enc.l1`, `tower[..]`
    pub(super) fn layer_name(&self, id: LayerId) -> String {
        let reference = &self.layers.references[id.0];
        let name = &self.layers.instances[reference.instance].name;
        if reference.places.is_empty() { name.clone() } else { format!("{name}[..]") }
    }

    /// `enc.encode`, `l1` for the call itself.
    pub(super) fn method_name(&self, id: LayerId, place: usize) -> String {
        match self.method(id, place) {
            Ok((Function { name: Some(name), .. }, _)) => format!("{}.{}", self.layer_name(id), name.text),
            _ => self.layer_name(id),
        }
    }

    fn reference(&mut self, instance: usize, places: Vec<NodeId>) -> LayerId {
        let known = self.layers.references.iter().position(|r| r.instance == instance && r.places == places);
        LayerId(known.unwrap_or_else(|| {
            self.layers.references.push(Reference { instance, places });
            self.layers.references.len() - 1
        }))
    }

    /// `let enc = Encoder(D, H)`, `let tower[l in L] = Dense(H, H)`
    pub(super) fn instantiate(&mut self, item: ItemId, l: &'a Let, arguments: &'a [CallArgument]) -> Evaluated {
        let Pattern::Name(name) = &l.pattern else {
            return self.fail(error::needs_one_name(self.place(l.span)));
        };
        if let Some(ty) = &l.ty {
            return self.fail(error::layer_has_no_type(self.place(ty.span)));
        }
        let (layer, module) = self.declaration(item)?;
        let parent = self.frame().layer;
        let outer = parent.map(|p| self.layers.references[p.0].clone());
        let key = outer.as_ref().map(|o| (o.instance, name.text.clone()));
        if let (Some(known), Some(outer)) = (key.as_ref().and_then(|k| self.layers.children.get(k)), &outer) {
            return Ok(Value::Layer(self.reference(*known, outer.places.clone())));
        }
        let above = outer.as_ref().map(|o| self.layers.instances[o.instance].clone());
        let mut family = above.as_ref().map_or(vec![], |a| a.family.clone());
        let mut indices: Vec<&'a str> = vec![];
        let depth = self.indices.len();
        for binder in l.binders.iter().flatten() {
            let (name, e) = match binder {
                Binder::Index { name, range: Some(BinderRange::Extent(e)) } => (name, e),
                Binder::Index { name, range: Some(BinderRange::Between(..)) | None } => {
                    return self.fail(error::family_range(self.place(name.span), &name.text));
                }
                Binder::Rest(at) => return self.fail(error::family_range(self.place(*at), "..")),
            };
            let size = self.dim(e)?;
            let extent = self.graph.extents.intern(size);
            family.push(Slot { axis: Axis { extent, ordinal: 0 }, from: name.span });
            // The index is known while arguments are worked out, only to say that they must not depend on it.
            let axis = self.fresh_axis(extent, &[]);
            self.indices.push(axis);
            let index = self.graph.axis(axis);
            let value = Array { node: index, axes: vec![], kind: Sort::BOUND, number: None };
            self.push_local(&name.text, Ok(Value::Array(value)), name.span, LocalRole::Index);
            indices.push(&name.text);
        }
        let given = self.layer_arguments(layer, module, arguments, l.value.span);
        self.indices.truncate(depth);
        indices.iter().for_each(|name| self.pop_local(name));
        let arguments = given?.into_iter().map(Ok).collect();
        let path = &self.modules[self.frame().module].path;
        let name = match &above {
            Some(above) => format!("{}.{}", above.name, name.text),
            None if path.is_empty() => name.text.clone(),
            None => format!("{path}.{}", name.text),
        };
        let mut order = above.map_or(vec![], |a| a.order);
        order.push(l.span);
        self.layers.instances.push(Instance { item, name, arguments, family, order });
        let instance = self.layers.instances.len() - 1;
        if let Some(key) = key {
            self.layers.children.insert(key, instance);
        }
        let places = outer.map_or(vec![], |o| o.places);
        Ok(Value::Layer(self.reference(instance, places)))
    }

    /// The arguments of an instance: all known at compile time.
    fn layer_arguments(
        &mut self,
        layer: &'a Layer,
        module: ModuleId,
        arguments: &'a [CallArgument],
        span: Span,
    ) -> Evaluated<Vec<Value>> {
        let parameters: Vec<(&str, bool)> =
            layer.parameters.iter().map(|p| (p.name.text.as_str(), p.default.is_some())).collect();
        let matched = self.match_arguments(&layer.name.text, &parameters, arguments, span)?;
        let mut given = vec![];
        for (parameter, argument) in layer.parameters.iter().zip(&matched) {
            given.push(match argument {
                None => Ok(None),
                Some(e) => self.expr(e).and_then(|v| self.known_argument(v, &parameter.name.text, e.span)).map(Some),
            });
        }
        let given = given.into_iter().collect::<Evaluated<Vec<Option<Value>>>>()?;
        // Defaults may use the arguments before them.
        self.push_frame(module, None);
        let mut values = vec![];
        for (parameter, value) in layer.parameters.iter().zip(given) {
            let value = match (value, &parameter.default) {
                (Some(value), _) => Ok(value),
                (None, Some(default)) => {
                    self.expr(default).and_then(|v| self.known_argument(v, &parameter.name.text, default.span))
                }
                (None, None) => Err(Reported),
            };
            let value = match (value, &parameter.ty) {
                (Ok(value), Some(ty)) => {
                    let place = self.place(span);
                    self.check_parameter(value, ty, &layer.name.text, &parameter.name, place)
                }
                (value, _) => value,
            };
            self.push_local(&parameter.name.text, value.clone(), parameter.name.span, LocalRole::Argument);
            values.push(value);
        }
        self.frames.pop();
        values.into_iter().collect()
    }

    fn known_argument(&mut self, value: Value, name: &str, span: Span) -> Evaluated {
        let span = self.place(span);
        match &value {
            Value::Function(Callee::Layer(_)) => self.fail(error::argument_not_known(span, name)),
            Value::Function(_) => Ok(value),
            Value::Array(a) => {
                let read = self.graph.reachable(&[a.node]);
                if read.iter().any(|n| matches!(self.graph.op(*n), Op::Port(_))) || !a.axes.is_empty() {
                    return self.fail(error::argument_not_known(span, name));
                }
                if !self.graph.axes(a.node).is_empty() {
                    return self.fail(error::argument_reads_index(span, name));
                }
                Ok(value)
            }
            _ => self.fail(error::argument_not_known(span, name)),
        }
    }

    /// Opens a frame in which the arguments and members of an instance are visible.
    pub(super) fn push_layer_frame(&mut self, id: LayerId, call: Option<(Callee, Span)>) -> Evaluated<()> {
        let (layer, module) = self.layer_of(id)?;
        let values = self.layers.instances[self.layers.references[id.0].instance].arguments.clone();
        self.push_frame(module, call);
        self.frame().layer = Some(id);
        for (parameter, value) in layer.parameters.iter().zip(values) {
            let Argument { name, .. } = parameter;
            self.push_local(&name.text, value, name.span, LocalRole::Argument);
        }
        Ok(())
    }

    /// The place of a name of the layer that we are in.
    pub(super) fn own_member(&self, name: &str) -> Option<(Span, &'static str)> {
        let (layer, _) = self.layer_of(self.frames.last()?.layer?).ok()?;
        let (member, span) = member(layer, name)?;
        let noun = match member {
            Member::Port(_, Role::State) => "state",
            Member::Port(..) => "param",
            Member::Let(..) => "let",
            Member::Fn(_) => "fn",
        };
        Some((span, noun))
    }

    /// What a name of the layer that we are in is worth; `None` if it has no such name.
    pub(super) fn own_member_value(&mut self, name: &str, span: Span) -> Option<Evaluated> {
        self.own_member(name)?;
        let id = self.frame().layer?;
        Some(self.member_value(id, name, span))
    }

    /// `l1.W`, `tower[2].W`, `vae.encode`
    pub(super) fn layer_field(&mut self, id: LayerId, field: &'a Name) -> Evaluated {
        let (layer, _) = self.layer_of(id)?;
        if member(layer, &field.text).is_none() {
            let has: Vec<&str> = member_names(layer).map(|n| n.text.as_str()).collect();
            let problem = error::unknown_field(self.place(field.span), &self.layer_name(id), &field.text, &has);
            return self.fail(problem);
        }
        self.member_value(id, &field.text, field.span)
    }

    fn member_value(&mut self, id: LayerId, name: &str, span: Span) -> Evaluated {
        let (layer, _) = self.layer_of(id)?;
        let Some((member, _)) = member(layer, name) else { return Err(Reported) };
        match member {
            Member::Fn(place) => return Ok(Value::Function(Callee::Method(id, place))),
            Member::Port(d, role) => return self.layer_port(id, d, role).map(|(_, a)| Value::Array(a)),
            Member::Let(..) => {}
        }
        let Member::Let(l, part) = member else { return Err(Reported) };
        let sub_layer = self.push_layer_frame(id, None).map(|()| {
            let found = self.layer_call(&l.value).is_some();
            self.frames.pop();
            found
        })?;
        if !sub_layer {
            self.check_complete(id, span)?;
        }
        let key = (id, name.to_string());
        match self.layers.members.get(&key) {
            Some(Some(known)) => return known.clone(),
            Some(None) => return self.fail(error::member_circle(self.place(span), name)),
            None => {}
        }
        self.layers.members.insert(key.clone(), None);
        let item = self.layers.instances[self.layers.references[id.0].instance].item;
        self.push_layer_frame(id, Some((Callee::Layer(item), span)))?;
        let before = self.enter(l.span);
        let value = self.let_value(l).and_then(|value| match (&l.pattern, part) {
            (Pattern::Tuple(names), Some(part)) => {
                let parts = self.take_apart(value, names.len(), l)?;
                parts.get(part).cloned().ok_or(Reported)
            }
            _ => Ok(value),
        });
        self.graph.origin = before;
        self.frames.pop();
        // The problems of an attempt do not count yet.
        if value.is_err() && self.attempts > 0 {
            self.layers.members.remove(&key);
        } else {
            self.layers.members.insert(key, Some(value.clone()));
        }
        value
    }

    /// The port of a param or state, read at the places of the reference: with the axes of the families that are left,
    /// then its own.
    pub(super) fn layer_port(&mut self, id: LayerId, d: &'a Declaration, role: Role) -> Evaluated<(PortId, Array)> {
        let Reference { instance, places } = self.layers.references[id.0].clone();
        let key = (instance, d.name.text.clone());
        let known = match self.layers.ports.get(&key) {
            Some(known) => known.clone(),
            None => {
                let found = self.declare_layer_port(id, instance, d, role);
                if found.is_ok() || self.attempts == 0 {
                    self.layers.ports.insert(key, found.clone());
                }
                found
            }
        };
        let (port, array) = known?;
        let map: AxisMap = array.axes.iter().map(|s| s.axis).zip(places.iter().copied()).collect();
        if map.is_empty() {
            return Ok((port, array));
        }
        // The own axes may be those of the places: these stay apart from them.
        let rest = &array.axes[places.len()..];
        let mut taken: Vec<Axis> = places.iter().flat_map(|p| self.graph.axes(*p).iter().collect::<Vec<_>>()).collect();
        let (mut map, mut axes) = (map, vec![]);
        for slot in rest {
            let axis = match taken.contains(&slot.axis) {
                true => self.fresh_axis(slot.axis.extent, &taken),
                false => slot.axis,
            };
            taken.push(axis);
            map.insert(slot.axis, self.graph.axis(axis));
            axes.push(Slot { axis, from: slot.from });
        }
        let node = self.graph.at(array.node, &map);
        Ok((port, Array { node, axes, ..array }))
    }

    fn declare_layer_port(
        &mut self,
        id: LayerId,
        instance: usize,
        d: &'a Declaration,
        role: Role,
    ) -> Evaluated<(PortId, Array)> {
        let Instance { item, name, family, order, .. } = self.layers.instances[instance].clone();
        let place = order.last().copied().unwrap_or(d.name.span);
        self.push_layer_frame(id, Some((Callee::Layer(item), place)))?;
        let before = self.enter(d.name.span);
        // Starts and bounds know no index of the place where the param is read first.
        let (indices, facts) = (std::mem::take(&mut self.indices), std::mem::take(&mut self.facts));
        let result = self.declare(d, role, format!("{name}.{}", d.name.text), &family);
        (self.indices, self.facts) = (indices, facts);
        self.graph.origin = before;
        self.frames.pop();
        let (port, array) = result?;
        let span = d.name.span;
        self.layers.order.insert(port, order.into_iter().chain([span]).collect());
        Ok((port, array))
    }

    /// Refuses to read a family as if it were one layer.
    pub(super) fn check_complete(&mut self, id: LayerId, span: Span) -> Evaluated<()> {
        let Reference { instance, places } = &self.layers.references[id.0];
        let Instance { name, family, .. } = &self.layers.instances[*instance];
        if places.len() == family.len() {
            return Ok(());
        }
        let (name, sizes) = (name.clone(), family[places.len()..].to_vec());
        let sizes = self.show_shape(&sizes);
        self.fail(error::which_member(self.place(span), &name, &sizes))
    }

    /// `tower[l]`
    pub(super) fn layer_at(&mut self, id: LayerId, items: &'a [IndexItem], whole: &'a Expr) -> Evaluated {
        let Reference { instance, mut places } = self.layers.references[id.0].clone();
        let Instance { name, family, .. } = self.layers.instances[instance].clone();
        for item in items {
            let Some(slot) = family.get(places.len()).copied() else {
                return self.fail(error::no_family(self.place(whole.span), &name, family.len()));
            };
            let IndexItem::Expr(e) = item else {
                return self.fail(error::not_a_member(self.place(whole.span), &name));
            };
            let Some(place) = self.family_place(e, slot, whole.span)? else {
                return self.fail(error::not_a_member(self.place(whole.span), &name));
            };
            places.push(place);
        }
        Ok(Value::Layer(self.reference(instance, places)))
    }

    /// The extent of an axis of a family, for indices whose range follows from `tower[l]`.
    pub(super) fn family_slots(&self, id: LayerId) -> Vec<Slot> {
        let Reference { instance, places } = &self.layers.references[id.0];
        self.layers.instances[*instance].family[places.len()..].to_vec()
    }

    /// What a call of an instance calls.
    pub(super) fn layer_callee(&mut self, id: LayerId, span: Span) -> Evaluated<Callee> {
        self.check_complete(id, span)?;
        let (layer, _) = self.layer_of(id)?;
        let nameless = layer.body.iter().position(|s| matches!(&s.kind, StatementKind::Fn(f) if f.name.is_none()));
        match nameless {
            Some(place) => Ok(Callee::Method(id, place)),
            None => {
                let has: Vec<&str> = layer
                    .body
                    .iter()
                    .filter_map(|s| match &s.kind {
                        StatementKind::Fn(f) => f.name.as_ref().map(|n| n.text.as_str()),
                        _ => None,
                    })
                    .collect();
                let problem = error::no_call(self.place(span), &self.layer_name(id), &layer.name.text, &has);
                self.fail(problem)
            }
        }
    }
}
