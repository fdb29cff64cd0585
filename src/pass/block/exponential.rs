//! The derivative of the exponential of A along E: the upper right block of exp [[A, E], [0, A]] (Higham, Functions of
//! Matrices, 2008, theorem 3.6), an exponential again. Its adjoint is the derivative of the exponential of Aᵀ.

use crate::graph::{AxisMap, Block, Graph, MatrixSize, NodeId, Poly, core};

pub(super) fn along(g: &mut Graph, matrix: NodeId, direction: NodeId, size: MatrixSize) -> NodeId {
    if g.is_constant(direction, 0.0) {
        return direction;
    }
    let n = g.extents.poly(size.rows).clone();
    let twice = MatrixSize::square(g.extents.intern(n.scale(2)));
    let [row, column] = core(size);
    let [i, j] = core(twice).map(|axis| g.axis(axis));
    let start = g.index_size(n.clone());
    let last = g.index_size(n.sub(&Poly::constant(1)));
    // A quarter of the matrix: its own indices, and where it is.
    let quarter = |g: &mut Graph, index: NodeId, second: bool| match second {
        true => (g.linear(&[(index, Poly::constant(1))], n.scale(-1)), g.index_at_least(index, start)),
        false => (index, g.index_at_least(last, index)),
    };
    let mut parts = vec![];
    for (term, below, right) in [(matrix, false, false), (direction, false, true), (matrix, true, true)] {
        let ((r, in_rows), (c, in_columns)) = (quarter(g, i, below), quarter(g, j, right));
        let map: AxisMap = [(row, r), (column, c)].into_iter().collect();
        let part = g.at(term, &map);
        parts.push(g.mask(&[in_rows, in_columns], part));
    }
    let whole = g.add(&parts);
    let exponential = g.block(Block::Exponential, twice, &[whole]);
    let [i, j] = core(twice);
    let r = g.axis(row);
    let c = g.axis(column);
    let c = g.linear(&[(c, Poly::constant(1))], n);
    let map: AxisMap = [(i, r), (j, c)].into_iter().collect();
    g.at(exponential, &map)
}
