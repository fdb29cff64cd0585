//! Machine-side mathematics: bulk functions over slices that compiled code calls (exp, log, tanh, sin, …).
//!
//! Reads nothing. Must not know primitives or the graph. Each kernel is accurate to 2 ulp and right at NaN,
//! infinities, zeros, subnormals and huge arguments.

/// `dst[i] = f(src[i])` for `i < n`; `dst` may equal `src`.
pub type OneF32 = unsafe extern "C" fn(dst: *mut f32, src: *const f32, n: usize);
/// As [`OneF32`] for f64.
pub type OneF64 = unsafe extern "C" fn(dst: *mut f64, src: *const f64, n: usize);
/// `dst[i] = f(a[i], b[i])` for `i < n`; `dst` may equal either.
pub type TwoF32 = unsafe extern "C" fn(dst: *mut f32, a: *const f32, b: *const f32, n: usize);
/// As [`TwoF32`] for f64.
pub type TwoF64 = unsafe extern "C" fn(dst: *mut f64, a: *const f64, b: *const f64, n: usize);

/// A function over slices in both precisions.
#[derive(Clone, Copy, Debug)]
pub enum Kernel {
    /// One argument.
    One {
        /// Symbol name, for plans and disassembly.
        name: &'static str,
        /// Single precision.
        f32: OneF32,
        /// Double precision.
        f64: OneF64,
    },
    /// Two arguments.
    Two {
        /// Symbol name, for plans and disassembly.
        name: &'static str,
        /// Single precision.
        f32: TwoF32,
        /// Double precision.
        f64: TwoF64,
    },
}
