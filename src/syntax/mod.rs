//! Text to tree and back. The only module that sees pest.
//!
//! Reads spans and the diagnostics catalog. Must not know primitives, shapes or names.

pub mod ast;
mod build;
mod operators;
mod scan;

use crate::diag::{Diagnostic, catalog::syntax as error};
use crate::span::{FileId, Span};
use ast::{Ast, Comment, Expr, Statement};
use build::Builder;
pub use build::MAX_DEPTH;
use grammar::{Grammar, Rule};
use pest::Parser;
use pest::error::InputLocation;
pub use scan::MAX_NESTING;
use std::ops::Range;

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

/// Parses a file. Never fails: what cannot be read is reported and left out.
pub fn parse(file: FileId, text: &str) -> Parsed {
    let scan = scan::scan(file, text);
    let mut parsed = Parsed { ast: Ast::default(), diagnostics: scan.diagnostics };
    let mut is_doc = vec![false; scan.comments.len()];
    for segment in scan.segments.iter().filter(|segment| !segment.broken) {
        let range = segment.range.clone();
        let doc = documentation(text, &scan.comments, range.start, &mut is_doc);
        match statement(file, &scan.text, range) {
            Ok(statement) => parsed.ast.statements.push(Statement { doc, ..statement }),
            Err(problems) => parsed.diagnostics.extend(problems),
        }
    }
    parsed.ast.comments = scan.comments.into_iter().zip(is_doc).filter(|(_, doc)| !doc).map(|(c, _)| c).collect();
    parsed
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

/// Parses a text that is one expression, such as a rewrite rule's side.
///
/// # Errors
/// What is wrong with it, if it is not an expression from its first to its last character.
pub fn parse_expr(file: FileId, text: &str) -> Result<Expr, Vec<Diagnostic>> {
    let scan = scan::scan(file, text);
    if !scan.diagnostics.is_empty() {
        return Err(scan.diagnostics);
    }
    let whole = 0..text.len();
    let mut pairs = match Grammar::parse(Rule::lone_expression, &scan.text) {
        Ok(pairs) => pairs,
        Err(problem) => return Err(vec![unexpected(file, &scan.text, whole, &problem)]),
    };
    let mut builder = Builder::new(file, 0);
    let built = pairs.next().and_then(|pair| builder.expression(pair));
    match built {
        Some(built) if builder.diagnostics.is_empty() => Ok(built.expr),
        _ => Err(builder.diagnostics),
    }
}

fn statement(file: FileId, text: &str, range: Range<usize>) -> Result<Statement, Vec<Diagnostic>> {
    let mut pairs = Grammar::parse(Rule::statement, &text[range.clone()])
        .map_err(|problem| vec![unexpected(file, text, range.clone(), &problem)])?;
    let mut builder = Builder::new(file, range.start);
    let kind = pairs.next().and_then(|pair| builder.statement(pair));
    match kind {
        Some(kind) if builder.diagnostics.is_empty() => {
            Ok(Statement { kind, span: Span::new(file, range.start, range.end), doc: None })
        }
        _ => Err(builder.diagnostics),
    }
}

fn unexpected(file: FileId, text: &str, range: Range<usize>, problem: &pest::error::Error<Rule>) -> Diagnostic {
    let at = range.start
        + match problem.location {
            InputLocation::Pos(at) => at,
            InputLocation::Span((at, _)) => at,
        };
    let found: String = text[at..range.end].chars().take(1).collect();
    error::unexpected(Span::new(file, at, at + found.len()), &found)
}
