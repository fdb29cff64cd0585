//! The inner parts of a matrix product: pieces of the result that stay in registers while terms are added.
//!
//! For each term a tile multiplies vectors of a row of `b` with single elements of `a`. Each element of the result is
//! one chain of multiplications and additions from the first term to the last, so its bits do not depend on the sizes
//! of the matrices or the width of the registers. The exception is [`matrix_vector`], which adds whole vectors of
//! terms.
//!
//! Must not know how a processor is asked for its features, nor how large products are divided.

use super::lanes::{Lanes, WIDEST};
use super::product::{Matrix, Size};
use std::mem::MaybeUninit;

/// What a product needs of vectors beside [`Lanes`].
pub(super) trait Terms: Lanes {
    /// `self * factor + term`, rounded once if there is an instruction for that, else twice.
    fn add_product(self, factor: Self, term: Self) -> Self;
    /// The sum of all lanes.
    fn sum(self) -> Self::Element;
    /// Reads `count` numbers and fills the other lanes with 0.
    ///
    /// # Safety
    /// `from` must be readable for `count <= COUNT` numbers.
    unsafe fn load_part(from: *const Self::Element, count: usize) -> Self;
}

/// Implements [`Terms`] for one number.
macro_rules! one_lane {
    ($t:ty) => {
        impl Terms for $t {
            #[inline(always)]
            fn add_product(self, factor: Self, term: Self) -> Self {
                if cfg!(target_feature = "fma") { self.mul_add(factor, term) } else { self * factor + term }
            }
            #[inline(always)]
            fn sum(self) -> $t {
                self
            }
            #[inline(always)]
            unsafe fn load_part(from: *const $t, count: usize) -> Self {
                // SAFETY: the caller vouches for `count` readable numbers.
                if count == 0 { 0.0 } else { unsafe { from.read() } }
            }
        }
    };
}

one_lane!(f32);
one_lane!(f64);

/// `dst (+)= a b` for at most two vectors of columns, where the rows of `b` lie in order; in tiles of `ROWS` rows, or
/// `PART_ROWS` where the last vector is not full, since its mask needs a register too.
///
/// # Safety
/// The elements of `dst` must be readable and writable, those of `a` and `b` readable; no two elements of `dst` may
/// share an address, and it must overlap neither `a` nor `b`. The processor must have the features of `V`, and the
/// caller be compiled for them.
#[inline(always)]
pub(super) unsafe fn strips<V: Terms, const ROWS: usize, const PART_ROWS: usize>(
    size: Size,
    dst: Matrix<*mut V::Element>,
    a: Matrix<*const V::Element>,
    b: Matrix<*const V::Element>,
    accumulate: bool,
) {
    let width = size.1;
    // SAFETY: the caller's promise.
    unsafe {
        if width == 2 * V::COUNT {
            all_rows::<V, ROWS, 2, true>(size, dst, a, b, accumulate);
        } else if width > V::COUNT {
            all_rows::<V, PART_ROWS, 2, false>(size, dst, a, b, accumulate);
        } else {
            all_rows::<V, PART_ROWS, 1, false>(size, dst, a, b, accumulate);
        }
    }
}

/// [`strips`] for `VECTORS` vectors of columns, the last of which is full if `WHOLE`.
///
/// # Safety
/// As for [`strips`].
#[inline(always)]
unsafe fn all_rows<V: Terms, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(
    (m, width, k): Size,
    dst: Matrix<*mut V::Element>,
    a: Matrix<*const V::Element>,
    b: Matrix<*const V::Element>,
    accumulate: bool,
) {
    let mut i = 0;
    // SAFETY: rows below `m`.
    unsafe {
        while m - i >= ROWS {
            strip::<V, ROWS, VECTORS, WHOLE>(width, k, dst.from(i, 0), a.from(i, 0), b, accumulate);
            i += ROWS;
        }
        if ROWS > 4 && m - i >= 4 {
            strip::<V, 4, VECTORS, WHOLE>(width, k, dst.from(i, 0), a.from(i, 0), b, accumulate);
            i += 4;
        }
        if m - i >= 2 {
            strip::<V, 2, VECTORS, WHOLE>(width, k, dst.from(i, 0), a.from(i, 0), b, accumulate);
            i += 2;
        }
        if m - i >= 1 {
            strip::<V, 1, VECTORS, WHOLE>(width, k, dst.from(i, 0), a.from(i, 0), b, accumulate);
        }
    }
}

/// [`all_rows`] for `ROWS` rows.
///
/// # Safety
/// As for [`strips`].
#[inline(always)]
unsafe fn strip<V: Terms, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(
    width: usize,
    k: usize,
    dst: Matrix<*mut V::Element>,
    a: Matrix<*const V::Element>,
    b: Matrix<*const V::Element>,
    accumulate: bool,
) {
    // Where columns of `dst` do not lie in order, the tile goes to a block that does, and is copied.
    let mut memory = MaybeUninit::<[[V::Element; 2 * WIDEST]; ROWS]>::uninit();
    let block: Matrix<*mut V::Element> =
        Matrix { start: memory.as_mut_ptr().cast(), row: 2 * WIDEST as isize, column: 1 };
    let in_order = dst.column == 1;
    let to = if in_order { dst } else { block };
    // SAFETY: elements of `dst` that the caller vouches for; the block has as many rows, and two of the widest vectors.
    unsafe {
        if !in_order && accumulate {
            copy(ROWS, width, dst, block);
        }
        tile::<V, ROWS, VECTORS, WHOLE>(width - (VECTORS - 1) * V::COUNT, k, to, a, b, accumulate);
        if !in_order {
            copy(ROWS, width, block, dst);
        }
    }
}

/// Copies a few rows and columns.
///
/// # Safety
/// The elements of `from` must be readable, those of `to` writable.
#[inline(always)]
unsafe fn copy<T: Copy>(rows: usize, columns: usize, from: Matrix<*mut T>, to: Matrix<*mut T>) {
    for i in 0..rows {
        for j in 0..columns {
            // SAFETY: the caller's promise.
            unsafe { *to.from(i, j).start = *from.from(i, j).start };
        }
    }
}

/// `dst (+)= a b` for `ROWS` rows and `VECTORS` vectors of columns, the last of which has `last` columns, all of
/// them if `WHOLE`; the rows of `dst` and `b` lie in order.
///
/// # Safety
/// As for [`strips`].
#[inline(always)]
unsafe fn tile<V: Terms, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(
    last: usize,
    k: usize,
    dst: Matrix<*mut V::Element>,
    a: Matrix<*const V::Element>,
    b: Matrix<*const V::Element>,
    accumulate: bool,
) {
    let mut sums = [[V::of(0.0); VECTORS]; ROWS];
    if accumulate {
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: a row of `dst` that the caller vouches for.
            *sums = unsafe { load_row::<V, VECTORS, WHOLE>(last, dst.from(r, 0).start) };
        }
    }
    let mut rows = [0; ROWS];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = r as isize * a.row;
    }
    let (mut a_start, mut b_start) = (a.start, b.start);
    for _ in 0..k {
        // SAFETY: a row of `b` that the caller vouches for.
        let values = unsafe { load_row::<V, VECTORS, WHOLE>(last, b_start) };
        for r in 0..ROWS {
            // SAFETY: an element of `a` that the caller vouches for.
            let x = V::splat(unsafe { *a_start.wrapping_offset(rows[r]) });
            for c in 0..VECTORS {
                sums[r][c] = x.add_product(values[c], sums[r][c]);
            }
        }
        a_start = a_start.wrapping_offset(a.column);
        b_start = b_start.wrapping_offset(b.row);
    }
    for (r, sums) in sums.iter().enumerate() {
        for (c, sum) in sums.iter().enumerate() {
            let to = dst.from(r, c * V::COUNT).start;
            // SAFETY: a row of `dst` that the caller vouches for.
            unsafe { if WHOLE || c + 1 < VECTORS { sum.store(to) } else { sum.store_first(to, last) } }
        }
    }
}

/// Vectors that lie in order, the last of which has `last` elements.
///
/// # Safety
/// These elements must be readable.
#[inline(always)]
unsafe fn load_row<V: Terms, const VECTORS: usize, const WHOLE: bool>(
    last: usize,
    from: *const V::Element,
) -> [V; VECTORS] {
    let mut values = [V::of(0.0); VECTORS];
    for (c, value) in values.iter_mut().enumerate() {
        let from = from.wrapping_add(c * V::COUNT);
        // SAFETY: the caller's promise.
        *value = unsafe { if WHOLE || c + 1 < VECTORS { V::load(from) } else { V::load_part(from, last) } };
    }
    values
}

/// `dst (+)= a b` for one row `a`, where the rows of `b` lie in order.
///
/// # Safety
/// As for [`strips`] with `m = 1`.
#[inline(always)]
pub(super) unsafe fn vector_matrix<V: Terms>(
    (_, n, k): Size,
    dst: Matrix<*mut V::Element>,
    a: Matrix<*const V::Element>,
    b: Matrix<*const V::Element>,
    accumulate: bool,
) {
    // With one row it takes many columns to have enough sums under way.
    let mut j = 0;
    // SAFETY: columns below `n`.
    unsafe {
        while n - j >= 8 * V::COUNT {
            tile::<V, 1, 8, true>(V::COUNT, k, dst.from(0, j), a, b.from(0, j), accumulate);
            j += 8 * V::COUNT;
        }
        if n - j >= 4 * V::COUNT {
            tile::<V, 1, 4, true>(V::COUNT, k, dst.from(0, j), a, b.from(0, j), accumulate);
            j += 4 * V::COUNT;
        }
        while j < n {
            let width = (n - j).min(2 * V::COUNT);
            strips::<V, 1, 1>((1, width, k), dst.from(0, j), a, b.from(0, j), accumulate);
            j += width;
        }
    }
}

/// `dst (+)= a b` for one column `b`, where the rows of `a` and the column lie in order.
///
/// # Safety
/// As for [`strips`] with one column.
#[inline(always)]
pub(super) unsafe fn matrix_vector<V: Terms>(
    (m, _, k): Size,
    dst: Matrix<*mut V::Element>,
    a: Matrix<*const V::Element>,
    b: Matrix<*const V::Element>,
    accumulate: bool,
) {
    let mut i = 0;
    // SAFETY: rows below `m`.
    unsafe {
        while m - i >= 4 {
            dots::<V, 4>(k, dst.from(i, 0), a.from(i, 0), b.start, accumulate);
            i += 4;
        }
        while i < m {
            dots::<V, 1>(k, dst.from(i, 0), a.from(i, 0), b.start, accumulate);
            i += 1;
        }
    }
}

/// [`matrix_vector`] for `ROWS` rows.
///
/// # Safety
/// As for [`strips`] with one column.
#[inline(always)]
unsafe fn dots<V: Terms, const ROWS: usize>(
    k: usize,
    dst: Matrix<*mut V::Element>,
    a: Matrix<*const V::Element>,
    b: *const V::Element,
    accumulate: bool,
) {
    // Two sums a row, because one would wait for its own last addition.
    let mut even = [V::of(0.0); ROWS];
    let mut odd = [V::of(0.0); ROWS];
    let mut l = 0;
    // SAFETY: terms below `k`.
    unsafe {
        while k - l >= 2 * V::COUNT {
            let (x, y) = (V::load(b.add(l)), V::load(b.add(l + V::COUNT)));
            for (r, (even, odd)) in even.iter_mut().zip(&mut odd).enumerate() {
                let row = a.from(r, l).start;
                *even = x.add_product(V::load(row), *even);
                *odd = y.add_product(V::load(row.add(V::COUNT)), *odd);
            }
            l += 2 * V::COUNT;
        }
        while l < k {
            let left = (k - l).min(V::COUNT);
            let x = V::load_part(b.add(l), left);
            for (r, even) in even.iter_mut().enumerate() {
                *even = x.add_product(V::load_part(a.from(r, l).start, left), *even);
            }
            l += left;
        }
        for r in 0..ROWS {
            let to = dst.from(r, 0).start;
            let sum = (even[r] + odd[r]).sum();
            *to = if accumulate { *to + sum } else { sum };
        }
    }
}
