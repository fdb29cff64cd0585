//! Index notation: ranges, reads, slices.

use super::super::shown;
use crate::diag::Diagnostic;
use crate::span::Span;

/// One use of an index.
#[derive(Clone, Debug)]
pub struct RangeUse {
    /// The read.
    pub span: Span,
    /// The read as it is written, or nothing.
    pub text: String,
    /// The size of the axis.
    pub size: String,
    /// Where the axis has its size from.
    pub from: Span,
}

/// A read that leaves an axis.
#[derive(Clone, Debug)]
pub struct IndexPlace {
    /// The index.
    pub span: Span,
    /// The read.
    pub whole: Span,
    /// The read as it is written, or nothing.
    pub text: String,
    /// The size of the axis.
    pub size: String,
    /// Where the axis has its size from.
    pub size_from: Span,
}

impl IndexPlace {
    fn read(&self) -> String {
        if self.text.is_empty() { "this index".into() } else { format!("`{}`", shown(&self.text)) }
    }

    fn problem(&self, message: String, label: &str) -> Diagnostic {
        let problem = Diagnostic::new("E0325", message, self.span, label);
        if self.size_from == self.span {
            problem
        } else {
            problem.label(self.size_from, "the axis has its size from here")
        }
    }
}

/// An index that runs over two sizes.
pub fn two_ranges(at: Span, index: &str, a: &RangeUse, b: &RangeUse) -> Diagnostic {
    let index = shown(index);
    let read = |u: &RangeUse| if u.text.is_empty() { String::new() } else { format!(" in `{}`", shown(&u.text)) };
    let message =
        format!("index `{index}` runs over {}{} and over {}{}", shown(&a.size), read(a), shown(&b.size), read(b));
    Diagnostic::new("E0323", message, at, "")
        .label(a.span, format!("over {} here", shown(&a.size)))
        .label(b.span, format!("over {} here", shown(&b.size)))
        .help("an index has one range; use two indices, or declare both axes with the same dim")
}

/// An index without a range; `all` are those without one in these brackets.
pub fn range_unknown(at: Span, index: &str, all: &[&str], comprehension: bool) -> Diagnostic {
    let ranges: Vec<String> = all.iter().take(6).map(|name| format!("{} in N", shown(name))).collect();
    let help = if comprehension {
        format!("write `[{}]`, with a dim or a number", ranges.join(", "))
    } else {
        format!("write `{}` in the brackets, with a dim or a number", ranges.join(", "))
    };
    Diagnostic::new(
        "E0324",
        format!("the range of `{}` is not known from any use", shown(index)),
        at,
        "no use gives its range",
    )
    .help(help)
}

/// An index that leaves its axis at one end of its range.
pub fn index_leaves_axis(place: &IndexPlace, index: &str, at: &str, fix: Option<&str>, low: bool) -> Diagnostic {
    let (index, at) = (shown(index), shown(at));
    let message = format!("{} leaves the axis when {index} = {at}", place.read());
    let problem = place.problem(message, &format!("the axis has size {}", shown(&place.size)));
    match fix {
        Some(fix) => problem.help(format!("state the range: `{index} in {}`", shown(fix))),
        None if low => problem.help(format!("guard it: `if {index} > 0 then … else …`, or shift the index")),
        None => problem.help("state a range that keeps it inside"),
    }
}

/// A literal index outside its axis.
pub fn literal_leaves_axis(place: &IndexPlace) -> Diagnostic {
    let message = format!("{} leaves the axis", place.read());
    place
        .problem(message, &format!("the axis has size {}", shown(&place.size)))
        .help("indices begin at 0; -1 is the last element")
}

/// An index that is not proven to stay inside.
pub fn index_not_proven(place: &IndexPlace, certain: bool) -> Diagnostic {
    let message = if certain {
        format!("{} leaves the axis", place.read())
    } else {
        format!("{} is not known to stay on the axis", place.read())
    };
    place
        .problem(message, &format!("the axis has size {}", shown(&place.size)))
        .help("state shorter ranges, or guard it: `if 0 <= k and k < N then x[k] else 0`")
}

/// A slice that leaves its axis.
pub fn slice_leaves_axis(at: Span, size: &str, from: Span) -> Diagnostic {
    Diagnostic::new(
        "E0325",
        "this slice is not known to stay on its axis",
        at,
        format!("the axis has size {}", shown(size)),
    )
    .label(from, "the axis has its size from here")
    .help("ranges leave out their end: the whole axis is `0..N`, and `-1` counts from the end")
}

/// `x[3..1]`
pub fn slice_is_backwards(at: Span, length: &str) -> Diagnostic {
    Diagnostic::new("E0325", format!("this slice would have {} elements", shown(length)), at, "ends before it begins")
}

/// `x[0..i]`
pub fn slice_length_varies(at: Span) -> Diagnostic {
    Diagnostic::new("E0325", "the length of a slice cannot depend on an index", at, "")
        .help("sum over part of an axis with `sum[j in 0..i](x[j])`")
}

/// More indices than axes.
pub fn too_many_indices(
    at: Span,
    name: &str,
    shape: &str,
    given: usize,
    rests: usize,
    declared: Option<(String, Span)>,
) -> Diagnostic {
    let what = if name.is_empty() { "this".to_string() } else { format!("`{}`", shown(name)) };
    let message = if rests > 1 {
        "`..` can stand only once in a bracket".to_string()
    } else {
        format!("{what} is {shape} and has no {given} axes")
    };
    let problem = Diagnostic::new("E0326", message, at, "");
    match declared {
        Some((_, span)) => problem.label(span, format!("{what} is {shape}, defined here")),
        None => problem,
    }
}

/// `..` over axes that differ from those of the comprehension.
pub fn leading_axes_differ(at: Span, here: &str, there: &str) -> Diagnostic {
    Diagnostic::new("E0326", format!("`..` stands for {there} around here, and for {here} in this read"), at, "")
        .help("all reads with `..` in one comprehension have the same leading axes")
}

/// Two index arrays in one bracket.
pub fn two_index_arrays(at: Span, first: Span) -> Diagnostic {
    Diagnostic::new("E0327", "two index arrays in one bracket", at, "the second")
        .label(first, "the first")
        .help("say how they go together: `[n] => A[i[n], j[n]]`")
}

/// A number or condition where an index should stand.
pub fn not_an_index(at: Span) -> Diagnostic {
    Diagnostic::new("E0328", "this is not an index", at, "a number or condition")
        .help("an index is a whole number, a bound index, a label, or `+ - *`, `div`, `mod` of them")
}

/// `i in N` outside a reduction.
pub fn binder_outside_reduction(at: Span) -> Diagnostic {
    Diagnostic::new("E0329", "`i in N` can only stand in a reduction or before `=>`", at, "")
        .help("write `[i in N] => …` or `sum[i in N](…)`")
}

/// `x[i where c]`
pub fn where_outside_reduction(at: Span) -> Diagnostic {
    Diagnostic::new("E0329", "`where` can only stand in a reduction", at, "")
        .help("write `sum[i where c](…)`, or choose elements with `if`")
}

/// `sum[i + 1](…)`
pub fn not_a_binder(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0329", format!("the bracket of `{name}` lists indices"), at, "not the name of an index")
        .help(format!("for example `{name}[i in N, j](x[i, j])`"))
}

/// `sum[i](a, b)`
pub fn reduction_takes_one(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0329", format!("`{name}[…]` takes one expression"), at, "")
        .help(format!("for example `{name}[i](x[i])`"))
}

/// A filter with axes.
pub fn filter_has_axes(at: Span, shape: &str) -> Diagnostic {
    Diagnostic::new("E0329", format!("a filter is one condition, this is {shape}"), at, "")
        .help("use the indices: `where c[i]`")
}

/// `[i, ..]`
pub fn rest_comes_first(at: Span) -> Diagnostic {
    Diagnostic::new("E0329", "`..` stands for leading axes and comes first", at, "").help("write `[.., i] => …`")
}

/// `[i in 1..N] => …`
pub fn starts_at_zero(at: Span, index: &str) -> Diagnostic {
    let index = shown(index);
    Diagnostic::new("E0330", format!("the axis of `{index}` must begin at 0"), at, "")
        .help(format!("shift the index: `[{index} in N - 1] => x[{index} + 1]`"))
}

/// `[i in N, j in 0..i] => …`
pub fn ragged_range(at: Span, index: &str) -> Diagnostic {
    Diagnostic::new("E0330", format!("the range of `{}` depends on another index", shown(index)), at, "")
        .help("an array has one length along an axis; in a reduction, ranges may depend on outer indices")
}

/// A range whose ends are not bounded.
pub fn range_has_no_bounds(at: Span, index: &str) -> Diagnostic {
    Diagnostic::new("E0330", format!("nothing is known about the ends of the range of `{}`", shown(index)), at, "")
        .help("state a range of known size and filter it: `sum[j in N where j < k](…)`")
}
