//! States: what updates do in training, where they count, and what they never touch. Numbers are worked out by hand here,
//! or come from JAX (`reference/states.py`).

use nnc::fit::{Dataset, FirstOrder, Settings, evaluate, fit, predict};
use nnc::model::{Backend, Model, Options, PortRole, Weights};
use std::sync::atomic::AtomicBool;

fn model(text: &str) -> Model {
    Model::from_source(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn codes(text: &str) -> Vec<&'static str> {
    match Model::from_source(text) {
        Ok(model) => model.warnings().iter().map(|d| d.code).collect(),
        Err(nnc::model::ModelError::Model(report)) => report.diagnostics.iter().map(|d| d.code).collect(),
        Err(other) => panic!("{other}"),
    }
}

const MEAN: &str = "
precision f64
dim N
input x: [N]
target y: [N]
param a = 1
state m = 10
state n: [2] = [1, 2]
update m = 0.5 * m + 0.5 * mean(x)
update n = n + 1
let f = a * (x - m)
output f
loss mean((f - y)^2)
";

#[test]
fn a_training_step_gives_the_new_states_last() {
    let m = model(MEAN);
    let step = m.compile(&Options::gradient("loss").training()).unwrap();
    let roles: Vec<_> = step.signature().results.iter().map(|p| (p.role, p.name.as_str())).collect();
    use PortRole::{Gradient, Loss, State};
    assert_eq!(roles, [(Loss, "loss"), (Gradient, "a"), (State, "m"), (State, "n")]);
    let found = step
        .evaluate(&[
            ("x", (&[1.0, 3.0]).into()),
            ("y", (&[0.0, 0.0]).into()),
            ("a", (&[1.0]).into()),
            ("m", (&[10.0]).into()),
            ("n", (&[1.0, 2.0]).into()),
        ])
        .unwrap();
    // The loss reads the state before the step: ((1 - 10)^2 + (3 - 10)^2) / 2.
    assert_eq!(found[0].values.to_f64(), [65.0]);
    assert_eq!(found[1].values.to_f64(), [130.0]);
    assert_eq!(found[2].values.to_f64(), [6.0]);
    assert_eq!(found[3].values.to_f64(), [2.0, 3.0]);
    // Without training there is nothing to update.
    let plain = m.compile(&Options::gradient("loss")).unwrap();
    assert_eq!(plain.signature().results.len(), 2);
}

fn data() -> Dataset {
    let x = vec![1.0, 3.0, 5.0, 7.0];
    Dataset::new(4).unwrap().column("x", x).unwrap().column("y", vec![0.0; 4]).unwrap()
}

#[test]
fn a_fit_updates_states_once_per_step_and_keeps_them() {
    let m = model(MEAN);
    // A rate so small that a stays 1: only the states move.
    let settings =
        Settings { optimizer: FirstOrder::Descent { rate: 1e-300 }.into(), epochs: 3, ..Settings::default() };
    let fitted = fit(&m, &data(), &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
    let of = |w: &Weights, name: &str| w.param(name).unwrap().values.to_f64();
    // The mean of x is 4: 10, 7, 5.5, 4.75.
    assert_eq!(of(&fitted.weights, "m"), [4.75]);
    assert_eq!(of(&fitted.weights, "n"), [4.0, 5.0]);

    // Files keep them, and evaluation reads them without changing them.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    fitted.weights.save(&path).unwrap();
    let loaded = Weights::load(&path).unwrap();
    loaded.check(m.program()).unwrap();
    assert_eq!(of(&loaded, "m"), [4.75]);
    let expected = [1.0, 3.0, 5.0, 7.0].map(|x: f64| x - 4.75);
    let shown = predict(&m, &data(), &loaded, &[], &[0, 1, 2, 3], Backend::Auto).unwrap();
    assert_eq!(shown[0].values.to_f64(), expected);
    let scores = evaluate(&m, &data(), &loaded, Backend::Auto).unwrap();
    let mean = expected.iter().map(|e| e * e).sum::<f64>() / 4.0;
    assert!((scores[0].scores[0].value - mean).abs() < 1e-12);
}

#[test]
fn every_batch_is_a_step() {
    let m = model(MEAN);
    let settings = Settings {
        optimizer: FirstOrder::Descent { rate: 1e-300 }.into(),
        batch: nnc::fit::Batch::Rows(2),
        shuffle: false,
        epochs: 1,
        ..Settings::default()
    };
    let fitted = fit(&m, &data(), &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
    // Means of the batches are 2 and 6: 10, 6, 6.
    assert_eq!(fitted.weights.param("m").unwrap().values.to_f64(), [6.0]);
}

#[test]
fn an_interrupted_fit_keeps_its_states_and_goes_on_from_them() {
    struct After<'a>(u64, &'a AtomicBool);
    impl nnc::fit::Observer for After<'_> {
        fn stepped(&mut self, step: &nnc::fit::Stepped) {
            if step.epoch as u64 == self.0 {
                self.1.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }
    let m = model(MEAN);
    let settings =
        |epochs| Settings { optimizer: FirstOrder::Descent { rate: 0.01 }.into(), epochs, ..Settings::default() };
    let whole = fit(&m, &data(), &settings(5), Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
    let stop = AtomicBool::new(false);
    let part = fit(&m, &data(), &settings(5), Backend::Auto, &mut After(2, &stop), &stop).unwrap();
    assert_eq!((part.outcome, part.steps), (nnc::fit::Outcome::Interrupted, 2));
    // 10, 7, 5.5
    assert_eq!(part.weights.param("m").unwrap().values.to_f64(), [5.5]);
    // The other three steps begin with what the file holds.
    let folder = tempfile::tempdir().unwrap();
    part.weights.save(&folder.path().join("w.safetensors")).unwrap();
    let loaded = Weights::load(&folder.path().join("w.safetensors")).unwrap();
    let mut rest = data();
    rest.starts = loaded.params.iter().map(|p| (p.name.clone(), p.values.to_f64())).collect();
    let rest = fit(&m, &rest, &settings(3), Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
    assert_eq!(rest.weights.params, whole.weights.params);
}

#[test]
fn with_patience_the_states_are_those_of_the_best_epoch() {
    // The validation loss is (m - 4)^2: best after 10 -> 4, then it grows: 4 -> 1 -> -0.5.
    let m = model(
        "precision f64\ndim N\ninput x: [N]\nparam a\nstate m = 10\nupdate m = if m > 5 then 4 else 0.5 * m - 1\n\
         loss (m - 4)^2 + 1e-300 * a * mean(x)\n",
    );
    let data = Dataset::new(4).unwrap().column("x", vec![1.0; 4]).unwrap();
    let data = data.split(vec![1, 2, 3], vec![0], vec![]).unwrap();
    let settings = Settings {
        optimizer: FirstOrder::Descent { rate: 0.1 }.into(),
        epochs: 20,
        patience: Some(2),
        ..Settings::default()
    };
    let fitted = fit(&m, &data, &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
    assert_eq!(fitted.best_epoch, Some(1));
    assert_eq!(fitted.weights.param("m").unwrap().values.to_f64(), [4.0]);
}

#[test]
fn searching_optimizers_update_by_the_point_they_choose() {
    for optimizer in ["lbfgs()", "levenberg_marquardt()"] {
        let m = model(&format!(
            "precision f64\ndim N\ninput x: [N]\nparam a = 3\nstate last = 0\nstate steps = 0\nupdate last = a\n\
             update steps = steps + 1\nloss sum((a - x)^2)\ntrain {{ optimizer = {optimizer}, epochs = 3 }}\n"
        ));
        let data = Dataset::new(2).unwrap().column("x", vec![1.0, 2.0]).unwrap();
        let settings = Settings::new(m.program(), m.train_blocks(), None, &[]).unwrap();
        let fitted = fit(&m, &data, &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
        let of = |name: &str| fitted.weights.param(name).unwrap().values.to_f64()[0];
        assert!((of("a") - 1.5).abs() < 1e-9, "{optimizer}");
        assert_eq!(of("last"), of("a"), "{optimizer}");
        assert_eq!(of("steps"), fitted.steps as f64, "{optimizer}");
    }
}

const NORM: &str = "
layer Norm(D, momentum = 0.1) {
  param g: [D] = ones()
  state m: [D] = zeros()
  fn (x: [.., D]) = {
    let μ = if training then mean(x, axis = 0) else m
    update m = (1 - momentum) * m + momentum * μ
    g * (x - μ)
  }
}
";

#[test]
fn instances_own_their_states() {
    let text = format!(
        "precision f64\n{NORM}dim N, D = 2\ninput x: [N, D]\nlet a = Norm(D)\nlet b = Norm(D, momentum = 0.5)\n\
         output y = b(a(x) + 1)\n"
    );
    let m = model(&text);
    let names: Vec<String> = m.ports().iter().map(|p| p.name.clone()).collect();
    assert_eq!(names, ["x", "a.g", "a.m", "b.g", "b.m"]);
    let step = m.compile(&Options::values(["y"]).training()).unwrap();
    let x = [1.0, 2.0, 3.0, 6.0];
    let found = step
        .evaluate(&[
            ("x", (&x).into()),
            ("a.g", (&[1.0, 1.0]).into()),
            ("a.m", (&[0.0; 2]).into()),
            ("b.g", (&[1.0, 1.0]).into()),
            ("b.m", (&[0.0; 2]).into()),
        ])
        .unwrap();
    assert_eq!(found[0].values.to_f64(), [-1.0, -2.0, 1.0, 2.0]);
    let close = |found: &[f64], expected: &[f64]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15);
    assert!(close(&found[1].values.to_f64(), &[0.2, 0.4]));
    // a(x) + 1 has mean 1.
    assert!(close(&found[2].values.to_f64(), &[0.5, 0.5]));
}

/// Layers are worked out from the inside, and declared in another order.
#[test]
fn every_state_gets_its_own_value() {
    let text = "precision f64\nlayer Shift(D, k) {\n  state m: [D] = zeros()\n  fn (x: [.., D]) = {\n    update m = mean(x, axis = 0) + k\n\
                \x20   x - m\n  }\n}\ndim N, D = 2\ninput x: [N, D]\nparam w = 1\nlet a = Shift(D, 100)\nlet b = Shift(D, 200)\n\
                layer Seen() {\n  state most\n  fn (x) = {\n    update most = max(x)\n    x\n  }\n}\nlet seen = Seen()\n\
                state last\nupdate last = 7\nloss sum(w * a(b(seen(x)))) + 0.5 * last\n";
    let m = model(text);
    let data = Dataset::new(2).unwrap().column("x", vec![1.0, 2.0, 3.0, 4.0]).unwrap();
    let settings =
        Settings { optimizer: FirstOrder::Descent { rate: 1e-300 }.into(), epochs: 1, ..Settings::default() };
    let fitted = fit(&m, &data, &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
    let of = |name: &str| fitted.weights.param(name).unwrap().values.to_f64();
    // The means of x are 2 and 3; both layers saw states of 0.
    assert_eq!(of("b.m"), [202.0, 203.0]);
    assert_eq!(of("a.m"), [102.0, 103.0]);
    assert_eq!(of("last"), [7.0]);
    // What nothing reads is kept for whoever looks at the weights.
    assert_eq!(of("seen.most"), [4.0]);
}

#[test]
fn members_of_a_family_are_updated_apart() {
    let text = format!(
        "precision f64\n{NORM}dim N, D = 2, L = 3\ninput x: [N, D]\nlet norms[l in L] = Norm(D, momentum = 1)\n\
         output y = norms[2](norms[0](x) + 5)\n"
    );
    let step = model(&text).compile(&Options::values(["y"]).training()).unwrap();
    let states = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    let found = step
        .evaluate(&[
            ("x", (&[1.0, 2.0, 3.0, 6.0]).into()),
            ("norms.g", (&[1.0; 6]).into()),
            ("norms.m", (&states).into()),
        ])
        .unwrap();
    assert_eq!(found[1].values.to_f64(), [2.0, 4.0, 0.3, 0.4, 5.0, 5.0]);
}

#[test]
fn one_call_is_one_update() {
    let text =
        |outputs: &str| format!("precision f64\n{NORM}dim N, D = 2\ninput x: [N, D]\nlet a = Norm(D)\n{outputs}");
    // The same call in two places is one value.
    assert_eq!(codes(&text("output y = a(x)\noutput z = 2 * a(x)\n")), [""; 0]);
    assert_eq!(codes(&text("output y = a(x)\noutput z = a(2 * x)\n")), ["E0372"]);
    // Derivatives see the update through their names.
    assert_eq!(codes(&text("let h = a(x)\nlet s = sum(h^2)\noutput d = grad(s, h)\noutput e = grad(s, x)\n")), [""; 0]);
}

#[test]
fn updates_that_cannot_be_are_said() {
    assert_eq!(codes("param w\nupdate w = 3\nloss w^2\n"), ["E0370"]);
    assert_eq!(codes("state m: [3]\nupdate m = [1, 2]\noutput m\n"), ["E0371"]);
    assert_eq!(codes("state m\nupdate m = 1\nupdate m = 2\noutput y = m\n"), ["E0372"]);
    let layer = "layer F() {\n state m\n fn (v) = {\n update m = v\n v - m\n }\n}\nlet f = F()\n";
    assert_eq!(codes(&format!("dim N\ninput x: [N]\n{layer}output y[n] = f(x[n])\n")), ["E0373"]);
    assert_eq!(codes(&format!("input x\n{layer}output y = fold(_ in 3, h = x) => f(h)\n")), ["E0373"]);
    assert_eq!(codes("state m = 1\noutput y = 2 * m\n"), ["W1060"]);
    assert_eq!(codes("update q = 3\noutput y = 1\n"), ["E0202"]);
    // Scalars fill a state.
    assert_eq!(codes("state m: [3]\nupdate m = 1\noutput y = m\n"), [""; 0]);
}

#[test]
fn batch_norm_trains_as_in_jax() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let text = std::fs::read_to_string(root.join("reference/states.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let program = std::fs::read_to_string(root.join("files/programs/batch_norm.nn")).unwrap();
    let own = model(&format!("precision f64\n{program}"));
    // The layer of `std` does the same.
    let (_, rest) = program.split_once("dim N").unwrap();
    let ready = model(&format!("precision f64\nimport std.layers (BatchNorm)\ndim N{rest}"));
    for m in [own, ready] {
        batch_norm_is_right(&m, &json);
    }
}

fn batch_norm_is_right(m: &Model, json: &serde_json::Value) {
    let list =
        |v: &serde_json::Value| -> Vec<f64> { v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect() };
    let close = |what: &str, found: &[f64], expected: &[f64]| {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= 1e-10 * b.abs().max(1e-3), "{what}: {found:?} instead of {expected:?}");
        }
    };
    let mut held: Vec<(String, Vec<f64>)> = vec![("x".into(), list(&json["x"])), ("y".into(), list(&json["y"]))];
    held.extend(["bn.g", "bn.b", "w"].map(|name| (name.to_string(), list(&json["start"][name]))));
    held.extend([("bn.m".to_string(), vec![0.0; 8]), ("bn.v".to_string(), vec![1.0; 8])]);
    let step = m.compile(&Options::gradient("loss").training()).unwrap();
    fn inputs<'a>(held: &'a [(String, Vec<f64>)], f: &nnc::model::Function) -> Vec<(&'a str, nnc::model::Slice<'a>)> {
        let read = |(name, v): &'a (String, Vec<f64>)| (name.as_str(), nnc::model::Slice::from(v));
        held.iter().filter(|(n, _)| f.signature().input(n).is_some()).map(read).collect()
    }
    for expected in json["steps"].as_array().unwrap() {
        let found = step.evaluate(&inputs(&held, &step)).unwrap();
        for result in &found {
            let values = result.values.to_f64();
            let place = held.iter().position(|(name, _)| *name == result.name);
            match (result.role, result.name.as_str()) {
                (PortRole::Loss, _) => close("loss", &values, &[expected["loss"].as_f64().unwrap()]),
                (PortRole::Gradient, name) => {
                    close(name, &values, &list(&expected["gradient"][name]));
                    let rate = json["rate"].as_f64().unwrap();
                    held[place.unwrap()].1.iter_mut().zip(values).for_each(|(p, g)| *p -= rate * g);
                }
                (PortRole::State, name) => {
                    close(name, &values, &list(&expected[&name[3..]]));
                    held[place.unwrap()].1 = values;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    for (name, values) in held.iter().filter(|(n, _)| !json["end"][n].is_null()) {
        close(name, values, &list(&json["end"][name]));
    }
    let used = m.compile(&Options::values(["loss"])).unwrap();
    let found = used.evaluate(&inputs(&held, &used)).unwrap();
    close("evaluated", &found[0].values.to_f64(), &[json["evaluated"].as_f64().unwrap()]);
}

#[test]
fn batch_norm_of_images_is_that_of_their_pixels_as_rows() {
    let image = "precision f64\nimport std.layers (BatchNorm2d, BatchNorm, Dropout)\ndim N = 2, C = 3, H = 2, W = 2\n\
                 input x: [N, C, H, W]\nlet a = BatchNorm2d(C)\nlet b = BatchNorm(C)\nlet d = Dropout(0.5)\n\
                 let rows = reshape([n, i, j, c] => x[n, c, i, j], [N * H * W, C])\noutput y = d(a(x))\n\
                 output z = [n, c, i, j] => reshape(b(rows), [N, H, W, C])[n, i, j, c]\n";
    let m = model(image);
    let x: Vec<f64> = (0..24).map(|i| f64::from(i * i % 17) / 3.0).collect();
    let (g, b, m0, v0) = ([1.0, 2.0, 0.5], [0.1, 0.2, 0.3], [0.5; 3], [2.0; 3]);
    for options in [Options::values(["z"]).training(), Options::values(["y", "z"])] {
        let f = m.compile(&options).unwrap();
        let all: Vec<(String, Vec<f64>)> = ["a", "b"]
            .iter()
            .flat_map(|l| [("g", g), ("b", b), ("m", m0), ("v", v0)].map(|(n, v)| (format!("{l}.{n}"), v.to_vec())))
            .chain([("x".to_string(), x.clone())])
            .collect();
        let given: Vec<(&str, nnc::model::Slice)> =
            all.iter().filter(|(n, _)| f.signature().input(n).is_some()).map(|(n, v)| (n.as_str(), v.into())).collect();
        let found = f.evaluate(&given).unwrap();
        let of = |name: &str| found.iter().find(|r| r.name == name).map(|r| r.values.to_f64());
        if let (Some(y), Some(z)) = (of("y"), of("z")) {
            assert!(y.iter().zip(&z).all(|(a, b)| (a - b).abs() < 1e-12));
        }
        if let (Some(a), Some(b)) = (of("a.v"), of("b.v")) {
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}

#[test]
fn batch_norm_of_sequences_is_that_of_their_steps_as_rows() {
    let m = model(
        "precision f64\nimport std.layers (BatchNorm)\ndim N = 2, T = 3, D = 2\ninput x: [N, T, D]\nlet a = BatchNorm(D)\n\
         let b = BatchNorm(D)\noutput y = a(x)\noutput z = reshape(b(reshape(x, [N * T, D])), [N, T, D])\n",
    );
    let x: Vec<f64> = (0..12).map(|i| f64::from(i * i % 7)).collect();
    let (g, b, m0, v0) = ([1.0, 2.0], [0.1, 0.2], [0.5; 2], [2.0; 2]);
    for options in [Options::values(["y", "z"]).training(), Options::values(["y", "z"])] {
        let f = m.compile(&options).unwrap();
        let mut given: Vec<(String, Vec<f64>)> = vec![("x".into(), x.clone())];
        for layer in ["a", "b"] {
            given.extend([("g", g), ("b", b), ("m", m0), ("v", v0)].map(|(n, v)| (format!("{layer}.{n}"), v.to_vec())));
        }
        let inputs: Vec<(&str, nnc::model::Slice)> = given
            .iter()
            .filter(|(n, _)| f.signature().input(n).is_some())
            .map(|(n, v)| (n.as_str(), v.into()))
            .collect();
        let found = f.evaluate(&inputs).unwrap();
        let of = |name: &str| found.iter().find(|r| r.name == name).map(|r| r.values.to_f64());
        let mut compared = vec![("y", "z")];
        if options.training {
            compared.extend([("a.m", "b.m"), ("a.v", "b.v")]);
        }
        for (one, other) in compared {
            let (one, other) = (of(one).unwrap(), of(other).unwrap());
            assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-12), "{one:?} {other:?}");
        }
    }
}
