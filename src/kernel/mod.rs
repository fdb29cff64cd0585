//! Machine-side mathematics: bulk functions over slices that compiled code calls (exp, log, tanh, sin, …), and
//! matrix products.
//!
//! Reads nothing. Must not know primitives or the graph. Each kernel is accurate to 2 ulp and right at NaN,
//! infinities, zeros, subnormals and huge arguments.

mod bulk;
mod functions;
pub mod gemm;
mod lanes;
pub mod linear;
mod pow;
mod precision;
#[cfg(target_arch = "x86_64")]
mod product;
mod scalar;
pub mod sort;
#[cfg(target_arch = "x86_64")]
mod tile;
#[cfg(target_arch = "x86_64")]
mod x86;

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

impl Kernel {
    /// Symbol name, for plans and disassembly.
    pub fn name(&self) -> &'static str {
        match self {
            Kernel::One { name, .. } | Kernel::Two { name, .. } => name,
        }
    }
}

/// e^x.
pub const EXP: Kernel = Kernel::One { name: "exp", f32: bulk::exp_f32, f64: bulk::exp_f64 };
/// 2^x.
pub const EXP2: Kernel = Kernel::One { name: "exp2", f32: bulk::exp2_f32, f64: bulk::exp2_f64 };
/// e^x - 1, without cancellation near 0.
pub const EXPM1: Kernel = Kernel::One { name: "expm1", f32: bulk::expm1_f32, f64: bulk::expm1_f64 };
/// Natural logarithm; -inf at ±0, NaN below 0.
pub const LOG: Kernel = Kernel::One { name: "log", f32: bulk::log_f32, f64: bulk::log_f64 };
/// Logarithm to base 2; -inf at ±0, NaN below 0.
pub const LOG2: Kernel = Kernel::One { name: "log2", f32: bulk::log2_f32, f64: bulk::log2_f64 };
/// Logarithm to base 10; -inf at ±0, NaN below 0.
pub const LOG10: Kernel = Kernel::One { name: "log10", f32: bulk::log10_f32, f64: bulk::log10_f64 };
/// log(1 + x), without cancellation near 0; -inf at -1, NaN below -1.
pub const LOG1P: Kernel = Kernel::One { name: "log1p", f32: bulk::log1p_f32, f64: bulk::log1p_f64 };
/// Sine of an angle in radians; NaN at ±inf.
pub const SIN: Kernel = Kernel::One { name: "sin", f32: bulk::sin_f32, f64: bulk::sin_f64 };
/// Cosine of an angle in radians; NaN at ±inf.
pub const COS: Kernel = Kernel::One { name: "cos", f32: bulk::cos_f32, f64: bulk::cos_f64 };
/// Tangent of an angle in radians; NaN at ±inf.
pub const TAN: Kernel = Kernel::One { name: "tan", f32: bulk::tan_f32, f64: bulk::tan_f64 };
/// Inverse sine, in [-π/2, π/2]; NaN outside [-1, 1].
pub const ASIN: Kernel = Kernel::One { name: "asin", f32: scalar::asin_f32, f64: scalar::asin_f64 };
/// Inverse cosine, in [0, π]; NaN outside [-1, 1].
pub const ACOS: Kernel = Kernel::One { name: "acos", f32: scalar::acos_f32, f64: scalar::acos_f64 };
/// Inverse tangent, in [-π/2, π/2].
pub const ATAN: Kernel = Kernel::One { name: "atan", f32: scalar::atan_f32, f64: scalar::atan_f64 };
/// Hyperbolic sine.
pub const SINH: Kernel = Kernel::One { name: "sinh", f32: bulk::sinh_f32, f64: bulk::sinh_f64 };
/// Hyperbolic tangent.
pub const TANH: Kernel = Kernel::One { name: "tanh", f32: bulk::tanh_f32, f64: bulk::tanh_f64 };
/// 1 / (1 + e^-x); for large negative x it follows e^x down through the subnormal numbers.
pub const SIGMOID: Kernel = Kernel::One { name: "sigmoid", f32: bulk::sigmoid_f32, f64: bulk::sigmoid_f64 };
/// log(1 + e^x); e^x for large negative x, x for large positive x.
pub const SOFTPLUS: Kernel = Kernel::One { name: "softplus", f32: bulk::softplus_f32, f64: bulk::softplus_f64 };
/// Error function, 2/√π ∫₀ˣ e^(-t²) dt.
pub const ERF: Kernel = Kernel::One { name: "erf", f32: bulk::erf_f32, f64: bulk::erf_f64 };
/// 1 - erf(x), without cancellation for large x.
pub const ERFC: Kernel = Kernel::One { name: "erfc", f32: bulk::erfc_f32, f64: bulk::erfc_f64 };
/// Cube root, of the sign of x.
pub const CBRT: Kernel = Kernel::One { name: "cbrt", f32: scalar::cbrt_f32, f64: scalar::cbrt_f64 };
/// a^b with the special cases of C99 annex F: 1 when b is 0 or a is 1, even for NaN; NaN for a < 0 and b not an
/// integer.
pub const POW: Kernel = Kernel::Two { name: "pow", f32: bulk::pow_f32, f64: bulk::pow_f64 };
/// Angle of the point (x = b, y = a), in [-π, π], with the special cases of C99 annex F.
pub const ATAN2: Kernel = Kernel::Two { name: "atan2", f32: scalar::atan2_f32, f64: scalar::atan2_f64 };
/// √(a² + b²) without overflow on the way; inf if either is infinite, even when the other is NaN.
pub const HYPOT: Kernel = Kernel::Two { name: "hypot", f32: scalar::hypot_f32, f64: scalar::hypot_f64 };

/// 1 / a; 0 where |a| is at most 64 times the distance from 1 to the next number times |b|.
pub const RECIPROCAL: Kernel =
    Kernel::Two { name: "reciprocal_or_zero", f32: scalar::reciprocal_f32, f64: scalar::reciprocal_f64 };

pub use scalar::reciprocal_or_zero;

/// Every kernel.
pub static ALL: &[&Kernel] = &[
    &EXP,
    &EXP2,
    &EXPM1,
    &LOG,
    &LOG2,
    &LOG10,
    &LOG1P,
    &SIN,
    &COS,
    &TAN,
    &ASIN,
    &ACOS,
    &ATAN,
    &SINH,
    &TANH,
    &SIGMOID,
    &SOFTPLUS,
    &ERF,
    &ERFC,
    &CBRT,
    &POW,
    &ATAN2,
    &HYPOT,
    &RECIPROCAL,
];
