//! E05: data and files. See [the catalog](super) for how to add one.

use super::CodeEntry;

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[];
