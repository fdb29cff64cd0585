//! Every reduction along every axis.

use super::harness::{Model, ax, check};
use nnc::prim::{REDUCTIONS, ReductionKind};

#[test]
fn along_each_axis() {
    for row in REDUCTIONS {
        for axis in 0..2 {
            let mut m = Model::new();
            let (a, b) = (m.dim("A", None), m.dim("B", None));
            let (both, one) = ([a, b], [a, b][axis]);
            let other = [a, b][1 - axis];
            let x = match row.kind {
                ReductionKind::Bool => m.truths("x", &both),
                _ => m.input("x", &both),
            };
            let y = m.graph.reduce(row.reduction, &[ax(one, 0)], x);
            m.result(row.name, y, &[ax(other, 0)]);
            for dims in [[1, 1], [3, 4], [4, 3], [5, 33], [32, 5]] {
                check(&m, &dims, 100.0);
            }
        }
    }
}
