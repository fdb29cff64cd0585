//! E06: training. See [the catalog](super) for how to add one.

use super::{CodeEntry, nearest, shown};
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0601",
        title: "unknown setting in `train`",
        explanation: "A `train` block holds settings, `key = value`, one per line or separated by commas. This key is\n\
            not one of them.\n\n\
            The settings are `optimizer`, `batch`, `epochs`, `patience`, `monitor`, `seed`, `loss`, `shuffle`,\n\
            `drop_last`, `clip_norm`, `clip_value`, `freeze`, `groups`, `starts` and `tol`. The rate is an argument of the optimiser:\n\
            `optimizer = adam(lr = 1e-3)`.",
        example: "param a = 1\nloss (a - 3)^2\ntrain { epoch = 10 }\n",
        fixed: Some("param a = 1\nloss (a - 3)^2\ntrain { epochs = 10 }\n"),
    },
    CodeEntry {
        code: "E0602",
        title: "a setting or `train` block given twice",
        explanation: "Each setting of a `train` block has one value, and a file has at most one `train` block without\n\
            a name. nnc does not guess which of two was meant.\n\n\
            To keep several ways to train, name the blocks: `train quick { … }`, and choose one on the command line\n\
            with `--train quick`.",
        example: "param a = 1\nloss (a - 3)^2\ntrain { epochs = 10, epochs = 20 }\n",
        fixed: Some("param a = 1\nloss (a - 3)^2\ntrain { epochs = 20 }\n"),
    },
    CodeEntry {
        code: "E0603",
        title: "a setting has an impossible value",
        explanation: "The value of this setting is of the wrong kind or out of its range:\n\n\
            | setting | value |\n|---|---|\n\
            | `batch` | `all`, or a whole number of rows, 1 or more |\n\
            | `epochs`, `patience`, `starts` | a whole number, 1 or more |\n\
            | `seed` | a whole number, 0 or more |\n\
            | `clip_norm`, `clip_value`, `lr` | a number above 0; `lr` may be a schedule |\n\
            | `tol` | a number, 0 or more |\n\
            | `shuffle`, `drop_last` | `true` or `false` |\n\
            | `freeze` | a list of params or layers, `[enc, head.b]` |\n\
            | `groups` | a list of groups, `[group(enc, lr = 1e-4)]` |\n\
            | `momentum`, `beta`, `beta1`, `beta2` | a number from 0 up to, without, 1 |\n\
            | `eps`, `decay`, `end` | a number, 0 or more |\n\
            | `warmup`, `every` | a whole number of steps |\n\
            | `factor` | a number above 0, at most 1 |\n\n\
            A batch may be larger than the data: it then holds all rows. Rows of several `data` blocks point into each\n\
            other, so `batch` must be `all` for such a model.",
        example: "param a = 1\nloss (a - 3)^2\ntrain { epochs = 2.5 }\n",
        fixed: Some("param a = 1\nloss (a - 3)^2\ntrain { epochs = 2 }\n"),
    },
    CodeEntry {
        code: "E0604",
        title: "not available in this version",
        explanation: "The language reserves this setting or optimiser, and this version of nnc does not have it yet.\n\
            It is refused rather than ignored, because a model that trains differently from what its file says is\n\
            worse than one that does not train.",
        example: "param a = 1\nloss (a - 3)^2\ntrain { optimizer = newton() }\n",
        fixed: Some("param a = 1\nloss (a - 3)^2\ntrain { optimizer = lbfgs() }\n"),
    },
    CodeEntry {
        code: "E0605",
        title: "unknown optimiser",
        explanation: "The optimisers are, with gradient g and rate lr,\n\n\
            - `gradient_descent(lr)` and `sgd(lr, momentum = 0, nesterov = false)`: x ← x − lr · g;\n\
            - `momentum(lr, beta = 0.9)`: v ← beta · v + g, x ← x − lr · v;\n\
            - `nesterov(lr, beta = 0.9)`: the same, but x ← x − lr · (g + beta · v);\n\
            - `adagrad(lr = 0.01, eps = 1e-10)`: s ← s + g², x ← x − lr · g / (√s + eps);\n\
            - `rmsprop(lr = 0.01, beta = 0.99, eps = 1e-8)`: the same with a running mean s of g²;\n\
            - `adadelta(lr = 1, beta = 0.9, eps = 1e-6)`: steps in the unit of the parameters;\n\
            - `adam(lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8)`: running means of g and g²;\n\
            - `adamw(…, decay = 0.01)`: Adam, and x ← x − lr · decay · x;\n\
            - `lbfgs(history = 10)`: a quasi-Newton method with a line search over all rows, for smooth losses;\n\
            - `levenberg_marquardt()`: for losses that are sums of squares, with not too many params.",
        example: "param a = 1\nloss (a - 3)^2\ntrain { optimizer = adm(lr = 0.1) }\n",
        fixed: Some("param a = 1\nloss (a - 3)^2\ntrain { optimizer = adam(lr = 0.1) }\n"),
    },
    CodeEntry {
        code: "E0606",
        title: "wrong arguments of an optimiser",
        explanation: "An optimiser takes its rate first, by place or as `lr`, then its other constants by name.\n\
            `gradient_descent`, `sgd` and `momentum` have no usual rate: what works depends on the scale of the loss, so\n\
            it must be stated. Begin with 0.1 and divide by 3 while the loss grows.\n\n\
            A rate is a number or a schedule, whose first argument is the rate it begins with and whose `warmup` is a number\n\
            of steps in which the rate grows to it: `cosine(rate, warmup = 0, end = 0)` and `linear(rate, warmup = 0, end = 0)`\n\
            fall to `end` at the last step, `step(rate, every, factor = 0.1)` is multiplied by `factor` after every so many\n\
            steps, `exponential(rate, factor)` after each, `constant(rate, warmup)` stays.",
        example: "param a = 1\nloss (a - 3)^2\ntrain { optimizer = sgd() }\n",
        fixed: Some("param a = 1\nloss (a - 3)^2\ntrain { optimizer = sgd(lr = 0.1) }\n"),
    },
    CodeEntry {
        code: "E0607",
        title: "which loss to minimise is not known",
        explanation: "`nnc run` minimises one loss. A file without a loss can be checked, differentiated and called by a\n\
            host, but not trained. In a file with several losses the `train` block names one: `train { loss = fit }`.",
        example: "param a = 1\nloss fit = (a - 3)^2\nloss size = a^2\ntrain { epochs = 10 }\n",
        fixed: Some("param a = 1\nloss fit = (a - 3)^2\nloss size = a^2\ntrain { loss = fit, epochs = 10 }\n"),
    },
    CodeEntry {
        code: "E0608",
        title: "unclear `monitor`",
        explanation: "`monitor` is what `patience` watches: by default the loss over the validation rows. To watch a\n\
            metric, say whether it should grow or fall: `monitor = max(accuracy)`, `monitor = min(error)`. nnc does not\n\
            guess from the name, because a wrong guess would keep the worst parameters.",
        example: "param a = 1\nloss (a - 3)^2\nmetric error = abs(a - 3)\ntrain { patience = 3, monitor = error }\n",
        fixed: Some(
            "param a = 1\nloss (a - 3)^2\nmetric error = abs(a - 3)\ntrain { patience = 3, monitor = min(error) }\n",
        ),
    },
    CodeEntry {
        code: "E0609",
        title: "nothing to fit",
        explanation: "Training changes the params that the loss depends on, and there is none. Declare what should be\n\
            fitted with `param`; an `input` is data and stays as it is.",
        example: "input x = 1\nloss (x - 3)^2\ntrain { epochs = 10 }\n",
        fixed: Some("param x = 0\nloss (x - 3)^2\ntrain { epochs = 10 }\n"),
    },
    CodeEntry {
        code: "E0610",
        title: "a value became infinite or NaN during training",
        explanation: "Training stopped because the loss or its gradient was no longer a finite number. No weights\n\
            are written, and a file from before stays as it was. The label shows the first place in the model whose value is\n\
            not finite though everything it is computed from is; the message says in which batch that happened.\n\n\
            Usual causes: a rate that is too large (divide `lr` by 10, or set `clip_norm = 1`), data that are not scaled\n\
            (`standardize(…)`), a logarithm or division whose argument can become 0, and in single precision a power or\n\
            `exp` that overflows (`precision f64`).",
        example: "param a = 1\nloss log(a)\ntrain { optimizer = gradient_descent(lr = 1), epochs = 10 }\n",
        fixed: Some("param a = 1\nloss (log(a))^2\ntrain { optimizer = gradient_descent(lr = 0.1), epochs = 10 }\n"),
    },
    CodeEntry {
        code: "E0611",
        title: "settings of `train` that do not go together",
        explanation: "`lbfgs()` compares losses of the same rows at several points, so `batch` must be `all`; it searches for\n\
            the length of its steps, so `clip_norm` and `clip_value` have nothing to bound. The same holds for\n\
            `levenberg_marquardt()`, which also needs a loss that is built from squares by `sum`, `mean`, `+` and factors that\n\
            no param changes: `sum((y - f)^2)`.\n\n\
            `starts = 5` makes five runs with other random initial values and keeps the best. If no param has a random\n\
            start, all runs would be the same.",
        example: "param a = 1\nloss (a - 3)^2\ntrain { optimizer = lbfgs(), batch = 32 }\n",
        fixed: Some("param a = 1\nloss (a - 3)^2\ntrain { optimizer = lbfgs() }\n"),
    },
];

/// A key of `train` that is no setting.
pub fn unknown_setting(at: Span, name: &str, settings: &[&str]) -> Diagnostic {
    let found = Diagnostic::new("E0601", format!("`train` has no setting `{}`", shown(name)), at, "unknown setting");
    if name == "lr" || name == "learning_rate" {
        return found.help("the rate is an argument of the optimiser: `optimizer = adam(lr = 1e-3)`");
    }
    match nearest(name, settings.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")).suggest(at, near),
        None => found.help(format!("the settings are {}", listed(settings))),
    }
}

/// A key given twice in one block.
pub fn setting_twice(at: Span, name: &str, first: Span) -> Diagnostic {
    Diagnostic::new("E0602", format!("`{name}` is set twice"), at, "set again here").label(first, "first set here")
}

/// Two `train` blocks of one name, or two without.
pub fn block_twice(at: Span, name: Option<&str>, first: Span) -> Diagnostic {
    let which = name.map_or("without a name".to_string(), |n| format!("named `{}`", shown(n)));
    Diagnostic::new("E0602", format!("two `train` blocks {which}"), at, "second")
        .label(first, "first")
        .help("name them apart, `train quick { … }`, and choose with `--train quick`")
}

/// A value of the wrong kind or range; `expected` completes "must be …".
pub fn bad_value(at: Span, name: &str, expected: &str, given: &str) -> Diagnostic {
    Diagnostic::new("E0603", format!("`{name}` must be {expected}"), at, format!("this is {}", shown(given)))
}

/// A setting or optimiser that the language reserves.
pub fn not_available(at: Span, what: &str, name: &str) -> Diagnostic {
    Diagnostic::new("E0604", format!("the {what} `{name}` is not available in this version"), at, "not available yet")
}

/// Batches of one of several tables.
pub fn batch_of_tables(at: Span) -> Diagnostic {
    Diagnostic::new("E0603", "`batch` must be `all` for a model with several tables", at, "")
        .help("their rows point into each other; write `batch = all`")
}

/// A name that is no optimiser.
pub fn unknown_optimizer(at: Span, name: &str, optimizers: &[&str]) -> Diagnostic {
    let found = Diagnostic::new("E0605", format!("unknown optimiser `{}`", shown(name)), at, "");
    match nearest(name, optimizers.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")).suggest(at, near),
        None => found.help(format!("the optimisers are {}", listed(optimizers))),
    }
}

/// Something else than a call where an optimiser is asked for.
pub fn not_an_optimizer(at: Span) -> Diagnostic {
    Diagnostic::new("E0605", "`optimizer` must be a call of an optimiser", at, "")
        .help("for example `optimizer = adam(lr = 1e-3)`")
}

/// An argument that must be stated.
pub fn argument_missing(at: Span, function: &str, argument: &str) -> Diagnostic {
    if argument == "lr" {
        return Diagnostic::new("E0606", format!("`{function}` needs a rate"), at, "no rate given")
            .help(format!("for example `{function}(lr = 0.1)`"));
    }
    Diagnostic::new("E0606", format!("`{function}` needs `{argument}`"), at, "not given")
}

/// A call in place of a rate that is no schedule.
pub fn unknown_schedule(at: Span, name: &str, schedules: &[&str]) -> Diagnostic {
    let found = Diagnostic::new("E0606", format!("unknown schedule `{}`", shown(name)), at, "");
    match nearest(name, schedules.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")).suggest(at, near),
        None => found.help(format!("the schedules are {}", listed(schedules))),
    }
}

/// `sgd(0.1, nesterov = true)`
pub fn nesterov_without_momentum(at: Span) -> Diagnostic {
    Diagnostic::new("E0606", "`nesterov` needs a momentum", at, "the momentum is 0")
        .help("for example `sgd(lr = 0.1, momentum = 0.9, nesterov = true)`")
}

/// A setting that does not go with an optimiser that makes its own steps.
pub fn not_with_optimizer(at: Span, setting: &str, optimizer: &str, help: &str) -> Diagnostic {
    Diagnostic::new("E0611", format!("`{optimizer}` does not go with `{setting}`"), at, "").help(help)
}

/// `levenberg_marquardt()` for a loss of another form.
pub fn no_sum_of_squares(at: Span, name: &str) -> Diagnostic {
    let message = format!("`levenberg_marquardt` needs a sum of squares, which the loss `{}` is not", shown(name));
    Diagnostic::new("E0611", message, at, "not built from squares by `sum`, `mean`, `+` and constant factors")
        .help("write it like `mean((y - f)^2)`, or use `lbfgs()`, which takes any smooth loss")
}

/// `starts` where every start is the same.
pub fn equal_starts(at: Span) -> Diagnostic {
    Diagnostic::new("E0611", "`starts` needs a param with a random start", at, "")
        .help("for example `param W: [K, D] = normal()`; as it is, all starts would be the same")
}

/// An argument that the optimiser does not have.
pub fn unknown_argument(at: Span, optimizer: &str, name: &str, known: &[&str]) -> Diagnostic {
    let found = Diagnostic::new("E0606", format!("`{optimizer}` has no argument `{}`", shown(name)), at, "");
    match nearest(name, known.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")).suggest(at, near),
        None => found.help(format!("its arguments are {}", listed(known))),
    }
}

/// More arguments than the optimiser has.
pub fn too_many_arguments(at: Span, optimizer: &str, known: &[&str]) -> Diagnostic {
    Diagnostic::new("E0606", format!("`{optimizer}` has too many arguments"), at, "this one is too much")
        .help(format!("its arguments are {}", listed(known)))
}

/// An argument of an optimiser given twice.
pub fn argument_twice(at: Span, optimizer: &str, name: &str) -> Diagnostic {
    Diagnostic::new("E0606", format!("`{name}` of `{optimizer}` is given twice"), at, "given again here")
}

/// A file without a loss is to be trained; `at` is the `train` block or the file's start.
pub fn no_loss(at: Span) -> Diagnostic {
    Diagnostic::new("E0607", "this model has no loss, so there is nothing to minimise", at, "")
        .help("add one, for example `loss mean((y - f)^2)`")
}

/// Several losses and none chosen.
pub fn several_losses(at: Span, losses: &[(&str, Span)]) -> Diagnostic {
    let names: Vec<&str> = losses.iter().map(|(name, _)| *name).collect();
    let first = names.first().copied().unwrap_or("fit");
    let mut found = Diagnostic::new("E0607", "this model has several losses and none is chosen", at, "")
        .help(format!("choose one: `train {{ loss = {} }}`", shown(first)));
    for (_, span) in losses {
        found = found.label(*span, "a loss");
    }
    found
}

/// `loss = name` with a name that is no loss.
pub fn unknown_loss(at: Span, name: &str, losses: &[&str]) -> Diagnostic {
    let found = Diagnostic::new("E0607", format!("there is no loss `{}`", shown(name)), at, "");
    match nearest(name, losses.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")).suggest(at, near),
        None if losses.is_empty() => found,
        None => found.help(format!("the losses are {}", listed(losses))),
    }
}

/// `monitor = accuracy`, which does not say the direction.
pub fn monitor_direction(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0608", format!("`monitor` does not say whether `{}` should grow or fall", shown(name)), at, "")
        .help(format!("write `max({name})` or `min({name})`"))
}

/// `monitor` with something that is neither the loss nor a metric.
pub fn unknown_monitor(at: Span, name: &str, metrics: &[&str]) -> Diagnostic {
    let found = Diagnostic::new("E0608", format!("there is no metric or loss `{}`", shown(name)), at, "");
    match nearest(name, metrics.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")).suggest(at, near),
        None if metrics.is_empty() => found.help("declare it: `metric accuracy = mean(argmax(p) == y)`"),
        None => found.help(format!("the metrics and losses are {}", listed(metrics))),
    }
}

/// `monitor` with a value of another form.
pub fn not_a_monitor(at: Span) -> Diagnostic {
    Diagnostic::new("E0608", "`monitor` must be `max(…)` or `min(…)` of a metric, or a loss", at, "")
        .help("for example `monitor = max(accuracy)`")
}

/// A model without params that the loss depends on, or with frozen ones alone.
pub fn nothing_to_fit(at: Span, all_are_frozen: bool) -> Diagnostic {
    if all_are_frozen {
        let message = "all params that the loss depends on are frozen, so there is nothing to fit";
        return Diagnostic::new("E0609", message, at, "").help("leave at least one of them out of `freeze`");
    }
    Diagnostic::new("E0609", "the loss depends on no param, so there is nothing to fit", at, "")
        .help("declare what should be fitted with `param`")
}

/// The first non-finite value of a training step; `value` is `inf`, `-inf` or `NaN`.
pub fn not_finite(at: Span, what: &str, value: &str, epoch: usize, batch: usize) -> Diagnostic {
    Diagnostic::new(
        "E0610",
        format!("training stopped in epoch {epoch}, batch {batch}: {what} is not finite"),
        at,
        format!("this becomes {value} first"),
    )
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{}`", shown(n))).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
