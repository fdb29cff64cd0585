//! Every row at special values: native code against the reference column, in both precisions.

use super::harness::{Data, Model, ax, native};
use nnc::graph::{NodeId, Precision};
use nnc::jit::compile;
use nnc::pass;
use nnc::plan::plan;
use nnc::prim::{Eval, Lower, Prim, ROWS, Row};

/// Exponents for the row that takes one as an attribute.
const EXPONENTS: &[f64] = &[2.0, 3.0, 4.0, 7.0, 1.5, 2.5, 0.3, -0.3, -1.7];

const VALUES: &[f64] = &[
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    0.3,
    -0.7,
    2.0,
    -3.0,
    1e-3,
    -1e-3,
    1e-20,
    -1e-20,
    1e-42,
    -1e-42,
    5e-324,
    12.5,
    -12.5,
    45.0,
    -45.0,
    88.0,
    -88.0,
    100.0,
    -100.0,
    710.0,
    -745.0,
    1e5,
    -1e5,
    3e38,
    -3e38,
    1e300,
    -1e300,
];

fn reference(row: &Row, k: f64, args: &[f64]) -> f64 {
    match row.eval {
        Eval::One(f) => f(args[0]),
        Eval::Two(f) => f(args[0], args[1]),
        Eval::Three(f) => f(args[0], args[1], args[2]),
        Eval::Many(f) => f(args),
        Eval::Attribute(f) => f(k, args[0]),
    }
}

/// All points of the grid, as seen in the precision.
fn points(arity: usize, precision: Precision) -> Vec<Vec<f64>> {
    let seen = |x: &f64| if precision == Precision::F32 { f64::from(*x as f32) } else { *x };
    let values: Vec<f64> = VALUES.iter().map(seen).collect();
    let mut points: Vec<Vec<f64>> = vec![vec![]];
    for _ in 0..arity {
        points = points.iter().flat_map(|p| values.iter().map(move |v| [p.clone(), vec![*v]].concat())).collect();
    }
    points
}

fn check(row: &Row, k: f64, precision: Precision) {
    let arity = if row.args.is_empty() { 2 } else { row.args.len() };
    let points = points(arity, precision);
    let mut m = Model::new();
    let n = m.dim("N", None);
    let mut args: Vec<NodeId> = (0..arity).map(|i| m.input(&format!("x{i}"), &[n])).collect();
    if row.prim == Prim::Select {
        let zero = m.graph.constant(0.0);
        args[0] = m.graph.less(zero, args[0]);
    }
    let truths = matches!(row.prim, Prim::And | Prim::Or | Prim::Not);
    if truths {
        let zero = m.graph.constant(0.0);
        args = args.into_iter().map(|a| m.graph.less(zero, a)).collect();
    }
    let y = m.graph.prim(row.prim, k, &args);
    let y = pass::expand(&mut m.graph, &[y])[0];
    m.result(row.name, y, &[ax(n, 0)]);
    let p = plan(&m.graph, precision, &m.results);
    let compiled = compile(&p).unwrap();
    let ports: Vec<_> = m.graph.ports().map(|(id, _)| id).collect();
    let column = |i: usize| points.iter().map(move |p| p[i]);
    let data: Vec<_> = ports
        .iter()
        .enumerate()
        .map(|(i, id)| match precision {
            Precision::F32 => (*id, Data::F32(column(i).map(|x| x as f32).collect())),
            Precision::F64 => (*id, Data::F64(column(i).collect())),
        })
        .collect();
    let given = native(&compiled, precision, &[points.len() as i64], &data).remove(0);
    // Kernels are good to 2 ulp; an expansion adds the roundings of its steps.
    let ulps = if matches!(row.lower, Lower::Expand(_)) { 64.0 } else { 6.0 };
    let (epsilon, smallest) = match precision {
        Precision::F32 => (f64::from(f32::EPSILON), f64::from(f32::from_bits(1))),
        Precision::F64 => (f64::EPSILON, f64::from_bits(1)),
    };
    for (point, given) in points.iter().zip(given) {
        let mut at = point.clone();
        if row.prim == Prim::Select {
            at[0] = f64::from(u8::from(at[0] > 0.0));
        } else if truths {
            at.iter_mut().for_each(|x| *x = f64::from(u8::from(*x > 0.0)));
        }
        // The exponent is a number of the precision too.
        let k = if precision == Precision::F32 { f64::from(k as f32) } else { k };
        // What counts as 0 beside a number depends on the precision.
        let lost = row.prim == Prim::Reciprocal && at[0].abs() <= 64.0 * epsilon * at[1].abs();
        let exact = if lost { 0.0 } else { reference(row, k, &at) };
        let expected = if precision == Precision::F32 { f64::from(exact as f32) } else { exact };
        let bound = ulps * (epsilon * expected.abs()).max(smallest);
        let close = given == expected || given.is_nan() && expected.is_nan() || (given - expected).abs() <= bound;
        assert!(close, "{}[{k}]({point:?}) is {given}, expected {expected} ({precision:?})\n{p}", row.name);
    }
}

#[test]
fn every_row_at_special_values() {
    let mut checked = 0;
    for row in ROWS {
        // Indices have no special values.
        if matches!(row.prim, Prim::IndexToReal | Prim::IndexIsZero | Prim::IndexIsNonNegative | Prim::IndexMul) {
            continue;
        }
        let exponents = if row.prim == Prim::PowConst { EXPONENTS } else { &[0.0] };
        for k in exponents {
            check(row, *k, Precision::F32);
            check(row, *k, Precision::F64);
            checked += 1;
        }
    }
    assert!(checked > 45);
}
