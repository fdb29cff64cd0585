//! Kernels that run one element at a time through the standard library or `libm`.
//!
//! Single precision is computed in double precision and rounded once, which keeps the error near half an ulp.
//! Reads nothing; must not know which kernels exist elsewhere.

/// Defines the bulk functions of one scalar function of one argument.
macro_rules! one {
    ($name32:ident, $name64:ident, $f:expr) => {
        /// # Safety
        /// `src` must be readable and `dst` writable for `n` elements; they are equal or do not overlap.
        pub(super) unsafe extern "C" fn $name32(dst: *mut f32, src: *const f32, n: usize) {
            let f: fn(f64) -> f64 = $f;
            for i in 0..n {
                // SAFETY: `i < n`, and the caller vouches for `n` elements behind each pointer.
                unsafe { dst.add(i).write(f(src.add(i).read().into()) as f32) }
            }
        }

        /// # Safety
        /// `src` must be readable and `dst` writable for `n` elements; they are equal or do not overlap.
        pub(super) unsafe extern "C" fn $name64(dst: *mut f64, src: *const f64, n: usize) {
            let f: fn(f64) -> f64 = $f;
            for i in 0..n {
                // SAFETY: `i < n`, and the caller vouches for `n` elements behind each pointer.
                unsafe { dst.add(i).write(f(src.add(i).read())) }
            }
        }
    };
}

/// Defines the bulk functions of one scalar function of two arguments.
macro_rules! two {
    ($name32:ident, $name64:ident, $f:expr) => {
        /// # Safety
        /// `a` and `b` must be readable and `dst` writable for `n` elements; `dst` equals or avoids each of them.
        pub(super) unsafe extern "C" fn $name32(dst: *mut f32, a: *const f32, b: *const f32, n: usize) {
            let f: fn(f64, f64) -> f64 = $f;
            for i in 0..n {
                // SAFETY: `i < n`, and the caller vouches for `n` elements behind each pointer.
                unsafe { dst.add(i).write(f(a.add(i).read().into(), b.add(i).read().into()) as f32) }
            }
        }

        /// # Safety
        /// `a` and `b` must be readable and `dst` writable for `n` elements; `dst` equals or avoids each of them.
        pub(super) unsafe extern "C" fn $name64(dst: *mut f64, a: *const f64, b: *const f64, n: usize) {
            let f: fn(f64, f64) -> f64 = $f;
            for i in 0..n {
                // SAFETY: `i < n`, and the caller vouches for `n` elements behind each pointer.
                unsafe { dst.add(i).write(f(a.add(i).read(), b.add(i).read())) }
            }
        }
    };
}

one!(exp_f32, exp_f64, f64::exp);
one!(exp2_f32, exp2_f64, f64::exp2);
one!(expm1_f32, expm1_f64, f64::exp_m1);
one!(log_f32, log_f64, f64::ln);
one!(log2_f32, log2_f64, f64::log2);
one!(log10_f32, log10_f64, f64::log10);
one!(log1p_f32, log1p_f64, f64::ln_1p);
one!(sin_f32, sin_f64, f64::sin);
one!(cos_f32, cos_f64, f64::cos);
one!(tan_f32, tan_f64, f64::tan);
one!(asin_f32, asin_f64, f64::asin);
one!(acos_f32, acos_f64, f64::acos);
one!(atan_f32, atan_f64, f64::atan);
one!(sinh_f32, sinh_f64, f64::sinh);
one!(tanh_f32, tanh_f64, f64::tanh);
one!(sigmoid_f32, sigmoid_f64, sigmoid);
one!(softplus_f32, softplus_f64, softplus);
one!(erf_f32, erf_f64, libm::erf);
one!(erfc_f32, erfc_f64, libm::erfc);
one!(cbrt_f32, cbrt_f64, libm::cbrt);
two!(pow_f32, pow_f64, f64::powf);
two!(atan2_f32, atan2_f64, f64::atan2);
two!(hypot_f32, hypot_f64, f64::hypot);

/// 1 / (1 + e^-x), written so that the exponential never overflows.
fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// log(1 + e^x) = max(x, 0) + log1p(e^-|x|).
fn softplus(x: f64) -> f64 {
    let tail = (-x.abs()).exp().ln_1p();
    if x > 0.0 { x + tail } else { tail }
}
