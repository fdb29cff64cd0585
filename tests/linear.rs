//! Functions of matrices: values, gradients and Hessian-vector products against NumPy, SciPy, JAX, SymPy and mpmath
//! (`reference/linear/linear.py`), native and interpreted, batched, with open sizes; closed forms at the edges.

use nnc::model::{Backend, Mode, Model, Options, Slice};
use serde_json::Value as Json;

const MODEL: &str = "
precision f64
dim B, M, N
input A: [B, N, N]
input R: [B, M, N]
input b: [B, M, 2]
input c: [B, N]
input C: [B, N, N]
input D: [B, M, N]
let (w, vectors) = eigh(A)
let (q, r) = qr(R)
let (u, s, v) = svd(R)
let (sign, value) = slogdet(A)
let E = expm(A)
let P = pinv(R)
let x[k] = lstsq(R[k], b[k])
output eigenvalues = w
output vectors
output q
output r
output s
output v
output u
output sign
output logarithm = value
output exponential = E
output pseudoinverse = P
output least = x
output cofactors = adjugate(A)
loss eigenvalues_loss = sum(c * sin(w))
loss vectors_loss = sum(C * vectors^2) + sum(C * vectors)
loss q_loss = sum(D * q) + sum(D * q^2)
loss r_loss = sum(C * r^2)
loss s_loss = sum(c * s^3)
loss v_loss = sum(C * v) + sum(C * v^2)
loss u_loss = sum(D * u)
loss logdet_loss = sum(c[:, 0] * value^2)
loss log_of_det_loss = sum(c[:, 0] * log(det(A @ A' + eye(N))))
loss determinant_loss = sum(c[:, 0] * det(A)^2)
loss exponential_loss = sum(C * E)
loss pseudoinverse_loss = sum(D' * P)
loss least_loss = sum(x^3)
loss adjugate_loss = sum(C * adjugate(A))
loss mixed_loss = sum(sin(eigvalsh(R[:, ..3]' @ R[:, ..3])) * w)
";

const BACKENDS: [Backend; 2] = [Backend::Native, Backend::Interpreter];

fn reference() -> Json {
    serde_json::from_str(include_str!("reference/linear/linear.json")).unwrap()
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Up to rounding beside the largest number.
#[track_caller]
fn close_to(given: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(given.len(), expected.len(), "{what}");
    let size = expected.iter().fold(1e-3, |m: f64, e| m.max(e.abs()));
    for (i, (g, e)) in given.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= tolerance * size, "{what}[{i}] is {g:e}, expected {e:e}");
    }
}

#[track_caller]
fn close(given: &[f64], expected: &[f64], what: &str) {
    close_to(given, expected, 1e-10, what);
}

/// The results of what options ask for, by name; inputs that the function does not read are left out.
#[track_caller]
fn results(text: &str, options: &Options, inputs: &[(&str, &[f64])]) -> Vec<(String, Vec<f64>)> {
    let model = Model::from_source(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let f = model.compile(options).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let used = inputs.iter().filter(|(name, _)| f.signature().input(name).is_some());
    let given: Vec<(&str, Slice)> = used.map(|(name, values)| (*name, (*values).into())).collect();
    let results = f.evaluate(&given).unwrap_or_else(|e| panic!("{e}\n{text}"));
    results.into_iter().map(|r| (r.name, r.values.to_f64())).collect()
}

/// Sizes that do not follow from the inputs.
fn sized(options: Options, case: &Json) -> Options {
    let sizes = case["sizes"].as_object().unwrap();
    sizes.iter().fold(options, |o, (dim, size)| o.dim(dim.clone(), size.as_u64().unwrap() as usize))
}

fn inputs(case: &Json) -> Vec<(String, Vec<f64>)> {
    case["inputs"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), numbers(v))).collect()
}

#[test]
fn values_agree_with_numpy_and_scipy() {
    let case = reference();
    let given = inputs(&case);
    let given: Vec<(&str, &[f64])> = given.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect();
    let expected = case["values"].as_object().unwrap();
    let names: Vec<&str> = expected.keys().map(String::as_str).collect();
    for backend in BACKENDS {
        let found = results(MODEL, &sized(Options::values(names.clone()).backend(backend), &case), &given);
        assert_eq!(found.len(), 13);
        for (name, values) in &found {
            close(values, &numbers(&expected[name]), &format!("{name} by {backend:?}"));
        }
    }
}

#[test]
fn gradients_and_hessian_products_agree_with_jax() {
    let case = reference();
    let given = inputs(&case);
    let given: Vec<(&str, &[f64])> = given.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect();
    let losses = case["derivatives"].as_object().unwrap();
    assert_eq!(losses.len(), 15);
    for (name, expected) in losses {
        let loss = format!("{name}_loss");
        let by: Vec<&str> =
            ["A", "R"].into_iter().filter(|p| numbers(&expected["gradient"][p]).iter().any(|x| *x != 0.0)).collect();
        assert!(!by.is_empty());
        for backend in BACKENDS {
            let options = Options::hessian_vector_product(&*loss).with_respect_to(by.clone()).backend(backend);
            let found = results(MODEL, &sized(options, &case), &given);
            close(&found[0].1, &[expected["loss"].as_f64().unwrap()], &loss);
            for (i, port) in by.iter().enumerate() {
                let (gradient, product) = (&found[1 + i], &found[1 + by.len() + i]);
                close(&gradient.1, &numbers(&expected["gradient"][port]), &format!("gradient of {loss} by {port}"));
                close(&product.1, &numbers(&expected["product"][port]), &format!("product of {loss} by {port}"));
            }
        }
    }
}

/// The Jacobian in forward mode is that in reverse mode and that of differences of native values; in single precision all
/// is near.
#[test]
fn both_modes_agree_with_differences() {
    let results_of = "let y = concat(eigvalsh(A), reshape(eigenvectors(A), [9]), reshape(expm(A), [9]), \
         reshape(adjugate(A), [9]), svdvals(R), reshape(right_vectors(R), [9]), reshape(orthonormal(R), [12]), \
         reshape(pinv(R), [12]), [det(A)], [logdet(A)], [log(det(A)^2 + 1)])\noutput y\n";
    let text = format!("precision f64\ninput A: [3, 3]\ninput R: [4, 3]\n{results_of}");
    let a = [0.9, -0.4, 0.3, 0.8, 0.2, -0.5, 0.1, 0.7, -1.1];
    let r = [0.3, -0.7, 1.1, 0.2, -1.4, 0.9, 0.6, 0.5, -0.2, 1.3, 0.4, -0.8];
    let whole = [&a[..], &r[..]].concat();
    let values = |x: &[f64]| results(&text, &Options::values(["y"]), &[("A", &x[..9]), ("R", &x[9..])])[0].1.clone();
    let count = values(&whole).len();
    let mut differences = vec![0.0; count * whole.len()];
    let h = 1e-4;
    for i in 0..whole.len() {
        let moved = |step: f64| {
            let mut x = whole.clone();
            x[i] += step;
            values(&x)
        };
        let points = [moved(h), moved(-h), moved(2.0 * h), moved(-2.0 * h)];
        for k in 0..count {
            let [a, b, c, d] = [0, 1, 2, 3].map(|p| points[p][k]);
            differences[k * whole.len() + i] = (8.0 * (a - b) - (c - d)) / (12.0 * h);
        }
    }
    let columns = |of: std::ops::Range<usize>| -> Vec<f64> {
        (0..count).flat_map(|k| differences[k * whole.len()..][of.clone()].to_vec()).collect()
    };
    for backend in BACKENDS {
        for mode in [Mode::Forward, Mode::Reverse] {
            let options = Options::jacobian("y").with_respect_to(["A", "R"]).mode(mode).backend(backend);
            let found = results(&text, &options, &[("A", &a), ("R", &r)]);
            close_to(&found[1].1, &columns(0..9), 1e-9, &format!("by A, {mode:?}, {backend:?}"));
            close_to(&found[2].1, &columns(9..21), 1e-9, &format!("by R, {mode:?}, {backend:?}"));
        }
    }
    let single = text.replace("precision f64", "precision f32");
    let model = Model::from_source(&single).unwrap();
    let f = model.compile(&Options::values(["y"])).unwrap();
    let near = |x: &[f64]| -> Vec<f32> { x.iter().map(|x| *x as f32).collect() };
    let found = f.evaluate(&[("A", (&near(&a)).into()), ("R", (&near(&r)).into())]).unwrap();
    close_to(&found[0].values.to_f64(), &values(&whole), 2e-5, "in single precision");
}

/// The derivative of `det` is a polynomial: it exists, and its derivative does, where the inverse does not.
#[test]
fn determinants_of_singular_matrices_have_derivatives() {
    let case = reference();
    let direction = numbers(&case["direction"]);
    let text = "precision f64\ninput A: [3, 3]\nloss det(A)\n";
    for matrix in case["singular"].as_array().unwrap() {
        let a = numbers(&matrix["A"]);
        for backend in BACKENDS {
            let options = Options::hessian_vector_product("loss").with_respect_to(["A"]).backend(backend);
            let found = results(text, &options, &[("A", &a), ("dA", &direction)]);
            let what = format!("{a:?} by {backend:?}");
            let near = |i: usize, name: &str| {
                for (f, e) in found[i].1.iter().zip(&numbers(&matrix[name])) {
                    assert!((f - e).abs() < 1e-12 * (1.0 + e.abs()), "{name} of {what}: {f} instead of {e}");
                }
            };
            assert!((found[0].1[0] - matrix["det"].as_f64().unwrap()).abs() < 1e-12, "{what}");
            near(1, "gradient");
            near(2, "product");
        }
    }
    // The third derivative where there is an inverse, also with equal singular values: det(1 + t E) = 1 + t tr E + … + t³ det E.
    let third = "precision f64\ninput E: [3, 3]\ninput t\nlet d1 = grad(det(eye(3) + t * E), t)\n\
                 output d3 = grad(grad(d1, t), t)\n";
    let e = [2.0, -1.0, 3.0, 1.0, 4.0, -2.0, 5.0, 1.0, -3.0];
    // 2 (-12 + 2) + (-3 + 10) + 3 (1 - 20)
    let det = -70.0;
    for backend in BACKENDS {
        let found = results(third, &Options::values(["d3"]).backend(backend), &[("E", &e), ("t", &[0.0])]);
        close(&found[0].1, &[6.0 * det], "third derivative");
    }
}

#[test]
fn ill_conditioned_matrices_agree_with_mpmath() {
    let case = reference();
    let hard = &case["hard"];
    let text = "precision f64\nlet H[i in 5, j in 5] = 1 / (i + j + 1)\ninput dH: [5, 5]\nlet A = H + dH\n\
                output w = eigvalsh(A)\noutput s = svdvals(A)\noutput d = det(A)\nloss logdet(A)\nloss whole = log(det(A))\n\
                output m = expm([[-49, 24], [-64, 31]])\n";
    let zero = [0.0; 25];
    for backend in BACKENDS {
        let options = Options::values(["w", "s", "d", "m"]).backend(backend);
        let found = results(text, &options, &[("dH", &zero)]);
        let mut eigenvalues = numbers(&hard["hilbert_eigenvalues"]);
        // Each to rounding beside the largest.
        close_to(&found[0].1, &eigenvalues, 1e-15 * 5.0, "eigenvalues");
        eigenvalues.reverse();
        // Each to nearly all of its own digits.
        for (f, e) in found[1].1.iter().zip(&eigenvalues) {
            assert!((f - e).abs() < 1e-10 * e, "{f} {e}");
        }
        close_to(&[found[2].1[0] * 1e12], &[hard["hilbert_determinant"].as_f64().unwrap() * 1e12], 1e-10, "det");
        close_to(&found[3].1, &numbers(&hard["moler_exponential"]), 1e-10, "exponential");
        for loss in ["loss", "whole"] {
            let options = Options::gradient(loss).with_respect_to(["dH"]).backend(backend);
            let found = results(text, &options, &[("dH", &zero)]);
            close_to(&found[0].1, &[hard["hilbert_logdet"].as_f64().unwrap()], 1e-11, loss);
            close_to(&found[1].1, &numbers(&hard["hilbert_gradient"]), 1e-9, loss);
        }
    }
}

/// Sums of functions of eigenvalues are as smooth as the matrix allows, also where eigenvalues are equal: Σ λ = tr A,
/// Σ λ² = |A|², Σ e^λ = tr e^A.
#[test]
fn equal_eigenvalues_do_no_harm() {
    let text = "precision f64\ninput A: [3, 3]\nlet w = eigvalsh(A)\nlet s = svdvals(A)\nloss sum_loss = sum(w)\n\
                loss square = sum(w^2)\nloss exponential = sum(exp(w))\nloss nuclear = sum(s)\nloss length = sum(s^2)\n";
    let eye = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let e = 1f64.exp();
    let times = |k: f64| eye.map(|x| k * x).to_vec();
    for backend in BACKENDS {
        for (loss, k) in [("sum_loss", 1.0), ("square", 2.0), ("exponential", e), ("nuclear", 1.0), ("length", 2.0)] {
            let options = Options::gradient(loss).with_respect_to(["A"]).backend(backend);
            close(&results(text, &options, &[("A", &eye)])[1].1, &times(k), loss);
        }
        // Second derivatives of the trace are 0, of a rotated matrix with two equal eigenvalues, too.
        let d = [0.3, -0.2, 0.5, 0.1, 0.7, -0.4, 0.6, 0.2, 0.9];
        let reflection = |u: [f64; 3]| -> Vec<f64> {
            (0..9).map(|k| f64::from(u8::from(k / 3 == k % 3)) - 2.0 * u[k / 3] * u[k % 3]).collect()
        };
        for a in [eye.to_vec(), vec![0.0; 9], reflection([0.48, 0.6, 0.64])] {
            let options = Options::hessian_vector_product("sum_loss").with_respect_to(["A"]).backend(backend);
            let found = results(text, &options, &[("A", &a), ("dA", &d)]);
            close(&found[1].1, &eye, "gradient of the trace");
            assert!(found[2].1.iter().all(|x| x.abs() < 1e-12), "{:?}", found[2].1);
        }
        // A projector by eigenvectors of a cluster: V₁ V₁ᵀ does not depend on their choice. Here λ = -1, 1, 1.
        let projector = "precision f64\ninput A: [3, 3]\nlet (w, v) = eigh(A)\nlet P = v[:, 1..] @ v[:, 1..]'\n\
                         input C: [3, 3]\nloss sum(C * P)\n";
        let options = Options::gradient("loss").with_respect_to(["A"]).backend(backend);
        let u = [0.48, 0.6, 0.64];
        let found = results(projector, &options, &[("A", &reflection(u)), ("C", &d)]);
        // P = (A + 1) / 2 on this orbit: dP = (P dA (1 - P) + (1 - P) dA P) / 2, its adjoint likewise, symmetric.
        let p = |i: usize, j: usize| f64::from(u8::from(i == j)) - u[i] * u[j];
        let mut expected = vec![0.0; 9];
        for (k, x) in expected.iter_mut().enumerate() {
            let (i, j) = (k / 3, k % 3);
            for l in 0..9 {
                let (m, n) = (l / 3, l % 3);
                let c = (d[3 * m + n] + d[3 * n + m]) / 2.0;
                *x += (p(i, m) * c * u[n] * u[j] + u[i] * u[m] * c * p(n, j)) / 2.0;
            }
        }
        close(&found[1].1, &expected, "projector");
    }
}

/// Where rank is missing: derivatives that exist are right, the others are as documented.
#[test]
fn matrices_without_full_rank() {
    let text = "precision f64\ninput R: [3, 2]\nlet s = svdvals(R)\nlet P = pinv(R)\nlet (q, r) = qr(R)\nlet (u, t, v) = svd(R)\n\
                loss length = sum(s^2)\nloss sum_loss = sum(s)\nloss inverse = sum(P)\nloss q_loss = sum(q)\noutput P\noutput q\noutput r\noutput u\n";
    // Rank one: 3 and 4 by 1 and 2; σ = 5 √5.
    let a = [3.0, 6.0, 0.0, 0.0, 4.0, 8.0];
    for backend in BACKENDS {
        let gradient = |loss: &str| {
            results(text, &Options::gradient(loss).with_respect_to(["R"]).backend(backend), &[("R", &a)])[1].1.clone()
        };
        close(&gradient("length"), &a.map(|x| 2.0 * x), "gradient of the length");
        // u vᵀ of the one value that is not 0; the other counts 0.
        close(&gradient("sum_loss"), &a.map(|x| x / 125f64.sqrt()), "gradient of the sum");
        let values = results(text, &Options::values(["P", "q", "r", "u"]).backend(backend), &[("R", &a)]);
        // The pseudoinverse of x yᵀ is y xᵀ / (|x|² |y|²).
        close(&values[0].1, &[3.0, 0.0, 4.0, 6.0, 0.0, 8.0].map(|x| x / 125.0), "pseudoinverse");
        let [q, r] = [&values[1].1, &values[2].1];
        let product: Vec<f64> = (0..6).map(|k| (0..2).map(|l| q[k / 2 * 2 + l] * r[l * 2 + k % 2]).sum()).collect();
        close(&product, &a, "Q R");
        let dot: f64 = (0..3).map(|i| q[2 * i] * q[2 * i + 1]).sum();
        assert!(dot.abs() < 1e-14);
        close(&values[3].1, &[0.6, 0.0, 0.0, 0.0, 0.8, 0.0], "left vectors");
        assert!(gradient("inverse").iter().all(|x| x.is_finite()));
        // Q is no function of such a matrix near it.
        assert!(gradient("q_loss").iter().any(|x| !x.is_finite() || x.abs() > 1e10));
    }
}

/// 400 factors 5 are 10^279.6, of 4 they are 10^240.8, squared no number; so are 1e-200 times 1e-200.
#[test]
fn logarithms_of_determinants_do_not_overflow() {
    let text = "precision f64\ndim N = 400\ninput k\nlet A = k * eye(N)\noutput a = log(det(A))\noutput b = log(abs(det(A)))\n\
                let (sign, size) = slogdet(A)\noutput sign\noutput size\n";
    for k in [20.0f64, 1e-3] {
        let found = results(text, &Options::values(["a", "b", "sign", "size"]), &[("k", &[k])]);
        let expected = 400.0 * k.ln();
        for at in [0, 1, 3] {
            close(&found[at].1, &[expected], &found[at].0);
        }
        assert_eq!(found[2].1, [1.0]);
    }
    let small = "precision f64\ninput A: [B, 2, 2]\noutput a = log(det(A))\noutput b = log(abs(det(A)))\noutput s = det_sign(A)\n\
                 let (i, j) = slogdet(A)\noutput j\n";
    let small = format!("dim B\n{small}").replace("dim B\nprecision f64\n", "precision f64\ndim B\n");
    let a = [1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 2.0, 4.0, 2.0, 1.0, 1.0, 3.0, 1e-200, 0.0, 0.0, 1e-200];
    for backend in BACKENDS {
        let found = results(&small, &Options::values(["a", "b", "s", "j"]).backend(backend), &[("A", &a)]);
        let (ln2, ln5, tiny) = (2f64.ln(), 5f64.ln(), 2.0 * 1e-200f64.ln());
        assert!(found[0].1[0].is_nan(), "the logarithm of -2");
        assert_eq!(found[0].1[1], f64::NEG_INFINITY);
        close(&found[0].1[2..], &[ln5, tiny], "log(det)");
        close(&found[1].1[2..], &[ln5, tiny], "log(abs(det))");
        close(&found[1].1[..1], &[ln2], "log(abs(det))");
        assert_eq!(found[2].1, [-1.0, 0.0, 1.0, 1.0]);
        assert_eq!(found[3].1, found[1].1);
    }
}

/// No answer is NaN in all elements, in both backends, and only for the matrix that has none.
#[test]
fn what_has_no_answer_is_no_number() {
    let text = "precision f64\ndim B\ninput A: [B, 2, 2]\noutput w = eigvalsh(A)\noutput v = eigenvectors(A)\n\
                output s = svdvals(A)\noutput x = right_vectors(A)\noutput q = orthonormal(A)\noutput e = expm(A)\n";
    let nan = f64::NAN;
    let a = [1.0, 2.0, 2.0, 5.0, nan, 0.0, 0.0, 1.0, 1.0, f64::INFINITY, 0.0, 1.0];
    for backend in BACKENDS {
        let names = ["w", "v", "s", "x", "q", "e"];
        for (name, values) in results(text, &Options::values(names).backend(backend), &[("A", &a)]) {
            let each = values.len() / 3;
            assert!(values[..each].iter().all(|x| x.is_finite()), "{name}: {values:?}");
            assert!(values[each..].iter().all(|x| x.is_nan()), "{name}: {values:?}");
        }
    }
}

/// One function for matrices of all sizes gives what functions of one size give.
#[test]
fn sizes_may_be_open() {
    let text = "precision f64\ndim M, N\ninput A: [M, N]\ninput c: [N]\ninput k: [M]\nlet S = A' @ A\n\
                let (w, v) = eigh(S)\nlet (q, r) = qr(A)\nlet (u, s, t) = svd(A)\n\
                loss sum(c * w^2) + sum((v @ c)^3) + sum((q @ c)^3) + sum((r @ c)^2) + sum(c * s^3) + sum((k @ u)^3) + \
                sum((t @ c)^3) + sum((expm(S / 4) @ c)^2) + det(S) + logdet(S) + log(det(S)) + sum(pinv(A) @ k)^2\n";
    let model = Model::from_source(text).unwrap();
    for backend in BACKENDS {
        let options = Options::gradient("loss").with_respect_to(["A"]).backend(backend);
        let open = model.compile(&options).unwrap();
        for (m, n) in [(3, 2), (4, 4), (5, 1), (4, 3)] {
            let values = |count: usize, by: f64| -> Vec<f64> {
                (0..count).map(|i| (by * ((i * i) as f64 + 1.3)).sin()).collect()
            };
            let (a, c, k) = (values(m * n, 1.7), values(n, 0.9), values(m, 0.4));
            let given: [(&str, Slice); 3] = [("A", (&a).into()), ("c", (&c).into()), ("k", (&k).into())];
            let known = model.compile(&options.clone().dim("M", m).dim("N", n)).unwrap();
            let (found, expected) = (open.evaluate(&given).unwrap(), known.evaluate(&given).unwrap());
            for (f, e) in found.iter().zip(&expected) {
                assert!(e.values.to_f64().iter().all(|x| x.is_finite()), "{m} x {n}");
                close(&f.values.to_f64(), &e.values.to_f64(), &format!("{m} x {n} by {backend:?}"));
            }
        }
    }
}

#[test]
fn sizes_that_are_open_are_checked_when_they_are_known() {
    let text = "precision f64\ndim M, N\ninput A: [M, N]\ninput c: [N]\noutput s = c * svdvals(A)\n";
    let model = Model::from_source(text).unwrap();
    let a = [3.0, 0.0, 0.0, 4.0, 0.0, 0.0];
    for backend in BACKENDS {
        let f = model.compile(&Options::values(["s"]).backend(backend)).unwrap();
        let call = |c: &[f64]| f.evaluate(&[("A", a.as_slice().into()), ("c", c.into())]);
        close(&call(&[1.0, 1.0]).unwrap()[0].values.to_f64(), &[4.0, 3.0], "3 x 2");
        let wide = call(&[1.0, 1.0, 1.0]).unwrap_err().to_string();
        assert!(wide.contains("the number of rows beyond that of columns"), "{wide}");
        assert_eq!(call(&[1.0, 1.0]).unwrap().len(), 1);
    }
    let known = model.compile(&Options::values(["s"]).dim("M", 2).dim("N", 3)).unwrap_err().to_string();
    assert!(known.contains("rows"), "{known}");
}

/// Only the lower triangle is read, so only it has a derivative: L10 = c / √a and L11 = √(d - c² / a) for [[a, u], [c, d]].
#[test]
fn cholesky_has_the_derivative_of_what_it_reads() {
    let text = "precision f64\ninput A: [2, 2]\nlet L = cholesky(A)\noutput s = L[1, 0] + 2 * L[1, 1]\noutput H = hessian(s, A)\n";
    let model = Model::from_source(text).unwrap();
    let (a, c, d) = (4.0f64, 1.0f64, 5.0f64);
    let given = [("A", Slice::F64(&[4.0, 9.0, 1.0, 5.0]))];
    let f = model.compile(&Options::gradient("s").with_respect_to(["A"])).unwrap();
    let slope = f.evaluate(&given).unwrap()[1].values.to_f64();
    let rest = (d - c * c / a).sqrt();
    let expected =
        [-c / 2.0 / a.powf(1.5) + c * c / a / a / rest, 0.0, 1.0 / a.sqrt() - 2.0 * c / a / rest, 1.0 / rest];
    assert!(slope.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-14), "{slope:?} instead of {expected:?}");
    // Second derivatives of √(d - c² / a) by d: -1 / (4 rest³).
    let h = model.compile(&Options::values(["H"])).unwrap().evaluate(&given).unwrap()[0].values.to_f64();
    assert!((h[15] + 0.5 / rest.powi(3)).abs() < 1e-14);
    assert!((0..4).all(|i| h[4 + i] == 0.0 && h[4 * i + 1] == 0.0), "{h:?}");
}
