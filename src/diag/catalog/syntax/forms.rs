//! E0126, E0127: loops and layers in the wrong form, with their pages.

use super::super::{CodeEntry, shown};
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of these codes.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0126",
        title: "A loop in the wrong form",
        explanation: r#"A loop names an index with its range, its states with their start values, and the states after a turn:

    fold(t in T, h = zeros([H])) => cell(x[t], h)
    scan(t in T, h = h0, c = c0) => lstm(x[t], h, c)
    iterate(x = a, tol = 1e-12, max = 50) => (x + a / x) / 2

`fold` gives the last states, `scan` those after every turn, and `iterate` those that no longer change; it has no
index. Inside, the name of a state is its value before the turn. With several states the body is a tuple with one value
for each. `scan` may have more values than states, which are collected; `fold` and `iterate` may not.

`until` and `checkpoint` are options of `fold` and `scan`, `tol`, `max` and `until` those of `iterate`. So that a reader
can tell them from states, no state may have one of these names."#,
        example: "dim T\ninput x: [T]\noutput y = fold(t in T) => x[t]\n",
        fixed: Some("dim T\ninput x: [T]\noutput y = sum[t in T](x[t])\n"),
    },
    CodeEntry {
        code: "E0127",
        title: "A layer in the wrong form",
        explanation: r#"A layer owns `param`, `state`, `let` and `fn` lines:

    layer Dense(I, O) {
      param W: [I, O] = he_normal()
      param b: [O]
      fn (x: [.., I]) -> [.., O] = x @ W + b
    }

The `fn` without a name is what a call of the layer does, so it can stand only in a layer; everywhere else a `fn` has a
name. `update m = …` changes a state after a training step. It stands in a block of a `fn` of the layer that owns the
state, or at the top level of a file."#,
        example: "input x\nfn (x) = 2 * x\noutput x\n",
        fixed: Some("input x\nfn twice(x) = 2 * x\noutput y = twice(x)\n"),
    },
];

/// How each loop is written.
fn shape_of(word: &str) -> &'static str {
    match word {
        "fold" => "fold(t in T, h = START) => …",
        "scan" => "scan(t in T, h = START) => …",
        _ => "iterate(x = START, tol = 1e-8) => …",
    }
}

/// `fold x`, `fold(0..T)`, `fold(t in T, h = 0)`: `message` says what is wrong.
pub fn malformed_loop(at: Span, word: &str, message: &str) -> Diagnostic {
    Diagnostic::new("E0126", message, at, "").help(format!("write `{}`", shape_of(word)))
}

/// `fold(t, h = 0)`, where `t` is `name`.
pub fn loop_value_without_start(at: Span, word: &str, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0126", format!("`{name}` has neither a range nor a start value"), at, "")
        .help(format!("an index is written `{name} in T`, a state `{name} = START`: `{}`", shape_of(word)))
}

/// `iterate(t in T, x = 0)`
pub fn iterate_with_index(at: Span) -> Diagnostic {
    Diagnostic::new("E0126", "`iterate` has no index", at, "it turns until its states no longer change")
        .help("write `max = …` for the most turns, or `fold` for a fixed number")
}

/// `fold(t in T, s in S, h = 0)`
pub fn second_loop_index(at: Span, first: Span, word: &str) -> Diagnostic {
    Diagnostic::new("E0126", format!("`{word}` has one index"), at, "a second index")
        .label(first, "the index")
        .help("write one loop within the other")
}

/// `fold(h = 0, t in T)`
pub fn loop_index_not_first(at: Span, word: &str) -> Diagnostic {
    Diagnostic::new("E0126", format!("the index of `{word}` comes first"), at, "an index after a state")
        .help(format!("write `{}`", shape_of(word)))
}

/// `fold(h = 0) => …`
pub fn loop_without_index(at: Span, word: &str) -> Diagnostic {
    Diagnostic::new("E0126", format!("`{word}` needs an index with a range"), at, "how many turns?")
        .help(format!("write `{}`; `iterate` turns until its states no longer change", shape_of(word)))
}

/// `fold(t in T) => …`: `indexed` if it has an index.
pub fn loop_without_states(at: Span, word: &str, indexed: bool) -> Diagnostic {
    let problem = Diagnostic::new("E0126", format!("`{word}` has no state"), at, "nothing is carried to the next turn");
    if indexed {
        problem.help(format!("write `{}`; without states an array is `[t in T] => …`", shape_of(word)))
    } else {
        problem.help(format!("write `{}`", shape_of(word)))
    }
}

/// `fold(t in T, h = 0, h = 1)`
pub fn state_twice(at: Span, name: &str, first: Span) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0126", format!("`{name}` is given twice"), at, "")
        .label(first, format!("`{name}` is given here first"))
        .help("states of one loop have different names")
}

/// `fold(t in T, _ = 0)`
pub fn state_without_name(at: Span, word: &str) -> Diagnostic {
    Diagnostic::new("E0126", format!("a state of `{word}` needs a name"), at, "`_` cannot be read")
        .help("give it a name, for example `h`")
}

/// `fold(t in T, max = 0)`
pub fn option_as_state(at: Span, name: &str, word: &str, options: &[&str]) -> Diagnostic {
    let mut list: Vec<String> = options.iter().map(|option| format!("`{option}`")).collect();
    let last = list.pop().unwrap_or_default();
    Diagnostic::new(
        "E0126",
        format!("`{name}` is the name of an option and cannot be a state"),
        at,
        format!("not an option of `{word}`"),
    )
    .help(format!(
        "choose another name, for example `{name}_`; the options of `{word}` are {} and {last}",
        list.join(", ")
    ))
}

/// A body with another number of values than the loop has states.
pub fn values_of_body(at: Span, word: &str, states: usize, values: usize) -> Diagnostic {
    let plural = |n: usize, what: &str| if n == 1 { format!("{n} {what}") } else { format!("{n} {what}s") };
    let (has, gives) = (plural(states, "state"), plural(values, "value"));
    if values > states && word != "scan" {
        return Diagnostic::new(
            "E0126",
            format!("`{word}` may not have extra values: it has {has}, and its body gives {gives}"),
            at,
            "",
        )
        .help(match word {
            "fold" => "only `scan` collects values beyond the states; write `scan`, or leave them out",
            _ => "only `scan` collects values beyond the states",
        });
    }
    Diagnostic::new("E0126", format!("`{word}` has {has}, but its body gives {gives}"), at, "")
        .help("the body gives the new value of each state, in order")
}

/// `fn (x) = …` outside a layer.
pub fn nameless_function(at: Span) -> Diagnostic {
    Diagnostic::new("E0127", "a `fn` without a name can stand only in a layer", at, "which name?")
        .help("give it a name: `fn NAME(x) = …`")
}

/// `update m = …` in a block outside a layer, or between the lines of one.
pub fn update_out_of_place(at: Span, name: &str) -> Diagnostic {
    let message = "an `update` stands in a `fn` of a layer, or at the top level";
    Diagnostic::new("E0127", message, at, "").help(format!(
        "write `update {} = …` in a block of the `fn` that computes it, or on a line of the file",
        shown(name)
    ))
}

/// `input` or another statement in a layer.
pub fn statement_in_layer(at: Span, word: &str) -> Diagnostic {
    Diagnostic::new(
        "E0127",
        format!("`{}` cannot stand in a layer", shown(word)),
        at,
        "a layer holds `param`, `state`, `let` and `fn`",
    )
    .help("move it to the top level of the file")
}

/// Something in a layer that no line of it begins with.
pub fn layer_line(at: Span, found: &str) -> Diagnostic {
    Diagnostic::new("E0127", format!("a line of a layer cannot begin with {found}"), at, "")
        .help("a layer holds `param`, `state`, `let` and `fn`; a value is the result of its `fn (x) = …`")
}
