//! Matrices as terms with the two axes of a block: products, transposes, triangles, systems.

use crate::graph::{Axis, AxisSet, Block, Graph, MatrixSize, NodeId, Poly, core};
use crate::prim::{Prim, Reduction};

/// An axis like this one that none of the terms has.
pub(super) fn third(g: &Graph, terms: &[NodeId], like: Axis) -> Axis {
    let taken = terms.iter().fold(AxisSet::new(), |set, n| set.union(g.axes(*n)));
    g.fresh(&[like], &taken)[0]
}

pub(super) fn renamed(g: &mut Graph, n: NodeId, pairs: &[(Axis, Axis)]) -> NodeId {
    let map = g.renaming(pairs.iter().copied());
    g.at(n, &map)
}

pub(super) fn summed(g: &mut Graph, n: NodeId, axes: &[Axis]) -> NodeId {
    g.reduce(Reduction::Sum, axes, n)
}

/// The transpose of a square matrix.
pub(super) fn transposed(g: &mut Graph, n: NodeId, size: MatrixSize) -> NodeId {
    let [row, column] = core(size);
    renamed(g, n, &[(row, column), (column, row)])
}

/// The transpose of any matrix, which has the axes of the exchanged sizes.
pub(super) fn exchanged(g: &mut Graph, n: NodeId, size: MatrixSize) -> NodeId {
    let [row, column] = core(size);
    let [to_row, to_column] = core(MatrixSize { rows: size.columns, columns: size.rows });
    renamed(g, n, &[(row, to_column), (column, to_row)])
}

/// The product of an n × m and an m × m matrix; of square ones for square sizes.
pub(super) fn product(g: &mut Graph, a: NodeId, b: NodeId, size: MatrixSize) -> NodeId {
    let [_, column] = core(size);
    let [inner, _] = core(size.of_columns());
    let k = third(g, &[a, b], inner);
    let left = renamed(g, a, &[(column, k)]);
    let right = renamed(g, b, &[(inner, k)]);
    let terms = g.mul(&[left, right]);
    summed(g, terms, &[k])
}

/// aᵀ b of two n × m matrices, an m × m matrix.
pub(super) fn inner_product(g: &mut Graph, a: NodeId, b: NodeId, size: MatrixSize) -> NodeId {
    let [row, column] = core(size);
    let [to_row, _] = core(size.of_columns());
    let k = third(g, &[a, b], row);
    let left = renamed(g, a, &[(row, k), (column, to_row)]);
    let right = renamed(g, b, &[(row, k)]);
    let terms = g.mul(&[left, right]);
    summed(g, terms, &[k])
}

/// a bᵀ, where both have the columns of the size and `a` its rows.
pub(super) fn outer_product(g: &mut Graph, a: NodeId, b: NodeId, size: MatrixSize) -> NodeId {
    let [_, column] = core(size);
    let [inner, _] = core(size.of_columns());
    let k = third(g, &[a, b], column);
    let left = renamed(g, a, &[(column, k)]);
    let right = renamed(g, b, &[(column, k), (inner, column)]);
    let terms = g.mul(&[left, right]);
    summed(g, terms, &[k])
}

pub(super) fn system(g: &mut Graph, block: Block, size: MatrixSize, matrix: NodeId, right: NodeId) -> NodeId {
    if g.is_constant(right, 0.0) { right } else { g.block(block, size, &[matrix, right]) }
}

/// The inverse of a square matrix.
pub(super) fn inverse(g: &mut Graph, matrix: NodeId, size: MatrixSize) -> NodeId {
    let [row, column] = core(size);
    // Inside the system its columns have another name than those of the matrix.
    let own = third(g, &[matrix], row);
    let (i, j) = (g.axis(row), g.axis(own));
    let same = g.index_equal(i, j);
    let (one, zero) = (g.constant(1.0), g.constant(0.0));
    let eye = g.select(same, one, zero);
    let solved = g.block(Block::Solve, size, &[matrix, eye]);
    renamed(g, solved, &[(own, column)])
}

/// What lies below the diagonal.
pub(super) fn below(g: &mut Graph, n: NodeId, size: MatrixSize) -> NodeId {
    let [row, column] = core(size);
    let (i, j) = (g.axis(row), g.axis(column));
    let below = g.linear(&[(i, Poly::constant(1)), (j, Poly::constant(-1))], Poly::constant(-1));
    let none = g.index_constant(0);
    let inside = g.index_at_least(below, none);
    let zero = g.constant(0.0);
    g.select(inside, n, zero)
}

/// The lower triangle with half of the diagonal.
pub(super) fn lower_half(g: &mut Graph, n: NodeId, size: MatrixSize) -> NodeId {
    let [row, column] = core(size);
    let (i, j) = (g.axis(row), g.axis(column));
    let (half, zero) = (g.constant(0.5), g.constant(0.0));
    let halved = g.mul(&[half, n]);
    let same = g.index_equal(i, j);
    let diagonal = g.select(same, halved, zero);
    let lower = below(g, n, size);
    g.add(&[lower, diagonal])
}

/// The upper triangle.
pub(super) fn upper(g: &mut Graph, n: NodeId, size: MatrixSize) -> NodeId {
    triangle(g, Block::SolveUpper, n, size)
}

/// What a block reads of its matrix.
pub(super) fn triangle(g: &mut Graph, block: Block, n: NodeId, size: MatrixSize) -> NodeId {
    let [row, column] = core(size);
    let (i, j) = (g.axis(row), g.axis(column));
    let inside = match block {
        Block::SolveLower => g.index_at_least(i, j),
        Block::SolveUpper => g.index_at_least(j, i),
        _ => return n,
    };
    let zero = g.constant(0.0);
    g.select(inside, n, zero)
}

/// 1 / x; 0 where x is within rounding of 0 beside values of this size, which derivatives hold constant.
pub(super) fn reciprocal(g: &mut Graph, x: NodeId, size: NodeId) -> NodeId {
    let size = g.prim(Prim::StopGradient, 0.0, &[size]);
    g.prim(Prim::Reciprocal, 0.0, &[x, size])
}
