//! `gradcheck`: right derivatives pass at random points and beside kinks; wrong ones are found and named.

use nnc::diag::render;
use nnc::model::{GradientCheck, Model, Options, Sampling, gradcheck};

fn check(source: &str) -> (Model, GradientCheck) {
    let model = Model::from_source(source).unwrap_or_else(|e| panic!("{e:?}"));
    let sampling = Sampling { seed: 1, points: 3 };
    let result = gradcheck(model.program(), &Options::gradient("loss"), &[], &[], sampling).unwrap();
    (model, result)
}

/// Models with kinks, constraints, loops, index inputs and states.
const RIGHT: [&str; 7] = [
    "dim N, D = 3\ninput x: [N, D]\nparam W: [D, 4] = normal(std = 1)\nloss sum(relu(x @ W)) + sum(abs(x @ W))\n",
    "dim N\ninput x: [N]\nparam a = 1\nparam b\nloss sum(max(a * x, b)) + sum(if a * x > b then x^2 * a else b)\n",
    "dim T\ninput y: [T]\nparam a in (0, 1)\nparam k: positive\nloss fold(t in T, s = k) => a * s + abs(y[t] - s)\n",
    "dim N, C = 3\ntarget y: index(C)[N]\nparam z: [C] = normal(std = 1)\nlet p = softmax(z)\nloss -sum[n](log(p[y[n]]))\n",
    "dim N, D = 2\ninput x: [N, D]\nparam g: [D] = ones()\nstate m: [D]\nupdate m = 0.9 * m\nloss sum((x - m) * g^3)\n",
    "param w: simplex[4]\nloss sum(w^2 * [1, 2, 3, 4])\n",
    "dim N\ninput x: [N]\nparam a = 2\nloss mean(max(min(a * x, 1), -1)^2)\n",
];

#[test]
fn right_derivatives_pass() {
    for source in RIGHT {
        if let Err(e) = Model::from_source(source) {
            panic!("{e:?}\n{source}");
        }
        let (_, result) = check(source);
        assert!(result.worst() < 1e-7, "{source}{result:#?}");
        assert_eq!(result.random, 3);
        assert!(result.checks.iter().all(|c| c.interpreter < 1e-13), "{result:#?}");
        assert_eq!(result.wrong_rules, []);
    }
}

/// The file of a start need not be there.
#[test]
fn params_that_start_from_a_file_are_drawn() {
    let (_, result) = check(
        "param w: [3] = load(\"missing.npz\", \"w\")\nparam k: positive = load(\"k.npy\")\nloss sum(sin(w)) * k\n",
    );
    assert!(result.worst() < 1e-8, "{result:#?}");
    assert!(result.checks[0].worst.reverse != 0.0);
}

/// Draws are those of their distributions, outside of which these have no logarithm, and stay the same at a point.
#[test]
fn models_with_draws_pass_in_use_and_in_training() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/programs");
    let small = |name: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        assert!(text.contains(from));
        text.replace(from, to)
    };
    let both = [
        "dim N\ninput x: [N]\nparam a = 2\nloss mean((a - dropout(x * a^2, 0.3))^2)\n".to_string(),
        "dim T = 4\nparam a = 2\nloss fold(_ in T, s = a, checkpoint = 2) => a * sin(dropout(s, 0.5)) + random_normal([1])[0]\n"
            .into(),
        small("batch_norm.nn", "D = 8", "D = 3"),
        small("mlp_with_layers.nn", "D = 64, H = 128, C = 10, L = 4", "D = 5, H = 4, C = 3, L = 2"),
    ];
    let same = [
        "dim N\ninput x: [N]\nparam a = 2\nloss mean((a - log(random_uniform([N])))^2 * log(1 - random_uniform([N])))\n".to_string(),
        small("variational_autoencoder.nn", "D = 64, H = 64, Z = 2", "D = 5, H = 4, Z = 2"),
    ];
    let sampling = Sampling { seed: 1, points: 2 };
    for (text, differ) in both.iter().map(|t| (t, true)).chain(same.iter().map(|t| (t, false))) {
        let model = Model::from_source(text).unwrap_or_else(|e| panic!("{e:?}"));
        let options = Options::gradient("loss");
        assert_eq!(model.reads_training(&options).unwrap(), differ, "{text}");
        for options in [options.clone(), options.training()] {
            // Scaling of pixels and labels apart, any inputs will do; those of the autoencoder are probabilities.
            let given = if text.contains("VAE") { vec![("x".to_string(), vec![0.3; 15])] } else { vec![] };
            let dims = if text.contains("VAE") { vec![("N".to_string(), 3)] } else { vec![] };
            let result = gradcheck(model.program(), &options, &given, &dims, sampling).unwrap();
            assert!(result.worst() < 1e-7, "{text}{result:#?}");
            assert!(result.checks.iter().any(|c| c.worst.reverse != 0.0), "{text}{result:#?}");
            // Updates are no derivatives: one check for each param.
            let params = model.ports().iter().filter(|p| p.role == nnc::model::PortRole::Param).count();
            assert_eq!(result.checks.len(), params);
        }
    }
}

#[test]
fn points_beside_kinks_are_found() {
    let (_, result) = check(RIGHT[0]);
    assert!(result.beside_kinks >= 1);
    let (_, result) = check(RIGHT[1]);
    assert!(result.beside_kinks >= 1);
    // Nothing has a kink here.
    let (_, result) = check(RIGHT[5]);
    assert_eq!(result.beside_kinks, 0);
}

#[test]
fn a_wrong_rule_is_named() {
    let source =
        "fn cube(x) = x^3\nderivative cube(x, ct) = ct * 2 * x^2\nparam a = 2\nparam b = 1\nloss cube(a) * b\n";
    let (model, result) = check(source);
    // At a: the rule says two thirds of the derivative. By b nothing is wrong.
    let [a, b] = result.checks.as_slice() else { panic!() };
    assert!((a.differences - 1.0 / 3.0).abs() < 1e-3 || (a.differences - 0.5).abs() < 1e-3, "{a:?}");
    assert!((a.worst.reverse / a.worst.difference - 2.0 / 3.0).abs() < 1e-7, "{a:?}");
    assert_eq!(a.worst.reverse, a.worst.interpreter);
    assert!(b.differences < 1e-8);
    let [rule] = result.wrong_rules.as_slice() else { panic!("{result:?}") };
    assert_eq!(rule.code, "E0406");
    let text = render::full(&model.report(vec![rule.clone()]), false);
    assert!(text.contains("2 | derivative cube(x, ct)") && text.contains("^^^^"), "{text}");
}

#[test]
fn a_right_rule_passes() {
    let source = "dim N\ninput x: [N]\nfn f(x, k) = k * tanh(x)\n\
                  derivative f(x, k, ct) = (ct * k * (1 - tanh(x)^2), sum(ct * tanh(x)))\n\
                  param a: [N] = ones()\nparam k = 2\nloss sum(f(a * x, k))\n";
    let (_, result) = check(source);
    assert_eq!(result.wrong_rules, []);
    assert!(result.worst() < 1e-7, "{result:#?}");
}

/// A difference is not chosen by how well it suits the gradient: a rule that is right on one side of a kink only is
/// wrong on the other.
#[test]
fn a_rule_that_is_wrong_beside_a_kink_is_found() {
    let source = "fn soft(x) = if x > 0.5 then x^2 else x - 0.25\nderivative soft(x, ct) = if x > 0.5 then 2 * ct * x else ct * 0.9\n\
                  param a = 3\nloss soft(a)\n";
    let mut found = false;
    for seed in 0..4 {
        let model = Model::from_source(source).unwrap();
        let options = Options::gradient("loss");
        let result = gradcheck(model.program(), &options, &[], &[], Sampling { seed, points: 2 }).unwrap();
        found |= result.worst() > 0.05 && result.checks[0].worst.beside_kink;
    }
    assert!(found);
}
