//! Precedence: a flat list of operands and operators → a tree, without recursion.
//!
//! Reads the pairs of one `expression`. The table is section 2 of the language: `^`, `@`, unary minus, `*` `/`,
//! `+` `-`, comparisons, `not`, `and`, `or`, tightest first.

use super::ast::{BinaryOp, CompareOp, Expr, ExprKind};
use super::build::Builder;
use super::grammar::Rule;
use crate::diag::catalog::syntax as error;
use crate::span::Span;
use pest::iterators::Pairs;

/// An expression under construction.
pub(super) struct Built {
    /// The tree.
    pub expr: Expr,
    /// Its depth.
    pub depth: u32,
    /// Its place with the brackets around it.
    pub extent: Span,
}

/// What an operator token does.
#[derive(Clone, Copy)]
enum Action {
    Negate,
    Not,
    Binary(BinaryOp),
    Compare(CompareOp),
}

/// An operator waiting for its right operand.
struct Waiting {
    action: Action,
    strength: u8,
    span: Span,
}

/// An operand, and whether it is a comparison that another may be chained to.
struct Operand {
    built: Built,
    chain: bool,
}

const NOT: u8 = 3;
const COMPARE: u8 = 4;
const NEGATE: u8 = 7;
const MATRIX: u8 = 8;
const POWER: u8 = 9;

fn infix(text: &str) -> Option<(Action, u8)> {
    Some(match text {
        "or" => (Action::Binary(BinaryOp::Or), 1),
        "and" => (Action::Binary(BinaryOp::And), 2),
        "==" => (Action::Compare(CompareOp::Equal), COMPARE),
        "!=" => (Action::Compare(CompareOp::NotEqual), COMPARE),
        "<" => (Action::Compare(CompareOp::Less), COMPARE),
        "<=" => (Action::Compare(CompareOp::LessEqual), COMPARE),
        ">" => (Action::Compare(CompareOp::Greater), COMPARE),
        ">=" => (Action::Compare(CompareOp::GreaterEqual), COMPARE),
        "+" => (Action::Binary(BinaryOp::Add), 5),
        "-" => (Action::Binary(BinaryOp::Subtract), 5),
        "*" => (Action::Binary(BinaryOp::Multiply), 6),
        "/" => (Action::Binary(BinaryOp::Divide), 6),
        "@" => (Action::Binary(BinaryOp::MatrixMultiply), MATRIX),
        "^" => (Action::Binary(BinaryOp::Power), POWER),
        _ => return None,
    })
}

/// Folds the operands and operators of an `expression`; `None` if a problem was reported.
pub(super) fn fold(builder: &mut Builder, pairs: Pairs<Rule>) -> Option<Built> {
    let mut operands: Vec<Operand> = vec![];
    let mut waiting: Vec<Waiting> = vec![];
    for pair in pairs {
        let span = builder.span(&pair);
        match pair.as_rule() {
            Rule::prefix => {
                let top = waiting.last();
                let (action, strength) = match (pair.as_str(), top) {
                    // The right side of `^` may be signed, and the sign then belongs to it.
                    ("-", Some(top)) if top.strength == POWER => (Action::Negate, POWER),
                    ("-", Some(top)) if top.strength == MATRIX => {
                        builder.diagnostics.push(error::needs_brackets(span, "-", top.span, "@"));
                        return None;
                    }
                    ("-", _) => (Action::Negate, NEGATE),
                    (_, Some(top)) if top.strength > NOT => {
                        let after = operator_text(top.action);
                        builder.diagnostics.push(error::needs_brackets(span, "not", top.span, after));
                        return None;
                    }
                    _ => (Action::Not, NOT),
                };
                waiting.push(Waiting { action, strength, span });
            }
            Rule::infix => {
                let (action, strength) = infix(pair.as_str())?;
                while let Some(top) =
                    waiting.pop_if(|top| top.strength > strength || (top.strength == strength && strength != POWER))
                {
                    reduce(builder, &mut operands, top)?;
                }
                waiting.push(Waiting { action, strength, span });
            }
            Rule::call | Rule::index | Rule::field | Rule::transpose => {
                let base = operands.pop()?.built;
                operands.push(Operand { built: builder.postfix(base, pair)?, chain: false });
            }
            rule => {
                let word = match rule {
                    Rule::conditional => Some("if"),
                    Rule::comprehension => Some("=>"),
                    Rule::repeat => Some(repeat_word(pair.as_str())),
                    _ => None,
                };
                if let (Some(word), Some(top)) = (word, waiting.last()) {
                    let after = operator_text(top.action);
                    builder.diagnostics.push(error::needs_brackets(span, word, top.span, after));
                    return None;
                }
                operands.push(Operand { built: builder.primary(pair)?, chain: false });
            }
        }
    }
    while let Some(top) = waiting.pop() {
        reduce(builder, &mut operands, top)?;
    }
    operands.pop().map(|operand| operand.built)
}

fn reduce(builder: &mut Builder, operands: &mut Vec<Operand>, top: Waiting) -> Option<()> {
    let right = operands.pop()?.built;
    let built = match top.action {
        Action::Negate | Action::Not => {
            let inner = Box::new(right.expr);
            let kind = if matches!(top.action, Action::Not) { ExprKind::Not(inner) } else { ExprKind::Negate(inner) };
            builder.node(kind, top.span.to(right.extent), right.depth)
        }
        Action::Binary(op) => {
            let left = operands.pop()?.built;
            let (left_extent, depth) = (left.extent, left.depth.max(right.depth));
            let kind =
                ExprKind::Binary { op, op_span: top.span, left: Box::new(left.expr), right: Box::new(right.expr) };
            builder.node(kind, left_extent.to(right.extent), depth)
        }
        Action::Compare(op) => {
            let left = operands.pop()?;
            let extent = left.built.extent.to(right.extent);
            let link = (op, top.span, right.expr);
            let built = match left.built.expr.kind {
                ExprKind::Compare { first, mut rest } if left.chain => {
                    rest.push(link);
                    let depth = (left.built.depth - 1).max(right.depth);
                    builder.node(ExprKind::Compare { first, rest }, extent, depth)
                }
                kind => {
                    let first = Box::new(Expr { kind, span: left.built.expr.span });
                    let depth = left.built.depth.max(right.depth);
                    builder.node(ExprKind::Compare { first, rest: vec![link] }, extent, depth)
                }
            };
            operands.push(Operand { built, chain: true });
            return Some(());
        }
    };
    operands.push(Operand { built, chain: false });
    Some(())
}

/// The word that a loop begins with.
fn repeat_word(text: &str) -> &'static str {
    ["fold", "scan"].into_iter().find(|word| text.starts_with(word)).unwrap_or("iterate")
}

fn operator_text(action: Action) -> &'static str {
    match action {
        Action::Negate => "-",
        Action::Not => "not",
        Action::Binary(op) => op.symbol(),
        Action::Compare(op) => op.symbol(),
    }
}
