//! [`Lanes`] in the registers of x86-64: 256 bits (AVX2 and FMA) and 512 bits (AVX-512F).
//!
//! Must not know any algorithm.

use super::lanes::Lanes;
use super::tile::Terms;
use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

/// Calls one processor instruction.
macro_rules! instruction {
    ($e:expr) => {
        // SAFETY: vectors of this module exist only inside functions that are compiled for the features of these
        // instructions and that run only after the processor was asked for them (see `bulk`); the instructions
        // touch no memory.
        unsafe { $e }
    };
}

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
        unsafe fn load_first(from: *const Self::Element, count: usize) -> Self {
            // SAFETY: the mask keeps the load to the `count` numbers that the caller vouches for.
            Self(unsafe { $load(((1_u32 << count) - 1) as $mask, from) })
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
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        // SAFETY: `count <= 8` keeps the mask inside FIRST, and the mask keeps the load to `count` numbers.
        unsafe {
            let mask = _mm256_loadu_si256(FIRST.as_ptr().add(8 - count).cast());
            Self(_mm256_maskload_ps(from, mask))
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
    unsafe fn load_first(from: *const f64, count: usize) -> Self {
        // SAFETY: `count <= 4`, two words a lane, keeps the mask inside FIRST and the load to `count` numbers.
        unsafe {
            let mask = _mm256_loadu_si256(FIRST.as_ptr().add(8 - 2 * count).cast());
            Self(_mm256_maskload_pd(from, mask))
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
        _mm512_maskz_loadu_ps,
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
        _mm512_maskz_loadu_pd,
        _mm512_mask_storeu_pd,
        _mm512_scalef_pd
    );
}

impl Terms for F32x8 {
    #[inline(always)]
    fn add_product(self, factor: Self, term: Self) -> Self {
        self.mul_add(factor, term)
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        instruction!({
            let four = _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        })
    }
}

impl Terms for F64x4 {
    #[inline(always)]
    fn add_product(self, factor: Self, term: Self) -> Self {
        self.mul_add(factor, term)
    }
    #[inline(always)]
    fn sum(self) -> f64 {
        instruction!({
            let two = _mm_add_pd(_mm256_castpd256_pd128(self.0), _mm256_extractf128_pd::<1>(self.0));
            _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
        })
    }
}

impl Terms for F32x16 {
    #[inline(always)]
    fn add_product(self, factor: Self, term: Self) -> Self {
        self.mul_add(factor, term)
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        instruction!(_mm512_reduce_add_ps(self.0))
    }
}

impl Terms for F64x8 {
    #[inline(always)]
    fn add_product(self, factor: Self, term: Self) -> Self {
        self.mul_add(factor, term)
    }
    #[inline(always)]
    fn sum(self) -> f64 {
        instruction!(_mm512_reduce_add_pd(self.0))
    }
}

/// Transposition of small blocks.
pub(super) trait Transpose: Sized {
    /// Copies four columns of four numbers, `column` numbers apart, to four rows, `row` numbers apart.
    ///
    /// # Safety
    /// The columns must be readable at `from`, the rows writable at `to`.
    unsafe fn transpose_4(from: *const Self, column: isize, to: *mut Self, row: usize);
}

impl Transpose for f32 {
    #[inline(always)]
    unsafe fn transpose_4(from: *const f32, column: isize, to: *mut f32, row: usize) {
        // SAFETY: the caller vouches for four numbers in each of the four columns and rows.
        unsafe {
            let x0 = _mm_loadu_ps(from);
            let x1 = _mm_loadu_ps(from.offset(column));
            let x2 = _mm_loadu_ps(from.offset(2 * column));
            let x3 = _mm_loadu_ps(from.offset(3 * column));
            let (low01, high01) = (_mm_unpacklo_ps(x0, x1), _mm_unpackhi_ps(x0, x1));
            let (low23, high23) = (_mm_unpacklo_ps(x2, x3), _mm_unpackhi_ps(x2, x3));
            _mm_storeu_ps(to, _mm_movelh_ps(low01, low23));
            _mm_storeu_ps(to.add(row), _mm_movehl_ps(low23, low01));
            _mm_storeu_ps(to.add(2 * row), _mm_movelh_ps(high01, high23));
            _mm_storeu_ps(to.add(3 * row), _mm_movehl_ps(high23, high01));
        }
    }
}

impl Transpose for f64 {
    #[inline(always)]
    unsafe fn transpose_4(from: *const f64, column: isize, to: *mut f64, row: usize) {
        // SAFETY: the caller vouches for four numbers in each of the four columns and rows.
        unsafe {
            for (i, j) in [(0, 0), (0, 2), (2, 0), (2, 2)] {
                let from = from.offset(j as isize * column).add(i);
                let (x, y) = (_mm_loadu_pd(from), _mm_loadu_pd(from.offset(column)));
                let to = to.add(i * row + j);
                _mm_storeu_pd(to, _mm_unpacklo_pd(x, y));
                _mm_storeu_pd(to.add(row), _mm_unpackhi_pd(x, y));
            }
        }
    }
}
