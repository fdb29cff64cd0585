//! Cholesky factors, triangular and general systems, determinants.
//!
//! Reads nothing. A matrix without a factor (not positive definite, singular) gives NaN or infinities and never ends the
//! program. Golub and Van Loan, Matrix Computations, algorithms 3.1.1 to 4.2.1.

use super::Scalar;

/// The lower Cholesky factor of a symmetric matrix, in place; reads its lower triangle. All NaN if the matrix is not
/// positive definite.
pub fn cholesky<T: Scalar>(a: &mut [T], n: usize) {
    for i in 0..n {
        if factor_row(a, i, n).is_none() {
            a[..n * n].fill(T::NAN);
            return;
        }
        a[i * n + i + 1..(i + 1) * n].fill(T::ZERO);
    }
}

/// Row i of a Cholesky factor, from the rows before it and the lower triangle. The square of its last element, unless that
/// is not positive.
fn factor_row<T: Scalar>(a: &mut [T], i: usize, n: usize) -> Option<T> {
    let reduced = |a: &[T], j: usize| (0..j).fold(a[i * n + j], |sum, k| sum - a[i * n + k] * a[j * n + k]);
    for j in 0..i {
        a[i * n + j] = reduced(a, j) / a[j * n + j];
    }
    let square = reduced(a, i);
    (square > T::ZERO).then(|| {
        a[i * n + i] = square.root();
        square
    })
}

/// Solves L x = b in place of b, of m columns; reads the lower triangle.
pub fn solve_lower<T: Scalar>(b: &mut [T], l: &[T], n: usize, m: usize) {
    for i in 0..n {
        substitute(b, l, i, 0..i, n, m);
    }
}

/// Solves U x = b in place of b, of m columns; reads the upper triangle.
pub fn solve_upper<T: Scalar>(b: &mut [T], u: &[T], n: usize, m: usize) {
    for i in (0..n).rev() {
        substitute(b, u, i, i + 1..n, n, m);
    }
}

/// Row i of the solution from those that are known.
fn substitute<T: Scalar>(b: &mut [T], a: &[T], i: usize, known: std::ops::Range<usize>, n: usize, m: usize) {
    for k in known {
        let factor = a[i * n + k];
        for c in 0..m {
            b[i * m + c] = b[i * m + c] - factor * b[k * m + c];
        }
    }
    for c in 0..m {
        b[i * m + c] = b[i * m + c] / a[i * n + i];
    }
}

/// Gaussian elimination with partial pivoting: `a` becomes upper triangular, `b` of m columns follows. Gives the sign of
/// the permutation.
pub(super) fn eliminate<T: Scalar>(b: &mut [T], a: &mut [T], n: usize, m: usize) -> T {
    let mut sign = T::ONE;
    for k in 0..n {
        let mut pivot = k;
        for i in k + 1..n {
            if a[i * n + k].magnitude() > a[pivot * n + k].magnitude() {
                pivot = i;
            }
        }
        if pivot != k {
            (0..n).for_each(|j| a.swap(k * n + j, pivot * n + j));
            (0..m).for_each(|c| b.swap(k * m + c, pivot * m + c));
            sign = -sign;
        }
        if a[k * n + k] == T::ZERO {
            continue;
        }
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            if factor == T::ZERO {
                continue;
            }
            for j in k..n {
                a[i * n + j] = a[i * n + j] - factor * a[k * n + j];
            }
            for c in 0..m {
                b[i * m + c] = b[i * m + c] - factor * b[k * m + c];
            }
        }
    }
    sign
}

/// Solves A x = b in place of b, of m columns.
pub fn solve<T: Scalar>(b: &mut [T], a: &mut [T], n: usize, m: usize) {
    eliminate(b, a, n, m);
    solve_upper(b, a, n, m);
}

/// The determinant of A.
pub fn det<T: Scalar>(a: &mut [T], n: usize) -> T {
    let sign = eliminate(&mut [], a, n, 0);
    (0..n).fold(sign, |product, i| product * a[i * n + i])
}

/// The sign of the determinant of A: 1, -1, or 0 if a pivot is 0; NaN where a pivot is no number.
pub fn det_sign<T: Scalar>(a: &mut [T], n: usize) -> T {
    let sign = eliminate(&mut [], a, n, 0);
    (0..n).fold(sign, |sign, i| {
        let pivot = a[i * n + i];
        match pivot.partial_cmp(&T::ZERO) {
            Some(std::cmp::Ordering::Greater) => sign,
            Some(std::cmp::Ordering::Less) => -sign,
            Some(std::cmp::Ordering::Equal) => sign * T::ZERO,
            None => T::NAN,
        }
    })
}

/// The logarithm of the magnitude of the determinant of A. `work` has room for n elements.
pub fn logdet<T: Scalar>(a: &mut [T], work: &mut [T], n: usize) -> T {
    if let Some(sum) = logdet_positive(a, work, n) {
        return sum;
    }
    eliminate(&mut [], a, n, 0);
    (0..n).fold(T::ZERO, |sum, i| sum + a[i * n + i].magnitude().logarithm())
}

/// The logarithm of the determinant of A: NaN if that is negative. `work` has room for n elements.
pub fn log_of_det<T: Scalar>(a: &mut [T], work: &mut [T], n: usize) -> T {
    if let Some(sum) = logdet_positive(a, work, n) {
        return sum;
    }
    let sign = eliminate(&mut [], a, n, 0);
    let mut negative = sign < T::ZERO;
    let mut sum = T::ZERO;
    for i in 0..n {
        let pivot = a[i * n + i];
        negative ^= pivot < T::ZERO;
        sum = sum + pivot.magnitude().logarithm();
    }
    // A determinant of 0 has no sign.
    if negative && sum > -T::INFINITY { T::NAN } else { sum }
}

/// The same from a Cholesky factor, with half of the work and no exchange of rows, if A is symmetric and has one. Else A
/// is left as it was.
fn logdet_positive<T: Scalar>(a: &mut [T], diagonal: &mut [T], n: usize) -> Option<T> {
    let symmetric = (0..n).all(|i| (0..i).all(|j| a[i * n + j] == a[j * n + i]));
    if !symmetric {
        return None;
    }
    let mut total = T::ZERO;
    for i in 0..n {
        diagonal[i] = a[i * n + i];
        let Some(square) = factor_row(a, i, n) else {
            // The triangle above the diagonal still holds the matrix.
            for row in 0..=i {
                (0..row).for_each(|column| a[row * n + column] = a[column * n + row]);
                a[row * n + row] = diagonal[row];
            }
            return None;
        };
        total = total + square.logarithm();
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_without_a_factor_give_no_number() {
        let mut indefinite = [1.0, 2.0, 2.0, 1.0];
        cholesky(&mut indefinite, 2);
        assert!(indefinite.iter().all(|x: &f64| x.is_nan()));
        let mut x = [1.0, 1.0];
        solve(&mut x, &mut [1.0, 2.0, 2.0, 4.0], 2, 1);
        assert!(x.iter().all(|x: &f64| !x.is_finite()));
        assert_eq!(det(&mut [1.0, 2.0, 2.0, 4.0], 2), 0.0);
        assert_eq!(logdet(&mut [1.0, 2.0, 2.0, 4.0], &mut [0.0; 2], 2), f64::NEG_INFINITY);
        assert_eq!(det::<f64>(&mut [], 0), 1.0);
    }

    /// A pivot of 0 is avoided by an exchange of rows: [[0, 1], [1, 0]] has determinant -1.
    #[test]
    fn rows_are_exchanged() {
        assert_eq!(det(&mut [0.0, 1.0, 1.0, 0.0], 2), -1.0);
        let mut x = [3.0, 5.0];
        solve(&mut x, &mut [0.0, 1.0, 1.0, 0.0], 2, 1);
        assert_eq!(x, [5.0, 3.0]);
    }

    /// [[2, 1], [1, -3]] is symmetric and has no Cholesky factor: det -7. [[4, 2], [2, 3]] has one: det 8.
    #[test]
    fn logarithms_of_determinants_have_signs() {
        let mut work = [0.0; 2];
        let seven = 7.0f64.ln();
        assert!((logdet(&mut [2.0, 1.0, 1.0, -3.0], &mut work, 2) - seven).abs() < 1e-15);
        assert!(log_of_det(&mut [2.0, 1.0, 1.0, -3.0], &mut work, 2).is_nan());
        assert!((log_of_det(&mut [1.0, -3.0, 2.0, 1.0], &mut work, 2) - seven).abs() < 1e-15);
        assert!((log_of_det(&mut [4.0, 2.0, 2.0, 3.0], &mut work, 2) - 8.0f64.ln()).abs() < 1e-15);
        assert_eq!(log_of_det(&mut [1.0, 2.0, 2.0, 4.0], &mut work, 2), f64::NEG_INFINITY);
        assert_eq!(det_sign(&mut [2.0, 1.0, 1.0, -3.0], 2), -1.0);
        assert_eq!(det_sign(&mut [1.0, 2.0, 2.0, 4.0], 2), 0.0);
        assert!(det_sign(&mut [f64::NAN, 2.0, 2.0, 4.0], 2).is_nan());
        assert_eq!(det_sign::<f64>(&mut [], 0), 1.0);
    }
}
