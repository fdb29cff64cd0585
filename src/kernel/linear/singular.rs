//! Singular values and vectors by rotations of pairs of columns until all are orthogonal, which finds also small singular
//! values to nearly all digits (Hestenes 1958; Golub and Van Loan, section 8.6.3).

use super::scalar::{Scalar, dot, largest, swap_rows, transpose};

/// Passes over all pairs; less than ten are usual.
const MOST_SWEEPS: usize = 60;

/// The singular values of an n × m matrix in descending order, written to `values`. `columns` holds the matrix by columns.
/// NaN if an element is not finite or the rotations do not converge.
pub fn singular_values<T: Scalar>(values: &mut [T], columns: &mut [T], n: usize, m: usize) {
    match rotate(columns, None, n, m) {
        None => values.fill(T::NAN),
        Some(scale) => {
            order(columns, None, values, n, m);
            values.iter_mut().for_each(|v| *v = *v * scale);
        }
    }
}

/// The right singular vectors of an n × m matrix as the columns of `v`, in the order of [`singular_values`]; the first of
/// the largest elements of each (up to rounding) is positive. `columns` holds the matrix by columns, `work` has room for m
/// elements.
pub fn right_vectors<T: Scalar>(v: &mut [T], columns: &mut [T], work: &mut [T], n: usize, m: usize) {
    if rotate(columns, Some(v), n, m).is_none() {
        v.fill(T::NAN);
        return;
    }
    order(columns, Some(v), work, n, m);
    for row in v.chunks_exact_mut(m.max(1)) {
        let near = largest(row) * (T::ONE - T::of(1e3) * T::EPSILON);
        if row.iter().find(|x| x.magnitude() >= near).is_some_and(|x| *x < T::ZERO) {
            row.iter_mut().for_each(|x| *x = -*x);
        }
    }
    transpose(v, m);
}

/// Makes the columns orthogonal and gives what they must be multiplied by to have their size again; the rows of `v` become
/// the right singular vectors.
pub(super) fn rotate<T: Scalar>(columns: &mut [T], mut v: Option<&mut [T]>, n: usize, m: usize) -> Option<T> {
    if let Some(v) = v.as_deref_mut() {
        v.fill(T::ZERO);
        (0..m).for_each(|i| v[i * m + i] = T::ONE);
    }
    let size = largest(columns);
    if !size.finite() {
        return None;
    }
    if size == T::ZERO {
        return Some(T::ONE);
    }
    // A power of two does not round; it is applied in halves because it may not be a number itself.
    let half = size.exponent() / 2;
    let factor = T::power_of_two(-half);
    columns.iter_mut().for_each(|x| *x = *x * factor * factor);
    let tolerance = T::of(4.0) * T::EPSILON * T::of((n as f64).sqrt().max(1.0));
    for sweep in 0.. {
        let mut worst = T::ZERO;
        for p in 0..m {
            for q in p + 1..m {
                let (head, tail) = columns.split_at_mut(q * n);
                let (a, b) = (&mut head[p * n..(p + 1) * n], &mut tail[..n]);
                let (alpha, beta, gamma) = (dot(a, a), dot(b, b), dot(a, b));
                let both = alpha.root() * beta.root();
                if both == T::ZERO || gamma.magnitude() <= tolerance * both {
                    continue;
                }
                let cosine = gamma.magnitude() / both;
                if cosine > worst {
                    worst = cosine;
                }
                let zeta = (beta - alpha) / (gamma + gamma);
                let t = T::ONE / (zeta.magnitude() + zeta.hypotenuse(T::ONE));
                let t = if zeta < T::ZERO { -t } else { t };
                let c = T::ONE / t.hypotenuse(T::ONE);
                let s = c * t;
                turn(a, b, c, s);
                if let Some(v) = v.as_deref_mut() {
                    let (head, tail) = v.split_at_mut(q * m);
                    turn(&mut head[p * m..(p + 1) * m], &mut tail[..m], c, s);
                }
            }
        }
        if worst == T::ZERO {
            break;
        }
        if sweep == MOST_SWEEPS {
            return None;
        }
    }
    let back = T::power_of_two(half);
    columns.iter_mut().for_each(|x| *x = *x * back);
    Some(back)
}

fn turn<T: Scalar>(a: &mut [T], b: &mut [T], c: T, s: T) {
    for (x, y) in a.iter_mut().zip(b) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// Brings orthogonal columns into the descending order of their lengths, which are written to `values`.
pub(super) fn order<T: Scalar>(columns: &mut [T], mut v: Option<&mut [T]>, values: &mut [T], n: usize, m: usize) {
    for i in 0..m {
        let column = &columns[i * n..(i + 1) * n];
        let size = largest(column);
        let sum =
            column.iter().fold(T::ZERO, |sum, x| if size > T::ZERO { sum + *x / size * (*x / size) } else { sum });
        values[i] = size * sum.root();
    }
    for i in 0..m {
        let mut most = i;
        for j in i + 1..m {
            if values[j] > values[most] {
                most = j;
            }
        }
        if most != i {
            values.swap(i, most);
            swap_rows(columns, i, most, n);
            if let Some(v) = v.as_deref_mut() {
                swap_rows(v, i, most, m);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scalar::tests::{Numbers, orthonormal_columns};
    use super::*;

    /// (A V)ᵀ (A V) = Σ² with orthonormal V and descending Σ.
    fn check<T: Scalar + Into<f64>>(a: &[T], n: usize, m: usize) {
        let columns: Vec<T> = (0..n * m).map(|k| a[k % n * m + k / n]).collect();
        let (mut v, mut values) = (vec![T::ZERO; m * m], vec![T::ZERO; m]);
        right_vectors(&mut v, &mut columns.clone(), &mut values.clone(), n, m);
        singular_values(&mut values, &mut columns.clone(), n, m);
        assert!(
            values.windows(2).all(|w| w[0] >= w[1]),
            "{:?}",
            values.iter().map(|v| (*v).into()).collect::<Vec<f64>>()
        );
        let number = |x: T| -> f64 { x.into() };
        let epsilon = number(T::EPSILON) * 20.0 * (n as f64 + 1.0);
        orthonormal_columns(&v, m, m, epsilon);
        let size = number(largest(a)).max(f64::MIN_POSITIVE);
        let image =
            |i: usize, j: usize| -> f64 { (0..m).map(|k| number(a[i * m + k]) / size * number(v[k * m + j])).sum() };
        for (i, value) in values.iter().enumerate().take(m) {
            for j in 0..m {
                let product: f64 = (0..n).map(|k| image(k, i) * image(k, j)).sum();
                let expected = if i == j { (number(*value) / size).powi(2) } else { 0.0 };
                assert!((product - expected).abs() <= epsilon * n as f64, "{n} x {m}: {product} {expected}");
            }
        }
    }

    fn check_all<T: Scalar + Into<f64>>() {
        let mut numbers = Numbers(2);
        for (n, m) in [(0, 0), (1, 1), (5, 1), (2, 2), (7, 3), (12, 12), (30, 9)] {
            let random: Vec<T> = (0..n * m).map(|_| T::of(numbers.next())).collect();
            check(&random, n, m);
            let u: Vec<f64> = (0..n + m).map(|_| numbers.next()).collect();
            let of =
                |f: &dyn Fn(usize, usize) -> f64| -> Vec<T> { (0..n * m).map(|k| T::of(f(k / m, k % m))).collect() };
            // Rank one, rank two, none, equal values, columns of very different sizes.
            check(&of(&|i, j| u[i] * u[n + j]), n, m);
            check(&of(&|i, j| u[i] * u[n + j] + 1.0), n, m);
            check(&of(&|_, _| 0.0), n, m);
            check(&of(&|i, j| if i == j { 2.0 } else { 0.0 }), n, m);
            check(&of(&|i, j| (u[i] + u[n + j] * u[i] * u[i]) * 10f64.powi(-(j as i32))), n, m);
            check(&of(&|i, j| 1e30 * u[i] * (u[n + j] + i as f64)), n, m);
            check(&of(&|i, j| 1e-30 * u[i] * (u[n + j] + i as f64)), n, m);
        }
    }

    #[test]
    fn images_of_right_vectors_are_orthogonal() {
        check_all::<f64>();
        check_all::<f32>();
    }
}
