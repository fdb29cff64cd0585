//! One rule at a time.

use crate::common::Bench;
use nnc::graph::{Axis, ExtentId, NodeId, Op, PortId, PortKind};
use nnc::pass::{self, Fired};
use nnc::prim::{Inst, Law, Lower, Phase, Prim, ReductionKind};
use nnc::rule::{Env, Rule, RuleSet};
use nnc::span::FileId;
use nnc::syntax::ast::{ArgumentValue, Expr, ExprKind};
use nnc::syntax::parse_expr;

/// Rules of stability that cost more than they replace, and by how much. Argued in `docs/decisions.md`.
const COSTLIER: &[(&str, f64)] = &[
    ("one-minus-cos", 1.0),
    ("root-minus-one", 3.0),
    ("one-minus-root", 3.0),
    ("x-log-x", 4.0),
    ("x-log-x-over", 4.0),
    ("x-log-difference", 5.0),
    ("log-prod", 20.0),
    ("log-sum-exp-times", 30.0),
    ("log-over-sum-exp", 1.0),
    ("log-power-times", 1.0),
    ("log-sigmoid-times", 2.0),
    ("log-sigmoid-over", 1.0),
];

/// Arguments at which the right side may be worse than the left.
type Excuse = fn(&[f64]) -> bool;
const WORSE: &[(&str, Excuse)] = &[
    // x log(x) overflows, and the difference of two infinities is lost.
    ("x-log-difference", |at| at[0] > 1e305),
    // c / b overflows where exp(a) * c / b does not.
    ("log-exp-times-over", |at| at[1..].iter().any(|x| x.abs() > 1e300 || x.abs() < 1e-300)),
    ("log-over-exp", |at| at.iter().any(|x| x.abs() > 1e300 || x.abs() < 1e-300)),
    ("log-over-sum-exp", |at| at.iter().any(|x| x.abs() > 1e300 || x.abs() < 1e-300)),
    ("log-sum-exp-times", |at| at[3..].iter().any(|x| !x.is_finite() || x.abs() > 1e300 || x.abs() < 1e-300)),
    // 1^NaN and NaN^0 are 1 by convention, but 0 * NaN is NaN.
    ("log-power", |at| at.iter().any(|x| !x.is_finite())),
    ("log-power-times", |at| at.iter().any(|x| !x.is_finite())),
];

const SPECIAL: &[f64] = &[
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.3,
    -0.3,
    5e-324,
    -5e-324,
    1e-200,
    -1e-200,
    40.0,
    -40.0,
    750.0,
    -750.0,
    1e200,
    -1e200,
    f64::MAX,
    f64::MIN,
];

fn rules() -> Vec<&'static Rule> {
    let rules: Vec<&Rule> = RuleSet::standard().unwrap().all().collect();
    let in_table: usize = nnc::prim::ROWS.iter().map(|row| row.rules.len()).sum();
    assert_eq!(rules.len(), in_table);
    rules
}

/// The variables of a rule in order, and those that are conditions.
fn variables(rule: &Rule) -> (Vec<String>, Vec<String>) {
    let (left, _) = rule.text.split_once("=>").unwrap();
    let mut found = (vec![], vec![]);
    walk(&parse_expr(FileId(0), left.trim()).unwrap(), &mut found);
    found
}

fn walk(e: &Expr, found: &mut (Vec<String>, Vec<String>)) {
    let mut add = |name: &String, truth: bool| {
        let list = if truth { &mut found.1 } else { &mut found.0 };
        if !list.contains(name) {
            list.push(name.clone());
        }
    };
    match &e.kind {
        ExprKind::Name(name) => add(name, false),
        ExprKind::Negate(x) | ExprKind::Not(x) => walk(x, found),
        ExprKind::Binary { left, right, .. } => [left, right].into_iter().for_each(|x| walk(x, found)),
        ExprKind::Compare { first, rest } => {
            walk(first, found);
            rest.iter().for_each(|r| walk(&r.2, found));
        }
        ExprKind::If { condition, then, otherwise } => {
            match &condition.kind {
                ExprKind::Name(name) => add(name, true),
                _ => walk(condition, found),
            }
            [then, otherwise].into_iter().for_each(|x| walk(x, found));
        }
        ExprKind::Call { arguments, .. } => {
            for a in arguments {
                let ArgumentValue::Expr(x) = &a.value else { panic!("a range in a rule") };
                walk(x, found);
            }
        }
        ExprKind::Number { .. } => {}
        other => panic!("{other:?} in a rule"),
    }
}

fn reduces(rule: &Rule) -> bool {
    rule.text.contains("[r]")
}

/// Both sides of a rule over samples: variable `v` has the values `values(v)`, over the axes S, and K if the rule
/// reduces. Conditions of the rule are made true by construction.
struct Sides {
    b: Bench,
    left: NodeId,
    right: NodeId,
    axes: Vec<Axis>,
}

const K: usize = 3;

fn sides(rule: &Rule, samples: usize, mut values: impl FnMut(&str) -> Vec<f64>) -> Sides {
    let mut b = Bench::default();
    let (s, k) = (b.dim("S", samples as i64), b.dim("K", K as i64));
    let shape: Vec<ExtentId> = if reduces(rule) { vec![s, k] } else { vec![s] };
    let (reals, truths) = variables(rule);
    let mut nodes: Vec<(String, NodeId)> = vec![];
    for name in reals.iter().chain(&truths) {
        let kind = if truths.contains(name) { PortKind::Bool } else { PortKind::Real };
        let id = b.g.declare_port(name, kind, &shape);
        b.bindings.ports.insert(id, values(name));
        let mut n = b.g.port(id);
        if rule.text.contains(&format!("positive({name})")) {
            let smallest = b.g.constant(f64::from_bits(1));
            n = b.call("max", &[n, smallest]);
        }
        if rule.text.contains(&format!("squares({name})")) {
            n = b.g.pow_const(n, 2.0);
        }
        nodes.push((name.clone(), n));
    }
    let axes = b.axes(&shape);
    let env = Env {
        nodes: nodes.iter().map(|(name, n)| (name.as_str(), *n)).collect(),
        axes: if reduces(rule) { vec![("r", vec![axes[1]])] } else { vec![] },
        numbers: vec![],
    };
    let left = rule.left.build(&mut b.g, &env).unwrap();
    let right = rule.right.build(&mut b.g, &env).unwrap();
    Sides { b, left, right, axes }
}

/// All combinations of special values for each variable.
fn specials(rule: &Rule) -> (usize, Vec<(String, Vec<f64>)>) {
    let (reals, truths) = variables(rule);
    let special = if reals.len() > 3 { &SPECIAL[..8] } else { SPECIAL };
    let total = special.len().pow(reals.len() as u32) * 2usize.pow(truths.len() as u32);
    let each = if reduces(rule) { K } else { 1 };
    let mut columns = vec![];
    let mut step = 1;
    for name in reals.iter().chain(&truths) {
        let list = if truths.contains(name) { &[0.0, 1.0] } else { special };
        let column = (0..total).flat_map(|i| (0..each).map(move |j| list[(i / step + 5 * j) % list.len()])).collect();
        step *= list.len();
        columns.push((name.clone(), column));
    }
    (total, columns)
}

fn is_same(x: f64, y: f64) -> bool {
    x == y || x.is_nan() && y.is_nan()
}

#[test]
fn exact_rules_are_exact_at_special_values() {
    let mut exact = 0;
    for rule in rules().into_iter().filter(|r| r.law == Law::Exact) {
        let (total, columns) = specials(rule);
        let s = sides(rule, total, |v| columns.iter().find(|c| c.0 == v).unwrap().1.clone());
        let (left, right) = (s.b.value_in(s.left, &s.axes), s.b.value_in(s.right, &s.axes));
        for (i, (x, y)) in left.iter().zip(&right).enumerate() {
            let at: Vec<f64> = columns.iter().map(|c| c.1[i]).collect();
            assert!(is_same(*x, *y), "{} at {at:?}: {x:e} becomes {y:e}", rule.name);
        }
        exact += 1;
    }
    assert!(exact >= 5);
}

/// The values of each variable.
type Arguments = Vec<(String, Vec<f64>)>;

/// What the left side is worth to all digits, from mpmath: see `tests/reference/rules/values.py`.
fn reference(rule: &Rule) -> Vec<(Arguments, f64)> {
    let text = include_str!("../reference/rules/values.csv");
    text.lines()
        .skip(1)
        .filter_map(|line| line.strip_prefix(rule.name)?.strip_prefix(','))
        .map(|line| {
            let (arguments, value) = line.split_once(',').unwrap();
            let arguments = arguments.split(';').map(|a| {
                let (name, numbers) = a.split_once('=').unwrap();
                (name.to_string(), numbers.split(' ').map(|x| x.parse().unwrap()).collect())
            });
            (arguments.collect(), value.parse().unwrap())
        })
        .collect()
}

/// The right side is right wherever the left side is in exact arithmetic, hard places included. A rule that claims
/// stability has to show one place where the left side or its derivative is wrong.
#[test]
fn right_sides_have_the_value_of_exact_arithmetic() {
    let mut wrong = vec![];
    for rule in rules().into_iter().filter(|r| r.law == Law::Rounded) {
        let rows = reference(rule);
        assert!(rows.len() >= 10, "{}: run tests/reference/rules/values.py", rule.name);
        let each = if reduces(rule) { K } else { 1 };
        let mut s = sides(rule, rows.len(), |v| {
            rows.iter().flat_map(|r| r.0.iter().find(|a| a.0 == v).unwrap().1.clone()).collect()
        });
        let (left, right) = (s.b.value_in(s.left, &s.axes), s.b.value_in(s.right, &s.axes));
        let mut saved = false;
        for (i, (arguments, truth)) in rows.iter().enumerate() {
            let (left, right) = (left[i * each], right[i * each]);
            // An argument is known to half a unit of its last place, which is what e^x makes of it: |x| units. A sum
            // that cancels keeps the absolute error of its terms.
            let numbers: Vec<f64> = arguments.iter().flat_map(|a| a.1.clone()).collect();
            let size = numbers.iter().fold(1.0f64, |m, x| m.max(x.abs()));
            let allowed = 4e-16 * (4.0 + size) * truth.abs() + 1e-322;
            let is_right = |x: f64| x == *truth || (x - truth).abs() <= allowed;
            let excused = WORSE.iter().any(|w| w.0 == rule.name && w.1(&numbers));
            if !is_right(right) && !excused {
                wrong.push(format!("{}: {arguments:?}: {right:e} instead of {truth:e} ({left:e})\n", rule.name));
            }
            saved |= !left.is_finite() && truth.is_finite() || (left - truth).abs() > 1e-6 * truth.abs();
        }
        if rule.phase == Phase::Stable {
            let saved = saved || {
                let [left, right] = [s.left, s.right].map(|n| slopes(&mut s, n));
                left.iter().zip(&right).any(|(x, y)| x.is_nan() && y.is_finite())
            };
            assert!(saved, "{}: its left side is right everywhere, so it is no rule of stability", rule.name);
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.concat());
}

/// The derivatives of all samples of a side by each variable.
fn slopes(s: &mut Sides, side: NodeId) -> Vec<f64> {
    let axes = s.axes.clone();
    let total = s.b.sum(&axes, side);
    let ports: Vec<PortId> = s.b.g.ports().map(|p| p.0).collect();
    let ports: Vec<NodeId> = ports.into_iter().map(|p| s.b.g.port(p)).collect();
    let gradient = pass::gradient(&mut s.b.g, total, &ports);
    gradient.into_iter().flat_map(|g| s.b.value_in(g, &axes)).collect()
}

/// Infinities, NaN and the ends of the range in the arguments: where the left side gives a number, so does the right.
/// (Where it gives an infinity, that may be an overflow on the way, and right sides may differ.)
#[test]
fn rounded_rules_are_no_worse_at_special_values() {
    let mut wrong = vec![];
    for rule in rules().into_iter().filter(|r| r.law == Law::Rounded) {
        let (total, columns) = specials(rule);
        let each = if reduces(rule) { K } else { 1 };
        let s = sides(rule, total, |v| columns.iter().find(|c| c.0 == v).unwrap().1.clone());
        let (left, right) = (s.b.value_in(s.left, &s.axes), s.b.value_in(s.right, &s.axes));
        for i in 0..total {
            let at: Vec<f64> = columns.iter().flat_map(|c| c.1[i * each..(i + 1) * each].to_vec()).collect();
            let (x, y) = (left[i * each], right[i * each]);
            let excused = WORSE.iter().any(|w| w.0 == rule.name && w.1(&at));
            if x.is_finite() && !y.is_finite() && !excused {
                wrong.push(format!("{} at {at:?}: {x:e} becomes {y:e}\n", rule.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.concat());
}

/// What a node costs per element: functions that need a polynomial 10, roots and divisions 3, the rest 1.
fn cost(b: &Bench, root: NodeId) -> f64 {
    let mut b = Bench { g: b.g.clone(), bindings: b.bindings.clone(), ..Bench::default() };
    let root = pass::expand(&mut b.g, &[root])[0];
    let mut total = 0.0;
    for n in b.g.reachable(&[root]) {
        let elements =
            |axes: &mut dyn Iterator<Item = Axis>| axes.map(|a| b.elements(&[a.extent])).product::<usize>() as f64;
        total += match b.g.op(n) {
            Op::Prim(prim, _) => {
                let one = match prim.row().lower {
                    Lower::Kernel(_) => 10.0,
                    Lower::Inst(Inst::Div | Inst::Sqrt) => 3.0,
                    Lower::Inst(_) => b.g.args(n).len().saturating_sub(1).max(1) as f64,
                    Lower::Expand(_) => unreachable!("expanded above"),
                };
                one * elements(&mut b.g.axes(n).iter())
            }
            Op::Reduce(reduction, bound) => {
                let one = if *reduction == nnc::prim::Reduction::LogSumExp { 11.0 } else { 1.0 };
                assert_eq!(reduction.row().kind, ReductionKind::Real);
                one * elements(&mut bound.union(b.g.axes(n)).iter())
            }
            _ => 0.0,
        };
    }
    total
}

#[test]
fn rules_do_not_make_programs_costlier() {
    let mut wrong = vec![];
    for rule in rules() {
        let s = sides(rule, 1, |_| vec![1.0; if reduces(rule) { K } else { 1 }]);
        let (left, right) = (cost(&s.b, s.left), cost(&s.b, s.right));
        let allowed = COSTLIER.iter().find(|c| c.0 == rule.name).map_or(0.0, |c| c.1);
        if right > left + allowed {
            wrong.push(format!("{}: {left} becomes {right}\n", rule.name));
        }
        if allowed > 0.0 && right <= left {
            wrong.push(format!("{} is cheaper: take it off the list\n", rule.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn rules_fire_on_their_left_sides_and_come_to_rest() {
    for rule in rules() {
        let mut s = sides(rule, 1, |_| vec![1.0; if reduces(rule) { K } else { 1 }]);
        assert_ne!(s.left, s.right, "{}: both sides are one term", rule.name);
        let mut fired = vec![];
        let normal = pass::normalize_traced(&mut s.b.g, &[s.left], &mut fired);
        assert!(fired.iter().any(|f| f.rule == rule.name), "{} does not fire, but {fired:?}", rule.name);
        let mut again: Vec<Fired> = vec![];
        assert_eq!(pass::normalize_traced(&mut s.b.g, &normal, &mut again), normal, "{}", rule.name);
        assert!(again.is_empty(), "{}: then {again:?}", rule.name);
        nnc::graph::verify(&s.b.g).unwrap();
        // The right side comes to the same term: no rule leads away from another.
        let right = pass::normalize(&mut s.b.g, &[s.right]);
        assert_eq!(right, normal, "{}: {} and {}", rule.name, s.b.g.show_term(normal[0]), s.b.g.show_term(right[0]));
    }
}

#[test]
fn rules_have_names_of_their_own() {
    let mut names: Vec<&str> = vec![];
    for rule in rules() {
        assert!(rule.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", rule.name);
        assert!(!names.contains(&rule.name), "two rules are called {}", rule.name);
        names.push(rule.name);
        let (reals, truths) = variables(rule);
        assert!(reals.len() + truths.len() <= 5, "{}", rule.name);
    }
    assert!(Prim::callable("exp").is_some());
}
