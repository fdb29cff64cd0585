//! The two element types of reals, as one trait for code that is the same in both.
//!
//! Reads nothing. Must not know programs or training.

use super::slice::{Slice, SliceMut, Values};
use crate::graph::Precision;
use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// `f32` or `f64`: the element type of all reals of a program.
pub trait Real:
    Copy
    + Debug
    + Display
    + Default
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + 'static
{
    /// The precision this type stands for.
    const PRECISION: Precision;
    /// The distance from 1 to the next larger number.
    const EPSILON: f64;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;

    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
    /// The same value, exactly.
    fn to_f64(self) -> f64;
    /// Square root, correctly rounded; NaN below 0.
    fn sqrt(self) -> Self;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// The bytes of the value, little end first, appended to `out`.
    fn write_le(self, out: &mut Vec<u8>);
    /// The value of little-endian `bytes`, of which there are [`Real::BYTES`].
    fn read_le(bytes: &[u8]) -> Option<Self>;
    /// A slice as the arrays of a call.
    fn slice(values: &[Self]) -> Slice<'_>;
    /// A slice as the results of a call.
    fn slice_mut(values: &mut [Self]) -> SliceMut<'_>;
    /// Owned values.
    fn values(values: Vec<Self>) -> Values;
    /// Size in bytes.
    const BYTES: usize = size_of::<Self>();
}

macro_rules! real {
    ($type:ident, $precision:ident) => {
        impl Real for $type {
            const PRECISION: Precision = Precision::$precision;
            const EPSILON: f64 = $type::EPSILON as f64;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            fn from_f64(value: f64) -> Self {
                value as $type
            }

            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            fn sqrt(self) -> Self {
                self.sqrt()
            }

            fn is_finite(self) -> bool {
                self.is_finite()
            }

            fn write_le(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn slice(values: &[Self]) -> Slice<'_> {
                values.into()
            }

            fn slice_mut(values: &mut [Self]) -> SliceMut<'_> {
                values.into()
            }

            fn values(values: Vec<Self>) -> Values {
                Values::$precision(values)
            }

            fn read_le(bytes: &[u8]) -> Option<Self> {
                Some($type::from_le_bytes(bytes.try_into().ok()?))
            }
        }
    };
}

real!(f32, F32);
real!(f64, F64);
