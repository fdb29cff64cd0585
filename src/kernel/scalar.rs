//! Kernels that call the standard library, or `libm`, once for every element.
//!
//! Reads nothing; must not know which kernels exist elsewhere.

/// Defines the bulk functions of one scalar function of one argument.
macro_rules! one {
    ($name32:ident, $f32:path, $name64:ident, $f64:path) => {
        one!($name32, f32, $f32);
        one!($name64, f64, $f64);
    };
    ($name:ident, $t:ty, $f:path) => {
        /// # Safety
        /// `src` must be readable and `dst` writable for `n` numbers; they are equal or do not overlap.
        pub(super) unsafe extern "C" fn $name(dst: *mut $t, src: *const $t, n: usize) {
            for i in 0..n {
                // SAFETY: `i < n`, and the caller vouches for `n` numbers behind each pointer.
                unsafe { dst.add(i).write($f(src.add(i).read())) }
            }
        }
    };
}

/// Defines the bulk functions of one scalar function of two arguments.
macro_rules! two {
    ($name32:ident, $f32:path, $name64:ident, $f64:path) => {
        two!($name32, f32, $f32);
        two!($name64, f64, $f64);
    };
    ($name:ident, $t:ty, $f:path) => {
        /// # Safety
        /// `a` and `b` must be readable and `dst` writable for `n` numbers; `dst` equals or avoids each of them.
        pub(super) unsafe extern "C" fn $name(dst: *mut $t, a: *const $t, b: *const $t, n: usize) {
            for i in 0..n {
                // SAFETY: `i < n`, and the caller vouches for `n` numbers behind each pointer.
                unsafe { dst.add(i).write($f(a.add(i).read(), b.add(i).read())) }
            }
        }
    };
}

one!(asin_f32, f32::asin, asin_f64, f64::asin);
one!(acos_f32, f32::acos, acos_f64, f64::acos);
one!(atan_f32, f32::atan, atan_f64, f64::atan);
// The cube root of some standard libraries is off by more than 2 ulp in double precision.
one!(cbrt_f32, f32::cbrt, cbrt_f64, libm::cbrt);
two!(atan2_f32, f32::atan2, atan2_f64, f64::atan2);
two!(hypot_f32, f32::hypot, hypot_f64, f64::hypot);
two!(reciprocal_f32, reciprocal32, reciprocal_f64, reciprocal_or_zero);

/// 1 / x, or 0 where |x| ≤ 64 ε |scale|.
pub fn reciprocal_or_zero(x: f64, scale: f64) -> f64 {
    if x.abs() <= 64.0 * f64::EPSILON * scale.abs() { 0.0 } else { 1.0 / x }
}

fn reciprocal32(x: f32, scale: f32) -> f32 {
    if x.abs() <= 64.0 * f32::EPSILON * scale.abs() { 0.0 } else { 1.0 / x }
}
