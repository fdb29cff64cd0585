//! Derivatives as `nnc grad` prints them: the printed models compile again and give the same numbers as the derivative
//! itself, for first and second order, for every program of the repository; the other forms are well-formed.

use nnc::model::{
    Backend, DerivativeForm, Element, Form, Function, Model, NamedValue, Options, Port, PortRole, Slice, Values,
};
use std::path::{Path, PathBuf};

/// Sizes of open dims, all different.
const SIZES: [usize; 6] = [3, 4, 2, 5, 6, 3];

/// Programs with more second derivatives than this are compiled again, but not evaluated.
const ELEMENTS: usize = 20_000;

/// Every program that can be read, and what is differentiated.
fn programs() -> Vec<(PathBuf, Model, Options)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![];
    for folder in ["examples", "tests/programs", "tests/files/programs"] {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|f| f.unwrap().path()).collect();
        files.sort();
        for file in files.into_iter().filter(|f| f.extension().is_some_and(|e| e == "nn")) {
            let Ok(model) = Model::from_file(&file) else { continue };
            let values = &model.program().values;
            let loss = values.iter().find(|v| v.role == nnc::graph::ValueRole::Loss);
            let Some(of) = loss.or(values.iter().find(|v| v.role == nnc::graph::ValueRole::Output)) else { continue };
            let options = match of.axes.is_empty() {
                true => Options::gradient(&of.name),
                false => Options::jacobian(&of.name),
            };
            // Without params, by the first inputs of numbers.
            let inputs: Vec<String> = model.ports().iter().filter(|p| is_real(p)).map(|p| p.name.clone()).collect();
            let params = model.ports().iter().any(|p| p.role == PortRole::Param);
            let options = if params { options } else { options.with_respect_to(inputs) };
            let real = options.with_respect_to.as_ref().is_none_or(|w| !w.is_empty());
            if real && model.compile(&options).is_ok() {
                found.push((file, model, options));
            }
        }
    }
    assert!(found.len() > 30, "{} programs", found.len());
    found
}

fn is_real(p: &Port) -> bool {
    matches!(p.element, Element::F32 | Element::F64)
}

/// The options with sizes for all open dims.
fn sized(model: &Model, options: &Options) -> Options {
    let mut sizes = SIZES.iter().cycle();
    let open = model.program().graph.extents.dims().iter().filter(|d| d.value.is_none());
    open.fold(options.clone().backend(Backend::Interpreter), |o, d| o.dim(&d.name, *sizes.next().unwrap()))
}

/// Values for a port that do not depend on how it is declared; positive, so that most models accept them.
fn values(port: &Port) -> Values {
    let count: usize = port.shape.iter().map(|s| s.known.unwrap()).product();
    let bound = port.labels.as_ref().and_then(|l| l.known).unwrap_or(2);
    let seed = port.name.bytes().map(u64::from).sum::<u64>();
    let square = port.shape.len() >= 2 && port.shape[port.shape.len() - 1] == port.shape[port.shape.len() - 2];
    let width = port.shape.last().and_then(|s| s.known).unwrap_or(1);
    let numbers: Vec<f64> = (0..count)
        .map(|i| match port.element {
            Element::Index => ((i as u64 * 7 + seed) % bound as u64) as f64,
            Element::Bool => ((i as u64 + seed) % 2) as f64,
            _ => {
                let x = 0.2 + ((i as f64 * 0.37 + seed as f64 * 0.11) % 1.0) * 0.6;
                // Matrices that have inverses and factors.
                if square && i / width % width == i % width { x + 1.0 } else { x }
            }
        })
        .collect();
    match port.element {
        Element::F32 => Values::F32(numbers.iter().map(|x| *x as f32).collect()),
        Element::F64 => Values::F64(numbers),
        Element::Index => Values::Index(numbers.iter().map(|x| *x as u32).collect()),
        Element::Bool => Values::Bool(numbers.iter().map(|x| *x as u8).collect()),
    }
}

fn evaluate(function: &Function) -> Vec<NamedValue> {
    let inputs: Vec<(String, Values)> = function
        .signature()
        .inputs
        .iter()
        .map(|p| (p.name.clone(), values(&Port { name: p.name.replace('.', "_"), ..p.clone() })))
        .collect();
    let slices: Vec<(&str, Slice)> = inputs.iter().map(|(name, v)| (name.as_str(), v.as_slice())).collect();
    function.evaluate(&slices).unwrap()
}

/// The printed derivative against the derivative.
fn check(file: &Path, model: &Model, options: &Options) {
    let (text, _) = model.derivative(options).unwrap();
    let printed = Model::from_source(&text).unwrap_or_else(|e| panic!("{}: {e}\n{text}", file.display()));
    let f = model.compile(&sized(model, options)).unwrap();
    let results: Vec<usize> = (0..f.signature().results.len())
        .filter(|i| match options.form {
            DerivativeForm::Hessian => f.signature().results[*i].role == PortRole::Hessian,
            _ => f.signature().results[*i].role.is_derivative(),
        })
        .collect();
    let elements = |p: &Port| p.shape.iter().map(|s| s.known.unwrap()).product::<usize>();
    let total: usize = results.iter().map(|i| elements(&f.signature().results[*i])).sum();
    if total > ELEMENTS {
        return;
    }
    let expected = evaluate(&f);
    let found = evaluate(&printed.compile(&sized(&printed, &Options::default())).unwrap());
    assert_eq!(found.len(), results.len(), "{}", file.display());
    let is_single = model.program().precision == nnc::graph::Precision::F32;
    for (found, at) in found.iter().zip(results) {
        let expected = &expected[at];
        assert_eq!(found.shape, expected.shape, "{} {}", file.display(), found.name);
        let (a, b) = (found.values.to_f64(), expected.values.to_f64());
        let scale = b.iter().filter(|x| x.is_finite()).fold(1e-3f64, |m, x| m.max(x.abs()));
        let tolerance = if is_single { 1e-5 } else { 1e-10 };
        for (i, (x, y)) in a.iter().zip(&b).enumerate() {
            let same = x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= tolerance * scale;
            assert!(same, "{} {}[{i}]: printed {x}, derived {y}\n{text}", file.display(), found.name);
        }
    }
}

#[test]
fn printed_first_derivatives_compile_and_are_equal() {
    for (file, model, options) in programs() {
        check(&file, &model, &options);
    }
}

#[test]
fn printed_second_derivatives_compile_and_are_equal() {
    for (file, model, options) in programs() {
        if options.form == DerivativeForm::Gradient {
            check(&file, &model, &Options { form: DerivativeForm::Hessian, ..options });
        }
    }
}

/// Whether brackets match; braces of LaTeX that are escaped do not count.
fn is_balanced(text: &str) -> bool {
    let text = text.replace("\\left\\{", "").replace("\\right\\}", "").replace("\\{", "").replace("\\}", "");
    let mut open = 0i64;
    for c in text.chars() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open < 0 {
            return false;
        }
    }
    open == 0
}

#[test]
fn latex_is_balanced() {
    for (file, model, options) in programs() {
        let (text, _) = model.derivative_as(&options, Form::Latex).unwrap();
        assert!(is_balanced(&text), "{}\n{text}", file.display());
        assert_eq!(
            text.matches("\\left").count(),
            text.matches("\\right").count() + text.matches("\\leftarrow").count()
        );
        assert_eq!(text.matches("\\begin{").count(), text.matches("\\end{").count());
        // A line of `align*` has one place to align, what stands in inner environments aside.
        for line in text.lines().filter(|l| l.starts_with("  ")) {
            let mut depth = 0i64;
            let mut places = 0;
            for (i, c) in line.char_indices() {
                depth += i64::from(line[i..].starts_with("\\begin{")) - i64::from(line[i..].starts_with("\\end{"));
                places += usize::from(c == '&' && depth == 0);
            }
            assert_eq!(places, 1, "{}: {line}", file.display());
        }
        assert!(text.is_ascii(), "{}\n{text}", file.display());
    }
}

/// Elements that do not match, as XML.
fn unmatched(text: &str) -> Option<String> {
    let mut open = vec![];
    for tag in text.split('<').skip(1) {
        let (tag, _) = tag.split_once('>')?;
        let name = tag.trim_start_matches('/').split([' ', '/']).next()?;
        match (tag.starts_with('/'), tag.ends_with('/')) {
            (true, _) => {
                if open.pop() != Some(name) {
                    return Some(tag.to_string());
                }
            }
            (_, true) => {}
            _ => open.push(name),
        }
    }
    open.pop().map(Into::into)
}

#[test]
fn mathml_and_graphs_are_well_formed() {
    for (file, model, options) in programs() {
        let (text, _) = model.derivative_as(&options, Form::MathMl).unwrap();
        assert_eq!(unmatched(&text), None, "{}", file.display());
        assert!(text.starts_with("<math xmlns") && text.ends_with("</math>\n"));
        let (text, _) = model.derivative_as(&options, Form::Dot).unwrap();
        assert!(is_balanced(&text) && text.starts_with("digraph") && text.contains("cluster_derivative"), "{text}");
        let (text, _) = model.derivative_as(&options, Form::Text).unwrap();
        assert!(text.lines().any(|l| l.starts_with('∂')), "{text}");
    }
}

const MODEL: &str = "precision f64
dim N, D, H
input x: [N, D]
target y: [N]
param W: [D, H] = glorot_uniform()
param v: [H] = normal(std = 1)
let h = tanh(x @ W)
output p = h @ v
loss mean((p - y)^2)
";

/// Written by hand first: the chain rule of a layer and a mean of squares, in matrix form.
#[test]
fn forms_of_a_small_model() {
    let model = Model::from_source(MODEL).unwrap();
    let options = Options::gradient("loss");
    let (text, _) = model.derivative(&options).unwrap();
    assert_eq!(
        text,
        r#"precision f64

dim N, D, H
input x: [N, D]
target y: [N]
param W: [D, H] = glorot_uniform()
param v: [H] = normal(std = 1)

let h = tanh(x @ W)
let t1 = h @ v - y

output dW = 2 * v * (x' * t1) @ (1 - h^2) / N
output dv = 2 * h' @ t1 / N
"#
    );
    let (text, _) = model.derivative_as(&options, Form::Text).unwrap();
    assert_eq!(
        text,
        r#"x ∈ ℝ^(N × D)
y ∈ ℝ^N
W ∈ ℝ^(D × H)
v ∈ ℝ^H

h = tanh(x W)
t1 = h v − y
∂loss/∂W = 2 · v · (xᵀ · t1) (1 − h²) / N
∂loss/∂v = 2 · hᵀ t1 / N
"#
    );
    let (text, _) = model.derivative_as(&options, Form::Latex).unwrap();
    assert_eq!(
        text,
        r#"\begin{align*}
  x &\in {\mathbb{R}}^{N\times D} \\
  y &\in {\mathbb{R}}^{N} \\
  W &\in {\mathbb{R}}^{D\times H} \\
  v &\in {\mathbb{R}}^{H} \\
  h &= \operatorname{tanh}\left(x\, W\right) \\
  {t}_{1} &= h\, v - y \\
  \frac{\partial \mathrm{loss}}{\partial W} &= \frac{2\cdot v\cdot \left({x}^{\top}\cdot {t}_{1}\right)\, \left(1 - {h}^{2}\right)}{N} \\
  \frac{\partial \mathrm{loss}}{\partial v} &= \frac{2\cdot {h}^{\top}\, {t}_{1}}{N}
\end{align*}
"#
    );
    let steps = model.derivative_steps(&options).unwrap();
    let expected = r#"1. What `loss` is made of

   v1 = N
   v2[n, d, h] = x[n, d] * W[d, h]
   v3[n, h] = sum[d](v2[n, d, h])
   h[n, h] = tanh(v3[n, h])
   v5[n, h] = v[h] * h[n, h]
   v6[n] = sum[h](v5[n, h])
   v7[n] = y[n] * -1
   v8[n] = v6[n] + v7[n]
   v9[n] = v8[n]^2
   v10 = sum[n](v9[n])
   loss = v10 / v1

2. The chain rule, backwards: d·loss by each part, from its value down

   dloss = 1
      to dv10: 1 / v1    by div: ct / y
   dv10 = 1 / v1
      to dv9: 1 / v1    by sum: ct
   dv9[n] = 1 / v1
      to dv8: 2 * v8[n] / v1    by pow: ct * k * pow[k - 1](x)
   dv8[n] = 2 * v8[n] / v1
      to dv6: 2 * v8[n] / v1    by sum: ct
   dv6[n] = 2 * v8[n] / v1
      to dv5: 2 * v8[n] / v1    by sum: ct
   dv5[n, h] = 2 * v8[n] / v1
      to dv: 2 * sum[n](h[n, h] * v8[n]) / v1    by product: ct times the other factors
      to dh: 2 * v[h] * v8[n] / v1    by product: ct times the other factors
   dh[n, h] = 2 * v[h] * v8[n] / v1
      to dv3: 2 * v[h] * v8[n] * (1 - 1 * h[n, h]^2) / v1    by tanh: ct * (1 - out * out)
   dv3[n, h] = 2 * v[h] * v8[n] * (1 - 1 * h[n, h]^2) / v1
      to dv2: 2 * v[h] * v8[n] * (1 - 1 * h[n, h]^2) / v1    by sum: ct
   dv2[n, d, h] = 2 * v[h] * v8[n] * (1 - 1 * h[n, h]^2) / v1
      to dW: 2 * v[h] * sum[n](x[n, d] * v8[n] * (1 - 1 * h[n, h]^2)) / v1    by product: ct times the other factors

3. Rewritten by these rules

   none was needed

4. The result

precision f64

dim N, D, H
input x: [N, D]
target y: [N]
param W: [D, H] = glorot_uniform()
param v: [H] = normal(std = 1)

let h = tanh(x @ W)
let t1 = h @ v - y

output dW = 2 * v * (x' * t1) @ (1 - h^2) / N
output dv = 2 * h' @ t1 / N
"#;
    assert_eq!(steps, expected);
}

const LOOP: &str = r#"precision f64
dim T, H
input x: [T, H]
target y: [T]
param U: [H, H] = normal(std = 0.3)
param v: [H] = normal(std = 0.3)
let hs = scan(t in T, h = zeros([H])) => tanh(U @ h + x[t])
loss mean((hs @ v - y)^2)
"#;

/// A recurrent layer: states by the user's name, its reverse as a loop that reads backwards.
#[test]
fn loops_are_printed_as_loops() {
    let model = Model::from_source(LOOP).unwrap();
    let (text, _) = model.derivative(&Options::gradient("loss")).unwrap();
    assert_eq!(
        text,
        r#"precision f64

dim T, H
input x: [T, H]
target y: [T]
param U: [H, H] = normal(std = 0.3)
param v: [H] = normal(std = 0.3)

let (hs, s8) = scan(t in T, s1 = zeros([H])) => {
  let t2 = U @ s1
  (tanh(x[t] + t2), s1)
}
let t3[t in T, h in H] = 1 - hs[t, h]^2
let t4[t in T] = sum[h](v[h] * hs[t, h])
let (_, s7) = scan(t5 in T, s5 = 2 * v * (t4[T - 1] - y[T - 1]) / T) => {
  let t6 = (t3[T - 1 - t5] * s5) @ U
  ([h] => (if t5 <= T - 2 then 2 * v[h] * (t4[T - 2 - t5] - y[T - 2 - t5]) / T else 0) + t6[h], s5)
}
let t9[h in H] = sum[t](hs[t, h] * (t4[t] - y[t]))

output dU[h, h2 in H] = sum[t in T](t3[t, h] * s7[T - 1 - t, h] * s8[t, h2])
output dv[h] = 2 * t9[h] / T
"#
    );
    let (text, _) = model.derivative_as(&Options::gradient("loss"), Form::Text).unwrap();
    assert_eq!(
        text,
        r#"x ∈ ℝ^(T × H)
y ∈ ℝ^T
U ∈ ℝ^(H × H)
v ∈ ℝ^H

s1 ← zeros([H])
for t = 0 … T − 1:
  t2 = U s1
  s8[t] = s1
  s1 ← tanh(x[t] + t2)
  hs[t] = s1
t3[t, h] = 1 − hs[t, h]²
t4[t] = ∑[h] v[h] · hs[t, h]
s5 ← 2 · v · (t4[T − 1] − y[T − 1]) / T
for t5 = 0 … T − 1:
  t6 = (t3[T − 1 − t5] · s5) U
  s7[t5] = s5
  s5 ← ((2 · v[h] · (t4[T − 2 − t5] − y[T − 2 − t5]) / T if t5 ≤ T − 2, else 0) + t6[h])[h]
t9[h] = ∑[t] hs[t, h] · (t4[t] − y[t])
∂loss/∂U[h, h2] = ∑[t] t3[t, h] · s7[T − 1 − t, h] · s8[t, h2]
∂loss/∂v[h] = 2 · t9[h] / T
"#
    );
}

/// Params of layers have names without dots; what is taken gets a `_`; a Jacobian and a Hessian say what they are of.
#[test]
fn names_of_outputs() {
    let model = Model::from_source(
        "precision f64\nparam w: [2]\nparam k = 1\ninput dk\nlet l_w = k\noutput p = w * k * dk + l_w\nloss sum(p)\n",
    )
    .unwrap();
    let names = |options: &Options| -> Vec<String> {
        let (text, _) = model.derivative(options).unwrap();
        let outputs = text.lines().filter_map(|l| l.strip_prefix("output "));
        outputs.map(|l| l.split([' ', '[']).next().unwrap().to_string()).collect()
    };
    assert_eq!(names(&Options::gradient("loss")), ["dw", "dk_"]);
    assert_eq!(names(&Options::jacobian("p")), ["dp_dw", "dp_dk"]);
    assert_eq!(names(&Options::hessian("loss")), ["d2_w_w", "d2_w_k", "d2_k_k"]);
}

/// A derivative that cannot be taken names what is near.
#[test]
fn wrong_names_are_guessed() {
    let model = Model::from_source(MODEL).unwrap();
    let error = model.derivative(&Options::gradient("los")).unwrap_err().to_string();
    assert!(error.ends_with("did you mean `loss`?"), "{error}");
    let options = Options::gradient("loss").with_respect_to(["w"]);
    let error = model.derivative_steps(&options).unwrap_err().to_string();
    assert!(error.ends_with("did you mean `W`?"), "{error}");
    let error = model.derivative(&Options::hessian("p")).unwrap_err().to_string();
    assert!(error.contains("not one real number"), "{error}");
}

#[test]
fn what_cannot_be_printed_is_said() {
    let text = "precision f64\ndim T = 3\nparam a = 0.5\nfn inner(y) = fold(_ in 4, s = y) => s + 0.1 * a * s * sin(s)\n\
                let p = scan(_ in T, s = 1) => inner(s)\nloss sum(p^2)\n";
    let model = Model::from_source(text).unwrap();
    for options in [Options::gradient("loss"), Options::hessian("loss")] {
        match model.derivative(&options) {
            Ok((printed, _)) => assert!(Model::from_source(&printed).is_ok()),
            Err(error) => assert!(error.to_string().starts_with("this derivative cannot be printed: "), "{error}"),
        }
        assert!(model.compile(&options).is_ok());
    }
}
