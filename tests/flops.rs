//! Operations counted in the plan: products in the cheapest order, sums outside of loops, reads instead of products with
//! one-hot arrays; and what a gradient costs beside its loss.

use nnc::graph::{DimId, Precision};
use nnc::model::{Backend, Model, Options, Slice, prepare};

/// The operations of the plan, with sizes for open dims.
#[track_caller]
fn operations(source: &str, options: &Options, open: &[(&str, i64)]) -> f64 {
    let model = Model::from_source(source).unwrap_or_else(|e| panic!("{e}\n{source}"));
    of_model(&model, options, open)
}

fn of_model(model: &Model, options: &Options, open: &[(&str, i64)]) -> f64 {
    let plan = prepare(model.program(), options, true).unwrap().plan(Precision::F64);
    let size = |d: DimId| {
        let dim = plan.extents.dim(d);
        dim.value.unwrap_or_else(|| open.iter().find(|o| o.0 == dim.name).map_or(100, |o| o.1))
    };
    let value = |poly: &nnc::graph::Poly| -> f64 {
        poly.terms().iter().map(|(dims, c)| dims.iter().fold(*c as f64, |p, d| p * size(*d) as f64)).sum()
    };
    // What stands in a loop runs once for every turn.
    let each = plan.kernels.iter().enumerate().map(|(i, k)| value(&plan.cost(k).flops) * value(&plan.runs(i)));
    each.sum()
}

#[track_caller]
fn at_most(source: &str, names: &[&str], open: &[(&str, i64)], most: f64) {
    let found = operations(source, &Options::values(names.iter().copied()), open);
    assert!(found <= most, "{found} operations, {most} are enough\n{source}");
}

#[test]
fn chains_are_multiplied_from_the_cheap_end() {
    let chain = "precision f64\ndim H = 300, D = 200, K = 100\ninput W1: [H, D]\ninput W2: [K, H]\ninput x: [D]\n\
                 output y = W2 @ W1 @ x\n";
    // 2 H D + 2 K H
    at_most(chain, &["y"], &[], 180_000.0);
    // Open sizes, too.
    let open = chain.replace("dim H = 300, D = 200, K = 100", "dim H, D, K");
    at_most(&open, &["y"], &[("H", 300), ("D", 200), ("K", 100)], 180_000.0);
    // (A B) C and A (B C) by size: 10 x 100, 100 x 5, 5 x 50 (Cormen et al., Introduction to Algorithms, chapter on dynamic
    // programming: 7500 against 75000 multiplications).
    let three = "precision f64\ninput A: [10, 100]\ninput B: [100, 5]\ninput C: [5, 50]\noutput y = A @ (B @ C)\n";
    at_most(three, &["y"], &[], 15_000.0);
    // The chain of six there: 15125 multiplications.
    let six = "precision f64\ninput A: [30, 35]\ninput B: [35, 15]\ninput C: [15, 5]\ninput D: [5, 10]\ninput E: [10, 20]\n\
               input F: [20, 25]\noutput y = A @ B @ C @ D @ E @ F\noutput z = A @ (B @ (C @ (D @ (E @ F))))\n";
    at_most(six, &["y"], &[], 30_250.0);
    at_most(six, &["z"], &[], 30_250.0);
    // A product that is wanted by itself stays.
    let shared = "precision f64\ndim N = 100\ninput A: [N, N]\ninput B: [N, N]\ninput x: [N]\nlet P = A @ B\noutput P\noutput y = P @ x\n";
    at_most(shared, &["P", "y"], &[], 2e6 + 2e4);
}

#[test]
fn chains_stay_cheap_in_gradients() {
    let chain = "precision f64\ndim H = 300, D = 200, K = 100\nparam W1: [H, D] = normal()\nparam W2: [K, H] = normal()\n\
                 param x: [D]\nloss sum((W2 @ W1 @ x)^2)\n";
    let loss = operations(chain, &Options::values(["loss"]), &[]);
    let gradient = operations(chain, &Options::gradient("loss"), &[]);
    // Two products of a matrix and a vector forward; two back, and an outer product for each matrix.
    assert!(loss <= 181_000.0, "{loss}");
    assert!(gradient <= 3.1 * loss, "{gradient} beside {loss}");
}

#[test]
fn brackets_do_not_change_values() {
    let source = "precision f64\ndim B = 2, N\ninput A: [B, 4, N]\ninput C: [N, 9]\ninput D: [9, 4]\ninput x: [4]\n\
                  output y = A @ C @ D @ x\noutput z[b, i, n] = sum[k, l, j](A[b, i, j] * C[j, k] * D[k, l] * x[l] * A[b, i, n] * A[b, l, n])\n";
    let numbers = |count: usize, by: f64| -> Vec<f64> { (0..count).map(|i| (by * (i * i + 1) as f64).sin()).collect() };
    let (a, c, d, x) = (numbers(48, 0.7), numbers(54, 0.3), numbers(36, 1.1), numbers(4, 0.2));
    let given: [(&str, Slice); 4] = [("A", (&a).into()), ("C", (&c).into()), ("D", (&d).into()), ("x", (&x).into())];
    let last: Vec<f64> = (0..9).map(|k| (0..4).map(|l| d[4 * k + l] * x[l]).sum()).collect();
    let middle: Vec<f64> = (0..6).map(|j| (0..9).map(|k| c[9 * j + k] * last[k]).sum()).collect();
    let expected: Vec<f64> = (0..8).map(|i| (0..6).map(|j| a[6 * i + j] * middle[j]).sum()).collect();
    let inner = |b: usize, i: usize, n: usize| -> f64 {
        let mut sum = 0.0;
        for l in 0..4 {
            let columns: f64 =
                (0..6).map(|j| a[24 * b + 6 * i + j] * (0..9).map(|k| c[9 * j + k] * d[4 * k + l]).sum::<f64>()).sum();
            sum += columns * x[l] * a[24 * b + 6 * i + n] * a[24 * b + 6 * l + n];
        }
        sum
    };
    let model = Model::from_source(source).unwrap();
    for backend in [Backend::Native, Backend::Interpreter] {
        let f = model.compile(&Options::values(["y", "z"]).backend(backend)).unwrap();
        let found = f.evaluate(&given).unwrap();
        for (g, e) in found[0].values.to_f64().iter().zip(&expected) {
            assert!((g - e).abs() < 1e-12, "{g} {e}");
        }
        for (k, g) in found[1].values.to_f64().iter().enumerate() {
            let e = inner(k / 24, k / 6 % 4, k % 6);
            assert!((g - e).abs() < 1e-12, "{g} {e}");
        }
    }
}

#[test]
fn what_need_not_be_computed_is_not() {
    let n = 100.0;
    // tr(A B) without the product.
    let trace = "precision f64\ndim N = 100\ninput A: [N, N]\ninput B: [N, N]\noutput t = trace(A @ B)\n";
    at_most(trace, &["t"], &[], 2.0 * n * n + n);
    // Sums outside of loops.
    let sums = "precision f64\ndim N = 100\ninput a: [N]\ninput b: [N]\noutput s = sum[i, j](a[i] * b[j])\n";
    at_most(sums, &["s"], &[], 4.0 * n);
    let outer = "precision f64\ndim N = 100\ninput a: [N]\ninput b: [N]\noutput s[i] = sum[j](exp(a[i]) * b[j])\n";
    at_most(outer, &["s"], &[], 15.0 * n);
    // Transposes cancel, and are none.
    let turned = "precision f64\ndim N = 100\ninput A: [N, N]\ninput B: [N, N]\noutput y = (B' @ A')'\n";
    at_most(turned, &["y"], &[], 2.0 * n * n * n);
    // One-hot products are reads, and back sums by label.
    let table = "precision f64\ndim N, V = 50, D = 8\ninput t: index(V) [N]\nparam E: [V, D] = normal()\nloss sum((one_hot(t) @ E)^2)\n";
    let loss = operations(table, &Options::values(["loss"]), &[("N", 100)]);
    assert!(loss <= 4.0 * 100.0 * 8.0, "{loss}");
    let gradient = operations(table, &Options::gradient("loss"), &[("N", 100)]);
    assert!(gradient <= 4.0 * loss, "{gradient} beside {loss}");
}

/// Examples whose gradient costs more, and how much at most: a derivative through a loop works out again, from the states
/// before each turn, what the turn computed, once in the loop backwards and once outside for what is summed over turns; where a
/// turn splits an array, as an LSTM its gates, each part is worked out along the whole array.
const LOOPS: [(&str, f64); 2] = [("sunspots", 13.0), ("predator", 5.1)];

/// The gradient of every example costs at most three and a half times its loss, products of matrices or not.
#[test]
fn gradients_cost_a_few_times_their_loss() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "nn") {
            continue;
        }
        let model = Model::from_file(&path).unwrap_or_else(|e| panic!("{e}"));
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        seen += 1;
        // Rows as many as in a batch, and more.
        for rows in [30, 1000] {
            let open = ["N", "M", "T", "V"].map(|dim| (dim, rows));
            let loss = of_model(&model, &Options::values(["loss"]), &open);
            let gradient = of_model(&model, &Options::gradient("loss"), &open);
            let most = LOOPS.iter().find(|l| l.0 == name).map_or(3.5, |l| l.1);
            let times = gradient / loss;
            assert!(times <= most, "{name}: the gradient costs {times:.2} times its loss ({gradient} and {loss})");
        }
    }
    assert!(seen >= 16, "{seen}");
}
