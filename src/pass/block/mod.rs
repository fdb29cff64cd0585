//! Derivatives of whole-array algorithms, in terms of such algorithms. The order of a vector and the sign of a determinant
//! are piecewise constant.
//!
//! Giles, Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic Differentiation (2008); for Cholesky
//! Murray, Differentiation of the Cholesky Decomposition (2016). With r, c the axes of a matrix:
//! - x = A⁻¹ b: b̄ = A⁻ᵀ x̄, Ā = -b̄ xᵀ, of a triangular matrix its triangle; dx = A⁻¹ (db - dA x);
//! - A = L Lᵀ: with P = Φ(Lᵀ L̄), where Φ takes the lower triangle and half of the diagonal, Y = L⁻ᵀ P L⁻¹; only the lower
//!   triangle of A is read, so Ā = Φ(Y + Yᵀ); and dL = L Φ(L⁻¹ (Φ(dA) + Φ(dA)ᵀ) L⁻ᵀ);
//! - d log|A| = tr(A⁻¹ dA), d det A = tr(adj A dA) (Magnus and Neudecker, Matrix Differential Calculus, section 8.3).
//!
//! Nothing here divides by what may be 0 where the derivative exists; see the files beside this one.

mod adjugate;
mod exponential;
mod orthogonal;
mod spectral;
mod term;

use crate::graph::{Block, Graph, MatrixSize, NodeId, core};
use term::{inverse, lower_half, product, renamed, summed, system, transposed, triangle};

/// The cotangent of each argument.
pub(super) fn pullback(g: &mut Graph, n: NodeId, block: Block, size: MatrixSize, ct: NodeId) -> Vec<NodeId> {
    let args = g.args(n).to_vec();
    let [row, column] = core(size);
    match block {
        Block::Cholesky => {
            let lower = transposed(g, n, size);
            let p = product(g, lower, ct, size);
            let p = lower_half(g, p, size);
            // X = L⁻ᵀ P, then Y = L⁻ᵀ Xᵀ
            let x = system(g, Block::SolveUpper, size, lower, p);
            let x = transposed(g, x, size);
            let y = system(g, Block::SolveUpper, size, lower, x);
            // Each element below the diagonal stands for two of the matrix.
            let turned = transposed(g, y, size);
            let both = g.add(&[y, turned]);
            vec![lower_half(g, both, size)]
        }
        Block::Det => {
            let adjugate = g.block(Block::Adjugate, size, &args);
            let adjugate = transposed(g, adjugate, size);
            vec![g.mul(&[ct, adjugate])]
        }
        Block::LogDet | Block::LogOfDet => {
            let matrix = transposed(g, args[0], size);
            let inverse = inverse(g, matrix, size);
            vec![g.mul(&[ct, inverse])]
        }
        Block::Adjugate => vec![adjugate::first(g, args[0], ct, size)],
        Block::AdjugateDerivative => adjugate::second(g, &args, ct, size),
        Block::Orthonormal => vec![orthogonal::pullback(g, n, args[0], ct, size)],
        Block::Eigenvalues => vec![spectral::of_eigenvalues(g, args[0], ct, size)],
        Block::Eigenvectors => vec![spectral::of_eigenvectors(g, n, args[0], ct, size)],
        Block::SingularValues => vec![spectral::of_singular_values(g, n, args[0], ct, size)],
        Block::RightVectors => vec![spectral::of_right_vectors(g, n, args[0], ct, size)],
        Block::Exponential => {
            let matrix = transposed(g, args[0], size);
            vec![exponential::along(g, matrix, ct, size)]
        }
        Block::ArgSort | Block::DetSign => vec![],
        Block::Solve | Block::SolveLower | Block::SolveUpper => {
            let matrix = transposed(g, args[0], size);
            let turned = match block {
                Block::SolveLower => Block::SolveUpper,
                Block::SolveUpper => Block::SolveLower,
                other => other,
            };
            let right = system(g, turned, size, matrix, ct);
            let x = renamed(g, n, &[(row, column)]);
            let minus = g.neg(right);
            let outer = g.mul(&[minus, x]);
            vec![triangle(g, block, outer, size), right]
        }
    }
}

/// The tangent of a block for those of its arguments, if they have one.
pub(super) fn tangent(
    g: &mut Graph,
    n: NodeId,
    block: Block,
    size: MatrixSize,
    moves: &[Option<NodeId>],
) -> Option<NodeId> {
    let args = g.args(n).to_vec();
    let [row, column] = core(size);
    match block {
        Block::Cholesky => {
            let lower = lower_half(g, moves[0]?, size);
            let upper = transposed(g, lower, size);
            let da = g.add(&[lower, upper]);
            let x = system(g, Block::SolveLower, size, n, da);
            let x = transposed(g, x, size);
            let y = system(g, Block::SolveLower, size, n, x);
            let y = transposed(g, y, size);
            let half = lower_half(g, y, size);
            Some(product(g, n, half, size))
        }
        Block::Det | Block::LogDet | Block::LogOfDet => {
            let factor = match block {
                Block::Det => g.block(Block::Adjugate, size, &args),
                _ => inverse(g, args[0], size),
            };
            let factor = transposed(g, factor, size);
            let product = g.mul(&[factor, moves[0]?]);
            Some(summed(g, product, &[row, column]))
        }
        Block::Adjugate => Some(g.block(Block::AdjugateDerivative, size, &[args[0], moves[0]?])),
        Block::AdjugateDerivative => {
            let of_matrix = moves[0].map(|da| adjugate::third_order(g, args[0], args[1], da, size));
            let of_second = moves[1].map(|de| g.block(block, size, &[args[0], de]));
            let terms: Vec<NodeId> = of_matrix.into_iter().chain(of_second).collect();
            (!terms.is_empty()).then(|| g.add(&terms))
        }
        Block::Orthonormal => Some(orthogonal::tangent(g, n, args[0], moves[0]?, size)),
        Block::Eigenvalues => Some(spectral::move_of_eigenvalues(g, args[0], moves[0]?, size)),
        Block::Eigenvectors => Some(spectral::move_of_eigenvectors(g, n, args[0], moves[0]?, size)),
        Block::SingularValues => Some(spectral::move_of_singular_values(g, n, args[0], moves[0]?, size)),
        Block::RightVectors => Some(spectral::move_of_right_vectors(g, n, args[0], moves[0]?, size)),
        Block::Exponential => Some(exponential::along(g, args[0], moves[0]?, size)),
        Block::ArgSort | Block::DetSign => None,
        Block::Solve | Block::SolveLower | Block::SolveUpper => {
            let zero = g.constant(0.0);
            let mut right = moves[1].unwrap_or(zero);
            if let Some(da) = moves[0] {
                let da = triangle(g, block, da, size);
                let x = renamed(g, n, &[(row, column)]);
                let product = g.mul(&[da, x]);
                let moved = summed(g, product, &[column]);
                right = g.sub(right, moved);
            }
            if moves.iter().all(Option::is_none) {
                return None;
            }
            Some(system(g, block, size, args[0], right))
        }
    }
}
