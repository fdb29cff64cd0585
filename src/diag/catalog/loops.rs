//! E036: loops. See [the catalog](super) for how to add one.

use super::{CodeEntry, shown};
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this part of E03.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0360",
        title: "A state of a loop that changes its shape",
        explanation: r#"A state has one shape and one kind for the whole loop: that of its start. The body must give the same. To grow a list of
values, collect them: `scan` keeps the state after every step."#,
        example: r#"dim T, H = 3
let h = fold(t in T, h = zeros([H])) => [h, h]
output h
"#,
        fixed: Some(
            r#"dim T, H = 3
let h = fold(t in T, h = zeros([H])) => 2 * h + 1
output h
"#,
        ),
    },
    CodeEntry {
        code: "E0361",
        title: "A loop whose body gives too few or too many values",
        explanation: r#"The body of a loop gives one value per state, in the order of the states: a tuple `(a, b)` for two states. `scan` collects
further values for every step; `fold` and `iterate` keep only the states, so further values would be lost."#,
        example: r#"dim T
fn step(a, b) = (a + b, a, b)
let (a, b) = fold(t in T, a = 0, b = 1) => step(a, b)
output a
output b
"#,
        fixed: Some(
            r#"dim T
fn step(a, b) = (a + b, a)
let (a, b) = fold(t in T, a = 0, b = 1) => step(a, b)
output a
output b
"#,
        ),
    },
    CodeEntry {
        code: "E0362",
        title: "An option of a loop that is no such number",
        explanation: r#"`max` is how many steps `iterate` does at most: a whole number or a dim. `tol` is the step below which it stops: a positive
number that is known at compile time. `until` is one truth value; it sees the new states. `checkpoint` is a whole number."#,
        example: r#"input a
let r = iterate(x = a, max = 2.5) => (x + a / x) / 2
output r
"#,
        fixed: Some(
            r#"input a
let r = iterate(x = a, max = 30) => (x + a / x) / 2
output r
"#,
        ),
    },
    CodeEntry {
        code: "E0363",
        title: "A fixed point whose state is no number",
        explanation: r#"`iterate` looks for numbers that a step no longer changes, and its derivative is that of such a point. Labels, truth values
and counters have no such point: carry them in `fold(t in T, …, until = …)`, which counts steps."#,
        example: r#"input a
let (x, k) = iterate(x = a, done = a > 0) => (x / 2, x > 1)
output x
"#,
        fixed: Some(
            r#"dim T = 100
input a
let (x, k) = fold(t in T, x = a, done = a > 0, until = x < 1) => (x / 2, x > 1)
output x
"#,
        ),
    },
];

/// `fold(t in T, h = zeros([H])) => [h, h]`
pub fn state_changes(name: &str, start: (&str, Span), given: (&str, Span)) -> Diagnostic {
    let (start, from) = start;
    let (given, at) = given;
    Diagnostic::new("E0360", format!("state `{}` starts as {start} and becomes {given}", shown(name)), at, given)
        .label(from, format!("starts as {start}"))
        .help("a state keeps its shape and kind from step to step; start it with the shape it has later, such as `zeros([H])`")
}

/// A body with fewer values than states, or with more in a `fold`. `slip`: a state that is probably an option.
pub fn values_differ(
    at: Span,
    form: (&str, Span),
    states: usize,
    values: usize,
    slip: Option<(Span, &str)>,
) -> Diagnostic {
    let (word, from) = form;
    let plural = |n: usize, noun: &str| if n == 1 { format!("{n} {noun}") } else { format!("{n} {noun}s") };
    let message = format!("`{word}` has {}, its body gives {}", plural(states, "state"), plural(values, "value"));
    let problem = Diagnostic::new("E0361", message, at, plural(values, "value")).label(from, plural(states, "state"));
    if let Some((place, option)) = slip {
        problem.label(place, "a state").help(format!("did you mean `{option}`?")).suggest(place, option)
    } else if values > states {
        problem.help("only `scan` collects values beyond the states; `let (a, _) = scan(…)` drops what is not needed")
    } else {
        problem.help("the body gives one value per state, in their order: `(a, b)`")
    }
}

/// `max = 2.5`, `tol = -1`, `checkpoint = x`
pub fn bad_option(at: Span, option: &str) -> Diagnostic {
    let (needs, help) = match option {
        "tol" => ("a positive number known at compile time", "for example `tol = 1e-10`"),
        "max" => ("a whole number or a dim, at least 1", "for example `max = 50`"),
        "until" => ("one truth value", "`until` sees the new states: `until = all(abs(x) < 1)`"),
        _ => ("a whole number, at least 1", "for example `checkpoint = 32`"),
    };
    Diagnostic::new("E0362", format!("`{option}` of a loop is {needs}"), at, "this is not").help(help)
}

/// A label or condition as a state of `iterate`.
pub fn not_a_fixed_point(at: Span, name: &str, is: &str) -> Diagnostic {
    Diagnostic::new(
        "E0363",
        format!("state `{}` of `iterate` is no number", shown(name)),
        at,
        format!("starts as {is}"),
    )
    .help("count steps with `fold(t in T, …, until = …)`; its range bounds the steps")
}
