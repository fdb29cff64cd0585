//! Text to tree and back. The only module that sees pest.
//!
//! Reads spans and the diagnostics catalog. Must not know primitives, shapes or names.

pub mod ast;
mod build;
mod explain;
mod format;
mod operators;
mod print;
mod recover;
mod scan;
mod strip;
mod tokens;

use crate::diag::{Diagnostic, catalog::syntax as error};
use crate::span::{FileId, Span};
use ast::{Ast, Comment, Expr, Statement, StatementKind};
use build::Builder;
pub use build::MAX_DEPTH;
pub use format::{WIDTH, format, same_meaning};
use grammar::{Grammar, Rule};
use pest::Parser;
pub use print::{print, print_expr};
pub use scan::MAX_NESTING;
pub use strip::{strip_expr_spans, strip_spans};

mod grammar {
    #![allow(missing_docs, reason = "generated: one variant per rule of the grammar file")]

    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/nn.pest"]
    pub struct Grammar;
}
/// What a text says, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The statements that could be read.
    pub ast: Ast,
    /// Problems in source order. With an error among them the tree is incomplete.
    pub diagnostics: Vec<Diagnostic>,
}

/// Problems reported of one file; a text that is not nnc at all would have one in every line.
const MOST_PROBLEMS: usize = 100;

/// Parses a file. Never fails: what cannot be read is reported and left out, or is [`ast::ExprKind::Error`].
pub fn parse(file: FileId, text: &str) -> Parsed {
    if u32::try_from(text.len()).is_err() {
        return Parsed { ast: Ast::default(), diagnostics: vec![error::too_large(Span::new(file, 0, 0))] };
    }
    let scan = scan::scan(file, text);
    let mut parsed = Parsed { ast: Ast::default(), diagnostics: scan.diagnostics };
    let mut is_doc = vec![false; scan.comments.len()];
    for segment in &scan.segments {
        let range = segment.range.clone();
        let doc = documentation(text, &scan.comments, range.start, &mut is_doc);
        let source = &scan.text[range.clone()];
        if parsed.diagnostics.len() >= MOST_PROBLEMS {
            break;
        }
        let kind = if segment.broken {
            recover::header(file, range.start, source)
        } else {
            let (kind, mut problems) = on_stack_for(segment.nesting, || statement(file, range.start, source));
            parsed.diagnostics.append(&mut problems);
            kind
        };
        if let Some(mut kind) = kind {
            if let StatementKind::Layer(layer) = &mut kind {
                for line in &mut layer.body {
                    line.doc = documentation(text, &scan.comments, line.span.start as usize, &mut is_doc);
                }
            }
            let span = Span::new(file, range.start, range.end);
            parsed.ast.statements.push(Statement { kind, span, doc });
        }
    }
    parsed.ast.comments = scan.comments.into_iter().zip(is_doc).filter(|(_, doc)| !doc).map(|(c, _)| c).collect();
    parsed.diagnostics.sort_by_key(|problem| problem.labels.first().map(|label| label.span.start));
    if parsed.diagnostics.len() >= MOST_PROBLEMS {
        parsed.diagnostics.truncate(MOST_PROBLEMS);
        parsed.diagnostics.push(error::too_many_problems(Span::new(file, 0, 0), MOST_PROBLEMS));
    }
    parsed
}

/// Parses a text that is one expression, such as a rewrite rule's side.
///
/// # Errors
/// What is wrong with it, if it is not an expression from its first to its last character.
pub fn parse_expr(file: FileId, text: &str) -> Result<Expr, Vec<Diagnostic>> {
    if u32::try_from(text.len()).is_err() {
        return Err(vec![error::too_large(Span::new(file, 0, 0))]);
    }
    let scan = scan::scan(file, text);
    if !scan.diagnostics.is_empty() {
        return Err(scan.diagnostics);
    }
    let nesting = scan.segments.iter().map(|segment| segment.nesting).max().unwrap_or(0);
    on_stack_for(nesting, || {
        let mut pairs = Grammar::parse(Rule::lone_expression, &scan.text)
            .map_err(|refusal| vec![recover::explained(file, 0, &scan.text, &refusal, true).0])?;
        let mut builder = Builder::new(file, 0, text.len());
        match pairs.next().and_then(|pair| builder.expression(pair)) {
            Some(built) if builder.diagnostics.is_empty() => Ok(built.expr),
            _ => Err(builder.diagnostics),
        }
    })
}

/// Runs `work`, which recurses `nesting` levels deep, on this stack if that much is left, otherwise on a new one: the
/// caller may be a thread with a small stack, and pest takes 15 kB per level in a build without optimisation.
fn on_stack_for<T>(nesting: usize, work: impl FnOnce() -> T) -> T {
    let bytes = (nesting + 8) * (24 << 10);
    stacker::maybe_grow(bytes, bytes, work)
}

/// One statement, with its problems.
fn statement(file: FileId, offset: usize, text: &str) -> (Option<StatementKind>, Vec<Diagnostic>) {
    let Ok(mut pairs) = Grammar::parse(Rule::statement, text) else { return recover::recover(file, offset, text) };
    let mut builder = Builder::new(file, offset, text.len());
    let kind = pairs.next().and_then(|pair| builder.statement(pair));
    (kind, builder.diagnostics)
}

/// Bytes that are not UTF-8.
#[derive(Clone, Debug)]
pub struct NotText {
    /// What is wrong, with a place in `text`.
    pub diagnostic: Diagnostic,
    /// The bytes with U+FFFD in place of those that mean nothing: the source that the diagnostic points into.
    pub text: String,
}

/// The text of a file.
///
/// # Errors
/// [`NotText`] with offset and line of the first byte that is not UTF-8. `file` is the id that the caller gives to
/// [`NotText::text`].
pub fn decode(file: FileId, bytes: &[u8]) -> Result<&str, Box<NotText>> {
    std::str::from_utf8(bytes).map_err(|problem| {
        let offset = problem.valid_up_to();
        let text = String::from_utf8_lossy(bytes).into_owned();
        let at = Span::new(file, offset, offset + '\u{fffd}'.len_utf8());
        let diagnostic = match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => error::utf16(at),
            _ => error::not_utf8(at, bytes.get(offset).copied().unwrap_or_default(), offset),
        };
        Box::new(NotText { diagnostic, text })
    })
}

/// The `///` lines directly above the statement at `start`; marks them in `is_doc`.
fn documentation(text: &str, comments: &[Comment], start: usize, is_doc: &mut [bool]) -> Option<String> {
    let mut lines = vec![];
    let mut below = start;
    let before = comments.partition_point(|comment| (comment.span.start as usize) < start);
    for (comment, is_doc) in comments[..before].iter().zip(is_doc).rev() {
        let (from, to) = (comment.span.start as usize, comment.span.end as usize);
        let gap = &text[to..below];
        let own_line =
            text[..from].trim_end_matches([' ', '\t', '\u{feff}']).chars().next_back().is_none_or(|c| c == '\n');
        let next_line = gap.trim().is_empty() && gap.matches('\n').count() == 1;
        let Some(line) = comment.text.strip_prefix("///").filter(|_| own_line && next_line) else { break };
        lines.push(line.strip_prefix(' ').unwrap_or(line));
        *is_doc = true;
        below = from;
    }
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
