//! Whole-array algorithms, by the same functions that native code calls, in f64.

use super::array::Array;
use super::{EvaluateError, Evaluation};
use crate::graph::{Axis, Block, ExtentId, NodeId, core};
use crate::kernel::{linear, sort};

impl Evaluation<'_> {
    /// The value of a block; what it is computed from has values.
    pub(super) fn block(&self, n: NodeId, block: Block, extent: ExtentId) -> Result<Array, EvaluateError> {
        let [row, column] = core(extent);
        if block == Block::ArgSort {
            return self.order(n, row);
        }
        let args = self.graph.args(n);
        let is_core = |a: &Axis| *a == row || *a == column;
        let several: Vec<Axis> = self.free_axes(args[0]).into_iter().filter(|a| !is_core(a)).collect();
        let columns: Vec<Axis> = match block.is_system() {
            true => self.free_axes(n).into_iter().filter(|a| *a != row && !several.contains(a)).collect(),
            false => vec![],
        };
        let size = self.size(row)?;
        let m: usize = self.sizes(&columns)?.iter().product();
        let matrix_axes: Vec<Axis> = several.iter().copied().chain([row, column]).collect();
        let mut matrices = self.in_order(args[0], &matrix_axes)?;
        let count: usize = self.sizes(&several)?.iter().product();
        let (axes, data) = match block {
            Block::Cholesky => {
                for k in 0..count {
                    linear::cholesky(&mut matrices[k * size * size..(k + 1) * size * size], size);
                }
                (matrix_axes, matrices)
            }
            Block::Det | Block::LogDet => {
                let each = |k: usize| {
                    let mut a = matrices[k * size * size..(k + 1) * size * size].to_vec();
                    if block == Block::Det { linear::det(&mut a, size) } else { linear::logdet(&mut a, size) }
                };
                (several, (0..count).map(each).collect())
            }
            Block::SolveLower | Block::SolveUpper | Block::Solve | Block::ArgSort => {
                let axes: Vec<Axis> = several.iter().copied().chain([row]).chain(columns).collect();
                let mut right = self.in_order(args[1], &axes)?;
                for k in 0..count {
                    let a = &mut matrices[k * size * size..(k + 1) * size * size];
                    let b = &mut right[k * size * m..(k + 1) * size * m];
                    match block {
                        Block::SolveLower => linear::solve_lower(b, a, size, m),
                        Block::SolveUpper => linear::solve_upper(b, a, size, m),
                        _ => linear::solve(b, a, size, m),
                    }
                }
                (axes, right)
            }
        };
        Ok(Array { axes, data })
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
