//! Values that are infinite or NaN are followed to where they begin, with the operands there and what would avoid it.

use nnc::diag::render;
use nnc::fit::{Dataset, FirstOrder, FitError, Settings, fit};
use nnc::model::{Backend, Model, NonFinite, Options, Slice};
use std::sync::atomic::AtomicBool;

/// What a call with these values, by name, leads to.
fn trace(source: &str, options: &Options, inputs: &[(&str, Vec<f64>)]) -> NonFinite {
    let model = Model::from_source(source).unwrap_or_else(|e| panic!("{e:?}"));
    let f = model.compile(&options.clone().backend(Backend::Interpreter)).unwrap();
    let single = model.program().precision == nnc::graph::Precision::F32;
    let narrow: Vec<Vec<f32>> = inputs.iter().map(|(_, v)| v.iter().map(|x| *x as f32).collect()).collect();
    let slices: Vec<Slice> = f
        .signature()
        .inputs
        .iter()
        .map(|p| {
            let at = inputs.iter().position(|(name, _)| *name == p.name).unwrap_or_else(|| panic!("no {}", p.name));
            if single { (&narrow[at]).into() } else { (&inputs[at].1).into() }
        })
        .collect();
    let found = model.trace_non_finite(options, &slices).unwrap().expect("a value that is not finite");
    let place = model.sources().place(found.span);
    assert!(place.starts_with("<source>:"), "{place}");
    found
}

fn gradient(source: &str, inputs: &[(&str, Vec<f64>)]) -> NonFinite {
    trace(source, &Options::gradient("loss"), inputs)
}

/// The line of the model that the culprit stands in.
fn line(source: &str, found: &NonFinite) -> String {
    source[..found.span.start as usize].rsplit('\n').next().unwrap_or("").to_string()
        + source[found.span.start as usize..].split('\n').next().unwrap_or("")
}

#[test]
fn a_logarithm_of_zero_in_a_row() {
    let source = "precision f64\ndim N\ninput x: [N]\nparam a = 1\nlet r = log(a * x)\nloss sum(r * 2 + 1)\n";
    let found = gradient(source, &[("x", vec![1.0, 2.0, 0.0, 3.0]), ("a", vec![1.0])]);
    assert_eq!(found.to_string(), "`log(x[n] * a)` is -inf: the logarithm of 0; x[n] * a = 0; at n = 2");
    assert!(found.advice.contains("xlogy"), "{}", found.advice);
    assert_eq!((line(source, &found).as_str(), found.by.as_deref()), ("let r = log(a * x)", None));
}

#[test]
fn a_negative_logarithm_a_root_and_a_division() {
    let cases = [
        ("log(a)", -2.0, "the logarithm of a negative number", "positive"),
        ("sqrt(a)", -2.0, "the square root of a negative number", "max(x, 0)"),
        ("1 / a", 0.0, "a division by 0", "divisor"),
        ("a / a^2 * a", 0.0, "0 divided by 0", "if y == 0"),
        ("a^1.5", -1.0, "a root or fractional power of a negative number", "abs(x)"),
    ];
    for (term, a, reason, advice) in cases {
        let source = format!("precision f64\nparam a = 1\nparam b = 1\nlet q = {term}\nloss b + q\n");
        let model = Model::from_source(&source).unwrap();
        let options = Options::gradient("loss");
        let f = model.compile(&options).unwrap();
        assert_eq!(f.signature().inputs.len(), 2);
        let (a, b) = ([a], [1.0]);
        let Some(found) = model.trace_non_finite(&options, &[(&a).into(), (&b).into()]).unwrap() else {
            // Simplified away: there is nothing to avoid.
            assert_eq!(term, "a / a^2 * a");
            continue;
        };
        assert!(found.reason.contains(reason), "{term}: {found}");
        assert!(found.advice.contains(advice), "{term}: {}", found.advice);
    }
}

#[test]
fn a_derivative_that_is_infinite_where_the_value_is_not() {
    let source = "precision f64\nparam a = 1\nparam b = 1\nloss sqrt(a) + b^2\n";
    let found = gradient(source, &[("a", vec![0.0]), ("b", vec![2.0])]);
    assert_eq!(found.by.as_deref(), Some("a"));
    assert!(found.reason.contains("the derivative is infinite here"), "{found}");
    assert_eq!(line(source, &found), "loss sqrt(a) + b^2");
    assert!(found.advice.contains("1e-12"));
}

#[test]
fn single_precision_overflows_where_double_does_not() {
    let body = "param a = 1\nlet e = exp(a)\nloss e + 1\n";
    let found = gradient(body, &[("a", vec![100.0])]);
    assert_eq!(found.to_string(), "`exp(a)` is inf: `exp` overflows above 88.7; a = 100");
    let model = Model::from_source(&format!("precision f64\n{body}")).unwrap();
    assert_eq!(model.trace_non_finite(&Options::gradient("loss"), &[(&[100.0f64]).into()]).unwrap(), None);
    let found = gradient("param a = 1\nloss (a * a)^2\n", &[("a", vec![1e15])]);
    assert!(found.advice.contains("precision f64"), "{found} {}", found.advice);
}

#[test]
fn the_turn_of_a_loop_is_named() {
    // 1, 0.5, a little below 0, whose logarithm is taken in turn 2.
    let source =
        "precision f64\ndim T = 5\nparam a = 1\nlet s = fold(t in T, s = a) => s - 0.5 + 1e-9 * log(s)\nloss s\n";
    let found = gradient(source, &[("a", vec![1.0])]);
    assert_eq!(found.turns, [2], "{found}");
    assert!(found.reason.contains("the logarithm of a negative number"), "{found}");
    assert!(line(source, &found).contains("fold"), "{found:?}");
    // A loop in a loop: 2, 1.5, 1, 0.5 | 0.5, 0, -0.5.
    let source = "precision f64\nparam a = 1\nlet s = fold(t in 6, s = a) => fold(u in 3, r = s) => r - 0.5 + 1e-9 * log(r)\nloss s\n";
    let found = gradient(source, &[("a", vec![2.0])]);
    assert_eq!(found.turns, [1, 2], "{found}");
}

#[test]
fn a_branch_that_was_not_taken_is_no_culprit() {
    // The logarithm of 0 is never looked at; the division is.
    let source = "precision f64\ndim N\ninput x: [N]\nparam a = 1\nlet r = if x > 0 then log(x) else 0\nloss sum(r) * a + 1 / a\n";
    let found = gradient(source, &[("x", vec![0.0, 1.0]), ("a", vec![0.0])]);
    assert!(found.term.contains("/ a") && found.reason == "a division by 0", "{found}");
}

#[test]
fn data_and_matrices() {
    let source = "precision f64\ndim N\ninput x: [N]\nparam a = 1\nloss sum(a * x)\n";
    let found = gradient(source, &[("x", vec![1.0, f64::NAN]), ("a", vec![1.0])]);
    assert!(found.term.starts_with('x') && found.element == [("n".to_string(), 1)], "{found}");
    assert!(found.advice.contains("missing"), "{}", found.advice);
    let source = "precision f64\ninput A: [2, 2]\nparam a = 1\nloss a * sum(cholesky(A))\n";
    let found = gradient(source, &[("A", vec![1.0, 2.0, 2.0, 1.0]), ("a", vec![1.0])]);
    assert!(found.reason.contains("`cholesky`") && found.advice.contains("eye"), "{found}");
    let of = |term: &str, values: [f64; 4]| {
        let source = format!("precision f64\ninput A: [2, 2]\nparam a = 1\nloss a * {term}\n");
        gradient(&source, &[("A", values.to_vec()), ("a", vec![1.0])])
    };
    let found = of("log(det(A))", [1.0, 2.0, 2.0, 1.0]);
    assert!(found.reason.contains("`log(det(A))`") && found.advice.contains("slogdet"), "{found}");
    let found = of("sum(expm(A))", [900.0, 0.0, 0.0, 1.0]);
    assert!(found.reason.contains("`expm`") && found.advice.contains("overflows"), "{found}");
}

/// The whole text of a run that fails, as `nnc run` shows it.
#[test]
fn a_training_that_fails_says_where_and_why() {
    let source =
        "precision f64\ndim N\ninput x: [N]\ntarget y: [N]\nparam a = 1\nlet f = log(a + x)\nloss mean((f - y)^2)\n";
    let model = Model::from_source(source).unwrap();
    let data = Dataset::new(3).unwrap().column("x", vec![2.0, 1.0, 0.5]).unwrap().column("y", vec![-5.0; 3]).unwrap();
    let settings = Settings {
        optimizer: FirstOrder::Descent { rate: 0.5 }.into(),
        epochs: 10,
        shuffle: false,
        trace_non_finite: true,
        ..Settings::default()
    };
    let failed = fit(&model, &data, &settings, Backend::Auto, &mut (), &AtomicBool::new(false));
    let Err(FitError::NotFinite(problem)) = failed else { panic!() };
    let text = render::full(&model.report(vec![*problem]), false);
    let expected = "error[E0610]: training stopped in epoch 2, batch 1: a value is not finite
 --> <source>:6:9
  |
6 | let f = log(a + x)
  |         ^^^^^^^^^^ this becomes NaN first
";
    assert!(text.starts_with(expected), "{text}");
    for says in [
        "the logarithm of a negative number",
        "there x[n] + a = -",
        "first in row 1 of the data",
        "on the way to the loss",
    ] {
        assert!(text.contains(says), "`{says}` is not in:\n{text}");
    }
}
