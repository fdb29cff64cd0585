//! Reductions: over bound indices (`sum[i](…)`) and over axes (`sum(x, axis = N)`).
//!
//! Reads the reduction rows. `mean` and `var` are made from sums here, so that they too work in both forms.

use super::scope::Lowerer;
use super::value::{Array, AxisChoice, AxisPick, Evaluated, Reported, Slot, Sort, Value};
use crate::diag::catalog::{nearest, shapes as error};
use crate::graph::{Axis, NodeId, Poly};
use crate::prim::{Reduction, ReductionKind};
use crate::span::Span;
use crate::syntax::ast::{Expr, ExprKind};

/// What can be done over axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fold {
    /// A row of the table.
    Plain(Reduction),
    /// The sum by the number of terms; 0 of none.
    Mean,
    /// The mean squared distance from the mean; 0 of none.
    Var,
}

impl Fold {
    /// The names of reductions that are not rows of the table.
    pub(super) const DERIVED: [&'static str; 2] = ["mean", "var"];

    /// The reduction of a name.
    pub(super) fn named(name: &str) -> Option<Fold> {
        match name {
            "mean" => Some(Fold::Mean),
            "var" => Some(Fold::Var),
            _ => Reduction::named(name).map(Fold::Plain),
        }
    }

    /// Whether a name is that of a reduction, or so close to one that it probably is a slip.
    pub(super) fn is_meant(name: &str) -> bool {
        let names = crate::prim::REDUCTIONS.iter().map(|row| row.name).chain(Fold::DERIVED);
        nearest(name, names).is_some()
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Fold::Plain(r) => r.row().name,
            Fold::Mean => "mean",
            Fold::Var => "var",
        }
    }

    fn gives_index(self) -> bool {
        matches!(self, Fold::Plain(r) if r.row().kind == ReductionKind::Index)
    }

    fn takes_conditions(self) -> bool {
        matches!(self, Fold::Plain(r) if r.row().kind == ReductionKind::Bool)
    }
}

impl<'a> Lowerer<'a> {
    /// Brings the body of a reduction to the kind that it takes: numbers, or conditions.
    pub(super) fn fold_body(&mut self, fold: Fold, body: Array, e: &'a Expr) -> Evaluated<Array> {
        match (fold, &body.kind) {
            (f, Sort::Bool) if f.takes_conditions() => Ok(body),
            (f, _) if f.takes_conditions() => {
                let text = self.written(e.span);
                self.fail(error::not_a_condition(self.place(e.span), f.name(), &text))
            }
            // Counting.
            (Fold::Plain(Reduction::Sum) | Fold::Mean, Sort::Bool) => {
                let (one, zero) = (self.graph.constant(1.0), self.graph.constant(0.0));
                let node = self.graph.select(body.node, one, zero);
                Ok(Array::real(node, body.axes))
            }
            _ => self.as_number(body, e),
        }
    }

    /// The reduction of a term over axes, of those places only where the filter holds.
    pub(super) fn fold(&mut self, fold: Fold, bound: &[Axis], body: NodeId, filter: Option<NodeId>) -> NodeId {
        let reduction = match fold {
            Fold::Plain(r) => r,
            Fold::Mean => return self.mean(bound, body, filter),
            Fold::Var => {
                let mean = self.mean(bound, body, filter);
                let distance = self.graph.sub(body, mean);
                let square = self.graph.pow_const(distance, 2.0);
                return self.mean(bound, square, filter);
            }
        };
        let body = match filter {
            None => body,
            Some(c) => {
                let neutral = match reduction {
                    Reduction::Sum => self.graph.constant(0.0),
                    Reduction::Prod => self.graph.constant(1.0),
                    Reduction::Max | Reduction::LogSumExp | Reduction::ArgMax => self.graph.constant(f64::NEG_INFINITY),
                    Reduction::Min | Reduction::ArgMin => self.graph.constant(f64::INFINITY),
                    Reduction::Any => return self.any_where(bound, c, body),
                    Reduction::All => {
                        let not = self.graph.not(c);
                        let either = self.graph.or(not, body);
                        return self.graph.reduce(reduction, bound, either);
                    }
                };
                self.graph.select(c, body, neutral)
            }
        };
        self.graph.reduce(reduction, bound, body)
    }

    fn any_where(&mut self, bound: &[Axis], c: NodeId, body: NodeId) -> NodeId {
        let both = self.graph.and(c, body);
        self.graph.reduce(Reduction::Any, bound, both)
    }

    fn mean(&mut self, bound: &[Axis], body: NodeId, filter: Option<NodeId>) -> NodeId {
        let sum = self.fold(Fold::Plain(Reduction::Sum), bound, body, filter);
        match filter {
            None => {
                let size = bound.iter().fold(Poly::constant(1), |p, a| p.mul(self.graph.extent(*a)));
                let size = self.normal(size);
                let count = self.graph.real_of_size(size);
                self.graph.div(sum, count)
            }
            Some(c) => {
                let (one, zero) = (self.graph.constant(1.0), self.graph.constant(0.0));
                let counted = self.graph.select(c, one, zero);
                let count = self.graph.reduce(Reduction::Sum, bound, counted);
                let some = self.graph.less(zero, count);
                let mean = self.graph.div(sum, count);
                self.graph.select(some, mean, zero)
            }
        }
    }

    /// The kind of the result of a reduction.
    pub(super) fn fold_kind(&mut self, fold: Fold, bound: &[Axis], span: Span) -> Evaluated<Sort> {
        if fold.gives_index() {
            return match bound {
                [axis] => Ok(Sort::Index { label: true, size: Some(self.graph.extent(*axis).clone()) }),
                _ => self.fail(error::one_axis_only(self.place(span), fold.name(), bound.len())),
            };
        }
        Ok(if fold.takes_conditions() { Sort::Bool } else { Sort::Real })
    }

    /// `sum(x, axis = …)`
    pub(super) fn fold_axes(
        &mut self,
        fold: Fold,
        x: Array,
        e: &'a Expr,
        axes: Option<AxisChoice>,
        span: Span,
    ) -> Evaluated {
        let x = self.fold_body(fold, x, e)?;
        let choice = match axes {
            Some(choice) => choice,
            // The last axis, of anything that has one.
            None if fold.gives_index() => AxisChoice::List(vec![AxisPick::Position(-1)]),
            None => AxisChoice::All,
        };
        let positions = self.chosen_axes(&choice, &x.axes, span)?;
        let bound: Vec<Axis> = positions.iter().map(|i| x.axes[*i].axis).collect();
        let kind = self.fold_kind(fold, &bound, span)?;
        let node = self.fold(fold, &bound, x.node, None);
        let left: Vec<Slot> =
            x.axes.iter().enumerate().filter(|(i, _)| !positions.contains(i)).map(|(_, s)| *s).collect();
        Ok(Value::Array(Array { node, axes: left, kind, number: None }))
    }

    /// The positions of chosen axes, in order.
    pub(super) fn chosen_axes(&mut self, choice: &AxisChoice, axes: &[Slot], span: Span) -> Evaluated<Vec<usize>> {
        let picks = match choice {
            AxisChoice::All => return Ok((0..axes.len()).collect()),
            AxisChoice::List(picks) => picks,
        };
        let span = self.place(span);
        let mut positions = vec![];
        for pick in picks {
            let position = match pick {
                AxisPick::Position(i) => {
                    let from_front = if *i < 0 { axes.len() as i64 + i } else { *i };
                    match usize::try_from(from_front) {
                        Ok(p) if p < axes.len() => p,
                        _ => {
                            let shape = self.show_shape(axes);
                            return self.fail(error::no_such_axis(span, *i, &shape));
                        }
                    }
                }
                AxisPick::Size(size) => {
                    let found: Vec<usize> =
                        (0..axes.len()).filter(|i| self.graph.extent(axes[*i].axis) == size).collect();
                    match found.as_slice() {
                        [one] => *one,
                        _ => {
                            let (name, shape) = (self.graph.extents.show(size), self.show_shape(axes));
                            return self.fail(error::no_axis_of_size(span, &name, &shape, found.len()));
                        }
                    }
                }
            };
            if positions.contains(&position) {
                let shape = self.show_shape(axes);
                return self.fail(error::axis_twice(span, position, &shape));
            }
            positions.push(position);
        }
        positions.sort_unstable();
        Ok(positions)
    }

    /// The value of an argument `axis = …`: a dim names the axis, a literal counts it.
    pub(super) fn axis_choice(&mut self, e: &'a Expr) -> Evaluated<AxisChoice> {
        match &e.kind {
            ExprKind::Name(name) if name == "all" && self.visible(name).is_none() => Ok(AxisChoice::All),
            ExprKind::Array(items) => {
                let mut picks = vec![];
                for item in items {
                    match self.axis_choice(item)? {
                        AxisChoice::List(list) => picks.extend(list),
                        AxisChoice::All => return self.fail(error::not_an_axis(self.place(item.span))),
                    }
                }
                Ok(AxisChoice::List(picks))
            }
            _ => {
                let value = self.expr(e)?;
                match value {
                    Value::Axes(choice) => Ok(choice),
                    Value::Array(Array { number: Some(size), .. }) => {
                        Ok(AxisChoice::List(vec![match size.as_constant() {
                            Some(i) => AxisPick::Position(i),
                            None => AxisPick::Size(size),
                        }]))
                    }
                    _ => self.fail(error::not_an_axis(self.place(e.span))),
                }
            }
        }
    }

    /// One axis of a choice that may hold only one.
    pub(super) fn chosen_axis(&mut self, choice: &AxisChoice, axes: &[Slot], span: Span) -> Evaluated<usize> {
        match self.chosen_axes(choice, axes, span)?.as_slice() {
            [one] => Ok(*one),
            _ => {
                self.fail(error::not_an_axis(self.place(span)))?;
                Err(Reported)
            }
        }
    }
}
