//! What derivatives cost, counted in the plan: diagonals and blocks that the graph shows take one pass. And derivatives
//! through loops and fixed points, from source, against closed forms.

use nnc::graph::{Precision, Role};
use nnc::model::{Backend, Function, Model, Options, PortRole, prepare};

/// The largest power of a dim in the cost of any kernel of the plan.
fn degree(source: &str, options: &Options, dim: &str) -> usize {
    let model = Model::from_source(source).unwrap_or_else(|e| panic!("{e:?}"));
    let plan = prepare(model.program(), options, true).unwrap().plan(Precision::F64);
    let powers = plan.kernels.iter().flat_map(|k| {
        let flops = plan.cost(k).flops;
        let named = |d: &nnc::graph::DimId| plan.extents.dims()[d.0 as usize].name == dim;
        flops.terms().iter().map(|term| term.0.iter().filter(|d| named(d)).count()).collect::<Vec<_>>()
    });
    powers.max().unwrap_or(0)
}

fn numbers(f: &Function, inputs: &[(&str, &[f64])], result: usize) -> Vec<f64> {
    let given: Vec<_> = inputs.iter().map(|(n, v)| (*n, (*v).into())).collect();
    f.evaluate(&given).unwrap()[result].values.to_f64()
}

#[track_caller]
fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-11 * b.abs().max(1.0), "{found:?} instead of {expected:?}");
    }
}

#[test]
fn the_hessian_diagonal_of_a_separable_sum_takes_one_pass() {
    let source = "precision f64\ndim N\ninput x: [N]\nparam w: [N]\nlet E = sum(exp(w) * x + w^4)\n\
                  let h[i] = grad(grad(E, w[i]), w[i])\noutput h\nloss E\n";
    let options = Options::values(["h"]);
    assert_eq!(degree(source, &options, "N"), 1);
    let f = Model::from_source(source).unwrap().compile(&options).unwrap();
    let (x, w) = ([1.0, 2.0, -3.0], [0.5, -1.0, 2.0]);
    let expected: Vec<f64> = x.iter().zip(&w).map(|(x, w): (&f64, &f64)| w.exp() * x + 12.0 * w * w).collect();
    close(&numbers(&f, &[("x", &x), ("w", &w)], 0), &expected);
    // Where all depend on all it costs the square.
    let whole = "precision f64\ndim N\nparam w: [N]\nlet E = exp(sum(w^2))\noutput H = hessian(E, w)\nloss E\n";
    assert_eq!(degree(whole, &Options::values(["H"]), "N"), 2);
}

#[test]
fn elements_that_depend_on_their_own_place_take_one_pass() {
    let source = "precision f64\ndim N\ninput x: [N]\nlet u = tanh(x) * x^2\noutput du[n] = grad(u[n], x[n])\n\
                  output d2[n] = grad(grad(u[n], x[n]), x[n])\n";
    for name in ["du", "d2"] {
        assert_eq!(degree(source, &Options::values([name]), "N"), 1, "{name}");
    }
    let f = Model::from_source(source).unwrap().compile(&Options::values(["du"])).unwrap();
    let x = [0.3f64, -0.7, 1.1];
    let expected: Vec<f64> = x.iter().map(|x| (1.0 - x.tanh() * x.tanh()) * x * x + 2.0 * x * x.tanh()).collect();
    close(&numbers(&f, &[("x", &x)], 0), &expected);
    // The same of a Jacobian that a host asks for, read along its diagonal.
    let blocks = "precision f64\ndim M\ninput z: [M, 2]\nlet r[m] = [z[m, 0]^2 * z[m, 1], sin(z[m, 1])]\n\
                  output J[m] = jacobian(r[m], z[m])\n";
    assert_eq!(degree(blocks, &Options::values(["J"]), "M"), 1);
    let f = Model::from_source(blocks).unwrap().compile(&Options::values(["J"])).unwrap();
    let z = [2.0, 3.0, -1.0, 0.5];
    let block = |a: f64, b: f64| [2.0 * a * b, a * a, 0.0, b.cos()];
    close(&numbers(&f, &[("z", &z)], 0), &[block(2.0, 3.0), block(-1.0, 0.5)].concat());
}

/// Kepler's equation E = M + e sin E as a fixed point: with c = 1 - e cos E the derivatives are E_M = 1 / c,
/// E_e = sin E / c, E_MM = -e sin E / c³, E_Me = (cos E - e) / c³ and E_ee = sin E (2 cos E - e - e cos² E) / c³, by
/// differentiating the equation twice.
#[test]
fn a_fixed_point_has_its_implicit_derivatives() {
    let source = "precision f64\nparam M = 1\nparam e in (0, 1) = 0.3\n\
                  let E = iterate(E = M, tol = 1e-15, max = 200) => M + e * sin(E)\nloss E\n";
    let model = Model::from_source(source).unwrap();
    let (m, e) = (1.0f64, 0.3f64);
    let mut anomaly = m;
    for _ in 0..200 {
        anomaly = m + e * anomaly.sin();
    }
    let (s, c) = anomaly.sin_cos();
    let d = 1.0 - e * c;
    for backend in [Backend::Native, Backend::Interpreter] {
        let f = model.compile(&Options::hessian("loss").backend(backend)).unwrap();
        let at = |role, name: &str| f.signature().derivative(role, name).unwrap();
        let inputs: [(&str, &[f64]); 2] = [("M", &[m]), ("e", &[e])];
        close(&numbers(&f, &inputs, 0), &[anomaly]);
        close(&numbers(&f, &inputs, at(PortRole::Gradient, "M")), &[1.0 / d]);
        close(&numbers(&f, &inputs, at(PortRole::Gradient, "e")), &[s / d]);
        close(&numbers(&f, &inputs, at(PortRole::Hessian, "M, M")), &[-e * s / d.powi(3)]);
        close(&numbers(&f, &inputs, at(PortRole::Hessian, "M, e")), &[(c - e) / d.powi(3)]);
        close(&numbers(&f, &inputs, at(PortRole::Hessian, "e, e")), &[s * (2.0 * c - e - e * c * c) / d.powi(3)]);
    }
    assert_eq!(model.program().ports.iter().filter(|p| p.role == Role::Param).count(), 2);
}

/// s ← a s + y from s = b, four turns: a⁴ b + a³ y₀ + a² y₁ + a y₂ + y₃, and the sum of the states after each turn.
#[test]
fn second_derivatives_through_loops() {
    let source = "precision f64\ndim T = 4\ninput y: [T]\nparam a = 1\nparam b = 1\n\
                  let last = fold(t in T, s = b) => a * s + y[t]\nlet each = scan(t in T, s = b) => a * s + y[t]\n\
                  loss last\noutput total = sum(each)\n";
    let model = Model::from_source(source).unwrap();
    let (a, b, y) = (0.7f64, 1.3, [0.5, -1.0, 2.0, 0.25]);
    let inputs: [(&str, &[f64]); 3] = [("y", &y), ("a", &[a]), ("b", &[b])];
    // The polynomial in a after k turns, by its coefficients from the constant up; b stands with the highest power.
    let coefficients = |k: usize| -> Vec<f64> { y[..k].iter().rev().copied().chain([b]).collect() };
    let second = |p: &[f64]| -> f64 {
        p.iter().enumerate().skip(2).map(|(i, c)| (i * (i - 1)) as f64 * c * a.powi(i as i32 - 2)).sum()
    };
    let mixed = |k: usize| k as f64 * a.powi(k as i32 - 1);
    for backend in [Backend::Native, Backend::Interpreter] {
        for (of, turns) in [("last", 4..5), ("total", 1..5)] {
            let f = model.compile(&Options::hessian(of).backend(backend)).unwrap();
            let at = |name: &str| f.signature().derivative(PortRole::Hessian, name).unwrap();
            let aa: f64 = turns.clone().map(|k| second(&coefficients(k))).sum();
            let ab: f64 = turns.map(mixed).sum();
            close(&numbers(&f, &inputs, at("a, a")), &[aa]);
            close(&numbers(&f, &inputs, at("a, b")), &[ab]);
            close(&numbers(&f, &inputs, at("b, b")), &[0.0]);
        }
    }
}

/// A file of functions: a host names one, and types for what it leaves open.
#[test]
fn a_function_by_itself() {
    let source = "precision f64\nconst g = 2\nfn rosenbrock(x: [K]) = sum[i in K - 1](100 * (x[i + 1] - x[i]^2)^2 + (1 - x[i])^2)\n\
                  fn scaled(x, k = 3) = g * k * x\nfn both(a, b: [2]) = (a, b)\n";
    let model = Model::from_source(source).unwrap();
    let f = model.function("rosenbrock", &[]).unwrap();
    let f = f.compile(&Options::gradient("result").with_respect_to(["x"])).unwrap();
    // At (1.5, 2, 4): f = 100 (0.25² + 0) + 0.5² + 1; df/dx₀ = -400 x₀ (x₁ - x₀²) - 2 (1 - x₀), and so on.
    close(&numbers(&f, &[("x", &[1.5, 2.0, 4.0])], 0), &[6.25 + 0.25 + 1.0]);
    close(&numbers(&f, &[("x", &[1.5, 2.0, 4.0])], 1), &[150.0 + 1.0, -50.0 + 2.0, 0.0]);
    let scaled = model.function("scaled", &[("x", "[N, 2]")]).unwrap();
    let f = scaled.compile(&Options::values(["result"])).unwrap();
    assert_eq!(f.signature().inputs.len(), 1);
    close(&numbers(&f, &[("x", &[1.0, 2.0])], 0), &[6.0, 12.0]);
    let f = model.function("scaled", &[("k", "")]).unwrap().compile(&Options::values(["result"])).unwrap();
    close(&numbers(&f, &[("x", &[1.0]), ("k", &[5.0])], 0), &[10.0]);
    let wrong = |name: &str, types: &[(&str, &str)]| model.function(name, types).unwrap_err().to_string();
    assert_eq!(wrong("rosenbrok", &[]), "the model has no fn `rosenbrok`; did you mean `rosenbrock`?");
    assert_eq!(wrong("scaled", &[("X", "[2]")]), "fn `scaled` has no argument `X`; did you mean `x`?");
    assert!(!wrong("rosenbrock", &[("x", "[2, 2]")]).is_empty());
    // An output is one array.
    assert!(!wrong("both", &[]).is_empty());
}
