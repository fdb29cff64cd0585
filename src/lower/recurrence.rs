//! `let s[t] = 0.9 * s[t - 1] + x[t]`, which is refused, as the loop that says the same: `scan(t in T, s = 0) => …`.
//!
//! Reads what was written. Must not know values.

use super::program::{Entity, ItemKind, ModuleId, Names};
use crate::span::SourceMap;
use crate::syntax::ast::{Binder, BinderRange, Let, Pattern, ShapeItem};

/// The loop, if the definition reads itself one step back and nowhere else.
pub(super) fn as_scan(l: &Let, sources: &SourceMap, names: &Names, module: ModuleId) -> Option<String> {
    let (Pattern::Name(state), Some([Binder::Index { name: index, range }])) = (&l.pattern, l.binders.as_deref())
    else {
        return None;
    };
    let (state, index) = (state.text.as_str(), index.text.as_str());
    let written = sources.text(l.value.span);
    let back = format!("{index}-1");
    let mut body = String::new();
    let mut extent: Option<String> = None;
    let mut rest = written;
    while let Some(first) = rest.chars().next() {
        let word = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        if word.is_empty() {
            body.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let after = &rest[word.len()..];
        let place = after.strip_prefix('[').and_then(|inside| inside.split_once(']'));
        let place = place.map(|(place, after)| (place.split_whitespace().collect::<String>(), after));
        rest = match place {
            Some((place, after)) if word == state && place == back => after,
            // Another step back, or the whole array: no simple loop.
            _ if word == state => return None,
            Some((place, _)) if place == index => {
                extent = extent.or_else(|| first_size(word, sources, names, module));
                after
            }
            _ => after,
        };
        body.push_str(word);
    }
    let extent = match range {
        Some(BinderRange::Extent(e)) => sources.text(e.span).to_string(),
        Some(BinderRange::Between(a, b)) => format!("{}..{}", sources.text(a.span), sources.text(b.span)),
        None => extent?,
    };
    Some(format!("scan({index} in {extent}, {state} = 0) => {body}"))
}

/// The first size in the type of an input, target or param: `T` of `input x: [T]`.
fn first_size(name: &str, sources: &SourceMap, names: &Names, module: ModuleId) -> Option<String> {
    let Entity::Item(item, _) = names.names[module].get(name)?.entity else { return None };
    let (ItemKind::Input(d) | ItemKind::Target(d) | ItemKind::Param(d)) = &names.items[item.0].kind else {
        return None;
    };
    match d.ty.as_ref()?.shape.as_ref()?.first()? {
        ShapeItem::Dim(e) => Some(sources.text(e.span).to_string()),
        ShapeItem::Rest(_) => None,
    }
}
