//! Functions: arguments, specialisation, recursion, and what std defines.

use super::common::*;

#[test]
fn functions_fit_any_shape() {
    let text = "fn f(x, k = 2) = k * x + 1
fn rows(x: [.., I], w: [I]) -> [..] = x @ w
fn twice(g, x) = g(g(x))
fn half(x: [2 * K]) = sum(x) / K
dim N, D = 2
input x: [N, D]
input y
output a = f(x)
output b = f(y, k = 3)
output c = rows(x, [1, 10]) + rows(x[0], [1, 10])
output d = twice(f, y)
output e = twice(exp, y)
output g = half(x[0])
";
    let case = program(text).dim("N", 2).port("x", &[1.0, 2.0, 3.0, 4.0]).port("y", &[5.0]);
    case.close("a", &[3.0, 5.0, 7.0, 9.0]);
    case.close("b", &[16.0]);
    case.close("c", &[42.0, 64.0]);
    case.close("d", &[23.0]);
    case.close("e", &[5f64.exp().exp()]);
    case.close("g", &[3.0]);
}

#[test]
fn static_ifs_choose_before_shapes_are_checked() {
    let text = "fn act(x, relu_ = true) = if relu_ then relu(x) else x @ x
fn power_(x, k) = if k == 0 then 1 else x * power_(x, k - 1)
fn fib(n) = if n < 2 then n else fib(n - 1) + fib(n - 2)
input x
output a = act(x)
output b = power_(x, 5)
output c = fib(90)
";
    let case = program(text).port("x", &[-2.0]);
    case.close("a", &[0.0]);
    case.close("b", &[-32.0]);
    // F(90), from the closed form; exact in f64 only to 53 bits.
    case.close("c", &[2880067194370816120.0]);
    assert_eq!(messages("fn f(x) = f(x - 1)\ninput x\noutput y = f(x)\n"), ["E0208 `f` calls itself without end"]);
    let doubling =
        "fn f(x, k) = if k == 0 then x else f(sin(x), k - 1) + f(cos(x), k - 1)\ninput x\noutput y = f(x, 60)\n";
    assert_eq!(codes(doubling), ["E0208"]);
}

#[test]
fn tuples_are_taken_apart() {
    let text =
        "fn both(x) = (x + 1, [x, 2 * x])\ninput x\nlet (a, b) = both(x)\nlet (c, _) = b\noutput s = a + sum(b) + c\n";
    let case = program(text).port("x", &[3.0]);
    case.close("s", &[4.0 + 9.0 + 3.0]);
}

#[test]
fn losses_are_those_of_the_books() {
    let text = "dim N, C = 3
target y: index(C)[N]
target t: index(2)[N]
input z: [N, C]
input s: [N]
input r: [N]
input h: [N, C]
let p = softmax(z)
output ce = cross_entropy(y, p)
output soft = cross_entropy(h, p)
output bce = binary_cross_entropy(t, sigmoid(s))
output bcer = binary_cross_entropy(r, sigmoid(s))
output se = mse(r, s)
output ae = mae(r, s)
output hu = huber(r, s)
output hu2 = huber(r, s, delta = 2)
output hi = hinge(t, s)
";
    let z = [1.0, 2.0, 0.5, -1.0, 0.0, 3.0];
    let (s, r) = ([0.5, -2.5], [1.0, 0.25]);
    let case = program(text)
        .dim("N", 2)
        .port("y", &[1.0, 0.0])
        .port("t", &[1.0, 0.0])
        .port("z", &z)
        .port("s", &s)
        .port("r", &r)
        .port("h", &[0.0, 1.0, 0.0, 0.5, 0.25, 0.25]);
    let lse = |v: &[f64]| v.iter().map(|x| x.exp()).sum::<f64>().ln();
    let (l0, l1) = (lse(&z[..3]), lse(&z[3..]));
    case.close("ce", &[l0 - 2.0, l1 + 1.0]);
    case.close("soft", &[l0 - 2.0, 0.5 * (l1 + 1.0) + 0.25 * l1 + 0.25 * (l1 - 3.0)]);
    let softplus = |x: f64| (1.0 + x.exp()).ln();
    case.close("bce", &[softplus(-0.5), softplus(-2.5)]);
    case.close("bcer", &[softplus(-0.5), 0.25 * softplus(2.5) + 0.75 * softplus(-2.5)]);
    case.close("se", &[(0.25 + 2.75 * 2.75) / 2.0]);
    case.close("ae", &[(0.5 + 2.75) / 2.0]);
    case.close("hu", &[0.125, 2.75 - 0.5]);
    case.close("hu2", &[0.125, 2.0 * (2.75 - 1.0)]);
    case.close("hi", &[0.5, 0.0]);
}

#[test]
fn std_agrees_with_its_definitions() {
    let text = "dim N, D = 2
input x: [N, D]
output sm = softmax(x, axis = N)
output ls = log_softmax(x)
output cs = cumsum(x, axis = 0)
output cl = cumsum(x)
output nr = norm(x)
output na = norm(x, axis = -1)
output sd = std(x, axis = N)
output dt = dot(x[0], x[1])
output ot = outer(x[0], [1, 2, 3])
output cr = cross([1, 2, 3], [4, 5, 6])
output tr = trace(x @ x')
output dg = diag(x @ x')
output tl = tril([[1, 2], [3, 4]])
output tu = triu([[1, 2], [3, 4]])
output fl = flip(x)
";
    let case = program(text).dim("N", 2).port("x", &[1.0, 2.0, 3.0, 5.0]);
    let s = |d: f64| 1.0 / (1.0 + (-d).exp());
    case.close("sm", &[s(-2.0), s(-3.0), s(2.0), s(3.0)]);
    case.close("ls", &[s(-1.0).ln(), s(1.0).ln(), s(-2.0).ln(), s(2.0).ln()]);
    case.close("cs", &[1.0, 2.0, 4.0, 7.0]);
    case.close("cl", &[1.0, 3.0, 3.0, 8.0]);
    case.close("nr", &[39f64.sqrt()]);
    case.close("na", &[5f64.sqrt(), 34f64.sqrt()]);
    case.close("sd", &[1.0, 1.5]);
    case.close("dt", &[13.0]);
    case.close("ot", &[1.0, 2.0, 3.0, 2.0, 4.0, 6.0]);
    case.close("cr", &[-3.0, 6.0, -3.0]);
    case.close("tr", &[39.0]);
    case.close("dg", &[5.0, 34.0]);
    case.close("tl", &[1.0, 0.0, 3.0, 4.0]);
    case.close("tu", &[1.0, 2.0, 0.0, 4.0]);
    case.close("fl", &[2.0, 1.0, 5.0, 3.0]);
    assert_eq!(case.shape("sm"), "[N, D]");
}

#[test]
fn densities_integrate_to_one() {
    // The trapezoid rule on a fine grid.
    let text = "import std.dist\ndim N\ninput x: [N]
output normal = exp(dist.normal(x, mean = 0.3, sd = 1.5))
output exponential = exp(dist.exponential(x, rate = 2))
output laplace = exp(dist.laplace(x, centre = -1, scale = 0.5))
output cauchy = exp(dist.cauchy(x, scale = 0.1))
";
    let points: Vec<f64> = (0..40001).map(|i| -20.0 + f64::from(i) * 1e-3).collect();
    let case = program(text).dim("N", points.len() as i64).port("x", &points);
    for (name, tail) in
        [("normal", 0.0), ("exponential", 0.0), ("laplace", 0.0), ("cauchy", 0.2 / (20.0 * std::f64::consts::PI))]
    {
        let density = case.value(name);
        let area: f64 = density.windows(2).map(|w| (w[0] + w[1]) / 2.0 * 1e-3).sum();
        assert!((area + tail - 1.0).abs() < 2e-3, "{name}: {area}");
    }
    let text = "import std.dist\noutput a = dist.bernoulli([0, 1], 0.25)\n";
    assert_eq!(codes(text).len(), 0);
    program(text).close("a", &[0.75f64.ln(), 0.25f64.ln()]);
}
