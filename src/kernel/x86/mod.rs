//! [`Lanes`] in the registers of x86-64: 256 bits (AVX2 and FMA) and 512 bits (AVX-512F).
//!
//! Must not know any algorithm.

mod product;
mod widened;

pub(super) use product::Transpose;

use super::lanes::Lanes;
use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

/// Calls one processor instruction, or a few.
macro_rules! instruction {
    ($e:expr) => {
        // SAFETY: vectors of this module exist only inside functions that are compiled for the features of these
        // instructions and that run only after the processor was asked for them (see `bulk`); the instructions
        // touch no memory.
        unsafe { $e }
    };
}

use instruction;

/// Masks for `maskload` and `maskstore`: eight set words, then eight clear ones. The `count` first lanes are chosen by
/// reading from word `8 - count`.
static FIRST: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

/// Implements the four arithmetic operators.
macro_rules! arithmetic {
    ($v:ident, $add:ident, $sub:ident, $mul:ident, $div:ident) => {
        impl Add for $v {
            type Output = Self;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(instruction!($add(self.0, other.0)))
            }
        }
        impl Sub for $v {
            type Output = Self;
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(instruction!($sub(self.0, other.0)))
            }
        }
        impl Mul for $v {
            type Output = Self;
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(instruction!($mul(self.0, other.0)))
            }
        }
        impl Div for $v {
            type Output = Self;
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(instruction!($div(self.0, other.0)))
            }
        }
    };
}

/// The methods of [`Lanes`] that differ between widths in the names of instructions only.
macro_rules! common {
    ($t:ty, $fraction:expr, $sign:expr, $load:ident, $store:ident, $splat:ident, $fma:ident, $min:ident, $max:ident,
     $bits:ident, $float:ident, $and:ident, $or:ident, $xor:ident, $add:ident, $sub:ident, $shl:ident,
     $shr:ident) => {
        #[inline(always)]
        unsafe fn load(from: *const $t) -> Self {
            // SAFETY: the caller vouches for a register's worth of readable numbers; the load is an unaligned one.
            Self(unsafe { $load(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut $t) {
            // SAFETY: the caller vouches for a register's worth of writable numbers; the store is an unaligned one.
            unsafe { $store(to, self.0) }
        }
        #[inline(always)]
        fn splat(value: $t) -> Self {
            Self(instruction!($splat(value)))
        }
        #[inline(always)]
        fn mul_add(self, factor: Self, term: Self) -> Self {
            Self(instruction!($fma(self.0, factor.0, term.0)))
        }
        #[inline(always)]
        fn at_most(self, bound: Self) -> Self {
            // The instruction returns its second operand if either is NaN.
            Self(instruction!($min(bound.0, self.0)))
        }
        #[inline(always)]
        fn at_least(self, bound: Self) -> Self {
            Self(instruction!($max(bound.0, self.0)))
        }
        #[inline(always)]
        fn and(self, other: Self) -> Self {
            Self(instruction!($float($and($bits(self.0), $bits(other.0)))))
        }
        #[inline(always)]
        fn or(self, other: Self) -> Self {
            Self(instruction!($float($or($bits(self.0), $bits(other.0)))))
        }
        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            Self(instruction!($float($xor($bits(self.0), $bits(other.0)))))
        }
        #[inline(always)]
        fn add_bits(self, other: Self) -> Self {
            Self(instruction!($float($add($bits(self.0), $bits(other.0)))))
        }
        #[inline(always)]
        fn sub_bits(self, other: Self) -> Self {
            Self(instruction!($float($sub($bits(self.0), $bits(other.0)))))
        }
        #[inline(always)]
        fn shift_to_exponent(self) -> Self {
            Self(instruction!($float($shl::<$fraction>($bits(self.0)))))
        }
        #[inline(always)]
        fn shift_from_exponent(self) -> Self {
            Self(instruction!($float($shr::<$fraction>($bits(self.0)))))
        }
        #[inline(always)]
        fn shift_to_sign(self) -> Self {
            Self(instruction!($float($shl::<$sign>($bits(self.0)))))
        }
    };
}

/// Masks of 256-bit vectors: a vector whose lanes are all ones or all zeros.
macro_rules! vector_mask {
    ($mask:ty, $every:expr, $compare:ident, $and:ident, $movemask:ident, $blend:ident) => {
        type Mask = $mask;
        #[inline(always)]
        fn less(self, other: Self) -> Self::Mask {
            instruction!($compare::<_CMP_LT_OQ>(self.0, other.0))
        }
        #[inline(always)]
        fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask {
            instruction!($and(a, b))
        }
        #[inline(always)]
        fn all(mask: Self::Mask) -> bool {
            instruction!($movemask(mask)) == $every
        }
        #[inline(always)]
        fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
            Self(instruction!($blend(no.0, yes.0, mask)))
        }
    };
}

/// Masks of 512-bit vectors: one bit per lane.
macro_rules! bit_mask {
    ($mask:ty, $compare:ident, $blend:ident, $load:ident, $store:ident, $scale:ident) => {
        #[inline(always)]
        fn scale(self, n: Self) -> Self {
            Self(instruction!($scale(self.0, n.0)))
        }
        type Mask = $mask;
        #[inline(always)]
        fn less(self, other: Self) -> Self::Mask {
            instruction!($compare::<_CMP_LT_OQ>(self.0, other.0))
        }
        #[inline(always)]
        fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask {
            a & b
        }
        #[inline(always)]
        fn all(mask: Self::Mask) -> bool {
            mask == <$mask>::MAX
        }
        #[inline(always)]
        fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
            Self(instruction!($blend(mask, no.0, yes.0)))
        }
        #[inline(always)]
        unsafe fn load_first(from: *const Self::Element, count: usize, rest: Self) -> Self {
            // SAFETY: the mask keeps the load to the `count` numbers that the caller vouches for.
            Self(unsafe { $load(rest.0, ((1_u32 << count) - 1) as $mask, from) })
        }
        #[inline(always)]
        unsafe fn store_first(self, to: *mut Self::Element, count: usize) {
            // SAFETY: the mask keeps the store to the `count` numbers that the caller vouches for.
            unsafe { $store(to, ((1_u32 << count) - 1) as $mask, self.0) }
        }
    };
}

/// Eight f32.
#[derive(Clone, Copy)]
pub(super) struct F32x8(__m256);
arithmetic!(F32x8, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps, _mm256_div_ps);
impl Lanes for F32x8 {
    type Element = f32;
    const COUNT: usize = 8;
    common!(
        f32,
        23,
        31,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_set1_ps,
        _mm256_fmadd_ps,
        _mm256_min_ps,
        _mm256_max_ps,
        _mm256_castps_si256,
        _mm256_castsi256_ps,
        _mm256_and_si256,
        _mm256_or_si256,
        _mm256_xor_si256,
        _mm256_add_epi32,
        _mm256_sub_epi32,
        _mm256_slli_epi32,
        _mm256_srli_epi32
    );
    vector_mask!(__m256, 0xff, _mm256_cmp_ps, _mm256_and_ps, _mm256_movemask_ps, _mm256_blendv_ps);

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize, rest: Self) -> Self {
        // SAFETY: `count <= 8` keeps the mask inside FIRST, and the mask keeps the load to `count` numbers.
        unsafe {
            let mask = _mm256_loadu_si256(FIRST.as_ptr().add(8 - count).cast());
            Self(_mm256_blendv_ps(rest.0, _mm256_maskload_ps(from, mask), _mm256_castsi256_ps(mask)))
        }
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // SAFETY: `count <= 8` keeps the mask inside FIRST, and the mask keeps the store to `count` numbers.
        unsafe {
            let mask = _mm256_loadu_si256(FIRST.as_ptr().add(8 - count).cast());
            _mm256_maskstore_ps(to, mask, self.0);
        }
    }
}

/// Four f64.
#[derive(Clone, Copy)]
pub(super) struct F64x4(__m256d);
arithmetic!(F64x4, _mm256_add_pd, _mm256_sub_pd, _mm256_mul_pd, _mm256_div_pd);
impl Lanes for F64x4 {
    type Element = f64;
    const COUNT: usize = 4;
    common!(
        f64,
        52,
        63,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_set1_pd,
        _mm256_fmadd_pd,
        _mm256_min_pd,
        _mm256_max_pd,
        _mm256_castpd_si256,
        _mm256_castsi256_pd,
        _mm256_and_si256,
        _mm256_or_si256,
        _mm256_xor_si256,
        _mm256_add_epi64,
        _mm256_sub_epi64,
        _mm256_slli_epi64,
        _mm256_srli_epi64
    );
    vector_mask!(__m256d, 0xf, _mm256_cmp_pd, _mm256_and_pd, _mm256_movemask_pd, _mm256_blendv_pd);

    #[inline(always)]
    unsafe fn load_first(from: *const f64, count: usize, rest: Self) -> Self {
        // SAFETY: `count <= 4`, two words a lane, keeps the mask inside FIRST and the load to `count` numbers.
        unsafe {
            let mask = _mm256_loadu_si256(FIRST.as_ptr().add(8 - 2 * count).cast());
            Self(_mm256_blendv_pd(rest.0, _mm256_maskload_pd(from, mask), _mm256_castsi256_pd(mask)))
        }
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f64, count: usize) {
        // SAFETY: `count <= 4`, two words a lane, keeps the mask inside FIRST and the store to `count` numbers.
        unsafe {
            let mask = _mm256_loadu_si256(FIRST.as_ptr().add(8 - 2 * count).cast());
            _mm256_maskstore_pd(to, mask, self.0);
        }
    }
}

/// Sixteen f32.
#[derive(Clone, Copy)]
pub(super) struct F32x16(__m512);
arithmetic!(F32x16, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_div_ps);
impl Lanes for F32x16 {
    type Element = f32;
    const COUNT: usize = 16;
    common!(
        f32,
        23,
        31,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_min_ps,
        _mm512_max_ps,
        _mm512_castps_si512,
        _mm512_castsi512_ps,
        _mm512_and_si512,
        _mm512_or_si512,
        _mm512_xor_si512,
        _mm512_add_epi32,
        _mm512_sub_epi32,
        _mm512_slli_epi32,
        _mm512_srli_epi32
    );
    bit_mask!(
        __mmask16,
        _mm512_cmp_ps_mask,
        _mm512_mask_blend_ps,
        _mm512_mask_loadu_ps,
        _mm512_mask_storeu_ps,
        _mm512_scalef_ps
    );
}

/// Eight f64.
#[derive(Clone, Copy)]
pub(super) struct F64x8(__m512d);
arithmetic!(F64x8, _mm512_add_pd, _mm512_sub_pd, _mm512_mul_pd, _mm512_div_pd);
impl Lanes for F64x8 {
    type Element = f64;
    const COUNT: usize = 8;
    common!(
        f64,
        52,
        63,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_set1_pd,
        _mm512_fmadd_pd,
        _mm512_min_pd,
        _mm512_max_pd,
        _mm512_castpd_si512,
        _mm512_castsi512_pd,
        _mm512_and_si512,
        _mm512_or_si512,
        _mm512_xor_si512,
        _mm512_add_epi64,
        _mm512_sub_epi64,
        _mm512_slli_epi64,
        _mm512_srli_epi64
    );
    bit_mask!(
        __mmask8,
        _mm512_cmp_pd_mask,
        _mm512_mask_blend_pd,
        _mm512_mask_loadu_pd,
        _mm512_mask_storeu_pd,
        _mm512_scalef_pd
    );
}
