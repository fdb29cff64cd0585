//! Whole-array algorithms as calls: `cholesky(A)`, `solve(A, b)`, `argsort(x)`, one matrix or vector at a time.

use super::Writer;
use super::tree::call;
use crate::graph::{Axis, AxisSet, Block, MatrixSize, NodeId, Op};
use crate::syntax::ast::{Binder, Expr};

impl Writer<'_> {
    /// The axes of the matrices or vectors that a block gives; what it has besides tells apart several results.
    fn inside(&self, n: NodeId) -> Vec<Axis> {
        match self.g.op(n) {
            Op::Block(block, size) => block.result_axes(*size).to_vec(),
            _ => vec![],
        }
    }

    /// The order of the axes of a term: of a block what tells apart several results, then rows and columns.
    pub(super) fn order_of(&self, n: NodeId) -> Vec<Axis> {
        let (own, inside) = (self.g.axes(n).minus(&self.fixed), self.inside(n));
        let outer = own.iter().filter(|a| !inside.contains(a));
        outer.chain(inside.iter().copied()).collect()
    }

    /// The call, and the indices of its let if there are several results.
    pub(super) fn algorithm(&mut self, n: NodeId, block: Block, size: MatrixSize) -> (Option<Vec<Binder>>, Expr) {
        let inside: AxisSet = self.inside(n).into_iter().collect();
        let outer = self.g.axes(n).minus(&self.fixed).minus(&inside);
        let around = self.fixed.clone();
        let args = self.g.args(n).to_vec();
        let mut values = vec![];
        for (i, a) in args.iter().enumerate() {
            // An axis of the right sides may have the name of one of the matrix.
            let axes = block.argument_axes(size, i);
            self.fixed = around.union(&outer.minus(&axes.iter().copied().collect()));
            values.push(self.value(*a, &axes));
        }
        self.fixed = around;
        let outer: Vec<Axis> = outer.iter().collect();
        let binders = (!outer.is_empty()).then(|| self.stated_binders(&outer));
        (binders, written(block, values))
    }
}

/// The call in the language.
fn written(block: Block, values: Vec<Expr>) -> Expr {
    match block {
        Block::LogOfDet => call("log", vec![call("det", values)]),
        _ => call(block.name(), values),
    }
}
