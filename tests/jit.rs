//! Compiled programs against the reference interpreter.

#![cfg(feature = "jit")]

mod jit {
    pub mod harness;
    mod products;
    mod random;
    mod reductions;
    mod rows;
}
