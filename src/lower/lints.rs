//! Lints that look at a whole program: what nothing uses.
//!
//! Reads the finished graph. Warnings only; a file silences one with `// nnc: allow(W1003)`.

use super::order::{self, Order, item_name};
use super::program::{Entity, ItemId, ItemKind, Module, Names};
use crate::diag::{Diagnostic, catalog::lints as lint};
use crate::graph::{NodeId, Op, PortId, Program, Role, ValueRole};
use rustc_hash::{FxHashMap, FxHashSet};

/// Reports what nothing uses, and names that hide built-ins.
pub(super) fn check(
    program: &Program,
    names: &Names,
    modules: &[Module],
    order: &Order,
    mentioned: &FxHashSet<&str>,
) -> Vec<Diagnostic> {
    let mut found = vec![];
    let has = |role| program.values_of(role).next().is_some();
    let complete = has(ValueRole::Loss) || has(ValueRole::Output) || has(ValueRole::Metric);
    let losses = program.values_of(ValueRole::Loss).map(|v| v.node);
    let read_by_loss = ports_below(program, losses);
    let is_param = |id: &PortId| program.ports.iter().any(|p| p.role == Role::Param && p.id == *id);
    for loss in program.values_of(ValueRole::Loss) {
        if !ports_below(program, std::iter::once(loss.node)).iter().any(is_param) {
            found.push(lint::loss_without_param(loss.span));
        }
    }
    let learns = read_by_loss.iter().any(is_param);
    let params: FxHashMap<&str, PortId> = (program.ports.iter().filter(|p| p.role == Role::Param))
        .map(|p| (program.graph.port_info(p.id).name.as_str(), p.id))
        .collect();
    let is_updated = |name: &str| program.updates.iter().any(|(port, _)| program.graph.port_info(*port).name == name);
    for (i, item) in names.items.iter().enumerate() {
        if !modules[item.module].path.is_empty() {
            continue;
        }
        let name = item_name(item);
        let used = order.used.contains(&ItemId(i)) || mentioned.contains(name.as_str());
        match &item.kind {
            ItemKind::Param(d)
                if learns && params.get(d.name.text.as_str()).is_some_and(|id| !read_by_loss.contains(id)) =>
            {
                found.push(lint::param_without_loss(d.name.span, &d.name.text));
            }
            ItemKind::State(d) if used && !is_updated(&name) => {
                found.push(lint::state_without_update(d.name.span, &name))
            }
            ItemKind::Input(_) | ItemKind::Target(_) | ItemKind::State(_) if !used && complete => {
                found.push(lint::unused_input(item.span, item.kind.noun(), &name));
            }
            ItemKind::Let(_) if !used && complete && name != "_" => found.push(lint::unused_let(item.span, &name)),
            ItemKind::Dim(_) if !used => found.push(lint::unused_dim(item.span, &name)),
            _ => {}
        }
    }
    if learns {
        found.extend(layers_without_loss(program, names, modules, &read_by_loss));
    }
    for (module, names_of) in names.names.iter().enumerate() {
        if modules[module].is_std {
            continue;
        }
        let mut hiding: Vec<_> = names_of
            .iter()
            .filter(|(name, b)| !b.imported && matches!(b.entity, Entity::Item(..)) && order::is_built_in(name))
            .collect();
        hiding.sort_by_key(|(_, b)| b.span);
        found.extend(hiding.into_iter().map(|(name, b)| lint::hides_built_in(b.span, name)));
    }
    found
}

/// Instances of layers with a param that something else than the loss reads: reported where the instance is made.
fn layers_without_loss(
    program: &Program,
    names: &Names,
    modules: &[Module],
    read_by_loss: &FxHashSet<PortId>,
) -> Vec<Diagnostic> {
    let mut seen = FxHashSet::default();
    let mut found = vec![];
    for port in program.ports.iter().filter(|p| p.role == Role::Param && !read_by_loss.contains(&p.id)) {
        let name = program.graph.port_info(port.id).name.as_str();
        let Some((instance, _)) = name.split_once('.') else { continue };
        let own = |item: &&super::program::Item| {
            modules[item.module].path.is_empty() && matches!(item.kind, ItemKind::Let(_)) && item_name(item) == instance
        };
        if let Some(item) = names.items.iter().find(own)
            && seen.insert(item.span)
        {
            found.push(lint::param_without_loss(item.span, name));
        }
    }
    found
}

/// The ports that some terms read.
fn ports_below(program: &Program, nodes: impl Iterator<Item = NodeId>) -> FxHashSet<PortId> {
    let graph = &program.graph;
    let mut seen: FxHashSet<NodeId> = FxHashSet::default();
    let mut ports = FxHashSet::default();
    let mut stack: Vec<NodeId> = nodes.collect();
    while let Some(node) = stack.pop() {
        if !seen.insert(node) {
            continue;
        }
        if let Op::Port(port) = graph.op(node) {
            ports.insert(*port);
        }
        stack.extend(graph.args(node).iter().copied());
    }
    ports
}

/// Whether a file silences this warning.
pub(super) fn is_allowed(problem: &Diagnostic, modules: &[Module]) -> bool {
    let Some(label) = problem.labels.first() else { return false };
    if problem.is_error() {
        return false;
    }
    let Some(module) = modules.iter().find(|m| m.file == label.span.file) else { return false };
    module.ast.comments.iter().any(|c| allowed_codes(&c.text).any(|code| code == problem.code))
}

/// `// nnc: allow(W1003, W1004)`
fn allowed_codes(comment: &str) -> impl Iterator<Item = &str> {
    let list = comment
        .trim_start_matches('/')
        .trim()
        .strip_prefix("nnc:")
        .and_then(|rest| rest.trim().strip_prefix("allow("))
        .and_then(|rest| rest.split_once(')'));
    list.map(|(codes, _)| codes).unwrap_or_default().split(',').map(str::trim)
}
