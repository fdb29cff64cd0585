//! E04: derivatives. See [the catalog](super) for how to add one.

use super::{CodeEntry, nearest, shown};
use crate::diag::Diagnostic;
use crate::span::Span;

/// The pages of this family.
pub const ENTRIES: &[CodeEntry] = &[
    CodeEntry {
        code: "E0401",
        title: "A derivative by something that is not a name",
        explanation: r#"A derivative is taken by a name: an input, param, `let`, argument, state of a loop or `l.W`, or a tuple of names; an index may
stand behind it, `x[n]`. Only what reads that name counts. To differentiate by an expression give it a name first and use
the name in what is differentiated. A number has no name: for the derivative at a place write `let x0 = 0` and use `x0`."#,
        example: r#"input x
let y = (2 * x)^2
output d = grad(y, 2 * x)
"#,
        fixed: Some(
            r#"input x
let u = 2 * x
let y = u^2
output d = grad(y, u)
"#,
        ),
    },
    CodeEntry {
        code: "E0402",
        title: "A gradient of something that is not one number",
        explanation: r#"`grad` and `hessian` differentiate one number. All derivatives of an array are `jacobian(e, v)`, with the axes of `e` and then
those of `v`. Where element n of an array depends on element n of another only, index both: `let du[n] = grad(u[n], x[n])`."#,
        example: r#"dim N
input x: [N]
let u = x^2
output d = grad(u, x)
"#,
        fixed: Some(
            r#"dim N
input x: [N]
let u = x^2
output d[n] = grad(u[n], x[n])
"#,
        ),
    },
    CodeEntry {
        code: "E0403",
        title: "A derivative by labels or conditions",
        explanation: r#"Labels and conditions do not change by small amounts, so there is no derivative by them. Usually the params that a label
selects are meant, as in `w[y[n]]`: differentiate by `w`."#,
        example: r#"dim N, C = 3
input y: index(C)[N]
param w: [C]
let e = sum[n](w[y[n]])
output d = grad(e, y)
"#,
        fixed: Some(
            r#"dim N, C = 3
input y: index(C)[N]
param w: [C]
let e = sum[n](w[y[n]])
output d = grad(e, w)
"#,
        ),
    },
    CodeEntry {
        code: "E0404",
        title: "A direction or cotangent of another shape",
        explanation: r#"In `jvp(e, v, dv)` the direction has the shape of `v`; in `vjp(e, v, ct)` the cotangent has the shape of `e`. In
`derivative f(x, ct) = …` the result has the shape of the argument, with one part per argument if there are several."#,
        example: r#"dim N, D
input x: [N]
input d: [D]
output y = jvp(sum(x^2), x, d)
"#,
        fixed: Some(
            r#"dim N
input x: [N]
input d: [N]
output y = jvp(sum(x^2), x, d)
"#,
        ),
    },
    CodeEntry {
        code: "E0405",
        title: "A derivative for no such function",
        explanation: r#"`derivative f(x, ct) = …` stands in the file of `fn f`, once, and names the arguments of `f` and then the cotangent of its
result. All of them are numbers. `out` is the result itself."#,
        example: r#"fn step(x) = if x > 0 then 1 else 0
derivative stpe(x, ct) = ct
input x
output y = step(x)
"#,
        fixed: Some(
            r#"fn step(x) = if x > 0 then 1 else 0
derivative step(x, ct) = ct
input x
output y = step(x)
"#,
        ),
    },
    CodeEntry {
        code: "E0406",
        title: "A given derivative that is not that of its function",
        explanation: r#"`derivative f(x, ct) = …` says how a cotangent of the result becomes one of the argument, and nnc uses it as it stands.
`nnc gradcheck` compares it with the derivative of the body of `fn f`, at a random point. If they differ, either the rule is
wrong, or it is meant to be something else than the derivative, as in a straight-through estimator; then this report is what you
expected, and the comparison with differences fails too."#,
        example: r#"// found by nnc gradcheck
fn cube(x) = x^3
derivative cube(x, ct) = ct * 2 * x^2
param a = 2
loss cube(a)
"#,
        fixed: Some(
            r#"// found by nnc gradcheck
fn cube(x) = x^3
derivative cube(x, ct) = ct * 3 * x^2
param a = 2
loss cube(a)
"#,
        ),
    },
];

/// `grad(y, 2 * x)`
pub fn not_a_name(at: Span, form: &str) -> Diagnostic {
    let message = format!("the second argument of `{form}` must be a name: an input, param, `let` or argument");
    Diagnostic::new("E0401", message, at, "not such a name")
        .help("give it a name with `let` and use that name in what is differentiated")
}

/// `hessian(e, (a, b))`
pub fn one_name(at: Span, form: &str) -> Diagnostic {
    Diagnostic::new("E0401", format!("`{form}` takes one name"), at, "several")
        .help("mixed second derivatives are `jacobian(grad(e, a), b)`")
}

/// `grad(u, x)` of an array
pub fn not_a_number(at: Span, form: &str, shape: &str) -> Diagnostic {
    Diagnostic::new("E0402", format!("`{form}` is of one number, this is {shape}"), at, shape)
        .help("`jacobian` gives all derivatives; element by element it is `[n] => grad(u[n], x[n])`")
}

/// `grad(e, labels)`
pub fn no_derivative_by(at: Span, name: &str) -> Diagnostic {
    let what = if name.is_empty() { "this".to_string() } else { format!("`{}`", shown(name)) };
    Diagnostic::new("E0403", format!("{what} holds labels or conditions, not numbers"), at, "no derivative by it")
}

/// A direction, cotangent or rule with the wrong shape.
pub fn other_shape(at: Span, what: &str, given: &str, of: &str, expected: &str) -> Diagnostic {
    Diagnostic::new("E0404", format!("{what} is {given}, {of} is {expected}"), at, given)
        .help("they have the same shape")
}

/// Not one direction per name.
pub fn directions_differ(at: Span, names: usize) -> Diagnostic {
    let needs =
        if names == 1 { "one direction, an array".to_string() } else { format!("a tuple of {names} directions") };
    Diagnostic::new("E0404", format!("`jvp` needs {needs}"), at, "this is not")
}

/// `derivative stpe(…)`
pub fn no_such_function(at: Span, name: &str, has: &[&str]) -> Diagnostic {
    let problem = Diagnostic::new("E0405", format!("there is no `fn {}` in this file", shown(name)), at, "not defined");
    match nearest(name, has.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    }
}

/// A rule with other arguments than its function.
pub fn rule_arguments(at: Span, name: &str, function: Span, expected: &[&str], given: usize) -> Diagnostic {
    let list = expected.iter().map(|a| shown(a)).chain(["ct".to_string()]).collect::<Vec<_>>().join(", ");
    let message = format!("the derivative of `{}` names {} things, not {given}", shown(name), expected.len() + 1);
    Diagnostic::new("E0405", message, at, format!("{given} names"))
        .label(function, "of this function")
        .help(format!("name the arguments and then the cotangent: `derivative {}({list}) = …`", shown(name)))
}

/// Two rules for one function.
pub fn second_rule(at: Span, name: &str, first: Span) -> Diagnostic {
    Diagnostic::new("E0405", format!("`{}` has two derivatives", shown(name)), at, "given again here")
        .label(first, "first given here")
}

/// A rule whose result has another number of parts than the function has arguments.
pub fn rule_parts(at: Span, name: &str, expected: usize, given: usize) -> Diagnostic {
    let message = format!("`{}` has {expected} arguments, its derivative gives {given}", shown(name));
    Diagnostic::new("E0404", message, at, format!("{given} values"))
        .help("the derivative gives one cotangent per argument, as a tuple if there are several")
}

/// A function with a rule, called with something that is no number.
pub fn argument_is_no_number(at: Span, function: &str, name: &str) -> Diagnostic {
    let message = format!("argument `{}` of `{}` is no number", shown(name), shown(function));
    Diagnostic::new("E0405", message, at, "labels, a condition or a function")
        .help("a `fn` with a `derivative` of its own takes numbers only")
}

/// A function with a rule whose result is no number.
pub fn result_is_no_number(at: Span, function: &str) -> Diagnostic {
    Diagnostic::new("E0405", format!("the result of `{}` is no number", shown(function)), at, "labels or a condition")
        .help("a `fn` with a `derivative` of its own gives numbers")
}

/// `derivative f(x, ct) = …` that is not the derivative of `f`
pub fn rule_is_wrong(at: Span, argument: usize, rule: f64, body: f64) -> Diagnostic {
    Diagnostic::new("E0406", "this is not the derivative of its function", at, "this rule")
        .note(format!(
            "for argument {argument} the rule gives {rule:.6e} where the function's own derivative is {body:.6e}"
        ))
        .help("correct the rule, or leave it out: nnc differentiates the function by itself")
}
