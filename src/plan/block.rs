//! Whole-array algorithms: the matrix or vector and the right side are written where the algorithm finds them, one matrix after
//! the other, and the result stands in the place of the right side.
//!
//! Reads the graph. Must not know how an algorithm works.

use super::Place;
use super::builder::{Builder, Home, element_of};
use super::kernel::{BlockCall, BufferId, Element, Item, Kernel};
use super::lower::Lowering;
use super::nest::{Nest, Phase, Sink};
use crate::graph::{Axis, Block, ExtentId, NodeId, Op, Poly, core};
use smallvec::SmallVec;

/// The axes of a block in memory.
struct Order {
    /// Tell apart several matrices.
    several: Vec<Axis>,
    /// The rest: of one result.
    each: Vec<Axis>,
}

/// The axes of the matrix or vector that a block reads.
fn read_axes(block: Block, extent: ExtentId) -> SmallVec<[Axis; 2]> {
    let [row, column] = core(extent);
    if block == Block::ArgSort { SmallVec::from_slice(&[row]) } else { SmallVec::from_slice(&[row, column]) }
}

impl Builder {
    fn block_order(&self, n: NodeId, block: Block, extent: ExtentId) -> Order {
        let [row, column] = core(extent);
        let own = self.axes(n);
        let inside = [row, column].into_iter().collect();
        let several: Vec<Axis> = self.axes(self.graph.args(n)[0]).minus(&inside).iter().collect();
        let each = match block {
            Block::Cholesky => vec![row, column],
            Block::Det | Block::LogDet => vec![],
            Block::ArgSort => vec![row],
            _ => [row].into_iter().chain(own.iter().filter(|a| *a != row && !several.contains(a))).collect(),
        };
        Order { several, each }
    }

    /// Where the result of a block lies.
    pub(super) fn declare_block(&mut self, n: NodeId, block: Block, extent: ExtentId) {
        let unset = Place::Workspace { first: u32::MAX, last: 0 };
        let order = self.block_order(n, block, extent);
        let axes: Vec<Axis> = order.several.into_iter().chain(order.each).collect();
        let name = format!("t{}", n.0);
        let result = self.buffer(&name, element_of(block.kind()), &axes, unset);
        let mut buffers: SmallVec<[BufferId; 2]> = SmallVec::from_slice(&[result]);
        if block != Block::Cholesky {
            let matrix = read_axes(block, extent);
            buffers.push(self.buffer(&format!("{name}.matrix"), Element::Real, &matrix, unset));
        }
        self.homes.insert(n, Home { axes, buffers, row: None });
    }

    /// Copies, then the call, for each matrix.
    pub(super) fn block_kernel(&mut self, n: NodeId, block: Block, extent: ExtentId) -> Kernel {
        let home = self.homes[&n].clone();
        let Order { several, each } = self.block_order(n, block, extent);
        let [row, _] = core(extent);
        let read = read_axes(block, extent);
        let args = self.graph.args(n).to_vec();
        let mut lowering = Lowering::new(self);
        lowering.kernel.name = lowering.builder.plan.buffer(home.buffers[0]).name.clone();
        let outer = several.iter().map(|a| lowering.kernel.var(*a)).collect();
        let mut phases = vec![];
        let mut store = |l: &mut Lowering, buffer: BufferId, axes: &[Axis], inner: &[Axis], term: NodeId| {
            let value = l.value(term);
            let at = l.indices(axes);
            let checked = vec![false; at.len()];
            let kept = inner.iter().map(|a| l.kernel.var(*a)).collect();
            let sink = Sink::Store { buffer, at, value, combine: None, checked };
            phases.push(Phase { kept, ..Phase::of(vec![sink]) });
        };
        match home.buffers.get(1) {
            None => store(&mut lowering, home.buffers[0], &home.axes, &each, args[0]),
            Some(matrix) => {
                store(&mut lowering, *matrix, &read, &read, args[0]);
                if block.is_system() {
                    store(&mut lowering, home.buffers[0], &home.axes, &each, args[1]);
                }
            }
        }
        // The first element of this result.
        let at = lowering.indices(&several);
        let start = lowering.address(home.buffers[0], &at);
        let size =
            |l: &Lowering, axes: &[Axis]| axes.iter().fold(Poly::constant(1), |p, a| p.mul(l.builder.graph.extent(*a)));
        let call = BlockCall {
            block,
            n: size(&lowering, &[row]),
            m: if block.is_system() { size(&lowering, &each[1..]) } else { Poly::constant(0) },
            dst: home.buffers[0],
            start,
            matrix: home.buffers.get(1).copied(),
        };
        phases.push(Phase::of(vec![Sink::Item(Item::Block(Box::new(call)))]));
        lowering.schedule(vec![Nest { outer, phases }])
    }

    /// The block that a term is.
    pub(super) fn as_block(&self, n: NodeId) -> Option<(Block, ExtentId)> {
        match self.graph.op(n) {
            Op::Block(block, extent) => Some((*block, *extent)),
            _ => None,
        }
    }
}
