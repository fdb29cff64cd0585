//! E038: which params a fit changes. See [the catalog](super) for how to add one.

use super::{CodeEntry, nearest, shown};
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this part of E03.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0380",
        title: "Not a param or layer",
        explanation: r#"`freeze = [enc, head.b]` and `group(enc, lr = 1e-4)` name params, or layers, which stand for all params that they own, also
those of layers in them. A family is named as a whole: its members lie in the same arrays. States, inputs and targets are not
changed by an optimiser, so there is nothing to freeze."#,
        example: r#"param a = 1
param b
state m = 3
update m = 0.9 * m
loss (a + b - m)^2
train { freeze = [m] }
"#,
        fixed: Some(
            r#"param a = 1
param b
state m = 3
update m = 0.9 * m
loss (a + b - m)^2
train { freeze = [b] }
"#,
        ),
    },
    CodeEntry {
        code: "E0381",
        title: "A param in two groups",
        explanation: r#"A param is frozen, or in one group, or in none. If it were named twice, for example by its own name and by that of its
layer, nothing would say which rate counts."#,
        example: r#"layer Line() {
  param a = 1
  param b
  fn (x) = a * x + b
}
let line = Line()
loss (line(2) - 3)^2
train { freeze = [line.b], groups = [group(line, lr = 0.1)] }
"#,
        fixed: Some(
            r#"layer Line() {
  param a = 1
  param b
  fn (x) = a * x + b
}
let line = Line()
loss (line(2) - 3)^2
train { freeze = [line.b], groups = [group(line.a, lr = 0.1)] }
"#,
        ),
    },
    CodeEntry {
        code: "E0382",
        title: "A group that cannot be",
        explanation: r#"`groups = [group(enc, lr = 1e-4, decay = 0.01), group(head, lr = 1e-2)]` is a list of groups. Each names one or more params
or layers and says what is different for them: `lr`, a number, or `decay`, the weight decay of `adam` and `adamw`. The
schedule of the optimiser scales the rates of all groups by the same factor, so a group has none of its own."#,
        example: r#"param a = 1
param b
loss (a - 3)^2 + b^2
train { groups = [group(a)] }
"#,
        fixed: Some(
            r#"param a = 1
param b
loss (a - 3)^2 + b^2
train { groups = [group(a, lr = 0.1)] }
"#,
        ),
    },
    CodeEntry {
        code: "E0383",
        title: "A frozen param whose bounds move",
        explanation: r#"A param in an interval lies at the same share of it whatever the bounds are. If these read a param that is fitted, the value
moves with it, so it cannot be frozen. Freeze both, or give the interval constant ends."#,
        example: r#"param a in (0, 1)
param b in (0, 1 - a)
loss (a - 0.3)^2 + b^2
train { freeze = [b] }
"#,
        fixed: Some(
            r#"param a in (0, 1)
param b in (0, 1 - a)
loss (a - 0.3)^2 + b^2
train { freeze = [a] }
"#,
        ),
    },
];

/// `freeze = [3]`, `freeze = [tower[2]]`; `family` is what is indexed.
pub fn not_a_name(at: Span, setting: &str, family: Option<&str>) -> Diagnostic {
    let problem = Diagnostic::new("E0380", format!("`{setting}` takes names of params and layers"), at, "not a name");
    match family {
        Some(family) => {
            let family = shown(family);
            problem.help(format!("a family is one array with all its members: name `{family}` as a whole"))
        }
        None => problem.help("for example `enc` or `enc.W`"),
    }
}

/// `freeze = [x]` for an input; `role` is `an input`.
pub fn no_param(at: Span, setting: &str, name: &str, role: &str, declared: Span) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0380", format!("`{name}` has no params for `{setting}`"), at, "")
        .label(declared, format!("this is {role}"))
        .help("optimisers change params alone; leave it out")
}

/// A name that nothing has.
pub fn unknown_param<'a>(at: Span, setting: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let problem =
        Diagnostic::new("E0380", format!("`{setting}`: there is no param or layer `{}`", shown(name)), at, "");
    match nearest(name, known) {
        Some(near) => problem.help(format!("did you mean `{near}`?")).suggest(at, near),
        None => problem.help("`nnc check` lists the params; one that no used `fn` reads does not exist"),
    }
}

/// A param named in two places.
pub fn named_twice(at: Span, param: &str, first: Span) -> Diagnostic {
    Diagnostic::new("E0381", format!("param `{}` is named twice", shown(param)), at, "named again here")
        .label(first, "first named here")
        .help("name each param once: frozen, or in one group")
}

/// `freeze = [b]` for `param b in (0, 1 - a)`.
pub fn moving_bounds(at: Span, param: &str, with: &str, declared: Span) -> Diagnostic {
    let (param, with) = (shown(param), shown(with));
    let message = format!("`{param}` cannot be frozen: its bounds move with `{with}`, which is fitted");
    Diagnostic::new("E0383", message, at, "")
        .label(declared, format!("lies between bounds that read `{with}`"))
        .help(format!("freeze `{with}` too, or give the interval constant ends"))
}

/// Something else than `group(…)` in `groups`.
pub fn not_a_group(at: Span) -> Diagnostic {
    Diagnostic::new("E0382", "`groups` takes a list of `group(…)`", at, "")
        .help("for example `groups = [group(enc, lr = 1e-4)]`")
}

/// `group(lr = 1)`
pub fn empty_group(at: Span) -> Diagnostic {
    Diagnostic::new("E0382", "this group names no param", at, "")
        .help("name params or layers first: `group(enc, lr = 1e-4)`")
}

/// `group(enc)`
pub fn group_like_others(at: Span) -> Diagnostic {
    Diagnostic::new("E0382", "this group says nothing that is different for it", at, "neither `lr` nor `decay`")
        .help("give it a rate, `group(enc, lr = 1e-4)`, or leave it out")
}

/// `group(enc, lr = cosine(1e-3))`
pub fn schedule_of_group(at: Span) -> Diagnostic {
    Diagnostic::new("E0382", "the rate of a group is a number", at, "a schedule")
        .help("write the schedule into the optimiser: it scales the rates of all groups")
}

/// `group(enc, decay = 0.1)` beside `sgd(…)`.
pub fn decay_without_adam(at: Span) -> Diagnostic {
    Diagnostic::new("E0382", "`decay` of a group needs `adam` or `adamw`", at, "")
        .help("use `optimizer = adamw(…)`, or add what it should do to the loss: `+ 0.01 * sum(w^2)`")
}
