//! Stable forms are found whatever stands between their parts: a `let`, a transpose, a label index, a reshape.

use crate::common::{Bench, assert_close};
use nnc::graph::{Axis, AxisMap, NodeId, Poly};
use nnc::pass;
use nnc::prim::Reduction;

struct Logits {
    b: Bench,
    z: NodeId,
    y: NodeId,
    n: Axis,
    k: Axis,
}

/// z[N, K] with logits that overflow exp, and labels y[N].
fn logits() -> Logits {
    let mut b = Bench::default();
    let (n, k) = (b.dim("N", 3), b.dim("K", 4));
    let z = b.real("z", &[n, k], -2.0, 2.0);
    let id = b.port_of(z);
    let values: Vec<f64> = b.bindings.ports[&id].iter().enumerate().map(|(i, v)| v + [1e4, -1e4, 0.0][i / 4]).collect();
    b.bindings.ports.insert(id, values);
    let y = b.labels("y", &[n], k);
    let axes = b.axes(&[n, k]);
    Logits { b, z, y, n: axes[0], k: axes[1] }
}

impl Logits {
    fn softmax(&mut self) -> NodeId {
        let e = self.b.call("exp", &[self.z]);
        let sum = self.b.sum(&[self.k], e);
        self.b.g.div(e, sum)
    }

    /// -sum[n](z[n, y[n]] - logsumexp[k](z[n, k])), as it should be found.
    fn expected(&mut self) -> NodeId {
        let map: AxisMap = [(self.k, self.y)].into_iter().collect();
        let picked = self.b.g.at(self.z, &map);
        let whole = self.b.g.reduce(Reduction::LogSumExp, &[self.k], self.z);
        let difference = self.b.g.sub(picked, whole);
        let sum = self.b.sum(&[self.n], difference);
        self.b.g.neg(sum)
    }

    /// The loss comes to the expected node, and its gradient is softmax minus one-hot.
    fn check(mut self, loss: NodeId) {
        let expected = self.expected();
        let expected = pass::normalize(&mut self.b.g, &[expected])[0];
        let normal = pass::normalize(&mut self.b.g, &[loss])[0];
        let show = |n: NodeId| self.b.g.show(&[("loss".into(), n)]);
        assert_eq!(normal, expected, "{}instead of\n{}", show(normal), show(expected));
        self.check_gradient(normal);
    }

    fn check_gradient(mut self, loss: NodeId) {
        let gradient = pass::gradient(&mut self.b.g, loss, &[self.z]);
        let gradient = pass::normalize(&mut self.b.g, &gradient)[0];
        let (z, y) = (self.b.value_in(self.z, &[self.n, self.k]), self.b.value(self.y));
        let mut expected = vec![];
        for (row, label) in z.chunks(4).zip(y) {
            let top = row.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v));
            let e: Vec<f64> = row.iter().map(|v| (v - top).exp()).collect();
            let sum: f64 = e.iter().sum();
            expected.extend(e.iter().enumerate().map(|(k, v)| v / sum - f64::from(u8::from(k == label as usize))));
        }
        let given = self.b.value_in(gradient, &[self.n, self.k]);
        assert_close(&given, &expected, 1e-11, || self.b.g.show_term(gradient));
    }

    fn negative_sum(&mut self, x: NodeId) -> NodeId {
        let sum = self.b.sum(&[self.n], x);
        self.b.g.neg(sum)
    }
}

#[test]
fn log_softmax_is_found_at_the_label() {
    // log(p[n, y[n]])
    let mut m = logits();
    let p = m.softmax();
    let map: AxisMap = [(m.k, m.y)].into_iter().collect();
    let picked = m.b.g.at(p, &map);
    let log = m.b.call("log", &[picked]);
    let loss = m.negative_sum(log);
    m.check(loss);
    // log(p)[n, y[n]]
    let mut m = logits();
    let p = m.softmax();
    let log = m.b.call("log", &[p]);
    let picked = m.b.g.at(log, &map);
    let loss = m.negative_sum(picked);
    m.check(loss);
    // sum[k](one_hot(y) * log(p))
    let mut m = logits();
    let p = m.softmax();
    let log = m.b.call("log", &[p]);
    let k = m.b.g.axis(m.k);
    let hot = m.b.g.index_equal(k, m.y);
    let (one, zero) = (m.b.g.constant(1.0), m.b.g.constant(0.0));
    let hot = m.b.g.select(hot, one, zero);
    let product = m.b.g.mul(&[hot, log]);
    let sum = m.b.sum(&[m.k], product);
    let loss = m.negative_sum(sum);
    m.check(loss);
}

#[test]
fn log_softmax_is_found_through_views() {
    // Renamed rows, so that the quotient is a view of the sum behind another name.
    let mut m = logits();
    let p = m.softmax();
    let other = Axis { extent: m.n.extent, ordinal: 1 };
    let map = m.b.g.renaming([(m.n, other)]);
    let p = m.b.g.at(p, &map);
    let log = m.b.call("log", &[p]);
    let map = m.b.g.renaming([(other, m.n)]);
    let log = m.b.g.at(log, &map);
    let map: AxisMap = [(m.k, m.y)].into_iter().collect();
    let picked = m.b.g.at(log, &map);
    let loss = m.negative_sum(picked);
    m.check(loss);
    // Reshaped to [N*K], the logarithm taken there, and back.
    let mut m = logits();
    let p = m.softmax();
    let (pn, pk) = (m.b.g.extent(m.n).clone(), m.b.g.extent(m.k).clone());
    let flat = Axis { extent: m.b.g.extents.intern(pn.mul(&pk)), ordinal: 0 };
    let at = m.b.g.axis(flat);
    let (row, column) = (m.b.g.quotient(at, &pk), m.b.g.remainder(at, &pk));
    let map: AxisMap = [(m.n, row), (m.k, column)].into_iter().collect();
    let p = m.b.g.at(p, &map);
    let log = m.b.call("log", &[p]);
    let (i, j) = (m.b.g.axis(m.n), m.b.g.axis(m.k));
    let index = m.b.g.linear(&[(i, pk), (j, Poly::constant(1))], Poly::default());
    let map: AxisMap = [(flat, index)].into_iter().collect();
    let log = m.b.g.at(log, &map);
    let map: AxisMap = [(m.k, m.y)].into_iter().collect();
    let picked = m.b.g.at(log, &map);
    let loss = m.negative_sum(picked);
    m.check(loss);
    // A view between the exponential and the sum: row r is read at label places before it is summed.
    let mut m = logits();
    let e = m.b.call("exp", &[m.z]);
    let zero = m.b.g.index_constant(0);
    let map: AxisMap = [(m.n, zero)].into_iter().collect();
    let first = m.b.g.at(e, &map);
    let sum = m.b.sum(&[m.k], first);
    let log = m.b.call("log", &[sum]);
    let normal = pass::normalize(&mut m.b.g, &[log])[0];
    assert!(m.b.g.show_term(normal).contains("logsumexp"), "{}", m.b.g.show_term(normal));
    assert!(m.b.value(normal)[0] > 9_990.0 && m.b.value(normal)[0] < 10_010.0);
}

/// log(p * c / d) for constants and sizes: found, whatever the scale.
#[test]
fn log_softmax_is_found_through_scaling() {
    for (above, below) in [(3.0, 1.0), (1.0, 7.0), (0.5, 3.0)] {
        let mut m = logits();
        let p = m.softmax();
        let (a, c) = (m.b.g.constant(above), m.b.g.constant(below));
        let scaled = m.b.g.mul(&[a, p]);
        let scaled = m.b.g.div(scaled, c);
        let map: AxisMap = [(m.k, m.y)].into_iter().collect();
        let picked = m.b.g.at(scaled, &map);
        let log = m.b.call("log", &[picked]);
        let loss = m.negative_sum(log);
        let normal = pass::normalize(&mut m.b.g, &[loss])[0];
        let expected = m.expected();
        let shift = 3.0 * (above / below).ln();
        let value = m.b.value(expected)[0] - shift;
        assert_close(&m.b.value(normal), &[value], 1e-12, || m.b.g.show_term(normal));
        m.check_gradient(normal);
    }
}

#[test]
fn logsumexp_at_a_thousand() {
    let mut b = Bench::default();
    let k = b.dim("K", 3);
    let x = b.real("x", &[k], 0.0, 1.0);
    let id = b.port_of(x);
    b.bindings.ports.insert(id, vec![1000.0, 1000.0, 999.0]);
    let axes = b.axes(&[k]);
    let e = b.call("exp", &[x]);
    let sum = b.sum(&axes, e);
    let log = b.call("log", &[sum]);
    let log = pass::normalize(&mut b.g, &[log])[0];
    let tail = (-1.0f64).exp();
    assert_close(&b.value(log), &[1000.0 + (2.0 + tail).ln()], 1e-15, || "value".into());
    let gradient = pass::gradient(&mut b.g, log, &[x]);
    let p = [1.0 / (2.0 + tail), 1.0 / (2.0 + tail), tail / (2.0 + tail)];
    assert_close(&b.value_in(gradient[0], &axes), &p, 1e-12, || "gradient".into());
    // The Hessian is diag(p) - p p'; times v.
    let v = b.real("v", &[k], -1.0, 1.0);
    let product = b.g.mul(&[gradient[0], v]);
    let along = b.sum(&axes, product);
    let second = pass::gradient(&mut b.g, along, &[x]);
    let second = pass::normalize(&mut b.g, &second);
    let v = b.value(v);
    let mean: f64 = p.iter().zip(&v).map(|(p, v)| p * v).sum();
    let expected: Vec<f64> = p.iter().zip(&v).map(|(p, v)| p * (v - mean)).collect();
    assert_close(&b.value_in(second[0], &axes), &expected, 1e-12, || "Hessian product".into());
}

/// The likelihood of independent labels, written as the product of their probabilities.
#[test]
fn products_of_probabilities() {
    let mut b = Bench::default();
    let n = b.dim("N", 2000);
    let z = b.real("z", &[n], -30.0, 30.0);
    let y = b.real("y", &[n], 0.0, 1.0);
    let id = b.port_of(y);
    let labels: Vec<f64> = b.bindings.ports[&id].iter().map(|v| v.round()).collect();
    b.bindings.ports.insert(id, labels.clone());
    let axes = b.axes(&[n]);
    let one = b.g.constant(1.0);
    let p = b.call("sigmoid", &[z]);
    let q = b.g.sub(one, p);
    let rest = b.g.sub(one, y);
    let (a, c) = (b.g.prim(nnc::prim::Prim::Power, 0.0, &[p, y]), b.g.prim(nnc::prim::Prim::Power, 0.0, &[q, rest]));
    let each = b.g.mul(&[a, c]);
    let likelihood = b.g.reduce(Reduction::Prod, &axes, each);
    assert_eq!(b.value(likelihood), [0.0], "the product itself underflows");
    let log = b.call("log", &[likelihood]);
    let loss = b.g.neg(log);
    let loss = pass::normalize(&mut b.g, &[loss])[0];
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let logits = b.value(z);
    let expected: f64 = logits.iter().zip(&labels).map(|(z, y)| softplus(*z) - y * z).sum();
    let value = b.value(loss)[0];
    assert!((value - expected).abs() < 1e-12 * expected, "{value} {expected} {}", b.g.show_term(loss));
    let gradient = pass::gradient(&mut b.g, loss, &[z]);
    let gradient = pass::normalize(&mut b.g, &gradient);
    let expected: Vec<f64> = logits.iter().zip(&labels).map(|(z, y)| 1.0 / (1.0 + (-z).exp()) - y).collect();
    assert_close(&b.value_in(gradient[0], &axes), &expected, 1e-13, || b.g.show_term(gradient[0]));
}

/// Entropy and Kullback-Leibler divergence where probabilities are 0.
#[test]
fn zero_times_log_of_zero_is_zero() {
    let mut b = Bench::default();
    let k = b.dim("K", 3);
    let (p, q) = (b.real("p", &[k], 0.0, 1.0), b.real("q", &[k], 0.0, 1.0));
    let id = b.port_of(p);
    b.bindings.ports.insert(id, vec![0.0, 0.5, 0.5]);
    let id = b.port_of(q);
    b.bindings.ports.insert(id, vec![0.0, 0.25, 0.75]);
    let axes = b.axes(&[k]);
    let (log_p, log_q, quotient) = (b.call("log", &[p]), b.call("log", &[q]), b.g.div(p, q));
    let log_quotient = b.call("log", &[quotient]);
    let difference = b.g.sub(log_p, log_q);
    let divergence = 0.5 * 2.0f64.ln() + 0.5 * (0.5f64 / 0.75).ln();
    for (log, expected) in [(log_p, 0.5f64.ln()), (log_quotient, divergence), (difference, divergence)] {
        let product = b.g.mul(&[p, log]);
        let sum = b.sum(&axes, product);
        let normal = pass::normalize(&mut b.g, &[sum])[0];
        assert_close(&b.value(normal), &[expected], 1e-15, || b.g.show_term(normal));
    }
}

/// A mixture of Gaussians far from both: every density underflows, the logarithm of their sum does not.
#[test]
fn mixtures_far_from_their_centres() {
    let mut b = Bench::default();
    let (n, k) = (b.dim("N", 3), b.dim("K", 2));
    let x = b.real("x", &[n], 0.0, 1.0);
    let id = b.port_of(x);
    let xs = [-200.0, 0.5, 300.0];
    b.bindings.ports.insert(id, xs.to_vec());
    let (mu, s, a) = (b.real("mu", &[k], -1.0, 1.0), b.real("s", &[k], -0.5, 0.5), b.real("a", &[k], -0.5, 0.5));
    let (an, ak) = (b.axes(&[n])[0], b.axes(&[k])[0]);
    let sigma = b.call("exp", &[s]);
    let difference = b.g.sub(x, mu);
    let unit = b.g.div(difference, sigma);
    let (square, half) = (b.g.mul(&[unit, unit]), b.g.constant(-0.5));
    let exponent = b.g.mul(&[half, square]);
    let bell = b.call("exp", &[exponent]);
    let norm = b.g.constant((2.0 * std::f64::consts::PI).sqrt());
    let below = b.g.mul(&[norm, sigma]);
    let density = b.g.div(bell, below);
    let e = b.call("exp", &[a]);
    let whole = b.sum(&[ak], e);
    let weight = b.g.div(e, whole);
    let part = b.g.mul(&[weight, density]);
    let total = b.sum(&[ak], part);
    let likelihood = b.g.reduce(Reduction::Prod, &[an], total);
    let log = b.call("log", &[likelihood]);
    let loss = pass::normalize(&mut b.g, &[log])[0];
    // log sum exp(log weight + log density), with the largest taken out.
    let (mus, ss, logits) = (b.value(mu), b.value(s), b.value(a));
    let top = (logits[0].exp() + logits[1].exp()).ln();
    let expected: f64 = xs
        .iter()
        .map(|x| {
            let term = |k: usize| {
                let unit = (x - mus[k]) / ss[k].exp();
                logits[k] - top - 0.5 * unit * unit - ss[k] - 0.5 * (2.0 * std::f64::consts::PI).ln()
            };
            let (l, r) = (term(0), term(1));
            l.max(r) + (-(l - r).abs()).exp().ln_1p()
        })
        .sum();
    let value = b.value(loss)[0];
    assert!((value - expected).abs() < 1e-12 * expected.abs(), "{value} {expected} {}", b.g.show_term(loss));
    let gradient = pass::gradient(&mut b.g, loss, &[mu, s, a]);
    let gradient = pass::normalize(&mut b.g, &gradient);
    assert!(gradient.iter().all(|g| b.value(*g).iter().all(|v| v.is_finite())), "{}", b.g.show_term(gradient[0]));
}
