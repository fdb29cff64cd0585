//! E02: names, scopes and imports. See [the catalog](super) for how to add one.

use super::CodeEntry;

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[];
