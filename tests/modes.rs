//! Derivatives that hosts ask for by form: Jacobians, Hessians and their products with vectors. Expected numbers are
//! closed forms, worked out beside each test.

use nnc::model::{Backend, Function, Mode, Model, NamedValue, Options, PortRole};

/// Native code and the interpreter give the same results; returns them.
fn both(source: &str, options: &Options, inputs: &[(&str, Vec<f64>)]) -> (Function, Vec<NamedValue>) {
    let model = Model::from_source(source).unwrap();
    let given: Vec<(&str, nnc::model::Slice)> = inputs.iter().map(|(n, v)| (*n, v.into())).collect();
    let native = model.compile(options).unwrap();
    let oracle = model.compile(&options.clone().backend(Backend::Interpreter)).unwrap();
    let (fast, slow) = (native.evaluate(&given).unwrap(), oracle.evaluate(&given).unwrap());
    for (a, b) in fast.iter().zip(&slow) {
        close(&a.values.to_f64(), &b.values.to_f64());
    }
    (native, fast)
}

#[track_caller]
fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-13 * b.abs().max(1.0), "{found:?} instead of {expected:?}");
    }
}

const SPIRAL: &str = "precision f64
input t
input a
output p = [t * cos(a * t), t * sin(a * t), a * t^2]
";

#[test]
fn a_jacobian_has_the_shape_of_the_value_then_of_the_port() {
    let (t, a) = (1.5f64, 0.7f64);
    let options = Options::jacobian("p").with_respect_to(["t", "a"]);
    let (f, found) = both(SPIRAL, &options, &[("t", vec![t]), ("a", vec![a])]);
    let (s, c) = (a * t).sin_cos();
    let by_t = f.signature().jacobian("t").unwrap();
    let by_a = f.signature().jacobian("a").unwrap();
    assert_eq!(found[by_t].shape, [3]);
    close(&found[by_t].values.to_f64(), &[c - a * t * s, s + a * t * c, 2.0 * a * t]);
    close(&found[by_a].values.to_f64(), &[-t * t * s, t * t * c, t * t]);
    // Three results of one number: one forward pass instead of three backward.
    assert_eq!(f.mode(by_t), Some(Mode::Forward));
    assert_eq!(f.mode(0), None);
}

#[test]
fn modes_agree_and_the_cheaper_one_is_taken() {
    let source = "precision f64\ninput x: [2, 3]\ninput y: [3]\n\
                  output r = concat([sum(x) * y[0]], tanh(x @ y) * exp(-sum(y^2)))\n";
    let inputs: [(&str, Vec<f64>); 2] = [("x", vec![0.1, -0.4, 0.3, 0.7, 0.2, -0.5]), ("y", vec![0.4, 0.8, -0.3])];
    let options = Options::jacobian("r").with_respect_to(["x", "y"]);
    let (chosen, found) = both(source, &options, &inputs);
    let (_, forward) = both(source, &options.clone().mode(Mode::Forward), &inputs);
    let (_, reverse) = both(source, &options.clone().mode(Mode::Reverse), &inputs);
    for (i, f) in found.iter().enumerate() {
        close(&forward[i].values.to_f64(), &f.values.to_f64());
        close(&reverse[i].values.to_f64(), &f.values.to_f64());
    }
    assert_eq!(found[1].shape, [3, 2, 3]);
    // Three numbers of six, and of three: reverse mode, also at a tie.
    assert_eq!([chosen.mode(1), chosen.mode(2)], [Some(Mode::Reverse); 2]);
}

#[test]
fn products_with_vectors_are_those_of_the_whole_jacobian() {
    let source = "precision f64\ndim N\ninput x: [N]\nparam w: [N]\noutput r = w * sin(x * w)\n";
    let (x, w) = ([0.3f64, 1.2, -0.8], [1.1f64, 0.4, 2.0]);
    // dr/dw = sin(x w) + x w cos(x w), diagonal.
    let slope: Vec<f64> = x.iter().zip(&w).map(|(x, w)| (x * w).sin() + x * w * (x * w).cos()).collect();
    let base = [("x", x.to_vec()), ("w", w.to_vec())];

    let direction = [0.5, -1.0, 2.0];
    let mut inputs = base.to_vec();
    inputs.push(("dw", direction.to_vec()));
    let (f, found) = both(source, &Options::jvp("r"), &inputs);
    let at = f.signature().derivative(PortRole::Tangent, "r").unwrap();
    let expected: Vec<f64> = slope.iter().zip(&direction).map(|(s, d)| s * d).collect();
    close(&found[at].values.to_f64(), &expected);
    assert_eq!(f.signature().inputs[2].role, PortRole::Tangent);

    let mut inputs = base.to_vec();
    inputs.push(("ct", direction.to_vec()));
    let (f, found) = both(source, &Options::vjp("r"), &inputs);
    close(&found[f.signature().gradient("w").unwrap()].values.to_f64(), &expected);

    let (f, found) = both(source, &Options::jacobian("r"), &base);
    let whole = &found[f.signature().jacobian("w").unwrap()];
    assert_eq!(whole.shape, [3, 3]);
    let expected: Vec<f64> = (0..9).map(|i| if i % 4 == 0 { slope[i / 4] } else { 0.0 }).collect();
    close(&whole.values.to_f64(), &expected);
}

#[test]
fn hessians_have_a_block_for_each_pair() {
    // f = sum(a^2) b + b^3 / 6: f_aa = 2 b I, f_ab = 2 a, f_bb = b.
    let source = "precision f64\nparam a: [2] = 1\nparam b = 1\nloss sum(a^2) * b + b^3 / 6\n";
    let inputs: [(&str, Vec<f64>); 2] = [("a", vec![0.5, -2.0]), ("b", vec![3.0])];
    let (f, found) = both(source, &Options::hessian("loss"), &inputs);
    let signature = f.signature();
    let block = |row: &str, column: &str| &found[signature.hessian(row, column).unwrap()];
    close(&block("a", "a").values.to_f64(), &[6.0, 0.0, 0.0, 6.0]);
    close(&block("a", "b").values.to_f64(), &[1.0, -4.0]);
    close(&block("b", "b").values.to_f64(), &[3.0]);
    assert!(signature.hessian("b", "a").is_none());
    close(&found[signature.gradient("b").unwrap()].values.to_f64(), &[4.25 + 4.5]);

    let mut inputs = inputs.to_vec();
    inputs.extend([("da", vec![1.0, 2.0]), ("db", vec![-1.0])]);
    let (f, found) = both(source, &Options::hessian_vector_product("loss"), &inputs);
    let product = |name: &str| found[f.signature().derivative(PortRole::HessianProduct, name).unwrap()].values.to_f64();
    close(&product("a"), &[6.0 - 1.0, 12.0 + 4.0]);
    close(&product("b"), &[1.0 - 8.0 - 3.0]);
}

#[test]
fn derivatives_in_the_free_form_count_the_constraint() {
    // k = exp(θ): the second derivative of k^2 by θ is 4 k^2.
    let source = "precision f64\nparam k: positive = 3\nloss k^2\n";
    let theta = 3f64.ln();
    let (f, found) = both(source, &Options::hessian("loss").free(), &[("k", vec![theta])]);
    close(&found[f.signature().hessian("k", "k").unwrap()].values.to_f64(), &[36.0]);
}

#[test]
fn loops_have_jacobians_in_both_modes() {
    // After n turns of s <- a s + b: s = a^n s0 + b (a^n - 1) / (a - 1).
    let source = "precision f64\ndim T = 4\ninput a\ninput b\ninput s0\n\
                  let s = scan(_ in T, s = s0) => a * s + b\noutput path = s\n";
    let (a, b, s0) = (0.5f64, 2.0f64, 3.0f64);
    let inputs: [(&str, Vec<f64>); 3] = [("a", vec![a]), ("b", vec![b]), ("s0", vec![s0])];
    let powers: Vec<f64> = (1..=4).map(|n| a.powi(n)).collect();
    let by_b: Vec<f64> = powers.iter().map(|p| (p - 1.0) / (a - 1.0)).collect();
    for mode in [Mode::Forward, Mode::Reverse] {
        let options = Options::jacobian("path").with_respect_to(["s0", "b"]).mode(mode);
        let (f, found) = both(source, &options, &inputs);
        close(&found[f.signature().jacobian("s0").unwrap()].values.to_f64(), &powers);
        close(&found[f.signature().jacobian("b").unwrap()].values.to_f64(), &by_b);
    }
}

#[test]
fn what_must_be_a_number_is_said() {
    let model = Model::from_source("dim N\ninput x: [N]\noutput y = x^2\noutput i = argmax(x)\n").unwrap();
    let by_x = |options: Options| model.compile(&options.with_respect_to(["x"])).map(|_| ()).unwrap_err().to_string();
    let shape = "the gradient of `y` was asked for, but it is [N], not one real number";
    assert_eq!(by_x(Options::hessian("y")), shape);
    assert!(by_x(Options::jacobian("i")).contains("`i`"));
    assert!(model.compile(&Options::jacobian("y").with_respect_to(["x"])).is_ok());
}

#[test]
fn a_new_port_gets_a_name_of_its_own() {
    let source = "precision f64\ninput x\ninput dx\noutput y = x^2 * dx\n";
    let inputs: [(&str, Vec<f64>); 3] = [("x", vec![3.0]), ("dx", vec![2.0]), ("dx_", vec![0.5])];
    let (_, found) = both(source, &Options::jvp("y").with_respect_to(["x"]), &inputs);
    close(&found[1].values.to_f64(), &[2.0 * 3.0 * 2.0 * 0.5]);
}
