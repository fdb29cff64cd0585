//! E03: shapes, kinds and sizes. See [the catalog](super) for how to add one.

mod arrangements;
mod dims;
mod indices;
mod kinds;
mod pages;

use super::shown;
use crate::diag::Diagnostic;
use crate::span::Span;
pub use arrangements::*;
pub use dims::*;
pub use indices::*;
pub use kinds::*;
pub use pages::ENTRIES;

/// One side of an operator.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its place.
    pub span: Span,
    /// `[N, D]`
    pub shape: String,
    /// The name and the place where it is declared, if the side is just a name.
    pub declared: Option<(String, Span)>,
    /// Its name, or nothing.
    pub text: String,
}

impl Side {
    fn called(&self, otherwise: &str) -> String {
        if self.text.is_empty() { otherwise.to_string() } else { format!("`{}`", shown(&self.text)) }
    }

    fn label(&self, problem: Diagnostic) -> Diagnostic {
        let problem = match problem.labels.first() {
            Some(first) if first.span == self.span => problem,
            _ => problem.label(self.span, format!("this is {}", self.shape)),
        };
        match &self.declared {
            Some((name, at)) => problem.label(*at, format!("`{}` is {}, defined here", shown(name), self.shape)),
            None => problem,
        }
    }
}

/// Which side of an operator has one axis of size 1 too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Neither.
    None,
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// The sizes that differ, with the places they come from.
type Sizes = Option<((String, Span), (String, Span))>;

fn label_sizes(problem: Diagnostic, sizes: &Sizes, sides: [&Side; 2]) -> Diagnostic {
    let Some(((a, from_a), (b, from_b))) = sizes else { return problem };
    let declared = |at: &Span| problem.labels.iter().any(|l| l.span == *at);
    let (show_a, show_b) =
        (!declared(from_a) && sides[0].declared.is_none(), !declared(from_b) && sides[1].declared.is_none());
    let problem = if show_a { problem.label(*from_a, format!("{} comes from here", shown(a))) } else { problem };
    if show_b && from_a != from_b { problem.label(*from_b, format!("{} comes from here", shown(b))) } else { problem }
}

/// Shapes that an elementwise operator does not take.
pub fn no_broadcast(at: Span, operator: &str, a: &Side, b: &Side, sizes: Sizes, extra: Extra) -> Diagnostic {
    let message = format!("{} and {} do not combine", a.shape, b.shape);
    let problem =
        Diagnostic::new("E0301", message, at, format!("`{}` of {} and {}", shown(operator), a.shape, b.shape));
    let problem = label_sizes(b.label(a.label(problem)), &sizes, [a, b]);
    let (x, y) = (if a.text.is_empty() { "x" } else { &a.text }, if b.text.is_empty() { "y" } else { &b.text });
    let (x, y) = (shown(x), shown(y));
    let pairs = |a: &str, b: &str| match operator {
        "if" => format!("[i, j] => if … {x}[{a}] … {y}[{b}]"),
        _ if operator.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            format!("[i, j] => {}({x}[{a}], {y}[{b}])", shown(operator))
        }
        _ => format!("[i, j] => {x}[{a}] {operator} {y}[{b}]"),
    };
    problem.help(match extra {
        Extra::Right => format!("did you mean `{y}[:, 0]`, or all pairs `{}`?", pairs("i", "j, 0")),
        Extra::Left => format!("did you mean `{x}[:, 0]`, or all pairs `{}`?", pairs("i, 0", "j")),
        Extra::None => format!(
            "shapes must be equal, or one the end of the other; anything else is said with indices, for example `{}`",
            pairs("i", "j")
        ),
    })
}

/// `x @ W` with different inner sizes.
pub fn inner_sizes_differ(
    at: Span,
    a: &Side,
    b: &Side,
    inner_a: (String, Span),
    inner_b: (String, Span),
) -> Diagnostic {
    let (left, right) = (a.called("the left side"), b.called("the right side"));
    let message = format!(
        "`@` needs equal inner dims: {left} is {} and ends with {}, {right} is {} and begins with {}",
        a.shape,
        shown(&inner_a.0),
        b.shape,
        shown(&inner_b.0)
    );
    let problem = Diagnostic::new("E0302", message, at, format!("{} against {}", shown(&inner_a.0), shown(&inner_b.0)));
    let same = inner_a.0.len() < 60 && inner_b.0 != inner_a.0;
    let problem = label_sizes(b.label(a.label(problem)), &Some((inner_a, inner_b)), [a, b]);
    if same { problem.help("`A'` swaps the last two axes") } else { problem }
}

/// `x @ 2`
pub fn matrix_product_of_scalar(at: Span, a: &Side, b: &Side) -> Diagnostic {
    let message = format!("`@` needs vectors or matrices: {} and {} given", a.shape, b.shape);
    b.label(a.label(Diagnostic::new("E0302", message, at, ""))).help("a product with a number is written with `*`")
}

/// `x'` of a vector.
pub fn nothing_to_transpose(at: Span, shape: &str) -> Diagnostic {
    Diagnostic::new("E0303", format!("`'` swaps the last two axes, this is {shape}"), at, "")
        .help("a vector needs no transpose: `u @ v` is the dot product")
}

/// An axis that does not exist.
pub fn no_such_axis(at: Span, axis: i64, shape: &str) -> Diagnostic {
    Diagnostic::new("E0304", format!("{shape} has no axis {axis}"), at, "")
        .help("axes are counted from 0; -1 is the last one")
}

/// `axis = N` where N occurs not once.
pub fn no_axis_of_size(at: Span, name: &str, shape: &str, found: usize) -> Diagnostic {
    let name = shown(name);
    let problem =
        if found == 0 { format!("{shape} has no axis {name}") } else { format!("{shape} has {found} axes {name}") };
    Diagnostic::new("E0304", problem, at, "")
        .help("count the axis instead: `axis = 0` is the first, `axis = -1` the last")
}

/// `axis = [0, 0]`
pub fn axis_twice(at: Span, axis: usize, shape: &str) -> Diagnostic {
    Diagnostic::new("E0304", format!("axis {axis} of {shape} is named twice"), at, "")
}

/// Something else where an axis should be named.
pub fn not_an_axis(at: Span) -> Diagnostic {
    Diagnostic::new("E0304", "this does not name an axis", at, "")
        .help("write a dim (`axis = N`), a number (`axis = -1`) or, for reductions, a list of them")
}

/// `argmax` over more than one axis.
pub fn one_axis_only(at: Span, name: &str, given: usize) -> Diagnostic {
    Diagnostic::new("E0304", format!("`{name}` goes over one axis, {given} given"), at, "")
        .help(format!("reshape to one axis first, or name one: `{name}(x, axis = -1)`"))
}

/// `size(x)` of a matrix.
pub fn which_axis(at: Span, shape: &str) -> Diagnostic {
    Diagnostic::new("E0304", format!("`size` of which axis of {shape}?"), at, "").help("write `size(x, axis = 0)`")
}

/// `[a, b]` with different shapes.
pub fn array_elements_differ(at: Span, shape: &str, first: Span, first_shape: &str) -> Diagnostic {
    Diagnostic::new(
        "E0305",
        format!("elements of an array differ: {first_shape} and {shape}"),
        at,
        format!("this is {shape}"),
    )
    .label(first, format!("this is {first_shape}"))
    .help("all elements of `[a, b]` have one shape; `concat(a, b)` puts arrays of different length one after the other")
}

/// `[]`
pub fn empty_array(at: Span) -> Diagnostic {
    Diagnostic::new("E0305", "an array has at least one element", at, "")
}

/// A literal of thousands of elements.
pub fn long_array(at: Span, count: usize, most: usize) -> Diagnostic {
    Diagnostic::new("E0305", format!("{count} elements in one array, at most {most} can be written out"), at, "")
        .help("read them from a file as an `input`")
}

/// `concat` of arrays that differ elsewhere.
pub fn concat_shapes(at: Span, a: &Side, b: &Side, axis: usize) -> Diagnostic {
    let message = format!("`concat` along axis {axis} of {} and {}", a.shape, b.shape);
    b.label(a.label(Diagnostic::new("E0305", message, at, "")))
        .help("all axes but the one they are joined along must be equal")
}

/// `concat()`
pub fn nothing_to_join(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0305", format!("`{name}` needs arrays with at least one axis"), at, "")
        .help("`[a, b]` makes an array of numbers")
}

/// `reshape` to another number of elements.
pub fn reshape_counts(at: Span, x: &Side, old: &str, before: &str, new: &str, after: &str) -> Diagnostic {
    let message = format!("{old} has {} elements and {new} has {}", shown(before), shown(after));
    x.label(Diagnostic::new("E0306", message, at, ""))
        .help("`reshape` keeps the number of elements, whatever open dims are")
}

/// `let (a, b) = …` of a tuple with other parts.
pub fn parts_differ(at: Span, given: usize, wanted: usize) -> Diagnostic {
    Diagnostic::new("E0307", format!("{given} values for {wanted} names"), at, "")
        .help("`_` stands for a value not used")
}

/// `let (a, b) = x` with an axis of another size.
pub fn axis_parts_differ(at: Span, shape: &str, wanted: usize) -> Diagnostic {
    Diagnostic::new("E0307", format!("{shape} cannot be taken apart into {wanted} names"), at, "")
        .help("the first axis must have that size, and it must be known")
}

/// `let (a, b) = 3`
pub fn no_parts(at: Span) -> Diagnostic {
    Diagnostic::new("E0307", "a single number has no parts", at, "").help("write one name: `let a = …`")
}

/// `fn f(x) -> ([N], [N]) = …` with another number of values.
pub fn result_of_another_count(at: Span, what: &str, given: usize, declared: Span, parts: usize) -> Diagnostic {
    let gives = if given == 1 { "one value".to_string() } else { format!("a tuple of {given}") };
    Diagnostic::new("E0307", format!("{what} is {gives}, declared as a tuple of {parts}"), at, gives)
        .label(declared, format!("{parts} types"))
        .help("give one type for each value")
}

/// A tuple where an array should stand.
pub fn tuple_is_no_number(at: Span) -> Diagnostic {
    Diagnostic::new("E0307", "a tuple is not a value of its own", at, "several values")
        .help("take it apart with `let (a, b) = …`; `[a, b]` makes an array")
}

/// A loss with axes.
pub fn not_one_number(at: Span, what: &str, shape: &str) -> Diagnostic {
    Diagnostic::new("E0308", format!("a {what} is one number, this is {shape}"), at, format!("this is {shape}"))
        .help("`mean(…)` or `sum(…)`?")
}

/// A value that is not as its type says.
pub fn wrong_shape(at: Span, what: &str, is: &str, wanted: &str, ty: Span, from: Option<Span>) -> Diagnostic {
    let wanted = if wanted == "[]" { "one number" } else { wanted };
    let problem =
        Diagnostic::new("E0309", format!("{what} is {is}, declared as {wanted}"), at, format!("this is {is}"))
            .label(ty, format!("declared as {wanted}"));
    match from {
        Some(from) if from != at && from != ty => problem.label(from, "the size comes from here"),
        _ => problem,
    }
}

/// `x: [4 * G]` with a size that is no multiple.
pub fn no_multiple(at: Span, size: &str, factor: &str, ty: Span) -> Diagnostic {
    Diagnostic::new("E0309", format!("{} is no multiple of {}", shown(size), shown(factor)), at, "")
        .label(ty, "declared here")
}

/// `[..]` in the shape of a port.
pub fn rest_in_declaration(at: Span) -> Diagnostic {
    Diagnostic::new("E0309", "`..` can only stand in the type of a `fn` argument", at, "").help("write out the dims")
}

/// A param without a start.
pub fn needs_start(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new(
        "E0310",
        format!("`{name}` needs a start (zeros make all units equal)"),
        at,
        "two or more axes, no start",
    )
    .help("for example `= glorot_uniform()`")
}

/// A start with another shape.
pub fn start_shape(at: Span, name: &str, given: &str, declared: &str, declaration: Span) -> Diagnostic {
    let message = format!("`{}` is {declared} and its start is {given}", shown(name));
    Diagnostic::new("E0311", message, at, format!("this is {given}"))
        .label(declaration, format!("declared as {declared}"))
        .help("a start is one number, an array of the declared shape, or an initialiser such as `he_normal()`")
}

/// A start that is not known at compile time.
pub fn start_not_constant(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0311", format!("the start of `{}` must be known at compile time", shown(name)), at, "")
        .help("it may use numbers, consts and dims of known size, in up to two million steps")
}

/// `load(3)`
pub fn load_arguments(at: Span) -> Diagnostic {
    Diagnostic::new("E0311", "`load` takes the path of a file and the name of an array in it, as texts", at, "")
        .help("`load(\"start.npz\", \"W\")`, or `load(\"W.npy\")` for a file with one array")
}

/// `normal(std = -1)`
pub fn start_out_of_range(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0311", format!("`{name}` cannot have these numbers"), at, "")
        .help("`normal(std)` needs std >= 0, `uniform(low, high)` needs low <= high")
}
