//! The order in which definitions are worked out, and what is wrong with their names.
//!
//! Reads the tree and the names of files. Must not know values. Works with lists of its own instead of recursion, so
//! that a chain of any length is handled.

use super::free_names::{Reference, Use, Walker};
use super::gradient::DerivativeForm;
use super::program::{Entity, Item, ItemId, ItemKind, Module, Names, prelude_names};
use super::recurrence::as_scan;
use super::reductions::Fold;
use super::shape_functions::Native;
use crate::diag::Diagnostic;
use crate::diag::catalog::{layers, lints as lint, names as error, nearest};
use crate::prim::{Prim, REDUCTIONS, ROWS};
use crate::span::{SourceMap, Span};
use crate::syntax::ast::{Expr, ExprKind, Function, ShapeItem, StatementKind};
use rustc_hash::FxHashSet;

/// Items such that each comes after everything it reads, and which items cannot be worked out.
pub(super) struct Order {
    /// All items of the main file and what they need.
    pub items: Vec<ItemId>,
    /// Parts of circles.
    pub broken: FxHashSet<ItemId>,
    /// Names that something reads, by the item that defines them.
    pub used: FxHashSet<ItemId>,
    /// Lints of indices and local `let`s that nothing reads.
    pub unread: Vec<Diagnostic>,
    /// Places of names that stand for nothing; each was reported, there or where it should have been imported.
    pub unknown: FxHashSet<Span>,
}

/// Sorts the items; reports unknown names and circles.
pub(super) fn sort(names: &Names, modules: &[Module], sources: &SourceMap, diagnostics: &mut Vec<Diagnostic>) -> Order {
    let mut order = Order {
        items: vec![],
        broken: FxHashSet::default(),
        used: FxHashSet::default(),
        unread: vec![],
        unknown: FxHashSet::default(),
    };
    let mut dependencies: Vec<Option<Vec<ItemId>>> = vec![None; names.items.len()];
    // 0 unseen, 1 on the way, 2 done.
    let mut state = vec![0u8; names.items.len()];
    let mut roots: Vec<usize> =
        (0..names.items.len()).filter(|i| modules[names.items[*i].module].path.is_empty()).collect();
    // Dims and ports first, so that they are numbered as they are declared.
    roots.sort_by_key(|i| match names.items[*i].kind {
        ItemKind::Dim(_) => 0,
        ItemKind::Input(_) | ItemKind::Target(_) | ItemKind::Param(_) | ItemKind::State(_) => 1,
        _ => 2,
    });
    for root in roots {
        if state[root] != 0 {
            continue;
        }
        let mut way: Vec<(ItemId, usize)> = vec![(ItemId(root), 0)];
        state[root] = 1;
        while let Some((item, next)) = way.last_mut() {
            let item = *item;
            let needs = dependencies[item.0]
                .get_or_insert_with(|| reads(names, modules, item, diagnostics, &mut order.unread, &mut order.unknown));
            let Some(to) = needs.get(*next).copied() else {
                state[item.0] = 2;
                order.items.push(item);
                way.pop();
                continue;
            };
            *next += 1;
            order.used.insert(to);
            match state[to.0] {
                0 => {
                    state[to.0] = 1;
                    way.push((to, 0));
                }
                1 => {
                    let from = way.iter().position(|(i, _)| *i == to).unwrap_or(0);
                    let circle: Vec<ItemId> = way[from..].iter().map(|(i, _)| *i).collect();
                    let is_fn = |i: &ItemId| matches!(names.items[i.0].kind, ItemKind::Fn(_));
                    // Functions may call each other; calls without end are found when they are made.
                    if !circle.iter().all(is_fn) {
                        diagnostics.push(describe_circle(names, sources, &circle));
                        order.broken.extend(circle);
                    }
                }
                _ => {}
            }
        }
    }
    order
}

fn describe_circle(names: &Names, sources: &SourceMap, circle: &[ItemId]) -> Diagnostic {
    let item = |i: &ItemId| &names.items[i.0];
    // Start at the first in the source.
    let first = (0..circle.len()).min_by_key(|i| circle[*i]).unwrap_or(0);
    let turned: Vec<ItemId> = circle[first..].iter().chain(&circle[..first]).copied().collect();
    let list: Vec<(String, crate::span::Span)> = turned.iter().map(|i| (item_name(item(i)), item(i).span)).collect();
    if let ([only], ItemKind::Let(l)) = (turned.as_slice(), &item(&turned[0]).kind) {
        let name = item_name(item(only));
        if l.binders.is_some() {
            let scan = as_scan(l, sources, names, item(only).module);
            return error::recurrence(item(only).span, &name, scan.as_deref());
        }
        let is_built_in = built_in_names().any(|n| n == name);
        return error::reads_itself(item(only).span, &name, is_built_in);
    }
    if turned.iter().all(|i| matches!(item(i).kind, ItemKind::Layer(_))) {
        return layers::layer_circle(&list);
    }
    error::circle(&list)
}

/// What messages call an item.
pub(super) fn item_name(item: &Item) -> String {
    match &item.kind {
        ItemKind::Dim(d) => d.name.text.clone(),
        ItemKind::Const(c) => c.name.text.clone(),
        ItemKind::Input(d) | ItemKind::Target(d) | ItemKind::Param(d) | ItemKind::State(d) => d.name.text.clone(),
        ItemKind::Update(u) => format!("update {}", u.name.text),
        ItemKind::Let(l) => match &l.pattern {
            crate::syntax::ast::Pattern::Name(n) => n.text.clone(),
            crate::syntax::ast::Pattern::Tuple(names) => {
                names.iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join(", ")
            }
        },
        ItemKind::Fn(f) => f.title().to_string(),
        ItemKind::Layer(layer) => layer.name.text.clone(),
        ItemKind::Output { name, .. } | ItemKind::Metric { name, .. } => name.text.clone(),
        ItemKind::Loss { name, .. } => name.map_or_else(|| "loss".to_string(), |n| n.text.clone()),
    }
}

/// The items that an item reads, in the order of the source. Reports names that stand for nothing.
fn reads(
    names: &Names,
    modules: &[Module],
    id: ItemId,
    diagnostics: &mut Vec<Diagnostic>,
    unread: &mut Vec<Diagnostic>,
    unknown_places: &mut FxHashSet<Span>,
) -> Vec<ItemId> {
    let item = &names.items[id.0];
    let scope = &names.names[item.module];
    let mut found: Vec<ItemId> = vec![];
    let mut seen: FxHashSet<ItemId> = FxHashSet::default();
    let mut reported: FxHashSet<String> = FxHashSet::default();
    let own_dims = signature_dims(item);
    let is_std = modules[item.module].is_std;
    let mut see = |r: Reference| {
        if r.usage == Use::Variable {
            return; // Seen once more as a value.
        }
        let entity = match scope.get(r.name) {
            Some(binding) => Some(binding.entity),
            None => names.prelude.get(r.name).map(|i| Entity::Item(*i, None)),
        };
        let entity = match (entity, r.usage, r.field) {
            (Some(Entity::Prefix(module)), Use::Prefix, Some(field)) => {
                match names.names[module].get(field.text.as_str()).filter(|b| !b.imported) {
                    Some(binding) => Some(binding.entity),
                    None => {
                        let file = format!("{}.nn", modules[module].path.replace('.', "/"));
                        let mut has: Vec<&str> = names.names[module].keys().copied().collect();
                        has.sort_unstable();
                        diagnostics.push(error::not_in_file(field.span, &file, &field.text, &has));
                        return;
                    }
                }
            }
            (entity, ..) => entity,
        };
        let is_dim = |i: ItemId| matches!(names.items[i.0].kind, ItemKind::Dim(_));
        match entity {
            // A dim of the signature that the file does not declare is new in each call.
            Some(Entity::Item(to, _)) if own_dims.contains(r.name) && !is_dim(to) => {}
            Some(Entity::Item(to, _)) => {
                if seen.insert(to) {
                    found.push(to);
                }
            }
            // A prefix without a dot is reported where it is evaluated.
            Some(Entity::Prefix(_)) => {}
            None => {
                let known = built_in_names().any(|n| n == r.name)
                    || r.usage == Use::SignatureDim
                    || own_dims.contains(r.name)
                    || r.usage == Use::Axis && r.name == "all";
                if known || is_std {
                    return;
                }
                unknown_places.insert(r.span);
                let said = names.missing[item.module].contains(r.name);
                if !said && reported.insert(r.name.to_string()) {
                    diagnostics.push(unknown(names, item, &r));
                }
            }
        }
    };
    let mut walker = Walker::new(&mut see);
    walk(item, &mut walker);
    names.rules.get(&id).into_iter().for_each(|rule| walker.rule(rule));
    if !is_std {
        let found = std::mem::take(&mut walker.unread).into_iter();
        unread.extend(found.map(|u| match u.is_index {
            true => lint::unused_index(u.span, u.name),
            false => lint::unused_let(u.span, u.name),
        }));
    }
    found
}

/// Goes through everything that an item says.
pub(super) fn walk<'a>(item: &Item<'a>, walker: &mut Walker<'a, '_>) {
    match &item.kind {
        ItemKind::Dim(d) => d.value.iter().for_each(|e| walker.dim(e)),
        ItemKind::Const(c) => walker.bound_value(None, c.binders.as_deref(), &c.value),
        ItemKind::Input(d) | ItemKind::Target(d) | ItemKind::Param(d) | ItemKind::State(d) => walker.declaration(d),
        ItemKind::Update(u) => walker.update(u),
        ItemKind::Let(l) => walker.bound_value(l.ty.as_ref(), l.binders.as_deref(), &l.value),
        ItemKind::Fn(f) => walker.function(f),
        ItemKind::Layer(layer) => walker.layer(layer),
        ItemKind::Output { name, value: None, .. } => walker.name(name),
        ItemKind::Output { binders, value: Some(value), .. } => walker.bound_value(None, *binders, value),
        ItemKind::Loss { value, .. } | ItemKind::Metric { value, .. } => walker.expr(value),
    }
}

fn signature_dims<'a>(item: &'a Item) -> FxHashSet<&'a str> {
    fn dims<'a>(e: &'a Expr, into: &mut FxHashSet<&'a str>) {
        match &e.kind {
            ExprKind::Name(name) => {
                into.insert(name);
            }
            ExprKind::Binary { left, right, .. } => {
                dims(left, into);
                dims(right, into);
            }
            _ => {}
        }
    }
    let mut into = FxHashSet::default();
    let functions: Vec<&'a Function> = match &item.kind {
        ItemKind::Fn(f) => vec![f],
        ItemKind::Layer(layer) => layer
            .body
            .iter()
            .filter_map(|s| match &s.kind {
                StatementKind::Fn(f) => Some(f),
                _ => None,
            })
            .collect(),
        _ => vec![],
    };
    for f in functions {
        for ty in f.arguments.iter().filter_map(|a| a.ty.as_ref()).chain(f.result.iter().flat_map(|r| r.types())) {
            if let Some(argument) = ty.kind.as_ref().and_then(|k| k.argument.as_ref()) {
                dims(argument, &mut into);
            }
            for entry in ty.shape.iter().flatten() {
                if let ShapeItem::Dim(e) = entry {
                    dims(e, &mut into);
                }
            }
        }
    }
    into
}

/// Values that are visible everywhere without a definition.
const CONSTANTS: [&str; 3] = ["pi", "inf", "training"];

/// Names that are visible everywhere without a definition.
pub(super) fn built_in_names() -> impl Iterator<Item = &'static str> {
    (ROWS.iter().filter(|r| r.callable).map(|r| r.name))
        .chain(REDUCTIONS.iter().map(|r| r.name))
        .chain(Fold::DERIVED)
        .chain(Native::ALL.iter().map(|n| n.name()))
        .chain(prelude_names())
        .chain(super::statements::start_names())
        .chain(CONSTANTS)
        .chain(DerivativeForm::ALL.iter().map(|f| f.name()))
        .chain(super::call::UNAVAILABLE.iter().copied())
}

/// Whether a name is that of a built-in.
pub(super) fn is_built_in(name: &str) -> bool {
    Prim::callable(name).is_some() || built_in_names().any(|n| n == name)
}

fn unknown(names: &Names, item: &Item, r: &Reference) -> Diagnostic {
    let scope = &names.names[item.module];
    let mut of_kind: Vec<&str> = scope
        .iter()
        .filter(|(_, b)| {
            let Entity::Item(i, _) = b.entity else { return r.usage == Use::Prefix };
            match (&names.items[i.0].kind, r.usage) {
                (ItemKind::Fn(_) | ItemKind::Layer(_), Use::Call)
                | (ItemKind::Dim(_), Use::Dim | Use::SignatureDim) => true,
                (ItemKind::Fn(_) | ItemKind::Layer(_), _) => false,
                (_, Use::Call | Use::Dim | Use::SignatureDim) => false,
                _ => true,
            }
        })
        .map(|(n, _)| *n)
        .collect();
    of_kind.sort_unstable();
    if r.usage == Use::Call {
        for name in built_in_names().filter(|n| !CONSTANTS.contains(n)) {
            of_kind.push(name);
        }
    }
    // A very long name is no typing error of a short one, and names of one letter are all alike.
    let length = r.name.chars().count();
    let alike = |n: &&str| length > 1 && n.chars().count() > 1 || n.to_lowercase() == r.name.to_lowercase();
    let near = if length <= 100 { nearest(r.name, of_kind.iter().copied().filter(alike)) } else { None };
    match r.usage {
        Use::Call => error::unknown_function(r.span, r.name, near, super::program::std_file_with(r.name)),
        Use::Dim | Use::SignatureDim => error::unknown_dim(r.span, r.name, near),
        Use::Prefix => error::unknown_prefix(r.span, r.name, near),
        Use::Value | Use::Axis | Use::Variable => error::unknown_name(r.span, r.name, near),
    }
}
