//! Optimisers and schedules against torch.optim and SciPy: stored values and the scripts that made them are in
//! `tests/reference/fit`.

use nnc::fit::{Dataset, FirstOrder, FitError, Iteration, Lbfgs, Optimizer, Outcome, Settings, Stepper, fit, load};
use nnc::model::{Backend, Model};
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn reference(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/fit").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn settings(model: &Model) -> Settings {
    Settings::new(model.program(), model.train_blocks(), None, &[]).unwrap_or_else(|p| panic!("{p:?}"))
}

/// The settings of a `train` block with this optimiser.
fn settings_of(optimizer: &str) -> Settings {
    let source = format!("param a = 1\nloss a^2\ntrain {{ optimizer = {optimizer} }}\n");
    settings(&Model::from_source(&source).unwrap())
}

fn close(got: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((got - expected).abs() <= tolerance * expected.abs().max(1e-3), "{what}: {got} is not {expected}");
}

#[test]
fn first_steps_are_those_of_torch() {
    for (optimizer, points) in reference("torch_optim.json")["optimizers"].as_object().unwrap() {
        let Optimizer::FirstOrder(rule) = settings_of(optimizer).optimizer else { panic!("{optimizer}") };
        let mut wide = ([1.0f64, -2.0], Stepper::new(rule, 2));
        let mut narrow = ([1.0f32, -2.0], Stepper::new(rule, 2));
        for (step, point) in points.as_array().unwrap().iter().enumerate() {
            let (x, y) = (wide.0, narrow.0);
            wide.1.step(&mut wide.0, &[x[0], 10.0 * x[1]]);
            narrow.1.step(&mut narrow.0, &[y[0], 10.0 * y[1]]);
            for i in 0..2 {
                let (expected, what) = (point[i].as_f64().unwrap(), format!("{optimizer}, step {step}, x[{i}]"));
                close(wide.0[i], expected, 1e-12, &what);
                close(f64::from(narrow.0[i]), expected, 1e-4, &what);
            }
        }
    }
}

#[test]
fn schedules_are_those_of_torch() {
    for (text, rates) in reference("torch_optim.json")["schedules"].as_object().unwrap() {
        let settings = settings_of(&format!("sgd(lr = {text})"));
        let Optimizer::FirstOrder(rule) = settings.optimizer else { panic!("{text}") };
        for (step, rate) in rates.as_array().unwrap().iter().enumerate() {
            let got = rule.rate() * settings.schedule.factor(step as u64, 12);
            close(got, rate.as_f64().unwrap(), 1e-12, &format!("{text}, step {step}"));
        }
    }
    let warm = settings_of("sgd(lr = constant(0.5, warmup = 2))").schedule;
    assert_eq!([0, 1, 2, 100].map(|step| warm.factor(step, 12)), [0.5, 1.0, 1.0, 1.0]);
}

#[test]
fn a_schedule_reaches_the_steps_of_a_run() {
    // With gradient 1 in every step the parameter moves by the sum of the rates: 0.5 · (1 + 3/4 + 1/2 + 1/4).
    let model = Model::from_source(
        "precision f64\nparam a = 0\nloss a\ntrain { optimizer = sgd(lr = linear(0.5)), epochs = 4 }\n",
    )
    .unwrap();
    let fitted = run(&model, &Dataset::default()).unwrap();
    assert_eq!(fitted.weights.param("a").unwrap().values.to_f64(), [-1.25]);
}

fn rosenbrock(x: &[f64], gradient: &mut [f64]) -> Result<f64, ()> {
    gradient.fill(0.0);
    let mut sum = 0.0;
    for i in 0..x.len() - 1 {
        let (a, b) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
        sum += a * a + 100.0 * b * b;
        gradient[i] += -2.0 * a - 400.0 * x[i] * b;
        gradient[i + 1] += 200.0 * b;
    }
    Ok(sum)
}

#[test]
fn lbfgs_goes_down_the_valley_as_fast_as_scipy() {
    let reference = reference("scipy_minima.json");
    for n in [2, 10] {
        let start = (0..n).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
        let mut minimiser = Lbfgs::new(start, 10);
        let mut evaluations = 0;
        let mut count = |x: &[f64], g: &mut [f64]| {
            evaluations += 1;
            rosenbrock(x, g)
        };
        let mut iterations = 0;
        let mut before = f64::INFINITY;
        while minimiser.iterate(&mut count).unwrap() == Iteration::Moved {
            iterations += 1;
            let loss = minimiser.loss().unwrap();
            assert!(loss < before, "iteration {iterations} of {n}: {loss} after {before}");
            before = loss;
            // Line searches differ in details, so ten times what SciPy reaches is as fast.
            if let Some(expected) = reference[format!("rosenbrock {n}")].get(iterations.to_string()) {
                assert!(loss < 10.0 * expected.as_f64().unwrap() + 1e-12, "{n}, {iterations}: {loss}, {expected}");
            }
        }
        assert!(iterations < 100 && evaluations < 200, "{n}: {iterations} iterations, {evaluations} evaluations");
        assert!(minimiser.point().iter().all(|x| (x - 1.0).abs() < 1e-6), "{:?}", minimiser.point());
    }
}

#[test]
fn lbfgs_solves_a_quadratic_and_stays_where_values_end() {
    // Eigenvalues 1 to 1000: in exact arithmetic with exact searches six steps would do.
    let mut bowl = |x: &[f64], g: &mut [f64]| -> Result<f64, ()> {
        let weights = [1.0, 5.0, 20.0, 80.0, 300.0, 1000.0];
        (0..6).for_each(|i| g[i] = weights[i] * (x[i] - i as f64));
        Ok((0..6).map(|i| g[i] * (x[i] - i as f64) / 2.0).sum())
    };
    let mut minimiser = Lbfgs::new(vec![3.0; 6], 10);
    while minimiser.iterate(&mut bowl).unwrap() == Iteration::Moved {}
    assert!(minimiser.point().iter().enumerate().all(|(i, x)| (x - i as f64).abs() < 1e-7), "{:?}", minimiser.point());
    // -log x - log (1 - x), infinite outside of (0, 1), has its minimum in the middle.
    let mut barrier = |x: &[f64], g: &mut [f64]| -> Result<f64, ()> {
        g[0] = 1.0 / (1.0 - x[0]) - 1.0 / x[0];
        Ok(if (0.0..=1.0).contains(&x[0]) { -x[0].ln() - (1.0 - x[0]).ln() } else { f64::NAN })
    };
    let mut minimiser = Lbfgs::new(vec![1e-6], 10);
    while minimiser.iterate(&mut barrier).unwrap() == Iteration::Moved {}
    assert!((minimiser.point()[0] - 0.5).abs() < 1e-8);
}

fn run(model: &Model, data: &Dataset) -> Result<nnc::fit::Fitted, FitError> {
    fit(model, data, &settings(model), Backend::Auto, &mut (), &AtomicBool::new(false))
}

const LOGISTIC: &str = "dim N, D
input x: [N, D]
target y: index(2)[N]
param w: [D] = zeros()
param b
loss mean(binary_cross_entropy(y, sigmoid(x @ w + b))) + 0.01 * sum(w^2)
data {
  file = \"examples/data/breast_cancer.csv\"
  x = standardize(columns(0..30))
  y = column(\"malignant\")
}
";

#[test]
fn lbfgs_fits_logistic_regression_to_the_minimum() {
    let reference = &reference("scipy_minima.json")["logistic"];
    for (precision, tolerance) in [("f64", 1e-6), ("f32", 1e-2)] {
        let train = "train { optimizer = lbfgs(), epochs = 200 }\n";
        let source = format!("precision {precision}\n{LOGISTIC}{train}");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf();
        let model = Model::from_bytes("m.nn", source.as_bytes(), folder).unwrap();
        let (data, _) = load(&model, &Default::default(), 0).unwrap();
        let fitted = run(&model, &data).unwrap();
        // To the last digit that the precision allows, and no further.
        assert_eq!(fitted.outcome, Outcome::Converged, "{precision}");
        let w = fitted.weights.param("w").unwrap().values.to_f64();
        for (got, expected) in w.iter().zip(reference["w"].as_array().unwrap()) {
            let expected = expected.as_f64().unwrap();
            assert!((got - expected).abs() < tolerance, "{precision}: {got} is not {expected}");
        }
        let b = fitted.weights.param("b").unwrap().values.to_f64()[0];
        assert!((b - reference["b"].as_f64().unwrap()).abs() < tolerance, "{precision}: {b}");
    }
}

#[test]
fn a_loss_that_is_not_finite_at_the_start_is_said() {
    let model = Model::from_source("param a = -1\nloss log(a)\ntrain { optimizer = lbfgs() }\n").unwrap();
    let error = run(&model, &Dataset::default()).unwrap_err();
    assert!(matches!(error, FitError::NotFinite(_)), "{error}");
}

#[test]
fn the_best_of_several_starts_is_kept() {
    // Minima near -1.04 with -0.31 and near 0.96 with 0.29: which one is found depends on the start.
    let source = |starts: usize, seed: u64| {
        format!(
            "precision f64\nparam a = normal(std = 1)\nloss (a^2 - 1)^2 + 0.3 * a\n\
             train {{ optimizer = lbfgs(), starts = {starts}, seed = {seed} }}\n"
        )
    };
    let fitted = |starts, seed| run(&Model::from_source(&source(starts, seed)).unwrap(), &Dataset::default()).unwrap();
    let a = |fitted: &nnc::fit::Fitted| fitted.weights.param("a").unwrap().values.to_f64()[0];
    // The minima are the roots of 4 a³ - 4 a + 0.3.
    let is_root = |a: f64| (4.0 * a.powi(3) - 4.0 * a + 0.3).abs() < 1e-7;
    let singles: Vec<f64> = (0..8).map(|seed| a(&fitted(1, seed))).collect();
    assert!(singles.iter().all(|a| is_root(*a)), "{singles:?}");
    assert!(singles.iter().any(|a| *a < 0.0) && singles.iter().any(|a| *a > 0.0), "{singles:?}");
    let best = fitted(8, 0);
    assert!(a(&best) < 0.0);
    assert_eq!(best.values.len(), 8);
    // Start k is the run with a seed larger by k - 1.
    assert_eq!(a(&best), singles[best.start - 1]);
    let loss = |a: f64| (a * a - 1.0).powi(2) + 0.3 * a;
    assert!(best.values.iter().zip(&singles).all(|(value, a)| (value - loss(*a)).abs() < 1e-12));
    let equal = Model::from_source("param a = 2\nloss a^2\ntrain { starts = 2 }\n").unwrap();
    let Err(FitError::Model(problems)) = run(&equal, &Dataset::default()) else { panic!() };
    assert_eq!(problems[0].code, "E0611");
}

#[test]
fn rates_can_be_replaced() {
    let rule = FirstOrder::ADAM.with_rate(0.5);
    assert_eq!((rule.rate(), Optimizer::from(rule).with_rate(0.25)), (0.5, Some(rule.with_rate(0.25).into())));
    assert_eq!(Optimizer::Lbfgs { history: 3 }.with_rate(0.1), None);
}

fn squares(source: &str, data: &Dataset) -> Result<nnc::fit::Fitted, FitError> {
    run(&Model::from_source(source).unwrap(), data)
}

fn param(fitted: &nnc::fit::Fitted, name: &str) -> f64 {
    fitted.weights.param(name).unwrap().values.to_f64()[0]
}

/// NIST Statistical Reference Datasets, Misra1a: data, the first start, and the certified estimates.
const MISRA: [[f64; 14]; 2] = [
    [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0],
    [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78],
];

#[test]
fn least_squares_finds_certified_values() {
    let data =
        || Dataset::new(14).unwrap().column("x", MISRA[0].to_vec()).unwrap().column("y", MISRA[1].to_vec()).unwrap();
    for (loss, k) in [
        ("sum((y - a * (1 - exp(-b * x)))^2)", "param b = 1e-4"),
        ("mean((y - a * (1 - exp(-b * x)))^2) / 2", "param b = 1e-4"),
        // As a positive param, of which the logarithm is fitted.
        ("sum((y - a * (1 - exp(-b * x)))^2) + 3", "param b: positive = 1e-4"),
    ] {
        let source = format!(
            "precision f64\ndim N\ninput x: [N]\ntarget y: [N]\nparam a = 500\n{k}\nloss {loss}\n\
             train {{ optimizer = levenberg_marquardt() }}\n"
        );
        let fitted = squares(&source, &data()).unwrap();
        close(param(&fitted, "a"), 238.94212918, 1e-8, loss);
        close(param(&fitted, "b"), 5.5015643181e-4, 1e-8, loss);
        assert_eq!(fitted.outcome, Outcome::Converged);
        assert!(fitted.epochs < 30, "{} iterations", fitted.epochs);
    }
}

#[test]
fn least_squares_of_several_terms_and_weights() {
    // Minimise the mean over three rows of w (a x - y)², plus 0.5 a²:
    // a = (Σ w x y / 3) / (Σ w x² / 3 + 0.5) = (37 / 3) / (23 / 3 + 0.5).
    let rows = |v: [f64; 3]| v.to_vec();
    let data = Dataset::new(3).unwrap().column("x", rows([1.0, 2.0, 3.0])).unwrap();
    let data = data.column("y", rows([2.0, 3.0, 5.0])).unwrap().column("w", rows([2.0, 3.0, 1.0])).unwrap();
    let model = |loss: &str| {
        format!(
            "precision f64\ndim N\ninput x: [N]\ninput w: [N]\ntarget y: [N]\nparam a = 7\nloss {loss}\n\
             train {{ optimizer = levenberg_marquardt() }}\n"
        )
    };
    let expected = (2.0 * 2.0 + 3.0 * 6.0 + 15.0) / 3.0 / ((2.0 + 12.0 + 9.0) / 3.0 + 0.5);
    let fitted = squares(&model("mean(w * (a * x - y)^2) + 0.5 * a^2"), &data).unwrap();
    close(param(&fitted, "a"), expected, 1e-12, "a");
    for other in ["mean(abs(a * x - y) + 0 * w)", "mean(w * (a * x - y)^2) + a", "-mean(w * (a * x - y)^2)"] {
        let Err(FitError::Model(problems)) = squares(&model(other), &data) else { panic!("{other}") };
        assert_eq!(problems[0].code, "E0611", "{other}");
    }
}

#[test]
fn least_squares_in_single_precision_and_with_arrays() {
    // Rosenbrock's function is a sum of squares; LM reaches (1, 1).
    let source = "param v: [2] = [-1.2, 1]\nloss (1 - v[0])^2 + 100 * (v[1] - v[0]^2)^2\n\
        train { optimizer = levenberg_marquardt() }\n";
    let fitted = squares(source, &Dataset::default()).unwrap();
    let v = fitted.weights.param("v").unwrap().values.to_f64();
    assert!(v.iter().all(|x| (x - 1.0).abs() < 1e-5), "{v:?}");
}
