//! What a param must be: `positive`, `simplex[K]`, `in (0, 1)` and the others, and whether its start is so.
//!
//! Reads declarations and the numbers of starts. The way from and to free numbers is `pass::free`.

use super::constant;
use super::scope::Lowerer;
use super::value::{Evaluated, Reported, Slot};
use crate::diag::catalog::constraints as error;
use crate::graph::{Axis, Constraint, Initializer, NodeId, Op, Poly, Role};
use crate::span::Span;
use crate::syntax::ast::{Declaration, Expr, KindExpr};

/// The kinds that only params have.
pub(super) const KINDS: &[&str] = &["positive", "simplex", "ordered", "unit", "cholesky"];

/// How far a sum that must be 1 may be from it.
const TOLERANCE: f64 = 1e-5;

/// Whether a written kind is a constraint.
pub(super) fn is_constraint(kind: &KindExpr) -> bool {
    KINDS.contains(&kind.name.text.as_str()) && kind.argument.is_none()
}

/// The bounds of an interval that are one known number. Others are checked when the values of params are known.
struct Limits {
    low: Option<f64>,
    high: Option<f64>,
}

impl Limits {
    fn allow(&self, x: f64) -> bool {
        self.low.is_none_or(|low| x > low) && self.high.is_none_or(|high| x < high)
    }
}

impl std::fmt::Display for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match (self.low, self.high) {
            (Some(low), Some(high)) => write!(f, "between {low} and {high}"),
            (Some(low), None) => write!(f, "above {low}"),
            (None, Some(high)) => write!(f, "below {high}"),
            (None, None) => f.write_str("inside of its bounds"),
        }
    }
}

impl<'a> Lowerer<'a> {
    /// The constraint that a declaration states.
    pub(super) fn constraint(
        &mut self,
        d: &'a Declaration,
        role: Role,
        axes: &[Slot],
    ) -> Evaluated<Option<Constraint>> {
        let kind = d.ty.as_ref().and_then(|t| t.kind.as_ref()).filter(|k| is_constraint(k));
        let interval = d.interval.as_ref();
        let place = match (kind, interval) {
            (None, None) => return Ok(None),
            (Some(kind), Some((low, high))) => {
                return self.fail(error::two_constraints(low.span.to(high.span), &kind.name.text, kind.name.span));
            }
            (Some(kind), None) => kind.name.span,
            (None, Some((low, high))) => low.span.to(high.span),
        };
        if role != Role::Param {
            let text = kind.map_or("an interval", |k| k.name.text.as_str());
            return self.fail(error::only_params(place, text, &d.name.text));
        }
        if let Some((low, high)) = interval {
            return self.interval(low, high, axes).map(Some);
        }
        let name = kind.map_or("", |k| k.name.text.as_str());
        let last = axes.last().map(|s| s.axis.extent);
        let shape = self.show_shape(axes);
        match name {
            "positive" => {
                let zero = self.graph.constant(0.0);
                return Ok(Some(Constraint::Interval { low: Some(zero), high: None }));
            }
            "cholesky" => {
                let square = match axes {
                    [.., a, b] => self.same_size(a.axis.extent, b.axis.extent).is_some(),
                    _ => false,
                };
                if !square {
                    return self.fail(error::not_square(place, &shape));
                }
                return Ok(Some(Constraint::Cholesky));
            }
            _ => {}
        }
        let Some(last) = last else { return self.fail(error::needs_axis(place, name)) };
        if name == "simplex" {
            let size = self.graph.extents.poly(last).clone();
            if self.graph.extents.known(&size).is_some_and(|n| n < 2) {
                return self.fail(error::simplex_of_one(place, &shape));
            }
            self.need_size(size.sub(&Poly::constant(2)), place, "this simplex");
        }
        Ok(Some(match name {
            "simplex" => Constraint::Simplex,
            "ordered" => Constraint::Ordered,
            _ => Constraint::Unit,
        }))
    }

    fn interval(&mut self, low: &'a Expr, high: &'a Expr, axes: &[Slot]) -> Evaluated<Constraint> {
        let (low_bound, high_bound) = (self.bound(low, axes), self.bound(high, axes));
        let (low_bound, high_bound) = (low_bound?, high_bound?);
        let span = low.span.to(high.span);
        let all =
            [low_bound, high_bound].map(|b| constant::values(&self.graph, b, &[]).and_then(|v| v.first().copied()));
        if let [Some(a), Some(b)] = all
            && (a.is_nan() || b.is_nan() || a >= b)
        {
            return self.fail(error::empty_interval(span, a, b));
        }
        let finite = |bound: NodeId, known: Option<f64>| (known.is_none_or(f64::is_finite)).then_some(bound);
        let (low, high) = (finite(low_bound, all[0]), finite(high_bound, all[1]));
        match (low, high) {
            (None, None) => self.fail(error::endless_interval(span)),
            _ => Ok(Constraint::Interval { low, high }),
        }
    }

    /// A bound with the axes of the port.
    fn bound(&mut self, e: &'a Expr, axes: &[Slot]) -> Evaluated<NodeId> {
        let array = self.real(e)?;
        let read = self.graph.reachable(&[array.node]);
        let is_param = |p| self.ports.iter().any(|port| port.id == p && port.role == Role::Param);
        if read.iter().any(|n| matches!(self.graph.op(*n), Op::Port(p) if !is_param(*p))) {
            return self.fail(error::bound_reads_data(e.span));
        }
        let own = array.axes.len();
        let fits = own <= axes.len()
            && array
                .axes
                .iter()
                .zip(&axes[axes.len() - own..])
                .all(|(a, b)| self.same_size(a.axis.extent, b.axis.extent).is_some());
        if !fits {
            let (given, declared) = (self.show_shape(&array.axes), self.show_shape(axes));
            return self.fail(error::bound_shape(e.span, &given, &declared));
        }
        let to: Vec<Axis> = axes[axes.len() - own..].iter().map(|s| s.axis).collect();
        Ok(self.rename(&array, &to))
    }

    /// Reports a start that its constraint does not allow, as far as that is known now.
    pub(super) fn check_start(
        &mut self,
        name: &str,
        constraint: Constraint,
        start: &Initializer,
        axes: &[Slot],
        span: Span,
    ) -> Evaluated<()> {
        let number = |b: NodeId| constant::values(&self.graph, b, &[]).and_then(|v| v.first().copied());
        let limits = match constraint {
            Constraint::Interval { low, high } => Limits { low: low.and_then(number), high: high.and_then(number) },
            _ => Limits { low: None, high: None },
        };
        let known: Option<Vec<usize>> = axes
            .iter()
            .map(|s| self.graph.extents.known(self.graph.extent(s.axis)).and_then(|n| usize::try_from(n).ok()))
            .collect();
        let values: Vec<f64> = match (start, constraint, known.as_deref()) {
            (Initializer::Natural | Initializer::File { .. }, ..) | (_, Constraint::Unit, None) => return Ok(()),
            (Initializer::Values(values), ..) => values.clone(),
            (Initializer::Constant(x), Constraint::Interval { .. }, _) => vec![*x],
            (Initializer::Constant(x), _, Some(shape)) => vec![*x; shape.iter().product::<usize>().min(1 << 16)],
            // One number everywhere is neither increasing nor triangular, and a sum of 1 depends on how many there are.
            (Initializer::Constant(x), ..) => {
                return Err(self.report(error::start_outside(span, name, &show(*x), rule(constraint))));
            }
            (Initializer::Uniform { low, high }, Constraint::Interval { .. }, _) => {
                // `low` itself may be drawn, `high` not.
                if limits.allow(*low) && (limits.allow(*high) || limits.high == Some(*high)) {
                    return Ok(());
                }
                let text = format!("between {low} and {high}");
                return Err(self.report(error::start_outside(span, name, &text, &limits.to_string())));
            }
            (_, Constraint::Unit, _) => return Ok(()),
            _ => return Err(self.report(error::random_start(span, name))),
        };
        let rule_text = match constraint {
            Constraint::Interval { .. } => limits.to_string(),
            other => rule(other).to_string(),
        };
        let last = known.as_ref().and_then(|s| s.last().copied()).unwrap_or(values.len()).max(1);
        let wrong = values.chunks(last).enumerate().find_map(|(row, v)| wrong_part(constraint, row, last, v, &limits));
        match wrong {
            None => Ok(()),
            Some(text) => Err(self.report(error::start_outside(span, name, &text, &rule_text))),
        }
    }

    /// A constraint where none can stand.
    pub(super) fn constraint_out_of_place(&mut self, kind: &KindExpr) -> Reported {
        self.report(error::no_port(self.place(kind.name.span), &kind.name.text))
    }
}

fn rule(constraint: Constraint) -> &'static str {
    match constraint {
        Constraint::Interval { .. } => "inside of its bounds",
        Constraint::Simplex => "positive with sum 1",
        Constraint::Ordered => "increasing",
        Constraint::Unit => "of length 1",
        Constraint::Cholesky => "lower triangular with a positive diagonal",
    }
}

/// A number, to six decimals.
fn show(x: f64) -> String {
    let rounded = (x * 1e6).round() / 1e6;
    if rounded == 0.0 { x.to_string() } else { rounded.to_string() }
}

/// What is wrong with one row of a start, if anything.
fn wrong_part(constraint: Constraint, row: usize, size: usize, values: &[f64], limits: &Limits) -> Option<String> {
    let text = || {
        let shown: Vec<String> = values.iter().take(6).map(|v| show(*v)).collect();
        format!("[{}{}]", shown.join(", "), if values.len() > 6 { ", …" } else { "" })
    };
    match constraint {
        Constraint::Interval { .. } => values.iter().find(|x| !limits.allow(**x)).map(|x| show(*x)),
        Constraint::Simplex => {
            let sum: f64 = values.iter().sum();
            let fits = values.iter().all(|x| *x > 0.0) && (sum - 1.0).abs() <= TOLERANCE;
            (!fits).then(|| format!("{}, of sum {}", text(), show(sum)))
        }
        Constraint::Ordered => (!values.is_sorted_by(|a, b| a < b)).then(text),
        Constraint::Unit => {
            let length = values.iter().map(|x| x * x).sum::<f64>().sqrt();
            ((length - 1.0).abs() > TOLERANCE || length.is_nan())
                .then(|| format!("{}, of length {}", text(), show(length)))
        }
        Constraint::Cholesky => {
            let row = row % size;
            let fits = values.get(row).is_some_and(|d| *d > 0.0)
                && values.iter().skip(row + 1).all(|x| *x == 0.0)
                && values.iter().all(|x| x.is_finite());
            (!fits).then(|| format!("{} in row {row}", text()))
        }
    }
}
