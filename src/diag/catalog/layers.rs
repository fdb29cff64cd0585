//! E024: layers and states. See [the catalog](super) for how to add one.

use super::{CodeEntry, nearest, shown};
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this part of E02.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0240",
        title: "A layer without a name",
        explanation: r#"A call of a layer makes an instance with params of its own, and these need a name: `let first = Dense(D, H)` at top level
or in another layer, then `first(x)`. Its params are `first.W` and `first.b` in reports and files. So an instance is the whole
right side of a `let`, and never stands inside an expression or in a `fn`, which may be called many times."#,
        example: r#"dim N, D = 3, H = 2
layer Dense(I, O) {
  param W: [I, O] = he_normal()
  fn (x: [.., I]) = x @ W
}
input x: [N, D]
output y = Dense(D, H)(x)
"#,
        fixed: Some(
            r#"dim N, D = 3, H = 2
layer Dense(I, O) {
  param W: [I, O] = he_normal()
  fn (x: [.., I]) = x @ W
}
input x: [N, D]
let first = Dense(D, H)
output y = first(x)
"#,
        ),
    },
    CodeEntry {
        code: "E0241",
        title: "An argument of a layer that is not known at compile time",
        explanation: r#"Arguments of a layer say what it is: sizes, numbers, `true` or `false`, functions. They are known before anything runs, so
they cannot be made of inputs, params or arrays. What changes from call to call is an argument of the layer's `fn`. The
members of a family are alike, so an argument may not depend on the family's index either."#,
        example: r#"dim L = 3
layer Scale(by) {
  param a = 1
  fn (x) = by * a * x
}
input s
let scale = Scale(s)
output y = scale(2)
"#,
        fixed: Some(
            r#"layer Scale(by) {
  param a = 1
  fn (x) = by * a * x
}
let scale = Scale(3)
output y = scale(2)
"#,
        ),
    },
    CodeEntry {
        code: "E0242",
        title: "A family of layers that is not read as one",
        explanation: r#"`let tower[l in L] = Dense(H, H)` makes L layers at once. Its range is stated and starts at 0. A member is named by one
index per family, `tower[2]` or `tower[l]`, and then used like any layer. Of the whole family only the params can be read:
`tower.W` is the array of all, `[L, H, H]`."#,
        example: r#"dim N, H = 2, L = 3
layer Dense(I, O) {
  param W: [I, O] = he_normal()
  fn (x: [.., I]) = x @ W
}
input x: [N, H]
let tower[l in L] = Dense(H, H)
output y = tower(x)
"#,
        fixed: Some(
            r#"dim N, H = 2, L = 3
layer Dense(I, O) {
  param W: [I, O] = he_normal()
  fn (x: [.., I]) = x @ W
}
input x: [N, H]
let tower[l in L] = Dense(H, H)
output y = tower[2](x)
"#,
        ),
    },
    CodeEntry {
        code: "E0243",
        title: "A name that the layer does not have",
        explanation: r#"Behind the dot stands a param, state, `let` or `fn` of the layer: `first.W`, `enc.l1.W`, `vae.encode(x)`. The arguments the
layer was made with are not among them, because they are known where the instance is made."#,
        example: r#"layer Scale() {
  param a = 1
  fn (x) = a * x
}
let s = Scale()
output y = s.b
"#,
        fixed: Some(
            r#"layer Scale() {
  param a = 1
  fn (x) = a * x
}
let s = Scale()
output y = s.a
"#,
        ),
    },
    CodeEntry {
        code: "E0244",
        title: "A layer where a value should stand",
        explanation: r#"An instance of a layer is no number. It is called, `l(x)`, if its layer has a `fn` without a name; its other functions are
called by theirs, `l.energy()`; its params are read as `l.W`. It may be passed to a `fn` as an argument that is called there."#,
        example: r#"layer Scale() {
  param a = 1
  fn (x) = a * x
}
let s = Scale()
output y = s + 1
"#,
        fixed: Some(
            r#"layer Scale() {
  param a = 1
  fn (x) = a * x
}
let s = Scale()
output y = s.a + 1
"#,
        ),
    },
    CodeEntry {
        code: "E0245",
        title: "A layer that needs itself",
        explanation: r#"A layer that holds an instance of itself, directly or through others, would have no end, and so would a `let` in a layer that
reads itself. Layers one behind the other are a family, `let tower[l in L] = Dense(H, H)`, passed through by a `fold`."#,
        example: r#"layer Tower(H) {
  let next = Tower(H)
  param w: [H]
  fn (x) = next(x) + w
}
let t = Tower(3)
output y = t([1, 2, 3])
"#,
        fixed: Some(
            r#"layer Level(H) {
  param w: [H]
  fn (x) = x + w
}
let t = Level(3)
output y = t([1, 2, 3])
"#,
        ),
    },
];

/// `Dense(D, H)(x)`, or a layer made inside an expression or a `fn`.
pub fn unnamed_layer(at: Span, layer: &str) -> Diagnostic {
    let layer = shown(layer);
    Diagnostic::new("E0240", "an instance of a layer needs a name", at, "made here, without one").help(format!(
        "write `let l = {layer}(…)` at top level or in a layer, and use `l` here; its params are then `l.W` and so on"
    ))
}

/// `let (a, b) = Dense(D, H)`
pub fn needs_one_name(at: Span) -> Diagnostic {
    Diagnostic::new("E0240", "an instance of a layer is one thing and has one name", at, "")
        .help("write `let l = …`, with one `let` per instance")
}

/// `let l: [N] = Dense(D, H)`
pub fn layer_has_no_type(at: Span) -> Diagnostic {
    Diagnostic::new("E0244", "a layer is no array and has no shape", at, "").help("leave the type away")
}

/// An argument made of ports, or an array.
pub fn argument_not_known(at: Span, name: &str) -> Diagnostic {
    let message = format!("argument `{}` of a layer must be known at compile time", shown(name));
    Diagnostic::new("E0241", message, at, "").help("sizes, numbers, `true`, `false` and functions are")
}

/// An argument of a family made of its index.
pub fn argument_reads_index(at: Span, name: &str) -> Diagnostic {
    let message = format!("argument `{}` depends on the index of the family", shown(name));
    Diagnostic::new("E0241", message, at, "all members of a family are alike")
        .help("make separate layers, or pass it to the `fn` of the layer")
}

/// `let tower[l] = …`
pub fn family_range(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0242", "a family needs a stated range that starts at 0", at, "")
        .help(format!("say how many layers there are: `[{name} in L]`"))
}

/// `tower(x)`
pub fn which_member(at: Span, name: &str, sizes: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0242", format!("`{name}` is a family of {sizes} layers"), at, "which one?")
        .help(format!("name a member: `{name}[l]`"))
}

/// `l1[2]`
pub fn no_family(at: Span, name: &str, axes: usize) -> Diagnostic {
    let name = shown(name);
    let message = match axes {
        0 => format!("`{name}` is one layer, not a family"),
        1 => format!("`{name}` has one index"),
        n => format!("`{name}` has {n} indices"),
    };
    Diagnostic::new("E0242", message, at, "one index too many").help("behind a layer stands a call or a dot")
}

/// `tower[0..2]`
pub fn not_a_member(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0242", format!("this names no single layer of the family `{name}`"), at, "")
        .help(format!("`{name}[l]` with one index is a layer; of the whole family the params can be read: `{name}.W`"))
}

/// `l1.Wx`
pub fn unknown_field(at: Span, layer: &str, field: &str, has: &[&str]) -> Diagnostic {
    let message = format!("`{}` has no `{}`", shown(layer), shown(field));
    let problem = Diagnostic::new("E0243", message, at, "");
    match nearest(field, has.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{}`?", shown(near))).suggest(at, near),
        None if has.is_empty() => problem.help("this layer has no names"),
        None => problem.help(format!("it has {}", listed(has))),
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().take(12).map(|n| format!("`{}`", shown(n))).collect::<Vec<_>>().join(", ")
}

/// An instance as a number.
pub fn layer_is_no_value(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0244", format!("`{name}` is a layer, not a value"), at, "")
        .help(format!("call it, `{name}(x)`, or read one of its params, `{name}.W`"))
}

/// A call of a layer that has only named functions.
pub fn no_call(at: Span, name: &str, layer: &str, has: &[&str]) -> Diagnostic {
    let (name, layer) = (shown(name), shown(layer));
    let problem =
        Diagnostic::new("E0244", format!("`{name}` cannot be called: `{layer}` has no `fn` without a name"), at, "");
    match has.first() {
        Some(first) => problem.help(format!("its functions are {}: `{name}.{}(…)`", listed(has), shown(first))),
        None => problem.help(format!("add `fn (x) = …` to `{layer}`")),
    }
}

/// Layers that hold each other.
pub fn layer_circle(list: &[(String, Span)]) -> Diagnostic {
    let names: Vec<String> = list.iter().chain(list.first()).map(|(n, _)| shown(n)).collect();
    let at = list.first().map(|l| l.1).unwrap_or_default();
    let message = format!("these layers hold each other without end: {}", names.join(" → "));
    let problem = Diagnostic::new("E0245", message, at, "");
    let rest = list.iter().skip(1).fold(problem, |p, (name, at)| p.label(*at, format!("`{}`", shown(name))));
    rest.help("layers one behind the other are a family: `let tower[l in L] = …`")
}

/// `let a = b`, `let b = a` in a layer.
pub fn member_circle(at: Span, name: &str) -> Diagnostic {
    let message = format!("`{}` of this layer reads itself", shown(name));
    Diagnostic::new("E0245", message, at, "").help("a value must be made of others; in a loop it is a state of `fold`")
}
