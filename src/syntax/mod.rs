//! Text to tree and back. The only module that sees pest.
//!
//! Reads spans and the diagnostics catalog. Must not know primitives, shapes or names.

pub mod ast;
