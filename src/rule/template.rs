//! Text to nodes: an expression of the table, built with the ordinary constructors for given names.
//!
//! Reads the parser and the graph. A text sees node names, axis lists (`r`, `s`) and numbers (`k`); broadcasting is
//! implicit.

use crate::graph::{Axis, AxisMap, Graph, NodeId};
use crate::prim::{Prim, Reduction};
use crate::span::FileId;
use crate::syntax::ast::{ArgumentValue, BinaryOp, CompareOp, Expr, ExprKind, IndexItem};
use crate::syntax::parse_expr;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use thiserror::Error;

/// Why a text of the table cannot be used. Found by the tests of the table, never by users.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TextError {
    /// It does not parse.
    #[error("`{0}` does not parse")]
    Syntax(String),
    /// It uses a name that is not in scope.
    #[error("`{0}` is not a name that this text sees")]
    Unbound(String),
    /// It uses a form that texts do not have.
    #[error("a text cannot contain {0}")]
    Form(&'static str),
}

/// The names that a text sees.
#[derive(Clone, Debug, Default)]
pub struct Env<'a> {
    /// Terms.
    pub nodes: Vec<(&'a str, NodeId)>,
    /// Bound axes of a reduction, and fresh copies.
    pub axes: Vec<(&'a str, Vec<Axis>)>,
    /// Attributes.
    pub numbers: Vec<(&'a str, f64)>,
}

impl Env<'_> {
    fn node(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().find(|n| n.0 == name).map(|n| n.1)
    }

    fn axes(&self, name: &str) -> Option<&[Axis]> {
        self.axes.iter().find(|n| n.0 == name).map(|n| n.1.as_slice())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|n| n.0 == name).map(|n| n.1)
    }
}

/// A parsed text.
#[derive(Clone, Debug)]
pub struct Template {
    pub(super) expr: Arc<Expr>,
}

impl Template {
    /// Parses a text.
    pub fn new(text: &str) -> Result<Template, TextError> {
        let expr = parse_expr(FileId::default(), text).map_err(|_| TextError::Syntax(text.to_string()))?;
        Ok(Template { expr: Arc::new(expr) })
    }

    /// The parsed form of a text of the table; each text is parsed once per process.
    pub fn cached(text: &'static str) -> Result<Template, TextError> {
        static CACHE: OnceLock<Mutex<FxHashMap<&'static str, Template>>> = OnceLock::new();
        let mut cache = CACHE.get_or_init(Default::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = cache.get(text) {
            return Ok(template.clone());
        }
        let template = Template::new(text)?;
        cache.insert(text, template.clone());
        Ok(template)
    }

    /// The term that the text stands for.
    pub fn build(&self, graph: &mut Graph, env: &Env) -> Result<NodeId, TextError> {
        build(graph, &self.expr, env)
    }
}

fn build(g: &mut Graph, e: &Expr, env: &Env) -> Result<NodeId, TextError> {
    match &e.kind {
        ExprKind::Number { value, .. } => Ok(g.constant(*value)),
        ExprKind::Name(name) => match (env.node(name), env.number(name)) {
            (Some(n), _) => Ok(n),
            (None, Some(k)) => Ok(g.constant(k)),
            (None, None) if name == "inf" => Ok(g.constant(f64::INFINITY)),
            (None, None) if name == "pi" => Ok(g.constant(std::f64::consts::PI)),
            _ => Err(TextError::Unbound(name.clone())),
        },
        ExprKind::Negate(x) => {
            let x = build(g, x, env)?;
            Ok(g.neg(x))
        }
        ExprKind::Not(x) => {
            let x = build(g, x, env)?;
            Ok(g.not(x))
        }
        ExprKind::Binary { op: BinaryOp::Power, left, right, .. } => {
            let x = build(g, left, env)?;
            match number(right, env) {
                Some(k) => Ok(g.pow_const(x, k)),
                None => {
                    let y = build(g, right, env)?;
                    Ok(g.prim(Prim::Power, 0.0, &[x, y]))
                }
            }
        }
        ExprKind::Binary { op, left, right, .. } => {
            let (a, b) = (build(g, left, env)?, build(g, right, env)?);
            Ok(match op {
                BinaryOp::Add => g.add(&[a, b]),
                BinaryOp::Subtract => g.sub(a, b),
                BinaryOp::Multiply => g.mul(&[a, b]),
                BinaryOp::Divide => g.div(a, b),
                BinaryOp::And => g.and(a, b),
                BinaryOp::Or => g.or(a, b),
                BinaryOp::Power | BinaryOp::MatrixMultiply => return Err(TextError::Form("`@`")),
            })
        }
        ExprKind::Compare { first, rest } => match rest.as_slice() {
            [(op, _, second)] => compare(g, first, *op, second, env),
            _ => Err(TextError::Form("a chain of comparisons")),
        },
        ExprKind::If { condition, then, otherwise } => {
            let c = build(g, condition, env)?;
            let (a, b) = (build(g, then, env)?, build(g, otherwise, env)?);
            Ok(g.select(c, a, b))
        }
        ExprKind::Call { function, arguments } => {
            let mut args = vec![];
            for a in arguments {
                match &a.value {
                    ArgumentValue::Expr(x) => args.push(build(g, x, env)?),
                    ArgumentValue::Range(_) => return Err(TextError::Form("a range")),
                }
            }
            call(g, function, &args, env)
        }
        // `x[s]`: the body of a reduction read at a fresh copy of its bound axes.
        ExprKind::Index { base, items, .. } => {
            let x = build(g, base, env)?;
            let to = axis_list(items, env)?.to_vec();
            let from = env.axes("r").ok_or_else(|| TextError::Unbound("r".into()))?.to_vec();
            let map: AxisMap = g.renaming(from.into_iter().zip(to));
            Ok(g.at(x, &map))
        }
        _ => Err(TextError::Form("this form")),
    }
}

fn compare(g: &mut Graph, a: &Expr, op: CompareOp, b: &Expr, env: &Env) -> Result<NodeId, TextError> {
    if let (ExprKind::Name(x), ExprKind::Name(y)) = (&a.kind, &b.kind)
        && let (Some(x), Some(y)) = (env.axes(x), env.axes(y))
    {
        let mut all = g.bool(true);
        for (x, y) in x.iter().zip(y) {
            let (x, y) = (g.axis(*x), g.axis(*y));
            let same = g.index_equal(x, y);
            all = g.and(all, same);
        }
        return Ok(all);
    }
    let (a, b) = (build(g, a, env)?, build(g, b, env)?);
    Ok(match op {
        CompareOp::Equal => g.prim(Prim::Equal, 0.0, &[a, b]),
        CompareOp::NotEqual => g.prim(Prim::NotEqual, 0.0, &[a, b]),
        CompareOp::Less => g.prim(Prim::Less, 0.0, &[a, b]),
        CompareOp::LessEqual => g.prim(Prim::LessEqual, 0.0, &[a, b]),
        CompareOp::Greater => g.prim(Prim::Less, 0.0, &[b, a]),
        CompareOp::GreaterEqual => g.prim(Prim::LessEqual, 0.0, &[b, a]),
    })
}

fn call(g: &mut Graph, function: &Expr, args: &[NodeId], env: &Env) -> Result<NodeId, TextError> {
    match &function.kind {
        ExprKind::Name(name) => match Prim::callable(name) {
            Some(prim) if prim.row().args.len() == args.len() => Ok(g.prim(prim, 0.0, args)),
            _ => Err(TextError::Unbound(name.clone())),
        },
        ExprKind::Index { base, items, .. } => {
            let ExprKind::Name(name) = &base.kind else { return Err(TextError::Form("this call")) };
            match (Reduction::named(name), items.as_slice(), args) {
                (Some(reduction), _, [x]) => Ok(g.reduce(reduction, axis_list(items, env)?, *x)),
                (None, [IndexItem::Expr(k)], [x]) if name == Prim::PowConst.row().name => {
                    let k = number(k, env).ok_or(TextError::Form("an attribute that is not a number"))?;
                    Ok(g.pow_const(*x, k))
                }
                _ => Err(TextError::Unbound(name.clone())),
            }
        }
        _ => Err(TextError::Form("this call")),
    }
}

fn axis_list<'a>(items: &[IndexItem], env: &'a Env) -> Result<&'a [Axis], TextError> {
    match items {
        [IndexItem::Expr(Expr { kind: ExprKind::Name(name), .. })] => {
            env.axes(name).ok_or_else(|| TextError::Unbound(name.clone()))
        }
        _ => Err(TextError::Form("these indices")),
    }
}

/// A number made of numbers and attributes.
fn number(e: &Expr, env: &Env) -> Option<f64> {
    match &e.kind {
        ExprKind::Number { value, .. } => Some(*value),
        ExprKind::Name(name) => env.number(name),
        ExprKind::Negate(x) => Some(-number(x, env)?),
        ExprKind::Binary { op, left, right, .. } => {
            let (a, b) = (number(left, env)?, number(right, env)?);
            match op {
                BinaryOp::Add => Some(a + b),
                BinaryOp::Subtract => Some(a - b),
                BinaryOp::Multiply => Some(a * b),
                BinaryOp::Divide => Some(a / b),
                _ => None,
            }
        }
        _ => None,
    }
}
