//! Where a value or derivative first becomes infinite or NaN, why, and what would avoid it.
//!
//! The inputs of a call are evaluated again by the interpreter, in single precision if the model is, and the way back from
//! the result is followed element by element.

use super::compile::{Options, Prepared, bindings, prepare};
use super::error::{CallError, CompileError};
use super::signature::PortRole;
use super::slice::Slice;
use crate::graph::{Block, Graph, NodeId, Op, Precision, Program, Role};
use crate::interp::{Culprit, Evaluation};
use crate::prim::Prim;
use crate::span::Span;
use std::fmt;
use thiserror::Error;

/// Longer terms are cut in messages.
const LONGEST: usize = 60;

/// The first value that is not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct NonFinite {
    /// The user's text that it stands for.
    pub span: Span,
    /// The term, in index notation: `log(a)`.
    pub term: String,
    /// What it is: infinite or NaN.
    pub value: f64,
    /// Whether it is met in a derivative only, and by which port that is.
    pub by: Option<String>,
    /// What it is computed from, as terms with their values.
    pub operands: Vec<(String, f64)>,
    /// Its element: names of axes and indices.
    pub element: Vec<(String, usize)>,
    /// The turns of the loops around it, outermost first, from 0.
    pub turns: Vec<usize>,
    /// Why it is not finite.
    pub reason: String,
    /// What would avoid it.
    pub advice: String,
    /// The terms from it to the result, with their values.
    pub path: Vec<(String, f64)>,
}

/// Why a call could not be traced.
#[derive(Clone, Debug, Error)]
pub enum TraceError {
    /// The options ask for something that does not exist.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The inputs do not fit.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Follows the first result that is not finite to where that begins; the inputs are those of a function of these options.
pub(crate) fn trace(program: &Program, options: &Options, inputs: &[Slice]) -> Result<Option<NonFinite>, TraceError> {
    let prepared = prepare(program, options, true)?;
    let bindings = bindings(&prepared, inputs)?;
    let single = program.precision == Precision::F32;
    let evaluation = Evaluation::rounded(&prepared.graph, &bindings, &prepared.roots(), single);
    let evaluation = evaluation.map_err(super::interpreted::refused)?;
    for target in &prepared.targets {
        let found = evaluation.trace(&bindings, target.node).map_err(super::interpreted::refused)?;
        if let Some(found) = found {
            let by = target.role.is_derivative().then(|| target.name.clone());
            return Ok(Some(told(program, &prepared, &found, by)));
        }
    }
    Ok(None)
}

fn told(program: &Program, prepared: &Prepared, found: &Culprit, by: Option<String>) -> NonFinite {
    let g = &prepared.graph;
    let n = found.node;
    let mut span = g.node(n).origin.span;
    if let Op::Port(id) = g.op(n) {
        span = program.ports.iter().find(|p| p.id == *id).map_or(span, |p| p.span);
    }
    // What only a derivative is made of.
    let value: Vec<NodeId> = prepared.targets.iter().filter(|t| !t.role.is_derivative()).map(|t| t.node).collect();
    let by = by.filter(|_| !g.reachable(&value).contains(&n));
    let single = program.precision == Precision::F32;
    let (reason, advice) = explained(g, program, prepared, found, single, by.is_some());
    NonFinite {
        span,
        term: text(g, n),
        value: found.value,
        by,
        operands: found
            .operands
            .iter()
            .filter(|(n, _)| g.as_constant(*n).is_none())
            .map(|(n, x)| (text(g, *n), *x))
            .collect(),
        element: found.place.iter().map(|(axis, at)| (g.show_axis(*axis), *at)).collect(),
        turns: found.turns.clone(),
        reason,
        advice,
        path: found.path.iter().map(|(n, x)| (text(g, *n), *x)).collect(),
    }
}

/// A term on one short line.
fn text(g: &Graph, n: NodeId) -> String {
    let text = g.show_term(n);
    let text = text.trim_end().lines().last().unwrap_or_default();
    match text.chars().count() > LONGEST {
        true => format!("{}…", text.chars().take(LONGEST - 1).collect::<String>()),
        false => text.to_string(),
    }
}

/// Why, and what to do about it.
fn explained(
    g: &Graph,
    program: &Program,
    prepared: &Prepared,
    found: &Culprit,
    single: bool,
    derivative: bool,
) -> (String, String) {
    let first = found.operands.first().map_or(f64::NAN, |o| o.1);
    let second = found.operands.get(1).map_or(f64::NAN, |o| o.1);
    let both = |reason: &str, advice: &str| (reason.to_string(), advice.to_string());
    let large = match single {
        true => both(
            "it is too large for single precision",
            "`precision f64` has room for it; or scale the data, or lower the rate",
        ),
        false => both("it is too large for double precision", "scale the data, or lower the rate"),
    };
    match g.op(found.node) {
        Op::Port(id) => {
            let role = program.ports.iter().find(|p| p.id == *id).map(|p| p.role);
            let given = prepared.ports.iter().find(|p| p.0 == *id).map(|p| p.1);
            match (role, given) {
                (Some(Role::Param), _) | (None, Some(PortRole::Param)) => both(
                    "the param itself is not finite: a step before made it so",
                    "try a smaller `lr`, or `clip_norm = 1`",
                ),
                _ => both(
                    "the value given for it is not finite",
                    "look at the data: `missing = drop` leaves such rows out",
                ),
            }
        }
        Op::Const(_) => both("the model says so", "write a number in its place"),
        Op::Block(block, _) => {
            let advice = match block {
                Block::Exponential => {
                    "the exponential overflows: scale the matrix, or look at what makes its elements large"
                }
                Block::Eigenvalues | Block::Eigenvectors | Block::SingularValues | Block::RightVectors => {
                    "the iteration does not converge: look at the size of the elements"
                }
                Block::LogOfDet => {
                    "the determinant is negative: `let (sign, size) = slogdet(A)` gives its sign and `log(abs(det(A)))`"
                }
                _ => {
                    "a matrix that is singular or not positive definite becomes so with a small multiple of the identity: `A + 1e-6 * eye(N)`"
                }
            };
            let name = if *block == Block::LogOfDet { "log(det(A))" } else { block.name() };
            (format!("`{name}` has no answer for this matrix"), advice.into())
        }
        Op::Prim(prim, bits) => match prim {
            Prim::Log if first == 0.0 => both(
                "the logarithm of 0",
                "`xlogy(x, y)` is x * log(y) with 0 where x is 0; `log(max(y, 1e-12))` keeps the argument above 0",
            ),
            Prim::Log => both(
                "the logarithm of a negative number",
                "a param that must stay above 0 is declared `param k: positive`; `softplus(y)` makes any number positive",
            ),
            Prim::Div if second == 0.0 && first == 0.0 => both(
                "0 divided by 0",
                "say what it is there: `if y == 0 then … else x / y`; the branch not taken does no harm",
            ),
            Prim::Div if second == 0.0 && derivative => both(
                "the derivative is infinite here: a division by 0",
                "keep the argument of `sqrt`, `log` or a power above 0, as in `sqrt(x + 1e-12)`, or choose another form with an `if`",
            ),
            Prim::Div if second == 0.0 => both(
                "a division by 0",
                "keep the divisor away from 0, as in `x / (y + 1e-12)`, or choose with `if y == 0 then … else x / y`",
            ),
            Prim::Exp => (
                format!("`exp` overflows above {}", if single { "88.7" } else { "709.8" }),
                "`logsumexp`, `softmax`, `log_softmax` and `softplus` do the same without overflow".into(),
            ),
            Prim::PowConst if first == 0.0 && f64::from_bits(*bits) < 0.0 => both(
                if derivative {
                    "the derivative is infinite here: a negative power of 0"
                } else {
                    "a negative power of 0"
                },
                "keep the base away from 0, as in `sqrt(x + 1e-12)`, or choose another form with an `if`",
            ),
            Prim::PowConst | Prim::Power if first < 0.0 => both(
                "a root or fractional power of a negative number",
                "`abs(x)`, `max(x, 0)` or `param x: positive` keeps the base from being negative",
            ),
            Prim::Sqrt if first < 0.0 => both(
                "the square root of a negative number",
                "`sqrt(max(x, 0))`, or look at why the argument is negative",
            ),
            Prim::Add if found.value.is_nan() => both("infinity minus infinity", "look at what is infinite"),
            Prim::Mul if found.value.is_nan() => both("0 times infinity", "look at what is infinite"),
            _ if found.value.is_infinite() => large,
            _ => (
                format!("`{}` is not defined for this argument", prim.row().name),
                "keep the argument in its domain".into(),
            ),
        },
        _ if found.value.is_infinite() => large,
        _ => both("a result without meaning", "look at what it is computed from"),
    }
}

/// `NaN`, `inf` or `-inf`.
pub(crate) fn named(value: f64) -> &'static str {
    match value {
        x if x.is_nan() => "NaN",
        x if x > 0.0 => "inf",
        _ => "-inf",
    }
}

/// A number in a message: few digits, but all of a short one.
fn short(x: f64) -> String {
    if x.is_nan() || x.is_infinite() {
        return named(x).into();
    }
    let (plain, digits) = (format!("{x}"), format!("{x:.6e}"));
    if plain.len() <= 10 { plain } else { digits }
}

impl NonFinite {
    /// `a = -3.8 and b = 0`; empty if there is nothing to tell.
    pub fn operands_text(&self) -> String {
        let parts: Vec<String> = self.operands.iter().map(|(term, x)| format!("{term} = {}", short(*x))).collect();
        parts.join(" and ")
    }

    /// The terms from the culprit to the result, each with its value.
    pub fn path_text(&self) -> String {
        let parts: Vec<String> = self.path.iter().map(|(term, x)| format!("{term} = {}", short(*x))).collect();
        parts.join("\n")
    }
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "`{}` is {}: {}", self.term, named(self.value), self.reason)?;
        if let Some(by) = &self.by {
            write!(f, ", in the derivative by `{by}`")?;
        }
        if !self.operands.is_empty() {
            write!(f, "; {}", self.operands_text())?;
        }
        if !self.element.is_empty() {
            let element: Vec<String> = self.element.iter().map(|(axis, at)| format!("{axis} = {at}")).collect();
            write!(f, "; at {}", element.join(", "))?;
        }
        for turn in &self.turns {
            write!(f, "; in turn {turn} of the loop")?;
        }
        Ok(())
    }
}
