//! Patterns: the left sides of rules, matched against canonical terms.
//!
//! Sums and products match as multisets: each structured part takes one term, one variable may take the rest. A
//! reduction pattern looks through a view of a reduction. Nothing is built into the graph unless a view is opened.

use super::template::TextError;
use crate::graph::{Axis, Graph, NodeId, Op};
use crate::prim::{Prim, Reduction};
use crate::syntax::ast::{ArgumentValue, BinaryOp, CompareOp, Expr, ExprKind, IndexItem};

/// The left side of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pattern {
    /// Anything; the same thing each time.
    Var(String),
    /// A factor that may be absent, and is then 1.
    Optional(String),
    /// This number.
    Number(f64),
    /// A term with a negative coefficient.
    Negated(Box<Pattern>),
    /// An elementwise node with these arguments.
    Prim(Prim, Vec<Pattern>),
    /// `x^k`
    Power(f64, Box<Pattern>),
    /// A reduction; the name is that of its bound axes.
    Reduce(Reduction, String, Box<Pattern>),
    /// Terms in any order.
    Sum(Vec<Pattern>),
    /// Numerator and denominator factors in any order.
    Quotient(Vec<Pattern>, Vec<Pattern>),
}

/// What the variables of a pattern stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Match {
    pub(super) nodes: Vec<(String, NodeId)>,
    pub(super) axes: Vec<(String, Vec<Axis>)>,
    /// Terms of a sum or factors of a product at the root that the pattern leaves alone.
    pub(super) rest: Vec<NodeId>,
    /// Denominators at the root that the pattern leaves alone.
    pub(super) rest_below: Vec<NodeId>,
}

impl Pattern {
    /// Reads the left side of a rule.
    pub(super) fn new(e: &Expr) -> Result<Pattern, TextError> {
        Ok(match &e.kind {
            ExprKind::Number { value, .. } => Pattern::Number(*value),
            ExprKind::Name(name) => Pattern::Var(name.clone()),
            ExprKind::Negate(x) => Pattern::new(x)?.negated(),
            ExprKind::Binary { op: BinaryOp::Add, left, right, .. } => {
                Pattern::Sum([Pattern::new(left)?.terms(), Pattern::new(right)?.terms()].concat())
            }
            ExprKind::Binary { op: BinaryOp::Subtract, left, right, .. } => {
                Pattern::Sum([Pattern::new(left)?.terms(), vec![Pattern::new(right)?.negated()]].concat())
            }
            ExprKind::Binary { op: BinaryOp::Multiply, left, right, .. } => {
                let (a, b) = (Pattern::new(left)?.factors(), Pattern::new(right)?.factors());
                Pattern::Quotient([a.0, b.0].concat(), [a.1, b.1].concat())
            }
            ExprKind::Binary { op: BinaryOp::Divide, left, right, .. } => {
                let (a, b) = (Pattern::new(left)?.factors(), Pattern::new(right)?.factors());
                Pattern::Quotient([a.0, b.1].concat(), [a.1, b.0].concat())
            }
            ExprKind::Binary { op: BinaryOp::Power, left, right, .. } => match &right.kind {
                ExprKind::Number { value, .. } => Pattern::Power(*value, Box::new(Pattern::new(left)?)),
                _ => Pattern::Prim(Prim::Power, vec![Pattern::new(left)?, Pattern::new(right)?]),
            },
            ExprKind::Not(x) => Pattern::Prim(Prim::Not, vec![Pattern::new(x)?]),
            ExprKind::If { condition, then, otherwise } => {
                let args = vec![Pattern::new(condition)?, Pattern::new(then)?, Pattern::new(otherwise)?];
                Pattern::Prim(Prim::Select, args)
            }
            ExprKind::Compare { first, rest } => match rest.as_slice() {
                [(op, _, second)] => {
                    let (a, b) = (Pattern::new(first)?, Pattern::new(second)?);
                    match op {
                        CompareOp::Less => Pattern::Prim(Prim::Less, vec![a, b]),
                        CompareOp::LessEqual => Pattern::Prim(Prim::LessEqual, vec![a, b]),
                        CompareOp::Greater => Pattern::Prim(Prim::Less, vec![b, a]),
                        CompareOp::GreaterEqual => Pattern::Prim(Prim::LessEqual, vec![b, a]),
                        _ => return Err(TextError::Form("this comparison")),
                    }
                }
                _ => return Err(TextError::Form("a chain of comparisons")),
            },
            ExprKind::Call { function, arguments } => {
                let mut args = vec![];
                for a in arguments {
                    match &a.value {
                        ArgumentValue::Expr(x) => args.push(Pattern::new(x)?),
                        ArgumentValue::Range(_) => return Err(TextError::Form("a range")),
                    }
                }
                Pattern::call(function, args)?
            }
            _ => return Err(TextError::Form("this form in a pattern")),
        })
    }

    fn call(function: &Expr, mut args: Vec<Pattern>) -> Result<Pattern, TextError> {
        match &function.kind {
            ExprKind::Name(name) => {
                let prim = Prim::callable(name).ok_or_else(|| TextError::Unbound(name.clone()))?;
                Ok(Pattern::Prim(prim, args))
            }
            ExprKind::Index { base, items, .. } => match (&base.kind, items.as_slice()) {
                (ExprKind::Name(name), [IndexItem::Expr(Expr { kind: ExprKind::Name(axes), .. })])
                    if args.len() == 1 =>
                {
                    let reduction = Reduction::named(name).ok_or_else(|| TextError::Unbound(name.clone()))?;
                    Ok(Pattern::Reduce(reduction, axes.clone(), Box::new(args.remove(0))))
                }
                _ => Err(TextError::Form("this call in a pattern")),
            },
            _ => Err(TextError::Form("this call in a pattern")),
        }
    }

    fn negated(self) -> Pattern {
        match self {
            Pattern::Number(v) => Pattern::Number(-v),
            Pattern::Negated(inner) => *inner,
            other => Pattern::Negated(Box::new(other)),
        }
    }

    fn terms(self) -> Vec<Pattern> {
        match self {
            Pattern::Sum(terms) => terms,
            other => vec![other],
        }
    }

    fn factors(self) -> (Vec<Pattern>, Vec<Pattern>) {
        match self {
            Pattern::Quotient(above, below) => (above, below),
            Pattern::Number(1.0) => (vec![], vec![]),
            other => (vec![other], vec![]),
        }
    }

    /// Marks variables that may be absent factors.
    pub(super) fn with_optional(self, names: &[&str]) -> Pattern {
        let each = |parts: Vec<Pattern>| parts.into_iter().map(|p| p.with_optional(names)).collect();
        let one = |inner: Box<Pattern>| Box::new(inner.with_optional(names));
        match self {
            Pattern::Var(name) if names.contains(&name.as_str()) => Pattern::Optional(name),
            Pattern::Negated(inner) => Pattern::Negated(one(inner)),
            Pattern::Prim(prim, parts) => Pattern::Prim(prim, each(parts)),
            Pattern::Power(k, inner) => Pattern::Power(k, one(inner)),
            Pattern::Reduce(reduction, axes, inner) => Pattern::Reduce(reduction, axes, one(inner)),
            Pattern::Sum(parts) => Pattern::Sum(each(parts)),
            Pattern::Quotient(above, below) => Pattern::Quotient(each(above), each(below)),
            other => other,
        }
    }

    /// The name of a variable.
    fn name(&self) -> Option<&str> {
        match self {
            Pattern::Var(name) | Pattern::Optional(name) => Some(name),
            _ => None,
        }
    }

    /// The primitive at the root of every term that the pattern can match.
    pub(super) fn head(&self) -> Option<Prim> {
        match self {
            Pattern::Prim(prim, _) => Some(*prim),
            Pattern::Power(..) => Some(Prim::PowConst),
            Pattern::Sum(_) => Some(Prim::Add),
            Pattern::Quotient(_, below) if below.is_empty() => Some(Prim::Mul),
            Pattern::Quotient(..) => Some(Prim::Div),
            _ => None,
        }
    }

    /// Matches the root of a rule: what the pattern does not mention in a sum, product or quotient is put aside.
    pub(super) fn match_root(&self, g: &mut Graph, n: NodeId) -> Option<Match> {
        let mut m = Match::default();
        match self {
            Pattern::Sum(parts) => {
                let terms = sum_terms(g, n)?;
                let rest = take(g, parts, terms, &mut m, Graph::add, true)?;
                m.rest = rest;
            }
            Pattern::Quotient(above, below) => {
                let (factors, denominators) = g.quotient_parts(n);
                let rest = take(g, above, factors, &mut m, Graph::mul, true)?;
                let rest_below = take(g, below, denominators, &mut m, Graph::mul, true)?;
                (m.rest, m.rest_below) = (rest, rest_below);
            }
            _ => self.matches(g, n, &mut m).then_some(())?,
        }
        Some(m)
    }

    fn matches(&self, g: &mut Graph, n: NodeId, m: &mut Match) -> bool {
        match self {
            Pattern::Var(name) | Pattern::Optional(name) => match m.nodes.iter().find(|b| b.0 == *name) {
                Some((_, bound)) => *bound == n,
                None => {
                    m.nodes.push((name.clone(), n));
                    true
                }
            },
            Pattern::Number(v) => g.is_constant(n, *v),
            Pattern::Negated(inner) => match g.negated_if_negative(n) {
                Some(positive) => inner.matches(g, positive, m),
                None => false,
            },
            Pattern::Prim(prim, parts) => match g.as_prim(n) {
                Some((p, args)) if p == *prim && args.len() == parts.len() => {
                    let mut args = args.to_vec();
                    let mut trial = m.clone();
                    let mut found = parts.iter().zip(&args).all(|(p, a)| p.matches(g, *a, &mut trial));
                    if !found && prim.row().symmetric {
                        args.reverse();
                        trial = m.clone();
                        found = parts.iter().zip(&args).all(|(p, a)| p.matches(g, *a, &mut trial));
                    }
                    if found {
                        *m = trial;
                    }
                    found
                }
                _ => false,
            },
            Pattern::Power(k, inner) => match g.op(n) {
                Op::Prim(Prim::PowConst, bits) if f64::from_bits(*bits) == *k => {
                    let x = g.args(n)[0];
                    inner.matches(g, x, m)
                }
                _ => false,
            },
            Pattern::Reduce(reduction, name, inner) => match g.as_reduction(n) {
                Some((r, axes, body)) if r == *reduction => {
                    m.axes.push((name.clone(), axes));
                    inner.matches(g, body, m)
                }
                _ => false,
            },
            Pattern::Sum(parts) => {
                let Some(terms) = sum_terms(g, n) else { return false };
                take(g, parts, terms, m, Graph::add, false).is_some()
            }
            Pattern::Quotient(above, below) => {
                let (factors, denominators) = g.quotient_parts(n);
                take(g, above, factors, m, Graph::mul, false).is_some()
                    && take(g, below, denominators, m, Graph::mul, false).is_some()
            }
        }
    }
}

fn sum_terms(g: &Graph, n: NodeId) -> Option<Vec<NodeId>> {
    match g.as_prim(n) {
        Some((Prim::Add, args)) => Some(args.to_vec()),
        _ => None,
    }
}

/// Lets each part take one term. A variable that is bound already takes what it stands for; one that is not takes what
/// is left, joined. Returns what nobody took, which is empty unless `keep_rest`.
fn take(
    g: &mut Graph,
    parts: &[Pattern],
    terms: Vec<NodeId>,
    m: &mut Match,
    join: fn(&mut Graph, &[NodeId]) -> NodeId,
    keep_rest: bool,
) -> Option<Vec<NodeId>> {
    let (hard, soft): (Vec<&Pattern>, Vec<&Pattern>) = parts.iter().partition(|p| p.name().is_none());
    let (found, mut rest) = assign(g, &hard, terms, m)?;
    *m = found;
    let mut free = vec![];
    for part in soft {
        match m.nodes.iter().find(|b| Some(b.0.as_str()) == part.name()) {
            Some((_, bound)) => {
                let at = rest.iter().position(|n| n == bound)?;
                rest.remove(at);
            }
            None => free.push(part),
        }
    }
    match (free.as_slice(), rest.is_empty()) {
        ([], true) => Some(vec![]),
        ([], false) if keep_rest => Some(rest),
        ([var], empty) if !empty || matches!(var, Pattern::Optional(_)) => {
            let joined = join(g, &rest);
            var.matches(g, joined, m).then_some(vec![])
        }
        _ => None,
    }
}

/// Gives each pattern a term of its own, trying all of them.
fn assign(g: &mut Graph, hard: &[&Pattern], terms: Vec<NodeId>, m: &Match) -> Option<(Match, Vec<NodeId>)> {
    let Some((first, others)) = hard.split_first() else { return Some((m.clone(), terms)) };
    for i in 0..terms.len() {
        let mut trial = m.clone();
        if first.matches(g, terms[i], &mut trial) {
            let mut left = terms.clone();
            left.remove(i);
            if let Some(found) = assign(g, others, left, &trial) {
                return Some(found);
            }
        }
    }
    None
}
