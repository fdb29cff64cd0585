//! What matrix products need of vectors beside arithmetic.

use super::{F32x8, F32x16, F64x4, F64x8, FIRST, instruction};
use crate::kernel::lanes::Lanes;
use crate::kernel::tile::Terms;
use std::arch::x86_64::*;

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
    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        // SAFETY: `count` lanes keep the mask inside FIRST, and the mask keeps the load to `count` numbers.
        unsafe { Self(_mm256_maskload_ps(from, _mm256_loadu_si256(FIRST.as_ptr().add(8 - count).cast()))) }
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
    #[inline(always)]
    unsafe fn load_part(from: *const f64, count: usize) -> Self {
        // SAFETY: `count` lanes keep the mask inside FIRST, and the mask keeps the load to `count` numbers.
        unsafe { Self(_mm256_maskload_pd(from, _mm256_loadu_si256(FIRST.as_ptr().add(8 - 2 * count).cast()))) }
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
    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        // SAFETY: the mask keeps the load to the `count` numbers that the caller vouches for.
        Self(unsafe { _mm512_maskz_loadu_ps(((1_u32 << count) - 1) as __mmask16, from) })
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
    #[inline(always)]
    unsafe fn load_part(from: *const f64, count: usize) -> Self {
        // SAFETY: the mask keeps the load to the `count` numbers that the caller vouches for.
        Self(unsafe { _mm512_maskz_loadu_pd(((1_u32 << count) - 1) as __mmask8, from) })
    }
}

/// Transposition of small blocks.
pub(in crate::kernel) trait Transpose: Sized {
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
