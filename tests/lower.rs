//! From text to graph: small programs evaluated by the reference interpreter against closed forms, and shapes.

use nnc::graph::{Initializer, PortKind, Precision, Program, Role, Value, ValueRole, verify};
use nnc::interp::{Bindings, evaluate};
use nnc::lower::{Lowered, lower};
use nnc::span::SourceMap;

/// A program with values for its open dims and ports.
struct Case {
    lowered: Lowered,
    bindings: Bindings,
}

fn lowered_with(text: &str, files: &[(&str, &str)]) -> (SourceMap, Lowered) {
    let mut sources = SourceMap::default();
    let main = sources.add("main.nn", text);
    let loader = |path: &str| {
        let found = files.iter().find(|f| f.0 == path).map(|f| f.1.to_string());
        found.ok_or_else(|| "no such file".to_string())
    };
    let lowered = lower(&mut sources, main, &loader);
    (sources, lowered)
}

fn messages(text: &str) -> Vec<String> {
    let (_, lowered) = lowered_with(text, &[]);
    lowered.diagnostics.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
}

fn codes(text: &str) -> Vec<&'static str> {
    lowered_with(text, &[]).1.diagnostics.iter().map(|d| d.code).collect()
}

fn program(text: &str) -> Case {
    program_of(text, &[])
}

fn program_of(text: &str, files: &[(&str, &str)]) -> Case {
    let (sources, lowered) = lowered_with(text, files);
    let errors: Vec<String> = lowered
        .diagnostics
        .iter()
        .filter(|d| d.is_error())
        .map(|d| format!("{} {} at {:?}", d.code, d.message, d.labels.first().map(|l| sources.place(l.span))))
        .collect();
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
    verify(&lowered.program.graph).unwrap();
    let dims = lowered.program.graph.extents.dims().iter().map(|d| d.value.unwrap_or(-1)).collect();
    Case { lowered, bindings: Bindings { dims, ..Bindings::default() } }
}

impl Case {
    fn program(&self) -> &Program {
        &self.lowered.program
    }

    fn dim(mut self, name: &str, size: i64) -> Case {
        let at = self.program().graph.extents.dims().iter().position(|d| d.name == name).expect("a dim");
        self.bindings.dims[at] = size;
        self
    }

    fn port(mut self, name: &str, values: &[f64]) -> Case {
        let id = self.program().port(name).unwrap_or_else(|| panic!("no port {name}")).id;
        self.bindings.ports.insert(id, values.to_vec());
        self
    }

    fn find(&self, name: &str) -> &Value {
        self.program().values.iter().rev().find(|v| v.name == name).unwrap_or_else(|| panic!("no value {name}"))
    }

    fn value(&self, name: &str) -> Vec<f64> {
        let v = self.find(name);
        evaluate(&self.program().graph, &self.bindings, &[(v.node, &v.axes)]).unwrap().remove(0)
    }

    fn shape(&self, name: &str) -> String {
        let e = &self.program().graph.extents;
        let sizes: Vec<String> = self.find(name).axes.iter().map(|a| e.show(e.poly(a.extent))).collect();
        format!("[{}]", sizes.join(", "))
    }

    fn close(&self, name: &str, expected: &[f64]) {
        let got = self.value(name);
        assert_eq!(got.len(), expected.len(), "{name}: {got:?} against {expected:?}");
        for (g, e) in got.iter().zip(expected) {
            assert!((g - e).abs() <= 1e-12 * (1.0 + e.abs()) || g == e, "{name}: {got:?} against {expected:?}");
        }
    }
}

/// Closes over the ports of a text that needs none.
fn check(expression: &str, expected: &[f64]) {
    program(&format!("output r = {expression}\n")).close("r", expected);
}

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
