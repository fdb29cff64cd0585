//! Matrix products with arbitrary strides, in one thread.
//!
//! On x86-64 they are computed by `product`, elsewhere by the `gemm` crate.
//!
//! Reads nothing. Must not know the graph or plans: a product is three pointers, three sizes and strides.

#[cfg(target_arch = "x86_64")]
use super::lanes::Lanes;
#[cfg(target_arch = "x86_64")]
use super::product::{Matrix, Size, Tiles, product};
#[cfg(target_arch = "x86_64")]
use super::tile;
#[cfg(target_arch = "x86_64")]
use super::x86::{F32x8, F32x16, F64x4, F64x8};

/// Defines the matrix product of one precision.
macro_rules! gemm {
    ($name:ident, $t:ty, $tiles:ident, $v256:ident, $v512:ident) => {
        /// `dst[i, j] = (accumulate ? dst[i, j] : 0) + sum over l < k of a[i, l] * b[l, j]`, for `i < m`, `j < n`.
        ///
        /// Element `[i, j]` of a matrix lies at `pointer + i * row_stride + j * column_stride`; strides count elements
        /// and may be negative, and zero for `a` and `b`. A nonzero `accumulate` adds to `dst`; otherwise `dst` is not
        /// read. With `k = 0` the sum is 0; with `m = 0` or `n = 0` nothing happens.
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
            let accumulate = accumulate != 0;
            #[cfg(target_arch = "x86_64")]
            {
                let size = (m, n, k);
                let dst = Matrix { start: dst, row: dst_row_stride, column: dst_column_stride };
                let a = Matrix { start: a, row: a_row_stride, column: a_column_stride };
                let b = Matrix { start: b, row: b_row_stride, column: b_column_stride };
                let tiles = if is_x86_feature_detected!("avx512f") {
                    &$tiles::WIDE
                } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    &$tiles::NARROW
                } else {
                    &$tiles::PORTABLE
                };
                // SAFETY: the processor has the features of the table, and the matrices are as the caller says.
                unsafe { product(tiles, size, dst, a, b, accumulate) }
            }
            #[cfg(not(target_arch = "x86_64"))]
            {
                let keep: $t = if accumulate { 1.0 } else { 0.0 };
                // SAFETY: the matrices are as the caller says.
                unsafe {
                    ::gemm::gemm(
                        m,
                        n,
                        k,
                        dst,
                        dst_column_stride,
                        dst_row_stride,
                        accumulate,
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
                        ::gemm::Parallelism::None,
                    );
                }
            }
        }

        #[cfg(target_arch = "x86_64")]
        mod $tiles {
            use super::*;

            // Sixteen sums and their factors fit 32 registers, twelve just fit 16.
            tiles!(WIDE, $t, $v512, 8, 8, #[target_feature(enable = "avx512f")]);
            tiles!(NARROW, $t, $v256, 6, 4, #[target_feature(enable = "avx2,fma")]);
            tiles!(PORTABLE, $t, $t, 4, 4, );
        }
    };
}

/// Defines the table of tile functions for one kind of vectors.
#[cfg(target_arch = "x86_64")]
macro_rules! tiles {
    ($table:ident, $t:ty, $v:ty, $rows:expr, $part_rows:expr, $(#[$features:meta])?) => {
        pub(super) static $table: Tiles<$t> = {
            piece!(strips, tile::strips::<$v, $rows, $part_rows>, $t, $(#[$features])?);
            piece!(vector_matrix, tile::vector_matrix::<$v>, $t, $(#[$features])?);
            piece!(matrix_vector, tile::matrix_vector::<$v>, $t, $(#[$features])?);
            Tiles { lanes: <$v>::COUNT, strips, vector_matrix, matrix_vector }
        };
    };
}

/// Defines one function of a table.
#[cfg(target_arch = "x86_64")]
macro_rules! piece {
    ($name:ident, $f:expr, $t:ty, $(#[$features:meta])?) => {
        /// # Safety
        /// As for the function of the same name in `tile`, on a processor with the features.
        $(#[$features])?
        unsafe fn $name(
            size: Size,
            dst: Matrix<*mut $t>,
            a: Matrix<*const $t>,
            b: Matrix<*const $t>,
            accumulate: bool,
        ) {
            // SAFETY: the caller's promise.
            unsafe { $f(size, dst, a, b, accumulate) }
        }
    };
}

gemm!(gemm_f32, f32, tiles_f32, F32x8, F32x16);
gemm!(gemm_f64, f64, tiles_f64, F64x4, F64x8);

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix in a buffer of its own, with room around it.
    struct Stored<T> {
        buffer: Vec<T>,
        /// Index of element [0, 0].
        start: usize,
        row: isize,
        column: isize,
    }

    impl<T: Copy + From<i8>> Stored<T> {
        /// A matrix in one of several orders, filled with small integers.
        fn new(rows: usize, columns: usize, order: usize, random: &mut impl FnMut(usize) -> usize) -> Self {
            let (r, c) = (rows as isize, columns as isize);
            let (row, column) = match order {
                0 => (c, 1),         // rows in order
                1 => (1, r),         // columns in order
                2 => (c + 3, 1),     // rows in order, with gaps
                3 => (1, r + 2),     // columns in order, with gaps
                4 => (3 * c + 1, 3), // neither in order
                5 => (-c, 1),        // upside down
                6 => (-1, -r),       // both reversed
                7 => (1, 0),         // one column repeated
                _ => (0, 1),         // one row repeated
            };
            let last = |stride: isize, count: usize| stride * (count.max(1) as isize - 1);
            let (down, across) = (last(row, rows), last(column, columns));
            let start = 5 - (down.min(0) + across.min(0));
            let length = start + down.max(0) + across.max(0) + 6;
            let buffer = (0..length).map(|_| T::from(random(17) as i8 - 8)).collect();
            Stored { buffer, start: start as usize, row, column }
        }

        fn index(&self, i: usize, j: usize) -> usize {
            (self.start as isize + i as isize * self.row + j as isize * self.column) as usize
        }
    }

    /// Repeatable numbers below a bound: a linear congruential generator with Knuth's constants.
    fn random() -> impl FnMut(usize) -> usize {
        let mut state = 1_u64;
        move |bound| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % bound
        }
    }

    /// Tests of one precision.
    macro_rules! tests {
        ($t:ident, $gemm:ident, $tiles:ident) => {
            mod $t {
                use super::*;

                type Call = (usize, usize, usize);

                /// Runs the product that the processor gets, or one of the tables.
                fn run(
                    table: &str,
                    (m, n, k): Call,
                    dst: &mut Stored<$t>,
                    a: &Stored<$t>,
                    b: &Stored<$t>,
                    accumulate: bool,
                ) {
                    let to = dst.buffer.as_mut_ptr().wrapping_add(dst.start);
                    let a_start = a.buffer.as_ptr().wrapping_add(a.start);
                    let b_start = b.buffer.as_ptr().wrapping_add(b.start);
                    // SAFETY: the buffers hold every element, no two elements of `dst` share an address, and the tables
                    // are used only on processors that have their features.
                    unsafe {
                        #[cfg(not(target_arch = "x86_64"))]
                        assert!(table.is_empty());
                        #[cfg(target_arch = "x86_64")]
                        if !table.is_empty() {
                            let tiles = match table {
                                "wide" => &$tiles::WIDE,
                                "narrow" => &$tiles::NARROW,
                                _ => &$tiles::PORTABLE,
                            };
                            let to = Matrix { start: to, row: dst.row, column: dst.column };
                            let a = Matrix { start: a_start, row: a.row, column: a.column };
                            let b = Matrix { start: b_start, row: b.row, column: b.column };
                            return product(tiles, (m, n, k), to, a, b, accumulate);
                        }
                        $gemm(
                            m,
                            n,
                            k,
                            to,
                            dst.row,
                            dst.column,
                            a_start,
                            a.row,
                            a.column,
                            b_start,
                            b.row,
                            b.column,
                            accumulate.into(),
                        );
                    }
                }

                /// Checks one product of small integers, which has no rounding, and that nothing else is written.
                fn check(
                    table: &str,
                    (m, n, k): Call,
                    orders: [usize; 3],
                    accumulate: bool,
                    random: &mut impl FnMut(usize) -> usize,
                ) {
                    let mut dst = Stored::<$t>::new(m, n, orders[0], random);
                    let (a, b) = (Stored::new(m, k, orders[1], random), Stored::new(k, n, orders[2], random));
                    let mut want = dst.buffer.clone();
                    for i in 0..m {
                        for j in 0..n {
                            let sum: $t = (0..k).map(|l| a.buffer[a.index(i, l)] * b.buffer[b.index(l, j)]).sum();
                            let to = &mut want[dst.index(i, j)];
                            *to = if accumulate { *to + sum } else { sum };
                        }
                    }
                    run(table, (m, n, k), &mut dst, &a, &b, accumulate);
                    assert!(dst.buffer == want, "{table} {m} x {n} x {k}, orders {orders:?}, accumulate {accumulate}");
                }

                #[test]
                fn products_match_three_loops() {
                    let random = &mut random();
                    let sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33, 50, 70, 130];
                    for table in tables() {
                        for _ in 0..600 {
                            let (m, n, k) = (sizes[random(19)], sizes[random(19)], sizes[random(19)]);
                            let orders = [random(7), random(9), random(9)];
                            check(table, (m, n, k), orders, random(2) == 0, random);
                        }
                        // Vectors in every order.
                        for orders in (0..4).flat_map(|a| (0..4).map(move |b| [a % 2, a, b])) {
                            for size in [(1, 40, 300), (40, 1, 300), (1, 1, 300), (5, 1, 3), (1, 5, 3), (1, 300, 2)] {
                                check(table, size, orders, false, random);
                                check(table, size, orders, true, random);
                            }
                        }
                        // More terms than a panel holds, with and without rows of `b` in order.
                        check(table, (9, 40, 1500), [0, 0, 0], true, random);
                        check(table, (9, 40, 1500), [0, 0, 1], false, random);
                        check(table, (128, 437, 600), [0, 1, 0], false, random);
                    }
                }

                #[test]
                fn no_terms_give_zero_or_nothing() {
                    let random = &mut random();
                    for accumulate in [false, true] {
                        for size in [(3, 4, 0), (1, 4, 0), (4, 1, 0), (0, 4, 3), (4, 0, 3), (0, 0, 0)] {
                            check("", size, [0, 0, 0], accumulate, random);
                        }
                    }
                }

                #[test]
                fn non_finite_values_stay_where_they_belong() {
                    // What is not read must not matter: NaN in `dst`, and beside the last columns.
                    let random = &mut random();
                    let mut dst = Stored::<$t>::new(9, 11, 2, random);
                    dst.buffer.fill($t::NAN);
                    let (a, mut b) = (Stored::new(9, 6, 0, random), Stored::new(6, 11, 2, random));
                    let inside: Vec<usize> = (0..66).map(|i| b.index(i / 11, i % 11)).collect();
                    (0..b.buffer.len()).filter(|i| !inside.contains(i)).for_each(|i| b.buffer[i] = $t::NAN);
                    run("", (9, 11, 6), &mut dst, &a, &b, false);
                    assert!((0..99).all(|i| dst.buffer[dst.index(i / 11, i % 11)].is_finite()));
                }
            }
        };
    }

    tests!(f32, gemm_f32, tiles_f32);
    tests!(f64, gemm_f64, tiles_f64);

    /// The product that the processor gets, and every table that it can run.
    #[cfg(target_arch = "x86_64")]
    fn tables() -> Vec<&'static str> {
        let mut tables = vec!["", "portable"];
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            tables.push("narrow");
        }
        if is_x86_feature_detected!("avx512f") {
            tables.push("wide");
        }
        tables
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn tables() -> [&'static str; 1] {
        [""]
    }

    /// The rows and columns of a product have the same bits when they are computed alone, and on every processor.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn bits_do_not_depend_on_sizes() {
        let (m, n, k) = (21, 53, 700);
        let mut random = random();
        let mut numbers =
            |count: usize| -> Vec<f32> { (0..count).map(|_| random(1 << 20) as f32 / 1e5 - 5.0).collect() };
        let (a, b) = (numbers(m * k), numbers(k * n));
        let matrix = |start: *const f32, row: usize| Matrix { start, row: row as isize, column: 1 };
        let mut whole = vec![0.0_f32; m * n];
        let mut part = vec![0.0_f32; m * n];
        // SAFETY: the slices have the sizes that the calls name.
        unsafe {
            gemm_f32(
                m,
                n,
                k,
                whole.as_mut_ptr(),
                n as isize,
                1,
                a.as_ptr(),
                k as isize,
                1,
                b.as_ptr(),
                n as isize,
                1,
                0,
            );
            for (i, j, rows, columns) in [(0, 0, 3, 53), (3, 0, 18, 20), (3, 20, 18, 33), (7, 9, 2, 2)] {
                let (a, b) = (a.as_ptr().add(i * k), b.as_ptr().add(j));
                let dst = part.as_mut_ptr().add(i * n + j);
                gemm_f32(rows, columns, k, dst, n as isize, 1, a, k as isize, 1, b, n as isize, 1, 0);
            }
            assert_eq!(whole, part);
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                let (a, b) = (matrix(a.as_ptr(), k), matrix(b.as_ptr(), n));
                let dst = Matrix { start: part.as_mut_ptr(), row: n as isize, column: 1 };
                product(&tiles_f32::NARROW, (m, n, k), dst, a, b, false);
                assert_eq!(whole, part);
            }
        }
    }
}
