//! Orthonormal columns: the factor Q of A = Q R by Householder reflections (Golub and Van Loan, algorithm 5.2.1).

use super::scalar::{Scalar, largest};

/// The n × m matrix Q with orthonormal columns and A = Q R, where R is upper triangular with a diagonal that is not
/// negative, in place of A; n ≥ m. Of a matrix without full rank, columns of Q that A does not fix are some that are
/// orthonormal to the others. NaN if an element of A is not finite. `work` has room for 3 m elements.
pub fn orthonormal<T: Scalar>(a: &mut [T], work: &mut [T], n: usize, m: usize) {
    let scale = largest(a);
    if !scale.finite() || n < m {
        a.fill(T::NAN);
        return;
    }
    // Powers of two do not round. Elements about 1 have squares that neither overflow nor vanish.
    if scale > T::ZERO {
        let factor = T::power_of_two(-(scale.exponent() / 2));
        a.iter_mut().for_each(|x| *x = *x * factor * factor);
    }
    let (factors, rest) = work.split_at_mut(m);
    let (signs, sums) = rest.split_at_mut(m);
    for k in 0..m {
        let below = (k + 1..n).fold(T::ZERO, |sum, i| sum + a[i * m + k] * a[i * m + k]);
        let head = a[k * m + k];
        let length = (head * head + below).root();
        // R[k, k] is -length or length, whichever is farther from the head; the column of Q takes its sign.
        let diagonal = if head > T::ZERO { -length } else { length };
        signs[k] = if head > T::ZERO { -T::ONE } else { T::ONE };
        if length == T::ZERO || below == T::ZERO && head < T::ZERO {
            // Nothing to reflect: the sign alone.
            factors[k] = T::ZERO;
            signs[k] = if head < T::ZERO { -T::ONE } else { T::ONE };
            continue;
        }
        factors[k] = (diagonal - head) / diagonal;
        let first = head - diagonal;
        (k + 1..n).for_each(|i| a[i * m + k] = a[i * m + k] / first);
        reflect(a, sums, factors[k], k, n, m);
    }
    for k in (0..m).rev() {
        (k + 1..m).for_each(|j| a[k * m + j] = T::ZERO);
        reflect(a, sums, factors[k], k, n, m);
        a[k * m + k] = T::ONE - factors[k];
        for i in k + 1..n {
            a[i * m + k] = -factors[k] * a[i * m + k];
        }
        (0..k).for_each(|i| a[i * m + k] = T::ZERO);
        (0..n).for_each(|i| a[i * m + k] = signs[k] * a[i * m + k]);
    }
}

/// Applies the k-th reflection to the columns after k of the rows from k.
fn reflect<T: Scalar>(a: &mut [T], sums: &mut [T], factor: T, k: usize, n: usize, m: usize) {
    if factor == T::ZERO {
        return;
    }
    for j in k + 1..m {
        sums[j] = a[k * m + j];
    }
    for i in k + 1..n {
        let v = a[i * m + k];
        for j in k + 1..m {
            sums[j] = sums[j] + v * a[i * m + j];
        }
    }
    for j in k + 1..m {
        a[k * m + j] = a[k * m + j] - factor * sums[j];
    }
    for i in k + 1..n {
        let v = factor * a[i * m + k];
        for j in k + 1..m {
            a[i * m + j] = a[i * m + j] - v * sums[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Qᵀ Q = 1 and Qᵀ A is upper triangular with a diagonal that is not negative.
    fn check(a: &[f64], n: usize, m: usize) {
        let mut q = a.to_vec();
        orthonormal(&mut q, &mut vec![0.0; 3 * m], n, m);
        let scale = largest(a).max(f64::MIN_POSITIVE);
        for i in 0..m {
            for j in 0..m {
                let product: f64 = (0..n).map(|k| q[k * m + i] * q[k * m + j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-14, "{q:?}");
                let r: f64 = (0..n).map(|k| q[k * m + i] * (a[k * m + j] / scale)).sum();
                assert!(if j < i { r.abs() < 1e-14 } else { i != j || r > -1e-14 }, "R[{i}, {j}] = {r}");
            }
        }
    }

    #[test]
    fn columns_are_orthonormal() {
        check(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 2);
        check(&[-1.0, 2.0, 0.0, -4.0], 2, 2);
        check(&[0.0; 6], 3, 2);
        check(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 3, 2);
        check(&[3e200, 1e200, -4e200, 2e200], 2, 2);
        check(&[3e-200, 1e-200, 4e-200, 2e-200], 2, 2);
        check(&[-2.0], 1, 1);
        check(&[], 0, 0);
        let mut bad = [1.0, f64::INFINITY];
        orthonormal(&mut bad, &mut [0.0; 3], 2, 1);
        assert!(bad.iter().all(|x| x.is_nan()));
    }
}
