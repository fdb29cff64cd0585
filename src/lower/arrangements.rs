//! Built-in functions that put something around arrays or take them apart: `pad` and `split`.
//!
//! Reads values and dims. Must not know scopes of names.

use super::call::Matched;
use super::scope::Lowerer;
use super::value::{Array, AxisChoice, AxisPick, Evaluated, Reported, Slot, Sort, Value};
use crate::diag::catalog::shapes as error;
use crate::graph::{Axis, AxisMap, ExtentId, Poly};
use crate::span::Span;
use crate::syntax::ast::{Expr, ExprKind};

/// No array is split into more parts than this.
const MOST_PARTS: i64 = 1000;

impl<'a> Lowerer<'a> {
    /// `pad(x, before, after = before, axis = all, value = 0)`
    pub(super) fn pad(&mut self, matched: &[Matched<'a>], span: Span) -> Evaluated {
        let [Some(x), Some(before), after, axis, value] = matched else { return Err(Reported) };
        let array = self.array(x);
        let first = self.dim(before);
        let last = after.map_or_else(|| first.clone(), |e| self.dim(e));
        let (array, first, last) = (array?, first?, last?);
        let choice = axis.map_or(Ok(AxisChoice::All), |e| self.axis_choice(e))?;
        let positions = self.chosen_axes(&choice, &array.axes, axis.map_or(span, |e| e.span))?;
        let array = match array.kind {
            Sort::Index { label: true, .. } | Sort::Bool => array,
            _ => self.as_number(array, x)?,
        };
        let around = self.padding(&array, *value, span)?;
        let mut axes: Vec<Slot> = vec![];
        let mut map = AxisMap::new();
        let mut inside = self.graph.bool(true);
        for (position, slot) in array.axes.iter().enumerate() {
            let padded = positions.contains(&position);
            let size = self.graph.extent(slot.axis).clone();
            let extent = if padded {
                let longer = self.checked_size(size.add(&first).add(&last), span)?;
                self.graph.extents.intern(longer)
            } else {
                slot.axis.extent
            };
            let taken: Vec<Axis> = axes.iter().map(|s| s.axis).collect();
            let axis = self.fresh_axis(extent, &taken);
            let index = self.graph.axis(axis);
            axes.push(Slot { axis, from: if padded { span } else { slot.from } });
            if !padded {
                map.insert(slot.axis, index);
                continue;
            }
            let place = self.graph.linear(&[(index, Poly::constant(1))], first.scale(-1));
            map.insert(slot.axis, place);
            let (start, end) = (self.graph.index_constant(0), self.graph.index_size(size.sub(&Poly::constant(1))));
            let (after, before) = (self.graph.index_at_least(place, start), self.graph.index_at_least(end, place));
            inside = self.graph.and(inside, after);
            inside = self.graph.and(inside, before);
        }
        let sizes: Vec<ExtentId> = axes.iter().map(|s| s.axis.extent).collect();
        self.check_count(&sizes, span)?;
        let read = self.graph.at(array.node, &map);
        let node = match array.kind {
            Sort::Bool => self.choose_truth(inside, read, around.node),
            _ => self.graph.select(inside, read, around.node),
        };
        Ok(Value::Array(Array { node, axes, kind: array.kind, number: None }))
    }

    /// What `pad` writes: of the kind of the array, 0 or `false` if nothing is said.
    fn padding(&mut self, array: &Array, value: Matched<'a>, span: Span) -> Evaluated<Array> {
        let Some(e) = value else {
            return Ok(match array.kind {
                Sort::Real => Array::real(self.graph.constant(0.0), vec![]),
                Sort::Bool => Array::truth(self.graph.bool(false), vec![]),
                Sort::Index { .. } => {
                    let node = self.graph.index_constant(0);
                    Array { node, axes: vec![], kind: array.kind.clone(), number: None }
                }
            });
        };
        let value = match array.kind {
            Sort::Real => self.real(e)?,
            Sort::Bool => self.condition(e, "pad")?,
            Sort::Index { .. } => {
                let value = self.array(e)?;
                self.as_position(value, e)?
            }
        };
        if value.is_scalar() {
            return Ok(value);
        }
        let shape = self.show_shape(&value.axes);
        self.fail(error::padding_has_axes(self.place(span), &shape))
    }

    /// `split(x, 4)`, `split(x, [A, B], axis = 0)`
    pub(super) fn split(&mut self, matched: &[Matched<'a>], span: Span) -> Evaluated {
        let [Some(x), Some(parts), axis] = matched else { return Err(Reported) };
        let array = self.array(x)?;
        let choice =
            axis.map_or(Ok(AxisChoice::List(vec![AxisPick::Position(-1)])), |e: &'a Expr| self.axis_choice(e))?;
        let at = self.chosen_axis(&choice, &array.axes, axis.map_or(span, |e| e.span))?;
        let size = self.graph.extent(array.axes[at].axis).clone();
        let sizes = self.part_sizes(parts, &size)?;
        let mut start = Poly::default();
        let mut values = vec![];
        for length in sizes {
            let extent = self.graph.extents.intern(length.clone());
            let own = array.axis_list();
            let axis = self.fresh_axis(extent, &own);
            let index = self.graph.axis(axis);
            let place = self.graph.linear(&[(index, Poly::constant(1))], start.clone());
            let map: AxisMap = [(array.axes[at].axis, place)].into_iter().collect();
            let node = self.graph.at(array.node, &map);
            let mut axes = array.axes.clone();
            axes[at] = Slot { axis, from: parts.span };
            values.push(Value::Array(Array { node, axes, kind: array.kind.clone(), number: None }));
            start = start.add(&length);
        }
        Ok(Value::Tuple(values.into()))
    }

    fn part_sizes(&mut self, parts: &'a Expr, size: &Poly) -> Evaluated<Vec<Poly>> {
        if let ExprKind::Array(items) = &parts.kind {
            let sizes: Vec<Evaluated<Poly>> = items.iter().map(|e| self.dim(e)).collect();
            let sizes = sizes.into_iter().collect::<Evaluated<Vec<Poly>>>()?;
            let sum = sizes.iter().fold(Poly::default(), |sum, s| sum.add(s));
            let sum = self.normal(sum);
            let (a, b) = (self.graph.extents.intern(sum.clone()), self.graph.extents.intern(size.clone()));
            let known = self.graph.extents.known(&sum).zip(self.graph.extents.known(size));
            if self.same_size(a, b).is_none() && known.is_none_or(|(a, b)| a != b) {
                let (size, sum) = (self.graph.extents.show(size), self.graph.extents.show(&sum));
                return self.fail(error::split_sizes(self.place(parts.span), &size, &sum));
            }
            return Ok(sizes);
        }
        let count = self.dim(parts)?;
        match self.graph.extents.known(&count) {
            Some(n @ 1..=MOST_PARTS) => {
                let each = self.exact_quotient(size.clone(), count, parts.span)?;
                Ok(vec![each; n as usize])
            }
            _ => self.fail(error::split_count(self.place(parts.span))),
        }
    }
}
