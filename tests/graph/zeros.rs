//! What an `if` does not take has no influence, to third order; kinks and ties.

use crate::common::{Bench, assert_close, check_derivatives};
use nnc::graph::{AxisMap, NodeId, PortKind};
use nnc::pass;
use nnc::prim::{Prim, Reduction};

/// The value and the first three derivatives of a function of one number, as built and after normalisation at each
/// step.
fn jet(x: f64, build: impl Fn(&mut Bench, NodeId) -> NodeId) -> [[f64; 4]; 2] {
    [false, true].map(|normal| {
        let mut b = Bench::default();
        let p = b.real("x", &[], 0.0, 1.0);
        let id = b.port_of(p);
        b.bindings.ports.insert(id, vec![x]);
        let mut f = build(&mut b, p);
        let mut out = [0.0; 4];
        for (order, slot) in out.iter_mut().enumerate() {
            if order > 0 {
                f = pass::gradient(&mut b.g, f, &[p])[0];
            }
            if normal {
                f = pass::normalize(&mut b.g, &[f])[0];
            }
            *slot = b.value(f)[0];
        }
        out
    })
}

fn assert_jet(x: f64, expected: [f64; 4], build: impl Fn(&mut Bench, NodeId) -> NodeId) {
    for given in jet(x, build) {
        assert_close(&given, &expected, 1e-12, || format!("value and derivatives at {x}"));
    }
}

fn if_positive(b: &mut Bench, x: NodeId, then: NodeId, otherwise: NodeId) -> NodeId {
    let zero = b.g.constant(0.0);
    let c = b.g.less(zero, x);
    b.g.select(c, then, otherwise)
}

#[test]
fn a_branch_that_is_not_taken_has_no_derivative_of_any_order() {
    let log = |b: &mut Bench, x: NodeId| {
        let (log, zero) = (b.call("log", &[x]), b.g.constant(0.0));
        if_positive(b, x, log, zero)
    };
    assert_jet(0.0, [0.0; 4], log);
    assert_jet(-3.0, [0.0; 4], log);
    assert_jet(2.0, [2.0f64.ln(), 0.5, -0.25, 0.25], log);
    // The other branch.
    let root = |b: &mut Bench, x: NodeId| {
        let minus = b.g.neg(x);
        let (root, one) = (b.call("sqrt", &[minus]), b.g.constant(1.0));
        if_positive(b, x, one, root)
    };
    assert_jet(3.0, [1.0, 0.0, 0.0, 0.0], root);
    assert_jet(-4.0, [2.0, -0.25, -1.0 / 32.0, -3.0 / 256.0], root);
    // 1/x next to a number.
    let inverse = |b: &mut Bench, x: NodeId| {
        let (one, zero) = (b.g.constant(1.0), b.g.constant(0.0));
        let q = b.g.div(one, x);
        let c = b.g.prim(Prim::NotEqual, 0.0, &[x, zero]);
        b.g.select(c, q, one)
    };
    assert_jet(0.0, [1.0, 0.0, 0.0, 0.0], inverse);
    assert_jet(2.0, [0.5, -0.25, 0.25, -0.375], inverse);
}

#[test]
fn outer_functions_see_the_branch_that_is_taken() {
    let f = |b: &mut Bench, x: NodeId| {
        let (root, log, zero) = (b.call("sqrt", &[x]), b.call("log", &[x]), b.g.constant(0.0));
        let product = b.g.mul(&[root, log]);
        let inner = if_positive(b, x, product, zero);
        let e = b.call("exp", &[inner]);
        b.g.mul(&[e, e])
    };
    assert_jet(0.0, [1.0, 0.0, 0.0, 0.0], f);
    assert_jet(-1.0, [1.0, 0.0, 0.0, 0.0], f);
}

/// if x > 0 then (if x < 1 then log(x) else sqrt(x - 1)) else 1/x - 1/x^3: no branch sees another.
#[test]
fn nested_choices() {
    let f = |b: &mut Bench, x: NodeId| {
        let (one, log) = (b.g.constant(1.0), b.call("log", &[x]));
        let beyond = b.g.sub(x, one);
        let root = b.call("sqrt", &[beyond]);
        let c = b.g.less(x, one);
        let inner = b.g.select(c, log, root);
        let (q, r) = (b.g.pow_const(x, -1.0), b.g.pow_const(x, -3.0));
        let outer = b.g.sub(q, r);
        if_positive(b, x, inner, outer)
    };
    assert_jet(0.5, [0.5f64.ln(), 2.0, -4.0, 16.0], f);
    assert_jet(5.0, [2.0, 0.25, -1.0 / 32.0, 3.0 / 256.0], f);
    assert_jet(-1.0, [0.0, 2.0, 10.0, 54.0], |b, x| {
        // 1/x - 1/x^3 at -1: derivatives -1/x^2 + 3/x^4, 2/x^3 - 12/x^5, -6/x^4 + 60/x^6.
        let y = f(b, x);
        b.g.mul(&[y])
    });
}

/// One node under two branches with different conditions: its cotangent is a sum of two masks.
#[test]
fn a_node_shared_by_two_branches() {
    let f = |b: &mut Bench, x: NodeId| {
        let (log, zero, two) = (b.call("log", &[x]), b.g.constant(0.0), b.g.constant(2.0));
        let (a, c) = (b.g.less(zero, x), b.g.less(two, x));
        let square = b.g.mul(&[log, log]);
        let (first, second) = (b.g.select(a, log, zero), b.g.select(c, square, zero));
        b.g.add(&[first, second])
    };
    assert_jet(0.0, [0.0; 4], f);
    assert_jet(-1.0, [0.0; 4], f);
    assert_jet(1.0, [0.0, 1.0, -1.0, 2.0], f);
    let l = 4.0f64.ln();
    assert_jet(
        4.0,
        [l + l * l, (1.0 + 2.0 * l) / 4.0, (2.0 - 1.0 - 2.0 * l) / 16.0, (-2.0 - 2.0 * (1.0 - 2.0 * l)) / 64.0],
        f,
    );
    // Cotangents that cancel: (if c then sqrt(x) else 1) - (if c then sqrt(x) else x).
    let g = |b: &mut Bench, x: NodeId| {
        let (root, one) = (b.call("sqrt", &[x]), b.g.constant(1.0));
        let (first, second) = (if_positive(b, x, root, one), if_positive(b, x, root, x));
        b.g.sub(first, second)
    };
    assert_jet(-3.0, [4.0, -1.0, 0.0, 0.0], g);
    assert_jet(4.0, [0.0; 4], g);
}

/// A maximum with something infinite beside it: only what is largest counts.
#[test]
fn a_maximum_ignores_what_is_not_largest() {
    let f = |b: &mut Bench, x: NodeId| {
        let one = b.g.constant(1.0);
        let q = b.g.div(one, x);
        let minus = b.g.neg(q);
        b.call("max", &[x, minus])
    };
    // -1/x is -inf at +0.
    assert_jet(0.0, [0.0, 1.0, 0.0, 0.0], f);
    assert_jet(2.0, [2.0, 1.0, 0.0, 0.0], f);
}

#[test]
fn rows_that_are_not_selected_do_not_leak() {
    let mut b = Bench::default();
    let (n, v) = (b.dim("N", 3), b.dim("V", 4));
    let table = b.real("E", &[v], 0.5, 2.0);
    let id = b.port_of(table);
    b.bindings.ports.insert(id, vec![0.0, 2.0, 4.0, -1.0]);
    let token = b.labels("t", &[n], v);
    let id = b.port_of(token);
    b.bindings.ports.insert(id, vec![1.0, 2.0, 1.0]);
    let (an, av) = (b.axes(&[n])[0], b.axes(&[v])[0]);
    let map: AxisMap = [(av, token)].into_iter().collect();
    // log of the whole table, of which rows 0 and 3 are never read.
    let log = b.call("log", &[table]);
    let read = b.g.at(log, &map);
    let loss = b.sum(&[an], read);
    let gradient = pass::gradient(&mut b.g, loss, &[table]);
    assert_close(&b.value_in(gradient[0], &[av]), &[0.0, 1.0, 0.25, 0.0], 1e-15, || "gather".into());
    // The same with a reduction behind the table: its rows are shared nodes.
    let k = b.dim("K", 2);
    let w = b.real("W", &[v, k], 0.5, 2.0);
    let id = b.port_of(w);
    b.bindings.ports.insert(id, vec![0.0, 0.0, 1.0, 3.0, 4.0, 1.0, -1.0, -2.0]);
    let ak = b.axes(&[k])[0];
    let sum = b.sum(&[ak], w);
    let root = b.call("sqrt", &[sum]);
    let read = b.g.at(root, &map);
    let loss = b.sum(&[an], read);
    let first = pass::gradient(&mut b.g, loss, &[w]);
    let r = 0.5 / 5.0f64.sqrt();
    assert_close(&b.value_in(first[0], &[av, ak]), &[0.0, 0.0, 0.5, 0.5, r, r, 0.0, 0.0], 1e-15, || "gather".into());
    let total = b.sum(&[av, ak], first[0]);
    let second = pass::gradient(&mut b.g, total, &[w]);
    let (s, t) = (-0.125, -0.5 / 5.0f64.powf(1.5));
    let expected = [0.0, 0.0, s, s, t, t, 0.0, 0.0];
    assert_close(&b.value_in(second[0], &[av, ak]), &expected, 1e-15, || "second order of a gather".into());
}

/// sum[e where dst[e] == n](m[e]) / s[n]: a node without edges has no quotient, though s is 0 there.
#[test]
fn a_singular_factor_stays_inside_a_masked_sum() {
    let mut b = Bench::default();
    let (n, e) = (b.dim("N", 3), b.dim("E", 4));
    let (m, s) = (b.real("m", &[e], 1.0, 2.0), b.real("s", &[n], 1.0, 2.0));
    let id = b.port_of(s);
    b.bindings.ports.insert(id, vec![2.0, 0.0, 4.0]);
    let id = b.port_of(m);
    b.bindings.ports.insert(id, vec![1.0, 2.0, 3.0, 4.0]);
    let dst = b.labels("dst", &[e], n);
    let id = b.port_of(dst);
    b.bindings.ports.insert(id, vec![0.0, 2.0, 2.0, 0.0]);
    let (an, ae) = (b.axes(&[n])[0], b.axes(&[e])[0]);
    let node = b.g.axis(an);
    let hit = b.g.index_equal(dst, node);
    for singular in [false, true] {
        let quotient = if singular {
            let root = b.call("rsqrt", &[s]);
            b.g.mul(&[m, root, root])
        } else {
            b.g.div(m, s)
        };
        let masked = b.g.mask(&[hit], quotient);
        let sum = b.sum(&[ae], masked);
        assert_close(&b.value_in(sum, &[an]), &[2.5, 0.0, 1.25], 1e-15, || b.g.show_term(sum));
        let loss = b.sum(&[an], sum);
        for normal in [false, true] {
            let mut gradient = pass::gradient(&mut b.g, loss, &[m, s]);
            if normal {
                gradient = pass::normalize(&mut b.g, &gradient);
            }
            assert_close(&b.value_in(gradient[0], &[ae]), &[0.5, 0.25, 0.25, 0.5], 1e-15, || "by m".into());
            assert_close(&b.value_in(gradient[1], &[an]), &[-1.25, 0.0, -0.3125], 1e-15, || "by s".into());
        }
    }
}

/// A masked sum of exponentials that overflow where nothing is selected.
#[test]
fn overflow_in_rows_without_a_selected_element() {
    let mut b = Bench::default();
    let (n, k) = (b.dim("N", 2), b.dim("K", 3));
    let (x, w) = (b.real("x", &[n], 0.0, 1.0), b.real("w", &[k], 0.5, 1.0));
    let id = b.port_of(x);
    b.bindings.ports.insert(id, vec![1000.0, 0.0]);
    let id = b.g.declare_port("m", PortKind::Bool, &[n, k]);
    b.bindings.ports.insert(id, vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    let mask = b.g.port(id);
    let axes = b.axes(&[n, k]);
    let e = b.call("exp", &[x]);
    let product = b.g.mul(&[e, w]);
    let masked = b.g.mask(&[mask], product);
    let loss = b.sum(&axes, masked);
    let weights = b.value(w);
    let selected = weights[0] + weights[1];
    assert_close(&b.value(loss), &[selected], 1e-15, || b.g.show_term(loss));
    let gradient = pass::gradient(&mut b.g, loss, &[x, w]);
    assert_close(&b.value_in(gradient[0], &axes[..1]), &[0.0, selected], 1e-15, || "by x".into());
    assert_close(&b.value_in(gradient[1], &axes[1..]), &[1.0, 1.0, 0.0], 1e-15, || "by w".into());
}

#[test]
fn ties_are_shared_and_have_second_derivatives() {
    let mut b = Bench::default();
    let k = b.dim("K", 4);
    let x = b.real("x", &[k], 0.0, 1.0);
    let id = b.port_of(x);
    b.bindings.ports.insert(id, vec![3.0, 1.0, 3.0, 2.0]);
    let axes = b.axes(&[k]);
    // max(x)^2: the gradient is 2 max(x) shared by the two largest, its derivative 2 share share'.
    let top = b.g.reduce(Reduction::Max, &axes, x);
    let loss = b.g.mul(&[top, top]);
    let gradient = pass::gradient(&mut b.g, loss, &[x]);
    assert_close(&b.value_in(gradient[0], &axes), &[3.0, 0.0, 3.0, 0.0], 1e-15, || "shares".into());
    let along = b.sum(&axes, gradient[0]);
    let second = pass::gradient(&mut b.g, along, &[x]);
    assert_close(&b.value_in(second[0], &axes), &[1.0, 0.0, 1.0, 0.0], 1e-15, || "second".into());
}

/// Huber's loss: two branches with complementary conditions need no guard where they meet.
#[test]
fn complementary_branches_need_no_guard() {
    let mut b = Bench::default();
    let n = b.dim("N", 6);
    let (x, y) = (b.real("x", &[n], -3.0, 3.0), b.real("y", &[n], -3.0, 3.0));
    let axes = b.axes(&[n]);
    let e = b.call("exp", &[x]);
    let r = b.g.sub(e, y);
    let (size, half, one) = (b.call("abs", &[r]), b.g.constant(0.5), b.g.constant(1.0));
    let c = b.g.prim(Prim::LessEqual, 0.0, &[size, one]);
    let square = b.g.mul(&[half, r, r]);
    let line = b.g.sub(size, half);
    let huber = b.g.select(c, square, line);
    let loss = b.sum(&axes, huber);
    let (_, gradient) = check_derivatives(&mut b, loss, &[x]);
    let text = b.g.show(&[("dx".into(), gradient[0])]);
    assert!(!text.contains("or("), "{text}");
}
