//! Products of matrices: how they are turned, divided and, where it pays, copied before `tile` computes the pieces.
//!
//! Only rows of `b` that do not lie in order are copied, and those that many rows of `a` meet, which is what makes
//! small products fast. Must not know how a processor is asked for its features.

use super::x86::Transpose;
use std::mem::{MaybeUninit, size_of};

/// Rows of `dst` and `a`, columns of `dst` and `b`, terms of each sum.
pub(super) type Size = (usize, usize, usize);

/// A matrix whose element [i, j] lies at `start + i * row + j * column`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<P> {
    /// Element [0, 0].
    pub(super) start: P,
    /// From one row to the next, in elements.
    pub(super) row: isize,
    /// From one column to the next, in elements.
    pub(super) column: isize,
}

impl<P> Matrix<P> {
    fn transposed(self) -> Self {
        Matrix { start: self.start, row: self.column, column: self.row }
    }

    /// Sets the stride along one row or one column, which has no meaning, to the one that suits.
    fn normalized(self, rows: usize, columns: usize) -> Self {
        let stride = |size: usize, stride: isize| if size == 1 { 1 } else { stride };
        Matrix { row: stride(rows, self.row), column: stride(columns, self.column), ..self }
    }
}

impl<T> Matrix<*const T> {
    /// The part that begins at element [i, j].
    #[inline(always)]
    pub(super) fn from(self, i: usize, j: usize) -> Self {
        Matrix { start: self.start.wrapping_offset(i as isize * self.row + j as isize * self.column), ..self }
    }
}

impl<T> Matrix<*mut T> {
    /// The part that begins at element [i, j].
    #[inline(always)]
    pub(super) fn from(self, i: usize, j: usize) -> Self {
        Matrix { start: self.start.wrapping_offset(i as isize * self.row + j as isize * self.column), ..self }
    }
}

/// `dst (+)= a b` for certain sizes and orders of the matrices.
///
/// # Safety
/// The elements of `dst` must be readable and writable, those of `a` and `b` readable; no two elements of `dst` may
/// share an address, and it must overlap neither `a` nor `b`. The processor must have the features of the table.
type Piece<T> = unsafe fn(Size, Matrix<*mut T>, Matrix<*const T>, Matrix<*const T>, bool);

/// The functions of `tile`, compiled for some processor features.
pub(super) struct Tiles<T: 'static> {
    /// Numbers per vector.
    pub(super) lanes: usize,
    /// For at most two vectors of columns and rows of `b` in order.
    pub(super) strips: Piece<T>,
    /// For one row `a`, and rows of `b` and `dst` in order.
    pub(super) vector_matrix: Piece<T>,
    /// For one column `b` in order, and rows of `a` in order.
    pub(super) matrix_vector: Piece<T>,
}

/// Memory for the rows of `b` that a strip of tiles reads: 32 KiB, the size of a small first-level cache.
type Panel = [MaybeUninit<u64>; 4096];

/// From how many rows of `a` on, and elements of `b` on, it pays to copy rows of `b` that lie in order already: they
/// then come from the first-level cache for every strip of the result.
const COPY_ROWS: usize = 128;
/// See [`COPY_ROWS`].
const COPY_ELEMENTS: usize = 1 << 18;

/// `dst (+)= a b`.
///
/// # Safety
/// As for [`Piece`].
pub(super) unsafe fn product<T: Copy + Transpose>(
    tiles: &Tiles<T>,
    (mut m, mut n, k): Size,
    dst: Matrix<*mut T>,
    a: Matrix<*const T>,
    b: Matrix<*const T>,
    accumulate: bool,
) {
    let mut dst = dst.normalized(m, n);
    let (mut a, mut b) = (a.normalized(m, k), b.normalized(k, n));
    // The transpose of a product is the product of the transposes the other way round. Turn so that the rows of `dst`
    // lie in order, and so that vectors meet the function that suits the order of the matrix.
    let row_in_order = m == 1 && a.column == 1 && b.row == 1;
    let column_across = n == 1 && a.column != 1;
    if (dst.column != 1 && dst.row == 1) || row_in_order || column_across {
        (m, n) = (n, m);
        dst = dst.transposed();
        (a, b) = (b.transposed(), a.transposed());
    }
    // SAFETY: the caller's promise.
    unsafe {
        if n == 1 && a.column == 1 && b.row == 1 {
            (tiles.matrix_vector)((m, n, k), dst, a, b, accumulate);
        } else if m == 1 && b.column == 1 && dst.column == 1 {
            (tiles.vector_matrix)((m, n, k), dst, a, b, accumulate);
        } else if b.column != 1 || (m >= COPY_ROWS && k.saturating_mul(n) >= COPY_ELEMENTS) {
            copied(tiles, (m, n, k), dst, a, b, accumulate);
        } else {
            for j in (0..n).step_by(2 * tiles.lanes) {
                let width = (n - j).min(2 * tiles.lanes);
                (tiles.strips)((m, width, k), dst.from(0, j), a, b.from(0, j), accumulate);
            }
        }
    }
}

/// [`product`] with rows of `b` copied to a panel.
///
/// # Safety
/// As for [`Piece`].
#[inline(never)]
unsafe fn copied<T: Copy + Transpose>(
    tiles: &Tiles<T>,
    (m, n, k): Size,
    dst: Matrix<*mut T>,
    a: Matrix<*const T>,
    b: Matrix<*const T>,
    accumulate: bool,
) {
    let mut memory: Panel = [MaybeUninit::uninit(); 4096];
    let row = 2 * tiles.lanes;
    let deepest = size_of::<Panel>() / size_of::<T>() / row;
    let mut l = 0;
    // Once even if there are no terms, because `dst` may have to become 0.
    loop {
        let depth = (k - l).min(deepest);
        for j in (0..n).step_by(row) {
            let width = (n - j).min(row);
            // SAFETY: rows, columns and terms below `m`, `n` and `k`; the memory holds `deepest` rows.
            unsafe {
                let panel = copy_panel(width, depth, b.from(l, j), memory.as_mut_ptr().cast(), row);
                (tiles.strips)((m, width, depth), dst.from(0, j), a.from(0, l), panel, accumulate || l > 0);
            }
        }
        l += depth;
        if l >= k {
            return;
        }
    }
}

/// Copies `width` columns of `depth` rows of `b`, to rows of `row` numbers that lie in order.
///
/// # Safety
/// These elements of `b` must be readable, and `depth` rows writable at `to`.
unsafe fn copy_panel<T: Copy + Transpose>(
    width: usize,
    depth: usize,
    b: Matrix<*const T>,
    to: *mut T,
    row: usize,
) -> Matrix<*const T> {
    // Blocks of four by four where columns lie in order, then what is left on both sides.
    let (blocks_down, blocks_across) = if b.row == 1 { (depth & !3, width & !3) } else { (0, 0) };
    for j in (0..blocks_across).step_by(4) {
        for l in (0..blocks_down).step_by(4) {
            // SAFETY: `l + 3 < depth` and `j + 3 < width <= row`.
            unsafe { T::transpose_4(b.from(l, j).start, b.column, to.add(l * row + j), row) };
        }
    }
    for l in 0..depth {
        if b.column == 1 {
            // SAFETY: `l < depth` and `width <= row`.
            unsafe { b.from(l, 0).start.copy_to_nonoverlapping(to.add(l * row), width) };
            continue;
        }
        for j in if l < blocks_down { blocks_across } else { 0 }..width {
            // SAFETY: `l < depth` and `j < width <= row`.
            unsafe { *to.add(l * row + j) = *b.from(l, j).start };
        }
    }
    Matrix { start: to, row: row as isize, column: 1 }
}
