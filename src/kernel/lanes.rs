//! What an algorithm may do with a vector of numbers, and the vector of one number that runs everywhere.
//!
//! Every operation rounds as IEEE 754 says and has one meaning for all widths, so an algorithm written over [`Lanes`]
//! gives the same bits on every processor and at every position in a slice. Must not know any algorithm.

use super::precision::Precision;
use std::ops::{Add, Div, Mul, Sub};

/// The number of lanes of the widest vector.
pub(super) const WIDEST: usize = 16;

/// A function of one lane.
type Scalar<T> = fn(T, T) -> T;

/// A few numbers that are worked on together.
///
/// Implementations for wide registers may be used only inside functions compiled for the processor features that
/// they name; `bulk` is the one place that does so.
pub(super) trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// One number.
    type Element: Precision;
    /// One truth value per lane.
    type Mask: Copy;
    /// How many numbers.
    const COUNT: usize;

    /// Reads `COUNT` numbers.
    ///
    /// # Safety
    /// `from` must be readable for `COUNT` numbers; it need not be aligned to more than one.
    unsafe fn load(from: *const Self::Element) -> Self;
    /// Writes `COUNT` numbers.
    ///
    /// # Safety
    /// `to` must be writable for `COUNT` numbers; it need not be aligned to more than one.
    unsafe fn store(self, to: *mut Self::Element);
    /// Reads `count` numbers and takes the other lanes from `rest`.
    ///
    /// # Safety
    /// `from` must be readable for `count <= COUNT` numbers.
    unsafe fn load_first(from: *const Self::Element, count: usize, rest: Self) -> Self;
    /// Writes the first `count` numbers.
    ///
    /// # Safety
    /// `to` must be writable for `count <= COUNT` numbers.
    unsafe fn store_first(self, to: *mut Self::Element, count: usize);

    /// The same number in every lane.
    fn splat(value: Self::Element) -> Self;
    /// `self * factor + term`, rounded once.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// The smaller of the two; NaN if `self` is NaN.
    fn at_most(self, bound: Self) -> Self;
    /// The larger of the two; NaN if `self` is NaN.
    fn at_least(self, bound: Self) -> Self;

    /// Bitwise and.
    fn and(self, other: Self) -> Self;
    /// Bitwise or.
    fn or(self, other: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, other: Self) -> Self;
    /// Sum of the representations as integers, wrapping.
    fn add_bits(self, other: Self) -> Self;
    /// Difference of the representations as integers, wrapping.
    fn sub_bits(self, other: Self) -> Self;
    /// Shifts the representation up by the width of the fraction: an integer becomes an exponent field.
    fn shift_to_exponent(self) -> Self;
    /// Shifts the representation down by the width of the fraction: the exponent field becomes an integer.
    fn shift_from_exponent(self) -> Self;
    /// Shifts the lowest bit up to the sign.
    fn shift_to_sign(self) -> Self;

    /// `self < other`; false if either is NaN.
    fn less(self, other: Self) -> Self::Mask;
    /// Both.
    fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Whether the mask holds in every lane.
    fn all(mask: Self::Mask) -> bool;
    /// `yes` where the mask holds, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// A constant in every lane, rounded to the precision.
    #[inline(always)]
    fn of(value: f64) -> Self {
        Self::splat(Self::Element::from_f64(value))
    }

    /// Absolute value.
    #[inline(always)]
    fn abs(self) -> Self {
        self.and(Self::splat(Self::Element::NOT_SIGN))
    }

    /// Minus the absolute value.
    #[inline(always)]
    fn negative_abs(self) -> Self {
        self.or(Self::of(-0.0))
    }

    /// The sign bit alone.
    #[inline(always)]
    fn sign(self) -> Self {
        self.and(Self::of(-0.0))
    }

    /// `self * self`.
    #[inline(always)]
    fn square(self) -> Self {
        self * self
    }

    /// self 2^n for an integer n of at most twice the range of exponents; rounds once if `self` is near 1.
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        // Two factors, since 2^n itself may be subnormal or infinite. These sums hold the integers n / 2 and n in their
        // lowest bits, each with the bias that makes n / 2 and the difference exponent fields.
        let half = n.mul_add(Self::of(0.5), Self::of(Self::Element::ROUND + Self::Element::BIAS));
        let whole = n + Self::of(Self::Element::ROUND + 2.0 * Self::Element::BIAS);
        self * half.shift_to_exponent() * whole.sub_bits(half).shift_to_exponent()
    }

    /// `f(x, y)` in the lanes where the mask does not hold.
    #[inline(always)]
    fn replace_unless(self, keep: Self::Mask, x: Self, y: Self, f: Scalar<Self::Element>) -> Self {
        let mut arrays = [[Self::Element::default(); WIDEST]; 4];
        let [values, xs, ys, kept] = &mut arrays;
        // SAFETY: no vector has more than WIDEST lanes, the length of each array.
        unsafe {
            self.store(values.as_mut_ptr());
            x.store(xs.as_mut_ptr());
            y.store(ys.as_mut_ptr());
            Self::select(keep, Self::of(1.0), Self::of(0.0)).store(kept.as_mut_ptr());
        }
        for (((value, &x), &y), &kept) in values.iter_mut().zip(&*xs).zip(&*ys).zip(&*kept).take(Self::COUNT) {
            if kept == Self::Element::default() {
                *value = f(x, y);
            }
        }
        // SAFETY: as above.
        unsafe { Self::load(values.as_ptr()) }
    }

    /// c[0] + c[1] x + c[2] x² + …, by Horner's scheme.
    #[inline(always)]
    fn polynomial(self, coefficients: &[Self::Element]) -> Self {
        let Some((&highest, rest)) = coefficients.split_last() else { return Self::of(0.0) };
        let mut sum = Self::splat(highest);
        for &c in rest.iter().rev() {
            sum = sum.mul_add(self, Self::splat(c));
        }
        sum
    }
}

/// Vectors of f64 that can be read from and written to f32.
pub(super) trait Widened: Lanes<Element = f64> {
    /// As [`Lanes::load`].
    ///
    /// # Safety
    /// As for [`Lanes::load`].
    unsafe fn load_f32(from: *const f32) -> Self;
    /// As [`Lanes::store`], rounding.
    ///
    /// # Safety
    /// As for [`Lanes::store`].
    unsafe fn store_f32(self, to: *mut f32);
    /// As [`Lanes::load_first`].
    ///
    /// # Safety
    /// As for [`Lanes::load_first`].
    unsafe fn load_first_f32(from: *const f32, count: usize, rest: Self) -> Self;
    /// As [`Lanes::store_first`], rounding.
    ///
    /// # Safety
    /// As for [`Lanes::store_first`].
    unsafe fn store_first_f32(self, to: *mut f32, count: usize);
}

impl Widened for f64 {
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> Self {
        // SAFETY: the caller vouches for one readable number.
        unsafe { from.read() }.into()
    }
    #[inline(always)]
    unsafe fn store_f32(self, to: *mut f32) {
        // SAFETY: the caller vouches for one writable number.
        unsafe { to.write(self as f32) }
    }
    #[inline(always)]
    unsafe fn load_first_f32(from: *const f32, count: usize, rest: Self) -> Self {
        // SAFETY: the caller vouches for `count` readable numbers.
        if count == 0 { rest } else { unsafe { from.read() }.into() }
    }
    #[inline(always)]
    unsafe fn store_first_f32(self, to: *mut f32, count: usize) {
        if count != 0 {
            // SAFETY: the caller vouches for `count` writable numbers.
            unsafe { to.write(self as f32) }
        }
    }
}

/// Implements [`Lanes`] for one number.
macro_rules! one_lane {
    ($t:ty, $fraction:expr, $sign:expr) => {
        impl Lanes for $t {
            type Element = $t;
            type Mask = bool;
            const COUNT: usize = 1;

            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                // SAFETY: the caller vouches for one readable number.
                unsafe { from.read() }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                // SAFETY: the caller vouches for one writable number.
                unsafe { to.write(self) }
            }
            #[inline(always)]
            unsafe fn load_first(from: *const $t, count: usize, rest: Self) -> Self {
                // SAFETY: the caller vouches for `count` readable numbers.
                if count == 0 { rest } else { unsafe { from.read() } }
            }
            #[inline(always)]
            unsafe fn store_first(self, to: *mut $t, count: usize) {
                if count != 0 {
                    // SAFETY: the caller vouches for `count` writable numbers.
                    unsafe { to.write(self) }
                }
            }
            #[inline(always)]
            fn splat(value: $t) -> Self {
                value
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, term: Self) -> Self {
                <$t>::mul_add(self, factor, term)
            }
            #[inline(always)]
            fn at_most(self, bound: Self) -> Self {
                if bound < self { bound } else { self }
            }
            #[inline(always)]
            fn at_least(self, bound: Self) -> Self {
                if bound > self { bound } else { self }
            }
            #[inline(always)]
            fn and(self, other: Self) -> Self {
                <$t>::from_bits(self.to_bits() & other.to_bits())
            }
            #[inline(always)]
            fn or(self, other: Self) -> Self {
                <$t>::from_bits(self.to_bits() | other.to_bits())
            }
            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                <$t>::from_bits(self.to_bits() ^ other.to_bits())
            }
            #[inline(always)]
            fn add_bits(self, other: Self) -> Self {
                <$t>::from_bits(self.to_bits().wrapping_add(other.to_bits()))
            }
            #[inline(always)]
            fn sub_bits(self, other: Self) -> Self {
                <$t>::from_bits(self.to_bits().wrapping_sub(other.to_bits()))
            }
            #[inline(always)]
            fn shift_to_exponent(self) -> Self {
                <$t>::from_bits(self.to_bits() << $fraction)
            }
            #[inline(always)]
            fn shift_from_exponent(self) -> Self {
                <$t>::from_bits(self.to_bits() >> $fraction)
            }
            #[inline(always)]
            fn shift_to_sign(self) -> Self {
                <$t>::from_bits(self.to_bits() << $sign)
            }
            #[inline(always)]
            fn less(self, other: Self) -> bool {
                self < other
            }
            #[inline(always)]
            fn both(a: bool, b: bool) -> bool {
                a & b
            }
            #[inline(always)]
            fn all(mask: bool) -> bool {
                mask
            }
            #[inline(always)]
            fn select(mask: bool, yes: Self, no: Self) -> Self {
                if mask { yes } else { no }
            }
        }
    };
}

one_lane!(f32, 23, 31);
one_lane!(f64, 52, 63);
