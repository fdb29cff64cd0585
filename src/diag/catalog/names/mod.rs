//! E02: names, scopes, calls and imports. See [the catalog](super) for how to add one.

mod pages;

use super::{nearest, shown};
use crate::diag::Diagnostic;
use crate::span::Span;
pub use pages::ENTRIES;

/// Names for a sentence, at most eight: `a`, `b` and `c`.
fn list(names: &[&str]) -> String {
    const MOST: usize = 8;
    let mut quoted: Vec<String> = names.iter().take(MOST).map(|n| format!("`{}`", shown(n))).collect();
    if names.len() > MOST {
        return format!("{} and {} more", quoted.join(", "), names.len() - MOST);
    }
    match quoted.pop() {
        None => "nothing".to_string(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} and {last}", quoted.join(", ")),
    }
}

fn meant(problem: Diagnostic, at: Span, near: Option<&str>) -> Diagnostic {
    match near {
        Some(near) => problem.help(format!("did you mean `{}`?", shown(near))).suggest(at, near),
        None => problem,
    }
}

/// Whether this code says that a name is unknown: where syntax errors hide definitions, it is not shown.
pub fn is_unknown_name(code: &str) -> bool {
    ["E0202", "E0203", "E0204"].contains(&code)
}

/// A name defined twice.
pub fn defined_twice(at: Span, name: &str, first: Span) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0201", format!("`{name}` is defined twice"), at, "defined again here")
        .label(first, "first defined here")
        .help("names of dims, ports, values and functions share one space; rename one of them")
}

/// A value that is not defined.
pub fn unknown_name(at: Span, name: &str, near: Option<&str>) -> Diagnostic {
    let problem = Diagnostic::new("E0202", format!("unknown name `{}`", shown(name)), at, "not defined in this file");
    match near {
        Some(_) => meant(problem, at, near),
        None => problem.help(format!("define it, for example `let {0} = …` or `input {0}`", shown(name))),
    }
}

/// A function that is not defined, or not imported from a file of `std`.
pub fn unknown_function(at: Span, name: &str, near: Option<&str>, std_file: Option<&str>) -> Diagnostic {
    let name = shown(name);
    let problem = Diagnostic::new("E0203", format!("unknown function `{name}`"), at, "neither built in nor a `fn`");
    match std_file {
        Some(file) => problem.help(format!("add `import {file} ({name})`")),
        None => meant(problem, at, near),
    }
}

/// A dim that is not declared.
pub fn unknown_dim(at: Span, name: &str, near: Option<&str>) -> Diagnostic {
    let name = shown(name);
    let problem = Diagnostic::new("E0204", format!("dim `{name}` is not declared"), at, "not declared in this file");
    match near {
        Some(near) => problem.help(format!("did you mean `{}`? Or add `dim {name}`", shown(near))).suggest(at, near),
        None => problem.help(format!("add `dim {name}` or `dim {name} = …`")),
    }
}

/// `dist.normal` without `import std.dist`.
pub fn unknown_prefix(at: Span, name: &str, near: Option<&str>) -> Diagnostic {
    let problem = Diagnostic::new("E0202", format!("unknown name `{}`", shown(name)), at, "not imported in this file");
    match near {
        Some(_) => meant(problem, at, near),
        None => problem.help(format!("a name before a dot is an imported file: `import std.{}`", shown(name))),
    }
}

/// Definitions that read each other, with their places, in order.
pub fn circle(items: &[(String, Span)]) -> Diagnostic {
    let mut names: Vec<String> = items.iter().take(12).map(|i| shown(&i.0)).collect();
    if items.len() > 12 {
        names.push("…".into());
    }
    names.extend(items.first().map(|i| shown(&i.0)));
    let at = items.first().map(|i| i.1).unwrap_or_default();
    let way = names.join(" → ");
    let mut problem = Diagnostic::new("E0205", format!("these definitions form a circle: {way}"), at, "starts here");
    for (name, at) in items.iter().skip(1).take(11) {
        problem = problem.label(*at, format!("`{}` is read by the one before", shown(name)));
    }
    problem.help("for values that depend on earlier steps, write a loop over the steps")
}

/// `let a = a + 1`
pub fn reads_itself(at: Span, name: &str, is_built_in: bool) -> Diagnostic {
    let name = shown(name);
    let problem =
        Diagnostic::new("E0205", format!("these definitions form a circle: {name} → {name}"), at, "reads itself");
    if is_built_in {
        problem.help(format!("the name hides the built-in `{name}` everywhere in this file; choose another name"))
    } else {
        problem.help("a name has one value; give the new value a name of its own")
    }
}

/// `let s[t] = 0.9 * s[t - 1] + x[t]`; `scan` is the loop that says it, where one was found.
pub fn recurrence(at: Span, name: &str, scan: Option<&str>) -> Diagnostic {
    let name = shown(name);
    let scan = scan.map_or(format!("scan(t in T, {name} = 0) => …"), str::to_string);
    Diagnostic::new("E0206", format!("`{name}` reads itself"), at, "elements may not depend on other elements of it")
        .help(format!("use `{scan}`, where `{name}` is the value before the step"))
}

/// An index with the name of something visible.
pub fn index_name_taken(at: Span, name: &str, noun: &str, other: Span) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0207", format!("index `{name}` has the name of {noun} `{name}`"), at, "bound again here")
        .label(other, format!("{noun} `{name}`"))
        .help("rename the index")
}

/// A state of a loop with the name of something visible.
pub fn state_name_taken(at: Span, name: &str, noun: &str, other: Span) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0207", format!("state `{name}` has the name of {noun} `{name}`"), at, "bound again here")
        .label(other, format!("{noun} `{name}`"))
        .help("rename the state; only the value that the loop defines may lend its name")
}

/// A `fn` that calls itself without end.
pub fn endless_recursion(at: Span, name: &str, limit: usize) -> Diagnostic {
    Diagnostic::new(
        "E0208",
        format!("`{}` calls itself without end", shown(name)),
        at,
        format!("{limit} calls deep here"),
    )
    .help("recursion must be ended by an `if` on sizes or other numbers known at compile time")
}

/// More calls than are reasonable.
pub fn too_many_calls(at: Span, name: &str, limit: usize) -> Diagnostic {
    Diagnostic::new(
        "E0208",
        format!("`{}` leads to more than {limit} different calls", shown(name)),
        at,
        "one too many",
    )
    .help("recursion must be ended by an `if` on sizes or other numbers known at compile time")
}

/// Expressions and calls within each other deeper than there is room for.
pub fn too_deep(at: Span) -> Diagnostic {
    Diagnostic::new("E0208", "expressions and calls are nested too deeply", at, "too deep here")
        .help("give parts of it names with `let` at top level")
}

/// A name that an imported file does not define.
pub fn not_in_file(at: Span, file: &str, name: &str, has: &[&str]) -> Diagnostic {
    let problem = Diagnostic::new(
        "E0209",
        format!("`{}` has no fn, const, dim or let `{}`", shown(file), shown(name)),
        at,
        "not defined there",
    )
    .note(format!("it has {}", list(has)));
    let near = if name.len() <= 100 { nearest(name, has.iter().copied()) } else { None };
    meant(problem, at, near)
}

/// A file that cannot be read.
pub fn cannot_import(at: Span, file: &str, why: &str, near: Option<&str>) -> Diagnostic {
    let problem =
        Diagnostic::new("E0210", format!("cannot read `{}`: {}", shown(file), shown(why)), at, "imported here");
    if let Some(near) = near {
        return problem.help(format!("did you mean `import {near}`?"));
    }
    problem.help("`import lib.optics` reads `lib/optics.nn` beside this file; files of nnc itself are `import std.…`")
}

/// `import std.layer`
pub fn no_std_file<'a>(at: Span, path: &str, files: impl Iterator<Item = &'a str>) -> Diagnostic {
    let files: Vec<&str> = files.collect();
    let problem = Diagnostic::new("E0210", format!("there is no `{}`", shown(path)), at, "imported here");
    match nearest(&shown(path), files.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `import {near}`?")),
        None => problem.help(format!("there are {}", list(&files))),
    }
}

/// Files that import each other.
pub fn import_circle(at: Span, circle: &[&str]) -> Diagnostic {
    let way = circle.iter().map(|p| shown(p)).collect::<Vec<_>>().join(" → ");
    Diagnostic::new("E0211", format!("these files import each other in a circle: {way}"), at, "closes the circle")
        .help("move what both need into a third file")
}

/// `param` in an imported file.
pub fn not_in_library(at: Span, path: &str) -> Diagnostic {
    Diagnostic::new("E0212", format!("`{}` is imported and cannot hold this statement", shown(path)), at, "")
        .help("an imported file holds `import`, `dim`, `const`, `let`, `fn`, `derivative` and `layer`; give a `fn` what it needs as arguments")
}

/// Something that is called but is no function.
pub fn not_a_function(at: Span, text: &str, declared: Option<Span>) -> Diagnostic {
    let what = if text.is_empty() { "this".to_string() } else { format!("`{}`", shown(text)) };
    let problem = Diagnostic::new("E0213", format!("{what} is not a function"), at, "called here");
    match declared {
        Some(place) => problem.label(place, format!("{what} is defined here")).help("a product is written with `*`"),
        None => problem.help("only names of functions can be called"),
    }
}

/// A function where a number should stand.
pub fn function_is_no_value(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0213", format!("`{name}` is a function, not a value"), at, "needs arguments")
        .help(format!("call it, `{name}(…)`; a function by itself can only be passed to a `fn`"))
}

/// `relu[i](x)`
pub fn not_a_reduction(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0213", format!("`{name}` is not a reduction"), at, "")
        .help("indices in brackets belong to `sum mean prod max min logsumexp argmax argmin any all var`")
}

/// `sum[i]` without a body, `f[0]`.
pub fn function_is_indexed(at: Span, name: &str, is_reduction: bool) -> Diagnostic {
    let name = shown(name);
    let problem = Diagnostic::new("E0213", format!("`{name}` is a function, not a value"), at, "");
    if is_reduction {
        problem.help(format!("a reduction has a body: `{name}[i](x[i])`"))
    } else {
        problem.help(format!("call it with round brackets, `{name}(…)`"))
    }
}

/// `he_normal()` in an expression.
pub fn start_out_of_place(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0213", format!("`{name}` is the start of a param, not a value"), at, "")
        .help(format!("write `param w: [D, H] = {name}(…)`"))
}

/// A prefix without a dot.
pub fn prefix_is_no_value(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0213", format!("`{name}` is an imported file, not a value"), at, "")
        .help(format!("name something in it: `{name}.…`"))
}

/// `x.y` of a value.
pub fn no_field(at: Span, field: &str) -> Diagnostic {
    Diagnostic::new("E0213", format!("there is no `.{}` here", shown(field)), at, "")
        .help("a dot follows the name of an imported file: `dist.normal(x)`")
}

/// More arguments than parameters.
pub fn too_many_arguments(at: Span, name: &str, parameters: &[&str], given: usize) -> Diagnostic {
    let takes = if parameters.len() == 1 { "1 argument".into() } else { format!("{} arguments", parameters.len()) };
    Diagnostic::new("E0214", format!("`{}` takes {takes}, {given} given", shown(name)), at, "")
        .help(format!("its arguments: {}", signature(name, parameters)))
}

/// Arguments that are not given.
pub fn missing_arguments(at: Span, name: &str, parameters: &[&str], missing: &[&str]) -> Diagnostic {
    Diagnostic::new("E0214", format!("`{}` needs {}", shown(name), list(missing)), at, "not given here")
        .help(format!("its arguments: {}", signature(name, parameters)))
}

/// A named argument that does not exist.
pub fn unknown_argument(at: Span, name: &str, given: &str, parameters: &[&str]) -> Diagnostic {
    let problem =
        Diagnostic::new("E0215", format!("`{}` has no argument `{}`", shown(name), shown(given)), at, "unknown here");
    let near = if given.len() <= 100 { nearest(given, parameters.iter().copied()) } else { None };
    match near {
        Some(_) => meant(problem, at, near),
        None => problem.help(format!("its arguments: {}", signature(name, parameters))),
    }
}

/// An argument given twice.
pub fn argument_twice(at: Span, name: &str, parameter: &str) -> Diagnostic {
    let problem = format!("`{}` is given `{}` twice", shown(name), shown(parameter));
    Diagnostic::new("E0215", problem, at, "given again here").help("positional arguments fill the parameters in order")
}

fn signature(name: &str, parameters: &[&str]) -> String {
    let parameters: Vec<String> = parameters.iter().map(|p| shown(p)).collect();
    format!("`{}({})`", shown(name), parameters.join(", "))
}

/// Something that the language has and this version does not.
pub fn not_available(at: Span, what: &str) -> Diagnostic {
    Diagnostic::new("E0216", format!("`{}` is not available in this version", shown(what)), at, "")
}

/// A second `loss` without a name.
pub fn second_loss(at: Span, first: Span) -> Diagnostic {
    Diagnostic::new("E0217", "a second `loss` without a name", at, "")
        .label(first, "the first one")
        .help("add them, or give them names: `loss fit = …`")
}

/// A second `precision`.
pub fn second_precision(at: Span, first: Span) -> Diagnostic {
    Diagnostic::new("E0217", "`precision` is stated twice", at, "").label(first, "first stated here").help("keep one")
}

/// What the label at a call says when the problem lies in the function.
pub fn in_this_call(name: &str) -> String {
    format!("in this call of `{}`", shown(name))
}

/// What the note says when the problem lies in a function of `std`.
pub fn in_std_function(name: &str, arguments: &str) -> String {
    format!("inside `{}`, called with {arguments}", shown(name))
}
