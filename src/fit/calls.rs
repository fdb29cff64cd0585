//! Calls in a `train` block: optimisers and the schedules of their rates, with names, defaults and ranges of arguments.
//!
//! Reads expressions and known dims. Must not know settings.

use super::constant::{Scope, Value, name_of, shown};
use super::schedule::{Course, Schedule};
use super::{FirstOrder, Optimizer};
use crate::diag::Diagnostic;
use crate::diag::catalog::training as error;
use crate::span::Span;
use crate::syntax::ast::{ArgumentValue, CallArgument, Expr, ExprKind};

/// A function as the language has it: its name, and its arguments with their defaults (none: must be given).
struct Form<T> {
    name: &'static str,
    arguments: &'static [(&'static str, Option<f64>)],
    make: fn(&[f64]) -> T,
}

const OPTIMIZERS: &[Form<Optimizer>] = &[
    Form { name: "gradient_descent", arguments: &[("lr", None)], make: |v| FirstOrder::Descent { rate: v[0] }.into() },
    Form {
        name: "sgd",
        arguments: &[("lr", None), ("momentum", Some(0.0)), ("nesterov", Some(0.0))],
        make: |v| match v[1] {
            0.0 => FirstOrder::Descent { rate: v[0] }.into(),
            beta => FirstOrder::Momentum { rate: v[0], beta, nesterov: v[2] != 0.0 }.into(),
        },
    },
    Form {
        name: "momentum",
        arguments: &[("lr", None), ("beta", Some(0.9))],
        make: |v| FirstOrder::Momentum { rate: v[0], beta: v[1], nesterov: false }.into(),
    },
    Form {
        name: "nesterov",
        arguments: &[("lr", None), ("beta", Some(0.9))],
        make: |v| FirstOrder::Momentum { rate: v[0], beta: v[1], nesterov: true }.into(),
    },
    Form {
        name: "adagrad",
        arguments: &[("lr", Some(1e-2)), ("eps", Some(1e-10))],
        make: |v| FirstOrder::Adagrad { rate: v[0], epsilon: v[1] }.into(),
    },
    Form {
        name: "rmsprop",
        arguments: &[("lr", Some(1e-2)), ("beta", Some(0.99)), ("eps", Some(1e-8))],
        make: |v| FirstOrder::RmsProp { rate: v[0], beta: v[1], epsilon: v[2] }.into(),
    },
    Form {
        name: "adadelta",
        arguments: &[("lr", Some(1.0)), ("beta", Some(0.9)), ("eps", Some(1e-6))],
        make: |v| FirstOrder::Adadelta { rate: v[0], beta: v[1], epsilon: v[2] }.into(),
    },
    Form {
        name: "adam",
        arguments: &[("lr", Some(1e-3)), ("beta1", Some(0.9)), ("beta2", Some(0.999)), ("eps", Some(1e-8))],
        make: |v| FirstOrder::Adam { rate: v[0], beta1: v[1], beta2: v[2], epsilon: v[3], decay: 0.0 }.into(),
    },
    Form {
        name: "adamw",
        arguments: &[
            ("lr", Some(1e-3)),
            ("beta1", Some(0.9)),
            ("beta2", Some(0.999)),
            ("eps", Some(1e-8)),
            ("decay", Some(1e-2)),
        ],
        make: |v| FirstOrder::Adam { rate: v[0], beta1: v[1], beta2: v[2], epsilon: v[3], decay: v[4] }.into(),
    },
    Form {
        name: "lbfgs",
        arguments: &[("history", Some(10.0))],
        make: |v| Optimizer::Lbfgs { history: v[0] as usize },
    },
    Form { name: "levenberg_marquardt", arguments: &[], make: |_| Optimizer::LevenbergMarquardt },
];

/// Optimisers of the language that this version does not have.
const LATER: &[&str] = &["newton"];

/// Schedules. The first argument is the rate at the beginning, which the factors are shares of.
const SCHEDULES: &[Form<Schedule>] = &[
    Form {
        name: "constant",
        arguments: &[("rate", None), ("warmup", Some(0.0))],
        make: |v| Schedule { warmup: v[1] as u64, course: Course::Constant },
    },
    Form {
        name: "cosine",
        arguments: &[("rate", None), ("warmup", Some(0.0)), ("end", Some(0.0))],
        make: |v| Schedule { warmup: v[1] as u64, course: Course::Cosine { end: v[2] / v[0] } },
    },
    Form {
        name: "linear",
        arguments: &[("rate", None), ("warmup", Some(0.0)), ("end", Some(0.0))],
        make: |v| Schedule { warmup: v[1] as u64, course: Course::Linear { end: v[2] / v[0] } },
    },
    Form {
        name: "step",
        arguments: &[("rate", None), ("every", None), ("factor", Some(0.1)), ("warmup", Some(0.0))],
        make: |v| Schedule { warmup: v[3] as u64, course: Course::Step { every: v[1] as u64, factor: v[2] } },
    },
    Form {
        name: "exponential",
        arguments: &[("rate", None), ("factor", None), ("warmup", Some(0.0))],
        make: |v| Schedule { warmup: v[2] as u64, course: Course::Exponential { factor: v[1] } },
    },
];

/// `adam(lr = 1e-3)`, `sgd(lr = cosine(0.1, warmup = 100))` and their like.
pub(super) fn optimizer(scope: &Scope, value: &Value) -> Result<(Optimizer, Schedule), Box<Diagnostic>> {
    let (name, at, arguments): (_, _, &[CallArgument]) = match &value.expr.kind {
        ExprKind::Call { function, arguments } => (name_of(function), function.span, arguments),
        ExprKind::Name(name) => (Some(name.as_str()), value.span(), &[]),
        _ => (None, value.span(), &[]),
    };
    let Some(name) = name else { return Err(Box::new(error::not_an_optimizer(value.span()))) };
    if LATER.contains(&name) {
        return Err(Box::new(error::not_available(at, "optimiser", name)));
    }
    let Some(form) = OPTIMIZERS.iter().find(|f| f.name == name) else {
        let known: Vec<&str> = OPTIMIZERS.iter().map(|f| f.name).collect();
        return Err(Box::new(error::unknown_optimizer(at, name, &known)));
    };
    if arguments.is_empty() && !matches!(value.expr.kind, ExprKind::Call { .. }) {
        return Err(Box::new(error::not_an_optimizer(at)));
    }
    let mut schedule = Schedule::default();
    let constants = form.constants(scope, value.span(), arguments, &mut schedule)?;
    let momentum = constants.get(1).copied().unwrap_or(0.0);
    if form.name == "sgd" && momentum == 0.0 && constants.get(2).is_some_and(|nesterov| *nesterov != 0.0) {
        return Err(Box::new(error::nesterov_without_momentum(value.span())));
    }
    Ok(((form.make)(&constants), schedule))
}

impl<T> Form<T> {
    /// The arguments in order. Where the first is a schedule, `schedule` is set and the argument is its rate.
    fn constants(
        &self,
        scope: &Scope,
        call: Span,
        arguments: &[CallArgument],
        schedule: &mut Schedule,
    ) -> Result<Vec<f64>, Box<Diagnostic>> {
        let known: Vec<&str> = self.arguments.iter().map(|a| a.0).collect();
        let mut given: Vec<Option<f64>> = vec![None; known.len()];
        for (i, argument) in arguments.iter().enumerate() {
            let ArgumentValue::Expr(expr) = &argument.value else {
                return Err(Box::new(error::bad_value(call, self.name, "called with numbers", "a range")));
            };
            let place = match &argument.name {
                Some(key) => known
                    .iter()
                    .position(|k| *k == key.text)
                    .ok_or_else(|| Box::new(error::unknown_argument(key.span, self.name, &key.text, &known)))?,
                None if i < known.len() => i,
                None => return Err(Box::new(error::too_many_arguments(expr.span, self.name, &known))),
            };
            let key = known[place];
            if given[place].is_some() {
                return Err(Box::new(error::argument_twice(expr.span, self.name, key)));
            }
            let number = match key {
                "lr" => rate(scope, expr, schedule)?,
                _ => constant(scope, expr, key)?,
            };
            given[place] = Some(number);
        }
        let missing = |key: &str| Box::new(error::argument_missing(call, self.name, key));
        let all = self.arguments.iter().zip(given);
        all.map(|((key, default), given)| given.or(*default).ok_or_else(|| missing(key))).collect()
    }
}

/// A rate: a number, or a schedule that begins with one.
fn rate(scope: &Scope, expr: &Expr, schedule: &mut Schedule) -> Result<f64, Box<Diagnostic>> {
    let ExprKind::Call { function, arguments } = &expr.kind else { return constant(scope, expr, "lr") };
    let Some(form) = name_of(function).and_then(|name| SCHEDULES.iter().find(|form| form.name == name)) else {
        let known: Vec<&str> = SCHEDULES.iter().map(|form| form.name).collect();
        return Err(Box::new(error::unknown_schedule(function.span, name_of(function).unwrap_or_default(), &known)));
    };
    let constants = form.constants(scope, expr.span, arguments, &mut Schedule::default())?;
    *schedule = (form.make)(&constants);
    Ok(constants.first().copied().unwrap_or_default())
}

/// One constant of an optimiser, schedule or group, in its range.
pub(super) fn constant(scope: &Scope, expr: &Expr, key: &str) -> Result<f64, Box<Diagnostic>> {
    let value = scope.of(expr);
    let number = value.number();
    let is = |range: &dyn Fn(f64) -> bool| number.is_some_and(|v| v.is_finite() && range(v));
    let whole = |v: f64| v.fract() == 0.0 && v <= f64::from(u32::MAX);
    let (good, expected) = match key {
        "lr" | "rate" => (is(&|v| v > 0.0), "a number above 0"),
        "eps" | "decay" | "end" => (is(&|v| v >= 0.0), "a number, 0 or more"),
        "history" | "every" => (is(&|v| whole(v) && v >= 1.0), "a whole number, 1 or more"),
        "warmup" => (is(&|v| whole(v) && v >= 0.0), "a whole number of steps, 0 or more"),
        "factor" => (is(&|v| v > 0.0 && v <= 1.0), "a number above 0, at most 1"),
        "nesterov" => {
            let truth = value.truth().map(|truth| f64::from(u8::from(truth)));
            return truth
                .ok_or_else(|| Box::new(error::bad_value(expr.span, key, "`true` or `false`", &shown(&value))));
        }
        _ => (is(&|v| (0.0..1.0).contains(&v)), "a number from 0 up to, without, 1"),
    };
    match number.filter(|_| good) {
        Some(number) => Ok(number),
        None => Err(Box::new(error::bad_value(expr.span, key, expected, &shown(&value)))),
    }
}
