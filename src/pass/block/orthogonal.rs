//! Derivatives of the factor Q of A = Q R, for matrices of full rank with at least as many rows as columns. Walter and
//! Lehmann, Algorithmic differentiation of linear algebra functions with application in optimum experimental design (2010).
//! With R = upper(Qᵀ A), D = dA R⁻¹, C = Qᵀ D and T the part below the diagonal: dQ = Q (T(C) - T(C)ᵀ - C) + D. So with
//! S = Qᵀ Q̄ the cotangent is Ā = (Q̄ + Q (T(S - Sᵀ) - S)) R⁻ᵀ. R itself needs no rule: it is a product.

use super::term::{below, exchanged, inner_product, product, renamed, system, transposed, upper};
use crate::graph::{Block, Graph, MatrixSize, NodeId, core};

pub(super) fn pullback(g: &mut Graph, q: NodeId, matrix: NodeId, ct: NodeId, size: MatrixSize) -> NodeId {
    let square = size.of_columns();
    let r = factor(g, q, matrix, size);
    let s = inner_product(g, q, ct, size);
    let turned = transposed(g, s, square);
    let odd = g.sub(s, turned);
    let low = below(g, odd, square);
    let inner = g.sub(low, s);
    let moved = product(g, q, inner, size);
    let x = g.add(&[ct, moved]);
    by_inverse(g, Block::SolveUpper, x, r, size)
}

pub(super) fn tangent(g: &mut Graph, q: NodeId, matrix: NodeId, da: NodeId, size: MatrixSize) -> NodeId {
    let square = size.of_columns();
    let r = factor(g, q, matrix, size);
    let r = transposed(g, r, square);
    let d = by_inverse(g, Block::SolveLower, da, r, size);
    let c = inner_product(g, q, d, size);
    let low = below(g, c, square);
    let turned = transposed(g, low, square);
    let odd = g.sub(low, turned);
    let inner = g.sub(odd, c);
    let moved = product(g, q, inner, size);
    g.add(&[d, moved])
}

/// R, of the size of the columns.
fn factor(g: &mut Graph, q: NodeId, matrix: NodeId, size: MatrixSize) -> NodeId {
    let r = inner_product(g, q, matrix, size);
    upper(g, r, size.of_columns())
}

/// (T⁻¹ Xᵀ)ᵀ for a triangular T of the size of the columns.
fn by_inverse(g: &mut Graph, solve: Block, x: NodeId, triangle: NodeId, size: MatrixSize) -> NodeId {
    let turned = exchanged(g, x, size);
    let square = size.of_columns();
    let [row, _] = core(square);
    let [first, second] = core(MatrixSize { rows: size.columns, columns: size.rows });
    // Beside the triangle, the axis of the rows of X must not be the axis of its columns.
    let own = super::term::third(g, &[triangle, x], core(size)[0]);
    let right = renamed(g, turned, &[(first, row), (second, own)]);
    let solved = system(g, solve, square, triangle, right);
    let [to_row, to_column] = core(size);
    renamed(g, solved, &[(row, to_column), (own, to_row)])
}
