//! Derivatives of whole-array algorithms, in terms of such algorithms. The order of a vector is piecewise constant.
//!
//! Giles, Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic Differentiation (2008); for Cholesky
//! Murray, Differentiation of the Cholesky Decomposition (2016). With r, c the axes of a matrix:
//! - x = A⁻¹ b: b̄ = A⁻ᵀ x̄, Ā = -b̄ xᵀ, of a triangular matrix its triangle; dx = A⁻¹ (db - dA x);
//! - A = L Lᵀ: with P = Φ(Lᵀ L̄), where Φ takes the lower triangle and half of the diagonal, Ā = sym(L⁻ᵀ P L⁻¹); and
//!   dL = L Φ(L⁻¹ dA L⁻ᵀ);
//! - d log|A| = tr(A⁻¹ dA), d det A = det A tr(A⁻¹ dA).

use crate::graph::{Axis, AxisSet, Block, ExtentId, Graph, NodeId, Poly, core};
use crate::prim::Reduction;

/// The cotangent of each argument.
pub(super) fn pullback(g: &mut Graph, n: NodeId, block: Block, extent: ExtentId, ct: NodeId) -> Vec<NodeId> {
    let args = g.args(n).to_vec();
    let [row, column] = core(extent);
    match block {
        Block::Cholesky => {
            let ct_lower = ct;
            let k = third(g, &[n, ct_lower], row);
            // P[r, c] = Φ(Σ over k of L[k, r] L̄[k, c])
            let left = rename(g, n, &[(row, k), (column, row)]);
            let right = rename(g, ct_lower, &[(row, k)]);
            let product = g.mul(&[left, right]);
            let p = g.reduce(Reduction::Sum, &[k], product);
            let p = lower_half(g, p, row, column);
            let transposed = transpose(g, n, row, column);
            // X = L⁻ᵀ P, then Y = L⁻ᵀ Xᵀ
            let x = system(g, Block::SolveUpper, extent, transposed, p);
            let x = transpose(g, x, row, column);
            let y = system(g, Block::SolveUpper, extent, transposed, x);
            vec![symmetric(g, y, row, column)]
        }
        Block::Det | Block::LogDet => {
            let transposed = transpose(g, args[0], row, column);
            let inverse = inverse(g, extent, transposed);
            let factor = if block == Block::Det { g.mul(&[ct, n]) } else { ct };
            vec![g.mul(&[factor, inverse])]
        }
        Block::ArgSort => vec![],
        _ => {
            let transposed = transpose(g, args[0], row, column);
            let turned = match block {
                Block::SolveLower => Block::SolveUpper,
                Block::SolveUpper => Block::SolveLower,
                other => other,
            };
            let right = system(g, turned, extent, transposed, ct);
            let x = rename(g, n, &[(row, column)]);
            let minus = g.neg(right);
            let outer = g.mul(&[minus, x]);
            vec![triangle(g, block, outer, row, column), right]
        }
    }
}

/// The tangent of a block for those of its arguments, if they have one.
pub(super) fn tangent(
    g: &mut Graph,
    n: NodeId,
    block: Block,
    extent: ExtentId,
    moves: &[Option<NodeId>],
) -> Option<NodeId> {
    let args = g.args(n).to_vec();
    let [row, column] = core(extent);
    match block {
        Block::Cholesky => {
            let da = symmetric(g, moves[0]?, row, column);
            let x = system(g, Block::SolveLower, extent, n, da);
            let x = transpose(g, x, row, column);
            let y = system(g, Block::SolveLower, extent, n, x);
            let y = transpose(g, y, row, column);
            let half = lower_half(g, y, row, column);
            let k = third(g, &[n, half], row);
            let left = rename(g, n, &[(column, k)]);
            let right = rename(g, half, &[(row, k)]);
            let product = g.mul(&[left, right]);
            Some(g.reduce(Reduction::Sum, &[k], product))
        }
        Block::Det | Block::LogDet => {
            let inverse = inverse(g, extent, args[0]);
            let transposed = transpose(g, inverse, row, column);
            let product = g.mul(&[transposed, moves[0]?]);
            let trace = g.reduce(Reduction::Sum, &[row, column], product);
            Some(if block == Block::Det { g.mul(&[n, trace]) } else { trace })
        }
        Block::ArgSort => None,
        _ => {
            let zero = g.constant(0.0);
            let mut right = moves[1].unwrap_or(zero);
            if let Some(da) = moves[0] {
                let da = triangle(g, block, da, row, column);
                let x = rename(g, n, &[(row, column)]);
                let product = g.mul(&[da, x]);
                let moved = g.reduce(Reduction::Sum, &[column], product);
                right = g.sub(right, moved);
            }
            if moves.iter().all(Option::is_none) {
                return None;
            }
            Some(system(g, block, extent, args[0], right))
        }
    }
}

fn system(g: &mut Graph, block: Block, extent: ExtentId, matrix: NodeId, right: NodeId) -> NodeId {
    if g.is_constant(right, 0.0) { right } else { g.block(block, extent, &[matrix, right]) }
}

/// The inverse of a matrix.
fn inverse(g: &mut Graph, extent: ExtentId, matrix: NodeId) -> NodeId {
    let [row, column] = core(extent);
    // Inside the system its columns have another name than those of the matrix.
    let own = third(g, &[matrix], row);
    let (i, j) = (g.axis(row), g.axis(own));
    let same = g.index_equal(i, j);
    let (one, zero) = (g.constant(1.0), g.constant(0.0));
    let eye = g.select(same, one, zero);
    let solved = g.block(Block::Solve, extent, &[matrix, eye]);
    rename(g, solved, &[(own, column)])
}

/// An axis like that of the rows that none of the terms has.
fn third(g: &Graph, terms: &[NodeId], row: Axis) -> Axis {
    let taken = terms.iter().fold(AxisSet::new(), |set, n| set.union(g.axes(*n)));
    g.fresh(&[row], &taken)[0]
}

fn rename(g: &mut Graph, n: NodeId, pairs: &[(Axis, Axis)]) -> NodeId {
    let map = g.renaming(pairs.iter().copied());
    g.at(n, &map)
}

fn transpose(g: &mut Graph, n: NodeId, row: Axis, column: Axis) -> NodeId {
    rename(g, n, &[(row, column), (column, row)])
}

fn symmetric(g: &mut Graph, n: NodeId, row: Axis, column: Axis) -> NodeId {
    let other = transpose(g, n, row, column);
    let sum = g.add(&[n, other]);
    let half = g.constant(0.5);
    g.mul(&[half, sum])
}

/// The lower triangle with half of the diagonal.
fn lower_half(g: &mut Graph, n: NodeId, row: Axis, column: Axis) -> NodeId {
    let (i, j) = (g.axis(row), g.axis(column));
    let (half, zero) = (g.constant(0.5), g.constant(0.0));
    let halved = g.mul(&[half, n]);
    let below = g.linear(&[(i, Poly::constant(1)), (j, Poly::constant(-1))], Poly::constant(-1));
    let none = g.index_constant(0);
    let below = g.index_at_least(below, none);
    let same = g.index_equal(i, j);
    let diagonal = g.select(same, halved, zero);
    let lower = g.select(below, n, zero);
    g.add(&[lower, diagonal])
}

/// What a block reads of its matrix.
fn triangle(g: &mut Graph, block: Block, n: NodeId, row: Axis, column: Axis) -> NodeId {
    let (i, j) = (g.axis(row), g.axis(column));
    let inside = match block {
        Block::SolveLower => g.index_at_least(i, j),
        Block::SolveUpper => g.index_at_least(j, i),
        _ => return n,
    };
    let zero = g.constant(0.0);
    g.select(inside, n, zero)
}
