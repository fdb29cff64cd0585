//! nnc compiles a small mathematical language: a `.nn` file declares a model and a loss as a textbook would,
//! and nnc turns it into native functions for the value and every gradient.
//!
//! The floors, lowest first; a module may use only lower ones (a test enforces it):
//! `span`, `random` · `diag`, `prim`, `kernel` · `syntax`, `graph` · `lower`, `rule`, `interp` · `pass`, `plan`, `jit` ·
//! `data`, `fit`, `model`.

pub mod data;
pub mod diag;
pub mod fit;
pub mod graph;
pub mod interp;
#[cfg(feature = "jit")]
pub mod jit;
pub mod kernel;
pub mod lower;
pub mod model;
pub mod notation;
pub mod pass;
pub mod plan;
pub mod prim;
pub mod random;
pub mod rule;
pub mod span;
pub mod syntax;
