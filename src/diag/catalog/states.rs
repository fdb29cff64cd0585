//! E037: states and their updates, random draws. See [the catalog](super) for how to add one.

use super::{CodeEntry, shown};
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this part of E03.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0370",
        title: "An update of something that is no state",
        explanation: r#"`update m = …` says what a `state` becomes after a training step. Nothing else can be updated: params are changed by the
optimiser, and a `let` is the same term wherever it is read."#,
        example: r#"dim N
input x: [N]
param m = 0
update m = mean(x)
loss mean((x - m)^2)
"#,
        fixed: Some(
            r#"dim N
input x: [N]
state m
param c = 0
update m = 0.9 * m + 0.1 * mean(x)
loss mean((x - m - c)^2)
"#,
        ),
    },
    CodeEntry {
        code: "E0371",
        title: "An update of another shape than its state",
        explanation: r#"A state keeps its shape from step to step, so its new value has the shape of the declaration, or is one number for all
elements."#,
        example: r#"dim N, D = 3
input x: [N, D]
state m: [D]
update m = x
output y = x - m
"#,
        fixed: Some(
            r#"dim N, D = 3
input x: [N, D]
state m: [D]
update m = mean(x, axis = N)
output y = x - m
"#,
        ),
    },
    CodeEntry {
        code: "E0372",
        title: "Two updates of one state",
        explanation: r#"A state is updated once per training step. If a layer with an `update` is called for two different arrays, or two `update`s
name one state, there is no order that says which counts. Make an instance for each call, or one update of both values."#,
        example: r#"dim N
input x: [N]
layer Mean() {
  state m
  fn (x) = {
    update m = 0.9 * m + 0.1 * mean(x)
    x - m
  }
}
let centre = Mean()
output y = centre(x)
output z = centre(2 * x)
"#,
        fixed: Some(
            r#"dim N
input x: [N]
layer Mean() {
  state m
  fn (x) = {
    update m = 0.9 * m + 0.1 * mean(x)
    x - m
  }
}
let centre = Mean()
let other = Mean()
output y = centre(x)
output z = other(2 * x)
"#,
        ),
    },
    CodeEntry {
        code: "E0373",
        title: "An update inside a loop or index notation",
        explanation: r#"An update counts once per training step. Inside `fold`, `scan`, `iterate` or a comprehension it would count once per turn or
element, and none of these values is the new one. Update from outside, by the result of the loop; give layers with states names of
their own instead of a family that a loop passes through."#,
        example: r#"dim N, T = 3
input x: [N]
layer Seen() {
  state m
  fn (v) = {
    update m = sum(v)
    v - m
  }
}
let seen = Seen()
output y = fold(_ in T, h = x) => seen(2 * h)
"#,
        fixed: Some(
            r#"dim N, T = 3
input x: [N]
state m
let y = fold(_ in T, h = x) => 2 * h - m
update m = sum(y)
output y
"#,
        ),
    },
    CodeEntry {
        code: "E0374",
        title: "A random draw that cannot be",
        explanation: r#"`random_uniform(shape, low, high)` takes two numbers, the lower first. `dropout(x, rate)` takes the share of elements that
become 0 in training: one number, at least 0 and less than 1."#,
        example: r#"dim N
input x: [N]
output y = dropout(x, 1.5)
"#,
        fixed: Some(
            r#"dim N
input x: [N]
output y = dropout(x, 0.5)
"#,
        ),
    },
    CodeEntry {
        code: "E0375",
        title: "A const that is not constant",
        explanation: r#"A `const` is worked out once, from numbers, other consts, dims and built-in functions. What data, params, states or random
draws give, and what `training` says, differs from call to call: such a value is a `let`."#,
        example: r#"dim N
input x: [N]
const noise = random_normal([3])
output y = x * sum(noise)
"#,
        fixed: Some(
            r#"dim N
input x: [N]
let noise = random_normal([3])
output y = x * sum(noise)
"#,
        ),
    },
];

/// `update w = …` for a param.
pub fn not_a_state(at: Span, name: &str, noun: &str, defined: Span) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0370", format!("`{name}` is no state, so it cannot be updated"), at, "")
        .label(defined, format!("defined here, by `{noun}`"))
        .help(format!("declare `state {name}`, or give the value a name of its own with `let`"))
}

/// A new value of another shape.
pub fn other_shape(at: Span, name: &str, given: &str, declared: &str, from: Option<Span>) -> Diagnostic {
    let name = shown(name);
    let message = format!("state `{name}` is {declared}, but its new value is {given}");
    let problem = Diagnostic::new("E0371", message, at, format!("this is {given}"));
    let problem = from.into_iter().fold(problem, |p, at| p.label(at, format!("`{name}` is {declared} by this")));
    problem.help("a state keeps its shape; reduce the value, for example by `mean(…, axis = N)`")
}

/// Two different values for one state.
pub fn two_updates(at: Span, name: &str, first: Span) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0372", format!("state `{name}` is updated twice in a step"), at, "the second update")
        .label(first, "the first update")
        .help("make an instance of the layer for each call, or one update of both values")
}

/// An update that a turn or an index reaches.
pub fn update_in_a_loop(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0373", format!("state `{name}` is updated inside a loop or index notation"), at, "")
        .help("update it once, from outside, by the result of the loop")
}

/// `random_uniform([N], 1, 0)`
pub fn empty_range(at: Span, low: f64, high: f64) -> Diagnostic {
    Diagnostic::new("E0374", format!("there is no number between {low} and {high}"), at, "the lower end comes first")
        .help(format!("write `random_uniform(…, {high}, {low})`"))
}

/// An end of a range that is an array.
pub fn end_is_a_number(at: Span, shape: &str) -> Diagnostic {
    Diagnostic::new("E0374", "the ends of a range are numbers", at, format!("this is {shape}"))
        .help("draw from 0 to 1, and scale the result")
}

/// `dropout(x, 1)`
pub fn dropout_rate(at: Span) -> Diagnostic {
    Diagnostic::new("E0374", "the rate of `dropout` is a number, at least 0 and less than 1", at, "")
        .help("it is the share of elements that become 0 in training")
}

/// What a const may not read.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A declaration of this name.
    Port(&'a str),
    /// Random numbers.
    Draw,
    /// `training`
    Training,
}

/// `const c = 2 * x` for an input.
pub fn not_constant(at: Span, name: &str, source: Source, from: Option<Span>) -> Diagnostic {
    let name = shown(name);
    let reads = match source {
        Source::Port(port) => format!("reads `{}`", shown(port)),
        Source::Draw => "is drawn at random".into(),
        Source::Training => "reads `training`".into(),
    };
    let problem = Diagnostic::new("E0375", format!("const `{name}` {reads}, so it is not constant"), at, "");
    // A draw that is the whole value needs no second label.
    let from = from.filter(|from| *from != at);
    let problem = from.into_iter().fold(problem, |p, from| p.label(from, "differs from call to call"));
    problem.help(format!("write `let {name} = …`"))
}
