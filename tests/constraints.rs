//! Constrained params: the maps from free numbers against closed forms and their inverses, derivatives in both forms,
//! starts, fits whose optimum lies on a known constrained point.

mod common;

use nnc::model::{Backend, FreeForm, Model, Options, Sampling, gradcheck};

/// A model with every constraint; `D` is given by the test.
fn every_constraint(d: usize) -> Model {
    let text = format!(
        "precision f64\ndim D = {d}, K = 3\nparam a = 0.4\nparam s: positive = 2.5\nparam p: positive[K, 2]\nparam u in (-1, 3) = 0.5\n\
         param low in (1, inf)\nparam high in (-inf, 2) = -3\nparam b in (0, 1 - u / 10) = 0.25\n\
         param w: simplex[2, K]\nparam o: ordered[2, K]\nparam n: unit[K] = [0.6, 0, 0.8]\n\
         param L: cholesky[2, D, D]\n\
         fn mix(x) = sum(sin(1.7 * x + 0.3))\n\
         let all = mix(a) + mix(s) + mix(p) + mix(u) + mix(low) + mix(high) + mix(b) + mix(w) + mix(o) + mix(n)\n\
         let c[k, i, j] = L[k, i, j] * (1 + k + 2 * i + 3 * j)\n\
         loss all + mix(c)\n"
    );
    Model::from_source(&text).unwrap_or_else(|e| panic!("{e}"))
}

fn part<'v>(form: &FreeForm, values: &'v [f64], name: &str) -> &'v [f64] {
    &values[form.layout.entry(name).unwrap().range.clone()]
}

fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= 1e-14 * y.abs().max(1.0), "{a:?} {b:?}");
    }
}

#[test]
fn params_without_a_start_have_the_one_of_their_constraint() {
    let model = every_constraint(3);
    let form = FreeForm::new(model.program(), &[]).unwrap();
    let values = form.constrained(&form.start::<f64>(0).unwrap()).unwrap();
    let is = |name, expected: &[f64]| close(part(&form, &values, name), expected);
    is("a", &[0.4]);
    is("s", &[2.5]);
    is("p", &[1.0; 6]);
    is("u", &[0.5]);
    is("low", &[2.0]);
    is("high", &[-3.0]);
    is("b", &[0.25]);
    is("w", &[1.0 / 3.0; 6]);
    is("o", &[-1.0, 0.0, 1.0, -1.0, 0.0, 1.0]);
    is("n", &[0.6, 0.0, 0.8]);
    let eye = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    is("L", &[eye, eye].concat());
}

#[test]
fn values_are_those_of_the_closed_forms() {
    for d in 1..6 {
        let model = every_constraint(d);
        let form = FreeForm::new(model.program(), &[]).unwrap();
        let triangle = d * (d + 1) / 2;
        assert_eq!(form.free.len, 1 + 1 + 6 + 4 + 4 + 6 + 3 + 2 * triangle);
        let free: Vec<f64> = (0..form.free.len).map(|i| ((i * 37 % 23) as f64 - 11.0) / 9.0).collect();
        let values = form.constrained(&free).unwrap();
        let from = |name: &str| &free[form.free.entry(name).unwrap().range.clone()];
        let is = |name, expected: &[f64]| close(part(&form, &values, name), expected);
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        is("s", &[from("s")[0].exp()]);
        is("p", &from("p").iter().map(|f| f.exp()).collect::<Vec<_>>());
        let u = -1.0 + 4.0 * sigmoid(from("u")[0]);
        is("u", &[u]);
        is("low", &[1.0 + from("low")[0].exp()]);
        is("high", &[2.0 - from("high")[0].exp()]);
        // Its bound reads another param.
        is("b", &[(1.0 - u / 10.0) * sigmoid(from("b")[0])]);
        let mut shares = vec![];
        for f in from("w").chunks(2) {
            let total = f[0].exp() + f[1].exp() + 1.0;
            shares.extend([f[0].exp() / total, f[1].exp() / total, 1.0 / total]);
        }
        is("w", &shares);
        let mut steps = vec![];
        for f in from("o").chunks(3) {
            steps.extend([f[0], f[0] + f[1].exp(), f[0] + f[1].exp() + f[2].exp()]);
        }
        is("o", &steps);
        let n = from("n");
        let norm = n.iter().map(|x| x * x).sum::<f64>().sqrt();
        is("n", &n.iter().map(|x| x / norm).collect::<Vec<_>>());

        // The free numbers of a triangle fill it, each once, through exp on the diagonal.
        for (member, f) in part(&form, &values, "L").chunks(d * d).zip(from("L").chunks(triangle)) {
            let mut used: Vec<f64> = vec![];
            for i in 0..d {
                for j in 0..d {
                    match j.cmp(&i) {
                        std::cmp::Ordering::Less => used.push(member[i * d + j]),
                        std::cmp::Ordering::Equal => used.push(member[i * d + j].ln()),
                        std::cmp::Ordering::Greater => assert_eq!(member[i * d + j], 0.0),
                    }
                }
            }
            let mut wanted = f.to_vec();
            used.sort_by(f64::total_cmp);
            wanted.sort_by(f64::total_cmp);
            close(&used, &wanted);
        }
        // The way back.
        let mut back = form.free(&values).unwrap();
        let entry = form.free.entry("n").unwrap().range.clone();
        back[entry.clone()].iter_mut().for_each(|x| *x *= norm);
        for (x, y) in back.iter().zip(&free) {
            assert!((x - y).abs() < 1e-13, "{d}: {back:?} {free:?}");
        }
    }
}

#[test]
fn derivatives_are_right_in_both_forms() {
    for d in [1, 2, 3, 4, 5] {
        let model = every_constraint(d);
        for options in [Options::gradient("loss"), Options::gradient("loss").free()] {
            for backend in [Backend::Native, Backend::Interpreter] {
                let options = options.clone().backend(backend);
                let result = gradcheck(model.program(), &options, &[], &[], Sampling { seed: 3, points: 1 }).unwrap();
                assert_eq!(result.checks.len(), 11);
                assert!(result.worst() < 2e-6, "{d} {options:?}: {result:#?}");
            }
        }
    }
}

/// d/dk of k² is 2k in the constrained form, and 2k · k in the free one, k = exp(f).
#[test]
fn gradients_are_by_the_form_that_was_asked_for() {
    let model = Model::from_source("precision f64\nparam k: positive\nloss k^2\noutput g = k\n").unwrap();
    let value_and_grad = |options: Options, x: f64| {
        let f = model.compile(&options).unwrap();
        let mut by = [0.0f64];
        let value = f.value_and_grad(&[(&[x]).into()], &mut [(&mut by).into()], &mut f.workspace()).unwrap();
        (value, by[0])
    };
    assert_eq!(value_and_grad(Options::gradient("loss"), 3.0), (9.0, 6.0));
    let (value, by) = value_and_grad(Options::gradient("loss").free(), 3f64.ln());
    close(&[value, by], &[9.0, 18.0]);
}

mod fit {
    use super::close;
    use nnc::fit::{Dataset, Settings, fit};
    use nnc::model::{Backend, Model, Weights};
    use std::sync::atomic::AtomicBool;

    fn fitted(text: &str) -> (Model, Weights) {
        let model = Model::from_source(text).unwrap_or_else(|e| panic!("{e}"));
        let settings = Settings::new(model.program(), model.train_blocks(), None, &[]).unwrap();
        let data = Dataset::default();
        let fitted = fit(&model, &data, &settings, Backend::Auto, &mut (), &AtomicBool::new(false)).unwrap();
        (model, fitted.weights)
    }

    /// The maximum likelihood of a categorical distribution are the relative frequencies, of a normal distribution the
    /// mean and the root of the mean square; and the vector of length 1 with the largest product with g is g / norm(g).
    #[test]
    fn optima_on_the_constraint_are_found() {
        let (_, weights) = fitted(
            "precision f64\nconst counts = [2, 3, 5], x = [1, 2, 4, 9], g = [3, 0, -4]\n\
             param w: simplex[3]\nparam σ: positive\nparam μ in (0, 10)\nparam n: unit[3]\n\
             loss -sum(counts * log(w)) / 10 + log(σ) + mean((x - μ)^2) / (2 * σ^2) - g @ n\n\
             train { optimizer = adam(lr = 0.02), epochs = 4000 }\n",
        );
        let is = |name: &str, expected: &[f64]| {
            let values = weights.param(name).unwrap().values.to_f64();
            assert!(values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{name} {values:?}");
        };
        is("w", &[0.2, 0.3, 0.5]);
        is("μ", &[4.0]);
        is("σ", &[9.5f64.sqrt()]);
        is("n", &[0.6, 0.0, -0.8]);
    }

    /// Files hold what users see, under the user's name.
    #[test]
    fn weights_are_the_constrained_values() {
        let (model, weights) = fitted(
            "precision f64\nparam s: positive = 3\nparam w: simplex[4]\nparam L: cholesky[2, 2]\nloss (s - 3)^2 + sum(w^2) + sum(L^2)\n\
             train { optimizer = sgd(lr = 1e-30), epochs = 1 }\n",
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        weights.save(&path).unwrap();
        let read = Weights::load(&path).unwrap();
        read.check(model.program()).unwrap();
        close(&read.param("s").unwrap().values.to_f64(), &[3.0]);
        close(&read.param("w").unwrap().values.to_f64(), &[0.25; 4]);
        assert_eq!(read.param("w").unwrap().shape, [4]);
        close(&read.param("L").unwrap().values.to_f64(), &[1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn starts_outside_of_bounds_that_are_params_are_told() {
        let text = "param a = 2\nparam b in (0, a) = 3\nloss a + b\n";
        let model = Model::from_source(text).unwrap();
        let stop = AtomicBool::new(false);
        let error = fit(&model, &Dataset::default(), &Settings::default(), Backend::Auto, &mut (), &stop).unwrap_err();
        assert_eq!(error.to_string(), "param `b` is 3, which its constraint does not allow");
    }
}

/// The printed derivative declares the params as they were, and compiles again to the same numbers.
#[test]
fn printed_derivatives_keep_constraints() {
    let model = Model::from_source(
        "precision f64\nconst top = 4\nparam a in (0, top) = 1\nparam k: positive\nparam b in (-inf, a + k) = -2\nparam w: simplex[3]\n\
         loss a * k * b^2 + sum(w^3)\n",
    )
    .unwrap();
    let (text, _) = model.derivative(&Options::gradient("loss")).unwrap();
    for line in
        ["param a in (0, 4) = 1", "param k: positive\n", "param b in (-inf, a + k) = -2", "param w: simplex[3]\n"]
    {
        assert!(text.contains(line), "{text}");
    }
    let again = Model::from_source(&text).unwrap_or_else(|e| panic!("{text}\n{e}"));
    let f = again.compile(&Options::default()).unwrap();
    let (a, k, b, w) = ([2.0], [3.0], [0.5], [0.2, 0.3, 0.5]);
    let all = [("a", (&a).into()), ("k", (&k).into()), ("b", (&b).into()), ("w", (&w).into())];
    let used: Vec<_> = all.into_iter().filter(|(name, _)| f.signature().input(name).is_some()).collect();
    let results = f.evaluate(&used).unwrap();
    let of = |name: &str| results.iter().find(|r| r.name == name).unwrap().values.to_f64();
    close(&of("da"), &[0.75]);
    close(&of("dk"), &[0.5]);
    close(&of("db"), &[6.0]);
    close(&of("dw"), &[0.12, 0.27, 0.75]);
}
