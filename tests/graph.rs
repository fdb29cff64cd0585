//! The expression graph: equal terms are one node, substitution is hygienic, what is not selected has no influence,
//! stable forms are found through views, and nothing grows faster than the program.

mod common;

#[path = "graph/canonical.rs"]
mod canonical;
#[path = "graph/growth.rs"]
mod growth;
#[path = "graph/stable.rs"]
mod stable;
#[path = "graph/zeros.rs"]
mod zeros;
