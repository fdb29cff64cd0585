//! Loops in the graph: their values against loops written here, their derivatives at first and second order against
//! differences and forward mode, and their form.

mod common;
use common::{Bench, assert_close, check_derivatives};
use nnc::graph::Precision;
use nnc::graph::{Axis, AxisSet, ExtentId, Kind, NodeId, Op, Slot, verify};
use nnc::jit::{Slice, SliceMut, Workspace, compile};
use nnc::pass;
use nnc::plan::PlanResult;
use nnc::prim::{Prim, Reduction};

fn renamed(b: &mut Bench, n: NodeId, pairs: &[(Axis, Axis)]) -> NodeId {
    let map = b.g.renaming(pairs.iter().copied());
    b.g.at(n, &map)
}

fn axis(extent: ExtentId, ordinal: u16) -> Axis {
    Axis { extent, ordinal }
}

fn real(axes: &[Axis]) -> Slot {
    Slot { axes: axes.iter().copied().collect(), kind: Kind::Real }
}

/// A loop with real states, and its states after the last turn.
fn repeat(
    b: &mut Bench,
    turns: ExtentId,
    first: &[NodeId],
    avoid: &[Axis],
    body: impl FnOnce(&mut Bench, Axis, &[NodeId]) -> Vec<NodeId>,
) -> NodeId {
    let slots: Vec<Slot> = first.iter().map(|n| Slot { axes: b.g.axes(*n).clone(), kind: b.g.kind(*n) }).collect();
    let avoid: AxisSet = avoid.iter().copied().collect();
    let open = b.g.open_scan(turns, &slots, &avoid);
    let next = body(b, open.turn, &open.states.clone());
    b.g.close_scan(open, first, &next, None, None)
}

fn product_sum(b: &mut Bench, over: Axis, x: NodeId, y: NodeId) -> NodeId {
    let xy = b.g.mul(&[x, y]);
    b.sum(&[over], xy)
}

/// Native code gives what the interpreter gives, for terms and their gradients by some ports.
fn check_native(b: &mut Bench, results: &[NodeId], ports: &[NodeId]) {
    let scalar = results.iter().fold(b.g.constant(0.0), |sum, n| {
        let axes: Vec<Axis> = b.g.axes(*n).iter().collect();
        let n = b.sum(&axes, *n);
        b.g.add(&[sum, n])
    });
    let roots = pass::normalize(&mut b.g, &[scalar]);
    let grads = pass::gradient(&mut b.g, roots[0], ports);
    let roots: Vec<NodeId> = results.iter().copied().chain(grads).collect();
    let roots = pass::normalize(&mut b.g, &roots);
    let roots = pass::expand(&mut b.g, &roots);
    verify(&b.g).unwrap();
    let results: Vec<PlanResult> = roots
        .iter()
        .enumerate()
        .map(|(i, n)| PlanResult { name: format!("r{i}"), node: *n, axes: b.g.axes(*n).iter().collect() })
        .collect();
    let plan = nnc::plan::plan(&b.g, Precision::F64, &results);
    let compiled = compile(&plan).unwrap();
    let binding = compiled.bind(&b.bindings.dims).unwrap();
    let inputs: Vec<Slice> = compiled.ports().iter().map(|(id, _)| Slice::F64(&b.bindings.ports[id])).collect();
    let mut given: Vec<Vec<f64>> = results.iter().map(|r| vec![f64::NAN; b.value(r.node).len()]).collect();
    let mut outputs: Vec<SliceMut> = given.iter_mut().map(|v| SliceMut::F64(v)).collect();
    compiled.run(&binding, &inputs, &mut outputs, &mut Workspace::new()).unwrap();
    for (r, given) in results.iter().zip(&given) {
        assert_close(given, &b.value(r.node), 1e-13, || format!("{}\n{plan}", r.name));
    }
}

/// All states after each turn.
fn after_each(b: &mut Bench, scan: NodeId, slot: u16, turn: Axis) -> NodeId {
    let t = b.g.axis(turn);
    let one = b.g.index_constant(1);
    let next = b.g.index_add(t, one);
    b.g.out(scan, slot, next)
}

/// s(t + 1) = a s(t) + x[t] with s(0) = 2: values of the last and of all states, for several lengths.
#[test]
fn a_linear_recurrence() {
    for length in [1, 2, 7] {
        let mut b = Bench::default();
        let t = b.dim("T", length);
        let (x, a) = (b.real("x", &[t], -1.0, 1.0), b.real("a", &[], 0.5, 0.9));
        let two = b.g.constant(2.0);
        let scan = repeat(&mut b, t, &[two], &[], |b, turn, s| {
            let xt = renamed(b, x, &[(axis(t, 0), turn)]);
            let decayed = b.g.mul(&[a, s[0]]);
            vec![b.g.add(&[decayed, xt])]
        });
        verify(&b.g).unwrap();
        let last = b.g.last_state(scan, 0);
        let all = after_each(&mut b, scan, 0, axis(t, 0));
        let (xs, k) = (b.bindings.ports[&b.port_of(x)].clone(), b.bindings.ports[&b.port_of(a)][0]);
        let mut expected = vec![];
        let mut s = 2.0;
        for x in xs {
            s = k * s + x;
            expected.push(s);
        }
        assert_eq!(b.value(last), [s]);
        assert_eq!(b.value(all), expected);
        // The state before the first turn is the first value, whatever the loop.
        let zero = b.g.index_constant(0);
        assert_eq!(b.g.out(scan, 0, zero), two);
        let weights = b.real("w", &[t], -1.0, 1.0);
        let weighted = product_sum(&mut b, axis(t, 0), all, weights);
        let square = b.g.mul(&[last, last]);
        let loss = b.g.add(&[weighted, square]);
        check_derivatives(&mut b, loss, &[x, a]);
        check_native(&mut b, &[last], &[x, a]);
        check_native(&mut b, &[all, last], &[x, a]);
    }
}

struct Recurrent {
    bench: Bench,
    loss: NodeId,
    ports: Vec<NodeId>,
}

/// h(t + 1) = tanh(x[n, t] Wx + h(t) Wh + b), with a loss on the last and on all states.
fn recurrent(length: i64) -> Recurrent {
    let mut b = Bench::default();
    let (n, t, d, h) = (b.dim("N", 3), b.dim("T", length), b.dim("D", 2), b.dim("H", 4));
    let x = b.real("x", &[n, t, d], -1.0, 1.0);
    let wx = b.real("Wx", &[d, h], -1.0, 1.0);
    let wh = b.real("Wh", &[h, h], -1.0, 1.0);
    let bias = b.real("b", &[h], -1.0, 1.0);
    let start = b.real("h0", &[n, h], -1.0, 1.0);
    let readout = b.real("v", &[t, n, h], -1.0, 1.0);
    let xw = product_sum(&mut b, axis(d, 0), x, wx);
    let scan = repeat(&mut b, t, &[start], &[axis(n, 0)], |b, turn, s| {
        // s[n, h'] Wh[h', h]: the state's axis is renamed to the first axis of Wh, summed, and the second is kept.
        let from = renamed(b, s[0], &[(axis(h, 0), axis(h, 1))]);
        let w = renamed(b, wh, &[(axis(h, 0), axis(h, 1)), (axis(h, 1), axis(h, 0))]);
        let hw = product_sum(b, axis(h, 1), from, w);
        let xt = renamed(b, xw, &[(axis(t, 0), turn)]);
        let z = b.g.add(&[xt, hw, bias]);
        vec![b.call("tanh", &[z])]
    });
    let last = b.g.last_state(scan, 0);
    let all = after_each(&mut b, scan, 0, axis(t, 0));
    let weighted = b.g.mul(&[all, readout]);
    let weighted = b.sum(&[axis(n, 0), axis(t, 0), axis(h, 0)], weighted);
    let square = b.g.mul(&[last, last]);
    let square = b.sum(&[axis(n, 0), axis(h, 0)], square);
    let loss = b.g.add(&[weighted, square]);
    Recurrent { bench: b, loss, ports: vec![x, wx, wh, bias, start] }
}

#[test]
fn a_recurrent_network() {
    for length in [1, 5] {
        let Recurrent { mut bench, loss, ports } = recurrent(length);
        let (_, grads) = check_derivatives(&mut bench, loss, &ports);
        // The derivative of Wh is one sum over rows and turns, outside any loop, and reads the next state instead of
        // working out tanh again.
        let text = bench.g.show(&[("dWh".into(), grads[2])]);
        let Op::Reduce(Reduction::Sum, bound) = bench.g.op(grads[2]).clone() else { panic!("{text}") };
        assert_eq!(bound.len(), 2, "{text}");
        let body = bench.g.args(grads[2])[0];
        assert!(bench.g.node(body).states.is_empty(), "{text}");
        assert_eq!(text.matches("tanh").count(), 1, "{text}");
        assert_eq!(text.matches("scan(").count(), 2, "{text}");
        check_native(&mut bench, &[loss], &ports);
    }
}

#[test]
fn the_form_does_not_depend_on_the_number_of_turns() {
    let count = |length| {
        let Recurrent { mut bench, loss, ports } = recurrent(length);
        let loss = pass::normalize(&mut bench.g, &[loss]);
        let grads = pass::gradient(&mut bench.g, loss[0], &ports);
        let roots = pass::normalize(&mut bench.g, &grads);
        bench.g.reachable(&roots).len()
    };
    assert_eq!(count(5), count(10_000));
}

#[test]
fn loops_that_differ_in_names_are_one_node() {
    let mut b = Bench::default();
    let t = b.dim("T", 4);
    let x = b.real("x", &[t], -1.0, 1.0);
    let one = b.g.constant(1.0);
    let mut make = |avoid: &[Axis]| {
        repeat(&mut b, t, &[one], avoid, |b, turn, s| {
            let xt = renamed(b, x, &[(axis(t, 0), turn)]);
            let sum = b.g.add(&[s[0], xt]);
            vec![b.call("sin", &[sum])]
        })
    };
    assert_eq!(make(&[]), make(&[axis(t, 0), axis(t, 1)]));
}

/// q(t + 1) = q + h p, p(t + 1) = p - h k sin(q'): the second state reads the first one after the turn.
#[test]
fn leapfrog() {
    let mut b = Bench::default();
    let (t, n) = (b.dim("T", 6), b.dim("N", 2));
    let (q0, p0, k) = (b.real("q", &[n], -1.0, 1.0), b.real("p", &[n], -1.0, 1.0), b.real("k", &[], 0.5, 2.0));
    let step = b.g.constant(0.1);
    let scan = repeat(&mut b, t, &[q0, p0], &[axis(n, 0)], |b, _, s| {
        let move_q = b.g.mul(&[step, s[1]]);
        let q = b.g.add(&[s[0], move_q]);
        let force = b.call("sin", &[q]);
        let kick = b.g.mul(&[step, k, force]);
        vec![q, b.g.sub(s[1], kick)]
    });
    let (q, p) = (b.g.last_state(scan, 0), b.g.last_state(scan, 1));
    let (qq, pp) = (b.g.mul(&[q, q, q]), b.g.mul(&[p, q]));
    let energy = b.g.add(&[qq, pp]);
    let loss = b.sum(&[axis(n, 0)], energy);
    check_derivatives(&mut b, loss, &[q0, p0, k]);
    check_native(&mut b, &[loss], &[q0, p0, k]);
}

/// A loop in a loop, both over the same dim, with a sum over it inside: names meet everywhere.
#[test]
fn nested_loops_over_one_dim() {
    let mut b = Bench::default();
    let t = b.dim("T", 3);
    let (x, y) = (b.real("x", &[t], -1.0, 1.0), b.real("y", &[t, t], -1.0, 1.0));
    let a = b.real("a", &[], 0.2, 0.8);
    let start = b.g.constant(0.5);
    let outer = repeat(&mut b, t, &[start], &[], |b, i, s| {
        let xi = renamed(b, x, &[(axis(t, 0), i)]);
        let inner = repeat(b, t, &[s[0]], &[i], |b, j, r| {
            let yij = renamed(b, y, &[(axis(t, 0), i), (axis(t, 1), j)]);
            let k = axis(t, 7);
            let yk = renamed(b, y, &[(axis(t, 0), k), (axis(t, 1), j)]);
            let weighted = b.g.mul(&[yk, r[0], s[0]]);
            let sum = b.sum(&[k], weighted);
            let z = b.g.add(&[yij, sum, r[0]]);
            let z = b.g.mul(&[a, z]);
            vec![b.call("sin", &[z])]
        });
        let last = b.g.last_state(inner, 0);
        let all = after_each(b, inner, 0, axis(t, 5));
        let squares = b.g.mul(&[all, all]);
        let squares = b.sum(&[axis(t, 5)], squares);
        vec![b.g.add(&[last, xi, squares])]
    });
    verify(&b.g).unwrap();
    let loss = b.g.last_state(outer, 0);
    // The same with loops of Rust.
    let (xs, ys) = (b.bindings.ports[&b.port_of(x)].clone(), b.bindings.ports[&b.port_of(y)].clone());
    let k = b.bindings.ports[&b.port_of(a)][0];
    let mut s: f64 = 0.5;
    for i in 0..3 {
        let (mut r, mut squares) = (s, 0.0);
        for j in 0..3 {
            let sum: f64 = (0..3).map(|m| ys[m * 3 + j] * r * s).sum();
            r = (k * (ys[i * 3 + j] + sum + r)).sin();
            squares += r * r;
        }
        s = r + xs[i] + squares;
    }
    assert_close(&b.value(loss), &[s], 1e-14, || "nested loops".into());
    check_derivatives(&mut b, loss, &[x, y, a]);
    check_native(&mut b, &[loss], &[x, y, a]);
}

/// Loops inside each other, each with its own small step: five deep at first order, three at second.
#[test]
fn five_nested_loops() {
    fn level(b: &mut Bench, depth: usize, t: ExtentId, a: NodeId, s: NodeId) -> NodeId {
        if depth == 0 {
            let z = b.g.mul(&[a, s]);
            return b.call("sin", &[z]);
        }
        let scan = repeat(b, t, &[s], &[], |b, _, s| {
            let inner = level(b, depth - 1, t, a, s[0]);
            let half = b.g.constant(0.5);
            let part = b.g.mul(&[half, s[0]]);
            vec![b.g.add(&[inner, part])]
        });
        b.g.last_state(scan, 0)
    }
    let mut b = Bench::default();
    let t = b.dim("T", 2);
    let (a, s) = (b.real("a", &[], 0.5, 1.0), b.real("s", &[], 0.5, 1.0));
    let loss = level(&mut b, 5, t, a, s);
    let grads = pass::gradient(&mut b.g, loss, &[a, s]);
    for (port, grad) in [a, s].into_iter().zip(grads) {
        let expected = b.differences(loss, port);
        assert_close(&b.value(grad), &expected, 1e-9, || "five loops".into());
    }
    let loss = level(&mut b, 3, t, a, s);
    check_derivatives(&mut b, loss, &[a, s]);
    check_native(&mut b, &[loss], &[a, s]);
}

/// s / 2 + a / (2 s) until it moves by less than the tolerance; the derivative is that of the root.
#[test]
fn newton_s_root() {
    let mut b = Bench::default();
    let (m, n) = (b.dim("M", 60), b.dim("N", 3));
    let a = b.real("a", &[n], 0.5, 4.0);
    let slots = [real(&[axis(n, 0)]), Slot { axes: AxisSet::new(), kind: Kind::Bool }];
    let open = b.g.open_scan(m, &slots, &AxisSet::new());
    let (s, done) = (open.states[0], open.states[1]);
    let ratio = b.g.div(a, s);
    let twice = b.g.add(&[s, ratio]);
    let half = b.g.constant(0.5);
    let new = b.g.mul(&[half, twice]);
    let tolerance = b.g.constant(1e-14);
    let step = b.g.sub(new, s);
    let step = b.call("abs", &[step]);
    let near = b.g.prim(Prim::LessEqual, 0.0, &[step, tolerance]);
    let near = b.g.reduce(Reduction::All, &[axis(n, 0)], near);
    let next = [b.g.select(done, s, new), b.g.or(done, near)];
    let first = [a, b.g.bool(false)];
    let scan = b.g.close_scan(open, &first, &next, Some(1), Some(1e-14f64.to_bits()));
    let root = b.g.last_state(scan, 0);
    let values = b.bindings.ports[&b.port_of(a)].clone();
    let expected: Vec<f64> = values.iter().map(|a| a.sqrt()).collect();
    assert_close(&b.value(root), &expected, 1e-15, || "root".into());
    let loss = b.sum(&[axis(n, 0)], root);
    check_native(&mut b, &[root], &[a]);
    let first = pass::gradient(&mut b.g, loss, &[a])[0];
    verify(&b.g).unwrap();
    let expected: Vec<f64> = values.iter().map(|a| 0.5 / a.sqrt()).collect();
    assert_close(&b.value(first), &expected, 1e-14, || "first derivative".into());
    let total = b.sum(&[axis(n, 0)], first);
    let second = pass::gradient(&mut b.g, total, &[a])[0];
    verify(&b.g).unwrap();
    let expected: Vec<f64> = values.iter().map(|a| -0.25 * a.powf(-1.5)).collect();
    assert_close(&b.value(second), &expected, 1e-13, || "second derivative".into());
    let ones = b.g.constant(1.0);
    let forward = pass::tangent(&mut b.g, loss, &[(a, ones)]);
    verify(&b.g).unwrap();
    let expected: f64 = values.iter().map(|a| 0.5 / a.sqrt()).sum();
    assert_close(&b.value(forward), &[expected], 1e-14, || "forward".into());
}

/// A port in the terms of a loop is replaced by a term, itself with a loop.
#[test]
fn replacing_a_port_in_a_loop() {
    let mut b = Bench::default();
    let t = b.dim("T", 3);
    let (x, a) = (b.real("x", &[t], -1.0, 1.0), b.real("a", &[], 0.2, 0.8));
    let one = b.g.constant(1.0);
    let scan = |b: &mut Bench, k: NodeId| {
        let scan = repeat(b, t, &[one], &[], |b, turn, s| {
            let xt = renamed(b, x, &[(axis(t, 0), turn)]);
            let scaled = b.g.mul(&[k, s[0]]);
            vec![b.g.add(&[scaled, xt])]
        });
        b.g.last_state(scan, 0)
    };
    let two = b.g.constant(2.0);
    let inner = scan(&mut b, two);
    let outer = scan(&mut b, a);
    let port = b.port_of(a);
    let with = [(port, inner)].into_iter().collect();
    let replaced = b.g.replace_ports(&[outer], &with)[0];
    verify(&b.g).unwrap();
    let k = b.value(inner)[0];
    b.bindings.ports.insert(port, vec![k]);
    assert_eq!(b.value(replaced), b.value(outer));
}
