//! `unpack_lower` and `pack_lower`: lower triangles and the vectors of their rows.
//!
//! Reads values and dims. Must not know scopes of names.

use super::scope::Lowerer;
use super::value::{Array, Evaluated, Slot, Value};
use crate::diag::catalog::shapes as error;
use crate::graph::{Axis, AxisMap, ExtentId, NodeId, Poly};
use crate::prim::Reduction;
use crate::span::Span;
use crate::syntax::ast::Expr;

impl<'a> Lowerer<'a> {
    /// `unpack_lower(v)`: of a vector of n (n + 1) / 2 elements the n by n matrix.
    pub(super) fn unpack_lower(&mut self, v: &'a Expr, n: Option<&'a Expr>, span: Span) -> Evaluated {
        let array = self.real(v)?;
        let Some((last, leading)) = array.axes.split_last() else {
            return self.fail(error::not_a_triangle(self.place(v.span), "unpack_lower", "a number"));
        };
        let count = self.graph.extent(last.axis).clone();
        let side = match n {
            Some(e) => self.dim(e)?,
            None => match self.graph.extents.known(&count).and_then(side_of) {
                Some(n) => Poly::constant(n),
                None => {
                    let shape = self.show_shape(&array.axes);
                    return self.fail(error::not_a_triangle(self.place(v.span), "unpack_lower", &shape));
                }
            },
        };
        let expected = self.graph.extents.known(&side).map(triangle);
        if expected.is_none() || expected != self.graph.extents.known(&count) {
            let shape = self.show_shape(&array.axes);
            return self.fail(error::not_a_triangle(self.place(v.span), "unpack_lower", &shape));
        }
        let extent = self.graph.extents.intern(side);
        let own = array.axis_list();
        let row = self.fresh_axis(extent, &own);
        let column = self.fresh_axis(extent, &[own, vec![row]].concat());
        let (place, below) = self.place_in_triangle(row, column);
        let map: AxisMap = [(last.axis, place)].into_iter().collect();
        let read = self.graph.at(array.node, &map);
        let node = self.graph.mask(&[below], read);
        let mut axes: Vec<Slot> = leading.to_vec();
        axes.extend([row, column].map(|axis| Slot { axis, from: span }));
        let sizes: Vec<ExtentId> = axes.iter().map(|s| s.axis.extent).collect();
        self.check_count(&sizes, span)?;
        Ok(Value::Array(Array::real(node, axes)))
    }

    /// `pack_lower(L)`: of an n by n matrix the n (n + 1) / 2 elements on and below the diagonal, row by row.
    pub(super) fn pack_lower(&mut self, l: &'a Expr, span: Span) -> Evaluated {
        let array = self.real(l)?;
        let shape = self.show_shape(&array.axes);
        let [leading @ .., row, column] = array.axes.as_slice() else {
            return self.fail(error::not_a_triangle(self.place(l.span), "pack_lower", &shape));
        };
        let side = self.graph.extents.known(self.graph.extent(row.axis));
        let square = self.same_size(row.axis.extent, column.axis.extent).is_some();
        let Some(side) = side.filter(|_| square) else {
            return self.fail(error::not_a_triangle(self.place(l.span), "pack_lower", &shape));
        };
        let extent = self.graph.extents.intern(Poly::constant(triangle(side)));
        let axis = self.fresh_axis(extent, &array.axis_list());
        let (place, below) = self.place_in_triangle(row.axis, column.axis);
        let index = self.graph.axis(axis);
        let here = self.graph.index_equal(place, index);
        let node = self.graph.mask(&[below, here], array.node);
        let node = self.graph.reduce(Reduction::Sum, &[row.axis, column.axis], node);
        let axes = leading.iter().copied().chain([Slot { axis, from: span }]).collect();
        Ok(Value::Array(Array::real(node, axes)))
    }

    /// Where an element of a lower triangle stands among its rows, and whether it is in the triangle.
    fn place_in_triangle(&mut self, row: Axis, column: Axis) -> (NodeId, NodeId) {
        let (row, column) = (self.graph.axis(row), self.graph.axis(column));
        let next = self.graph.linear(&[(row, Poly::constant(1))], Poly::constant(1));
        let twice = self.graph.index_mul(row, next);
        let before = self.graph.quotient(twice, &Poly::constant(2));
        (self.graph.index_add(before, column), self.graph.index_at_least(row, column))
    }
}

/// How many elements a lower triangle has.
fn triangle(side: i64) -> i64 {
    side.saturating_mul(side.saturating_add(1)) / 2
}

/// The side of the lower triangle with so many elements.
fn side_of(count: i64) -> Option<i64> {
    let near = ((((8 * count.min(1 << 50) + 1) as f64).sqrt() - 1.0) / 2.0).round() as i64;
    (near >= 1 && triangle(near) == count).then_some(near)
}
