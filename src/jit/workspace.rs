//! Where arrays lie for given dims, and the memory for those that the caller does not have.
//!
//! Reads plans. Must not know instructions.

use super::frame::{self, Sizes};
use crate::graph::{DimId, Poly};
use crate::plan::{Place, Plan};
use thiserror::Error;

/// Arrays start at multiples of this many bytes.
const ALIGNMENT: usize = 64;

/// Why a compiled program cannot run with some dims.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BindError {
    /// A dim is missing, or is not the one that was compiled for.
    #[error("dim `{name}` is {given}, but the program was compiled for {expected}")]
    Fixed {
        /// The dim.
        name: String,
        /// At compile time.
        expected: i64,
        /// In the call.
        given: i64,
    },
    /// A dim has no size, or one below 1.
    #[error("dim `{name}` needs a size of at least 1")]
    Dim {
        /// The dim.
        name: String,
    },
    /// A size made of dims is negative, or does not fit into memory.
    #[error("the size `{0}` is negative or too large")]
    Size(String),
}

/// Sizes and places for given dims. Cheap to make; valid for any number of runs.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The table that compiled code reads.
    pub(super) sizes: Vec<i64>,
    /// By array: elements.
    pub(super) lengths: Vec<usize>,
    /// By array: bytes from the start of the workspace, for those that lie there.
    pub(super) offsets: Vec<usize>,
    pub(super) strips: usize,
    bytes: usize,
    /// Tells bindings of different programs apart.
    pub(super) program: u64,
}

impl Binding {
    /// How much workspace a run needs.
    pub fn workspace_bytes(&self) -> usize {
        self.bytes
    }
}

/// Memory for intermediate results: made once, used for any number of runs, one at a time.
#[derive(Debug, Default)]
pub struct Workspace {
    memory: Vec<Line>,
    pub(super) addresses: Vec<Address>,
}

/// An entry of the table of addresses. Written at the start of each run, read only during it.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(super) struct Address(pub(super) *mut u8);

// SAFETY: the addresses are dead between runs; a run borrows the workspace.
unsafe impl Send for Address {}
// SAFETY: as above; a shared workspace gives no access to them.
unsafe impl Sync for Address {}

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line(#[allow(dead_code, reason = "only its bytes are used, through a pointer")] [u8; ALIGNMENT]);

impl Workspace {
    /// An empty workspace; it grows when it is first used.
    pub fn new() -> Workspace {
        Workspace::default()
    }

    /// Grows to what a binding needs. Runs do so too; call it to have no allocation in the first run.
    pub fn reserve(&mut self, binding: &Binding) {
        let lines = binding.bytes.div_ceil(ALIGNMENT);
        if self.memory.len() < lines {
            self.memory.resize(lines, Line([0; ALIGNMENT]));
        }
        self.addresses.resize(binding.lengths.len() + 1, Address(std::ptr::null_mut()));
    }

    pub(super) fn start(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr().cast()
    }
}

/// Sizes and places for given dims.
pub(super) fn bind(plan: &Plan, sizes: &Sizes, dims: &[i64], program: u64) -> Result<Binding, BindError> {
    let mut completed = vec![];
    let dims = if plan.extents.dims().iter().any(|d| d.blocks.is_some()) {
        completed.extend_from_slice(dims);
        completed.resize(plan.extents.dims().len(), -1);
        plan.extents.complete(&mut completed);
        &completed
    } else {
        dims
    };
    for (i, dim) in plan.extents.dims().iter().enumerate() {
        match (dim.value, dims.get(i).copied()) {
            (Some(expected), Some(given)) if expected != given => {
                return Err(BindError::Fixed { name: dim.name.clone(), expected, given });
            }
            (Some(_), _) | (None, Some(1..)) => {}
            (None, _) => return Err(BindError::Dim { name: dim.name.clone() }),
        }
    }
    let too_large = |poly: &Poly| BindError::Size(plan.extents.show(poly));
    let size_of = |d: DimId| plan.extents.dim(d).value.or(dims.get(d.0 as usize).copied()).unwrap_or(0);
    let all: Vec<i64> = (0..plan.extents.dims().len()).map(|i| size_of(DimId(i as u32))).collect();
    let mut lengths = vec![];
    let mut bytes = vec![];
    for buffer in &plan.buffers {
        for axis in &buffer.axes {
            let extent = plan.extents.poly(axis.extent);
            if extent.evaluate(&size_of).is_none_or(|n| n < 0) {
                return Err(too_large(extent));
            }
        }
        let width = plan.width(buffer.element);
        let length = buffer.size.evaluate(&size_of).filter(|n| (0..=i64::MAX / 16 / width).contains(n));
        let length = length.ok_or_else(|| too_large(&buffer.size))? as usize;
        lengths.push(length);
        bytes.push((length * width as usize).next_multiple_of(ALIGNMENT));
    }
    for divisor in plan.divisors() {
        if divisor.evaluate(&size_of).is_none_or(|n| n < 1) {
            return Err(too_large(divisor));
        }
    }
    let table = sizes.evaluate(&all).map_err(too_large)?;
    let (offsets, end) = place(plan, &bytes).ok_or_else(|| BindError::Size("workspace".into()))?;
    let total = end.checked_add(frame::strips_bytes(plan)).ok_or_else(|| BindError::Size("workspace".into()))?;
    Ok(Binding { sizes: table, lengths, offsets, strips: end, bytes: total, program })
}

/// Offsets in the workspace: arrays that are alive at the same time do not overlap. Each array goes to the lowest place
/// that is free during its life, in the order in which they are first written. Also gives the end of all.
fn place(plan: &Plan, bytes: &[usize]) -> Option<(Vec<usize>, usize)> {
    let mut offsets = vec![0; bytes.len()];
    let mut end = 0usize;
    let mut order: Vec<(u32, usize)> = vec![];
    let life = |i: usize| match plan.buffers[i].place {
        Place::Workspace { first, last } => Some((first, last)),
        _ => None,
    };
    order.extend((0..bytes.len()).filter_map(|i| life(i).map(|l| (l.0, i))));
    order.sort();
    let mut placed: Vec<usize> = vec![];
    for (first, i) in order {
        // Everything that is still needed when this array is first written.
        placed.retain(|j| life(*j).is_some_and(|l| l.1 >= first));
        placed.sort_by_key(|j| offsets[*j]);
        let mut at = 0usize;
        for j in &placed {
            if at.checked_add(bytes[i])? <= offsets[*j] {
                break;
            }
            at = at.max(offsets[*j].checked_add(bytes[*j])?);
        }
        offsets[i] = at;
        end = end.max(at.checked_add(bytes[i])?);
        placed.push(i);
    }
    Some((offsets, end))
}
