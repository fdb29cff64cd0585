//! The elementwise rows. Placeholder list, filled in next.
use super::Row;
/// An elementwise primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Prim {}
/// All rows.
pub static ROWS: &[Row] = &[];
