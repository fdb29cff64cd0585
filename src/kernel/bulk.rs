//! The algorithms over slices, with the widest registers that the processor has.
//!
//! The rest that does not fill a register goes through a register that is partly empty, so a result never depends on
//! the position of its argument. Must not know what the algorithms compute.

use super::lanes::{Lanes, Widened};
#[cfg(target_arch = "x86_64")]
use super::x86::{F32x8, F32x16, F64x4, F64x8};
use super::{functions, pow};

/// Applies an algorithm to `n` numbers in vectors of one kind. This is a macro, because the calls of a closure are not
/// sure to be inlined, and the vectors may cross a call only in inlined code.
///
/// The expansion belongs in an unsafe function whose caller vouches that every source is readable and `dst` writable
/// for `n` numbers, that `dst` equals or avoids each source, and that the processor has the features of the vectors.
macro_rules! each {
    ($v:ty, $f:path, $dst:ident, ($($src:ident)+), $n:ident,
     [$load:ident $load_first:ident $store:ident $store_first:ident]) => {
        let mut i = 0;
        while $n - i >= <$v>::COUNT {
            // SAFETY: `i + COUNT <= n`.
            unsafe { $f($(<$v>::$load($src.add(i))),+).$store($dst.add(i)) };
            i += <$v>::COUNT;
        }
        if i < $n {
            let left = $n - i;
            // The empty lanes hold 1, which is an ordinary argument of every function.
            let one = <$v>::of(1.0);
            // SAFETY: fewer than `COUNT` numbers are left.
            unsafe { $f($(<$v>::$load_first($src.add(i), left, one)),+).$store_first($dst.add(i), left) };
        }
    };
}

/// Defines one variant of a bulk function.
macro_rules! variant {
    ($(#[$attribute:meta])* $name:ident, $f:path, $t:ty, $v:ty, ($($src:ident)+), $access:tt) => {
        /// # Safety
        /// As for the bulk function, on a processor with the features.
        $(#[$attribute])*
        pub(super) unsafe fn $name(dst: *mut $t, $($src: *const $t,)+ n: usize) {
            each!($v, $f, dst, ($($src)+), n, $access);
        }
    };
}

/// Defines the bulk function that asks the processor which variant to take.
macro_rules! dispatch {
    ($name:ident, $t:ty, ($($src:ident)+)) => {
        /// # Safety
        /// Every source must be readable and `dst` writable for `n` numbers; `dst` equals or avoids each source.
        pub(super) unsafe extern "C" fn $name(dst: *mut $t, $($src: *const $t,)+ n: usize) {
            // SAFETY: the processor has the features of the variant, and the slices are as the caller says.
            unsafe {
                // The answers are cached: asking costs a load and a test.
                #[cfg(target_arch = "x86_64")]
                if is_x86_feature_detected!("avx512f") {
                    return $name::wide(dst, $($src,)+ n);
                } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    return $name::narrow(dst, $($src,)+ n);
                }
                $name::portable(dst, $($src,)+ n);
            }
        }
    };
}

/// Defines the bulk function of one algorithm in one precision, and a module of its variants: the function's name, the
/// algorithm, the precision, the vectors of three variants, the names of the sources, how vectors are read and written.
macro_rules! bulk {
    ($name:ident, $f:path, $t:ty, [$one:ty, $v256:ty, $v512:ty], $src:tt, $access:tt) => {
        mod $name {
            use super::*;
            variant!(
                #[cfg(target_arch = "x86_64")]
                #[target_feature(enable = "avx512f")]
                wide,
                $f,
                $t,
                $v512,
                $src,
                $access
            );
            variant!(
                #[cfg(target_arch = "x86_64")]
                #[target_feature(enable = "avx2,fma")]
                narrow,
                $f,
                $t,
                $v256,
                $src,
                $access
            );
            variant!(portable, $f, $t, $one, $src, $access);
        }
        dispatch!($name, $t, $src);
    };
}

/// Defines the bulk functions of one algorithm of one argument in both precisions.
macro_rules! both {
    ($name32:ident, $name64:ident, $f:ident) => {
        bulk!($name32, functions::$f, f32, [f32, F32x8, F32x16], (src), [load load_first store store_first]);
        bulk!($name64, functions::$f, f64, [f64, F64x4, F64x8], (src), [load load_first store store_first]);
    };
}

both!(exp_f32, exp_f64, exp);
both!(exp2_f32, exp2_f64, exp2);
both!(expm1_f32, expm1_f64, expm1);
both!(log_f32, log_f64, log);
both!(log2_f32, log2_f64, log2);
both!(log10_f32, log10_f64, log10);
both!(log1p_f32, log1p_f64, log1p);
both!(sin_f32, sin_f64, sin);
both!(cos_f32, cos_f64, cos);
both!(tan_f32, tan_f64, tan);
both!(sinh_f32, sinh_f64, sinh);
both!(tanh_f32, tanh_f64, tanh);
both!(sigmoid_f32, sigmoid_f64, sigmoid);
both!(softplus_f32, softplus_f64, softplus);
both!(erf_f32, erf_f64, erf);
both!(erfc_f32, erfc_f64, erfc);
bulk!(pow_f32, pow::pow_single, f32, [f64, F64x4, F64x8], (a b), [load_f32 load_first_f32 store_f32 store_first_f32]);
bulk!(pow_f64, pow::pow, f64, [f64, F64x4, F64x8], (a b), [load load_first store store_first]);

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    type Variant<T> = unsafe fn(*mut T, *const T, usize);
    type VariantOfTwo<T> = unsafe fn(*mut T, *const T, *const T, usize);

    fn run<T: Copy + Default>(f: Variant<T>, x: &[T]) -> Vec<T> {
        let mut y = vec![T::default(); x.len()];
        // SAFETY: both slices have `x.len()` numbers; the tests call a variant only where the processor has its
        // features.
        unsafe { f(y.as_mut_ptr(), x.as_ptr(), x.len()) };
        y
    }

    /// Checks that every variant that the processor can run gives the bits of the portable one.
    macro_rules! same_bits {
        ($x:expr, $($name:ident)*) => {$(
            let portable = run($name::portable, $x);
            let mut variants: Vec<(&str, Variant<_>)> = Vec::new();
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                variants.push(("narrow", $name::narrow));
            }
            if is_x86_feature_detected!("avx512f") {
                variants.push(("wide", $name::wide));
            }
            for (variant, f) in variants {
                for ((x, y), want) in $x.iter().zip(run(f, $x)).zip(&portable) {
                    let same = y.to_bits() == want.to_bits() || (y.is_nan() && want.is_nan());
                    assert!(same, "{} {variant} at {x:e}: {y:e}, not {want:e}", stringify!($name));
                }
            }
        )*};
    }

    /// As `same_bits` for two arguments.
    macro_rules! same_bits_of_two {
        ($x:expr, $y:expr, $name:ident) => {
            let mut variants: Vec<VariantOfTwo<_>> = vec![$name::portable];
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                variants.push($name::narrow);
            }
            if is_x86_feature_detected!("avx512f") {
                variants.push($name::wide);
            }
            let results: Vec<Vec<_>> = variants
                .into_iter()
                .map(|f| {
                    let mut z = $x.to_vec();
                    // SAFETY: the slices have `z.len()` numbers, and the processor has the features of the variants.
                    unsafe { f(z.as_mut_ptr(), $x.as_ptr(), $y.as_ptr(), z.len()) };
                    z
                })
                .collect();
            for (i, want) in results[0].iter().enumerate() {
                for result in &results {
                    let same = result[i].to_bits() == want.to_bits() || (result[i].is_nan() && want.is_nan());
                    assert!(same, "{}({:e}, {:e})", stringify!($name), $x[i], $y[i]);
                }
            }
        };
    }

    #[test]
    fn all_variants_of_two_arguments_give_the_same_bits() {
        let x: Vec<f32> = (0..=u32::MAX).step_by(131_101).map(f32::from_bits).collect();
        let y: Vec<f32> = x.iter().rev().copied().collect();
        let near: Vec<f32> = (0..x.len()).map(|i| i as f32 * 1e-4 + 0.01).collect();
        let exponents: Vec<f32> = (0..x.len()).map(|i| (i % 999) as f32 / 50.0 - 10.0).collect();
        let widen = |x: &[f32]| -> Vec<f64> { x.iter().map(|&x| f64::from(x) * 1.000_000_1).collect() };
        for (x, y) in [(&x, &y), (&near, &exponents)] {
            same_bits_of_two!(x, y, pow_f32);
            same_bits_of_two!(widen(x), widen(y), pow_f64);
        }
    }

    #[test]
    fn all_variants_give_the_same_bits() {
        let any: Vec<f32> = (0..=u32::MAX).step_by(65_551).map(f32::from_bits).collect();
        let near: Vec<f32> = (-20_000..20_000).map(|i| i as f32 / 1024.0).collect();
        let any64: Vec<f64> = (0..=u64::MAX).step_by((1 << 48) + 12_345_677).map(f64::from_bits).collect();
        let near64: Vec<f64> = (-20_000..20_000).map(|i| f64::from(i) / 1000.0).collect();
        for x in [&any, &near] {
            same_bits!(x, exp_f32 exp2_f32 expm1_f32 log_f32 log2_f32 log10_f32 log1p_f32 sin_f32 cos_f32 tan_f32
                sinh_f32 tanh_f32 sigmoid_f32 softplus_f32 erf_f32 erfc_f32);
        }
        for x in [&any64, &near64] {
            same_bits!(x, exp_f64 exp2_f64 expm1_f64 log_f64 log2_f64 log10_f64 log1p_f64 sin_f64 cos_f64 tan_f64
                sinh_f64 tanh_f64 sigmoid_f64 softplus_f64 erf_f64 erfc_f64);
        }
    }
}
