//! Algorithms on square matrices: Cholesky factors, triangular and general systems, determinants.
//!
//! Reads nothing. Matrices are row-major without gaps. A matrix without a factor (not positive definite, singular) gives
//! NaN or infinities and never ends the program. Golub and Van Loan, Matrix Computations, algorithms 3.1.1 to 4.2.1.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A floating-point type.
pub trait Scalar:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Not a number.
    const NAN: Self;
    /// The square root.
    fn root(self) -> Self;
    /// The magnitude.
    fn magnitude(self) -> Self;
    /// The natural logarithm.
    fn logarithm(self) -> Self;
}

macro_rules! scalar {
    ($t:ident) => {
        impl Scalar for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAN: Self = $t::NAN;
            fn root(self) -> Self {
                self.sqrt()
            }
            fn magnitude(self) -> Self {
                self.abs()
            }
            fn logarithm(self) -> Self {
                self.ln()
            }
        }
    };
}
scalar!(f32);
scalar!(f64);

/// An algorithm: `dst` is the right side and becomes the result, `matrix` is overwritten; n rows, m columns in `dst`.
pub type BlockF32 = unsafe extern "C" fn(dst: *mut f32, matrix: *mut f32, n: usize, m: usize);
/// As [`BlockF32`] for f64.
pub type BlockF64 = unsafe extern "C" fn(dst: *mut f64, matrix: *mut f64, n: usize, m: usize);

/// The lower Cholesky factor of a symmetric matrix, in place; reads its lower triangle. All NaN if the matrix is not
/// positive definite.
pub fn cholesky<T: Scalar>(a: &mut [T], n: usize) {
    for i in 0..n {
        for j in 0..=i {
            let mut sum = a[i * n + j];
            for k in 0..j {
                sum = sum - a[i * n + k] * a[j * n + k];
            }
            if i > j {
                a[i * n + j] = sum / a[j * n + j];
            } else if sum > T::ZERO {
                a[i * n + i] = sum.root();
            } else {
                a[..n * n].fill(T::NAN);
                return;
            }
        }
        for j in i + 1..n {
            a[i * n + j] = T::ZERO;
        }
    }
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
fn eliminate<T: Scalar>(b: &mut [T], a: &mut [T], n: usize, m: usize) -> T {
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

/// The logarithm of the magnitude of the determinant of A.
pub fn logdet<T: Scalar>(a: &mut [T], n: usize) -> T {
    eliminate(&mut [], a, n, 0);
    (0..n).fold(T::ZERO, |sum, i| sum + a[i * n + i].magnitude().logarithm())
}

macro_rules! entries {
    ($t:ident, $cholesky:ident, $solve_lower:ident, $solve_upper:ident, $solve:ident, $det:ident, $logdet:ident) => {
        /// [`cholesky`] of `dst`.
        ///
        /// # Safety
        /// `dst` is valid for n·n elements and nothing else uses them.
        pub unsafe extern "C" fn $cholesky(dst: *mut $t, _matrix: *mut $t, n: usize, _m: usize) {
            // SAFETY: as the caller promises.
            let a = unsafe { std::slice::from_raw_parts_mut(dst, n * n) };
            cholesky(a, n);
        }
        /// [`solve_lower`].
        ///
        /// # Safety
        /// `dst` is valid for n·m elements, `matrix` for n·n, they do not overlap and nothing else uses them.
        pub unsafe extern "C" fn $solve_lower(dst: *mut $t, matrix: *mut $t, n: usize, m: usize) {
            // SAFETY: as the caller promises.
            let (b, a) =
                unsafe { (std::slice::from_raw_parts_mut(dst, n * m), std::slice::from_raw_parts(matrix, n * n)) };
            solve_lower(b, a, n, m);
        }
        /// [`solve_upper`].
        ///
        /// # Safety
        /// As for the lower one.
        pub unsafe extern "C" fn $solve_upper(dst: *mut $t, matrix: *mut $t, n: usize, m: usize) {
            // SAFETY: as the caller promises.
            let (b, a) =
                unsafe { (std::slice::from_raw_parts_mut(dst, n * m), std::slice::from_raw_parts(matrix, n * n)) };
            solve_upper(b, a, n, m);
        }
        /// [`solve`].
        ///
        /// # Safety
        /// As for the triangular ones.
        pub unsafe extern "C" fn $solve(dst: *mut $t, matrix: *mut $t, n: usize, m: usize) {
            // SAFETY: as the caller promises.
            let (b, a) =
                unsafe { (std::slice::from_raw_parts_mut(dst, n * m), std::slice::from_raw_parts_mut(matrix, n * n)) };
            solve(b, a, n, m);
        }
        /// [`det`], written to `dst`.
        ///
        /// # Safety
        /// `dst` is valid for one element, `matrix` for n·n, they do not overlap and nothing else uses them.
        pub unsafe extern "C" fn $det(dst: *mut $t, matrix: *mut $t, n: usize, _m: usize) {
            // SAFETY: as the caller promises.
            unsafe { *dst = det(std::slice::from_raw_parts_mut(matrix, n * n), n) }
        }
        /// [`logdet`], written to `dst`.
        ///
        /// # Safety
        /// As for the determinant.
        pub unsafe extern "C" fn $logdet(dst: *mut $t, matrix: *mut $t, n: usize, _m: usize) {
            // SAFETY: as the caller promises.
            unsafe { *dst = logdet(std::slice::from_raw_parts_mut(matrix, n * n), n) }
        }
    };
}
entries!(f32, cholesky_f32, solve_lower_f32, solve_upper_f32, solve_f32, det_f32, logdet_f32);
entries!(f64, cholesky_f64, solve_lower_f64, solve_upper_f64, solve_f64, det_f64, logdet_f64);

/// An algorithm in both precisions.
#[derive(Clone, Copy, Debug)]
pub struct Algorithm {
    /// Its name.
    pub name: &'static str,
    /// Single precision.
    pub f32: BlockF32,
    /// Double precision.
    pub f64: BlockF64,
}

/// All algorithms.
pub static ALGORITHMS: &[Algorithm] = &[
    Algorithm { name: "cholesky", f32: cholesky_f32, f64: cholesky_f64 },
    Algorithm { name: "solve_lower", f32: solve_lower_f32, f64: solve_lower_f64 },
    Algorithm { name: "solve_upper", f32: solve_upper_f32, f64: solve_upper_f64 },
    Algorithm { name: "solve", f32: solve_f32, f64: solve_f64 },
    Algorithm { name: "det", f32: det_f32, f64: det_f64 },
    Algorithm { name: "logdet", f32: logdet_f32, f64: logdet_f64 },
    Algorithm { name: "argsort", f32: super::sort::argsort_f32, f64: super::sort::argsort_f64 },
];

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
        assert_eq!(logdet(&mut [1.0, 2.0, 2.0, 4.0], 2), f64::NEG_INFINITY);
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
}
