//! Matrix products in all positions.

use super::harness::{Model, ax, check};
use nnc::prim::{Prim, Reduction};

#[test]
fn plain_product() {
    let mut m = Model::new();
    let (n, d, h) = (m.dim("N", None), m.dim("D", Some(7)), m.dim("H", Some(9)));
    let (x, w) = (m.input("x", &[n, d]), m.input("W", &[d, h]));
    let product = m.graph.mul(&[x, w]);
    let y = m.graph.reduce(Reduction::Sum, &[ax(d, 0)], product);
    m.result("y", y, &[ax(n, 0), ax(h, 0)]);
    m.result("transposed", y, &[ax(h, 0), ax(n, 0)]);
    for n in [1, 3, 4, 5, 32, 33] {
        check(&m, &[n, 7, 9], 20.0);
    }
}

#[test]
fn digits_forward() {
    let mut m = Model::new();
    let (n, d, h, c) = (m.dim("N", None), m.dim("D", Some(64)), m.dim("H", Some(128)), m.dim("C", Some(10)));
    let (x, w1, b1) = (m.input("x", &[n, d]), m.input("W1", &[d, h]), m.input("b1", &[h]));
    let (w2, b2) = (m.input("W2", &[h, c]), m.input("b2", &[c]));
    let g = &mut m.graph;
    let xw = g.mul(&[x, w1]);
    let z1 = g.reduce(Reduction::Sum, &[ax(d, 0)], xw);
    let z1 = g.add(&[z1, b1]);
    let a = g.prim(Prim::Relu, 0.0, &[z1]);
    let aw = g.mul(&[a, w2]);
    let z = g.reduce(Reduction::Sum, &[ax(h, 0)], aw);
    let z = g.add(&[z, b2]);
    let lse = g.reduce(Reduction::LogSumExp, &[ax(c, 0)], z);
    let log_p = g.sub(z, lse);
    let p = g.prim(Prim::Exp, 0.0, &[log_p]);
    m.result("p", p, &[ax(n, 0), ax(c, 0)]);
    m.result("lse", lse, &[ax(n, 0)]);
    for n in [1, 5, 32] {
        check(&m, &[n, 64, 128, 10], 2000.0);
    }
}
