//! The floating-point types that algorithms work on, in one interface.

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
    /// Infinity.
    const INFINITY: Self;
    /// The distance from 1 to the next number.
    const EPSILON: Self;
    /// 2 to this power and its square are numbers, and so are their reciprocals.
    const HALF_RANGE: i32;
    /// The square root.
    fn root(self) -> Self;
    /// The magnitude.
    fn magnitude(self) -> Self;
    /// The natural logarithm.
    fn logarithm(self) -> Self;
    /// Neither infinite nor NaN.
    fn finite(self) -> bool;
    /// √(a² + b²) without overflow on the way.
    fn hypotenuse(self, other: Self) -> Self;
    /// The nearest number.
    fn of(value: f64) -> Self;
    /// The exponent e of this positive number, where 2^e is the next power of 2 not below it.
    fn exponent(self) -> i32;
    /// 2^e.
    fn power_of_two(exponent: i32) -> Self;
}

macro_rules! scalar {
    ($t:ident) => {
        impl Scalar for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAN: Self = $t::NAN;
            const INFINITY: Self = $t::INFINITY;
            const EPSILON: Self = $t::EPSILON;
            const HALF_RANGE: i32 = $t::MAX_EXP / 2 - 4;
            fn root(self) -> Self {
                self.sqrt()
            }
            fn magnitude(self) -> Self {
                self.abs()
            }
            fn logarithm(self) -> Self {
                self.ln()
            }
            fn finite(self) -> bool {
                self.is_finite()
            }
            fn hypotenuse(self, other: Self) -> Self {
                self.hypot(other)
            }
            fn of(value: f64) -> Self {
                value as $t
            }
            fn exponent(self) -> i32 {
                self.log2().ceil() as i32
            }
            fn power_of_two(exponent: i32) -> Self {
                (2.0 as $t).powi(exponent)
            }
        }
    };
}
scalar!(f32);
scalar!(f64);

/// The largest magnitude; NaN or infinite if an element is.
pub(super) fn largest<T: Scalar>(values: &[T]) -> T {
    let mut largest = T::ZERO;
    for v in values {
        if !v.finite() {
            return v.magnitude();
        }
        if v.magnitude() > largest {
            largest = v.magnitude();
        }
    }
    largest
}

/// The sum of products.
pub(super) fn dot<T: Scalar>(a: &[T], b: &[T]) -> T {
    a.iter().zip(b).fold(T::ZERO, |sum, (x, y)| sum + *x * *y)
}

/// `c = a b` of square matrices of n rows.
pub(super) fn multiply<T: Scalar>(c: &mut [T], a: &[T], b: &[T], n: usize) {
    c.fill(T::ZERO);
    for i in 0..n {
        let row = &mut c[i * n..(i + 1) * n];
        for k in 0..n {
            let factor = a[i * n + k];
            row.iter_mut().zip(&b[k * n..(k + 1) * n]).for_each(|(c, b)| *c = *c + factor * *b);
        }
    }
}

/// The matrix with rows and columns exchanged, in place.
pub(super) fn transpose<T>(a: &mut [T], n: usize) {
    for i in 0..n {
        (0..i).for_each(|j| a.swap(i * n + j, j * n + i));
    }
}

/// Exchanges rows i and j of a matrix of m columns.
pub(super) fn swap_rows<T>(a: &mut [T], i: usize, j: usize, m: usize) {
    (0..m).for_each(|c| a.swap(i * m + c, j * m + c));
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Numbers between -1 and 1 (Knuth's linear congruential generator).
    pub(in super::super) struct Numbers(pub(in super::super) u64);

    impl Numbers {
        pub(in super::super) fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        }
    }

    pub(in super::super) fn orthonormal_columns<T: Scalar + Into<f64>>(q: &[T], n: usize, m: usize, epsilon: f64) {
        for i in 0..m {
            for j in 0..m {
                let product: f64 = (0..n).map(|k| -> f64 { q[k * m + i].into() * q[k * m + j].into() }).sum();
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((product - expected).abs() <= epsilon, "column {i} times {j} is {product}");
            }
        }
    }
}
