//! Training: every step is the step of the formula, worked out here by hand, and a run stops when and how it should.

use nnc::fit::{
    Batch, Dataset, EpochDone, FirstOrder, FitError, Monitor, Observer, Outcome, Score, Settings, Split, Started,
    Stepped, evaluate, fit, predict,
};
use nnc::graph::Precision;
use nnc::model::{Backend, Model, Param, PortRole, Values, Weights};
use std::sync::atomic::{AtomicBool, Ordering};

/// A line through points.
const LINE: &str = "
dim N
input  x: [N]
target y: [N]
param a = 0.5
param b
let f = a * x + b
output f
loss   mean((f - y)^2)
metric worst = max(abs(f - y))
";

fn model(text: &str) -> Model {
    Model::from_source(text).unwrap()
}

fn line(precision: Precision) -> Model {
    model(&format!("precision {}\n{LINE}", if precision == Precision::F64 { "f64" } else { "f32" }))
}

const X: [f64; 5] = [0.0, 1.0, 2.0, 3.0, 5.0];
const Y: [f64; 5] = [1.0, 2.0, 0.0, 4.0, 3.0];

fn dataset(x: impl Into<Values>, y: impl Into<Values>) -> Dataset {
    let (x, y) = (x.into(), y.into());
    Dataset::new(x.as_slice().len()).unwrap().column("x", x).unwrap().column("y", y).unwrap()
}

fn data() -> Dataset {
    dataset(X.to_vec(), Y.to_vec())
}

/// One step of gradient descent on mean((a x + b - y)^2) over some rows: the formulas of the normal equations.
fn descend(a: &mut f64, b: &mut f64, rows: &[usize], rate: f64) {
    let n = rows.len() as f64;
    let r = |i: usize, a: f64, b: f64| a * X[i] + b - Y[i];
    let da: f64 = rows.iter().map(|i| 2.0 * r(*i, *a, *b) * X[*i] / n).sum();
    let db: f64 = rows.iter().map(|i| 2.0 * r(*i, *a, *b) / n).sum();
    *a -= rate * da;
    *b -= rate * db;
}

fn settings(rate: f64, epochs: usize) -> Settings {
    Settings { optimizer: FirstOrder::Descent { rate }.into(), epochs, ..Settings::default() }
}

fn run(model: &Model, data: &Dataset, settings: &Settings) -> Result<nnc::fit::Fitted, FitError> {
    fit(model, data, settings, Backend::Auto, &mut (), &AtomicBool::new(false))
}

fn fitted(weights: &Weights) -> (f64, f64) {
    let value = |name| weights.param(name).unwrap().values.to_f64()[0];
    (value("a"), value("b"))
}

fn assert_close(got: (f64, f64), expected: (f64, f64), tolerance: f64) {
    let close = |a: f64, b: f64| (a - b).abs() <= tolerance * (1.0 + b.abs());
    assert!(close(got.0, expected.0) && close(got.1, expected.1), "{got:?} is not {expected:?}");
}

#[test]
fn all_rows_are_gradient_descent() {
    let (mut a, mut b) = (0.5, 0.0);
    for _ in 0..20 {
        descend(&mut a, &mut b, &[0, 1, 2, 3, 4], 0.05);
    }
    let result = run(&line(Precision::F64), &data(), &settings(0.05, 20)).unwrap();
    assert_close(fitted(&result.weights), (a, b), 1e-12);
    assert_eq!((result.outcome, result.epochs, result.steps), (Outcome::Finished, 20, 20));
    let narrow = |v: &[f64]| v.iter().map(|x| *x as f32).collect::<Vec<f32>>();
    let single = dataset(narrow(&X), narrow(&Y));
    let result = run(&line(Precision::F32), &single, &settings(0.05, 20)).unwrap();
    assert_close(fitted(&result.weights), (a, b), 1e-5);
    assert!(matches!(result.weights.params[0].values, Values::F32(_)));
}

#[test]
fn batches_go_through_the_rows_and_the_last_one_may_be_short() {
    for (drop_last, last) in [(false, &[4usize][..]), (true, &[])] {
        let (mut a, mut b) = (0.5, 0.0);
        for _ in 0..3 {
            for rows in [&[0, 1][..], &[2, 3], last] {
                if !rows.is_empty() {
                    descend(&mut a, &mut b, rows, 0.02);
                }
            }
        }
        let settings = Settings { batch: Batch::Rows(2), shuffle: false, drop_last, ..settings(0.02, 3) };
        let result = run(&line(Precision::F64), &data(), &settings).unwrap();
        assert_close(fitted(&result.weights), (a, b), 1e-12);
        assert_eq!(result.steps, if drop_last { 6 } else { 9 });
    }
}

#[test]
fn only_training_rows_are_fitted() {
    let (mut a, mut b) = (0.5, 0.0);
    for _ in 0..4 {
        descend(&mut a, &mut b, &[3, 0, 1], 0.05);
    }
    let result =
        run(&line(Precision::F64), &data().split(vec![3, 0, 1], vec![2], vec![4]).unwrap(), &settings(0.05, 4))
            .unwrap();
    assert_close(fitted(&result.weights), (a, b), 1e-12);
}

#[test]
fn a_batch_larger_than_the_data_holds_all_rows() {
    let model = line(Precision::F64);
    let all = run(&model, &data(), &settings(0.05, 7)).unwrap();
    let large = run(&model, &data(), &Settings { batch: Batch::Rows(1000), ..settings(0.05, 7) }).unwrap();
    assert_eq!(all, large);
}

#[test]
fn a_seed_decides_every_bit() {
    let model = line(Precision::F64);
    let with = |seed| Settings { batch: Batch::Rows(2), seed, ..settings(0.02, 3) };
    let first = run(&model, &data(), &with(1)).unwrap();
    assert_eq!(first, run(&model, &data(), &with(1)).unwrap());
    assert_ne!(first.weights, run(&model, &data(), &with(2)).unwrap().weights);
}

/// Keeps what it is told.
#[derive(Default)]
struct Record {
    started: Option<(usize, [usize; 3], usize, usize)>,
    steps: Vec<Stepped>,
    epochs: Vec<(usize, f64, Vec<Score>, bool)>,
}

impl Observer for Record {
    fn started(&mut self, s: &Started) {
        self.started = Some((s.parameters, s.rows, s.batch, s.steps));
    }
    fn stepped(&mut self, step: &Stepped) {
        self.steps.push(*step);
    }
    fn epoch_done(&mut self, e: &EpochDone) {
        self.epochs.push((e.epoch, e.loss, e.validation.to_vec(), e.best));
    }
}

#[test]
fn every_row_is_seen_once_an_epoch_in_an_order_that_changes() {
    // With rate 1e-300 nothing moves, so a batch's loss tells which row it was: (0.5 x - y)^2 differs for all rows.
    let y = [1.0, 2.0, 7.0, 4.0, 3.0];
    let data = || dataset(X.to_vec(), y.to_vec());
    let loss_of_row = |i: usize| (0.5 * X[i] - y[i]).powi(2);
    let mut record = Record::default();
    let settings = Settings { batch: Batch::Rows(1), ..settings(1e-300, 4) };
    fit(&line(Precision::F64), &data(), &settings, Backend::Auto, &mut record, &AtomicBool::new(false)).unwrap();
    assert_eq!(record.started, Some((2, [5, 0, 0], 1, 5)));
    let row = |loss: f64| (0..5).find(|i| (loss_of_row(*i) - loss).abs() < 1e-12).unwrap();
    let orders: Vec<Vec<usize>> =
        record.steps.chunks(5).map(|epoch| epoch.iter().map(|s| row(s.loss)).collect()).collect();
    assert_eq!(orders.len(), 4);
    for order in &orders {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4]);
    }
    assert!(orders.windows(2).any(|w| w[0] != w[1]));
    // The loss of an epoch is the mean over its rows, also when the last batch is short.
    let mean = (0..5).map(loss_of_row).sum::<f64>() / 5.0;
    assert!((record.epochs[0].1 - mean).abs() < 1e-12);
    let mut record = Record::default();
    let settings = Settings { batch: Batch::Rows(2), ..settings };
    fit(&line(Precision::F64), &data(), &settings, Backend::Auto, &mut record, &AtomicBool::new(false)).unwrap();
    assert!((record.epochs[0].1 - mean).abs() < 1e-12);
}

/// Training rows lie on y = 2 x, validation rows on y = x: on its way from 0.5 to 2 the slope passes 1.
fn two_lines() -> Dataset {
    let x = vec![1.0, 2.0, 1.0, 3.0];
    let y = vec![2.0, 4.0, 1.0, 3.0];
    dataset(x, y).split(vec![0, 1], vec![2, 3], vec![]).unwrap()
}

#[test]
fn patience_stops_and_keeps_the_best_epoch() {
    for monitor in [None, Some(Monitor { name: "worst".into(), larger_is_better: false })] {
        let mut record = Record::default();
        let name = monitor.as_ref().map_or("loss", |m| m.name.as_str()).to_string();
        let settings = Settings { patience: Some(3), monitor, ..settings(0.01, 500) };
        let model = line(Precision::F64);
        let result = fit(&model, &two_lines(), &settings, Backend::Auto, &mut record, &AtomicBool::new(false)).unwrap();
        assert_eq!(result.outcome, Outcome::Patience);
        let watched = |scores: &[Score]| scores.iter().find(|s| s.name == name).unwrap().value;
        let values: Vec<f64> = record.epochs.iter().map(|e| watched(&e.2)).collect();
        let best = values.iter().copied().fold(f64::INFINITY, f64::min);
        let epoch = values.iter().position(|v| *v == best).unwrap() + 1;
        assert!(epoch > 1 && epoch + 3 == values.len(), "best {epoch} of {}", values.len());
        assert_eq!((result.best_epoch, result.epochs), (Some(epoch), values.len()));
        let scores = evaluate(&model, &two_lines(), &result.weights, Backend::Auto).unwrap();
        let validation = scores.iter().find(|e| e.split == Some(Split::Validation)).unwrap();
        assert_eq!(watched(&validation.scores), best);
    }
}

#[test]
fn a_metric_that_should_grow_keeps_its_largest_value() {
    let monitor = Some(Monitor { name: "worst".into(), larger_is_better: true });
    let settings = Settings { patience: Some(2), monitor, ..settings(0.01, 500) };
    let result = run(&line(Precision::F64), &two_lines(), &settings).unwrap();
    // The error on validation rows falls at first, so epoch 1 is the best by this monitor.
    assert_eq!((result.outcome, result.best_epoch, result.epochs), (Outcome::Patience, Some(1), 3));
}

#[test]
fn tol_stops_when_the_loss_settles() {
    let result = run(&line(Precision::F64), &data(), &Settings { tol: Some(1e-9), ..settings(0.05, 100_000) }).unwrap();
    assert_eq!(result.outcome, Outcome::Converged);
    assert!(result.epochs < 2000);
    // The least-squares line through the five points: Sxy / Sxx = 7 / 14.8, mean y - slope · mean x.
    assert_close(fitted(&result.weights), (7.0 / 14.8, 2.0 - 7.0 / 14.8 * 2.2), 1e-3);
}

#[test]
fn scores_are_taken_over_all_rows_of_a_part() {
    let model = line(Precision::F64);
    let param = |name: &str, value| Param { name: name.into(), shape: vec![], values: Values::F64(vec![value]) };
    let weights = Weights { params: vec![param("a", 0.5), param("b", 0.0)], ..Weights::default() };
    let scores =
        evaluate(&model, &data().split(vec![0, 1], vec![], vec![2, 3, 4]).unwrap(), &weights, Backend::Auto).unwrap();
    assert_eq!(scores.len(), 2);
    // a = 0.5, b = 0: residuals -1, -1.5 in training, 1, -2.5, -0.5 in test.
    assert_eq!((scores[0].split, scores[0].rows), (Some(Split::Train), 2));
    assert_eq!((scores[1].split, scores[1].rows), (Some(Split::Test), 3));
    let close = |score: &Score, name: &str, role, value: f64| {
        assert!(score.name == name && score.role == role && (score.value - value).abs() < 1e-12, "{score:?}");
    };
    close(&scores[0].scores[0], "loss", PortRole::Loss, (1.0 + 2.25) / 2.0);
    close(&scores[0].scores[1], "worst", PortRole::Metric, 1.5);
    close(&scores[1].scores[0], "loss", PortRole::Loss, (1.0 + 6.25 + 0.25) / 3.0);
    close(&scores[1].scores[1], "worst", PortRole::Metric, 2.5);
    let outputs = predict(&model, &data(), &weights, &[], &[4, 0], Backend::Auto).unwrap();
    assert_eq!((outputs.len(), outputs[0].name.as_str(), outputs[0].shape.as_slice()), (1, "f", &[2][..]));
    assert_eq!(outputs[0].values, Values::F64(vec![2.5, 0.0]));
}

/// Asks to stop after a number of steps.
struct StopAfter<'a>(usize, &'a AtomicBool);

impl Observer for StopAfter<'_> {
    fn stepped(&mut self, step: &Stepped) {
        if step.epoch == 2 && step.step == self.0 {
            self.1.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn an_interrupted_run_finishes_its_step_and_gives_its_parameters() {
    let stop = AtomicBool::new(false);
    let settings = Settings { batch: Batch::Rows(2), shuffle: false, ..settings(0.02, 100) };
    let model = line(Precision::F64);
    let result = fit(&model, &data(), &settings, Backend::Auto, &mut StopAfter(2, &stop), &stop).unwrap();
    assert_eq!((result.outcome, result.epochs, result.steps), (Outcome::Interrupted, 1, 5));
    let (mut a, mut b) = (0.5, 0.0);
    for rows in [&[0, 1][..], &[2, 3], &[4], &[0, 1], &[2, 3]] {
        descend(&mut a, &mut b, rows, 0.02);
    }
    assert_close(fitted(&result.weights), (a, b), 1e-12);
}

#[test]
fn a_diverging_run_says_where() {
    // Each step multiplies the error by about -1e6: 1e308 is exceeded after some 50 steps, 1e38 after some 6.
    for (precision, most) in [(Precision::F64, 60), (Precision::F32, 10)] {
        let data = match precision {
            Precision::F64 => data(),
            Precision::F32 => {
                let narrow = |v: &[f64]| v.iter().map(|x| *x as f32).collect::<Vec<f32>>();
                dataset(narrow(&X), narrow(&Y))
            }
        };
        let Err(FitError::NotFinite(problem)) = run(&line(precision), &data, &settings(1e5, 1000)) else {
            panic!("must diverge")
        };
        assert_eq!(problem.code, "E0610");
        let epoch: usize = problem.message.split("epoch ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
        assert!((3..most).contains(&epoch), "{}", problem.message);
        assert!(problem.message.contains("batch 1"), "{}", problem.message);
    }
}

#[test]
fn clipping_bounds_the_step() {
    // The first gradient is 2/5 Σ r x, 2/5 Σ r with r = a x - y: (-3.8, -1.8); of length √17.68.
    let model = line(Precision::F64);
    let length = 17.68f64.sqrt();
    let by_norm = run(&model, &data(), &Settings { clip_norm: Some(1.0), ..settings(0.1, 1) }).unwrap();
    assert_close(fitted(&by_norm.weights), (0.5 + 0.38 / length, 0.18 / length), 1e-12);
    let by_value = run(&model, &data(), &Settings { clip_value: Some(2.0), ..settings(0.1, 1) }).unwrap();
    assert_close(fitted(&by_value.weights), (0.5 + 0.2, 0.18), 1e-12);
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let line = line(Precision::F64);
    let code = |result: Result<_, FitError>| match result {
        Err(FitError::Model(problems)) => problems.iter().map(|p| p.code).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let no_y = Dataset::new(5).unwrap().column("x", X.to_vec()).unwrap();
    assert_eq!(code(run(&line, &no_y, &settings(0.1, 1))), ["E0509"]);
    let no_loss = model(&LINE.replace("loss ", "let l = "));
    assert_eq!(code(run(&no_loss, &data(), &settings(0.1, 1))), ["E0607"]);
    let no_params = model("dim N\ninput x: [N]\ntarget y: [N]\nparam a\nloss mean((x - y)^2)\noutput f = a * x\n");
    assert_eq!(code(run(&no_params, &data(), &settings(0.1, 1))), ["E0609"]);
    let narrow = dataset(vec![0.0f32; 5], Y.to_vec());
    let error = run(&line, &narrow, &settings(0.1, 1)).unwrap_err();
    assert_eq!(error.to_string(), "`x` has elements of type f64, but f32 was given");
    let none = data().split(vec![], vec![0], vec![]).unwrap();
    assert!(matches!(run(&line, &none, &settings(0.1, 1)), Err(FitError::NoRows)));
}
