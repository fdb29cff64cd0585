//! Derivatives of whole programs: reverse mode against fourth-order differences, forward mode against reverse, and
//! second order, on graphs made by hand.

mod common;
use common::{Bench, error};
use nnc::graph::{NodeId, verify};
use nnc::pass;
use nnc::prim::Reduction;

/// Checks first and second derivatives of a scalar by all the ports; returns the normalised loss and gradients.
fn check(b: &mut Bench, loss: NodeId, ports: &[NodeId]) -> (NodeId, Vec<NodeId>) {
    let raw = pass::gradient(&mut b.g, loss, ports);
    let loss = pass::normalize(&mut b.g, &[loss])[0];
    let stable = pass::gradient(&mut b.g, loss, ports);
    let roots: Vec<NodeId> = std::iter::once(loss).chain(stable).collect();
    let normal = pass::normalize(&mut b.g, &roots);
    verify(&b.g).unwrap();
    assert!(error(&b.value(normal[0]), &b.value(loss)) < 1e-12);
    let mut directional = vec![];
    let mut moves = vec![];
    for (p, (g, r)) in ports.iter().zip(normal[1..].iter().zip(&raw)) {
        let axes = b.declared_axes(*p);
        let (value, expected) = (b.value_in(*g, &axes), b.differences(loss, *p));
        assert!(error(&value, &expected) < 1e-8, "{}: {value:?} {expected:?}", b.g.show_term(*g));
        assert!(error(&b.value_in(*r, &axes), &expected) < 1e-8);
        // A direction for the second order.
        let shape: Vec<_> = axes.iter().map(|a| a.extent).collect();
        let v = b.real(&format!("v{}", b.g.show_term(*p)), &shape, -1.0, 1.0);
        let product = b.g.mul(&[*g, v]);
        directional.push(b.g.reduce(Reduction::Sum, &axes, product));
        moves.push((*p, v));
    }
    let along = b.g.add(&directional);
    let forward = pass::tangent(&mut b.g, loss, &moves);
    assert!(error(&b.value(forward), &b.value(along)) < 1e-12, "forward and reverse differ");
    let seconds = pass::gradient(&mut b.g, along, ports);
    let seconds = pass::normalize(&mut b.g, &seconds);
    verify(&b.g).unwrap();
    for (p, h) in ports.iter().zip(seconds) {
        let axes = b.declared_axes(*p);
        let (value, expected) = (b.value_in(h, &axes), b.differences(along, *p));
        assert!(error(&value, &expected) < 1e-7, "second order {}: {value:?} {expected:?}", b.g.show_term(h));
    }
    (normal[0], normal[1..].to_vec())
}

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
    let (loss, grads) = check(&mut b, loss, &[w1, b1, w2, b2]);
    // Log-softmax and the label are found: a gather and a logsumexp, and p - y in the gradient.
    let text = b.g.show(&[("loss".into(), loss), ("db2".into(), grads[3])]);
    assert!(text.contains("sum[n](b2[y[n]]"), "{text}");
    assert!(!text.contains("log("), "{text}");
    let text = b.g.show(&[("db2".into(), grads[3])]);
    assert!(text.contains("exp(b2[c] + t1[n, c] - 1 * t2[n])"), "{text}");
    assert!(text.contains("(if (y[n] - 1 * c == 0) then -1 else 0)"), "{text}");
}
