//! The adjugate of a matrix and its derivative, which exist where the inverse does not: elimination where pivots are large,
//! else singular values, with A = U Σ Vᵀ: adj A = |U| |V| V adj(Σ) Uᵀ, and adj Σ holds products of all σ but one.

use super::scalar::{Scalar, dot, multiply, transpose};
use super::singular::{order, rotate};
use super::systems::{det, eliminate, solve_upper};

/// The adjugate of A, with A adj A = |A|, written to `dst`. `work` has room for 3 n² + n elements.
pub fn adjugate<T: Scalar>(dst: &mut [T], a: &mut [T], work: &mut [T], n: usize) {
    let (copy, rest) = work.split_at_mut(n * n);
    // det and inverse of one elimination: what small pivots do to them cancels in the product.
    if let Some(det) = inverse(dst, a, copy, n, T::EPSILON.root()) {
        dst.iter_mut().for_each(|x| *x = det * *x);
        return;
    }
    let Some(Factors { u, v, sigma, temporary, sign }) = factors(a, copy, rest, n) else {
        dst.fill(T::NAN);
        return;
    };
    for k in 0..n {
        let product = (0..n).filter(|l| *l != k).fold(sign, |p, l| p * sigma[l]);
        (0..n).for_each(|j| temporary[k * n + j] = product * u[k * n + j]);
    }
    transpose(v, n);
    multiply(dst, v, temporary, n);
}

/// The derivative of the adjugate of A along E, which `dst` holds and where the result is written. `work` has room for
/// 4 n² + n elements.
pub fn adjugate_derivative<T: Scalar>(dst: &mut [T], a: &mut [T], work: &mut [T], n: usize) {
    let (first, rest) = work.split_at_mut(n * n);
    // |A| (tr(A⁻¹ E) A⁻¹ - A⁻¹ E A⁻¹): where A is nearly singular both terms are large and cancel.
    {
        let (inner, rest) = rest.split_at_mut(n * n);
        if let Some(det) = inverse(inner, a, first, n, T::EPSILON.root().root()) {
            let product = &mut rest[..n * n];
            multiply(product, inner, dst, n);
            let trace = (0..n).fold(T::ZERO, |sum, i| sum + product[i * n + i]);
            multiply(dst, product, inner, n);
            dst.iter_mut().zip(&*inner).for_each(|(x, inverse)| *x = det * (trace * *inverse - *x));
            return;
        }
    }
    let (second, rest) = rest.split_at_mut(n * n);
    let Some(Factors { u, v, sigma, temporary, sign }) = factors(a, first, rest, n) else {
        dst.fill(T::NAN);
        return;
    };
    // W = Uᵀ E V, where the rows of `u` and `v` are the vectors.
    transpose(v, n);
    multiply(second, u, dst, n);
    multiply(temporary, second, v, n);
    let w = &*temporary;
    let without = |i: usize, j: usize| (0..n).filter(|k| *k != i && *k != j).fold(sign, |p, k| p * sigma[k]);
    for i in 0..n {
        let mut diagonal = T::ZERO;
        for j in (0..n).filter(|j| *j != i) {
            let product = without(i, j);
            second[i * n + j] = -(product * w[i * n + j]);
            diagonal = diagonal + product * w[j * n + j];
        }
        second[i * n + i] = diagonal;
    }
    multiply(temporary, v, second, n);
    multiply(dst, temporary, u, n);
}

/// The inverse, written to `dst`, and the determinant; none if a pivot is small against the largest one.
fn inverse<T: Scalar>(dst: &mut [T], a: &[T], copy: &mut [T], n: usize, least: T) -> Option<T> {
    copy.copy_from_slice(a);
    dst.fill(T::ZERO);
    (0..n).for_each(|i| dst[i * n + i] = T::ONE);
    let sign = eliminate(dst, copy, n, n);
    let pivots = (0..n).map(|i| copy[i * n + i].magnitude());
    let most = pivots.clone().fold(T::ZERO, |most, p| if p > most { p } else { most });
    if !pivots.clone().all(|p| p.finite() && p > least * most) {
        return None;
    }
    solve_upper(dst, copy, n, n);
    Some((0..n).fold(sign, |product, i| product * copy[i * n + i]))
}

/// Singular vectors as rows, singular values, room for a matrix, and |U| |V|.
struct Factors<'a, T> {
    u: &'a mut [T],
    v: &'a mut [T],
    sigma: &'a mut [T],
    temporary: &'a mut [T],
    sign: T,
}

/// Overwrites `a`, which becomes `u`; `rest` has room for 2 n² + n elements beyond `v`.
fn factors<'a, T: Scalar>(a: &'a mut [T], v: &'a mut [T], rest: &'a mut [T], n: usize) -> Option<Factors<'a, T>> {
    let (temporary, rest) = rest.split_at_mut(n * n);
    let (again, rest) = rest.split_at_mut(n * n);
    let sigma = &mut rest[..n];
    transpose(a, n);
    let scale = rotate(a, Some(v), n, n)?;
    order(a, Some(v), sigma, n, n);
    for k in 0..n {
        let row = &mut a[k * n..(k + 1) * n];
        if sigma[k] > T::ZERO {
            row.iter_mut().for_each(|x| *x = *x / sigma[k]);
            let length = dot(row, row).root();
            row.iter_mut().for_each(|x| *x = *x / length);
        } else {
            complete(a, k, n);
        }
    }
    sigma.iter_mut().for_each(|s| *s = *s * scale);
    temporary.copy_from_slice(a);
    again.copy_from_slice(v);
    let sign = det(temporary, n) * det(again, n);
    let sign = if sign < T::ZERO { -T::ONE } else { T::ONE };
    Some(Factors { u: a, v, sigma, temporary, sign })
}

/// Makes row k a vector of length 1 that is orthogonal to the rows before it.
fn complete<T: Scalar>(u: &mut [T], k: usize, n: usize) {
    let (before, row) = u.split_at_mut(k * n);
    let row = &mut row[..n];
    // The axis of which the others have the least.
    let share = |i: usize| (0..k).fold(T::ZERO, |sum, r| sum + before[r * n + i] * before[r * n + i]);
    let mut best = 0;
    for i in 1..n {
        if share(i) < share(best) {
            best = i;
        }
    }
    row.fill(T::ZERO);
    row[best] = T::ONE;
    for _ in 0..2 {
        for other in before.chunks_exact(n) {
            let part = dot(other, row);
            row.iter_mut().zip(other).for_each(|(x, o)| *x = *x - part * *o);
        }
        let length = dot(row, row).root();
        row.iter_mut().for_each(|x| *x = *x / length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(a: &[f64], n: usize) -> Vec<f64> {
        let mut out = vec![0.0; n * n];
        adjugate(&mut out, &mut a.to_vec(), &mut vec![0.0; 3 * n * n + n], n);
        out
    }

    fn close(found: &[f64], expected: &[f64]) {
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() < 1e-14 * e.abs().max(1.0) * 10.0, "{found:?} instead of {expected:?}");
        }
    }

    /// The cofactors, transposed.
    #[test]
    fn cofactors_of_singular_matrices() {
        close(&of(&[1.0, 2.0, 3.0, 4.0], 2), &[4.0, -2.0, -3.0, 1.0]);
        close(&of(&[1.0, 2.0, 2.0, 4.0], 2), &[4.0, -2.0, -2.0, 1.0]);
        close(&of(&[0.0; 4], 2), &[0.0; 4]);
        let rank_two = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        close(&of(&rank_two, 3), &[-3.0, 6.0, -3.0, 6.0, -12.0, 6.0, -3.0, 6.0, -3.0]);
        close(&of(&[1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 3.0, 6.0, 9.0], 3), &[0.0; 9]);
        close(&of(&[5.0], 1), &[1.0]);
        close(&of(&[0.0], 1), &[1.0]);
        assert!(of(&[], 0).is_empty());
        assert!(of(&[f64::NAN; 4], 2).iter().all(|x| x.is_nan()));
    }

    /// adj is linear for 2 × 2; at 0 the derivative along E is adj E, and of a 3 × 3 diagonal matrix with one zero more it
    /// holds the products that are left.
    #[test]
    fn derivatives_at_singular_matrices() {
        let along = |a: &[f64], e: &[f64], n: usize| {
            let mut out = e.to_vec();
            adjugate_derivative(&mut out, &mut a.to_vec(), &mut vec![0.0; 4 * n * n + n], n);
            out
        };
        for a in [[0.0; 4], [1.0, 2.0, 2.0, 4.0], [3.0, 1.0, 1.0, 2.0]] {
            close(&along(&a, &[1.0, 2.0, 3.0, 4.0], 2), &[4.0, -2.0, -3.0, 1.0]);
        }
        let e = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        let diagonal = [2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        // adj(diag(2, 0, 0) + t E): to first order the lower block is t [[9 . 2, ..]]: see the cofactors.
        close(&along(&diagonal, &e, 3), &[0.0, 0.0, 0.0, 0.0, 18.0, -12.0, 0.0, -16.0, 10.0]);
        close(&along(&[7.0], &[3.0], 1), &[0.0]);
    }
}
