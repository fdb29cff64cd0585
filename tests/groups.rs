//! `freeze` and `groups`: which params a fit changes, and by which step. Expected numbers are closed forms, worked out beside
//! each test.

use nnc::fit::{
    Dataset, FirstOrder, FitError, Fitted, Group, GroupError, Observer, Optimizer, Settings, Started, evaluate, fit,
};
use nnc::model::{Backend, Model, Weights};
use std::sync::atomic::AtomicBool;

fn model(text: &str) -> Model {
    Model::from_source(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn settings(m: &Model) -> Settings {
    Settings::new(m.program(), m.train_blocks(), None, &[]).unwrap_or_else(|e| panic!("{e:?}"))
}

fn data(x: &[f64], y: &[f64]) -> Dataset {
    Dataset::new(x.len()).unwrap().column("x", x.to_vec()).unwrap().column("y", y.to_vec()).unwrap()
}

fn run(m: &Model, data: &Dataset, settings: &Settings) -> Result<Fitted, FitError> {
    fit(m, data, settings, Backend::Auto, &mut (), &AtomicBool::new(false))
}

fn of(weights: &Weights, name: &str) -> Vec<f64> {
    weights.param(name).unwrap().values.to_f64()
}

fn close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{what}: {found} instead of {expected}");
}

const X: [f64; 4] = [1.0, 2.0, 3.0, 5.0];
const Y: [f64; 4] = [2.0, 3.0, 7.0, 8.0];

#[test]
fn what_is_frozen_keeps_its_start_with_every_optimizer() {
    // With b at 0.5 the best a is sum(x (y - b)) / sum(x^2) = (sum(x y) - b sum(x)) / sum(x^2) = (69 - 5.5) / 39.
    for (optimizer, epochs) in [
        ("gradient_descent(0.05)", 400),
        ("momentum(0.02)", 2000),
        ("adam(lr = 0.05)", 4000),
        ("lbfgs()", 50),
        ("levenberg_marquardt()", 50),
    ] {
        let m = model(&format!(
            "precision f64\ndim N\ninput x: [N]\ntarget y: [N]\nparam b = 0.5\nparam a\nparam k: positive = 2\n\
             loss mean((a * x + b - y)^2) + 0 * k\n\
             train {{ optimizer = {optimizer}, epochs = {epochs}, freeze = [b, k] }}\n"
        ));
        let fitted = run(&m, &data(&X, &Y), &settings(&m)).unwrap();
        let a = of(&fitted.weights, "a")[0];
        assert!((a - 63.5 / 39.0).abs() < 1e-6, "{optimizer}: {a}");
        assert_eq!(of(&fitted.weights, "b"), [0.5], "{optimizer}");
        close(of(&fitted.weights, "k")[0], 2.0, optimizer);
        // In order of declaration, as without `freeze`, so that weights belong to the model.
        let names: Vec<&str> = fitted.weights.params.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["b", "a", "k"]);
        fitted.weights.check(m.program()).unwrap();
        // Evaluation reads the frozen ones: the residuals of the closed form.
        let (a, b) = (63.5 / 39.0, 0.5);
        let loss = X.iter().zip(&Y).map(|(x, y): (&f64, &f64)| (a * x + b - y).powi(2)).sum::<f64>() / 4.0;
        let scores = evaluate(&m, &data(&X, &Y), &fitted.weights, Backend::Auto).unwrap();
        assert!((scores[0].scores[0].value - loss).abs() < 1e-9, "{optimizer}");
    }
}

const LINE: &str = "precision f64\ndim N\ninput x: [N]\ntarget y: [N]\nparam a = 1\nparam b = 2\n\
                    loss mean((a * x + b - y)^2)\n";

/// The gradient of `LINE`: 2 mean(r x), 2 mean(r).
fn gradient(a: f64, b: f64) -> (f64, f64) {
    let r = X.iter().zip(&Y).map(|(x, y): (&f64, &f64)| (x, a * x + b - y));
    let (by_a, by_b) = r.fold((0.0, 0.0), |(p, q), (x, r)| (p + r * x, q + r));
    (by_a / 2.0, by_b / 2.0)
}

#[test]
fn groups_step_by_their_own_rates_and_one_schedule() {
    let m = model(&format!(
        "{LINE}train {{ optimizer = sgd(lr = exponential(0.01, 0.5)), epochs = 2, groups = [group(a, lr = 0.001)] }}\n"
    ));
    let fitted = run(&m, &data(&X, &Y), &settings(&m)).unwrap();
    let (mut a, mut b) = (1.0, 2.0);
    for factor in [1.0, 0.5] {
        let (by_a, by_b) = gradient(a, b);
        a -= 0.001 * factor * by_a;
        b -= 0.01 * factor * by_b;
    }
    close(of(&fitted.weights, "a")[0], a, "a");
    close(of(&fitted.weights, "b")[0], b, "b");
}

#[test]
fn groups_decay_apart_from_the_gradient() {
    // Adam's first step is rate g / (|g| + eps), after x has become (1 - rate decay) x.
    let m = model(&format!(
        "{LINE}train {{ optimizer = adamw(lr = 0.1, decay = 0.5), epochs = 1, groups = [group(b, decay = 0)] }}\n"
    ));
    let fitted = run(&m, &data(&X, &Y), &settings(&m)).unwrap();
    let (by_a, by_b) = gradient(1.0, 2.0);
    let step = |g: f64| 0.1 * g / (g.abs() + 1e-8);
    close(of(&fitted.weights, "a")[0], 1.0 - 0.1 * 0.5 - step(by_a), "a");
    close(of(&fitted.weights, "b")[0], 2.0 - step(by_b), "b");

    let m = model(&format!(
        "{LINE}train {{ optimizer = adam(lr = 0.1), epochs = 1, groups = [group(a, lr = 0.01, decay = 0.3)] }}\n"
    ));
    let fitted = run(&m, &data(&X, &Y), &settings(&m)).unwrap();
    close(of(&fitted.weights, "a")[0], 1.0 - 0.01 * 0.3 - step(by_a) / 10.0, "a");
    close(of(&fitted.weights, "b")[0], 2.0 - step(by_b), "b");
}

#[test]
fn a_group_like_the_others_changes_nothing() {
    let text = |rest: &str| {
        format!(
            "{LINE}train {{ optimizer = adam(lr = 0.1), epochs = 30, batch = 2, clip_norm = 0.5, seed = 3{rest} }}\n"
        )
    };
    let fitted = |rest: &str| {
        let m = model(&text(rest));
        run(&m, &data(&X, &Y), &settings(&m)).unwrap().weights.params
    };
    // Two numbers: their sum of squares does not depend on the order either.
    assert_eq!(fitted(""), fitted(", groups = [group(a, lr = 0.1)]"));
    assert_ne!(fitted(""), fitted(", groups = [group(a, lr = 0.2)]"));
}

const LAYERS: &str = "
precision f64
dim N, L = 2
input x: [N]
target y: [N]
layer Inner() {
  param s = 3
  state n
  fn (v) = {
    update n = n + 1
    s * v
  }
}
layer Outer() {
  let inner = Inner()
  param t = 1
  fn (v) = t * inner(v)
}
let net = Outer()
let nets[l in L] = Outer()
param w = 0.1
loss mean((w * net(x) + nets[0](x) + nets[1](x) - y)^2)
";

#[test]
fn a_layer_stands_for_all_its_params_and_states_go_on() {
    struct Seen(usize, usize);
    impl Observer for Seen {
        fn started(&mut self, start: &Started) {
            *self = Seen(start.parameters, start.frozen);
        }
    }
    for (freeze, kept, frozen) in [
        ("net", &["net.t", "net.inner.s"][..], 2),
        ("net.inner", &["net.inner.s"], 1),
        ("nets", &["nets.t", "nets.inner.s"], 4),
        ("nets.t, w", &["nets.t", "w"], 3),
    ] {
        let m = model(&format!("{LAYERS}train {{ optimizer = sgd(1e-3), epochs = 2, freeze = [{freeze}] }}\n"));
        let settings = settings(&m);
        let mut seen = Seen(0, 0);
        let fitted = fit(&m, &data(&X, &Y), &settings, Backend::Auto, &mut seen, &AtomicBool::new(false)).unwrap();
        assert_eq!((seen.0, seen.1), (7 - frozen, frozen), "{freeze}");
        for (name, start) in [("net.t", 1.0), ("net.inner.s", 3.0), ("nets.t", 1.0), ("nets.inner.s", 3.0), ("w", 0.1)]
        {
            let values = of(&fitted.weights, name);
            assert_eq!(values.iter().all(|v| *v == start), kept.contains(&name), "{freeze}: {name} {values:?}");
        }
        // Two steps.
        assert_eq!(of(&fitted.weights, "net.inner.n"), [2.0]);
        assert_eq!(of(&fitted.weights, "nets.inner.n"), [2.0, 2.0]);
    }
}

#[test]
fn patience_and_several_starts_leave_the_frozen_alone() {
    let m = model(
        "precision f64\ndim N\ninput x: [N]\ntarget y: [N]\nparam b = 0.5\nparam a = normal()\nloss mean((a * x + b - y)^2)\n\
         train { optimizer = adam(lr = 0.1), epochs = 60, patience = 5, starts = 3, freeze = [b] }\n",
    );
    let data = data(&X, &Y).split(vec![0, 1, 3], vec![2], vec![]).unwrap();
    let fitted = run(&m, &data, &settings(&m)).unwrap();
    assert_eq!(of(&fitted.weights, "b"), [0.5]);
    assert_eq!(fitted.values.len(), 3);
}

#[test]
fn bounds_that_read_a_frozen_param_hold() {
    let m = model(
        "precision f64\nparam a in (0, 1) = 0.25\nparam b in (0, 1 - a)\nloss (a - 0.9)^2 + (b - 2)^2\n\
         train { optimizer = adam(lr = 0.1), epochs = 200, freeze = [a] }\n",
    );
    let fitted = run(&m, &Dataset::default(), &settings(&m)).unwrap();
    close(of(&fitted.weights, "a")[0], 0.25, "a");
    let b = of(&fitted.weights, "b")[0];
    assert!(b > 0.7 && b <= 0.75, "{b}");
}

#[test]
fn hosts_are_told_what_does_not_fit() {
    let m = model(LINE);
    let error = |settings: Settings| match run(&m, &data(&X, &Y), &settings).unwrap_err() {
        FitError::Groups(error) => error,
        other => panic!("{other}"),
    };
    let base = Settings::default;
    let group = |name: &str| Group { params: vec![name.into()], rate: Some(0.1), decay: None };
    let unknown = error(Settings { freeze: vec!["aa".into()], ..base() });
    assert_eq!(unknown, GroupError::UnknownParam { name: "aa".into(), nearest: Some("a".into()) });
    let twice = error(Settings { freeze: vec!["a".into()], groups: vec![group("a")], ..base() });
    assert_eq!(twice, GroupError::NamedTwice { param: "a".into() });
    let search = Optimizer::Lbfgs { history: 5 };
    assert_eq!(error(Settings { optimizer: search, groups: vec![group("a")], ..base() }), GroupError::OneStep);
    let decay = Group { decay: Some(0.1), ..group("a") };
    let plain = FirstOrder::Descent { rate: 0.1 }.into();
    assert_eq!(error(Settings { optimizer: plain, groups: vec![decay], ..base() }), GroupError::NoDecay);

    let bounded = model("param a in (0, 1)\nparam b in (0, 1 - a)\nloss a + b\n");
    let frozen = Settings { freeze: vec!["b".into()], ..base() };
    let Err(FitError::Groups(error)) = run(&bounded, &Dataset::default(), &frozen) else { panic!("not refused") };
    assert_eq!(error, GroupError::MovingBounds { param: "b".into(), with: "a".into() });

    let all = Settings { freeze: vec!["a".into(), "b".into()], ..base() };
    let Err(FitError::Model(problems)) = run(&m, &data(&X, &Y), &all) else { panic!("not refused") };
    assert_eq!(problems[0].code, "E0609");
    assert!(problems[0].message.contains("frozen"), "{}", problems[0].message);
}
