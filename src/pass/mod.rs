//! Passes: program to program. Each rebuilds reachable nodes through the canonicalising constructors.
//!
//! `normalize` (canon, stable, simplify) → `gradient` / `tangent` → `normalize` → `expand` → `prune`.
//!
//! Reads graph, rules and the table. Must not know plans or machine code.

mod block;
mod derivative;
mod forward;
pub mod free;
mod jacobian;
mod products;
mod repeat;
mod reverse;
mod rewrite;

pub use forward::tangent;
pub use jacobian::{Mode, cheaper, jacobian};
pub use products::order_products;
pub use reverse::{Part, Step, cotangents, gradient, gradient_in_steps};
pub use rewrite::{drop_rules, expand, normalize, normalize_traced, prune};

pub use crate::rule::Fired;
