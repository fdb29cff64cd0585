//! The reductions. Placeholder list, filled in next.
/// A reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reduction {}
/// A row.
#[derive(Debug)]
pub struct ReductionRow;
/// All rows.
pub static REDUCTIONS: &[ReductionRow] = &[];
