//! Log densities of `std.dist` against SciPy, and their derivatives against JAX (`reference/densities.json`, made by
//! `reference/densities.py`); outside of the support against the definition.

use nnc::model::{Model, Options};
use serde_json::Value as Json;
use std::path::Path;

fn list(v: &Json) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn densities_agree_with_scipy() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/densities.json");
    let reference: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let calls = [
        ("bernoulli_logits", "[n] => dist.bernoulli_logits(y[n], x[n])"),
        ("uniform", "dist.uniform(x, 0, 4)"),
        ("lognormal", "dist.lognormal(x, 0.3, 0.8)"),
        ("logistic", "dist.logistic(x, 0.5, 2)"),
        ("weibull", "dist.weibull(x, 1.7, scale = 1.2)"),
        (
            "normal_vector",
            "[_ in 1] => dist.normal_vector(x, [0.1, -0.2, 0.3], [[1.2, 0, 0], [0.3, 0.8, 0], [-0.4, 0.5, 1.5]])",
        ),
    ];
    assert_eq!(calls.len(), reference.as_object().unwrap().len());
    for (name, call) in calls {
        let (x, size) = match name {
            "normal_vector" => (vec![0.5, 0.4, -1.0], 3),
            _ => (vec![0.2, 0.7, 1.3, 2.9], 4),
        };
        let text = format!(
            "precision f64\nimport std.dist\nconst y = [1, 0, 1, 0]\ninput x: [{size}]\noutput p = {call}\nloss sum(p)\n"
        );
        let text = if name == "bernoulli_logits" { text } else { text.replace("const y = [1, 0, 1, 0]\n", "") };
        let model = Model::from_source(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let mut options = Options::gradient("loss").with_respect_to(["x"]);
        options.values.push("p".into());
        let f = model.compile(&options).unwrap();
        let found = f.evaluate(&[("x", (&x).into())]).unwrap();
        let (value, slope) = (f.signature().result("p").unwrap(), f.signature().gradient("x").unwrap());
        for (place, expected) in [(value, list(&reference[name][0])), (slope, list(&reference[name][1]))] {
            let ours = found[place].values.to_f64();
            assert_eq!(ours.len(), expected.len());
            for (a, b) in ours.iter().zip(&expected) {
                assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{name}: {ours:?} instead of {expected:?}");
            }
        }
    }
}

#[test]
fn nothing_is_outside_of_the_support() {
    let text = "precision f64\nimport std.dist\ndim N\ninput x: [N]\ninput y: index(3)[N]\n\
                output u = dist.uniform(x, 0, 4)\noutput l = dist.lognormal(x)\noutput w = dist.weibull(x, 2)\n\
                output c = dist.categorical(y, [n, k in 3] => if x[n] < 0 then (k + 1) / 6 else 1 / 3)\n\
                output slope = grad(sum(l), x)\n";
    let f = Model::from_source(text).unwrap().compile(&Options::default()).unwrap();
    let found = f.evaluate(&[("x", (&[-1.0, 0.0]).into()), ("y", (&[2u32, 0]).into())]).unwrap();
    let of = |name: &str| found[f.signature().result(name).unwrap()].values.to_f64();
    let none = f64::NEG_INFINITY;
    assert_eq!(of("u"), [none, -4f64.ln()]);
    assert_eq!(of("l"), [none; 2]);
    assert_eq!(of("w"), [none; 2]);
    assert_eq!(of("slope"), [0.0; 2]);
    assert!(of("c").iter().zip([0.5f64.ln(), -3f64.ln()]).all(|(a, b)| (a - b).abs() < 1e-15));
}
