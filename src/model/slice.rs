//! Borrowed arrays as hosts pass them: row-major values without a shape.
//!
//! Reads nothing. Must not know programs.

use super::Real;
use crate::graph::Precision;
pub use crate::plan::{Slice, SliceMut};

/// The type of the elements of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// Numbers, single precision.
    F32,
    /// Numbers, double precision.
    F64,
    /// Labels and positions, counted from 0.
    Index,
    /// Truth values: 0 or 1.
    Bool,
}

impl Element {
    /// The Rust type of one element: `f32`, `f64`, `u32` or `u8`.
    pub fn rust_type(self) -> &'static str {
        match self {
            Element::F32 => "f32",
            Element::F64 => "f64",
            Element::Index => "u32",
            Element::Bool => "u8",
        }
    }
}

impl From<Precision> for Element {
    fn from(precision: Precision) -> Element {
        match precision {
            Precision::F32 => Element::F32,
            Precision::F64 => Element::F64,
        }
    }
}

macro_rules! conversions {
    ($($variant:ident $type:ident),*) => { $(
        impl<'a> From<&'a [$type]> for Slice<'a> {
            fn from(values: &'a [$type]) -> Slice<'a> {
                Slice::$variant(values)
            }
        }

        impl<'a, const N: usize> From<&'a [$type; N]> for Slice<'a> {
            fn from(values: &'a [$type; N]) -> Slice<'a> {
                Slice::$variant(values)
            }
        }

        impl<'a> From<&'a Vec<$type>> for Slice<'a> {
            fn from(values: &'a Vec<$type>) -> Slice<'a> {
                Slice::$variant(values)
            }
        }

        impl<'a> From<&'a mut [$type]> for SliceMut<'a> {
            fn from(values: &'a mut [$type]) -> SliceMut<'a> {
                SliceMut::$variant(values)
            }
        }

        impl<'a, const N: usize> From<&'a mut [$type; N]> for SliceMut<'a> {
            fn from(values: &'a mut [$type; N]) -> SliceMut<'a> {
                SliceMut::$variant(values)
            }
        }

        impl<'a> From<&'a mut Vec<$type>> for SliceMut<'a> {
            fn from(values: &'a mut Vec<$type>) -> SliceMut<'a> {
                SliceMut::$variant(values)
            }
        }
    )* };
}

conversions!(F32 f32, F64 f64, Index u32, Bool u8);

impl Slice<'_> {
    /// Their type.
    pub fn element(&self) -> Element {
        match self {
            Slice::F32(_) => Element::F32,
            Slice::F64(_) => Element::F64,
            Slice::Index(_) => Element::Index,
            Slice::Bool(_) => Element::Bool,
        }
    }

    /// All values as numbers.
    pub(crate) fn to_f64(self) -> Vec<f64> {
        match self {
            Slice::F32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Slice::F64(v) => v.to_vec(),
            Slice::Index(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Slice::Bool(v) => v.iter().map(|x| f64::from(*x)).collect(),
        }
    }
}

impl SliceMut<'_> {
    /// The same array, borrowed for a shorter time.
    pub fn reborrow(&mut self) -> SliceMut<'_> {
        match self {
            SliceMut::F32(v) => SliceMut::F32(v),
            SliceMut::F64(v) => SliceMut::F64(v),
            SliceMut::Index(v) => SliceMut::Index(v),
            SliceMut::Bool(v) => SliceMut::Bool(v),
        }
    }

    /// Writes numbers, rounded to the element type.
    pub(crate) fn set_f64(&mut self, values: &[f64]) {
        match self {
            SliceMut::F32(v) => v.iter_mut().zip(values).for_each(|(to, x)| *to = f32::from_f64(*x)),
            SliceMut::F64(v) => v.copy_from_slice(values),
            SliceMut::Index(v) => v.iter_mut().zip(values).for_each(|(to, x)| *to = *x as u32),
            SliceMut::Bool(v) => v.iter_mut().zip(values).for_each(|(to, x)| *to = u8::from(*x != 0.0)),
        }
    }
}

/// The row-major values of one port, owned.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers of a program in single precision.
    F32(Vec<f32>),
    /// Numbers of a program in double precision.
    F64(Vec<f64>),
    /// Labels and positions.
    Index(Vec<u32>),
    /// Truth values.
    Bool(Vec<u8>),
}

impl Values {
    /// Zeros.
    pub fn zeros(element: Element, count: usize) -> Values {
        match element {
            Element::F32 => Values::F32(vec![0.0; count]),
            Element::F64 => Values::F64(vec![0.0; count]),
            Element::Index => Values::Index(vec![0; count]),
            Element::Bool => Values::Bool(vec![0; count]),
        }
    }

    /// Borrows them.
    pub fn as_slice(&self) -> Slice<'_> {
        match self {
            Values::F32(v) => Slice::F32(v),
            Values::F64(v) => Slice::F64(v),
            Values::Index(v) => Slice::Index(v),
            Values::Bool(v) => Slice::Bool(v),
        }
    }

    /// Borrows them for writing.
    pub fn as_slice_mut(&mut self) -> SliceMut<'_> {
        match self {
            Values::F32(v) => SliceMut::F32(v),
            Values::F64(v) => SliceMut::F64(v),
            Values::Index(v) => SliceMut::Index(v),
            Values::Bool(v) => SliceMut::Bool(v),
        }
    }

    /// All values as numbers: labels and truth values as whole ones.
    pub fn to_f64(&self) -> Vec<f64> {
        self.as_slice().to_f64()
    }
}
