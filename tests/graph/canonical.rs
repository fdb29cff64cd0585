//! One node per term: hash-consing, names of bound axes, substitution, deltas, reshapes.

use crate::common::{Bench, assert_close, check_derivatives};
use nnc::graph::{Axis, AxisMap, NodeId, Op, Poly, verify};
use nnc::pass;
use nnc::prim::{Prim, Reduction};

fn renamed(b: &mut Bench, n: NodeId, pairs: &[(Axis, Axis)]) -> NodeId {
    let map = b.g.renaming(pairs.iter().copied());
    b.g.at(n, &map)
}

fn next(axis: Axis) -> Axis {
    Axis { extent: axis.extent, ordinal: axis.ordinal + 1 }
}

#[test]
fn equal_terms_are_one_node() {
    let mut b = Bench::default();
    let n = b.dim("N", 3);
    let (x, y) = (b.real("x", &[n], -1.0, 1.0), b.real("y", &[n], -1.0, 1.0));
    let g = &mut b.g;
    assert_eq!(g.add(&[x, y]), g.add(&[y, x]));
    assert_eq!(g.mul(&[x, y]), g.mul(&[y, x]));
    let (a, c) = (g.add(&[x, y]), g.add(&[x, x]));
    let two = g.constant(2.0);
    assert_eq!(c, g.mul(&[two, x]));
    assert_eq!(g.sub(a, y), x);
    let (xx, x3) = (g.mul(&[x, x]), g.pow_const(x, 3.0));
    assert_eq!(xx, g.pow_const(x, 2.0));
    assert_eq!(g.mul(&[xx, x]), x3);
    let quotient = g.div(x, y);
    let twice = g.div(quotient, y);
    let yy = g.mul(&[y, y]);
    assert_eq!(twice, g.div(x, yy));
    let minus = g.neg(x);
    assert_eq!(g.neg(minus), x);
}

/// Powers above and below a line meet; a factor that may be 0 leaves one behind.
#[test]
fn powers_cancel_across_a_line() {
    let mut b = Bench::default();
    let n = b.dim("N", 3);
    let (x, y) = (b.real("x", &[n], -1.0, 1.0), b.real("y", &[n], -1.0, 1.0));
    let g = &mut b.g;
    let [x2, x3, x4] = [2.0, 3.0, 4.0].map(|k| g.pow_const(x, k));
    let one = g.constant(1.0);
    let (over, cube) = (g.div(x, x4), g.div(one, x3));
    assert_eq!(over, cube);
    assert_eq!(g.div(x4, x2), x2);
    let (above, below) = (g.mul(&[x, y]), g.mul(&[x3, y]));
    let left = g.div(above, below);
    // x / x is not 1 where x is 0: y stays.
    let (y_over, expected) = (g.div(y, y), g.div(one, x2));
    assert_eq!(left, g.mul(&[expected, y_over]));
    assert_ne!(y_over, one);
    // What is known not to be 0 goes altogether.
    let e = g.prim(Prim::Exp, 0.0, &[x]);
    assert_eq!(g.div(e, e), one);
}

#[test]
fn names_of_bound_axes_do_not_matter() {
    let mut b = Bench::default();
    let (n, d) = (b.dim("N", 3), b.dim("D", 4));
    let x = b.real("x", &[n, d], -1.0, 1.0);
    let axes = b.axes(&[n, d]);
    let first = b.g.reduce(Reduction::Sum, &[axes[1]], x);
    let other = renamed(&mut b, x, &[(axes[1], next(axes[1]))]);
    assert_eq!(b.g.reduce(Reduction::Sum, &[next(axes[1])], other), first);
    // In either order, at once or one by one.
    let rows = b.g.reduce(Reduction::Sum, &[axes[0]], first);
    let columns = b.g.reduce(Reduction::Sum, &[axes[0]], x);
    assert_eq!(b.g.reduce(Reduction::Sum, &[axes[1]], columns), rows);
    assert_eq!(b.g.reduce(Reduction::Sum, &axes, x), rows);
}

/// h[n] * h[m] computes the sum behind h once.
#[test]
fn sums_that_differ_in_free_names_share_one_node() {
    let mut b = Bench::default();
    let (n, d) = (b.dim("N", 3), b.dim("D", 4));
    let (x, w) = (b.real("x", &[n, d], -1.0, 1.0), b.real("w", &[d], -1.0, 1.0));
    let axes = b.axes(&[n, d]);
    let product = b.g.mul(&[x, w]);
    let h = b.sum(&[axes[1]], product);
    let other = renamed(&mut b, product, &[(axes[0], next(axes[0]))]);
    let h2 = b.sum(&[axes[1]], other);
    assert_eq!(h2, renamed(&mut b, h, &[(axes[0], next(axes[0]))]));
    let outer = b.g.mul(&[h, h2]);
    let sums = b.g.reachable(&[outer]).into_iter().filter(|n| matches!(b.g.op(*n), Op::Reduce(..))).count();
    assert_eq!(sums, 1);
    let both = [axes[0], next(axes[0])];
    let (one, two) = (b.value(h), b.value_in(outer, &both));
    for (i, v) in two.iter().enumerate() {
        assert!((v - one[i / 3] * one[i % 3]).abs() < 1e-15);
    }
    let loss = {
        let t = b.call("tanh", &[outer]);
        b.sum(&both, t)
    };
    check_derivatives(&mut b, loss, &[x, w]);
}

#[test]
fn substitution_is_simultaneous_and_avoids_capture() {
    let mut b = Bench::default();
    let n = b.dim("N", 3);
    let x = b.real("x", &[n, n], -1.0, 1.0);
    let y = b.real("y", &[n], -1.0, 1.0);
    let axes = b.axes(&[n, n]);
    let (i, j) = (axes[0], axes[1]);
    // Swapped at once, twice: the identity.
    let t = renamed(&mut b, x, &[(i, j), (j, i)]);
    assert_ne!(t, x);
    assert_eq!(renamed(&mut b, t, &[(i, j), (j, i)]), x);
    let (value, swapped) = (b.value_in(x, &axes), b.value_in(t, &axes));
    for k in 0..9 {
        assert_eq!(value[k], swapped[k % 3 * 3 + k / 3]);
    }
    // sum[j](x[i, j]) * y[j] read with i := j: the bound j must not take the free one.
    let sum = b.sum(&[j], x);
    let yj = renamed(&mut b, y, &[(i, j)]);
    let product = b.g.mul(&[sum, yj]);
    let diagonal = renamed(&mut b, product, &[(i, j)]);
    let expected: Vec<f64> = (0..3).map(|k| value[3 * k..3 * k + 3].iter().sum::<f64>() * b.value(y)[k]).collect();
    assert_close(&b.value_in(diagonal, &[j]), &expected, 1e-15, || b.g.show_term(diagonal));
    // A sum over the diagonal: both axes of x become the bound one.
    let on = renamed(&mut b, x, &[(j, i)]);
    let trace = b.sum(&[i], on);
    assert_close(&b.value(trace), &[value[0] + value[4] + value[8]], 1e-15, || "trace".into());
    let loss = {
        let square = b.g.mul(&[diagonal, diagonal]);
        let s = b.sum(&[j], square);
        b.g.mul(&[s, trace])
    };
    check_derivatives(&mut b, loss, &[x, y]);
    verify(&b.g).unwrap();
}

/// A constant cotangent stands for all axes of the user: no factor N may be lost.
#[test]
fn broadcasting_is_undone_by_the_axes_of_the_user() {
    let mut b = Bench::default();
    let (n, k) = (b.dim("N", 5), b.dim("K", 2));
    let (x, bias, s) = (b.real("x", &[n, k], -1.0, 1.0), b.real("b", &[k], -1.0, 1.0), b.real("s", &[], -1.0, 1.0));
    let axes = b.axes(&[n, k]);
    let sum = b.g.add(&[x, bias, s]);
    let loss = b.sum(&axes, sum);
    let gradient = pass::gradient(&mut b.g, loss, &[x, bias, s]);
    assert_eq!(b.value_in(gradient[0], &axes), [1.0; 10]);
    assert_eq!(b.value_in(gradient[1], &axes[1..]), [5.0; 2]);
    assert_eq!(b.value(gradient[2]), [10.0]);
    // And through a node that is itself broadcast.
    let t = b.call("tanh", &[bias]);
    let sum = b.g.add(&[x, t]);
    let loss = b.sum(&axes, sum);
    check_derivatives(&mut b, loss, &[x, bias]);
}

#[test]
fn sums_merge_unless_a_matrix_product_would_be_lost() {
    let mut b = Bench::default();
    let (n, k, m) = (b.dim("N", 3), b.dim("K", 4), b.dim("M", 2));
    let (x, y) = (b.real("x", &[n, k], -1.0, 1.0), b.real("y", &[n, k], -1.0, 1.0));
    let (v, w) = (b.real("v", &[k, m], -1.0, 1.0), b.real("w", &[k, m], -1.0, 1.0));
    let k = b.axes(&[k])[0];
    let sums =
        |b: &Bench, n: NodeId| b.g.reachable(&[n]).into_iter().filter(|n| matches!(b.g.op(*n), Op::Reduce(..))).count();
    let (a, c) = (b.sum(&[k], x), b.sum(&[k], y));
    let merged = b.g.add(&[a, c]);
    assert_eq!(sums(&b, merged), 1, "{}", b.g.show_term(merged));
    let (xv, yw) = (b.g.mul(&[x, v]), b.g.mul(&[y, w]));
    let (a, c) = (b.sum(&[k], xv), b.sum(&[k], yw));
    let two = b.g.add(&[a, c]);
    assert_eq!(sums(&b, two), 2, "{}", b.g.show_term(two));
    // With a common factor one product is left: (x + y) @ v.
    let yv = b.g.mul(&[y, v]);
    let c = b.sum(&[k], yv);
    let one = b.g.add(&[a, c]);
    assert_eq!(sums(&b, one), 1, "{}", b.g.show_term(one));
}

#[test]
fn deltas_become_reads() {
    let mut b = Bench::default();
    let (n, k) = (b.dim("N", 3), b.dim("K", 5));
    let x = b.real("x", &[n, k], -1.0, 1.0);
    let y = b.labels("y", &[n], k);
    let axes = b.axes(&[n, k]);
    let column = b.g.axis(axes[1]);
    let hot = b.g.index_equal(column, y);
    let masked = b.g.mask(&[hot], x);
    let sum = b.sum(&[axes[1]], masked);
    let map: AxisMap = [(axes[1], y)].into_iter().collect();
    assert_eq!(sum, b.g.at(x, &map), "a one-hot product is a gather");
    // sum[u] [u == k + 1] x[n, u] is x[n, k + 1], and 0 beyond the last column.
    let u = next(axes[1]);
    let xu = renamed(&mut b, x, &[(axes[1], u)]);
    let (place, at) = (b.g.linear(&[(column, Poly::constant(1))], Poly::constant(1)), b.g.axis(u));
    let shifted = b.g.index_equal(at, place);
    let masked = b.g.mask(&[shifted], xu);
    let sum = b.sum(&[u], masked);
    assert!(!b.g.reachable(&[sum]).iter().any(|n| matches!(b.g.op(*n), Op::Reduce(..))), "{}", b.g.show_term(sum));
    let value = b.value_in(x, &axes);
    let expected: Vec<f64> = (0..15).map(|i| if i % 5 < 4 { value[i + 1] } else { 0.0 }).collect();
    assert_eq!(b.value_in(sum, &axes), expected);
    // A stride is no read of one place by the other axis; the value is right all the same.
    let twice = b.g.linear(&[(at, Poly::constant(2))], Poly::default());
    let even = b.g.index_equal(twice, column);
    let masked = b.g.mask(&[even], xu);
    let sum = b.sum(&[u], masked);
    let expected: Vec<f64> = (0..15).map(|i| if i % 5 % 2 == 0 { value[i / 5 * 5 + i % 5 / 2] } else { 0.0 }).collect();
    assert_eq!(b.value_in(sum, &axes), expected);
    let squares = b.g.mul(&[sum, sum]);
    let loss = b.sum(&axes, squares);
    check_derivatives(&mut b, loss, &[x]);
}

#[test]
fn reshape_and_back_is_nothing() {
    let mut b = Bench::default();
    let (n, c) = (b.dim("N", 3), b.dim("C", 4));
    let x = b.real("x", &[n, c], -1.0, 1.0);
    let axes = b.axes(&[n, c]);
    let (pn, pc) = (b.g.extents.poly(n).clone(), b.g.extents.poly(c).clone());
    let flat = b.g.extents.intern(pn.mul(&pc));
    let m = Axis { extent: flat, ordinal: 0 };
    let (row, column) = {
        let m = b.g.axis(m);
        (b.g.quotient(m, &pc), b.g.remainder(m, &pc))
    };
    let map: AxisMap = [(axes[0], row), (axes[1], column)].into_iter().collect();
    let vector = b.g.at(x, &map);
    assert_eq!(b.value_in(vector, &[m]), b.value_in(x, &axes));
    let index = {
        let (i, j) = (b.g.axis(axes[0]), b.g.axis(axes[1]));
        b.g.linear(&[(i, pc.clone()), (j, Poly::constant(1))], Poly::default())
    };
    let map: AxisMap = [(m, index)].into_iter().collect();
    assert_eq!(b.g.at(vector, &map), x);
    let t = b.call("tanh", &[vector]);
    assert_eq!(b.g.at(t, &map), b.call("tanh", &[x]));
    // Its derivative is right without knowing that.
    let v = b.real("v", &[flat], -1.0, 1.0);
    let product = b.g.mul(&[t, v, t]);
    let loss = b.sum(&[m], product);
    check_derivatives(&mut b, loss, &[x, v]);
}

/// x[i] where i is data that is itself read at data.
#[test]
fn reads_at_reads() {
    let mut b = Bench::default();
    let (n, k) = (b.dim("N", 4), b.dim("K", 5));
    let x = b.real("x", &[k], -1.0, 1.0);
    let (p, q) = (b.labels("p", &[k], k), b.labels("q", &[n], k));
    let (an, ak) = (b.axes(&[n])[0], b.axes(&[k])[0]);
    let by_p: AxisMap = [(ak, p)].into_iter().collect();
    let by_q: AxisMap = [(ak, q)].into_iter().collect();
    let inner = b.g.at(x, &by_p);
    let both = b.g.at(inner, &by_q);
    let (vx, vp, vq) = (b.value(x), b.value(p), b.value(q));
    let expected: Vec<f64> = vq.iter().map(|i| vx[vp[*i as usize] as usize]).collect();
    assert_eq!(b.value(both), expected);
    let e = b.call("exp", &[both]);
    let loss = b.sum(&[an], e);
    check_derivatives(&mut b, loss, &[x]);
}
