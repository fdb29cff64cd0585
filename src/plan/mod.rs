//! From terms to loops: which terms are kept in memory, what each kernel computes, in which order, and where every
//! array lies.
//!
//! Reads the graph, the primitive table and the list of bulk functions. Must not know the machine: a plan is plain data
//! that prints.

mod address;
mod block;
mod builder;
mod choose;
mod cost;
mod kernel;
mod lower;
mod nest;
mod print;
mod product;
mod repeat;
mod scatter;
mod schedule;
mod slice;

pub use address::Address;
pub use cost::Cost;
pub use kernel::{
    BlockCall, BufferId, Element, Expr, ExprId, Item, Kernel, Loop, Matrix, Product, StripId, Total, TotalId, VarId,
};
pub use slice::{Slice, SliceMut};

use crate::graph::{Axis, ExtentId, Extents, Graph, NodeId, Poly, PortId, Precision};

/// How many elements a strip of temporaries has: bulk functions are called for at most this many.
pub const STRIP: i64 = 512;

/// A term to compute.
#[derive(Clone, Debug)]
pub struct PlanResult {
    /// Its name.
    pub name: String,
    /// The term.
    pub node: NodeId,
    /// The order of its axes in memory, slowest first. The term may lack some of them: it is then repeated.
    pub axes: Vec<Axis>,
}

/// An array at the border of a plan.
#[derive(Clone, Debug)]
pub struct Border {
    /// Its name.
    pub name: String,
    /// What its elements are.
    pub element: Element,
    /// Its sizes, slowest axis first.
    pub shape: Vec<ExtentId>,
}

/// Where an array lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In memory of the caller, read only: an entry of [`Plan::ports`].
    Port(u32),
    /// In memory of the caller, written: an entry of [`Plan::results`].
    Result(u32),
    /// In the workspace, from the kernel that writes it first to the last one that reads it.
    Workspace {
        /// A position in [`Plan::kernels`].
        first: u32,
        /// A position in [`Plan::kernels`].
        last: u32,
    },
}

/// An array.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// What it holds.
    pub name: String,
    /// What its elements are.
    pub element: Element,
    /// Its axes, slowest first.
    pub axes: Vec<Axis>,
    /// Elements between neighbours along each axis.
    pub strides: Vec<Poly>,
    /// How many elements it has.
    pub size: Poly,
    /// Where it lies.
    pub place: Place,
}

/// What is computed, in which order, and where everything lies.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The type of reals.
    pub precision: Precision,
    /// Dims and sizes.
    pub extents: Extents,
    /// The ports that are read, by id.
    pub ports: Vec<(PortId, Border)>,
    /// The results in the given order.
    pub results: Vec<Border>,
    /// All arrays.
    pub buffers: Vec<Buffer>,
    /// The kernels in the order they run.
    pub kernels: Vec<Kernel>,
    /// Which of them run again and again; an outer loop stands before those in it.
    pub repeats: Vec<Repeat>,
}

/// Kernels that run once for every turn of a loop.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// The first kernel of a turn.
    pub first: u32,
    /// One more than the last.
    pub end: u32,
    /// How many turns there are.
    pub extent: ExtentId,
    /// Holds the number of the turn, from 0; after the loop the number of turns that were done.
    pub counter: BufferId,
    /// Two truth values that take turns: no more turns are done when the one that was written last holds.
    pub done: Option<BufferId>,
}

/// Plans the computation of some terms. Primitives that are written in terms of others must be gone.
pub fn plan(graph: &Graph, precision: Precision, results: &[PlanResult]) -> Plan {
    builder::Builder::new(graph, precision).build(results)
}

impl Plan {
    /// How often a kernel runs at most.
    pub fn runs(&self, kernel: usize) -> Poly {
        let around = self.repeats.iter().filter(|r| (r.first as usize..r.end as usize).contains(&kernel));
        around.fold(Poly::constant(1), |runs, r| runs.mul(self.extents.poly(r.extent)))
    }

    /// An array.
    pub fn buffer(&self, id: BufferId) -> &Buffer {
        &self.buffers[id.0 as usize]
    }

    /// Where an element is.
    pub fn address(&self, kernel: &Kernel, buffer: BufferId, at: &[ExprId]) -> Address {
        Address::of(kernel, &self.extents, at, &self.buffer(buffer).strides)
    }
}
