//! What to do with a statement that the grammar refused: report, put a hole in place of the bad part, try again.
//!
//! So one run reports a problem in each line of a block and each entry of `data`, and a name whose value is bad is
//! still defined. The hole is one control character, which scanned text never holds, padded to the same length.

use super::ast::StatementKind;
use super::build::Builder;
use super::explain::explain;
use super::grammar::{Grammar, Rule};
use super::tokens::{Kind, Token, tokens};
use crate::diag::{Diagnostic, catalog::syntax as error};
use crate::span::{FileId, Span};
use pest::Parser;
use pest::error::{Error, ErrorVariant, InputLocation};
use std::ops::Range;

/// Problems reported of one statement.
const MOST: usize = 20;

/// Reads as much as can be of the statement `text`, which begins at byte `offset` of `file`.
pub(super) fn recover(file: FileId, offset: usize, text: &str) -> (Option<StatementKind>, Vec<Diagnostic>) {
    let mut problems = vec![];
    let length = text.len();
    let mut text = text.to_string();
    while problems.len() < MOST {
        match Grammar::parse(Rule::statement, &text) {
            Ok(mut pairs) => {
                let mut builder = Builder::new(file, offset, length);
                let kind = pairs.next().and_then(|pair| builder.statement(pair));
                problems.append(&mut builder.diagnostics);
                return (kind, problems);
            }
            Err(refusal) => {
                let (problem, at) = explained(file, offset, &text, &refusal, false);
                if at.is_some_and(|at| text[at..].starts_with('\u{1}')) {
                    // What does not fit is the hole itself: its problem is known.
                    break;
                }
                problems.push(problem);
                let Some(bad) = at.and_then(|at| bad_part(&text, at)) else { break };
                if !punch(&mut text, bad) {
                    break;
                }
            }
        }
    }
    (None, problems)
}

/// The name that a statement with broken brackets defines, with a hole for its value.
pub(super) fn header(file: FileId, offset: usize, text: &str) -> Option<StatementKind> {
    let tokens = tokens(text);
    let equals = tokens.iter().position(|token| token.depth == 0 && &text[token.range.clone()] == "=")?;
    let length = text.len();
    let mut text = text.to_string();
    let value = tokens[equals].range.end..text.len();
    if !punch(&mut text, value) {
        return None;
    }
    let pair = Grammar::parse(Rule::statement, &text).ok()?.next()?;
    Builder::new(file, offset, length).statement(pair)
}

/// Pest's refusal in our words, and the byte of `text` it is about.
pub(super) fn explained(
    file: FileId,
    offset: usize,
    text: &str,
    refusal: &Error<Rule>,
    lone: bool,
) -> (Diagnostic, Option<usize>) {
    let at = match refusal.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    if let ErrorVariant::CustomError { .. } = refusal.variant {
        // Pest's only errors of this kind: no stack left, or a limit that the host program set.
        let place = Span::new(file, offset, offset + text.lines().next().map_or(0, str::len));
        return (error::out_of_stack(place), None);
    }
    (explain(file, offset, text, at, lone), Some(at))
}

/// Overwrites a part of the text by a hole; false if there is no room or it is a hole already. At the end of the text
/// there is always room.
fn punch(text: &mut String, part: Range<usize>) -> bool {
    if part.is_empty() && part.start == text.len() && !text.ends_with('\u{1}') {
        text.push('\u{1}');
        return true;
    }
    if part.is_empty() || text[part.clone()].contains('\u{1}') {
        return false;
    }
    let hole = format!("\u{1}{}", " ".repeat(part.len() - 1));
    text.replace_range(part, &hole);
    true
}

/// The smallest part around byte `at` that can be left out: the value of the innermost definition or entry, or a whole
/// line of a block or entry of `data`. `None` if only the whole statement can.
fn bad_part(text: &str, at: usize) -> Option<Range<usize>> {
    let tokens = tokens(text);
    let here = tokens.iter().position(|token| token.range.end > at).unwrap_or(tokens.len() - 1);
    let is = |token: &Token, mark: &str| &text[token.range.clone()] == mark;

    // The innermost `{` around the place, and the depth within it.
    let mut braces = vec![];
    for token in &tokens[..here] {
        match (token.kind, &text[token.range.clone()]) {
            (Kind::Open, "{") => braces.push((token.range.end, token.depth + 1)),
            (Kind::Close, "}") => {
                braces.pop();
            }
            _ => {}
        }
    }
    let first_word = tokens.first().map_or("", |first| &text[first.range.clone()]);
    // Braces that hold no block: it is not the value of the last line that is missing.
    let outermost = braces.len() <= 1 && matches!(first_word, "data" | "train" | "layer");
    let (from, depth) = braces.last().copied().unwrap_or((0, 0));
    let ends = |token: &Token| {
        let comma = outermost && first_word != "layer" && depth > 0 && is(token, ",");
        match token.kind {
            Kind::End => true,
            Kind::Close => token.depth < depth,
            Kind::LineEnd => token.depth == depth && depth > 0,
            _ => token.depth == depth && comma,
        }
    };
    let first = tokens.iter().position(|token| token.range.start >= from)?;
    let first = (first..here).rev().find(|i| ends(&tokens[*i])).map_or(first, |end| end + 1);
    let last = (here..tokens.len()).find(|i| ends(&tokens[*i]))?;
    let end = tokens[last].range.start;
    let start = tokens[first].range.start;
    // A block that ends with a `let` has no value: a hole for the whole line gives it one.
    let valueless = here == last && tokens[last].kind == Kind::Close && !outermost;
    let equals = (first..here).find(|i| tokens[*i].depth == depth && is(&tokens[*i], "=") && !valueless);
    match equals {
        Some(equals) => Some(tokens[equals].range.end..end),
        None if depth > 0 => Some(start..end),
        None if first_word == "loss" && here > 0 => Some(tokens[0].range.end..end),
        None => None,
    }
}
