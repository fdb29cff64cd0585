//! Whole-array algorithms: the matrix or vector and the right side are written where the algorithm finds them, one matrix after
//! the other, and the result stands in the place of the right side.
//!
//! Reads the graph. Must not know how an algorithm works.

use super::Place;
use super::builder::{Builder, Home, element_of};
use super::kernel::{BlockCall, BufferId, Element, Item, Kernel};
use super::lower::Lowering;
use super::nest::{Nest, Phase, Sink};
use crate::graph::{Axis, Block, MatrixSize, NodeId, Op, Poly, core, several};
use crate::kernel::linear::algorithm;
use smallvec::SmallVec;

/// The axes of a block in memory.
struct Order {
    /// Tell apart several matrices.
    several: Vec<Axis>,
    /// The rest: of one result.
    each: Vec<Axis>,
}

/// The axes of the matrix or vector that a block reads, as it lies in memory.
fn read_axes(block: Block, size: MatrixSize) -> SmallVec<[Axis; 2]> {
    let mut axes = block.argument_axes(size, 0);
    if block.reads_columns() {
        axes.reverse();
    }
    axes
}

impl Builder {
    fn block_order(&self, n: NodeId, block: Block, size: MatrixSize) -> Order {
        let several = several(&self.graph, block, size, self.graph.args(n));
        let own = self.axes(n);
        let mut each = block.result_axes(size).to_vec();
        if block.is_system() {
            each.extend(own.iter().filter(|a| *a != each[0] && !several.contains(*a)).collect::<Vec<_>>());
        }
        Order { several: own.iter().filter(|a| several.contains(*a)).collect(), each }
    }

    /// Where the result of a block lies.
    pub(super) fn declare_block(&mut self, n: NodeId, block: Block, size: MatrixSize) {
        let unset = Place::Workspace { first: u32::MAX, last: 0 };
        let order = self.block_order(n, block, size);
        let axes: Vec<Axis> = order.several.into_iter().chain(order.each).collect();
        let name = format!("t{}", n.0);
        let result = self.buffer(&name, element_of(block.kind()), &axes, unset);
        let mut buffers: SmallVec<[BufferId; 2]> = SmallVec::from_slice(&[result]);
        if !block.is_in_place() {
            let matrix = read_axes(block, size);
            buffers.push(self.buffer(&format!("{name}.matrix"), Element::Real, &matrix, unset));
        }
        if let Some(space) = self.work_size(block, size) {
            let axis = Axis { extent: self.graph.extents.intern(space), ..core(size)[0] };
            buffers.push(self.buffer(&format!("{name}.work"), Element::Real, &[axis], unset));
        }
        self.homes.insert(n, Home { axes, buffers, row: None });
    }

    /// The elements of the work space of a block, if it needs one. Systems need none.
    fn work_size(&self, block: Block, size: MatrixSize) -> Option<Poly> {
        let work = algorithm(block.name())?.work;
        let [rows, columns] = [size.rows, size.columns].map(|e| self.graph.extents.poly(e));
        let squares = rows.mul(rows).scale(work.squares as i64);
        (work.squares + work.lines > 0).then(|| squares.add(&columns.scale(work.lines as i64)))
    }

    /// Copies, then the call, for each matrix.
    pub(super) fn block_kernel(&mut self, n: NodeId, block: Block, size: MatrixSize) -> Kernel {
        let home = self.homes[&n].clone();
        let Order { several, each } = self.block_order(n, block, size);
        let read = read_axes(block, size);
        let args = self.graph.args(n).to_vec();
        let mut others = home.buffers[1..].iter().copied();
        let matrix = if block.is_in_place() { None } else { others.next() };
        let work = others.next();
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
        if let Some(matrix) = matrix {
            store(&mut lowering, matrix, &read, &read, args[0]);
        }
        // What lies where the result comes: the matrix itself, or the right side.
        let in_place = if matrix.is_none() { args.first() } else { args.get(1) };
        if let Some(term) = in_place {
            store(&mut lowering, home.buffers[0], &home.axes, &each, *term);
        }
        // The first element of this result.
        let at = lowering.indices(&several);
        let start = lowering.address(home.buffers[0], &at);
        let graph = &lowering.builder.graph;
        let of = |axes: &[Axis]| axes.iter().fold(Poly::constant(1), |p, a| p.mul(graph.extent(*a)));
        let call = BlockCall {
            block,
            n: of(&core(size)[..1]),
            m: if block.is_system() { of(&each[1..]) } else { of(&core(size)[1..]) },
            dst: home.buffers[0],
            start,
            matrix,
            work,
        };
        phases.push(Phase::of(vec![Sink::Item(Item::Block(Box::new(call)))]));
        lowering.schedule(vec![Nest { outer, phases }])
    }

    /// The block that a term is.
    pub(super) fn as_block(&self, n: NodeId) -> Option<(Block, MatrixSize)> {
        match self.graph.op(n) {
            Op::Block(block, size) => Some((*block, *size)),
            _ => None,
        }
    }
}
