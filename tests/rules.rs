//! The rewrite rules of the table: each keeps its law, pays for itself, fires, and comes to rest; and all of them
//! together, with the canonical form, change no random term.

mod common;

#[path = "rules/laws.rs"]
mod laws;
#[path = "rules/naive.rs"]
mod naive;
#[path = "rules/random_terms.rs"]
mod random_terms;
