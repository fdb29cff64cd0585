//! Index notation: comprehensions, reductions, ranges, filters, bounds.

use super::common::*;

#[test]
fn definitions_by_index() {
    let text = "dim N, D = 2, K = 2\ninput x: [N, D]\ninput W: [D, K]\ninput b: [K]
let y[n, k] = sum[d](x[n, d] * W[d, k]) + b[k]
output y
output G = [i, j] => exp(-sum[d]((x[i, d] - x[j, d])^2)) + (if i == j then 1 else 0)
output t = sum[n, d](x[n, d])
output h = [i in 4] => (i + 0.5) / N
output c = [.., d] => x[.., d] - mean[e](x[.., e])
output v = [n] => softmax(x[n])
";
    let case = program(text)
        .dim("N", 2)
        .port("x", &[1.0, 2.0, 3.0, 5.0])
        .port("W", &[1.0, 0.0, 1.0, 2.0])
        .port("b", &[0.5, 0.0]);
    case.close("y", &[3.5, 4.0, 8.5, 10.0]);
    let g = (-13.0f64).exp();
    case.close("G", &[2.0, g, g, 2.0]);
    case.close("t", &[11.0]);
    case.close("h", &[0.25, 0.75, 1.25, 1.75]);
    case.close("c", &[-0.5, 0.5, -1.0, 1.0]);
    let s = |d: f64| 1.0 / (1.0 + (-d).exp());
    case.close("v", &[s(-1.0), s(1.0), s(-2.0), s(2.0)]);
    assert_eq!((case.shape("y"), case.shape("G")), ("[N, K]".into(), "[N, N]".into()));
}

#[test]
fn convolution_finds_its_ranges() {
    let text = "fn conv(x, k) = [n, i, j] => sum[u, v](x[n, i + u, j + v] * k[u, v])
fn pool(x) = [n, i, j] => max[u in 2, v in 2](x[n, 2*i + u, 2*j + v])
dim N, T
input x: [N, 4, 4]
input k: [3, 2]
input s: [T]
output c = conv(x, k)
output p = pool(x)
output w = [t] => s[t + 2] - s[t + 1]
";
    let x: Vec<f64> = (0..16).map(f64::from).collect();
    let case = program(text)
        .dim("N", 1)
        .dim("T", 4)
        .port("x", &x)
        .port("k", &[1.0, 0.0, 0.0, 2.0, 0.0, -1.0])
        .port("s", &[1.0, 2.0, 4.0, 8.0]);
    assert_eq!(
        (case.shape("c"), case.shape("p"), case.shape("w")),
        ("[N, 2, 3]".into(), "[N, 2, 2]".into(), "[T - 2]".into())
    );
    // x[i, j] = 4 i + j: k picks x[i, j] + 2 x[i+1, j+1] - x[i+2, j+1].
    let c: Vec<f64> =
        (0..2).flat_map(|i| (0..3).map(move |j| (4 * i + j) as f64)).map(|a| a + 2.0 * (a + 5.0) - (a + 9.0)).collect();
    case.close("c", &c);
    case.close("p", &[5.0, 7.0, 13.0, 15.0]);
    case.close("w", &[2.0, 4.0]);
}

#[test]
fn filters_and_ranges_of_reductions() {
    let text = "dim D = 3, M, N = 3\ninput A: [D, D]\ninput dst: index(N)[M]\ninput src: index(N)[M]\ninput h: [N]\ninput on: bool[M]
output below = sum[i in D, j in 0..i](A[i, j])
output upper = sum[i in 0..D - 1, j in i + 1..D](A[i, j])
output m = [i] => sum[e where dst[e] == i](h[src[e]])
output deg = [i] => 1 + sum[e where dst[e] == i](1)
output none = sum[i where i > 5](h[i])
output big = max[e where on[e]](h[src[e]])
output avg = [i] => mean[e where dst[e] == i](h[src[e]])
output least = min[i where i > 7](h[i])
output p = prod[e where on[e]](h[src[e]])
output l = logsumexp[i where i < 2](h[i])
output v = var[i where i > 0](h[i])
output q = all[e where on[e]](h[src[e]] > 1)
output r = any[e where on[e]](h[src[e]] > 3)
output am = argmax[i in 1..D](h[i])
output shift = sum[t in 1..N](h[t] - h[t - 1])
";
    let case = program(text)
        .dim("M", 4)
        .port("A", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
        .port("dst", &[0.0, 0.0, 2.0, 2.0])
        .port("src", &[1.0, 2.0, 0.0, 2.0])
        .port("h", &[1.0, 2.0, 4.0])
        .port("on", &[1.0, 0.0, 0.0, 1.0]);
    case.close("below", &[4.0 + 7.0 + 8.0]);
    case.close("upper", &[2.0 + 3.0 + 6.0]);
    case.close("m", &[6.0, 0.0, 5.0]);
    case.close("deg", &[3.0, 1.0, 3.0]);
    case.close("none", &[0.0]);
    case.close("big", &[4.0]);
    case.close("avg", &[3.0, 0.0, 2.5]);
    case.close("least", &[f64::INFINITY]);
    case.close("p", &[8.0]);
    case.close("l", &[(1f64.exp() + 2f64.exp()).ln()]);
    case.close("v", &[1.0]);
    case.close("q", &[1.0]);
    case.close("r", &[1.0]);
    case.close("am", &[2.0]);
    case.close("shift", &[3.0]);
}

#[test]
fn guards_prove_bounds() {
    let text = "dim T\ninput x: [T]\noutput d = [t] => if t > 0 then x[t] - x[t - 1] else 0
output e = [t] => if t + 1 < T and x[t] > 0 then x[t + 1] else -1
output r = [t] => x[T - 1 - t]
output f = sum[t in T where t >= 1](x[t - 1])
output g = [t in T] => sum[s in 0..t + 1](x[s])
";
    let case = program(text).dim("T", 3).port("x", &[1.0, 3.0, 7.0]);
    case.close("d", &[0.0, 2.0, 4.0]);
    case.close("e", &[3.0, 7.0, -1.0]);
    case.close("r", &[7.0, 3.0, 1.0]);
    case.close("f", &[4.0]);
    case.close("g", &[1.0, 4.0, 11.0]);
    assert_eq!(
        messages("dim T\ninput x: [T]\nlet d[t] = x[t + 1] - x[t]\noutput d\n"),
        ["E0325 `x[t + 1]` leaves the axis when t = T - 1"]
    );
    assert_eq!(
        messages("dim N, M\ninput a: [N]\ninput b: [M]\noutput s = [i] => a[i] * b[i]\n"),
        ["E0323 index `i` runs over N in `a[i]` and over M in `b[i]`"]
    );
}

#[test]
fn determinant_by_minors() {
    let text = "
fn minor(A: [K, K], j) = [r in K - 1, c in K - 1] => A[r + 1, if c < j then c else c + 1]
fn det_(A: [K, K]) = {
  if K == 1 then A[0, 0]
  else sum[j](A[0, j] * det_(minor(A, j)) * (if mod(j, 2) == 0 then 1 else -1))
}
input A: [4, 4]
output d = det_(A)
";
    // Expanding along the last row: -1*det(minor) ...; checked by hand with row operations: 30.
    let case =
        program(text).port("A", &[2.0, 0.0, 1.0, 3.0, 1.0, 1.0, 0.0, 2.0, 0.0, 3.0, 1.0, 1.0, 1.0, 0.0, 2.0, 1.0]);
    // Rows r1 = (2 0 1 3), r2 = (1 1 0 2), r3 = (0 3 1 1), r4 = (1 0 2 1). r4 as pivot: subtract 2 r4 from r1 and r4
    // from r2: (0 0 -3 1), (0 1 -2 1), (0 3 1 1). The determinant is -1 times that of [[0,-3,1],[1,-2,1],[3,1,1]],
    // which is 0*(-3) + 3*(1 - 3) + 1*(1 + 6) = 1; the sign of moving row 4 to the top is -1.
    case.close("d", &[-1.0]);
}

#[test]
fn attention_reads_as_on_paper() {
    let text = "dim T, A = 2, K = 1, D = 2
input x: [T, D]
input Wq: [D, A, K]
let q[a, t, c] = sum[d](x[t, d] * Wq[d, a, c])
let s[a, i, j] = if j <= i then sum[c](q[a, i, c] * q[a, j, c]) / sqrt(K) else -inf
let o = softmax(s) @ q
output y = [t, a] => o[a, t, 0]
";
    let case = program(text).dim("T", 2).port("x", &[1.0, 2.0, 3.0, 4.0]).port("Wq", &[1.0, 0.0, 0.0, 1.0]);
    // Head 0 sees 1, 3; head 1 sees 2, 4. Row 0 sees itself only.
    let row = |a: f64, b: f64| (a * (b * a).exp() + b * (b * b).exp()) / ((b * a).exp() + (b * b).exp());
    case.close("y", &[1.0, 2.0, row(1.0, 3.0), row(2.0, 4.0)]);
}

#[test]
fn blocks_hide_nothing_by_accident() {
    let text = "dim N\ninput x: [N]\nlet y[n] = {\n  let a = 2 * x\n  let b = a[n] + sum(x)\n  b^2\n}\noutput y\n";
    let case = program(text).dim("N", 2).port("x", &[1.0, 2.0]);
    case.close("y", &[25.0, 49.0]);
    // A definition used whole inside a comprehension over the same dim.
    let text = "dim N\ninput x: [N]\nlet s[i] = 2 * x[i]\noutput z = [i] => s[i] * sum(s * x) + sum[j](s[j] * x[i])\n";
    let case = program(text).dim("N", 2).port("x", &[1.0, 3.0]);
    // s = [2, 6], sum(s * x) = 20, sum(s) = 8.
    case.close("z", &[48.0, 144.0]);
}

#[test]
fn indices_of_one_dim_are_never_mixed_up() {
    let text = "dim N
input A: [N, N]
fn total(v) = sum(v * v)
fn rows(f, M) = [i] => f(M[i])
fn mixed(M) = [i] => M[i] + M[:, i]
output a = [i] => total(A[i]) + 10 * total(A[:, i])
output b = [i, j] => A[i] @ A[j]
output c = [i] => (A @ A)[i, i]
output d = [i] => sum(A @ A[i])
output e = [i] => ([j] => A[i, j] - A[j, i])
output f = [i] => outer(A[i], A[:, i])
output g = [i] => softmax(A)[i]
output h = rows(total, A')
output k = [i] => mixed(A)[i] @ A[i]
output l = [i] => [i2] => sum[j](A[i, j] * mixed(A')[i2, j])
output m = [i] => (A + A[i])[i]
output n = mixed(mixed(A))
";
    let a = [[1.0, 2.0, -1.0], [0.5, 3.0, 4.0], [2.0, -2.0, 1.5]];
    let flat: Vec<f64> = a.iter().flatten().copied().collect();
    let case = program(text).dim("N", 3).port("A", &flat);
    let n = 0..3usize;
    let each = |f: &dyn Fn(usize) -> f64| n.clone().map(f).collect::<Vec<f64>>();
    let pairs = |f: &dyn Fn(usize, usize) -> f64| {
        n.clone().flat_map(|i| (0..3).map(move |j| (i, j))).map(|(i, j)| f(i, j)).collect::<Vec<f64>>()
    };
    let sum = |f: &dyn Fn(usize) -> f64| n.clone().map(f).sum::<f64>();
    case.close("a", &each(&|i| sum(&|j| a[i][j].powi(2)) + 10.0 * sum(&|j| a[j][i].powi(2))));
    case.close("b", &pairs(&|i, j| sum(&|k| a[i][k] * a[j][k])));
    case.close("c", &each(&|i| sum(&|k| a[i][k] * a[k][i])));
    case.close("d", &each(&|i| sum(&|r| sum(&|k| a[r][k] * a[i][k]))));
    case.close("e", &pairs(&|i, j| a[i][j] - a[j][i]));
    let f: Vec<f64> = n.clone().flat_map(|i| pairs(&|p, q| a[i][p] * a[q][i])).collect();
    case.close("f", &f);
    case.close("g", &pairs(&|i, j| a[i][j].exp() / sum(&|k| a[i][k].exp())));
    case.close("h", &each(&|i| sum(&|j| a[j][i].powi(2))));
    let mixed = |i: usize, j: usize| a[i][j] + a[j][i];
    case.close("k", &each(&|i| sum(&|j| mixed(i, j) * a[i][j])));
    case.close("l", &pairs(&|i, r| sum(&|j| a[i][j] * mixed(r, j))));
    case.close("m", &pairs(&|i, j| a[i][j] + a[i][j]));
    case.close("n", &pairs(&|i, j| mixed(i, j) + mixed(j, i)));
    assert_eq!(case.shape("f"), "[N, N, N]");
}
