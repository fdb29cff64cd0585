//! Random draws: what is one draw and what are two, that they are the documented stream, and what dropout does. Expected
//! moments are closed forms; bounds are five standard errors.

use nnc::fit::{Dataset, FirstOrder, Settings, evaluate, fit, predict};
use nnc::model::{Backend, Function, Model, Options, PortRole, Slice};
use nnc::random::{Purpose, Stream};
use std::sync::atomic::AtomicBool;

fn model(text: &str) -> Model {
    Model::from_source(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// The results for inputs by name and the draws of a seed and a step.
fn run(f: &Function, inputs: &[(&str, &[f64])], seed: u64, step: u64) -> Vec<Vec<f64>> {
    let given: Vec<(&str, Slice)> = inputs.iter().map(|(n, v)| (*n, (*v).into())).collect();
    let draws = f.random_inputs(&given, seed, step).unwrap();
    let all: Vec<(&str, Slice)> =
        given.into_iter().chain(draws.iter().map(|d| (d.name.as_str(), d.values.as_slice()))).collect();
    let used: Vec<(&str, Slice)> = all.into_iter().filter(|(n, _)| f.signature().input(n).is_some()).collect();
    f.evaluate(&used).unwrap().iter().map(|r| r.values.to_f64()).collect()
}

fn both(m: &Model, options: &Options, inputs: &[(&str, &[f64])], seed: u64, step: u64) -> Vec<Vec<f64>> {
    let native = run(&m.compile(options).unwrap(), inputs, seed, step);
    let oracle = m.compile(&options.clone().backend(Backend::Interpreter)).unwrap();
    assert_eq!(native, run(&oracle, inputs, seed, step));
    native
}

#[test]
fn a_draw_is_the_documented_stream() {
    let m = model("precision f64\ndim N\ninput x: [N]\noutput y = random_normal([N]) + x\n");
    let f = m.compile(&Options::default()).unwrap();
    assert_eq!(f.signature().inputs[1].to_string(), "random draw1: [N]");
    let found = run(&f, &[("x", &[0.0; 3])], 5, 7);
    let hash = |bytes: &[u8]| {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
    };
    let name: Vec<u8> = b"draw1".iter().copied().chain(7u64.to_le_bytes()).collect();
    let mut stream = Stream::new(5, Purpose::Draw, hash(&name));
    assert_eq!(found[0], [stream.normal(), stream.normal(), stream.normal()]);
}

#[test]
fn draws_are_those_of_an_independent_generator() {
    // `reference/draws.py`: ChaCha8 and the construction of its key and stream from their descriptions.
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/draws.json");
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let m = model("precision f64\noutput u = random_uniform([4, 5])\noutput z = random_normal([20])\n");
    let f = m.compile(&Options::default()).unwrap();
    for case in json["cases"].as_array().unwrap() {
        let found = run(&f, &[], case["seed"].as_u64().unwrap(), case["step"].as_u64().unwrap());
        let list =
            |v: &serde_json::Value| -> Vec<f64> { v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect() };
        let units = case["uniform"].as_array().unwrap().iter().map(|u| u.as_u64().unwrap());
        let uniform: Vec<f64> = units.map(|u| u as f64 / (1u64 << 53) as f64).collect();
        assert_eq!(found[0], uniform);
        // Logarithm, sine and cosine are correct to a last place or so.
        let expected = list(&case["normal"]);
        assert_eq!(found[1].len(), expected.len());
        assert!(found[1].iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-14 * b.abs().max(1e-3)));
    }
}

#[test]
fn what_is_written_once_is_one_draw() {
    let m = model(
        "precision f64\nfn noise(s) = s * random_normal([2])\nlet a = random_normal([2])\noutput same = a - a\n\
         output two = random_normal([2]) - random_normal([2])\noutput calls = noise(1) - noise(1)\noutput b = a\n",
    );
    let found = both(&m, &Options::default(), &[], 1, 1);
    assert_eq!(found[0], [0.0, 0.0]);
    assert!(found[1].iter().chain(&found[2]).all(|d| *d != 0.0));
    let options = Options::values(["b"]);
    assert_eq!(both(&m, &options, &[], 1, 1), both(&m, &options, &[], 1, 1));
    assert_ne!(both(&m, &options, &[], 1, 1), both(&m, &options, &[], 1, 2));
    assert_ne!(both(&m, &options, &[], 1, 1), both(&m, &options, &[], 2, 1));
}

#[test]
fn turns_and_elements_have_draws_of_their_own() {
    let m = model(
        "precision f64\ndim T = 4, N = 3\noutput walk = scan(_ in T, s = 0) => s + random_normal([1])[0]\n\
         output each = [n in N] => random_uniform([2], 10, 20)\noutput total = sum[i in N](random_uniform([1])[0])\n",
    );
    let found = both(&m, &Options::default(), &[], 3, 1);
    let steps: Vec<f64> = found[0].windows(2).map(|w| w[1] - w[0]).collect();
    assert!(steps[0] != steps[1] && steps[1] != steps[2]);
    assert_eq!(found[1].len(), 6);
    let mut sorted = found[1].clone();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    assert!(sorted.len() == 6 && sorted.iter().all(|u| (10.0..20.0).contains(u)));
    assert!(found[2][0] > 0.0 && found[2][0] < 3.0);
}

#[test]
fn moments_are_those_of_the_distributions() {
    let m =
        model("precision f64\ndim N = 40000\noutput z = random_normal([N])\noutput u = random_uniform([N], -1, 3)\n");
    let found = run(&m.compile(&Options::default()).unwrap(), &[], 11, 1);
    let n = 40000.0f64;
    let moments = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / n;
        (mean, v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
    };
    let (mean, var) = moments(&found[0]);
    // Standard errors: 1 / sqrt(n) of the mean, sqrt(2 / n) of the variance.
    assert!(mean.abs() < 5.0 / n.sqrt() && (var - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
    // Uniform on (-1, 3): mean 1, variance 16 / 12, fourth central moment 256 / 80.
    let (mean, var) = moments(&found[1]);
    assert!((mean - 1.0).abs() < 5.0 * (16.0 / 12.0 / n).sqrt());
    assert!((var - 16.0 / 12.0).abs() < 5.0 * ((256.0 / 80.0 - (16.0f64 / 12.0).powi(2)) / n).sqrt());
}

#[test]
fn dropout_drops_in_training_and_does_nothing_else() {
    let m = model("precision f64\ndim N\nparam x: [N]\noutput y = dropout(x, 0.25)\nloss sum(dropout(x, 0.25)^2)\n");
    let x = vec![3.0; 20000];
    let used = m.compile(&Options::values(["y"])).unwrap();
    assert!(used.signature().inputs.iter().all(|p| p.role != PortRole::Random));
    assert_eq!(run(&used, &[("x", &x)], 0, 0)[0], x);
    let trained = both(&m, &Options::values(["y"]).training(), &[("x", &x)], 0, 1);
    let dropped = trained[0].iter().filter(|y| **y == 0.0).count() as f64;
    // Binomial: mean n p, variance n p (1 - p).
    assert!((dropped - 5000.0).abs() < 5.0 * (20000.0 * 0.25 * 0.75f64).sqrt());
    assert!(trained[0].iter().all(|y| *y == 0.0 || *y == 3.0 / 0.75));
    // The derivative sees the same draw: 2 y / (1 - p) where the element stays.
    let step = both(&m, &Options::gradient("loss").training(), &[("x", &x[..50])], 4, 9);
    let stays = step[1].iter().filter(|g| **g != 0.0).count() as f64;
    assert!(step[1].iter().all(|g| *g == 0.0 || (*g - 2.0 * 3.0 / 0.75 / 0.75).abs() < 1e-12));
    assert!((step[0][0] - stays * 16.0).abs() < 1e-9);
}

#[test]
fn dropout_of_a_number_that_is_known_draws_too() {
    let m = model("precision f64\noutput y = 1 + dropout(3, 0.5)\n");
    let f = m.compile(&Options::values(["y"]).training()).unwrap();
    let found: Vec<f64> = (0..40).map(|step| run(&f, &[], 0, step)[0][0]).collect();
    // Either dropped or doubled; all 40 alike has probability 2^-39.
    assert!(found.iter().all(|y| *y == 1.0 || *y == 7.0));
    assert!(found.contains(&1.0) && found.contains(&7.0));
    assert_eq!(m.compile(&Options::values(["y"])).unwrap().evaluate(&[]).unwrap()[0].values.to_f64(), [4.0]);
}

#[test]
fn a_size_that_only_a_draw_has_is_given() {
    let m =
        model("precision f64\ndim S\nparam a\nloss mean((a - random_normal([S]))^2)\nmetric count = sum(ones([S]))\n");
    let mut data = Dataset::default();
    data.dims.push(("S".into(), 400));
    let settings =
        Settings { optimizer: FirstOrder::Descent { rate: 1e-300 }.into(), epochs: 1, ..Settings::default() };
    let fitted = fit(&m, &data, &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
    let scores = &evaluate(&m, &data, &fitted.weights, Backend::Auto).unwrap()[0].scores;
    assert_eq!(scores[1].value, 400.0);
    // The mean of 400 squares of normal numbers has variance 2 / 400.
    assert!((scores[0].value - 1.0).abs() < 5.0 * (2.0 / 400.0f64).sqrt());
    // Without it there is an error.
    let none = Dataset::default();
    let error = fit(&m, &none, &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("`S`"), "{error}");
}

#[test]
fn single_precision_stays_below_the_end() {
    let m = model("dim N = 100000\noutput most = max(random_uniform([N]))\n");
    let f = m.compile(&Options::default()).unwrap();
    for step in 0..20 {
        assert!(run(&f, &[], 0, step)[0][0] < 1.0);
    }
}

const NOISY: &str = "
dim N
input x: [N]
target y: [N]
param a
let f = dropout(a * x, 0.5)
output f
loss mean((f - y)^2)
";

#[test]
fn a_fit_draws_anew_for_each_step_and_repeats_for_the_same_seed() {
    let m = model(NOISY);
    let data = || Dataset::new(4).unwrap().column("x", vec![1.0f32, 2.0, 3.0, 4.0]).unwrap();
    let data = || data().column("y", vec![2.0f32, 4.0, 6.0, 8.0]).unwrap();
    let go = |seed: u64, epochs: usize| {
        let optimizer = FirstOrder::Descent { rate: 0.01 }.into();
        let settings = Settings { optimizer, epochs, seed, ..Settings::default() };
        let fitted = fit(&m, &data(), &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
        fitted.weights.param("a").unwrap().values.to_f64()[0]
    };
    assert_eq!(go(1, 5), go(1, 5));
    assert_ne!(go(1, 5), go(2, 5));
    // Evaluation and prediction are without dropout.
    let settings = Settings { optimizer: FirstOrder::Descent { rate: 0.01 }.into(), epochs: 1, ..Settings::default() };
    let fitted = fit(&m, &data(), &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
    let a = fitted.weights.param("a").unwrap().values.to_f64()[0];
    let shown = predict(&m, &data(), &fitted.weights, &[], &[0, 3], Backend::Auto).unwrap();
    assert_eq!(shown[0].values.to_f64(), [a, (4.0 * a as f32) as f64]);
    let scores = evaluate(&m, &data(), &fitted.weights, Backend::Auto).unwrap();
    // mean((a x - 2 x)^2) = 7.5 (a - 2)^2
    assert!((scores[0].scores[0].value - 7.5 * (a - 2.0).powi(2)).abs() < 1e-4);
}

#[test]
fn hosts_are_told_what_is_wrong() {
    let m = model("dim N\ninput x: [N]\noutput y = x * random_normal([N])\n");
    let f = m.compile(&Options::default()).unwrap();
    let error = f.evaluate(&[("x", (&[1.0f32]).into())]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "random input `draw1` was not given; `Function::random_inputs` and `Function::draw` make its numbers"
    );
    let error = f.draw(0, 0, 0, (&mut [0.0f32]).into()).unwrap_err();
    assert_eq!(error.to_string(), "input `x` is not random, so nothing is drawn for it");
    let error = f.draw(1, 0, 0, (&mut [0u32]).into()).unwrap_err();
    assert_eq!(error.to_string(), "`draw1` has elements of type f32, but u32 was given");
}

/// The program of the given name with other sizes and without its `data` and `train`.
fn program(name: &str, sizes: (&str, &str)) -> Model {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/programs").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(sizes.0));
    let text = text.replace(sizes.0, sizes.1);
    model(text.split("\ndata {").next().unwrap())
}

fn train(m: &Model, data: &Dataset, epochs: usize) -> Vec<f64> {
    let optimizer = FirstOrder::ADAM.with_rate(0.01).into();
    let settings = Settings { optimizer, epochs, seed: 1, ..Settings::default() };
    let fitted = fit(m, data, &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
    let scores = evaluate(m, data, &fitted.weights, Backend::Auto).unwrap();
    scores[0].scores.iter().map(|s| s.value).collect()
}

#[test]
fn an_autoencoder_with_noise_learns_what_it_sees() {
    let m = program("variational_autoencoder.nn", ("D = 64, H = 64, Z = 2", "D = 8, H = 16, Z = 1"));
    // Two pictures and their counterparts, equally often: every pixel is 1 half of the time.
    let rows = 32;
    let pixel = |n: usize, d: usize| f32::from(u8::from(n.is_multiple_of(2) == d.is_multiple_of(3)));
    let x: Vec<f32> = (0..rows).flat_map(|n| (0..8).map(move |d| pixel(n, d))).collect();
    let data = Dataset::new(rows).unwrap().column("x", x).unwrap();
    let scores = train(&m, &data, 600);
    // A decoder that knows nothing of the picture pays 8 ln 2 at least. One that knows it pays for its entropy, ln 2, at
    // least; the noise takes its share of the rest.
    let (loss, ignorant) = (scores[0], 8.0 * 2f64.ln());
    assert!(loss >= 2f64.ln() - 1e-3 && loss < ignorant / 2.0, "{loss}");
}

#[test]
fn a_network_with_dropout_learns_three_heaps() {
    let m = program("mlp_with_layers.nn", ("D = 64, H = 128, C = 10, L = 4", "D = 2, H = 16, C = 3, L = 2"));
    let mut stream = Stream::new(1, Purpose::Split, 0);
    let (rows, mut x, mut y) = (90, vec![], vec![]);
    for n in 0..rows as u32 {
        let (a, b) = [(2.0, 0.0), (-2.0, 2.0), (-2.0, -2.0)][(n % 3) as usize];
        x.extend([(a + 0.3 * stream.normal()) as f32, (b + 0.3 * stream.normal()) as f32]);
        y.push(n % 3);
    }
    let data = Dataset::new(rows).unwrap().column("x", x).unwrap().column("y", y).unwrap();
    // The heaps are more than six standard deviations away from the lines between them.
    assert_eq!(train(&m, &data, 200)[1], 1.0);
}
