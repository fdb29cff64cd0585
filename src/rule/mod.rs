//! The texts of the primitive table, compiled: derivatives and expansions as templates, rewrite rules as pattern and
//! template.
//!
//! Reads the table, the parser and the graph. Must not know in which order passes run.

mod pattern;
mod rewrite;
mod template;

pub use rewrite::{Fired, Rule, RuleSet};
pub use template::{Env, Template, TextError};
