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
