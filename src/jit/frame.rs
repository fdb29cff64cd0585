//! What compiled code finds at run time: a table of addresses and a table of sizes.
//!
//! Reads plans. Must not know instructions. The table of addresses has one entry per array of the plan, then one for the
//! strips. The table of sizes starts with 16 bytes of zeros, which reads outside an array are directed to.

use crate::graph::{DimId, Extents, Poly};
use crate::plan::{Kernel, Plan, STRIP};
use rustc_hash::FxHashMap;

/// The number of zero entries at the start of the table of sizes.
const ZEROS: usize = 2;

/// The sizes that are known only at run time, in the order of their table.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    polys: Vec<Poly>,
    slots: FxHashMap<Poly, usize>,
}

impl Sizes {
    /// The entry of a size.
    pub(super) fn slot(&mut self, poly: &Poly) -> usize {
        if let Some(slot) = self.slots.get(poly) {
            return *slot;
        }
        let slot = ZEROS + self.polys.len();
        self.polys.push(poly.clone());
        self.slots.insert(poly.clone(), slot);
        slot
    }

    /// The table for given dims; the polynomial that overflows otherwise.
    pub(super) fn evaluate(&self, dims: &[i64]) -> Result<Vec<i64>, &Poly> {
        let size = |d: DimId| dims.get(d.0 as usize).copied().unwrap_or(0);
        let mut out = vec![0; ZEROS];
        for poly in &self.polys {
            out.push(poly.evaluate(&size).ok_or(poly)?);
        }
        Ok(out)
    }
}

/// The value of a polynomial if all dims in it are known.
pub(super) fn known(extents: &Extents, poly: &Poly) -> Option<i64> {
    extents.known(poly)
}

/// The entry of the strips in the table of addresses.
pub(super) fn strips_entry(plan: &Plan) -> usize {
    plan.buffers.len()
}

/// The bytes of one strip.
pub(super) fn strip_bytes(plan: &Plan) -> i64 {
    STRIP * plan.width(crate::plan::Element::Real)
}

/// The bytes of strips that all kernels share.
pub(super) fn strips_bytes(plan: &Plan) -> usize {
    let most = plan.kernels.iter().map(|k: &Kernel| k.strips).max().unwrap_or(0);
    most as usize * strip_bytes(plan) as usize
}
