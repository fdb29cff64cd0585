//! The algorithms, once for every precision and every width of registers.
//!
//! Each takes any argument, NaN and infinities among them. Must not know slices, nor how a processor is asked for its
//! features.

use super::lanes::Lanes;
use super::precision::Precision;
use std::f64::consts::{FRAC_1_PI, FRAC_1_SQRT_2, LOG2_E, SQRT_2};

/// Both parts of a constant in every lane.
#[inline(always)]
fn pair<V: Lanes>([high, low]: [V::Element; 2]) -> [V; 2] {
    [V::splat(high), V::splat(low)]
}

/// The integer n nearest to x / log 2, then x - n log 2, then what its rounding lost.
#[inline(always)]
fn reduce_exp<V: Lanes>(x: V) -> (V, V, V) {
    let round = V::of(V::Element::ROUND);
    let n = x.mul_add(V::of(LOG2_E), round) - round;
    let [high, low] = V::Element::LOG_2;
    // The first difference is exact: its operands are close and share their lowest bit.
    let exact = n.mul_add(V::splat(-high), x);
    let r = n.mul_add(V::splat(-low), exact);
    (n, r, n.mul_add(V::splat(-low), exact - r))
}

/// e^(r + lost) - 1 for |r| <= log(2) / 2 and a lost part of at most an ulp of r; the result without its first term, r.
#[inline(always)]
fn expm1_tail<V: Lanes>(r: V, lost: V) -> V {
    r.square().mul_add(r.polynomial(V::Element::EXP), lost)
}

/// e^(x + low) for a sum whose result is a normal number, and a low part of a few ulp of x.
#[inline(always)]
pub(super) fn exp_of_sum<V: Lanes>(x: V, low: V) -> V {
    let (n, first, lost) = reduce_exp(x);
    let r = first + low;
    ((r + expm1_tail(r, (first - r) + low + lost)) + V::of(1.0)).scale(n)
}

/// e^x for x at most `EXP_HIGH`, or NaN.
#[inline(always)]
fn exp_bounded<V: Lanes>(x: V) -> V {
    let (n, r, lost) = reduce_exp(x.at_least(V::of(V::Element::EXP_LOW)));
    ((r + expm1_tail(r, lost)) + V::of(1.0)).scale(n)
}

/// e^x.
#[inline(always)]
pub(super) fn exp<V: Lanes>(x: V) -> V {
    exp_bounded(x.at_most(V::of(V::Element::EXP_HIGH)))
}

/// 2^x.
#[inline(always)]
pub(super) fn exp2<V: Lanes>(x: V) -> V {
    let round = V::of(V::Element::ROUND);
    let bounded = x.at_least(V::of(V::Element::EXP_LOW * LOG2_E)).at_most(V::of(V::Element::EXP_HIGH * LOG2_E));
    let n = (bounded + round) - round;
    let rest = bounded - n;
    let [high, low]: [V; 2] = pair(V::Element::LOG_2);
    let r = rest * high;
    let lost = rest.mul_add(low, rest.mul_add(high, V::of(0.0) - r));
    ((r + expm1_tail(r, lost)) + V::of(1.0)).scale(n)
}

/// e^x - 1 and e^x + 1, both divided by 2^`halvings`, for x between `EXPM1_LOW` and `EXP_HIGH`.
#[inline(always)]
fn exp_around_one<V: Lanes>(x: V, halvings: i32) -> (V, V) {
    let (n, r, lost) = reduce_exp(x);
    let small = expm1_tail(r, lost);
    let one = V::of(0.5_f64.powi(halvings));
    let power = (n + V::of(V::Element::ROUND + V::Element::BIAS - f64::from(halvings))).shift_to_exponent();
    // e^x = power (1 + r + small); the sum of the two largest terms is kept with its rounding error.
    let base = power - one;
    let sum = power.mul_add(r, base);
    let rest = power.mul_add(r, base - sum);
    (sum + power.mul_add(small, rest), power.mul_add(r + small, power + one))
}

/// e^x - 1.
#[inline(always)]
pub(super) fn expm1<V: Lanes>(x: V) -> V {
    let bounded = x.at_least(V::of(V::Element::EXPM1_LOW)).at_most(V::of(V::Element::EXP_HIGH));
    // Half of it first, because the power of two may overflow where the result does not.
    let (half, _) = exp_around_one(bounded, 1);
    V::select(x.abs().less(V::of(V::Element::TINY)), x, half + half)
}

/// Hyperbolic tangent: (e^2x - 1) / (e^2x + 1), for the negative of |x|.
#[inline(always)]
pub(super) fn tanh<V: Lanes>(x: V) -> V {
    let double = (x + x).negative_abs().at_least(V::of(V::Element::EXPM1_LOW));
    let (minus, plus) = exp_around_one(double, 0);
    (minus / plus).abs().or(x.sign())
}

/// Hyperbolic sine: a polynomial up to 1, and (m + m / (m + 1)) / 2 with m = e^|x| - 1 above.
#[inline(always)]
pub(super) fn sinh<V: Lanes>(x: V) -> V {
    let size = x.abs();
    let square = x.square();
    let small = (square * square.polynomial(V::Element::SINH)).mul_add(x, x);
    // An eighth of m, because e^|x| may overflow where the result does not.
    let eighth_of_one = V::of(0.125);
    let (eighth, _) = exp_around_one(size.at_most(V::of(V::Element::SINH_HIGH)), 3);
    let quarter = eighth + eighth * eighth_of_one / (eighth + eighth_of_one);
    V::select(size.less(V::of(1.0)), small, (quarter * V::of(4.0)).or(x.sign()))
}

/// 1 / (1 + e^-x); with e = e^-|x| it is 1 / (1 + e) or e / (1 + e), and nothing overflows or vanishes early.
#[inline(always)]
pub(super) fn sigmoid<V: Lanes>(x: V) -> V {
    let e = exp_bounded(x.negative_abs());
    let one = V::of(1.0);
    let quotient = V::select(x.less(V::of(0.0)), e, one) / (one + e);
    // Where e is small the rounding of 1 + e shows in the quotient, but hardly in e (1 - quotient).
    V::select(x.less(V::of(-0.7)), (V::of(0.0) - e).mul_add(quotient, e), quotient)
}

/// The representation of u, moved so that its exponent field is that of the k in u = 2^k m, √½ <= m <= √2.
#[inline(always)]
fn center<V: Lanes>(u: V) -> V {
    u.add_bits(V::of(1.0).sub_bits(V::of(FRAC_1_SQRT_2)))
}

/// The k and f in x = 2^k (1 + f), √½ <= 1 + f <= √2, for a positive normal x; `bias` is the exponent bias, plus what
/// is to be taken off k.
#[inline(always)]
pub(super) fn split<V: Lanes>(x: V, bias: V) -> (V, V) {
    let centered = center(x);
    let m = centered.and(V::splat(V::Element::FRACTION)).add_bits(V::of(FRAC_1_SQRT_2));
    (exponent(centered) - bias, m - V::of(1.0))
}

/// The exponent field as a number.
#[inline(always)]
fn exponent<V: Lanes>(x: V) -> V {
    let integer = V::of(V::Element::INTEGER);
    x.shift_from_exponent().or(integer) - integer
}

/// k log(2) + log(1 + f), for √½ <= 1 + f <= √2.
#[inline(always)]
pub(super) fn log_sum<V: Lanes>(k: V, f: V) -> V {
    let [high, low] = V::Element::LOG_2;
    let tail = k.mul_add(V::splat(low), V::Element::log_tail(f));
    k.mul_add(V::splat(high), tail + f)
}

/// k `per_k` + log(1 + f) `factor`, for √½ <= 1 + f <= √2: a logarithm to another base.
#[inline(always)]
fn log_sum_to_base<V: Lanes>(k: V, f: V, per_k: [V; 2], factor: [V; 2]) -> V {
    let [per_k, per_k_low] = per_k;
    let [factor, factor_low] = factor;
    let minus_product = V::of(0.0) - f * factor;
    let product_low = f.mul_add(factor, minus_product);
    let low = V::Element::log_tail(f).mul_add(factor, f.mul_add(factor_low, product_low));
    let sum = k.mul_add(per_k, f * factor);
    let sum_low = k.mul_add(per_k, V::of(0.0) - sum) - minus_product;
    sum + (sum_low + k.mul_add(per_k_low, low))
}

/// `result` where u is positive and finite; the logarithm at 0, below 0, at infinity and at NaN.
#[inline(always)]
fn log_edges<V: Lanes>(u: V, result: V) -> V {
    let zero = V::of(0.0);
    let infinity = V::of(f64::INFINITY);
    let outside = V::select(u.less(zero), V::of(f64::NAN), V::of(f64::NEG_INFINITY));
    V::select(u.less(infinity), V::select(zero.less(u), result, outside), u)
}

/// The k and f in x = 2^k (1 + f), √½ <= 1 + f <= √2, and whether every x is a positive, finite and normal number.
#[inline(always)]
fn log_parts<V: Lanes>(x: V) -> (V, V, bool) {
    let bias = V::of(V::Element::BIAS);
    let smallest = V::of(V::Element::SMALLEST_NORMAL);
    let ordinary = V::all(V::both(smallest.less(x), x.less(V::of(f64::INFINITY))));
    let (u, bias) = if ordinary {
        (x, bias)
    } else {
        let subnormal = x.less(smallest);
        let raised_bias = V::of(V::Element::BIAS + V::Element::FRACTION_BITS);
        (V::select(subnormal, x * V::of(V::Element::INTEGER), x), V::select(subnormal, raised_bias, bias))
    };
    let (k, f) = split(u, bias);
    (k, f, ordinary)
}

/// Natural logarithm.
#[inline(always)]
pub(super) fn log<V: Lanes>(x: V) -> V {
    let (k, f, ordinary) = log_parts(x);
    let result = log_sum(k, f);
    if ordinary { result } else { log_edges(x, result) }
}

/// Logarithm to base 2.
#[inline(always)]
pub(super) fn log2<V: Lanes>(x: V) -> V {
    let (k, f, ordinary) = log_parts(x);
    let result = log_sum_to_base(k, f, [V::of(1.0), V::of(0.0)], pair(V::Element::LOG2_E));
    if ordinary { result } else { log_edges(x, result) }
}

/// Logarithm to base 10.
#[inline(always)]
pub(super) fn log10<V: Lanes>(x: V) -> V {
    let (k, f, ordinary) = log_parts(x);
    let result = log_sum_to_base(k, f, pair(V::Element::LOG10_2), pair(V::Element::LOG10_E));
    if ordinary { result } else { log_edges(x, result) }
}

/// log(1 + x).
#[inline(always)]
pub(super) fn log1p<V: Lanes>(x: V) -> V {
    let one = V::of(1.0);
    let quarter = V::of(0.25);
    let u = one + x;
    let centered = center(u);
    // With k from the rounded 1 + x, f = 2^-k x + (2^-k - 1) is rounded once, and is x itself when k is 0. 2^(2 - k)
    // stands for 2^-k because the latter can be subnormal; minus zero has the representation of its exponent field.
    let power = V::of(-0.0).sub_bits(centered.and(V::of(f64::INFINITY)));
    let f = (x * quarter).mul_add(power, power.mul_add(quarter, V::of(-1.0)));
    let result = log_sum(exponent(centered) - V::of(V::Element::BIAS), f);
    V::select(x.abs().less(V::of(V::Element::TINY)), x, log_edges(u, result))
}

/// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
#[inline(always)]
pub(super) fn softplus<V: Lanes>(x: V) -> V {
    let zero = V::of(0.0);
    let e = exp_bounded(x.negative_abs());
    let upper = V::of(SQRT_2 - 1.0).less(e);
    let half = V::of(0.5);
    let f = V::select(upper, e.mul_add(half, V::of(-0.5)), e);
    let k = V::select(upper, V::of(1.0), zero);
    V::select(zero.less(x), x, zero) + log_sum(k, f)
}

/// sin(x - n π), where n may also be half of an odd integer and the difference is at most π / 2.
#[inline(always)]
fn sin_reduced<V: Lanes>(x: V, n: V) -> V {
    let [high, middle, low] = V::Element::PI;
    let r = n.mul_add(V::splat(-high), x);
    let r = n.mul_add(V::splat(-middle), r);
    let r = n.mul_add(V::splat(-low), r);
    let square = r.square();
    let square_low = r.mul_add(r, V::of(0.0) - square);
    let p = square.polynomial(V::Element::SIN);
    square.mul_add(p, square_low * p).mul_add(r, r)
}

/// Sine.
#[inline(always)]
pub(super) fn sin<V: Lanes>(x: V) -> V {
    let size = x.abs();
    let round = V::of(V::Element::ROUND);
    // The lowest bit of the sum is that of n = round(|x| / π), which decides the sign.
    let sum = size.mul_add(V::of(FRAC_1_PI), round);
    let sign = sum.shift_to_sign().xor(x.sign());
    let result = sin_reduced(size, sum - round).xor(sign);
    let reducible = size.less(V::of(V::Element::REDUCIBLE));
    if V::all(reducible) { result } else { result.replace_unless(reducible, x, x, |x, _| x.sin()) }
}

/// Cosine.
#[inline(always)]
pub(super) fn cos<V: Lanes>(x: V) -> V {
    let size = x.abs();
    let round = V::of(V::Element::ROUND);
    let half = V::of(0.5);
    // cos((n + ½) π + r) = -(-1)^n sin(r).
    let sum = size.mul_add(V::of(FRAC_1_PI), V::of(-0.5)) + round;
    let sign = sum.shift_to_sign().xor(V::of(-0.0));
    let result = sin_reduced(size, (sum - round) + half).xor(sign);
    let reducible = size.less(V::of(V::Element::REDUCIBLE));
    if V::all(reducible) { result } else { result.replace_unless(reducible, x, x, |x, _| x.cos()) }
}

/// Tangent: with n = round(2 |x| / π) and r = |x| - n π / 2, it is tan(r) for even n, -1 / tan(r) for odd n.
#[inline(always)]
pub(super) fn tan<V: Lanes>(x: V) -> V {
    let size = x.abs();
    let round = V::of(V::Element::ROUND);
    let one = V::of(1.0);
    let sum = size.mul_add(V::of(2.0 * FRAC_1_PI), round);
    let odd = sum.shift_to_sign();
    let half_n = (sum - round) * V::of(-0.5);
    // r as a sum, because the reciprocal needs more of it than one number holds.
    let [high, middle, low] = V::Element::PI;
    let exact = half_n.mul_add(V::splat(high), size);
    let product = half_n * V::splat(middle);
    let r = exact + product;
    // What this sum lost, whichever term is the larger, and what the product lost.
    let added = r - exact;
    let r_low = (exact - (r - added)) + (product - added);
    let r_low = half_n.mul_add(V::splat(low), r_low + half_n.mul_add(V::splat(middle), V::of(0.0) - product));
    let square = r.square();
    let change = (square * r).mul_add(square.polynomial(V::Element::TAN), r_low.mul_add(square, r_low));
    let t = r + change;
    let t_low = (r - t) + change;
    let inverse = one / t;
    let error = inverse.mul_add(t_low, inverse.mul_add(t, V::of(-1.0)));
    let reciprocal = inverse.mul_add(error, V::of(0.0) - inverse);
    let result = V::select(one.or(odd).less(V::of(0.0)), reciprocal, t).xor(x.sign());
    let reducible = size.less(V::of(V::Element::REDUCIBLE));
    if V::all(reducible) { result } else { result.replace_unless(reducible, x, x, |x, _| x.tan()) }
}

/// Error function: a polynomial up to 1, and 1 - e^polynomial above.
#[inline(always)]
pub(super) fn erf<V: Lanes>(x: V) -> V {
    let one = V::of(1.0);
    let size = x.abs();
    let small = x.mul_add(x.square().polynomial(V::Element::ERF), x);
    let beyond = size.at_most(V::of(V::Element::ERF_HIGH)) - one;
    let (n, r, lost) = reduce_exp(beyond.polynomial(V::Element::ERF_TAIL));
    let power = (n + V::of(V::Element::ROUND + V::Element::BIAS)).shift_to_exponent();
    // 1 - power (1 + p)
    let large = (V::of(0.0) - power).mul_add(r + expm1_tail(r, lost), one - power).or(x.sign());
    V::select(one.less(size), large, small)
}

/// 1 - erf(x): from the polynomial of erf up to 0.8, and e^-x² p / |x| above.
#[inline(always)]
pub(super) fn erfc<V: Lanes>(x: V) -> V {
    let one = V::of(1.0);
    let zero = V::of(0.0);
    let cut = V::of(0.8);
    let difference = one - x;
    let difference_low = (one - difference) - x;
    let small = difference + (zero - x).mul_add(x.square().polynomial(V::Element::ERF), difference_low);

    let size = x.abs().at_least(cut).at_most(V::of(V::Element::ERFC_HIGH));
    // e^-x² = 2^n (1 + q), with what the square lost.
    let square = size.square();
    let square_low = size.mul_add(size, zero - square);
    let (n, first, lost) = reduce_exp(zero - square);
    let r = first - square_low;
    let q = r + expm1_tail(r, (first - r - square_low) + lost);
    // p and p / x as sums.
    let two = V::of(2.0);
    let t = (size - two) / (size + two);
    let [center, center_low]: [V; 2] = pair(V::Element::ERFC_2);
    let change = t * t.polynomial(V::Element::ERFC);
    let p = center + change;
    let p_low = (center - p) + change + center_low;
    let inverse = one / size;
    let quotient = p * inverse;
    let quotient_low = ((zero - quotient).mul_add(size, p) + p_low) * inverse;
    let large = (quotient + quotient.mul_add(q, quotient_low.mul_add(q, quotient_low))).scale(n);
    V::select(cut.less(x.abs()), V::select(x.less(zero), V::of(2.0) - large, large), small)
}
