//! Forms that are read and not yet worked out: each has its refusal here, and nowhere else.
//!
//! Reads the tree. Whoever builds one of them takes its line away.

use crate::diag::{Diagnostic, catalog::syntax as error};
use crate::span::Span;
use crate::syntax::ast::{Statement, StatementKind, Update};

/// What is refused about a statement of a file.
pub(super) fn statement(statement: &Statement) -> Option<Diagnostic> {
    let word = match &statement.kind {
        StatementKind::State(_) => "state",
        StatementKind::Update(_) => "update",
        _ => return None,
    };
    Some(error::not_available(keyword(statement.span, word), word))
}

/// `update` in a block.
pub(super) fn update(update: &Update) -> Diagnostic {
    error::not_available(keyword(update.span, "update"), "update")
}

fn keyword(whole: Span, word: &str) -> Span {
    Span { end: whole.start + word.len() as u32, ..whole }
}
