//! The layers of `std.layers` against JAX (`reference/std_layers.py`): results, and the derivatives of the sum of their sines
//! by every param, native and interpreted; and a step of training with each.

use nnc::model::{Backend, Model, Options, Slice};
use serde_json::Value as Json;

/// Name in the reference, declarations, result.
const CASES: &[(&str, &str, &str)] = &[
    ("Dense", "import std.layers (Dense)\ninput x: [2, 5, 3]\nlet l = Dense(3, 4)", "l(x)"),
    ("DenseNoBias", "import std.layers (Dense)\ninput x: [2, 3]\nlet l = Dense(3, 4, bias = false)", "l(x)"),
    ("Embedding", "import std.layers (Embedding)\ninput i: index(6)[2, 5]\nlet l = Embedding(6, 3)", "l(i)"),
    (
        "Conv1d",
        "import std.layers (Conv1d)\ninput x: [2, 3, 9]\nlet l = Conv1d(3, 4, 3, stride = 2, padding = 1)",
        "l(x)",
    ),
    (
        "Conv2d",
        "import std.layers (Conv2d)\ninput x: [2, 3, 7, 6]\nlet l = Conv2d(3, 4, 3, stride = 2, padding = 1)",
        "l(x)",
    ),
    (
        "Conv2dNoBias",
        "import std.layers (Conv2d)\ninput x: [2, 3, 5, 4]\nlet l = Conv2d(3, 2, 3, bias = false)",
        "l(x)",
    ),
    ("LayerNorm", "import std.layers (LayerNorm)\ninput x: [2, 4, 5]\nlet l = LayerNorm(5)", "l(x)"),
    ("RNN", "import std.layers (RNN)\ninput x: [2, 4, 2]\nlet l = RNN(2, 3)", "l(x)"),
    ("LSTM", "import std.layers (LSTM)\ninput x: [2, 4, 2]\nlet l = LSTM(2, 3)", "l(x)"),
    ("GRU", "import std.layers (GRU)\ninput x: [2, 4, 2]\nlet l = GRU(2, 3)", "l(x)"),
    (
        "MultiHeadAttention",
        "import std.layers (MultiHeadAttention)\ninput x: [2, 5, 4]\nlet l = MultiHeadAttention(4, 2)",
        "l(x)",
    ),
    (
        "CausalAttention",
        "import std.layers (MultiHeadAttention)\ninput x: [2, 5, 4]\nlet l = MultiHeadAttention(4, 2, causal = true)",
        "l(x)",
    ),
    (
        "GCN",
        "import std.layers (GCN)\ndim N = 5\ninput x: [N, 3]\ninput src: index(N)[7]\ninput dst: index(N)[7]\nlet l = GCN(3, 4)",
        "l(x, src, dst)",
    ),
    (
        "GAT",
        "import std.layers (GAT)\ndim N = 5\ninput x: [N, 3]\ninput src: index(N)[7]\ninput dst: index(N)[7]\nlet l = GAT(3, 4, A = 2)",
        "l(x, src, dst)",
    ),
    (
        "MaxPool",
        "import std.layers (max_pool)\ninput x: [1, 2, 5, 4]\nparam w: [2]\nlet p = max_pool(x, 2)",
        "[n, c, i, j] => w[c] * p[n, c, i, j]",
    ),
    (
        "AvgPool",
        "import std.layers (avg_pool1d)\ninput x: [1, 2, 7]\nparam w: [2]\nlet p = avg_pool1d(x, 3)",
        "[n, c, i] => w[c] * p[n, c, i]",
    ),
];

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn close(given: &[f64], expected: &[f64], what: &str) {
    assert_eq!(given.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-3f64, |m, x| m.max(x.abs()));
    for (i, (g, e)) in given.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= 1e-10 * scale, "{what}[{i}] is {g:e}, expected {e:e}");
    }
}

fn check(name: &str, declarations: &str, result: &str, case: &Json) {
    let text = format!("precision f64\n{declarations}\nlet y = {result}\noutput y\nloss sum(sin(y))\n");
    let model = Model::from_source(&text).unwrap_or_else(|e| panic!("{name}: {e}\n{text}"));
    let given = case["inputs"].as_object().unwrap();
    let reals: Vec<(&str, Vec<f64>)> = given.iter().map(|(k, v)| (k.as_str(), numbers(v))).collect();
    let labels: Vec<Vec<u32>> = reals.iter().map(|(_, v)| v.iter().map(|x| *x as u32).collect()).collect();
    for backend in [Backend::Native, Backend::Interpreter] {
        let of = |options: Options| {
            let f = model.compile(&options.backend(backend)).unwrap_or_else(|e| panic!("{name}: {e}"));
            let slices: Vec<(&str, Slice)> = reals
                .iter()
                .zip(&labels)
                .map(|((k, v), l)| (*k, if ["i", "src", "dst"].contains(k) { l.into() } else { v.into() }))
                .collect();
            let found = f.evaluate(&slices).unwrap_or_else(|e| panic!("{name}: {e}"));
            found.into_iter().map(|r| (r.name, r.values.to_f64())).collect::<Vec<_>>()
        };
        close(&of(Options::values(["y"]))[0].1, &numbers(&case["y"]), &format!("{name} by {backend:?}"));
        let found = of(Options::gradient("loss"));
        close(&found[0].1, &[case["loss"].as_f64().unwrap()], &format!("loss of {name}"));
        let expected = case["gradients"].as_object().unwrap();
        assert_eq!(found.len() - 1, expected.len(), "{name}: params are those of the reference");
        for (param, values) in &found[1..] {
            let param = param.strip_prefix('d').filter(|p| expected.contains_key(*p)).unwrap_or(param);
            close(values, &numbers(&expected[param]), &format!("{name}: d{param} by {backend:?}"));
        }
    }
}

#[test]
fn layers_agree_with_the_reference() {
    let cases: Json = serde_json::from_str(include_str!("reference/std_layers.json")).unwrap();
    assert_eq!(cases.as_object().unwrap().len(), CASES.len());
    for (name, declarations, result) in CASES {
        check(name, declarations, result, &cases[name]);
    }
}

/// Gradient descent lowers a loss, step by step.
#[test]
fn a_step_of_training_lowers_the_loss() {
    let cases: Json = serde_json::from_str(include_str!("reference/std_layers.json")).unwrap();
    for (name, declarations, result) in CASES.iter().filter(|c| !c.0.ends_with("Pool")) {
        let text = format!("precision f64\n{declarations}\nlet y = {result}\nloss mean((y - 1)^2)\n");
        let model = Model::from_source(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let f = model.compile(&Options::gradient("loss")).unwrap();
        let mut inputs: Vec<(String, Vec<f64>)> =
            cases[name]["inputs"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), numbers(v))).collect();
        let mut losses = vec![];
        for _ in 0..3 {
            let labels: Vec<Vec<u32>> = inputs.iter().map(|(_, v)| v.iter().map(|x| *x as u32).collect()).collect();
            let slices: Vec<(&str, Slice)> = inputs
                .iter()
                .zip(&labels)
                .map(|((k, v), l)| {
                    (k.as_str(), if ["i", "src", "dst"].contains(&k.as_str()) { l.into() } else { v.into() })
                })
                .collect();
            let found = f.evaluate(&slices).unwrap_or_else(|e| panic!("{name}: {e}"));
            losses.push(found[0].values.to_f64()[0]);
            for gradient in &found[1..] {
                let values = gradient.values.to_f64();
                let place = inputs.iter_mut().find(|(k, _)| *k == gradient.name || format!("d{k}") == gradient.name);
                let (_, param) = place.unwrap_or_else(|| panic!("{name}: {}", gradient.name));
                param.iter_mut().zip(values).for_each(|(p, g)| *p -= 1e-3 * g);
            }
        }
        assert!(losses[2] < losses[1] && losses[1] < losses[0], "{name}: {losses:?}");
    }
}
