//! Activations, losses and metrics of std against JAX and NumPy (`reference/std_functions.py`): values, and the derivative of
//! the sum of sines by the argument, native and interpreted.

use nnc::model::{Backend, Model, Options, Slice};
use serde_json::Value as Json;

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn labels(json: &Json) -> Vec<u32> {
    numbers(json).into_iter().map(|x| x as u32).collect()
}

fn reference() -> Json {
    serde_json::from_str(include_str!("reference/std_functions.json")).unwrap()
}

fn results(text: &str, options: Options, inputs: &[(&str, Slice)]) -> Vec<Vec<f64>> {
    let model = Model::from_source(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let f = model.compile(&options).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let used: Vec<_> = inputs.iter().filter(|(n, _)| f.signature().input(n).is_some()).copied().collect();
    let found = f.evaluate(&used).unwrap_or_else(|e| panic!("{e}\n{text}"));
    found.into_iter().map(|r| r.values.to_f64()).collect()
}

fn close(given: &[f64], expected: &[f64], what: &str) {
    assert_eq!(given.len(), expected.len(), "{what}");
    for (i, (g, e)) in given.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= 1e-10 * e.abs().max(1.0), "{what}[{i}] is {g:e}, expected {e:e}");
    }
}

#[test]
fn activations_and_losses_agree_with_the_reference() {
    let all = reference();
    let (x, p, u, y) = (numbers(&all["x"]), numbers(&all["p"]), numbers(&all["u"]), labels(&all["y"]));
    let inputs: [(&str, Slice); 4] = [("x", (&x).into()), ("p", (&p).into()), ("u", (&u).into()), ("y", (&y).into())];
    let cases = all["cases"].as_object().unwrap();
    assert_eq!(cases.len(), 14);
    for (call, case) in cases {
        let text = format!(
            "precision f64\nimport std.losses (kl, focal, poisson_nll, gaussian_nll)\nparam x: [3, 4] = zeros()\n\
             input p: [3, 4]\ninput u: [3, 4]\ninput y: index(2)[3, 4]\nlet r = {call}\noutput r\nloss sum(sin(r))\n"
        );
        for backend in [Backend::Native, Backend::Interpreter] {
            let values = results(&text, Options::values(["r"]).backend(backend), &inputs);
            close(&values[0], &numbers(&case["values"]), call);
            let found = results(&text, Options::gradient("loss").backend(backend), &inputs);
            close(&found[1], &numbers(&case["gradient"]), &format!("derivative of {call}"));
        }
    }
}

#[test]
fn metrics_agree_with_their_definitions() {
    let all = reference();
    let given = &all["metrics"]["inputs"];
    let (y, f) = (labels(&given["y"]), labels(&given["f"]));
    let [s, t, g] = ["s", "t", "g"].map(|k| numbers(&given[k]));
    let inputs: [(&str, Slice); 5] =
        [("y", (&y).into()), ("f", (&f).into()), ("s", (&s).into()), ("t", (&t).into()), ("g", (&g).into())];
    let cases = all["metrics"]["values"].as_object().unwrap();
    assert_eq!(cases.len(), 8);
    for (call, expected) in cases {
        let name = call.split('(').next().unwrap();
        let text = format!(
            "precision f64\nimport std.metrics ({name})\ndim N\ninput y: index(2)[N]\ninput f: index(2)[N]\ninput s: [N]\n\
             input t: [N]\ninput g: [N]\noutput r = {call}\n"
        );
        for backend in [Backend::Native, Backend::Interpreter] {
            close(&results(&text, Options::default().backend(backend), &inputs)[0], &numbers(expected), call);
        }
    }
    let none = "precision f64\nimport std.metrics (accuracy, precision_score, recall, f1)\ninput y: index(2)[2]\ninput z: [2, 2]\n\
                output r = [precision_score(y, y), recall(y, y), f1(y, y), accuracy(y, z)]\n";
    let z = [3.0, 1.0, 0.0, 2.0];
    assert_eq!(
        results(none, Options::default(), &[("y", (&[0u32, 0]).into()), ("z", (&z).into())])[0],
        [0., 0., 0., 0.5]
    );
}

#[test]
fn a_name_that_a_module_lacks_is_guessed() {
    let of = |text: &str| match Model::from_source(text) {
        Err(nnc::model::ModelError::Model(report)) => nnc::diag::render::full(&report, false),
        _ => panic!("no error"),
    };
    let text = of("import std.metrics (acuracy)\noutput y = 1\n");
    assert!(text.contains("accuracy"), "{text}");
    let text = of("import std.layers (Dens)\noutput y = 1\n");
    assert!(text.contains("Dense"), "{text}");
}
