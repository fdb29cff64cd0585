//! Sparse Jacobians and Hessians: their patterns, how many passes they take, and that their entries are those of the
//! whole matrices, which are computed in another way.

use nnc::model::{Backend, CallError, CompileError, Mode, Model, Options, Slice, SparseDerivative, Values};
use nnc::random::{Purpose, Stream};

fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut stream = Stream::new(seed, Purpose::Shuffle, 0);
    (0..count).map(|_| 2.0 * stream.uniform() - 1.0).collect()
}

/// Compiles sparse and whole, and compares; returns the sparse one. `inputs` in the order of the signature.
fn check(source: &str, options: &Options, indices: &[(&str, &[u32])], inputs: &[Values]) -> SparseDerivative {
    let model = Model::from_source(source).unwrap();
    let given: Vec<Slice> = inputs.iter().map(Values::as_slice).collect();
    let whole = model.compile(options).unwrap();
    let mut workspace = whole.workspace();
    let mut results = whole.results_for(&given, &mut workspace).unwrap();
    let mut slices: Vec<_> = results.iter_mut().map(|r| r.values.as_slice_mut()).collect();
    whole.call(&given, &mut slices, &mut workspace).unwrap();
    let matrix = results.last().unwrap();
    let columns: usize = match matrix.name.contains(',') {
        true => (matrix.values.to_f64().len() as f64).sqrt() as usize,
        false => matrix.values.to_f64().len() / results[0].values.to_f64().len(),
    };
    let dense = matrix.values.to_f64();

    for backend in [Backend::Interpreter, Backend::Auto] {
        let sparse = model.sparse(&options.clone().backend(backend), indices).unwrap();
        assert_eq!(sparse.shape(), [dense.len() / columns, columns]);
        let mut entries = vec![f64::NAN; sparse.entries()];
        sparse.values(&given, (&mut entries).into(), &mut sparse.workspace()).unwrap();
        let mut rebuilt = vec![0.0; dense.len()];
        for ((i, j), value) in sparse.rows().iter().zip(sparse.columns()).zip(&entries) {
            rebuilt[*i as usize * columns + j as usize] = *value;
        }
        for (a, b) in rebuilt.iter().zip(&dense) {
            assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{rebuilt:?} instead of {dense:?}");
        }
    }
    model.sparse(options, indices).unwrap()
}

#[test]
fn a_tridiagonal_system_takes_three_passes() {
    // Broyden's tridiagonal function (Broyden 1965; More, Garbow and Hillstrom 1981, number 30).
    let source = "precision f64\ndim N = 50\ninput x: [N]\n\
                  output r[i] = (3 - 2 * x[i]) * x[i] + 1 - (if i > 0 then x[i - 1] else 0)\
                  \x20- 2 * (if i < N - 1 then x[i + 1] else 0)\n";
    let options = Options::jacobian("r").with_respect_to(["x"]);
    let sparse = check(source, &options, &[], &[Values::F64(numbers(50, 1))]);
    assert_eq!((sparse.entries(), sparse.colours()), (3 * 50 - 2, 3));
    let reverse = check(source, &options.mode(Mode::Reverse), &[], &[Values::F64(numbers(50, 2))]);
    assert_eq!((reverse.mode(), reverse.colours()), (Mode::Reverse, 3));
}

#[test]
fn the_mode_with_fewer_passes_is_taken() {
    // Each row reads its own x and the last: columns of all rows in one colour but for that, rows all apart.
    let wide = "precision f64\ndim N = 20\ninput x: [N + 1]\noutput r[i in N] = x[i]^2 * x[20]\n";
    let options = Options::jacobian("r").with_respect_to(["x"]);
    let sparse = check(wide, &options, &[], &[Values::F64(numbers(21, 3))]);
    assert_eq!((sparse.mode(), sparse.colours(), sparse.entries()), (Mode::Forward, 2, 40));
    // And the other way: one row reads all.
    let tall = "precision f64\ndim N = 20\ninput x: [N]\noutput r = concat(sin(x), [sum(x^3)])\n";
    let sparse = check(tall, &options, &[], &[Values::F64(numbers(20, 4))]);
    assert_eq!((sparse.mode(), sparse.colours(), sparse.entries()), (Mode::Reverse, 2, 40));
}

#[test]
fn an_arrow_shaped_hessian_takes_two_passes() {
    let source = "precision f64\ndim N = 30\nparam x: [N]\nloss sum[i in 1..N](x[0]^2 * x[i] + sin(x[i]))\n";
    let sparse = check(source, &Options::hessian("loss"), &[], &[Values::F64(numbers(30, 5))]);
    assert_eq!((sparse.colours(), sparse.entries()), (2, 30 + 2 * 29));
}

#[test]
fn a_separable_hessian_is_a_diagonal_in_one_pass() {
    let source = "precision f64\ndim N = 40\nparam x: [N]\nloss sum(exp(x) * x^2)\n";
    let sparse = check(source, &Options::hessian("loss"), &[], &[Values::F64(numbers(40, 6))]);
    assert_eq!((sparse.colours(), sparse.entries()), (1, 40));
    assert_eq!(sparse.rows(), sparse.columns());
}

#[test]
fn residuals_of_observations_read_their_camera_and_point() {
    let source = "precision f64\ndim M = 6, C = 2, P = 3\ninput cam: index(C)[M]\ninput pt: index(P)[M]\n\
                  input r: [C, 2]\ninput X: [P, 2]\n\
                  output e[m] = r[cam[m]] * X[pt[m]] + cos(r[cam[m]])\n";
    let (cam, pt) = ([0u32, 0, 0, 1, 1, 1], [0u32, 1, 2, 0, 1, 2]);
    let model = Model::from_source(source).unwrap();
    let options = Options::jacobian("e").with_respect_to(["r", "X"]);
    let indices: [(&str, &[u32]); 2] = [("cam", &cam), ("pt", &pt)];
    let sparse = model.sparse(&options, &indices).unwrap();
    // Each of twelve residuals reads one number of its camera and one of its point.
    assert_eq!((sparse.shape(), sparse.entries()), ([12, 4 + 6], 24));
    // Two numbers of a point, read with two of a camera, and no mixing of first and second: two passes.
    assert_eq!(sparse.colours(), 2);
    let (r, x) = (numbers(4, 7), numbers(6, 8));
    let inputs: [Slice; 4] = [(&cam).into(), (&pt).into(), (&r).into(), (&x).into()];
    let mut entries = vec![0.0; 24];
    let mut workspace = sparse.workspace();
    sparse.values(&inputs, (&mut entries).into(), &mut workspace).unwrap();
    for ((row, column), found) in sparse.rows().into_iter().zip(sparse.columns()).zip(&entries) {
        let (m, k) = (row as usize / 2, row as usize % 2);
        let (camera, point) = (cam[m] as usize * 2 + k, pt[m] as usize * 2 + k);
        // Closed form: d(r X + cos r) = (X - sin r) dr + r dX.
        let expected = match column {
            c if c < 4 => x[point] - r[camera].sin(),
            _ => r[camera],
        };
        assert!((found - expected).abs() < 1e-14);
    }
    // Other indices have another pattern.
    let other = [1u32, 0, 0, 1, 1, 1];
    let inputs: [Slice; 4] = [(&other).into(), (&pt).into(), (&r).into(), (&x).into()];
    let error = sparse.values(&inputs, (&mut entries).into(), &mut workspace).unwrap_err();
    assert_eq!(error, CallError::Pattern { port: "cam".into() });
    let missing = model.sparse(&options, &indices[..1]).unwrap_err();
    assert!(matches!(missing, CompileError::UnknownIndices { name } if name == "pt"));
}

#[test]
fn loops_matrices_and_choices_of_data_count_as_dependence() {
    let source = "precision f64\ndim N = 4\ninput x: [N]\ninput A: [N, N]\n\
                  let s = fold(t in N, s = zeros([N])) => tanh(s + x)\n\
                  let y = solve(A, x)\n\
                  output r[i] = s[i] + (if x[i] > 0 then x[3 - i]^2 else x[i]) + floor(x[mod(i + 1, N)])\n\
                  output q = s + y\n";
    let a: Vec<f64> = numbers(16, 9).iter().enumerate().map(|(i, v)| if i % 5 == 0 { v + 4.0 } else { *v }).collect();
    let inputs = [Values::F64(numbers(4, 10)), Values::F64(a)];
    let by_x = |name: &str| Options::jacobian(name).with_respect_to(["x"]);
    // A state depends on its own x; both branches count; what `floor` reads does not.
    assert_eq!(check(source, &by_x("r"), &[], &inputs[..1]).entries(), 8);
    assert_eq!(check(source, &by_x("q"), &[], &inputs).entries(), 16);
}

#[test]
fn single_precision_and_errors() {
    let source = "dim N\ninput x: [N]\noutput r = x^2\n";
    let model = Model::from_source(source).unwrap();
    let options = Options::jacobian("r").with_respect_to(["x"]);
    let open = model.sparse(&options, &[]).unwrap_err();
    assert!(matches!(&open, CompileError::OpenSize { dim } if dim == "N"), "{open}");
    let sparse = model.sparse(&options.clone().dim("N", 3), &[]).unwrap();
    let mut workspace = sparse.workspace();
    let mut entries = [0.0f32; 3];
    sparse.values(&[(&[1.0f32, 2.0, 3.0]).into()], (&mut entries).into(), &mut workspace).unwrap();
    assert_eq!(entries, [2.0, 4.0, 6.0]);
    let mut double = [0.0f64; 3];
    let x = [1.0f32; 3];
    let error = sparse.values(&[(&x).into()], (&mut double).into(), &mut workspace).unwrap_err();
    assert_eq!(error.to_string(), "`entries` has elements of type f32, but f64 was given");
    let error = sparse.values(&[], (&mut entries).into(), &mut workspace).unwrap_err();
    assert!(matches!(error, CallError::Count { what: "inputs", expected: 1, given: 0 }));
    let error = sparse.values(&[(&x).into()], (&mut entries[..2]).into(), &mut workspace).unwrap_err();
    assert!(matches!(error, CallError::Count { what: "entries", expected: 3, given: 2 }));
    let gradient = model.sparse(&Options::jvp("r").with_respect_to(["x"]).dim("N", 3), &[]).unwrap_err();
    assert!(matches!(gradient, CompileError::NotSparse));
}
