//! Whole-array algorithms, by the same functions that native code calls, in f64.

use super::array::Array;
use super::{EvaluateError, Evaluation};
use crate::graph::{Axis, AxisSet, Block, Form, MatrixSize, NodeId, core, several};
use crate::kernel::{linear, sort};

impl Evaluation<'_> {
    /// The value of a block; what it is computed from has values.
    pub(super) fn block(&self, n: NodeId, block: Block, size: MatrixSize) -> Result<Array, EvaluateError> {
        let Some((run, work)) = linear::algorithm(block.name()).and_then(|a| Some((a.safe?, a.work))) else {
            return self.order(n, core(size)[0]);
        };
        let args = self.graph.args(n);
        let several: AxisSet = several(self.graph, block, size, args);
        let outer: Vec<Axis> = self.free_axes(n).into_iter().filter(|a| several.contains(*a)).collect();
        let mut own: Vec<Axis> = block.result_axes(size).to_vec();
        if block.is_system() {
            let more = self.free_axes(n).into_iter().filter(|a| *a != own[0] && !several.contains(*a));
            own.extend(more.collect::<Vec<_>>());
        }
        let with = |inner: &[Axis]| -> Vec<Axis> { outer.iter().chain(inner).copied().collect() };
        let [row, column] = core(size);
        let matrix_axes = if block.reads_columns() { [column, row] } else { [row, column] };
        let count: usize = self.sizes(&outer)?.iter().product();
        let each: usize = self.sizes(&own)?.iter().product();
        let mut matrices = self.in_order(args[0], &with(&matrix_axes))?;
        let mut data = match args.get(1) {
            Some(second) => self.in_order(*second, &with(&own))?,
            None if block.is_in_place() => std::mem::take(&mut matrices),
            None => vec![0.0; count * each],
        };
        let (rows, mut columns) = (self.size(row)?, self.size(column)?);
        if block.form() == Form::RightSide {
            columns = self.sizes(&own[1..])?.iter().product();
        }
        let mut space = vec![0.0; work.squares * rows * rows + work.lines * columns];
        let of_one = matrices.len() / count.max(1);
        for k in 0..count {
            let matrix = &mut matrices[k * of_one..(k + 1) * of_one];
            run(&mut data[k * each..(k + 1) * each], matrix, &mut space, rows, columns);
        }
        Ok(Array { axes: with(&own), data })
    }

    /// The positions of the elements along an axis in ascending order.
    fn order(&self, n: NodeId, along: Axis) -> Result<Array, EvaluateError> {
        let arg = self.graph.args(n)[0];
        let mut axes: Vec<Axis> = self.free_axes(arg).into_iter().filter(|a| *a != along).collect();
        axes.push(along);
        let size = self.size(along)?;
        // A term without the axis is the same everywhere along it.
        let values = self.in_order(arg, &axes)?;
        let mut data = Vec::with_capacity(values.len());
        let mut order = vec![0; size];
        for row in values.chunks_exact(size.max(1)) {
            sort::argsort(&mut order, row);
            data.extend(order.iter().map(|i| f64::from(*i)));
        }
        Ok(Array { axes, data })
    }
}
