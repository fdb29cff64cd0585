//! The embedding interface: a [`Model`] is compiled into [`Function`]s that a host calls.

mod real;

pub use real::Real;
