//! Powers with real exponents.
//!
//! x^y = e^(y log x) needs more digits of log x than a number holds, as many as y log x has before the point: double
//! precision keeps the logarithm as a sum of two numbers, and single precision is computed in double precision. Where x
//! is not a positive normal number, or the power is out of range or near its edge, the standard library answers; it has
//! the special cases of C99 annex F.
//!
//! Must not know slices, nor how a processor is asked for its features.

use super::functions::{exp_of_sum, log_sum, split};
use super::lanes::Lanes;

/// p in log(1 + f) = 2 s + s³ (2/3 + s² p(s²)), with s = f / (2 + f).
const LOG: &[f64] = &[
    0.40000000000002256,
    0.2857142857010014,
    0.2222222251975859,
    0.181817843854286,
    0.15386756355834832,
    0.13256842767685315,
    0.1319608006825359,
];
/// 2/3 as a sum.
const TWO_THIRDS: [f64; 2] = [2.0 / 3.0, 3.700743415417188e-17];
/// log 2 as a sum, whose first part times any exponent is exact.
const LOG_2: [f64; 2] = [0.6931471805598903, 5.497923018708371e-14];

/// Whether every x is positive and normal, and every power within range.
#[inline(always)]
fn ordinary<V: Lanes<Element = f64>>(x: V, power: V, limit: f64) -> V::Mask {
    let normal = V::both(V::of(f64::MIN_POSITIVE).less(x), x.less(V::of(f64::INFINITY)));
    V::both(normal, power.abs().less(V::of(limit)))
}

/// x^y in single precision, on numbers widened to double precision.
#[inline(always)]
pub(super) fn pow_single<V: Lanes<Element = f64>>(x: V, y: V) -> V {
    let (k, f) = split(x, V::of(1023.0));
    let power = y * log_sum(k, f);
    let keep = ordinary(x, power, 200.0);
    let result = exp_of_sum(power, V::of(0.0));
    if V::all(keep) { result } else { result.replace_unless(keep, x, y, f64::powf) }
}

/// x^y in double precision.
#[inline(always)]
pub(super) fn pow<V: Lanes<Element = f64>>(x: V, y: V) -> V {
    let zero = V::of(0.0);
    let two = V::of(2.0);
    let (k, f) = split(x, V::of(1023.0));
    // s = f / (2 + f)
    let divisor = two + f;
    let divisor_low = f - (divisor - two);
    let inverse = V::of(1.0) / divisor;
    let s = f * inverse;
    let minus_s = zero - s;
    let s_low = minus_s.mul_add(divisor_low, minus_s.mul_add(divisor, f)) * inverse;
    // s², then c = 2/3 + s² p(s²), then s² c, then s³ c
    let square = s.square();
    let square_low = (s + s).mul_add(s_low, s.mul_add(s, zero - square));
    let change = square * square.polynomial(LOG);
    let c = V::of(TWO_THIRDS[0]) + change;
    let c_low = (V::of(TWO_THIRDS[0]) - c) + change + V::of(TWO_THIRDS[1]);
    let product = square * c;
    let product_low = square_low.mul_add(c, square.mul_add(c_low, square.mul_add(c, zero - product)));
    let cube = s * product;
    let cube_low = s_low.mul_add(product, s.mul_add(product_low, s.mul_add(product, zero - cube)));
    // log(1 + f) = 2 s + s³ c, then log x = k log 2 + log(1 + f)
    let log1p = two.mul_add(s, cube);
    let log1p_low = two.mul_add(s, zero - log1p) + cube + two.mul_add(s_low, cube_low);
    let whole = k * V::of(LOG_2[0]);
    let log = whole + log1p;
    let log_low = (whole - log) + log1p + k.mul_add(V::of(LOG_2[1]), log1p_low);
    let power = y * log;
    let power_low = y.mul_add(log_low, y.mul_add(log, zero - power));
    let keep = ordinary(x, power, 700.0);
    let result = exp_of_sum(power, power_low);
    if V::all(keep) { result } else { result.replace_unless(keep, x, y, f64::powf) }
}
