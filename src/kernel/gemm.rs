//! Matrix products with arbitrary strides, in one thread.
//!
//! Reads nothing. Must not know the graph or plans: a product is three pointers, three sizes and strides.

use ::gemm::Parallelism;

/// Defines the matrix product of one precision.
macro_rules! gemm {
    ($name:ident, $t:ty) => {
        /// `dst[i, j] = (accumulate ? dst[i, j] : 0) + sum over l < k of a[i, l] * b[l, j]`, for `i < m`, `j < n`.
        ///
        /// Element `[i, j]` of a matrix lies at `pointer + i * row_stride + j * column_stride`; strides count
        /// elements and may be negative, and zero for `a` and `b`. A nonzero `accumulate` adds to `dst`; otherwise `dst`
        /// is not read. With `k = 0` the sum is 0; with `m = 0` or `n = 0` nothing happens.
        ///
        /// # Safety
        /// Every element of `a` and `b` must be readable, every element of `dst` readable and writable. No two
        /// elements of `dst` may share an address, and `dst` must not overlap `a` or `b`.
        pub unsafe extern "C" fn $name(
            m: usize,
            n: usize,
            k: usize,
            dst: *mut $t,
            dst_row_stride: isize,
            dst_column_stride: isize,
            a: *const $t,
            a_row_stride: isize,
            a_column_stride: isize,
            b: *const $t,
            b_row_stride: isize,
            b_column_stride: isize,
            accumulate: usize,
        ) {
            let read_dst = accumulate != 0;
            let keep: $t = if read_dst { 1.0 } else { 0.0 };
            // SAFETY: the caller vouches for every element of the three matrices.
            unsafe {
                ::gemm::gemm(
                    m,
                    n,
                    k,
                    dst,
                    dst_column_stride,
                    dst_row_stride,
                    read_dst,
                    a,
                    a_column_stride,
                    a_row_stride,
                    b,
                    b_column_stride,
                    b_row_stride,
                    keep,
                    1.0,
                    false,
                    false,
                    false,
                    Parallelism::None,
                );
            }
        }
    };
}

gemm!(gemm_f32, f32);
gemm!(gemm_f64, f64);
