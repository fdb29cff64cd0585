//! Every row of the primitive table: what it computes, its derivatives, its conventions. The tests walk the table, so
//! no row can be forgotten.

mod common;
use common::{Bench, Random, assert_close, check_derivatives};
use nnc::graph::{Axis, Graph, NodeId, PortKind};
use nnc::pass;
use nnc::prim::{Eval, Lower, Prim, REDUCTIONS, ROWS, Reduction, ReductionKind, ResultKind, Row, Vjp};
use nnc::rule::{Env, Template};

/// Where functions tend to go wrong.
const SPECIAL: &[f64] = &[
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -2.0,
    5e-324,
    -5e-324,
    1e-310,
    1e-200,
    -1e-200,
    1e-9,
    -1e-9,
    20.0,
    -20.0,
    37.5,
    -37.5,
    41.0,
    -41.0,
    709.5,
    -709.5,
    720.0,
    -720.0,
    745.0,
    -745.0,
    -760.0,
    1000.0,
    -1000.0,
    1e10,
    -1e10,
    1e200,
    -1e200,
    f64::MAX,
    f64::MIN,
];

/// Constant exponents that the rows with an attribute are tried with.
const EXPONENTS: &[f64] = &[-3.0, -2.5, -1.0, -0.5, -0.3, 0.3, 0.5, 1.0, 1.5, 2.0, 2.7, 3.0, 4.0];

/// A row with the kinds of its arguments and, if it has one, a value of its attribute.
#[derive(Clone, Copy)]
struct Case {
    row: &'static Row,
    attribute: f64,
}

#[derive(Clone, Copy, PartialEq)]
enum Argument {
    Real(f64, f64),
    Index,
    Bool,
}

fn cases() -> Vec<Case> {
    let attributes = |row: &Row| if row.attribute.is_some() { EXPONENTS } else { &[0.0] };
    ROWS.iter().flat_map(|row| attributes(row).iter().map(move |k| Case { row, attribute: *k })).collect()
}

impl Case {
    fn name(self) -> String {
        match self.row.attribute {
            Some(name) => format!("{} with {name} = {}", self.row.name, self.attribute),
            None => self.row.name.to_string(),
        }
    }

    fn arguments(self) -> Vec<Argument> {
        let domain = |i: usize| *self.row.domain.get(i).unwrap_or(&self.row.domain[0]);
        let real = |i| Argument::Real(domain(i).0, domain(i).1);
        match self.row.prim {
            Prim::And | Prim::Or => vec![Argument::Bool, Argument::Bool],
            Prim::Not => vec![Argument::Bool],
            Prim::Select => vec![Argument::Bool, real(1), real(2)],
            Prim::IndexToReal | Prim::IndexIsZero | Prim::IndexIsNonNegative => vec![Argument::Index],
            Prim::IndexMul => vec![Argument::Index, Argument::Index],
            _ if self.row.args.is_empty() => (0..3).map(real).collect(),
            _ => (0..self.row.args.len()).map(real).collect(),
        }
    }

    fn eval(self, x: &[f64]) -> f64 {
        match self.row.eval {
            Eval::One(f) => f(x[0]),
            Eval::Two(f) => f(x[0], x[1]),
            Eval::Three(f) => f(x[0], x[1], x[2]),
            Eval::Many(f) => f(x),
            Eval::Attribute(f) => f(self.attribute, x[0]),
        }
    }

    fn build(self, g: &mut Graph, args: &[NodeId]) -> NodeId {
        g.prim(self.row.prim, self.attribute, args)
    }

    /// The term over an axis of samples, and its ports: `columns[i]` are the values of argument i.
    fn term(self, b: &mut Bench, columns: &[Vec<f64>]) -> (NodeId, Vec<NodeId>) {
        let s = b.dim("S", columns[0].len() as i64);
        let classes = b.dim("C", 1000);
        let mut ports = vec![];
        for (i, (kind, values)) in self.arguments().iter().zip(columns).enumerate() {
            let kind = match kind {
                Argument::Real(..) => PortKind::Real,
                Argument::Index => PortKind::Index(classes),
                Argument::Bool => PortKind::Bool,
            };
            let id = b.g.declare_port(format!("x{i}"), kind, &[s]);
            b.bindings.ports.insert(id, values.clone());
            ports.push(b.g.port(id));
        }
        (self.build(&mut b.g, &ports), ports)
    }

    /// All combinations of special values, by column.
    fn specials(self) -> Vec<Vec<f64>> {
        let of = |kind: &Argument| match kind {
            Argument::Real(..) => SPECIAL.to_vec(),
            Argument::Index => vec![0.0, 1.0, 999.0],
            Argument::Bool => vec![0.0, 1.0],
        };
        combinations(&self.arguments().iter().map(of).collect::<Vec<_>>())
    }

    /// Random points of the domain, away from kinks (integers, halves, equal arguments).
    fn samples(self, count: usize, random: &mut Random) -> Vec<Vec<f64>> {
        let kinds = self.arguments();
        let mut columns = vec![vec![]; kinds.len()];
        while columns[0].len() < count {
            let point: Vec<f64> = kinds
                .iter()
                .map(|k| match k {
                    Argument::Real(low, high) => random.between(*low, *high),
                    Argument::Index => random.below(1000) as f64,
                    Argument::Bool => random.below(2) as f64,
                })
                .collect();
            let reals: Vec<f64> =
                point.iter().zip(&kinds).filter(|(_, k)| matches!(k, Argument::Real(..))).map(|(x, _)| *x).collect();
            let kink = reals.iter().any(|x| (2.0 * x - (2.0 * x).round()).abs() < 0.01)
                || reals.iter().enumerate().any(|(i, x)| reals[..i].iter().any(|y| (x - y).abs() < 0.01));
            if !kink {
                columns.iter_mut().zip(point).for_each(|(c, x)| c.push(x));
            }
        }
        columns
    }
}

fn combinations(lists: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let total: usize = lists.iter().map(Vec::len).product();
    let mut columns = vec![Vec::with_capacity(total); lists.len()];
    for mut i in 0..total {
        for (column, list) in columns.iter_mut().zip(lists) {
            column.push(list[i % list.len()]);
            i /= list.len();
        }
    }
    columns
}

/// Sum over the samples of w * f, with a random weight per sample; also the port of the weights.
fn weighted(b: &mut Bench, f: NodeId) -> (NodeId, NodeId) {
    let axes: Vec<Axis> = b.g.axes(f).iter().collect();
    let shape: Vec<_> = axes.iter().map(|a| a.extent).collect();
    let w = b.real("w", &shape, 0.5, 1.5);
    let product = b.g.mul(&[w, f]);
    (b.sum(&axes, product), w)
}

#[test]
fn rows_are_complete() {
    let mut names = vec![];
    for row in ROWS {
        assert_eq!(row.prim.row().name, row.name, "rows stand in the order of the variants");
        assert!(!row.doc.trim().is_empty(), "{} has no documentation", row.name);
        assert!(row.doc.trim_end().ends_with(['.', '`']) || row.doc.contains("=="), "{}: {}", row.name, row.doc);
        assert!(!names.contains(&row.name), "two rows are called {}", row.name);
        names.push(row.name);
        if row.args.is_empty() {
            assert!(matches!(row.prim, Prim::Add | Prim::Mul), "only sums and products have any number of arguments");
            continue;
        }
        assert_eq!(row.vjp.len(), row.args.len(), "{}: one derivative per argument", row.name);
        assert!(row.domain.len() == row.args.len(), "{}: one domain per argument", row.name);
        if row.result == ResultKind::Bool {
            assert!(row.vjp.iter().all(|v| matches!(v, Vjp::Zero(_))), "{}: a truth value has no derivative", row.name);
        }
    }
    for row in REDUCTIONS {
        assert_eq!(row.reduction.row().name, row.name);
        assert!(!row.doc.trim().is_empty());
        if row.kind != ReductionKind::Real {
            assert!(matches!(row.vjp, Vjp::Zero(_)), "{}", row.name);
        }
    }
}

/// The canonicalising constructors and the expansions compute what the reference column says.
#[test]
fn terms_and_expansions_evaluate_as_the_reference_column() {
    let mut wrong: Vec<String> = vec![];
    for case in cases() {
        let random = case.samples(200, &mut Random(7));
        for columns in [case.specials(), random] {
            let expected: Vec<f64> =
                (0..columns[0].len()).map(|i| case.eval(&columns.iter().map(|c| c[i]).collect::<Vec<_>>())).collect();
            let mut b = Bench::default();
            let (f, _) = case.term(&mut b, &columns);
            let expanded = pass::expand(&mut b.g, &[f])[0];
            if matches!(case.row.lower, Lower::Expand(_)) {
                assert_ne!(expanded, f, "{} is not expanded", case.name());
            }
            for n in [f, expanded] {
                let given = b.value(n);
                for (i, (x, y)) in given.iter().zip(&expected).enumerate() {
                    // Relative down to the smallest normal number; a few units of the last place below.
                    let near = |y: f64| {
                        *x == y
                            || x.is_nan() && y.is_nan()
                            || (x - y).abs() <= 1e-14 * y.abs() + 4.0 * f64::from_bits(1)
                    };
                    // The sign of a zero argument does not count.
                    let at: Vec<f64> = columns.iter().map(|c| c[i]).collect();
                    let same = near(*y) || near(case.eval(&at.iter().map(|x| x + 0.0).collect::<Vec<_>>()));
                    wrong.extend((!same).then(|| {
                        format!("{} as {} at {at:?}: {x:e}, expected {y:e}\n", case.name(), b.g.show_term(n))
                    }));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.concat());
}

#[test]
fn derivatives_agree_with_differences_and_forward_mode() {
    for case in cases() {
        let mut b = Bench::default();
        let columns = case.samples(30, &mut Random(11));
        let (f, args) = case.term(&mut b, &columns);
        if case.row.result == ResultKind::Bool {
            continue; // Its derivatives are `Zero`, see below.
        }
        if case.row.name == "stop_gradient" {
            continue; // Differences see through it: that is what it is for.
        }
        let (loss, w) = weighted(&mut b, f);
        let mut ports: Vec<NodeId> = args
            .into_iter()
            .zip(case.arguments())
            .filter(|(_, k)| matches!(k, Argument::Real(..)))
            .map(|(p, _)| p)
            .collect();
        ports.push(w);
        eprintln!("{}", case.name());
        check_derivatives(&mut b, loss, &ports);
    }
}

#[test]
fn zero_rows_have_no_derivative() {
    for case in cases() {
        let mut b = Bench::default();
        let columns = case.samples(5, &mut Random(13));
        let (f, args) = case.term(&mut b, &columns);
        let f = match case.row.result {
            ResultKind::Bool => {
                let (one, zero) = (b.g.constant(1.0), b.g.constant(0.0));
                b.g.select(f, one, zero)
            }
            _ => f,
        };
        let (loss, _) = weighted(&mut b, f);
        let gradient = pass::gradient(&mut b.g, loss, &args);
        for ((vjp, argument), by) in case.row.vjp.iter().zip(gradient).zip(&args) {
            if matches!(vjp, Vjp::Zero(_)) {
                assert!(b.g.is_constant(argument, 0.0), "{} by {}", case.name(), b.g.show_term(*by));
                let shape = b.declared_axes(*by).iter().map(|a| a.extent).collect::<Vec<_>>();
                let v = b.real("v", &shape, -1.0, 1.0);
                let tangent = pass::tangent(&mut b.g, loss, &[(*by, v)]);
                assert!(b.g.is_constant(tangent, 0.0), "{}", case.name());
            }
        }
    }
}

/// Forward mode uses the texts of reverse mode; that is right only because they are linear in `ct`.
#[test]
fn derivative_texts_are_linear_in_ct() {
    let mut texts = 0;
    for case in cases() {
        let names = case.row.args;
        for vjp in case.row.vjp {
            let Vjp::Text(text) = vjp else { continue };
            if names.is_empty() {
                continue; // Sums and products are differentiated by the driver; covered by forward against reverse.
            }
            let template = Template::new(text).unwrap();
            let mut b = Bench::default();
            let columns = case.samples(20, &mut Random(17));
            let (out, args) = case.term(&mut b, &columns);
            let axes: Vec<Axis> = b.g.axes(out).iter().collect();
            let (c, d) = (b.real("c", &[axes[0].extent], -2.0, 2.0), b.real("d", &[axes[0].extent], -2.0, 2.0));
            let (c3, cd) = {
                let three = b.g.constant(-3.0);
                (b.g.mul(&[three, c]), b.g.add(&[c, d]))
            };
            let at: Vec<Vec<f64>> = [c, d, c3, cd]
                .map(|ct| {
                    let mut env = Env { nodes: vec![("ct", ct), ("out", out)], ..Env::default() };
                    env.nodes.extend(names.iter().copied().zip(args.iter().copied()));
                    env.numbers.extend(case.row.attribute.map(|name| (name, case.attribute)));
                    let n = template.build(&mut b.g, &env).unwrap();
                    b.value_in(n, &axes)
                })
                .to_vec();
            linear(&at, &format!("{}: {text}", case.name()));
            texts += 1;
        }
    }
    assert!(texts > 40);
    for row in REDUCTIONS {
        let Vjp::Text(text) = row.vjp else { continue };
        let mut b = Bench::default();
        let (n, k) = (b.dim("N", 3), b.dim("K", 4));
        let x = b.real("x", &[n, k], -2.0, 2.0);
        let (c, d) = (b.real("c", &[n], -2.0, 2.0), b.real("d", &[n], -2.0, 2.0));
        let three = b.g.constant(-3.0);
        let (c3, cd) = (b.g.mul(&[three, c]), b.g.add(&[c, d]));
        let r = b.axes(&[k]);
        let out = b.g.reduce(row.reduction, &r, x);
        let avoid = b.g.axes(x).clone();
        let s = b.g.fresh(&r, &avoid);
        let all = b.g.bool(true);
        let axes = b.axes(&[n, k]);
        let template = Template::new(text).unwrap();
        let at: Vec<Vec<f64>> = [c, d, c3, cd]
            .map(|ct| {
                let env = Env {
                    nodes: vec![("ct", ct), ("out", out), ("x", x), ("w", all)],
                    axes: vec![("r", r.clone()), ("s", s.clone())],
                    numbers: vec![],
                };
                let n = template.build(&mut b.g, &env).unwrap();
                b.value_in(n, &axes)
            })
            .to_vec();
        linear(&at, &format!("{}: {text}", row.name));
    }
}

/// `at` holds a text for the cotangents c, d, -3c and c + d.
fn linear(at: &[Vec<f64>], what: &str) {
    let scaled: Vec<f64> = at[0].iter().map(|x| -3.0 * x).collect();
    let sum: Vec<f64> = at[0].iter().zip(&at[1]).map(|(x, y)| x + y).collect();
    assert_close(&at[2], &scaled, 1e-14, || format!("{what} scales"));
    assert_close(&at[3], &sum, 1e-14, || format!("{what} adds"));
    assert!(at[0].iter().any(|x| *x != 0.0), "{what}: zero everywhere says nothing");
}

/// A term of one variable, and its derivative before and after normalisation, at some points.
fn derivative(at: &[f64], build: impl Fn(&mut Bench, NodeId) -> NodeId) -> [Vec<f64>; 2] {
    let mut b = Bench::default();
    let s = b.dim("S", at.len() as i64);
    let x = b.real("x", &[s], 0.0, 1.0);
    let id = b.port_of(x);
    b.bindings.ports.insert(id, at.to_vec());
    let f = build(&mut b, x);
    let axes = b.axes(&[s]);
    [false, true].map(|normal| {
        let f = if normal { pass::normalize(&mut b.g, &[f])[0] } else { f };
        let total = b.sum(&axes, f);
        let mut gradient = pass::gradient(&mut b.g, total, &[x]);
        if normal {
            gradient = pass::normalize(&mut b.g, &gradient);
        }
        b.value_in(gradient[0], &axes)
    })
}

fn assert_derivative(at: &[f64], expected: &[f64], build: impl Fn(&mut Bench, NodeId) -> NodeId) {
    for given in derivative(at, build) {
        assert_close(&given, expected, 1e-15, || format!("derivative at {at:?}"));
    }
}

/// The table of numerical conventions in the manual.
#[test]
fn kinks_follow_one_convention() {
    let zero = |b: &mut Bench| b.g.constant(0.0);
    let at = &[-2.0, -0.0, 0.0, 3.0];
    assert_derivative(at, &[0.0, 0.0, 0.0, 1.0], |b, x| b.call("relu", &[x]));
    assert_derivative(at, &[-1.0, 0.0, 0.0, 1.0], |b, x| b.call("abs", &[x]));
    assert_derivative(at, &[0.0; 4], |b, x| b.call("sign", &[x]));
    for name in ["floor", "ceil", "round"] {
        assert_derivative(&[-1.5, 0.0, 0.5, 2.0], &[0.0; 4], |b, x| b.call(name, &[x]));
    }
    // A tie of two arguments is shared.
    assert_derivative(&[1.0, 2.0, 3.0], &[0.0, 0.5, 1.0], |b, x| {
        let two = b.g.constant(2.0);
        b.call("max", &[x, two])
    });
    assert_derivative(&[1.0, 2.0, 3.0], &[1.0, 0.5, 0.0], |b, x| {
        let two = b.g.constant(2.0);
        b.call("min", &[two, x])
    });
    // Both sides of the tie are the same variable: all of it.
    assert_derivative(&[1.0], &[1.0], |b, x| b.call("max", &[x, x]));
    // Other spellings of relu.
    let spellings: [fn(&mut Bench, NodeId) -> NodeId; 6] = [
        |b, x| {
            let zero = b.g.constant(0.0);
            b.call("max", &[x, zero])
        },
        |b, x| {
            let zero = b.g.constant(0.0);
            b.call("max", &[zero, x])
        },
        |b, x| {
            let zero = b.g.constant(0.0);
            let c = b.g.less(zero, x);
            b.g.select(c, x, zero)
        },
        |b, x| {
            let zero = b.g.constant(0.0);
            let c = b.g.prim(Prim::LessEqual, 0.0, &[zero, x]);
            b.g.select(c, x, zero)
        },
        |b, x| {
            let zero = b.g.constant(0.0);
            let c = b.g.less(x, zero);
            b.g.select(c, zero, x)
        },
        |b, x| {
            let zero = b.g.constant(0.0);
            let c = b.g.prim(Prim::LessEqual, 0.0, &[x, zero]);
            b.g.select(c, zero, x)
        },
    ];
    for build in spellings {
        let normal = derivative(at, build)[1].clone();
        assert_close(&normal, &[0.0, 0.0, 0.0, 1.0], 0.0, || "a spelling of relu".into());
    }
    // hypot at the origin.
    assert_derivative(&[0.0, 3.0], &[0.0, 0.6], |b, x| {
        let four = b.g.constant(4.0);
        let scaled = b.g.mul(&[four, x]);
        let y = b.g.div(scaled, four);
        let z = zero(b);
        let c = b.g.prim(Prim::Equal, 0.0, &[x, z]);
        let other = b.g.select(c, z, four);
        b.call("hypot", &[y, other])
    });
    // Constant powers: no logarithm anywhere.
    assert_derivative(&[-2.0, 0.0, 2.0], &[-4.0, 0.0, 4.0], |b, x| b.g.pow_const(x, 2.0));
    assert_derivative(&[-2.0, 0.0, 2.0], &[12.0, 0.0, 12.0], |b, x| b.g.pow_const(x, 3.0));
    assert_derivative(&[-2.0, 0.0], &[1.0, 1.0], |b, x| b.g.pow_const(x, 1.0));
    assert_derivative(&[-2.0, 0.0], &[0.0, 0.0], |b, x| b.g.pow_const(x, 0.0));
    assert_derivative(&[-2.0, 0.5], &[-0.25, -4.0], |b, x| b.g.pow_const(x, -1.0));
    assert_derivative(&[0.0, 4.0], &[0.0, 3.0], |b, x| b.g.pow_const(x, 1.5));
    // A variable exponent: 0^y has derivative 0 by y; by x it is y x^(y-1).
    assert_derivative(&[0.5, 2.0], &[0.0, 0.0], |b, y| {
        let z = zero(b);
        b.g.prim(Prim::Power, 0.0, &[z, y])
    });
    // xlogy at x = 0: the value is 0, the derivative by y is 0.
    assert_derivative(&[0.0, 1.0], &[0.0, 0.0], |b, y| {
        let z = zero(b);
        b.call("xlogy", &[z, y])
    });
    // The branch that is taken decides.
    assert_derivative(&[0.0, -1.0, 4.0], &[0.0, 0.0, 0.25], |b, x| {
        let z = zero(b);
        let c = b.g.less(z, x);
        let log = b.call("log", &[x]);
        b.g.select(c, log, z)
    });
    assert_derivative(&[0.0, 1.0, -4.0], &[0.0, 0.0, -0.25], |b, x| {
        let z = zero(b);
        let c = b.g.prim(Prim::LessEqual, 0.0, &[z, x]);
        let minus = b.g.neg(x);
        let log = b.call("log", &[minus]);
        b.g.select(c, z, log)
    });
}

/// The Euclidean norm over an axis at 0, however it is spelled.
#[test]
fn norm_at_zero_has_derivative_zero() {
    let mut b = Bench::default();
    let (n, d) = (b.dim("N", 2), b.dim("D", 3));
    let x = b.real("x", &[n, d], 0.0, 1.0);
    let id = b.port_of(x);
    b.bindings.ports.insert(id, vec![0.0, 0.0, 0.0, 2.0, 3.0, 6.0]);
    let axes = b.axes(&[n, d]);
    let square = b.g.pow_const(x, 2.0);
    let sum = b.sum(&[axes[1]], square);
    let norm = b.call("sqrt", &[sum]);
    let loss = b.sum(&[axes[0]], norm);
    let loss = pass::normalize(&mut b.g, &[loss])[0];
    let gradient = pass::gradient(&mut b.g, loss, &[x]);
    let gradient = pass::normalize(&mut b.g, &gradient);
    let value = b.value_in(gradient[0], &axes);
    assert_close(&value, &[0.0, 0.0, 0.0, 2.0 / 7.0, 3.0 / 7.0, 6.0 / 7.0], 1e-15, || "norm".into());
}

/// Whatever a row gives at places where it is infinite or NaN, nothing of it leaves a branch that is not taken: not
/// when the node is used in one branch, not when two branches share it, at first and second order.
#[test]
fn no_row_leaks_out_of_a_branch_that_is_not_taken() {
    // Up to where squares and cubes overflow: the guards are about functions, not about the range of numbers.
    let bad = [0.0, -0.0, 1.0, -1.0, -3.0, 800.0, -800.0, 1e40, -1e40];
    let mut wrong = vec![];
    for case in cases() {
        let kinds = case.arguments();
        if case.row.result == ResultKind::Bool || !kinds.iter().any(|k| matches!(k, Argument::Real(..))) {
            continue;
        }
        let of = |kind: &Argument| match kind {
            Argument::Real(..) => bad.to_vec(),
            Argument::Index => vec![0.0, 1.0],
            Argument::Bool => vec![0.0, 1.0],
        };
        let columns = combinations(&kinds.iter().map(of).collect::<Vec<_>>());
        for sharing in [false, true] {
            let mut b = Bench::default();
            let (f, args) = case.term(&mut b, &columns);
            let axes: Vec<Axis> = b.g.axes(f).iter().collect();
            let shape = [axes[0].extent];
            let conditions = ["p", "q"].map(|name| {
                let id = b.g.declare_port(name, PortKind::Bool, &shape);
                b.bindings.ports.insert(id, vec![0.0; columns[0].len()]);
                b.g.port(id)
            });
            let z = b.g.constant(0.0);
            let mut branch = b.g.select(conditions[0], f, z);
            if sharing {
                let square = b.g.mul(&[f, f, f]);
                let other = b.g.select(conditions[1], square, z);
                branch = b.g.add(&[branch, other]);
            }
            let inner = b.call("exp", &[branch]);
            let loss = b.sum(&axes, inner);
            let reals: Vec<NodeId> =
                args.iter().zip(&kinds).filter(|(_, k)| matches!(k, Argument::Real(..))).map(|(p, _)| *p).collect();
            let first = pass::gradient(&mut b.g, loss, &reals);
            let sum = {
                let v: Vec<NodeId> = first
                    .iter()
                    .map(|g| {
                        let v = b.real("v", &shape, 0.5, 1.0);
                        b.g.mul(&[*g, v])
                    })
                    .collect();
                let all = b.g.add(&v);
                b.sum(&axes, all)
            };
            let second = pass::gradient(&mut b.g, sum, &reals);
            let raw: Vec<NodeId> = first.into_iter().chain(second).collect();
            let normal = pass::normalize(&mut b.g, &raw);
            for (order, n) in raw.iter().chain(&normal).enumerate() {
                let value = b.value_in(*n, &axes);
                if let Some(i) = value.iter().position(|v| *v != 0.0) {
                    let at: Vec<f64> = columns.iter().map(|c| c[i]).collect();
                    let name = case.name();
                    wrong.push(format!("{name} (shared: {sharing}, {order}) at {at:?}: {:e}\n", value[i]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} leak:\n{}", wrong.len(), wrong.concat());
}

/// Lines such as `sigmoid(0) == 0.5` in the documentation of rows.
#[test]
fn documentation_examples_hold() {
    let mut run = 0;
    for row in ROWS {
        let mut own = 0;
        for line in row.doc.lines().map(str::trim).filter(|l| l.contains(" == ") && !l.contains('`')) {
            let (left, right) = line.split_once(" == ").unwrap();
            let mut b = Bench::default();
            let [given, expected] = [left, right].map(|text| {
                let n = Template::new(text).unwrap().build(&mut b.g, &Env::default()).unwrap();
                b.value(n)[0]
            });
            let same = given == expected || (given - expected).abs() <= 1e-15 * expected.abs();
            assert!(same, "{line}: gives {given:?}");
            own += 1;
        }
        assert!(own > 0 || !row.callable, "{}: show an example in the documentation", row.name);
        run += own;
    }
    assert!(run > 30);
}

/// A reduction over the only axis of `values`: its value and, for numbers, its gradient before and after
/// normalisation.
fn reduce(reduction: Reduction, values: &[f64]) -> (f64, [Vec<f64>; 2]) {
    let mut b = Bench::default();
    let k = b.dim("K", values.len() as i64);
    let kind = if reduction.row().kind == ReductionKind::Bool { PortKind::Bool } else { PortKind::Real };
    let id = b.g.declare_port("x", kind, &[k]);
    b.bindings.ports.insert(id, values.to_vec());
    let x = b.g.port(id);
    let axes = b.axes(&[k]);
    let y = b.g.reduce(reduction, &axes, x);
    let value = b.value(y)[0];
    if reduction.row().kind != ReductionKind::Real {
        return (value, [vec![], vec![]]);
    }
    let raw = pass::gradient(&mut b.g, y, &[x]);
    let normal = pass::normalize(&mut b.g, &raw);
    (value, [raw, normal].map(|g| b.value_in(g[0], &axes)))
}

#[test]
fn reductions_at_special_values() {
    use Reduction::*;
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let ln2 = std::f64::consts::LN_2;
    let table: &[(Reduction, &[f64], f64)] = &[
        (Sum, &[1.0, 2.0, 3.5], 6.5),
        (Sum, &[inf, -inf], nan),
        (Prod, &[2.0, -3.0, 0.5], -3.0),
        (Prod, &[2.0, 0.0, 0.0], 0.0),
        (Prod, &[inf, 0.0], nan),
        (Max, &[1.0, 3.0, 2.0], 3.0),
        (Max, &[-inf, -inf], -inf),
        (Max, &[1.0, nan, 2.0], nan),
        (Max, &[nan, 1.0], nan),
        (Min, &[1.0, 3.0, -2.0], -2.0),
        (Min, &[1.0, nan], nan),
        (LogSumExp, &[0.0, 0.0], ln2),
        (LogSumExp, &[1000.0, 1000.0], 1000.0 + ln2),
        (LogSumExp, &[-1000.0, -1000.0], -1000.0 + ln2),
        (LogSumExp, &[1000.0, -1000.0], 1000.0),
        (LogSumExp, &[-inf, 0.0], 0.0),
        (LogSumExp, &[-inf, -inf], -inf),
        (LogSumExp, &[inf, 0.0], inf),
        (LogSumExp, &[inf, inf], inf),
        (LogSumExp, &[inf, -inf], inf),
        (LogSumExp, &[nan, inf], nan),
        (ArgMax, &[1.0, 3.0, 3.0], 1.0),
        (ArgMax, &[1.0, nan, 3.0], 1.0),
        (ArgMax, &[-inf, -inf], 0.0),
        (ArgMin, &[1.0, 0.0, 0.0], 1.0),
        (ArgMin, &[1.0, 0.0, nan], 2.0),
        (Any, &[0.0, 0.0], 0.0),
        (Any, &[0.0, 1.0], 1.0),
        (All, &[1.0, 1.0], 1.0),
        (All, &[0.0, 1.0], 0.0),
    ];
    for (reduction, values, expected) in table {
        let (value, _) = reduce(*reduction, values);
        assert_close(&[value], &[*expected], 1e-15, || format!("{reduction:?} of {values:?}"));
    }
    for row in REDUCTIONS {
        assert!(table.iter().any(|t| t.0 == row.reduction), "{} has no case", row.name);
    }
    // Of nothing: the neutral element.
    let empty: &[(Reduction, f64)] =
        &[(Sum, 0.0), (Prod, 1.0), (Max, -inf), (Min, inf), (LogSumExp, -inf), (Any, 0.0), (All, 1.0)];
    for (reduction, expected) in empty {
        assert_eq!((reduction.row().eval)(&[]), *expected, "{reduction:?} of nothing");
    }
}

#[test]
fn reductions_have_right_derivatives_at_ties_and_zeros() {
    use Reduction::*;
    let inf = f64::INFINITY;
    let e = 1.0f64.exp();
    let table: &[(Reduction, &[f64], &[f64])] = &[
        (Prod, &[2.0, 0.0, 3.0], &[0.0, 6.0, 0.0]),
        (Prod, &[0.0, 0.0, 3.0], &[0.0, 0.0, 0.0]),
        (Prod, &[2.0, 5.0, 3.0], &[15.0, 6.0, 10.0]),
        (Max, &[1.0, 1.0, 0.0], &[0.5, 0.5, 0.0]),
        (Max, &[2.0, 2.0, 2.0, 2.0], &[0.25; 4]),
        (Min, &[1.0, 1.0, 0.0], &[0.0, 0.0, 1.0]),
        (Min, &[0.0, 0.0, -0.0], &[1.0 / 3.0; 3]),
        (LogSumExp, &[1000.0, 1000.0], &[0.5, 0.5]),
        (LogSumExp, &[-1000.0, -999.0], &[1.0 / (1.0 + e), e / (1.0 + e)]),
        (LogSumExp, &[-inf, 0.0, 0.0], &[0.0, 0.5, 0.5]),
    ];
    for (reduction, values, expected) in table {
        for gradient in reduce(*reduction, values).1 {
            assert_close(&gradient, expected, 1e-12, || format!("gradient of {reduction:?} of {values:?}"));
        }
    }
}

#[test]
fn reductions_agree_with_differences_and_forward_mode() {
    for row in REDUCTIONS {
        for bound in [&[1usize][..], &[0], &[0, 1]] {
            let mut b = Bench::default();
            let (n, k) = (b.dim("N", 3), b.dim("K", 4));
            let x = b.real("x", &[n, k], -2.0, 2.0);
            let axes = b.axes(&[n, k]);
            let over: Vec<Axis> = bound.iter().map(|i| axes[*i]).collect();
            if row.kind == ReductionKind::Real {
                let y = b.g.reduce(row.reduction, &over, x);
                let (loss, w) = weighted(&mut b, y);
                check_derivatives(&mut b, loss, &[x, w]);
                // A body with other factors, an axis of the result free in them, and a view in the way.
                let v = b.real("u", &[k], 0.5, 1.5);
                let body = b.g.mul(&[x, v]);
                let y = b.g.reduce(row.reduction, &over, body);
                let y = b.call("tanh", &[y]);
                let (loss, w) = weighted(&mut b, y);
                check_derivatives(&mut b, loss, &[x, v, w]);
                continue;
            }
            let zero = b.g.constant(0.0);
            let positive = b.g.less(zero, x);
            let y = match row.kind {
                ReductionKind::Index if bound.len() > 1 => continue,
                ReductionKind::Index => {
                    let index = b.g.reduce(row.reduction, &over, x);
                    b.g.real_of_index(index)
                }
                _ => {
                    let truth = b.g.reduce(row.reduction, &over, positive);
                    let one = b.g.constant(1.0);
                    b.g.select(truth, one, zero)
                }
            };
            let (loss, _) = weighted(&mut b, y);
            let gradient = pass::gradient(&mut b.g, loss, &[x]);
            assert!(b.g.is_constant(gradient[0], 0.0), "{}", row.name);
        }
    }
}

/// The product rule at zeros, to second order: polynomials, so differences are exact enough there too.
#[test]
fn products_with_zeros_differentiate_twice() {
    let mut b = Bench::default();
    let k = b.dim("K", 4);
    let x = b.real("x", &[k], 0.0, 1.0);
    for values in [vec![2.0, 0.0, 3.0, -1.0], vec![0.0, 0.0, 3.0, -1.0]] {
        let id = b.port_of(x);
        b.bindings.ports.insert(id, values);
        let axes = b.axes(&[k]);
        let y = b.g.reduce(Reduction::Prod, &axes, x);
        check_derivatives(&mut b, y, &[x]);
    }
}
