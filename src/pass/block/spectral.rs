//! Derivatives of eigenvalues and singular values, and of their vectors.
//!
//! Symmetric A = V Λ Vᵀ (Giles 2008, section 3.1; Magnus and Neudecker, section 8.7): dλ_k = v_kᵀ dA v_k, which needs no
//! gaps between eigenvalues and is right for symmetric functions of equal ones; dV = V (F ∘ (Vᵀ dA V)) with
//! F_ij = 1 / (λ_j - λ_i). A = U Σ Vᵀ: dσ_k = u_kᵀ dA v_k with u_k = A v_k / σ_k; the right vectors are the eigenvectors of
//! AᵀA, whose eigenvalues are σ². Where a gap, or a σ that is divided by, is within rounding of 0, the quotient is taken
//! as 0: derivatives of vectors of equal values do not exist, and what does not depend on their choice needs no such term.

use super::term::{inner_product, outer_product, product, reciprocal, renamed, summed, third, transposed};
use crate::graph::{Block, Graph, MatrixSize, NodeId, core};
use crate::prim::{Prim, Reduction};

/// V diag(λ̄) Vᵀ.
pub(super) fn of_eigenvalues(g: &mut Graph, matrix: NodeId, ct: NodeId, size: MatrixSize) -> NodeId {
    let [row, column] = core(size);
    let vectors = g.block(Block::Eigenvectors, size, &[matrix]);
    let ct = renamed(g, ct, &[(row, column)]);
    let scaled = g.mul(&[ct, vectors]);
    outer_product(g, scaled, vectors, size)
}

/// v_kᵀ dA v_k.
pub(super) fn move_of_eigenvalues(g: &mut Graph, matrix: NodeId, da: NodeId, size: MatrixSize) -> NodeId {
    let [row, column] = core(size);
    let vectors = g.block(Block::Eigenvectors, size, &[matrix]);
    let moved = product(g, da, vectors, size);
    let terms = g.mul(&[vectors, moved]);
    let sums = summed(g, terms, &[row]);
    renamed(g, sums, &[(column, row)])
}

/// V (F ∘ (Vᵀ V̄)) Vᵀ.
pub(super) fn of_eigenvectors(g: &mut Graph, vectors: NodeId, matrix: NodeId, ct: NodeId, size: MatrixSize) -> NodeId {
    let gaps = gaps(g, Block::Eigenvalues, matrix, size);
    let inner = inner_product(g, vectors, ct, size);
    let inner = g.mul(&[gaps, inner]);
    let left = product(g, vectors, inner, size);
    outer_product(g, left, vectors, size)
}

/// V (F ∘ (Vᵀ dA V)).
pub(super) fn move_of_eigenvectors(
    g: &mut Graph,
    vectors: NodeId,
    matrix: NodeId,
    da: NodeId,
    size: MatrixSize,
) -> NodeId {
    let gaps = gaps(g, Block::Eigenvalues, matrix, size);
    let right = product(g, da, vectors, size);
    let inner = inner_product(g, vectors, right, size);
    let inner = g.mul(&[gaps, inner]);
    product(g, vectors, inner, size)
}

/// A V diag(σ̄ / σ) Vᵀ.
pub(super) fn of_singular_values(
    g: &mut Graph,
    values: NodeId,
    matrix: NodeId,
    ct: NodeId,
    size: MatrixSize,
) -> NodeId {
    let [_, column] = core(size);
    let [inner, _] = core(size.of_columns());
    let vectors = g.block(Block::RightVectors, size, &[matrix]);
    let left = product(g, matrix, vectors, size);
    let most = largest(g, values, size.of_columns());
    let factor = reciprocal(g, values, most);
    let factor = g.mul(&[ct, factor]);
    let factor = renamed(g, factor, &[(inner, column)]);
    let scaled = g.mul(&[factor, left]);
    outer_product(g, scaled, vectors, size)
}

/// u_kᵀ dA v_k.
pub(super) fn move_of_singular_values(
    g: &mut Graph,
    values: NodeId,
    matrix: NodeId,
    da: NodeId,
    size: MatrixSize,
) -> NodeId {
    let [row, column] = core(size);
    let [inner, _] = core(size.of_columns());
    let vectors = g.block(Block::RightVectors, size, &[matrix]);
    let (left, moved) = (product(g, matrix, vectors, size), product(g, da, vectors, size));
    let terms = g.mul(&[left, moved]);
    let sums = summed(g, terms, &[row]);
    let sums = renamed(g, sums, &[(column, inner)]);
    let most = largest(g, values, size.of_columns());
    let factor = reciprocal(g, values, most);
    g.mul(&[sums, factor])
}

/// A (B̄ + B̄ᵀ) with B̄ = V (F ∘ (Vᵀ V̄)) Vᵀ.
pub(super) fn of_right_vectors(g: &mut Graph, vectors: NodeId, matrix: NodeId, ct: NodeId, size: MatrixSize) -> NodeId {
    let square = size.of_columns();
    let gaps = gaps(g, Block::SingularValues, matrix, size);
    let inner = inner_product(g, vectors, ct, square);
    let inner = g.mul(&[gaps, inner]);
    let left = product(g, vectors, inner, square);
    let gram = outer_product(g, left, vectors, square);
    let turned = transposed(g, gram, square);
    let both = g.add(&[gram, turned]);
    product(g, matrix, both, size)
}

/// V (F ∘ (Vᵀ d(AᵀA) V)).
pub(super) fn move_of_right_vectors(
    g: &mut Graph,
    vectors: NodeId,
    matrix: NodeId,
    da: NodeId,
    size: MatrixSize,
) -> NodeId {
    let square = size.of_columns();
    let gaps = gaps(g, Block::SingularValues, matrix, size);
    let (left, moved) = (product(g, matrix, vectors, size), product(g, da, vectors, size));
    let half = inner_product(g, left, moved, size);
    let turned = transposed(g, half, square);
    let inner = g.add(&[half, turned]);
    let inner = g.mul(&[gaps, inner]);
    product(g, vectors, inner, square)
}

/// F, with 0 for equal values: of eigenvalues, or of the squares of singular values.
fn gaps(g: &mut Graph, of: Block, matrix: NodeId, size: MatrixSize) -> NodeId {
    let square = size.of_columns();
    let [row, column] = core(square);
    let values = g.block(of, size, &[matrix]);
    let most = largest(g, values, square);
    let others = renamed(g, values, &[(row, column)]);
    let gap = g.sub(others, values);
    let gap = reciprocal(g, gap, most);
    if of == Block::Eigenvalues {
        return gap;
    }
    let sum = g.add(&[others, values]);
    let sum = reciprocal(g, sum, most);
    g.mul(&[gap, sum])
}

/// The largest magnitude of the values along the rows.
fn largest(g: &mut Graph, values: NodeId, size: MatrixSize) -> NodeId {
    let [row, _] = core(size);
    let magnitudes = g.prim(Prim::Abs, 0.0, &[values]);
    let k = third(g, &[values], row);
    let magnitudes = renamed(g, magnitudes, &[(row, k)]);
    g.reduce(Reduction::Max, &[k], magnitudes)
}
