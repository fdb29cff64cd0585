//! The embedding interface: functions outlive models, run on many threads, refuse what does not fit, and give the
//! numbers of formulas worked out here by hand.

use nnc::graph::Precision;
use nnc::model::{Backend, CallError, CompileError, Model, Options, PortRole, Slice, SliceMut, Values};

const BACKENDS: [Backend; 2] = [Backend::Interpreter, Backend::Auto];

/// Softmax regression.
fn regression(precision: Precision) -> Model {
    let text = "
        dim N, D, C = 3
        input  x: [N, D]
        target y: index(C)[N]
        param W: [D, C] = zeros()
        param unused
        output z = x @ W
        output best = argmax(z)
        loss   mean(cross_entropy(y, softmax(z)))
        metric accuracy = mean(best == y)
    ";
    let precision = if precision == Precision::F64 { "f64" } else { "f32" };
    Model::from_source(&format!("precision {precision}\n{text}")).unwrap()
}

struct Data {
    x: Vec<f64>,
    y: Vec<u32>,
    w: Vec<f64>,
    rows: usize,
    columns: usize,
}

fn data(rows: usize, columns: usize) -> Data {
    let wave = |i: usize, k: f64| (i as f64 * k).sin();
    Data {
        x: (0..rows * columns).map(|i| wave(i, 0.7)).collect(),
        y: (0..rows).map(|i| (i * i % 3) as u32).collect(),
        w: (0..columns * 3).map(|i| wave(i + 1, 1.3)).collect(),
        rows,
        columns,
    }
}

/// Loss and gradient by the formulas of softmax regression: p = softmax(x W), L = -mean log p[y], dL/dW = xᵀ(p - onehot)/N.
fn by_hand(data: &Data) -> (f64, Vec<f64>) {
    let (mut loss, mut gradient) = (0.0, vec![0.0; data.columns * 3]);
    for row in 0..data.rows {
        let x = &data.x[row * data.columns..][..data.columns];
        let z: Vec<f64> = (0..3).map(|c| x.iter().enumerate().map(|(d, v)| v * data.w[d * 3 + c]).sum()).collect();
        let total: f64 = z.iter().map(|v| v.exp()).sum();
        let label = data.y[row] as usize;
        loss -= (z[label].exp() / total).ln() / data.rows as f64;
        for c in 0..3 {
            let p = z[c].exp() / total - f64::from(u8::from(c == label));
            for (d, v) in x.iter().enumerate() {
                gradient[d * 3 + c] += v * p / data.rows as f64;
            }
        }
    }
    (loss, gradient)
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + b.abs())
}

#[test]
fn value_and_gradient_are_those_of_the_formulas_for_every_batch_size() {
    for backend in BACKENDS {
        let model = regression(Precision::F64);
        let f = model.compile(&Options::gradient("loss").with_respect_to(["W"]).backend(backend)).unwrap();
        drop(model);
        let mut workspace = f.workspace();
        for (rows, columns) in [(5, 4), (5, 4), (1, 1), (33, 7), (5, 4)] {
            let d = data(rows, columns);
            let mut gradient = vec![0.0; d.w.len()];
            let inputs = [Slice::from(&d.x), (&d.y).into(), (&d.w).into()];
            let loss = f.value_and_grad(&inputs, &mut [(&mut gradient).into()], &mut workspace).unwrap();
            let (expected_loss, expected) = by_hand(&d);
            assert!(close(loss, expected_loss, 1e-12), "{loss} is not {expected_loss}");
            for (g, e) in gradient.iter().zip(&expected) {
                assert!(close(*g, *e, 1e-12), "{g} is not {e}");
            }
        }
    }
}

#[test]
fn single_precision_is_close_to_the_formulas() {
    for backend in BACKENDS {
        let f = regression(Precision::F32).compile(&Options::gradient("loss").backend(backend)).unwrap();
        let d = data(20, 6);
        let narrow = |v: &[f64]| v.iter().map(|x| *x as f32).collect::<Vec<f32>>();
        let (x, w) = (narrow(&d.x), narrow(&d.w));
        let (mut gradient, mut unused) = (vec![0.0f32; w.len()], [1.0f32]);
        let inputs = [Slice::from(&x), (&d.y).into(), (&w).into(), (&[0.0f32]).into()];
        let mut gradients = [SliceMut::from(&mut gradient), (&mut unused).into()];
        let loss = f.value_and_grad(&inputs, &mut gradients, &mut f.workspace()).unwrap();
        let (expected_loss, expected) = by_hand(&d);
        assert!(close(loss, expected_loss, 1e-6));
        assert!(gradient.iter().zip(&expected).all(|(g, e)| close(f64::from(*g), *e, 1e-6)));
        assert_eq!(unused, [0.0]);
    }
}

#[test]
fn signatures_name_every_port() {
    let model = regression(Precision::F32);
    let f = model.compile(&Options::gradient("loss")).unwrap();
    let show = |ports: &[nnc::model::Port]| ports.iter().map(|p| p.to_string()).collect::<Vec<_>>();
    let signature = f.signature();
    assert_eq!(
        show(&signature.inputs),
        ["input x: [N, D]", "target y: index(C)[N]", "param W: [D, C]", "param unused: real"]
    );
    assert_eq!(show(&signature.results), ["loss loss: real", "gradient W: [D, C]", "gradient unused: real"]);
    assert_eq!(signature.dims, ["N", "D"]);
    assert_eq!((signature.input("W"), signature.result("loss"), signature.gradient("W")), (Some(2), Some(0), Some(1)));
    let values = model.compile(&Options::values(["z"])).unwrap();
    assert_eq!(show(&values.signature().inputs), ["input x: [N, D]", "param W: [D, C]"]);
    let all = model.compile(&Options::default()).unwrap();
    assert_eq!(
        show(&all.signature().results),
        ["output z: [N, C]", "output best: index[N]", "loss loss: real", "metric accuracy: real"]
    );
}

#[test]
fn results_by_name_have_shapes() {
    for backend in BACKENDS {
        let f = regression(Precision::F64).compile(&Options::default().backend(backend)).unwrap();
        let d = data(2, 1);
        let w = [1.0, 3.0, 2.0];
        let inputs = [("W", (&w).into()), ("x", (&[2.0, -1.0]).into()), ("y", (&d.y).into())];
        let results = f.evaluate(&inputs).unwrap();
        assert_eq!((results[0].name.as_str(), results[0].shape.as_slice()), ("z", &[2, 3][..]));
        assert_eq!(results[0].values, Values::F64(vec![2.0, 6.0, 4.0, -1.0, -3.0, -2.0]));
        assert_eq!(results[1].values, Values::Index(vec![1, 0]));
        assert_eq!((results[2].role, results[2].shape.len()), (PortRole::Loss, 0));
        // y = [0, 1], best = [1, 0].
        assert_eq!(results[3].values, Values::F64(vec![0.0]));
        let missing = f.evaluate(&inputs[..2]).unwrap_err();
        assert_eq!(missing, CallError::Missing { name: "y".into() });
        let unknown = f.evaluate(&[("weights", (&w).into())]).unwrap_err();
        assert_eq!(unknown, CallError::UnknownPort { name: "weights".into(), nearest: None });
    }
}

#[test]
fn wrong_calls_are_refused_and_say_why() {
    let f = regression(Precision::F64).compile(&Options::gradient("loss").with_respect_to(["W"])).unwrap();
    let d = data(4, 2);
    let call = |x: Slice, y: Slice, w: Slice, gradient: usize| {
        let mut out = vec![0.0; gradient];
        f.value_and_grad(&[x, y, w], &mut [(&mut out).into()], &mut f.workspace()).map_err(|e| e.to_string())
    };
    let (x, y, w) = (Slice::from(&d.x), Slice::from(&d.y), Slice::from(&d.w));
    assert!(call(x, y, w, 6).is_ok());
    let message = |result: Result<f64, String>| result.unwrap_err();
    assert_eq!(
        message(call(x, (&d.y[..3]).into(), w, 6)),
        "`x` of shape [N = 3, D = 2] needs 6 elements, but 8 were given; N is 3 by `y`; D is 2 by `W`"
    );
    assert_eq!(
        message(call(x, y, (&d.w[..5]).into(), 6)),
        "`W` of shape [D, C] was given 5 elements, which fits no size of `D`"
    );
    assert_eq!(message(call(x, y, w, 5)), "`W` of shape [D = 2, C] needs 6 elements, but 5 were given");
    assert_eq!(message(call((&[1.0f32; 8]).into(), y, w, 6)), "`x` has elements of type f64, but f32 was given");
    assert_eq!(message(call(x, (&[0u32, 1, 3, 2]).into(), w, 6)), "`y` holds 3 in row 2, but its labels are 0 to 2");
    let mut out = [0.0; 6];
    let few = f.value_and_grad(&[x, y], &mut [(&mut out).into()], &mut f.workspace());
    assert_eq!(few, Err(CallError::Count { what: "inputs", expected: 3, given: 2 }));
    let none = f.value_and_grad(&[x, y, w], &mut [], &mut f.workspace());
    assert_eq!(none, Err(CallError::Count { what: "gradients", expected: 1, given: 0 }));
    let other = regression(Precision::F64).compile(&Options::gradient("loss")).unwrap();
    let foreign = f.value_and_grad(&[x, y, w], &mut [(&mut out).into()], &mut other.workspace());
    assert_eq!(foreign, Err(CallError::Workspace));
    // A workspace is as good as new after a refused call.
    let mut workspace = f.workspace();
    assert!(f.value_and_grad(&[x, (&d.y[..3]).into(), w], &mut [(&mut out).into()], &mut workspace).is_err());
    assert!(f.value_and_grad(&[x, y, w], &mut [(&mut out).into()], &mut workspace).is_ok());
}

#[test]
fn wrong_options_are_refused_and_say_why() {
    let model = regression(Precision::F32);
    let message = |options: &Options| model.compile(options).unwrap_err().to_string();
    assert_eq!(
        message(&Options::gradient("los")),
        "the model has no output, loss, metric or let `los`; did you mean `loss`?"
    );
    assert_eq!(
        message(&Options::gradient("z")),
        "the gradient of `z` was asked for, but it is [N, C], not one real number"
    );
    assert_eq!(
        message(&Options::gradient("loss").with_respect_to(["w"])),
        "the model has no input, target or param `w`; did you mean `W`?"
    );
    assert!(matches!(
        model.compile(&Options::gradient("loss").with_respect_to(["y"])),
        Err(CompileError::NotReal { name }) if name == "y"
    ));
    assert_eq!(message(&Options::default().dim("C", 4)), "the model has no open dim `C`; did you mean `N`?");
    assert!(matches!(Model::from_source("").unwrap().compile(&Options::default()), Err(CompileError::Nothing)));
}

#[test]
fn dims_can_be_fixed_when_compiling() {
    let f = regression(Precision::F64).compile(&Options::values(["z"]).dim("N", 3).dim("D", 2)).unwrap();
    assert!(f.signature().dims.is_empty());
    let results = f.evaluate(&[("x", (&[1.0; 6]).into()), ("W", (&[1.0; 6]).into())]).unwrap();
    assert_eq!(results[0].values, Values::F64(vec![2.0; 9]));
    let wrong = f.evaluate(&[("x", (&[1.0; 4]).into()), ("W", (&[1.0; 6]).into())]).unwrap_err();
    assert_eq!(wrong.to_string(), "`x` of shape [N, D] needs 6 elements, but 4 were given");
}

#[test]
fn functions_run_on_many_threads_at_once() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let f = regression(Precision::F64).compile(&Options::gradient("loss").with_respect_to(["W"])).unwrap();
    shared(&f);
    std::thread::scope(|scope| {
        for rows in 1..9 {
            let f = f.clone();
            scope.spawn(move || {
                let d = data(rows * 3, rows);
                let (expected_loss, expected) = by_hand(&d);
                let mut workspace = f.workspace();
                for _ in 0..50 {
                    let mut gradient = vec![0.0; d.w.len()];
                    let inputs = [Slice::from(&d.x), (&d.y).into(), (&d.w).into()];
                    let loss = f.value_and_grad(&inputs, &mut [(&mut gradient).into()], &mut workspace).unwrap();
                    assert!(close(loss, expected_loss, 1e-12));
                    assert!(gradient.iter().zip(&expected).all(|(g, e)| close(*g, *e, 1e-12)));
                }
            });
        }
    });
}

#[test]
fn arrays_that_are_too_short_for_what_is_read_are_refused() {
    let model = Model::from_source("dim T\ninput x: [T]\noutput y = x[5] + x[0]\n").unwrap();
    let f = model.compile(&Options::values(["y"])).unwrap();
    let long = [1.0f32, 0.0, 0.0, 0.0, 0.0, 2.0];
    assert_eq!(f.evaluate(&[("x", Slice::F32(&long))]).unwrap()[0].values.to_f64(), [3.0]);
    let error = f.evaluate(&[("x", Slice::F32(&long[..2]))]).unwrap_err().to_string();
    assert!(error.contains("T - 6 >= 0") && error.contains("<source>:3:"), "{error}");
}
