//! Size: the graph, its normal form and its derivatives grow in proportion to the program, and depth costs no stack.

use crate::common::{Bench, assert_close};
use nnc::graph::{NodeId, Op, verify};
use nnc::pass;
use nnc::prim::Reduction;

/// Runs on a stack of 2 MB, which is what threads get.
fn on_small_stack<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(f).unwrap().join().unwrap()
}

type Step = fn(&mut Bench, NodeId) -> NodeId;

const STEPS: &[(&str, Step)] = &[
    ("x + x", |b, x| b.g.add(&[x, x])),
    ("x * x", |b, x| b.g.mul(&[x, x])),
    ("x * (x + 1)", |b, x| {
        let one = b.g.constant(1.0);
        let next = b.g.add(&[x, one]);
        b.g.mul(&[x, next])
    }),
    ("sin(x * exp(x))", |b, x| {
        let e = b.call("exp", &[x]);
        let product = b.g.mul(&[x, e]);
        b.call("sin", &[product])
    }),
    ("sin(x)", |b, x| b.call("sin", &[x])),
    ("x / (1 + x * x)", |b, x| {
        let (one, square) = (b.g.constant(1.0), b.g.mul(&[x, x]));
        let sum = b.g.add(&[one, square]);
        b.g.div(x, sum)
    }),
    ("1 / x + x", |b, x| {
        let one = b.g.constant(1.0);
        let q = b.g.div(one, x);
        b.g.add(&[q, x])
    }),
    ("if x > 0 then tanh(x) else x", |b, x| {
        let (zero, t) = (b.g.constant(0.0), b.call("tanh", &[x]));
        let c = b.g.less(zero, x);
        b.g.select(c, t, x)
    }),
    ("x - 0.001 * x^3", |b, x| {
        let (k, cube) = (b.g.constant(-0.001), b.g.pow_const(x, 3.0));
        let term = b.g.mul(&[k, cube]);
        b.g.add(&[x, term])
    }),
    ("log(1 + exp(x))", |b, x| {
        let (one, e) = (b.g.constant(1.0), b.call("exp", &[x]));
        let sum = b.g.add(&[one, e]);
        b.call("log", &[sum])
    }),
];

/// How many nodes the normal form, it with its gradient, and the whole arena have after so many steps.
fn sizes(step: Step, steps: usize) -> (usize, usize, usize) {
    on_small_stack(move || {
        let mut b = Bench::default();
        let start = b.real("x", &[], 0.3, 0.4);
        let mut x = start;
        for _ in 0..steps {
            x = step(&mut b, x);
        }
        let normal = pass::normalize(&mut b.g, &[x]);
        let gradient = pass::gradient(&mut b.g, normal[0], &[start]);
        let both = pass::normalize(&mut b.g, &[normal[0], gradient[0]]);
        verify(&b.g).unwrap();
        let moved = b.g.constant(1.0);
        pass::tangent(&mut b.g, normal[0], &[(start, moved)]);
        assert!(b.g.show(&[("x".into(), both[0])]).contains("x = "));
        assert!(b.g.show(&[("dx".into(), both[1])]).contains("dx = "));
        for n in b.g.reachable(&both) {
            if let Some(c) = b.g.as_constant(n) {
                assert!(c.is_finite(), "a coefficient overflowed");
            }
        }
        (b.g.reachable(&normal).len(), b.g.reachable(&both).len(), b.g.len())
    })
}

#[test]
fn chains_grow_in_proportion() {
    for (name, step) in STEPS {
        let (small, large) = (sizes(*step, 1000), sizes(*step, 2000));
        eprintln!("{name}: {small:?}, {large:?}");
        for (a, b) in [(small.0, large.0), (small.1, large.1), (small.2, large.2)] {
            assert!(b <= 2 * a + 50, "{name}: {small:?} for 1000 steps, {large:?} for 2000");
        }
        assert!(large.0 <= 6 * 2000 && large.1 <= 30 * 2000, "{name}: {large:?}");
        assert!(large.2 <= 4 * (2000 + large.1), "{name}: the arena holds {} nodes for {}", large.2, large.1);
    }
}

#[test]
fn ten_thousand_steps_need_no_deep_stack() {
    for (name, step) in STEPS {
        let (_, nodes, _) = sizes(*step, 10_000);
        assert!(nodes <= 300_000, "{name}: {nodes}");
    }
}

/// 0 < x < 1 keeps all powers in range: the value of a deep chain is that of the loop.
#[test]
fn deep_chains_keep_their_value() {
    let mut b = Bench::default();
    let start = b.real("x", &[], 0.3, 0.4);
    let x0 = b.value(start)[0];
    let (mut x, mut expected, mut slope) = (start, x0, 1.0);
    for _ in 0..2000 {
        let (k, cube) = (b.g.constant(-0.001), b.g.pow_const(x, 3.0));
        let term = b.g.mul(&[k, cube]);
        x = b.g.add(&[x, term]);
        slope *= 1.0 - 0.003 * expected * expected;
        expected -= 0.001 * expected * expected * expected;
    }
    let gradient = pass::gradient(&mut b.g, x, &[start]);
    let both = pass::normalize(&mut b.g, &[x, gradient[0]]);
    assert_close(&b.value(both[0]), &[expected], 1e-12, || "value".into());
    assert_close(&b.value(both[1]), &[slope], 1e-12, || "derivative".into());
}

fn mlp(layers: usize) -> (usize, usize) {
    let mut b = Bench::default();
    let (n, h) = (b.dim("N", 2), b.dim("H", 3));
    let x = b.real("x", &[n, h], -1.0, 1.0);
    let (an, ah) = (b.axes(&[n])[0], b.axes(&[h])[0]);
    let mut hidden = x;
    let mut params = vec![];
    for l in 0..layers {
        let w = b.real(&format!("W{l}"), &[h, h], -1.0, 1.0);
        let bias = b.real(&format!("b{l}"), &[h], -1.0, 1.0);
        params.extend([w, bias]);
        let product = b.g.mul(&[hidden, w]);
        let sum = b.sum(&[ah], product);
        // The second axis of W becomes the axis of the result.
        let other = nnc::graph::Axis { extent: h, ordinal: 1 };
        let map = b.g.renaming([(other, ah)]);
        let sum = b.g.at(sum, &map);
        let pre = b.g.add(&[sum, bias]);
        hidden = b.call("tanh", &[pre]);
    }
    let square = b.g.mul(&[hidden, hidden]);
    let loss = b.g.reduce(Reduction::Sum, &[an, ah], square);
    let loss = pass::normalize(&mut b.g, &[loss])[0];
    let gradient = pass::gradient(&mut b.g, loss, &params);
    let roots: Vec<NodeId> = std::iter::once(loss).chain(gradient).collect();
    let normal = pass::normalize(&mut b.g, &roots);
    verify(&b.g).unwrap();
    let sums = b.g.reachable(&normal).into_iter().filter(|n| matches!(b.g.op(*n), Op::Reduce(..))).count();
    (b.g.reachable(&normal).len(), sums)
}

#[test]
fn networks_grow_by_the_same_amount_per_layer() {
    let counts: Vec<(usize, usize)> = [10, 20, 40, 80].into_iter().map(mlp).collect();
    eprintln!("{counts:?}");
    let per_layer = |i: usize, j: usize, layers: usize| (counts[j].0 - counts[i].0) / layers;
    assert_eq!(per_layer(0, 1, 10), per_layer(1, 2, 20));
    assert_eq!(per_layer(1, 2, 20), per_layer(2, 3, 40));
    assert!(per_layer(2, 3, 40) <= 26, "{counts:?}");
    // Per layer: the product forward, the product backward, the gradient of the weights, that of the bias.
    assert_eq!(counts[1].1 - counts[0].1, 40, "{counts:?}");
}
