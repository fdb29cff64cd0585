//! Whole files: ports, values, starts, imports, hints.

use super::common::*;
use nnc::graph::{Initializer, PortKind, Precision, Role, ValueRole};

const MLP: &str = "
dim N, D = 3, H = 2, C = 2
input  x: [N, D]
target y: index(C)[N]
param W1: [D, H] = he_normal()
param b1: [H]
param W2: [H, C] = glorot_uniform()
param b2: [C]
let h = relu(x @ W1 + b1)
let p = softmax(h @ W2 + b2)
output p
loss   mean(cross_entropy(y, p))
metric accuracy = mean(argmax(p) == y)
data { file = \"a.csv\", x = columns(0..3), y = column(3) }
train { epochs = 2 }
";

#[test]
fn a_perceptron_has_the_value_of_its_formula() {
    let case = program(MLP)
        .dim("N", 2)
        .port("x", &[1.0, 0.5, -1.0, 0.0, 2.0, 1.0])
        .port("y", &[1.0, 0.0])
        .port("W1", &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])
        .port("b1", &[0.5, 0.0])
        .port("W2", &[1.0, -1.0, 0.0, 2.0])
        .port("b2", &[0.0, 0.1]);
    // By hand: h = relu([1-1+.5, .5-1]; [1+.5, 2+1]) = [.5, 0]; [1.5, 3]; z = [.5, -.4]; [1.5, 4.6].
    let soft = |a: f64, b: f64| [a.exp() / (a.exp() + b.exp()), b.exp() / (a.exp() + b.exp())];
    let (p, q) = (soft(0.5, -0.4), soft(1.5, 4.6));
    case.close("p", &[p[0], p[1], q[0], q[1]]);
    case.close("loss", &[(-p[1].ln() - q[0].ln()) / 2.0]);
    case.close("accuracy", &[0.0]);
    assert_eq!(case.shape("h"), "[N, H]");
    assert_eq!(case.shape("loss"), "[]");
    assert_eq!(case.lowered.diagnostics, vec![]);
    assert_eq!((case.lowered.data.len(), case.lowered.train.len()), (1, 1));
    let p = case.program();
    assert_eq!(p.precision, Precision::F32);
    let names: Vec<&str> = p.ports.iter().map(|q| p.graph.port_info(q.id).name.as_str()).collect();
    assert_eq!(names, ["x", "y", "W1", "b1", "W2", "b2"]);
    assert_eq!(p.port("W1").map(|p| (p.role, p.initial.clone())), Some((Role::Param, Some(Initializer::HeNormal))));
    assert_eq!(p.port("b1").and_then(|p| p.initial.clone()), Some(Initializer::Constant(0.0)));
    assert!(matches!(p.graph.port_info(p.port("y").unwrap().id).kind, PortKind::Index(_)));
    assert_eq!(p.values_of(ValueRole::Let).count(), 2);
}

#[test]
fn arithmetic_follows_precedence() {
    check("-2^2", &[-4.0]);
    check("2^-1", &[0.5]);
    check("2^3^2", &[512.0]);
    check("1 - 2 - 3", &[-4.0]);
    check("7 / 2", &[3.5]);
    check("if 0 < 1 < 2 and not false then 3 else 4", &[3.0]);
    check("[1, 2, 3] * [4, 5, 6] + 1", &[5.0, 11.0, 19.0]);
    check("[[1, 2], [3, 4]] @ [1, -1]", &[-1.0, -1.0]);
    check("[1, -1] @ [[1, 2], [3, 4]]", &[-2.0, -2.0]);
    check("[1, 2] @ [3, 4]", &[11.0]);
    check("[[1, 2], [3, 4]]' @ [[1, 2], [3, 4]]", &[10.0, 14.0, 14.0, 20.0]);
    check("[[1, 2], [3, 4]] + [10, 20]", &[11.0, 22.0, 13.0, 24.0]);
    check("sqrt(pi) ^ 2 / pi", &[1.0]);
    check("max(3, 5) + max([1, 7, 2]) + min(4, 2)", &[14.0]);
}

#[test]
fn problems_are_reported_together_and_once() {
    let text = "dim N\ninput x: [N]\nlet a = x + b\nlet c = a * 2\nlet d = c @ nothing(a)\noutput d\n";
    assert_eq!(codes(text), ["E0202", "E0203"]);
    assert_eq!(messages("input x\noutput y = x + z\n"), ["E0202 unknown name `z`"]);
}

fn initial(case: &Case, name: &str) -> Initializer {
    case.program().port(name).and_then(|p| p.initial.clone()).unwrap()
}

#[test]
fn params_start_as_they_say() {
    let case = program(
        "precision f64
dim D = 4, H = 2, N
const scale = 1 / sqrt(D), two = [1, 2]
param a
param b: [D]
param c: [D] = 0.5
param d: [H] = scale * two
param e: [D, H] = zeros()
param f: [D, H] = normal(std = scale)
param g: [D, H] = uniform(-1, 1)
param h: [H, H] = eye(H)
param i: [D, H] = glorot_normal()
param j: [D, H] = he_uniform()
param k: [H] = [sum[n in D](n), 10]
input t = 0.25
loss a + sum(b) + sum(c) + sum(d) + sum(e) + sum(f) + sum(g) + sum(h) + sum(i) + sum(j) + sum(k) + t
",
    );
    assert_eq!(case.program().precision, Precision::F64);
    assert_eq!(initial(&case, "a"), Initializer::Constant(0.0));
    assert_eq!(initial(&case, "b"), Initializer::Constant(0.0));
    assert_eq!(initial(&case, "c"), Initializer::Constant(0.5));
    assert_eq!(initial(&case, "d"), Initializer::Values(vec![0.5, 1.0]));
    assert_eq!(initial(&case, "e"), Initializer::Constant(0.0));
    assert_eq!(initial(&case, "f"), Initializer::Normal { std: 0.5 });
    assert_eq!(initial(&case, "g"), Initializer::Uniform { low: -1.0, high: 1.0 });
    assert_eq!(initial(&case, "h"), Initializer::Values(vec![1.0, 0.0, 0.0, 1.0]));
    assert_eq!(initial(&case, "i"), Initializer::GlorotNormal);
    assert_eq!(initial(&case, "j"), Initializer::HeUniform);
    assert_eq!(initial(&case, "k"), Initializer::Values(vec![6.0, 10.0]));
    assert_eq!(initial(&case, "t"), Initializer::Constant(0.25));
}

#[test]
fn statements_stand_in_any_order() {
    let case = program("output y\nlet y = 2 * h + k\nlet h = x + 1\nconst k = 3\ninput x\n").port("x", &[4.0]);
    case.close("y", &[13.0]);
}

#[test]
fn files_import_files() {
    let files = [
        (
            "lib/optics.nn",
            "import lib.units (degrees as deg)\ndim R = 3\nconst n0 = 1.5\nfn snell(a, n = n0) = deg(a / n)\n",
        ),
        ("lib/units.nn", "fn degrees(x) = 180 / pi * x\n"),
    ];
    let text = "import lib.optics (snell as bend, R)\nimport lib.units\nimport std.dist\ninput x: [R]\n\
                output a = bend(x)\noutput b = units.degrees(x, )\noutput c = dist.normal(x, sd = 2)\n";
    let text = &text.replace(", )", ")");
    let case = program_of(text, &files).port("x", &[0.0, 1.0, 3.0]);
    let degrees = 180.0 / std::f64::consts::PI;
    case.close("a", &[0.0, degrees / 1.5, 2.0 * degrees]);
    case.close("b", &[0.0, degrees, 3.0 * degrees]);
    // The density of the normal distribution: exp(-(x/2)^2/2) / (2 sqrt(2 pi)).
    let log = |x: f64| ((-(x / 2.0).powi(2) / 2.0).exp() / (2.0 * (2.0 * std::f64::consts::PI).sqrt())).ln();
    case.close("c", &[log(0.0), log(1.0), log(3.0)]);
}

#[test]
fn names_are_compared_in_normal_form() {
    // The first `é` is one character, the second is `e` with an accent.
    let case = program("input caf\u{e9}\noutput y = 2 * cafe\u{301}\n").port("caf\u{e9}", &[3.0]);
    case.close("y", &[6.0]);
    assert_eq!(codes("input W₁\ninput W1\noutput y = W₁ + W1\n"), Vec::<&str>::new());
}

#[test]
fn axes_have_the_names_of_the_user() {
    let case = program("dim N, D = 3\ninput x: [N, D]\nlet y[row, k] = 2 * x[row, k]\noutput y\n");
    let axes = &case.find("y").axes;
    let names: Vec<&str> = axes.iter().map(|a| case.lowered.hints[a].as_str()).collect();
    assert_eq!(names, ["row", "k"]);
}

#[test]
fn nodes_know_their_line() {
    let text = "dim N\ninput x: [N]\nlet a = exp(x)\noutput s = mse(a,\n  x)\n";
    let case = program(text);
    let graph = &case.program().graph;
    let line = |span: nnc::span::Span| text[..span.start as usize].matches('\n').count() + 1;
    assert_eq!(line(graph.node(case.find("a").node).origin.span), 3);
    // What std makes comes from the call.
    assert_eq!(line(graph.node(case.find("s").node).origin.span), 4);
}

#[test]
fn sizes_that_depend_on_open_dims_are_checked_later() {
    let mut case =
        program("dim T\ninput x: [T]\noutput y = x[3] + x[-2]\noutput d = [t in T - 2] => x[t + 2] - x[t]\n");
    assert_eq!(case.lowered.size_checks.len(), 3);
    let graph = &mut case.lowered.program.graph;
    graph.extents.fix(nnc::graph::DimId(0), 3);
    assert_eq!(case.lowered.check_sizes().len(), 1);
    let graph = &mut case.lowered.program.graph;
    graph.extents.fix(nnc::graph::DimId(0), 4);
    assert_eq!(case.lowered.check_sizes(), vec![]);
    let case = case.dim("T", 4).port("x", &[1.0, 2.0, 4.0, 8.0]);
    case.close("y", &[12.0]);
    case.close("d", &[3.0, 6.0]);
}

#[test]
fn warnings_can_be_silenced() {
    let text = "input x\nlet h = 2 * x\noutput y = x\n";
    assert_eq!(codes(text), ["W1003"]);
    assert_eq!(codes(&format!("// nnc: allow(W1003)\n{text}")), Vec::<&str>::new());
    // A setting of `data` may name a value.
    assert_eq!(codes("dim S\ninput x\noutput y = x\ndata { S = 3 }\n"), Vec::<&str>::new());
}
