//! Functions of square matrices: `cholesky`, `solve` and its kind, `inv`, `det`, `logdet`.
//!
//! Reads values. Must not know how they are computed.

use super::scope::Lowerer;
use super::value::{Array, Evaluated, Slot, Value};
use crate::diag::catalog::matrices as error;
use crate::graph::{Axis, AxisMap, Block, NodeId, core};
use crate::syntax::ast::Expr;

impl<'a> Lowerer<'a> {
    /// The matrix with the names that a block has for its axes, its batch axes, and the slots of rows and columns.
    fn matrix(&mut self, e: &'a Expr, name: &str) -> Evaluated<(NodeId, Vec<Slot>, [Slot; 2])> {
        let a = self.real(e)?;
        let n = a.axes.len();
        let square = n >= 2 && a.axes[n - 2].axis.extent == a.axes[n - 1].axis.extent;
        if !square {
            let shape = self.show_shape(&a.axes);
            return self.fail(error::not_square(self.place(e.span), name, &shape));
        }
        let (row, column) = (a.axes[n - 2], a.axes[n - 1]);
        let names = core(row.axis.extent);
        let map = self.graph.renaming([(row.axis, names[0]), (column.axis, names[1])]);
        let node = self.graph.at(a.node, &map);
        Ok((node, a.axes[..n - 2].to_vec(), [row, column]))
    }

    /// `cholesky(A)`
    pub(super) fn cholesky(&mut self, e: &'a Expr) -> Evaluated {
        let (node, mut axes, [row, column]) = self.matrix(e, "cholesky")?;
        let names = core(row.axis.extent);
        let block = self.graph.block(Block::Cholesky, row.axis.extent, &[node]);
        let map = self.graph.renaming([(names[0], row.axis), (names[1], column.axis)]);
        let node = self.graph.at(block, &map);
        axes.extend([row, column]);
        Ok(Value::Array(Array::real(node, axes)))
    }

    /// `det(A)`, `logdet(A)`
    pub(super) fn determinant(&mut self, block: Block, e: &'a Expr) -> Evaluated {
        let (node, axes, [row, _]) = self.matrix(e, block.name())?;
        let node = self.graph.block(block, row.axis.extent, &[node]);
        Ok(Value::Array(Array::real(node, axes)))
    }

    /// `inv(A)`
    pub(super) fn inverse(&mut self, e: &'a Expr) -> Evaluated {
        let (node, mut axes, [row, column]) = self.matrix(e, "inv")?;
        let names = core(row.axis.extent);
        let (i, j) = (self.graph.axis(names[0]), self.graph.axis(column.axis));
        let same = self.graph.index_equal(i, j);
        let (one, zero) = (self.graph.constant(1.0), self.graph.constant(0.0));
        let eye = self.graph.select(same, one, zero);
        let block = self.graph.block(Block::Solve, row.axis.extent, &[node, eye]);
        let map = self.graph.renaming([(names[0], row.axis)]);
        let node = self.graph.at(block, &map);
        axes.extend([row, column]);
        Ok(Value::Array(Array::real(node, axes)))
    }

    /// `solve(A, b)`, `solve_lower(L, b)`, `solve_upper(U, b)`
    pub(super) fn system(&mut self, block: Block, a: &'a Expr, b: &'a Expr) -> Evaluated {
        let (matrix, several, [row, column]) = self.matrix(a, block.name())?;
        let right = self.real(b)?;
        let batch = several.len();
        let rank = right.axes.len();
        let same = |l: &Self, x: &Slot, y: &Slot| l.same_size(x.axis.extent, y.axis.extent).is_some();
        let fits = (rank == batch + 1 || rank == batch + 2)
            && right.axes[batch].axis.extent == row.axis.extent
            && several.iter().zip(&right.axes).all(|(x, y)| same(self, x, y));
        if !fits {
            let given = self.show_shape(&right.axes);
            let shape: Vec<Slot> = several.iter().copied().chain([row, column]).collect();
            let shape = self.show_shape(&shape);
            let (at, from) = (self.place(b.span), self.place(a.span));
            return self.fail(error::right_side(at, block.name(), &given, (&shape, from)));
        }
        // The right side has the batch axes of the matrix, the row axis inside, and then its own.
        let inside = core(row.axis.extent)[0];
        let mut map = AxisMap::new();
        let mut taken: Vec<Axis> = several.iter().map(|s| s.axis).collect();
        let mut axes = several.clone();
        for (i, slot) in right.axes.iter().enumerate() {
            let to = match i {
                _ if i < batch => several[i].axis,
                _ if i == batch => inside,
                _ if taken.contains(&slot.axis) => self.fresh_axis(slot.axis.extent, &taken),
                _ => slot.axis,
            };
            map.insert(slot.axis, self.graph.axis(to));
            if i > batch {
                taken.push(to);
                axes.push(Slot { axis: to, from: slot.from });
            }
        }
        let node = self.graph.at(right.node, &map);
        let result = self.graph.block(block, row.axis.extent, &[matrix, node]);
        let own = self.fresh_axis(row.axis.extent, &taken);
        axes.insert(batch, Slot { axis: own, from: row.from });
        let back = self.graph.renaming([(inside, own)]);
        let node = self.graph.at(result, &back);
        Ok(Value::Array(Array::real(node, axes)))
    }
}
