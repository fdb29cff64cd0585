//! Which names an expression reads.

use crate::syntax::ast::{ArgumentValue, Expr, ExprKind, IndexItem, Line};
use rustc_hash::FxHashSet;

/// The lines that the values need, directly or by way of other lines.
pub(super) fn needed(lines: &[Line], values: &[Expr]) -> Vec<Line> {
    let mut read = FxHashSet::default();
    values.iter().for_each(|v| collect(v, &mut read));
    let mut kept = vec![];
    for line in lines.iter().rev() {
        if let Line::Let(l) = line {
            let names = match &l.pattern {
                crate::syntax::ast::Pattern::Name(name) => std::slice::from_ref(name),
                crate::syntax::ast::Pattern::Tuple(names) => names.as_slice(),
            };
            if names.iter().any(|n| read.contains(&n.text)) {
                collect(&l.value, &mut read);
                kept.push(line.clone());
            }
        }
    }
    kept.reverse();
    kept
}

fn collect(e: &Expr, out: &mut FxHashSet<String>) {
    match &e.kind {
        ExprKind::Name(name) => drop(out.insert(name.clone())),
        ExprKind::Field(x, _) | ExprKind::Transpose(x) | ExprKind::Negate(x) | ExprKind::Not(x) => collect(x, out),
        ExprKind::Comprehension { body, .. } => collect(body, out),
        ExprKind::Binary { left, right, .. } => [left, right].into_iter().for_each(|x| collect(x, out)),
        ExprKind::Compare { first, rest } => {
            collect(first, out);
            rest.iter().for_each(|r| collect(&r.2, out));
        }
        ExprKind::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|x| collect(x, out));
        }
        ExprKind::Array(parts) | ExprKind::Tuple(parts) => parts.iter().for_each(|x| collect(x, out)),
        ExprKind::Index { base, items, filter } => {
            collect(base, out);
            filter.iter().for_each(|x| collect(x, out));
            for item in items {
                if let IndexItem::Expr(x) = item {
                    collect(x, out);
                }
            }
        }
        ExprKind::Call { function, arguments } => {
            collect(function, out);
            for argument in arguments {
                if let ArgumentValue::Expr(x) = &argument.value {
                    collect(x, out);
                }
            }
        }
        ExprKind::Repeat(repeat) => {
            repeat.states.iter().for_each(|s| collect(&s.1, out));
            collect(&repeat.body, out);
        }
        ExprKind::Block { lines, value } => {
            for line in lines {
                if let Line::Let(l) = line {
                    collect(&l.value, out);
                }
            }
            collect(value, out);
        }
        ExprKind::Number { .. } | ExprKind::Text(_) | ExprKind::Bool(_) | ExprKind::Error => {}
    }
}
