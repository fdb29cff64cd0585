//! Vectors of f64 to and from f32.

use super::{F64x4, F64x8, FIRST};
use crate::kernel::lanes::Widened;
use std::arch::x86_64::*;

impl Widened for F64x4 {
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> Self {
        // SAFETY: the caller vouches for four readable numbers; the load is an unaligned one.
        Self(unsafe { _mm256_cvtps_pd(_mm_loadu_ps(from)) })
    }
    #[inline(always)]
    unsafe fn store_f32(self, to: *mut f32) {
        // SAFETY: the caller vouches for four writable numbers; the store is an unaligned one.
        unsafe { _mm_storeu_ps(to, _mm256_cvtpd_ps(self.0)) }
    }
    #[inline(always)]
    unsafe fn load_first_f32(from: *const f32, count: usize, rest: Self) -> Self {
        // SAFETY: `count <= 4` keeps the mask inside FIRST, and the mask keeps the load to `count` numbers.
        unsafe {
            let mask = _mm_loadu_si128(FIRST.as_ptr().add(8 - count).cast());
            let values = _mm256_cvtps_pd(_mm_maskload_ps(from, mask));
            let mask = _mm256_castsi256_pd(_mm256_cvtepi32_epi64(mask));
            Self(_mm256_blendv_pd(rest.0, values, mask))
        }
    }
    #[inline(always)]
    unsafe fn store_first_f32(self, to: *mut f32, count: usize) {
        // SAFETY: `count <= 4` keeps the mask inside FIRST, and the mask keeps the store to `count` numbers.
        unsafe {
            let mask = _mm_loadu_si128(FIRST.as_ptr().add(8 - count).cast());
            _mm_maskstore_ps(to, mask, _mm256_cvtpd_ps(self.0));
        }
    }
}

impl Widened for F64x8 {
    #[inline(always)]
    unsafe fn load_f32(from: *const f32) -> Self {
        // SAFETY: the caller vouches for eight readable numbers; the load is an unaligned one.
        Self(unsafe { _mm512_cvtps_pd(_mm256_loadu_ps(from)) })
    }
    #[inline(always)]
    unsafe fn store_f32(self, to: *mut f32) {
        // SAFETY: the caller vouches for eight writable numbers; the store is an unaligned one.
        unsafe { _mm256_storeu_ps(to, _mm512_cvtpd_ps(self.0)) }
    }
    #[inline(always)]
    unsafe fn load_first_f32(from: *const f32, count: usize, rest: Self) -> Self {
        // SAFETY: the mask keeps the load to the `count` numbers that the caller vouches for.
        unsafe {
            let mask = (1_u32 << count) - 1;
            let sixteen = _mm512_maskz_loadu_ps(mask as __mmask16, from);
            Self(_mm512_mask_cvtps_pd(rest.0, mask as __mmask8, _mm512_castps512_ps256(sixteen)))
        }
    }
    #[inline(always)]
    unsafe fn store_first_f32(self, to: *mut f32, count: usize) {
        // SAFETY: the mask keeps the store to the `count` numbers that the caller vouches for.
        unsafe {
            let sixteen = _mm512_castps256_ps512(_mm512_cvtpd_ps(self.0));
            _mm512_mask_storeu_ps(to, ((1_u32 << count) - 1) as __mmask16, sixteen);
        }
    }
}
