//! Labels, conditions and numbers in each other's places.

use super::super::shown;
use crate::diag::Diagnostic;
use crate::span::Span;

fn called(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_string() } else { format!("`{}`", shown(text)) }
}

/// Arithmetic with labels.
pub fn labels_are_no_numbers(at: Span, text: &str) -> Diagnostic {
    let name = if text.is_empty() { "y".to_string() } else { shown(text) };
    Diagnostic::new("E0312", format!("{} holds labels, not numbers", called(text, "this")), at, "labels")
        .help(format!("`one_hot({name})` or `real({name})` says which you mean"))
}

/// Arithmetic with a condition.
pub fn condition_is_no_number(at: Span, text: &str) -> Diagnostic {
    let name = if text.is_empty() { "c".to_string() } else { shown(text) };
    Diagnostic::new("E0313", "a condition is not a number", at, "true or false")
        .help(format!("write `if {name} then x else 0`, or `real({name})` for 1 and 0"))
}

/// `if x then …`
pub fn not_a_condition(at: Span, after: &str, text: &str) -> Diagnostic {
    let name = if text.is_empty() { "x".to_string() } else { shown(text) };
    Diagnostic::new("E0314", format!("`{after}` needs a condition"), at, "not true or false")
        .help(format!("compare it: `{name} > 0`"))
}

/// `if c then 1 else true`
pub fn branches_differ(then: Span, otherwise: Span) -> Diagnostic {
    Diagnostic::new("E0315", "both branches of an `if` are numbers, or both conditions", otherwise, "")
        .label(then, "this one is of another kind")
}

/// `(x > 0) == 1`
pub fn compared_with_condition(at: Span, operator: &str) -> Diagnostic {
    Diagnostic::new("E0315", format!("`{operator}` compares a condition with something else"), at, "")
        .help("a condition can be used as it is: `if c then …`, `not c`")
}

/// `c < d` of conditions
pub fn conditions_have_no_order(at: Span, operator: &str) -> Diagnostic {
    Diagnostic::new("E0315", format!("conditions have no order, so no `{operator}`"), at, "")
        .help("use `and`, `or`, `not`")
}

/// A value of another kind than its type says.
pub fn wrong_kind(at: Span, what: &str, is: &str, wanted: &str, ty: Span) -> Diagnostic {
    Diagnostic::new("E0315", format!("{what} holds {is}, declared are {wanted}"), at, format!("holds {is}"))
        .label(ty, format!("declared as {wanted}"))
}

/// Labels of another set.
pub fn labels_differ(at: Span, what: &str, own: &str, wanted: &str, ty: Span) -> Diagnostic {
    let (own, wanted) = (shown(own), shown(wanted));
    Diagnostic::new("E0315", format!("{what} holds labels of index({own}), declared are index({wanted})"), at, "")
        .label(ty, format!("declared as index({wanted})"))
}

/// `index[N]`
pub fn index_needs_size(at: Span) -> Diagnostic {
    Diagnostic::new("E0316", "`index` needs the number of labels", at, "")
        .help("for example `index(C)[N]` with `dim C = 10`")
}

/// `x: float[N]`
pub fn unknown_kind(at: Span, name: &str, near: Option<&str>) -> Diagnostic {
    let problem = Diagnostic::new("E0316", format!("`{}` is no type", shown(name)), at, "");
    if let Some(near) = near {
        return problem.help(format!("did you mean `{near}`?")).suggest(at, near);
    }
    problem.help("a type is `real`, `bool` or `index(C)`, then a shape; `[N, D]` alone is real")
}

/// A param of labels or conditions.
pub fn param_is_real(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0316", format!("`{}` is fitted, so it must be real", shown(name)), at, "")
        .help("labels and conditions are inputs")
}

/// `one_hot(x)` of numbers.
pub fn not_labels(at: Span, function: &str) -> Diagnostic {
    Diagnostic::new("E0317", format!("`{function}` needs labels"), at, "not labels")
        .help("labels are inputs of type `index(C)`, results of `argmax`, or bound indices")
}

/// `one_hot(i)` with an index of unknown range.
pub fn label_count_unknown(at: Span) -> Diagnostic {
    Diagnostic::new("E0317", "how many labels there are is not known here", at, "").help("say it: `one_hot(y, C)`")
}

/// `mod(x, 2)` of numbers.
pub fn only_of_indices(at: Span, function: &str) -> Diagnostic {
    Diagnostic::new("E0317", format!("`{function}` is for indices and dims"), at, "not an index")
        .help("for real numbers, `x - n * floor(x / n)` is the remainder and `floor(x / n)` the quotient")
}

/// A text where a value should stand.
pub fn text_is_no_value(at: Span) -> Diagnostic {
    Diagnostic::new("E0318", "a text is not a value", at, "").help("texts are arguments in `data` and `train`")
}

/// A range as an argument.
pub fn range_is_no_value(at: Span) -> Diagnostic {
    Diagnostic::new("E0318", "a range is not a value", at, "").help("a slice is written `x[1..3]`")
}

/// An argument `axis` used as a number.
pub fn axes_are_no_value(at: Span) -> Diagnostic {
    Diagnostic::new("E0318", "an argument called `axis` names an axis and is not a number", at, "")
        .help("pass it on as `axis = axis`, or give the argument another name")
}
