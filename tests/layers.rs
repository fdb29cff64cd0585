//! Layers, families, states and the two modes: names and numbers against models written without them, closed forms, and
//! PyTorch.

use nnc::model::{Model, Options};

fn model(text: &str) -> Model {
    Model::from_source(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// The results of a function by name, for inputs by name.
fn evaluate(model: &Model, options: &Options, inputs: &[(&str, &[f64])]) -> Vec<(String, Vec<f64>)> {
    let f = model.compile(options).unwrap_or_else(|e| panic!("{e}"));
    let used: Vec<_> = inputs.iter().filter(|(n, _)| f.signature().input(n).is_some()).collect();
    let given: Vec<_> = used.iter().map(|(n, v)| (*n, (*v).into())).collect();
    let results = f.evaluate(&given).unwrap_or_else(|e| panic!("{e}"));
    results.into_iter().map(|r| (r.name, r.values.to_f64())).collect()
}

#[test]
fn a_model_is_compiled_for_use_or_for_training() {
    let m = model("precision f64\ninput x\noutput y = if training then x else { let a = 2 * x\n a + 1 }\n");
    assert_eq!(m.ports().len(), 1);
    let of = |options: Options| evaluate(&m, &options, &[("x", &[3.0])])[0].1.clone();
    assert_eq!(of(Options::default()), [7.0]);
    assert_eq!(of(Options::default().training()), [3.0]);
}

const DENSE: &str = "
layer Dense(I, O, bias = true) {
  param W: [I, O] = he_normal()
  param b: [O]
  fn (x: [.., I]) -> [.., O] = if bias then x @ W + b else x @ W
  fn energy() = sum(W^2)
  fn twice(x) = energy() * x
}
";

fn names(model: &Model) -> Vec<String> {
    model.ports().iter().map(|p| p.to_string()).collect()
}

/// Params have the names of the `let`s that lead to them, in the order of the source; those that nothing reads are absent.
#[test]
fn params_are_named_by_their_instances() {
    let m = model(&format!(
        "{DENSE}
dim N, D = 3, H = 4, C = 2, L = 5
layer Encoder(D, H) {{
  let l1 = Dense(D, H)
  let l2 = Dense(H, H, bias = false)
  let inner[a in 2] = Dense(H, H)
  param scale: positive = 2
  fn (x) = scale * l2(l1(x))
  fn all(x) = inner[0](inner[1](x))
}}
input x: [N, D]
let last = Dense(H, C)
let enc[e in L] = Encoder(D, H)
param free
output y = last(enc[2](x)) + free
output z = enc[0].all(enc[1](x))
"
    ));
    let expected = [
        "input x: [N, D]",
        "param last.W: [H, C]",
        "param last.b: [C]",
        "param enc.l1.W: [L, D, H]",
        "param enc.l1.b: [L, H]",
        "param enc.l2.W: [L, H, H]",
        "param enc.inner.W: [L, 2, H, H]",
        "param enc.inner.b: [L, 2, H]",
        "param enc.scale: [L]",
        "param free: real",
    ];
    assert_eq!(names(&m), expected);
}

/// Numbers for tests: row-major, all different, between -1 and 1.
fn numbers(count: usize, salt: usize) -> Vec<f64> {
    (0..count).map(|i| ((i * 29 + salt * 17) % 41) as f64 / 20.5 - 1.0).collect()
}

#[test]
fn layers_compute_what_they_say_without_layers() {
    let with = model(&format!(
        "precision f64\n{DENSE}
dim N, D = 3, H = 4
input x: [N, D]
let first = Dense(D, H)
let tower[l in 3] = Dense(H, H)
let h = relu(first(x))
output one = tower[2](tower[0](h)) + tower[-1].b
output all[l] = tower[l](h)
output few[l in 2, n] = tower[l + 1](h[n])
output energy = first.energy() + tower[1].energy() + sum(tower.W) + first.twice(2)
loss mean(tower[2](tower[0](h))^2) + sum[l](tower[l].energy())
"
    ));
    let without = model(
        "precision f64
dim N, D = 3, H = 4, L = 3
input x: [N, D]
param W: [D, H] = 1
param b: [H]
param V: [L, H, H] = 1
param c: [L, H] = 0
let h = relu(x @ W + b)
let one = (h @ V[0] + c[0]) @ V[2] + c[2]
output one_ = one + c[2]
output all[l] = h @ V[l] + c[l]
output few[l in 2, n] = h[n] @ V[l + 1] + c[l + 1]
output energy = 3 * sum(W^2) + sum(V[1]^2) + sum(V)
loss mean(one^2) + sum(V^2)
",
    );
    let (x, w, b, v, c) = (numbers(15, 1), numbers(12, 2), numbers(4, 3), numbers(48, 4), numbers(12, 5));
    let a: [(&str, &[f64]); 5] = [("x", &x), ("first.W", &w), ("first.b", &b), ("tower.W", &v), ("tower.b", &c)];
    let p: [(&str, &[f64]); 5] = [("x", &x), ("W", &w), ("b", &b), ("V", &v), ("c", &c)];
    for options in [Options::default(), Options::gradient("loss")] {
        let (ours, theirs) = (evaluate(&with, &options, &a), evaluate(&without, &options, &p));
        assert_eq!(ours.len(), theirs.len());
        for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
            assert_eq!(ours.len(), theirs.len(), "{name}");
            assert!(ours.iter().zip(theirs).all(|(a, b)| (a - b).abs() < 1e-12), "{name} {ours:?} {theirs:?}");
        }
    }
}
