//! `argsort`, and by it `sort` and `top_k`: elements of an axis in the order of their values.
//!
//! Reads values. Must not know how the order is found.

use super::call::Matched;
use super::scope::Lowerer;
use super::value::{Array, AxisChoice, AxisPick, Evaluated, Reported, Slot, Sort, Value};
use crate::diag::catalog::sorting as error;
use crate::graph::{AxisMap, Block, MatrixSize, NodeId, core};
use crate::span::Span;
use crate::syntax::ast::Expr;

/// An array and one of its axes.
struct Along {
    array: Array,
    at: usize,
}

impl<'a> Lowerer<'a> {
    /// `argsort(x)`, `argsort(x, axis = 0)`
    pub(super) fn argsort(&mut self, x: &'a Expr, axis: Option<&'a Expr>, span: Span) -> Evaluated {
        let along = self.chosen_along(x, axis, span)?;
        let node = self.order(&along, along.array.node);
        Ok(along.places(self, node, along.array.axes.clone()))
    }

    /// `sort(x)`, `sort(x, axis = 0)`
    pub(super) fn sorted(&mut self, x: &'a Expr, axis: Option<&'a Expr>, span: Span) -> Evaluated {
        let along = self.chosen_along(x, axis, span)?;
        let order = self.order(&along, along.array.node);
        let node = self.read_at(&along, order);
        Ok(Value::Array(Array::real(node, along.array.axes)))
    }

    /// `top_k(x, 3)`, `top_k(x, K, axis = 0)`
    pub(super) fn top_k(&mut self, matched: &[Matched<'a>], span: Span) -> Evaluated {
        let [Some(x), Some(k), axis] = matched else { return Err(Reported) };
        let along = self.chosen_along(x, *axis, span);
        let count = self.dim(k)?;
        let along = along?;
        let slot = along.array.axes[along.at];
        let size = self.graph.extent(slot.axis).clone();
        let room = size.sub(&count);
        let extents = &self.graph.extents;
        let negative = |n: Option<i64>| n.is_some_and(|n| n < 0);
        if negative(extents.known(&room)) || negative(extents.known(&count)) {
            let (count, size) = (extents.show(&count), extents.show(&size));
            return self.fail(error::too_many(self.place(k.span), &count, &size, self.place(slot.from)));
        }
        if !extents.non_negative(&room) {
            self.need_size(room, self.place(k.span), "`k`");
        }
        let extent = self.graph.extents.intern(count);
        let own = self.fresh_axis(extent, &along.array.axis_list());
        // Largest first: in ascending order of the negated elements.
        let negated = self.graph.neg(along.array.node);
        let order = self.order(&along, negated);
        let first: AxisMap = [(slot.axis, self.graph.axis(own))].into_iter().collect();
        let places = self.graph.at(order, &first);
        let values = self.read_at(&along, places);
        let mut axes = along.array.axes.clone();
        axes[along.at] = Slot { axis: own, from: k.span };
        let places = along.places(self, places, axes.clone());
        Ok(Value::Tuple([Value::Array(Array::real(values, axes)), places].into()))
    }

    fn chosen_along(&mut self, x: &'a Expr, axis: Option<&'a Expr>, span: Span) -> Evaluated<Along> {
        let array = self.real(x)?;
        let choice = match axis {
            Some(e) => self.axis_choice(e)?,
            None => AxisChoice::List(vec![AxisPick::Position(-1)]),
        };
        let at = self.chosen_axis(&choice, &array.axes, axis.map_or(span, |e| e.span))?;
        Ok(Along { array, at })
    }

    /// The places of the elements of a term with the axes of the array, in ascending order.
    fn order(&mut self, along: &Along, node: NodeId) -> NodeId {
        let axis = along.array.axes[along.at].axis;
        let size = MatrixSize::square(axis.extent);
        let [inside, _] = core(size);
        let into = self.graph.renaming([(axis, inside)]);
        let vector = self.graph.at(node, &into);
        let order = self.graph.block(Block::ArgSort, size, &[vector]);
        let back = self.graph.renaming([(inside, axis)]);
        self.graph.at(order, &back)
    }

    /// The elements of the array at places on the axis.
    fn read_at(&mut self, along: &Along, places: NodeId) -> NodeId {
        let map: AxisMap = [(along.array.axes[along.at].axis, places)].into_iter().collect();
        self.graph.at(along.array.node, &map)
    }
}

impl Along {
    /// Labels that are places on the axis.
    fn places(&self, lowerer: &Lowerer, node: NodeId, axes: Vec<Slot>) -> Value {
        let size = Some(lowerer.graph.extent(self.array.axes[self.at].axis).clone());
        Value::Array(Array { node, axes, kind: Sort::Index { label: true, size }, number: None })
    }
}
