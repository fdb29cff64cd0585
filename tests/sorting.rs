//! `sort`, `argsort` and `top_k`: values, places and derivatives against NumPy and JAX (`reference/sorting.py`), native
//! and interpreted, with ties; closed forms at the edges.

use nnc::model::{Backend, Mode, Model, Options, Slice};
use serde_json::Value as Json;

const MODEL: &str = "
precision f64
dim B, N, D, K = 3
param x: [B, N, D] = zeros()
input a: [B, N, D]
input c: [B, K, D]
let s = sort(x)
let t = sort(x, axis = N)
let (best, places) = top_k(x, K, axis = 1)
let (last, last_places) = top_k(x, 2)
output s
output t
output o = argsort(x)
output p = argsort(x, axis = 1)
output best
output places
output last
output last_places
loss sum(a * s^2) + sum(sin(a * t)) + sum(c * best^3) + sum(last)
";

const BACKENDS: [Backend; 2] = [Backend::Native, Backend::Interpreter];

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn close(given: &[f64], expected: &[f64], what: &str) {
    assert_eq!(given.len(), expected.len(), "{what}");
    for (i, (g, e)) in given.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= 1e-10 * e.abs().max(1.0), "{what}[{i}] is {g:e}, expected {e:e}");
    }
}

/// The results of what options ask for, by name; inputs that the function does not read are left out.
fn results(text: &str, options: Options, inputs: &[(&str, &[f64])]) -> Vec<(String, Vec<f64>)> {
    let model = Model::from_source(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let f = model.compile(&options).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let used = inputs.iter().filter(|(name, _)| f.signature().input(name).is_some());
    let given: Vec<(&str, Slice)> = used.map(|(name, values)| (*name, (*values).into())).collect();
    let results = f.evaluate(&given).unwrap_or_else(|e| panic!("{e}\n{text}"));
    results.into_iter().map(|r| (r.name, r.values.to_f64())).collect()
}

#[test]
fn values_places_and_derivatives_agree_with_the_reference() {
    let case: Json = serde_json::from_str(include_str!("reference/sorting.json")).unwrap();
    let (x, a, c) = (numbers(&case["x"]), numbers(&case["a"]), numbers(&case["c"]));
    let inputs: [(&str, &[f64]); 3] = [("x", &x), ("a", &a), ("c", &c)];
    // Sizes of params do not follow from inputs.
    let dims = |o: Options| {
        let sizes = case["sizes"].as_object().unwrap();
        ["B", "N", "D"].iter().fold(o, |o, d| o.dim(*d, sizes[*d].as_u64().unwrap() as usize))
    };
    for backend in BACKENDS {
        let expected = case["values"].as_object().unwrap();
        let names: Vec<&str> = expected.keys().map(String::as_str).collect();
        let found = results(MODEL, dims(Options::values(names).backend(backend)), &inputs);
        assert_eq!(found.len(), expected.len());
        for (name, values) in &found {
            close(values, &numbers(&expected[name]), &format!("{name} by {backend:?}"));
        }
        let found = results(MODEL, dims(Options::gradient("loss").backend(backend)), &inputs);
        close(&found[0].1, &[case["loss"].as_f64().unwrap()], "loss");
        close(&found[1].1, &numbers(&case["gradient"]), &format!("gradient by {backend:?}"));
    }
}

/// Away from ties both modes agree with differences, and the Jacobian of `sort` is a permutation.
#[test]
fn both_modes_agree_with_differences() {
    let text = "precision f64\ninput x: [6]\nlet (best, places) = top_k(sin(x), 3)\nlet r = concat(sort(x^2), best)\noutput r\n";
    let x = [0.3, -0.7, 1.1, 0.2, -1.4, 0.9];
    let values = |x: &[f64]| results(text, Options::values(["r"]), &[("x", x)])[0].1.clone();
    let mut differences = vec![0.0; 9 * 6];
    let h = 1e-6;
    for i in 0..6 {
        let (mut up, mut down) = (x, x);
        up[i] += h;
        down[i] -= h;
        for (k, (u, d)) in values(&up).iter().zip(values(&down)).enumerate() {
            differences[k * 6 + i] = (u - d) / (2.0 * h);
        }
    }
    for backend in BACKENDS {
        for mode in [Mode::Forward, Mode::Reverse] {
            let options = Options::jacobian("r").with_respect_to(["x"]).mode(mode).backend(backend);
            let found = results(text, options, &[("x", &x)]);
            for (g, e) in found[1].1.iter().zip(&differences) {
                assert!((g - e).abs() < 1e-8, "{mode:?} {backend:?}: {g} {e}");
            }
        }
    }
    let sorted = "precision f64\ninput x: [3]\noutput r = sort(x)\n";
    let options = Options::jacobian("r").with_respect_to(["x"]);
    // Of equal elements, -0 and 0 among them, the first goes to the first place.
    let found = results(sorted, options, &[("x", &[0.0, -0.0, -1.0])]);
    assert_eq!(found[1].1, [0., 0., 1., 1., 0., 0., 0., 1., 0.]);
    let hessian = "precision f64\nparam x: [3]\nlet s = sort(x)\nloss s[0]^3 + s[1] * s[2]\n";
    // Order [2, 0, 1]: x2^3 + x0 x1.
    let found = results(hessian, Options::hessian("loss"), &[("x", &[1.0, 2.0, -3.0])]);
    assert_eq!(found[2].1, [0., 1., 0., 1., 0., 0., 0., 0., -18.]);
}

#[test]
fn edges_have_an_order() {
    let text = "precision f64\ndim N\ninput x: [N]\noutput o = argsort(x)\noutput s = sort(x)\n\
                let (best, places) = top_k(x, 2)\noutput places\nlet (none, _) = top_k(x, 0)\noutput n = sum(none)\n\
                output same = argsort(zeros([N]))\n";
    let x = [f64::NAN, 1.0, f64::INFINITY, f64::NEG_INFINITY, 1.0];
    for backend in BACKENDS {
        let found = results(text, Options::default().backend(backend), &[("x", &x)]);
        let of = |name: &str| found.iter().find(|r| r.0 == name).unwrap().1.clone();
        assert_eq!(of("o"), [3., 1., 4., 2., 0.]);
        assert_eq!(of("s")[..4], [f64::NEG_INFINITY, 1.0, 1.0, f64::INFINITY]);
        assert!(of("s")[4].is_nan());
        assert_eq!(of("places"), [2., 1.]);
        assert_eq!(of("n"), [0.]);
        assert_eq!(of("same"), [0., 1., 2., 3., 4.]);
    }
}

/// Places are labels: they gather, also in loops and index notation.
#[test]
fn places_read_other_arrays() {
    let text = "precision f64\ndim N, D = 2\ninput x: [N]\ninput E: [N, D]\noutput rows = E[argsort(x)]\n\
                output rank = argsort(real(argsort(x)))\noutput hit = if argsort(x) == 0 then 1 else 0\n\
                let last = fold(t in 3, h = x) => sort(h)[0] + h\noutput last\n\
                output each[d] = sort(E[:, d])[0]\n";
    for backend in BACKENDS {
        let inputs: [(&str, &[f64]); 2] = [("x", &[0.5, -1.0, 2.0]), ("E", &[1., 2., 3., 4., 5., 0.])];
        let found = results(text, Options::default().backend(backend), &inputs);
        let of = |name: &str| found.iter().find(|r| r.0 == name).unwrap().1.clone();
        assert_eq!(of("rows"), [3., 4., 1., 2., 5., 0.]);
        assert_eq!(of("rank"), [1., 0., 2.]);
        assert_eq!(of("hit"), [0., 1., 0.]);
        // -1, then -2, then -4 is added to all.
        assert_eq!(of("last"), [-6.5, -8., -5.]);
        assert_eq!(of("each"), [1., 0.]);
    }
}

/// A `k` that only data can tell is checked when the size is bound.
#[test]
fn too_many_of_an_open_axis_is_an_error_of_the_call() {
    let text = "precision f64\ndim N\ninput x: [N]\nlet (best, _) = top_k(x, 3)\noutput best\n";
    let model = Model::from_source(text).unwrap();
    let f = model.compile(&Options::default()).unwrap();
    let of = |x: &[f64]| f.evaluate(&[("x", x.into())]).map(|r| r[0].values.to_f64());
    assert_eq!(of(&[1., 3., 2.]).unwrap(), [3., 2., 1.]);
    assert!(of(&[1., 3.]).is_err());
}
