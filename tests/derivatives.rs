//! Derivatives of whole programs: reverse mode against fourth-order differences, forward mode against reverse, and
//! second order, on graphs made by hand.

mod common;
use common::{Bench, check_derivatives};

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
