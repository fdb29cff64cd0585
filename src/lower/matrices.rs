//! Functions of matrices: factors, systems, determinants, eigenvalues, singular values, the exponential.
//!
//! Reads values. Must not know how they are computed.

use super::scope::Lowerer;
use super::value::{Array, Evaluated, Slot, Value};
use crate::diag::catalog::matrices as error;
use crate::graph::{Axis, AxisMap, Block, Form, MatrixSize, NodeId, core};
use crate::syntax::ast::Expr;

impl<'a> Lowerer<'a> {
    /// The matrix with the names that a block has for its axes, its batch axes, and the slots of rows and columns.
    fn matrix(&mut self, e: &'a Expr, name: &str) -> Evaluated<(NodeId, Vec<Slot>, [Slot; 2])> {
        let matrix = self.any_matrix(e, name)?;
        let [row, column] = matrix.2;
        if row.axis.extent != column.axis.extent {
            let shape: Vec<Slot> = matrix.1.iter().copied().chain([row, column]).collect();
            let shape = self.show_shape(&shape);
            return self.fail(error::not_square(self.place(e.span), name, &shape));
        }
        Ok(matrix)
    }

    /// As [`Self::matrix`], of any sizes.
    fn any_matrix(&mut self, e: &'a Expr, name: &str) -> Evaluated<(NodeId, Vec<Slot>, [Slot; 2])> {
        let a = self.real(e)?;
        let n = a.axes.len();
        if n < 2 {
            let shape = self.show_shape(&a.axes);
            return self.fail(match is_rectangular(name) {
                true => error::no_matrix(self.place(e.span), name, &shape),
                false => error::not_square(self.place(e.span), name, &shape),
            });
        }
        let (row, column) = (a.axes[n - 2], a.axes[n - 1]);
        let names = core(size_of(row, column));
        let map = self.graph.renaming([(row.axis, names[0]), (column.axis, names[1])]);
        let node = self.graph.at(a.node, &map);
        Ok((node, a.axes[..n - 2].to_vec(), [row, column]))
    }

    /// A function of one matrix.
    pub(super) fn of_matrix(&mut self, block: Block, e: &'a Expr) -> Evaluated {
        let name = block.name();
        let (mut node, mut axes, [row, column]) = match is_rectangular(name) {
            true => self.any_matrix(e, name)?,
            false => self.matrix(e, name)?,
        };
        let size = size_of(row, column);
        let names = core(size);
        if is_rectangular(name) {
            self.need_rows(e, name, row, column)?;
        }
        if matches!(block, Block::Eigenvalues | Block::Eigenvectors) {
            // What is not symmetric counts by its symmetric part, so that both triangles have the derivative they seem to have.
            let map = self.graph.renaming([(names[0], names[1]), (names[1], names[0])]);
            let turned = self.graph.at(node, &map);
            let sum = self.graph.add(&[node, turned]);
            let half = self.graph.constant(0.5);
            node = self.graph.mul(&[half, sum]);
        }
        let result = self.graph.block(block, size, &[node]);
        let inside = block.result_axes(size);
        let mut own = match block.form() {
            Form::Number | Form::RightSide => vec![],
            Form::Rows => vec![row],
            Form::Columns => vec![column],
            Form::Matrix => vec![row, column],
            Form::Square => {
                let taken: Vec<Axis> = axes.iter().chain([&column]).map(|s| s.axis).collect();
                vec![Slot { axis: self.fresh_axis(column.axis.extent, &taken), from: column.from }, column]
            }
        };
        let map = self.graph.renaming(inside.iter().copied().zip(own.iter().map(|s| s.axis)));
        let node = self.graph.at(result, &map);
        axes.append(&mut own);
        Ok(Value::Array(Array::real(node, axes)))
    }

    /// As many rows as columns, or more.
    fn need_rows(&mut self, e: &'a Expr, name: &str, row: Slot, column: Slot) -> Evaluated<()> {
        let more = self.graph.extent(row.axis).sub(self.graph.extent(column.axis));
        if self.graph.extents.known(&more).is_some_and(|n| n < 0) {
            let shape = self.show_shape(&[row, column]);
            let (at, from) = (self.place(e.span), self.place(row.from));
            return self.fail(error::too_wide(at, name, &shape, from));
        }
        if !self.graph.extents.non_negative(&more) {
            self.need_size(more, self.place(e.span), "the number of rows beyond that of columns");
        }
        Ok(())
    }

    /// `adjugate_derivative(A, E)`
    pub(super) fn adjugate_derivative(&mut self, a: &'a Expr, e: &'a Expr) -> Evaluated {
        let block = Block::AdjugateDerivative;
        let first = self.matrix(a, block.name());
        let second = self.matrix(e, block.name());
        let ((matrix, mut axes, [row, column]), (along, others, own)) = (first?, second?);
        let same = |l: &Self, x: &Slot, y: &Slot| l.same_size(x.axis.extent, y.axis.extent).is_some();
        let given: Vec<Slot> = others.iter().copied().chain(own).collect();
        let wanted: Vec<Slot> = axes.iter().copied().chain([row, column]).collect();
        if given.len() != wanted.len() || !wanted.iter().zip(&given).all(|(x, y)| same(self, x, y)) {
            let (shape, other) = (self.show_shape(&wanted), self.show_shape(&given));
            let (at, from) = (self.place(e.span), self.place(a.span));
            return self.fail(error::other_direction(at, block.name(), &other, (&shape, from)));
        }
        let names = core(size_of(row, column));
        let to = axes.iter().map(|s| s.axis).chain(names);
        let from = others.iter().map(|s| s.axis).chain(core(size_of(own[0], own[1])));
        let map = self.graph.renaming(from.zip(to));
        let along = self.graph.at(along, &map);
        let result = self.graph.block(block, size_of(row, column), &[matrix, along]);
        let map = self.graph.renaming([(names[0], row.axis), (names[1], column.axis)]);
        let node = self.graph.at(result, &map);
        axes.extend([row, column]);
        Ok(Value::Array(Array::real(node, axes)))
    }

    /// `inv(A)`
    pub(super) fn inverse(&mut self, e: &'a Expr) -> Evaluated {
        let (node, mut axes, [row, column]) = self.matrix(e, "inv")?;
        let size = size_of(row, column);
        let names = core(size);
        let (i, j) = (self.graph.axis(names[0]), self.graph.axis(column.axis));
        let same = self.graph.index_equal(i, j);
        let (one, zero) = (self.graph.constant(1.0), self.graph.constant(0.0));
        let eye = self.graph.select(same, one, zero);
        let block = self.graph.block(Block::Solve, size, &[node, eye]);
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
        let size = size_of(row, column);
        let inside = core(size)[0];
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
        let result = self.graph.block(block, size, &[matrix, node]);
        let own = self.fresh_axis(row.axis.extent, &taken);
        axes.insert(batch, Slot { axis: own, from: row.from });
        let back = self.graph.renaming([(inside, own)]);
        let node = self.graph.at(result, &back);
        Ok(Value::Array(Array::real(node, axes)))
    }
}

fn size_of(row: Slot, column: Slot) -> MatrixSize {
    MatrixSize { rows: row.axis.extent, columns: column.axis.extent }
}

/// Whether the function takes matrices with more rows than columns.
fn is_rectangular(name: &str) -> bool {
    [Block::Orthonormal, Block::SingularValues, Block::RightVectors].iter().any(|b| b.name() == name)
}
