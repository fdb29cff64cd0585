//! Derivatives of whole programs: reverse mode against fourth-order differences, forward mode against reverse, and
//! second order, on graphs made by hand.

mod common;
use common::{Bench, assert_close, check_derivatives};
use nnc::graph::{Axis, AxisMap, ExtentId, NodeId, Poly};
use nnc::prim::Reduction;

#[test]
fn mlp_with_textbook_softmax() {
    let mut b = Bench::default();
    let (n, d, h, c) = (b.dim("N", 4), b.dim("D", 3), b.dim("H", 5), b.dim("C", 3));
    let x = b.real("x", &[n, d], -1.0, 1.0);
    let y = b.labels("y", &[n], c);
    let (w1, b1) = (b.real("W1", &[d, h], -1.0, 1.0), b.real("b1", &[h], -1.0, 1.0));
    let (w2, b2) = (b.real("W2", &[h, c], -1.0, 1.0), b.real("b2", &[c], -1.0, 1.0));
    let (an, ad, ah, ac) = (b.axes(&[n])[0], b.axes(&[d])[0], b.axes(&[h])[0], b.axes(&[c])[0]);
    let xw = b.g.mul(&[x, w1]);
    let xw = b.sum(&[ad], xw);
    let pre = b.g.add(&[xw, b1]);
    let hidden = b.call("relu", &[pre]);
    let hw = b.g.mul(&[hidden, w2]);
    let hw = b.sum(&[ah], hw);
    let z = b.g.add(&[hw, b2]);
    let e = b.call("exp", &[z]);
    let s = b.sum(&[ac], e);
    let p = b.g.div(e, s);
    let logp = b.call("log", &[p]);
    let k = b.g.axis(ac);
    let hot = b.g.index_equal(y, k);
    let (one, zero) = (b.g.constant(1.0), b.g.constant(0.0));
    let hot = b.g.select(hot, one, zero);
    let picked = b.g.mul(&[hot, logp]);
    let total = b.sum(&[an, ac], picked);
    let size = b.size(n);
    let mean = b.g.div(total, size);
    let loss = b.g.neg(mean);
    let (loss, grads) = check_derivatives(&mut b, loss, &[w1, b1, w2, b2]);
    // Log-softmax and the label are found: a gather and a logsumexp, and p - y in the gradient.
    let text = b.g.show(&[("loss".into(), loss), ("db2".into(), grads[3])]);
    assert!(text.contains("sum[n](b2[y[n]]"), "{text}");
    assert!(!text.contains("log("), "{text}");
    let text = b.g.show(&[("db2".into(), grads[3])]);
    assert!(text.contains("exp(b2[c] + t1[n, c] - 1 * t2[n])"), "{text}");
    assert!(text.contains("(if (y[n] - 1 * c == 0) then -1 else 0)"), "{text}");
}

fn renamed(b: &mut Bench, n: NodeId, pairs: &[(Axis, Axis)]) -> NodeId {
    let map = b.g.renaming(pairs.iter().copied());
    b.g.at(n, &map)
}

fn nth(extent: ExtentId, ordinal: u16) -> Axis {
    Axis { extent, ordinal }
}

/// y[n, o, i, j] = tanh(sum[c, a, b](x[n, c, i + a, j + b] * K[o, c, a, b])), 3 by 3, without padding.
#[test]
fn convolution_by_affine_index() {
    let mut b = Bench::default();
    let (n, c, o) = (b.dim("N", 2), b.dim("C", 2), b.dim("O", 3));
    let (h, w) = (b.dim("H", 5), b.dim("W", 4));
    let three = b.g.extents.intern(Poly::constant(3));
    let less = |b: &mut Bench, e: ExtentId| {
        let poly = b.g.extents.poly(e).sub(&Poly::constant(2));
        b.g.extents.intern(poly)
    };
    let (ho, wo) = (less(&mut b, h), less(&mut b, w));
    let x = b.real("x", &[n, c, h, w], -1.0, 1.0);
    let kernel = b.real("K", &[o, c, three, three], -1.0, 1.0);
    let (i, j, u, v) = (nth(ho, 0), nth(wo, 0), nth(three, 0), nth(three, 1));
    let place = |b: &mut Bench, base: Axis, offset: Axis| {
        let (base, offset) = (b.g.axis(base), b.g.axis(offset));
        b.g.index_add(base, offset)
    };
    let (row, column) = (place(&mut b, i, u), place(&mut b, j, v));
    let map: AxisMap = [(nth(h, 0), row), (nth(w, 0), column)].into_iter().collect();
    let window = b.g.at(x, &map);
    let product = b.g.mul(&[window, kernel]);
    let y = b.sum(&[nth(c, 0), u, v], product);
    let t = b.call("tanh", &[y]);
    // The value, by four loops.
    let (xs, ks) = (b.bindings.ports[&b.port_of(x)].clone(), b.bindings.ports[&b.port_of(kernel)].clone());
    let mut expected = vec![];
    for (n, o, i, j) in points([2, 3, 3, 2]) {
        let mut sum = 0.0;
        for (c, a, d, _) in points([2, 3, 3, 1]) {
            sum += xs[((n * 2 + c) * 5 + i + a) * 4 + j + d] * ks[((o * 2 + c) * 3 + a) * 3 + d];
        }
        expected.push(sum.tanh());
    }
    let axes = [nth(n, 0), nth(o, 0), i, j];
    assert_close(&b.value_in(t, &axes), &expected, 1e-14, || "convolution".into());
    let square = b.g.mul(&[t, t]);
    let loss = b.g.reduce(Reduction::Sum, &axes, square);
    let (_, gradient) = check_derivatives(&mut b, loss, &[x, kernel]);
    // The gradient of the image is a window sum: no index of the output is searched for.
    let text = b.g.show(&[("dx".into(), gradient[0])]);
    assert!(!text.contains("== 0"), "{text}");
}

fn points(sizes: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    let [a, b, c, d] = sizes;
    (0..a * b * c * d).map(move |i| (i / (b * c * d), i / (c * d) % b, i / d % c, i % d))
}

/// E[tok[n, t], d]: the gradient adds up at the rows that were read.
#[test]
fn embedding() {
    let mut b = Bench::default();
    let (n, t, v, d) = (b.dim("N", 3), b.dim("T", 4), b.dim("V", 5), b.dim("D", 2));
    let table = b.real("E", &[v, d], -1.0, 1.0);
    let w = b.real("w", &[d], -1.0, 1.0);
    let token = b.labels("tok", &[n, t], v);
    let map: AxisMap = [(nth(v, 0), token)].into_iter().collect();
    let read = b.g.at(table, &map);
    let product = b.g.mul(&[read, w]);
    let score = b.sum(&[nth(d, 0)], product);
    let soft = b.call("softplus", &[score]);
    let loss = b.sum(&[nth(n, 0), nth(t, 0)], soft);
    let (_, gradient) = check_derivatives(&mut b, loss, &[table, w]);
    // A scatter-add: a sum over n and t under the condition that the token is the row.
    let text = b.g.show(&[("dE".into(), gradient[0])]);
    assert!(text.contains("sum[n, t]") || text.contains("sum[t, n]"), "{text}");
    assert!(text.contains("tok[n, t]") && text.contains("== 0"), "{text}");
}

/// h'[i] = relu(W sum[e where dst[e] == i](h[src[e]]) + V h[i]), then a softmax over classes at every node.
#[test]
fn message_passing() {
    let mut b = Bench::default();
    let (n, e, d, c) = (b.dim("N", 4), b.dim("E", 6), b.dim("D", 3), b.dim("C", 2));
    let x = b.real("x", &[n, d], -1.0, 1.0);
    let (w, v) = (b.real("W", &[d, c], -1.0, 1.0), b.real("V", &[d, c], -1.0, 1.0));
    let (src, dst) = (b.labels("src", &[e], n), b.labels("dst", &[e], n));
    let y = b.labels("y", &[n], c);
    let (an, ae, ad, ac) = (nth(n, 0), nth(e, 0), nth(d, 0), nth(c, 0));
    let map: AxisMap = [(an, src)].into_iter().collect();
    let from = b.g.at(x, &map);
    let node = b.g.axis(an);
    let hit = b.g.index_equal(dst, node);
    let message = b.g.mask(&[hit], from);
    let incoming = b.sum(&[ae], message);
    let (a, s) = (b.g.mul(&[incoming, w]), b.g.mul(&[x, v]));
    let (a, s) = (b.sum(&[ad], a), b.sum(&[ad], s));
    let sum = b.g.add(&[a, s]);
    let z = b.call("tanh", &[sum]);
    let exp = b.call("exp", &[z]);
    let total = b.sum(&[ac], exp);
    let p = b.g.div(exp, total);
    let map: AxisMap = [(ac, y)].into_iter().collect();
    let picked = b.g.at(p, &map);
    let log = b.call("log", &[picked]);
    let sum = b.sum(&[an], log);
    let loss = b.g.neg(sum);
    check_derivatives(&mut b, loss, &[x, w, v]);
}

/// Self-attention with a causal mask of -inf and a residual.
#[test]
fn attention_with_a_causal_mask() {
    let mut b = Bench::default();
    let (t, d) = (b.dim("T", 4), b.dim("D", 3));
    let x = b.real("x", &[t, d], -1.0, 1.0);
    let weights: Vec<NodeId> = ["Q", "K", "V"].iter().map(|name| b.real(name, &[d, d], -1.0, 1.0)).collect();
    let (i, j, c, c2) = (nth(t, 0), nth(t, 1), nth(d, 0), nth(d, 1));
    let project = |b: &mut Bench, w: NodeId| {
        // x[i, c] W[c, c2], with the result on c.
        let product = b.g.mul(&[x, w]);
        let sum = b.sum(&[c], product);
        renamed(b, sum, &[(c2, c)])
    };
    let q = project(&mut b, weights[0]);
    let k = project(&mut b, weights[1]);
    let v = project(&mut b, weights[2]);
    let (k, v) = (renamed(&mut b, k, &[(i, j)]), renamed(&mut b, v, &[(i, j)]));
    let product = b.g.mul(&[q, k]);
    let score = b.sum(&[c], product);
    let size = b.size(d);
    let root = b.call("sqrt", &[size]);
    let score = b.g.div(score, root);
    let (row, column) = (b.g.axis(i), b.g.axis(j));
    let past = b.g.index_at_least(row, column);
    let hidden = b.g.constant(f64::NEG_INFINITY);
    let score = b.g.select(past, score, hidden);
    let e = b.call("exp", &[score]);
    let sum = b.sum(&[j], e);
    let p = b.g.div(e, sum);
    let product = b.g.mul(&[p, v]);
    let mixed = b.sum(&[j], product);
    let out = b.g.add(&[x, mixed]);
    let square = b.g.mul(&[out, out, out]);
    let loss = b.sum(&[i, c], square);
    let ports = [vec![x], weights].concat();
    let (loss, gradient) = check_derivatives(&mut b, loss, &ports);
    assert!(b.value(loss)[0].is_finite());
    assert!(gradient.iter().all(|g| b.value(*g).iter().all(|v| v.is_finite())));
}

/// Layer normalisation: the same scalar many times below a root.
#[test]
fn layer_normalisation() {
    let mut b = Bench::default();
    let (n, d) = (b.dim("N", 3), b.dim("D", 4));
    let x = b.real("x", &[n, d], -1.0, 1.0);
    let (gain, bias) = (b.real("g", &[d], 0.5, 1.5), b.real("b", &[d], -1.0, 1.0));
    let (an, ad) = (nth(n, 0), nth(d, 0));
    let size = b.size(d);
    let mean = |b: &mut Bench, x: NodeId| {
        let sum = b.sum(&[ad], x);
        b.g.div(sum, size)
    };
    let mu = mean(&mut b, x);
    let centred = b.g.sub(x, mu);
    let square = b.g.mul(&[centred, centred]);
    let variance = mean(&mut b, square);
    let small = b.g.constant(1e-5);
    let sum = b.g.add(&[variance, small]);
    let root = b.call("sqrt", &[sum]);
    let unit = b.g.div(centred, root);
    let scaled = b.g.mul(&[gain, unit]);
    let y = b.g.add(&[scaled, bias]);
    let t = b.call("tanh", &[y]);
    let loss = b.sum(&[an, ad], t);
    check_derivatives(&mut b, loss, &[x, gain, bias]);
}

/// Cumulative sums, and a maximum over what lies behind: masks over index comparisons.
#[test]
fn sums_and_maxima_of_the_past() {
    let mut b = Bench::default();
    let t = b.dim("T", 5);
    let x = b.real("x", &[t], -1.0, 1.0);
    let (now, then) = (nth(t, 0), nth(t, 1));
    let past = renamed(&mut b, x, &[(now, then)]);
    let (i, j) = (b.g.axis(now), b.g.axis(then));
    let reached = b.g.index_at_least(i, j);
    let masked = b.g.mask(&[reached], past);
    let cumulative = b.sum(&[then], masked);
    let xs = b.value(x);
    let expected: Vec<f64> = (1..=5).map(|n| xs[..n].iter().sum()).collect();
    assert_close(&b.value(cumulative), &expected, 1e-15, || "cumulative sum".into());
    let lowest = b.g.constant(f64::NEG_INFINITY);
    let seen = b.g.select(reached, past, lowest);
    let top = b.g.reduce(Reduction::Max, &[then], seen);
    let product = b.g.mul(&[cumulative, top]);
    let e = b.call("exp", &[product]);
    let loss = b.sum(&[now], e);
    check_derivatives(&mut b, loss, &[x]);
}

/// A mixture of two Gaussians, its likelihood written as a textbook would.
#[test]
fn mixture_of_gaussians() {
    let mut b = Bench::default();
    let (n, k) = (b.dim("N", 6), b.dim("K", 2));
    let x = b.real("x", &[n], -2.0, 2.0);
    let (mu, s, a) = (b.real("mu", &[k], -1.0, 1.0), b.real("s", &[k], -0.5, 0.5), b.real("a", &[k], -0.5, 0.5));
    let (an, ak) = (nth(n, 0), nth(k, 0));
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
    let loss = b.g.neg(log);
    check_derivatives(&mut b, loss, &[mu, s, a]);
}
