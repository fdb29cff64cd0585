//! Markers: names that derivatives are taken by.
//!
//! Reads scopes. While the graph is built, the value of such a name is a port of its own, so that only what reads the name
//! depends on it, and not what happens to have the same value. In the end the definitions take the place of the ports.

use super::free_names::{Reference, Use, Walker};
use super::order;
use super::program::{ItemId, ItemKind, ModuleId, Names};
use super::scope::Lowerer;
use super::value::{Array, Sort, Value};
use crate::graph::{Axis, NodeId, Op, PortId, PortKind};
use crate::syntax::ast::Expr;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// The markers of a program.
pub(super) struct Markers<'a> {
    /// What stands for each, over the axes of the port.
    definitions: FxHashMap<PortId, NodeId>,
    /// Names of the files that derivatives are taken by.
    globals: FxHashSet<(ModuleId, &'a str)>,
    /// Names that derivatives are taken by in the body of a `fn`.
    locals: FxHashMap<*const Expr, Rc<FxHashSet<&'a str>>>,
}

impl<'a> Markers<'a> {
    pub(super) fn new(names: &Names<'a>) -> Markers<'a> {
        let mut globals = FxHashSet::default();
        for item in &names.items {
            let mut see = |r: Reference<'a>| {
                if r.usage == Use::Variable {
                    globals.insert((item.module, r.name));
                }
            };
            order::walk(item, &mut Walker::everywhere(&mut see));
        }
        Markers { definitions: FxHashMap::default(), globals, locals: FxHashMap::default() }
    }
}

impl<'a> Lowerer<'a> {
    /// The names that derivatives are taken by in the body of a `fn`.
    pub(super) fn variables_of(&mut self, body: &'a Expr) -> Rc<FxHashSet<&'a str>> {
        let found = self.markers.locals.entry(body as *const Expr).or_insert_with(|| {
            let mut names = FxHashSet::default();
            let mut see = |r: Reference<'a>| {
                if r.usage == Use::Variable {
                    names.insert(r.name);
                }
            };
            Walker::everywhere(&mut see).expr(body);
            Rc::new(names)
        });
        found.clone()
    }

    /// The names that derivatives are taken by in an item.
    pub(super) fn variables_of_item(&mut self, id: ItemId) -> Rc<FxHashSet<&'a str>> {
        let mut names = FxHashSet::default();
        let mut see = |r: Reference<'a>| {
            if r.usage == Use::Variable {
                names.insert(r.name);
            }
        };
        order::walk(&self.names.items[id.0], &mut Walker::everywhere(&mut see));
        Rc::new(names)
    }

    /// A value under a name by which derivatives are taken.
    pub(super) fn mark(&mut self, name: &str, value: Value) -> Value {
        match value {
            Value::Array(array) if array.kind == Sort::Real => Value::Array(self.mark_array(name, array)),
            value => value,
        }
    }

    fn mark_array(&mut self, name: &str, array: Array) -> Array {
        let mut axes: Vec<Axis> = array.axis_list();
        let free: Vec<Axis> = self.graph.axes(array.node).iter().filter(|a| !axes.contains(a)).collect();
        axes.extend(free);
        let shape: Vec<_> = axes.iter().map(|a| a.extent).collect();
        let port = self.graph.declare_port(name, PortKind::Real, &shape);
        let own = self.graph.port_info(port).axes.clone();
        let inward = self.graph.renaming(axes.iter().copied().zip(own.iter().copied()));
        let definition = self.graph.at(array.node, &inward);
        let marker = self.graph.port(port);
        let outward = self.graph.renaming(own.into_iter().zip(axes));
        let node = self.graph.at(marker, &outward);
        self.markers.definitions.insert(port, definition);
        Array { node, ..array }
    }

    /// The value of an item, marked if derivatives are taken by it.
    pub(super) fn mark_item(&mut self, id: ItemId, value: Value) -> Value {
        let item = &self.names.items[id.0];
        let ItemKind::Let(l) = item.kind else { return value };
        let marked =
            |this: &mut Self, name: &str, value: Value| match this.markers.globals.contains(&(item.module, name)) {
                true => this.mark(name, value),
                false => value,
            };
        match (&l.pattern, value) {
            (crate::syntax::ast::Pattern::Name(name), value) => marked(self, &name.text, value),
            (crate::syntax::ast::Pattern::Tuple(names), Value::Tuple(parts)) => {
                let parts: Vec<Value> =
                    names.iter().zip(parts.iter()).map(|(n, v)| marked(self, &n.text, v.clone())).collect();
                Value::Tuple(Rc::from(parts))
            }
            (_, value) => value,
        }
    }

    /// Terms with all markers replaced by what they stand for.
    pub(super) fn unmarked(&mut self, roots: &[NodeId]) -> Vec<NodeId> {
        self.graph.replace_ports(roots, &self.markers.definitions)
    }

    /// Terms with those markers replaced whose definitions read states of a loop, which is about to be closed.
    pub(super) fn unmarked_in_loop(&mut self, roots: &[NodeId], level: u32) -> Vec<NodeId> {
        let inside = self.markers_by(|this, n| this.graph.reads_level(n, level));
        self.graph.replace_ports(roots, &inside)
    }

    /// Terms in which everything that depends on these ports can be seen.
    pub(super) fn seen_through(&mut self, roots: &[NodeId], ports: &[PortId]) -> Vec<NodeId> {
        let mut between = self.markers_by(|this, n| {
            let reads = |n: &NodeId| matches!(this.graph.op(*n), Op::Port(p) if ports.contains(p));
            this.graph.reachable(&[n]).iter().any(reads)
        });
        ports.iter().for_each(|p| {
            between.remove(p);
        });
        self.graph.replace_ports(roots, &between)
    }

    /// The markers whose definitions are such, or read such markers.
    fn markers_by(&self, is_such: impl Fn(&Self, NodeId) -> bool) -> FxHashMap<PortId, NodeId> {
        let mut found: FxHashMap<PortId, NodeId> = FxHashMap::default();
        // A definition reads only markers that were made before it.
        let mut order: Vec<(PortId, NodeId)> = self.markers.definitions.iter().map(|(p, n)| (*p, *n)).collect();
        order.sort();
        for (port, definition) in order {
            let reads = |n: &NodeId| matches!(self.graph.op(*n), Op::Port(p) if found.contains_key(p));
            if is_such(self, definition) || self.graph.reachable(&[definition]).iter().any(reads) {
                found.insert(port, definition);
            }
        }
        found
    }
}
