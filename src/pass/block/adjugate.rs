//! Derivatives of the adjugate. D² det A along E and F is tr(D adj A[E] F), symmetric in E and F, so the adjoint of D adj A is
//! C ↦ (D adj A[Cᵀ])ᵀ. These two orders have an algorithm of their own, right at singular matrices. From the next order on
//! they are those of |A| A⁻¹, which needs the inverse: with e = A⁻¹ E, f = A⁻¹ F
//! D² adj A[E, F] = |A| ((tr e tr f - tr(e f)) 1 - tr e f - tr f e + e f + f e) A⁻¹.

use super::term::{inverse, product, summed, third, transposed};
use crate::graph::{Block, Graph, MatrixSize, NodeId, core};

/// The cotangent of A by that of adj A.
pub(super) fn first(g: &mut Graph, matrix: NodeId, ct: NodeId, size: MatrixSize) -> NodeId {
    let ct = transposed(g, ct, size);
    let moved = g.block(Block::AdjugateDerivative, size, &[matrix, ct]);
    transposed(g, moved, size)
}

/// The cotangents of A and E by that of D adj A[E].
pub(super) fn second(g: &mut Graph, args: &[NodeId], ct: NodeId, size: MatrixSize) -> Vec<NodeId> {
    let turned = transposed(g, ct, size);
    let of_matrix = third_order(g, args[0], args[1], turned, size);
    vec![transposed(g, of_matrix, size), first(g, args[0], ct, size)]
}

/// D² adj A[E, F].
pub(super) fn third_order(g: &mut Graph, matrix: NodeId, e: NodeId, f: NodeId, size: MatrixSize) -> NodeId {
    let [row, column] = core(size);
    let det = g.block(Block::Det, size, &[matrix]);
    let inverse = inverse(g, matrix, size);
    let (e, f) = (product(g, inverse, e, size), product(g, inverse, f, size));
    let (ef, fe) = (product(g, e, f, size), product(g, f, e, size));
    let trace = |g: &mut Graph, n: NodeId| {
        let k = third(g, &[n], row);
        let k_index = g.axis(k);
        let map = [(row, k_index), (column, k_index)].into_iter().collect();
        let diagonal = g.at(n, &map);
        summed(g, diagonal, &[k])
    };
    let (te, tf, tef) = (trace(g, e), trace(g, f), trace(g, ef));
    let both = g.mul(&[te, tf]);
    let number = g.sub(both, tef);
    let (i, j) = (g.axis(row), g.axis(column));
    let same = g.index_equal(i, j);
    let zero = g.constant(0.0);
    let diagonal = g.select(same, number, zero);
    let (left, right) = (g.mul(&[te, f]), g.mul(&[tf, e]));
    let (left, right) = (g.neg(left), g.neg(right));
    let inner = g.add(&[diagonal, left, right, ef, fe]);
    let whole = product(g, inner, inverse, size);
    g.mul(&[det, whole])
}
