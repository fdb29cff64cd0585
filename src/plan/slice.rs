//! Arrays of a caller, with their element type.
//!
//! Reads nothing. Must not know what they are for.

use super::Element;
use crate::graph::Precision;

/// An array that is read.
#[derive(Clone, Copy, Debug)]
pub enum Slice<'a> {
    /// Numbers of a program in single precision.
    F32(&'a [f32]),
    /// Numbers of a program in double precision.
    F64(&'a [f64]),
    /// Labels.
    Index(&'a [u32]),
    /// Truth values, 0 or 1.
    Bool(&'a [u8]),
}

/// An array that is written.
#[derive(Debug)]
pub enum SliceMut<'a> {
    /// Numbers of a program in single precision.
    F32(&'a mut [f32]),
    /// Numbers of a program in double precision.
    F64(&'a mut [f64]),
    /// Labels.
    Index(&'a mut [u32]),
    /// Truth values, 0 or 1.
    Bool(&'a mut [u8]),
}

impl Slice<'_> {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Slice::F32(s) => s.len(),
            Slice::F64(s) => s.len(),
            Slice::Index(s) => s.len(),
            Slice::Bool(s) => s.len(),
        }
    }

    /// No elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type in words: `f32`, `f64`, `u32`, `bool`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Slice::F32(_) => "f32",
            Slice::F64(_) => "f64",
            Slice::Index(_) => "u32",
            Slice::Bool(_) => "bool",
        }
    }

    /// Where the elements start.
    pub fn as_ptr(&self) -> *const u8 {
        match self {
            Slice::F32(s) => s.as_ptr().cast(),
            Slice::F64(s) => s.as_ptr().cast(),
            Slice::Index(s) => s.as_ptr().cast(),
            Slice::Bool(s) => s.as_ptr(),
        }
    }
}

impl SliceMut<'_> {
    /// The same array, to be read.
    pub fn as_slice(&self) -> Slice<'_> {
        match self {
            SliceMut::F32(s) => Slice::F32(s),
            SliceMut::F64(s) => Slice::F64(s),
            SliceMut::Index(s) => Slice::Index(s),
            SliceMut::Bool(s) => Slice::Bool(s),
        }
    }

    /// Where the elements start.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        match self {
            SliceMut::F32(s) => s.as_mut_ptr().cast(),
            SliceMut::F64(s) => s.as_mut_ptr().cast(),
            SliceMut::Index(s) => s.as_mut_ptr().cast(),
            SliceMut::Bool(s) => s.as_mut_ptr(),
        }
    }
}

impl Element {
    /// The element type of slices of a program in this precision, in words.
    pub fn type_name(self, precision: Precision) -> &'static str {
        match (self, precision) {
            (Element::Real, Precision::F32) => "f32",
            (Element::Real, Precision::F64) => "f64",
            (Element::Index, _) => "u32",
            (Element::Bool, _) => "bool",
        }
    }
}
