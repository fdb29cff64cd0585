//! E01: syntax. See [the catalog](super) for how to add one; the pages are in `pages.rs`, and what other languages
//! write is in `foreign.rs`.

mod foreign;
mod forms;
mod pages;

use super::{nearest, shown};
use crate::diag::Diagnostic;
use crate::span::Span;
pub use foreign::{foreign_operator, foreign_statement, stray_character};
pub use forms::{
    ENTRIES as FORMS, iterate_with_index, layer_line, loop_index_not_first, loop_value_without_start,
    loop_without_index, loop_without_states, malformed_loop, nameless_function, option_as_state, second_loop_index,
    state_twice, state_without_name, statement_in_layer, update_out_of_place, values_of_body,
};
pub use pages::ENTRIES;

// --- E0101, E0102: how a statement begins ---

/// `x = 3`, `f(x) = 3`: `statement` is how it should read, with its keyword `let` or `fn`, in place of `whole`.
pub fn missing_keyword(at: Span, whole: Span, statement: &str) -> Diagnostic {
    let label =
        if statement.starts_with("fn") { "a function is defined by `fn`" } else { "a name is defined by `let`" };
    Diagnostic::new("E0101", "a statement starts with a keyword", at, label)
        .help(format!("did you mean `{}`?", shown(statement)))
        .suggest(whole, statement)
}

/// A word that no statement begins with.
pub fn unknown_statement(at: Span, word: &str, keywords: &[&str]) -> Diagnostic {
    if let Some(problem) = foreign_statement(at, word) {
        return problem;
    }
    let problem = Diagnostic::new("E0101", format!("no statement starts with `{}`", shown(word)), at, "not a keyword");
    match nearest(word, keywords.iter().copied()) {
        Some(keyword) => problem.help(format!("did you mean `{keyword}`?")).suggest(at, keyword),
        None => problem.help("a new name is defined by `let NAME = …`"),
    }
}

/// A line that is only a value, or begins with something else than a word.
pub fn value_without_keyword(at: Span) -> Diagnostic {
    Diagnostic::new("E0101", "a statement starts with a keyword", at, "this line begins with a value")
        .help("give it a name with `let NAME = …`, or show it with `output NAME = …`")
}

/// `+ b` on a line of its own.
pub fn line_begins_with_operator(at: Span, operator: &str) -> Diagnostic {
    Diagnostic::new("E0102", format!("this line begins with `{operator}`"), at, "the line before has ended already")
        .help(format!("end the line before with `{operator}`, or put the whole in brackets"))
}

// --- E0103: operators of other languages; see also `foreign` ---

/// `c ? a : b`; `rewritten` is the whole as an `if`, with its place.
pub fn conditional_operator(at: Span, rewritten: Option<(Span, String)>) -> Diagnostic {
    let problem = Diagnostic::new("E0103", "nnc has no `?:`", at, "not an operator of nnc");
    match rewritten {
        Some((place, text)) => problem.help(format!("write `{}`", shown(&text))).suggest(place, text),
        None => problem.help("write `if … then … else …`"),
    }
}

// --- E0104: if ---

/// `if a then b`
pub fn if_without_else(at: Span, missing: Span) -> Diagnostic {
    Diagnostic::new("E0104", "this `if` has no `else`; every `if` is a value", at, "which value if this does not hold?")
        .label(missing, "`else` is missing here")
        .help("write `if … then … else …`")
}

/// `if a b else c`
pub fn if_without_then(at: Span, missing: Span) -> Diagnostic {
    Diagnostic::new("E0104", "this `if` has no `then`", missing, "`then` is missing here")
        .label(at, "the condition starts here")
        .help("write `if … then … else …`")
}

/// `elif`
pub fn elif(at: Span, word: &str) -> Diagnostic {
    Diagnostic::new("E0104", format!("nnc has no `{}`", shown(word)), at, "")
        .help("write `else if`")
        .suggest(at, "else if")
}

// --- E0105, E0122: slices and ranges ---

/// `x[0:3]`; `rewritten` is the slice with `..`, with its place.
pub fn slice_with_colon(at: Span, rewritten: Option<(Span, String)>) -> Diagnostic {
    let problem = Diagnostic::new("E0105", "a slice is written `0..3`", at, "`:` alone takes the whole axis");
    match rewritten {
        Some((place, text)) => problem.help(format!("write `{}`", shown(&text))).suggest(place, text),
        None => problem.help("write `0..3`; there are no steps, `[i in 3] => x[2*i]` takes every second element"),
    }
}

/// `let r = 0..3`, `f(0..3)` outside `data`.
pub fn range_out_of_place(at: Span) -> Diagnostic {
    Diagnostic::new("E0122", "a range is not a value", at, "a range cannot stand here")
        .help("ranges stand in `x[0..3]`, in `i in 0..3` and in `data`; for the numbers 0, 1, 2 write `[i in 3] => i`")
}

/// `0...3`
pub fn three_dots(at: Span) -> Diagnostic {
    Diagnostic::new("E0122", "a range has two dots", at, "")
        .help("`0..3` is 0, 1, 2: the end is left out")
        .suggest(at, "..")
}

// --- E0106, E0123, E0124: two things side by side ---

/// `[4 8]`: `what` is where, such as `a shape`; the comma belongs at `gap`.
pub fn missing_comma(left: (Span, &str), right: (Span, &str), what: &str) -> Diagnostic {
    let message = format!("missing comma between `{}` and `{}` in {what}", shown(left.1), shown(right.1));
    let gap = Span { start: left.0.end, ..left.0 };
    Diagnostic::new("E0106", message, right.0, "a comma is missing before this")
        .help(format!("write `{}, {}`", shown(left.1), shown(right.1)))
        .suggest(gap, ",")
}

/// `2 x`, `(a b)`, `sin x`: `callable` if the left one is a name.
pub fn missing_operator(left: (Span, &str), right: (Span, &str), callable: bool) -> Diagnostic {
    let (left_text, right_text) = (shown(left.1), shown(right.1));
    let message = format!("missing operator between `{left_text}` and `{right_text}`");
    let call = if callable { format!(", a call `{left_text}({right_text})`") } else { String::new() };
    Diagnostic::new("E0123", message, right.0, "expected an operator before this")
        .help(format!("a product is written `{left_text} * {right_text}`{call}"))
}

/// `2(x)`, `4 [8]`
pub fn literal_before_bracket(at: Span, literal: Span) -> Diagnostic {
    Diagnostic::new("E0123", "missing operator or comma before this bracket", at, "")
        .label(literal, "this cannot be called or indexed")
        .help("a product is written `2 * (x)`")
}

/// `return x` in a block; `word` is `return` with the space after it.
pub fn return_in_block(at: Span, word: Span) -> Diagnostic {
    Diagnostic::new("E0123", "nnc has no `return`", at, "")
        .help("the last line of a block is its value; leave out `return`")
        .suggest(word, "")
}

/// `let a = 1 let b = 2`
pub fn second_statement(at: Span, word: &str) -> Diagnostic {
    Diagnostic::new("E0124", format!("`{word}` starts a statement, but the line has one already"), at, "")
        .help("begin a new line")
}

/// `let a = 1, b = 2`
pub fn second_declaration(at: Span, keyword: &str) -> Diagnostic {
    Diagnostic::new("E0124", format!("`{keyword}` declares one name per line"), at, "the statement ends before this")
        .help("write one line each; only `dim` and `const` take lists")
}

// --- E0107: keywords as names ---

/// `let loss = 3`
pub fn keyword_as_name(at: Span, word: &str) -> Diagnostic {
    Diagnostic::new("E0107", format!("`{word}` is a keyword and cannot be a name"), at, "a keyword")
        .help(format!("choose another name, for example `{word}_`"))
}

// --- E0108, E0109, E0110: brackets and depth ---

/// `(` without its partner; `found` is where its absence was noticed.
pub fn unclosed_bracket(opened: Span, bracket: char, found: Span) -> Diagnostic {
    Diagnostic::new("E0108", format!("unclosed `{bracket}`"), opened, format!("unclosed `{bracket}` opened here"))
        .label(found, format!("`{}` is missing before this", partner(bracket)))
}

/// `(` closed by `]`.
pub fn mismatched_bracket(opened: Span, bracket: char, closed: Span, closing: char) -> Diagnostic {
    let message = format!("`{bracket}` is closed by `{closing}`");
    Diagnostic::new("E0108", message, closed, format!("expected `{}`", partner(bracket)))
        .label(opened, format!("`{bracket}` opened here"))
}

/// `)` without a `(`.
pub fn unexpected_bracket(at: Span, bracket: char) -> Diagnostic {
    let opening = match bracket {
        ')' => '(',
        ']' => '[',
        _ => '{',
    };
    Diagnostic::new("E0109", format!("unexpected `{bracket}`"), at, format!("no `{opening}` is open here"))
}

/// More than `limit` brackets, `if` or `=>` within each other.
pub fn nested_too_deeply(at: Span, limit: usize) -> Diagnostic {
    Diagnostic::new("E0110", format!("nested more than {limit} deep"), at, format!("level {} starts here", limit + 1))
        .help("give parts of it names with `let`")
}

/// A tree deeper than `limit`, such as a sum of very many terms.
pub fn too_many_operations(at: Span, limit: usize) -> Diagnostic {
    Diagnostic::new("E0110", format!("more than {limit} operations within each other"), at, "too long")
        .help("give parts of it names with `let`, or write a sum over an index: `sum[i](x[i])`")
}

/// The parser ran out of stack: it was called from deep within another program.
pub fn out_of_stack(at: Span) -> Diagnostic {
    Diagnostic::new("E0110", "this statement is nested too deeply for the stack that is left", at, "")
        .help("give parts of it names with `let`")
}

/// A file of 4 GiB or more, in which places cannot be counted.
pub fn too_large(at: Span) -> Diagnostic {
    Diagnostic::new("E0110", "this file is larger than 4 GiB", at, "").help("numbers in bulk belong in a data file")
}

/// The file has more than `limit` problems; the others are not shown.
pub fn too_many_problems(at: Span, limit: usize) -> Diagnostic {
    Diagnostic::new("E0110", format!("more than {limit} problems; only {limit} are shown"), at, "")
        .help("is this a `.nn` file?")
}

// --- E0111, E0112, E0117: numbers and texts ---

/// `2.`
pub fn dot_without_digits(at: Span, text: &str) -> Diagnostic {
    let text = shown(text);
    Diagnostic::new("E0111", format!("`{text}` is not a number"), at, "a dot needs digits on both sides")
        .help(format!("write `{text}0`, or `{}`", text.trim_end_matches('.')))
}

/// `.5`
pub fn dot_before_digits(at: Span, text: &str) -> Diagnostic {
    let text = shown(text);
    Diagnostic::new("E0111", format!("`{text}` is not a number"), at, "a dot needs digits on both sides")
        .help(format!("write `0{text}`"))
        .suggest(Span { end: at.start, ..at }, "0")
}

/// `2x` or `2.x`: `text`, which begins with `digits` and ends with `name`.
pub fn number_with_name(at: Span, text: &str, digits: &str, name: &str) -> Diagnostic {
    Diagnostic::new("E0111", format!("`{}` is neither a number nor a name", shown(text)), at, "").help(format!(
        "a product is written `{} * {}`; names do not begin with a digit",
        shown(digits),
        shown(name)
    ))
}

/// `0x1f`, `1__0`, `1.2.3`
pub fn malformed_number(at: Span, text: &str) -> Diagnostic {
    Diagnostic::new("E0111", format!("`{}` is not a number", shown(text)), at, "")
        .help("numbers look like `12`, `1_000`, `1.5` and `1e-3`")
}

/// A number too large or too small for f64.
pub fn number_out_of_range(at: Span, text: &str) -> Diagnostic {
    Diagnostic::new("E0111", format!("`{}` is out of range", shown(text)), at, "not a 64-bit floating-point number")
        .help("numbers reach from 5e-324 to 1.7976931348623157e308; infinity is `inf`")
}

/// A text without closing quote on its line.
pub fn unterminated_text(at: Span) -> Diagnostic {
    Diagnostic::new("E0112", "this text has no closing quote", at, "a text ends on its line").help("close it with `\"`")
}

/// `"\q"`
pub fn unknown_escape(at: Span, escape: char) -> Diagnostic {
    Diagnostic::new("E0112", format!("unknown escape `\\{escape}` in a text"), at, "")
        .help("the escapes are `\\\"`, `\\\\`, `\\n` and `\\t`; a backslash itself is written `\\\\`")
}

/// `'a.csv'`
pub fn single_quotes(at: Span) -> Diagnostic {
    Diagnostic::new("E0112", "a text stands in double quotes", at, "`'` transposes a matrix").help("write `\"…\"`")
}

/// A text outside `data`, `train` and `load(…)`.
pub fn text_out_of_place(at: Span) -> Diagnostic {
    Diagnostic::new("E0117", "a text is not a value", at, "a text cannot stand here")
        .help("texts are arguments in `data`, `train` and `load(…)`")
}

// --- E0113, E0114: characters; see also `foreign` ---

/// A control character, and `others` more in the same file.
pub fn control_character(at: Span, c: char, others: usize) -> Diagnostic {
    let message = format!("control character U+{:04X}", u32::from(c));
    let problem = Diagnostic::new("E0113", message, at, "cannot stand in a `.nn` file").help("delete it");
    if others == 0 {
        problem
    } else {
        problem.note(format!("control characters in the file besides this one: {others}"))
    }
}

/// Bytes that are not UTF-8; `offset` counts from 0.
pub fn not_utf8(at: Span, byte: u8, offset: usize) -> Diagnostic {
    let label = format!("byte 0x{byte:02X} at offset {offset}");
    Diagnostic::new("E0114", "this file is not UTF-8", at, label).help("save it as UTF-8 in the editor")
}

/// A file in UTF-16.
pub fn utf16(at: Span) -> Diagnostic {
    Diagnostic::new("E0114", "this file is not UTF-8", at, "it begins like UTF-16")
        .help("save it as UTF-8 in the editor")
}

// --- E0115, E0121: what the grammar wants ---

/// Something else stands where a value, a name or a mark should.
pub fn expected(at: Span, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::new("E0115", format!("expected {expected}, found {found}"), at, format!("expected {expected}"))
}

/// `a +`: nothing, a comma or a bracket after an operator. `what` is `a value` or `a type`; `found` stands instead.
pub fn missing_after(after: (Span, &str), what: &str, found: &str) -> Diagnostic {
    let message = format!("expected {what} after `{}`, found {found}", shown(after.1));
    Diagnostic::new("E0115", message, after.0, format!("{what} is missing after this"))
}

/// `precision f16`
pub fn unknown_precision(at: Span, name: &str) -> Diagnostic {
    let problem = Diagnostic::new("E0121", format!("`{}` is not a precision", shown(name)), at, "");
    match nearest(name, ["f32", "f64"]) {
        Some(near) if name != "f16" => problem.help(format!("did you mean `{near}`?")).suggest(at, near),
        _ => problem.help("write `f32` or `f64`"),
    }
}

/// A declaration whose parts are not in the form `form`.
pub fn declaration(at: Span, message: &str, form: &str) -> Diagnostic {
    Diagnostic::new("E0121", message, at, "").help(format!("write `{form}`"))
}

/// `x => x^2`
pub fn arrow_without_indices(at: Span) -> Diagnostic {
    Diagnostic::new("E0115", "`=>` follows indices in square brackets", at, "")
        .help("write `[i] => x[i]^2` for an array, `fn f(x) = x^2` for a function")
}

/// `[i] -> x[i]`
pub fn thin_arrow(at: Span) -> Diagnostic {
    Diagnostic::new("E0115", "index notation is written with `=>`", at, "")
        .help("write `[i] => …`; `->` gives the type of a `fn`")
        .suggest(at, "=>")
}

/// `f(x: 3)`
pub fn named_with_colon(at: Span, name: &str) -> Diagnostic {
    let name = shown(name);
    Diagnostic::new("E0121", "a named argument is written with `=`, not `:`", at, "")
        .help(format!("write `{name} = …`"))
}

// --- E0118: = and == ---

/// `if a = b then …`
pub fn definition_in_expression(at: Span) -> Diagnostic {
    Diagnostic::new(
        "E0118",
        "`=` defines a name, and cannot stand in an expression",
        at,
        "a comparison is written `==`",
    )
    .help("write `==` to compare")
    .suggest(at, "==")
}

/// `let x == 3`
pub fn comparison_as_definition(at: Span) -> Diagnostic {
    Diagnostic::new("E0118", "`==` compares; a definition is written `=`", at, "").help("write `=`").suggest(at, "=")
}

// --- E0119, E0120: order of operands and arguments ---

/// `a @ -b`, `a == not b`, `a + if c then 1 else 0`: an operand that reaches further than its operator lets it.
pub fn needs_brackets(at: Span, what: &str, operator: Span, after: &str) -> Diagnostic {
    Diagnostic::new("E0119", format!("`{what}` after `{after}` needs brackets"), at, "starts an operand of its own")
        .label(operator, format!("`{after}` binds tighter"))
        .help(match what {
            "-" => format!("write `{after} (-…)`"),
            "=>" => format!("write `{after} ([…] => …)`"),
            _ => format!("write `{after} ({what} …)`"),
        })
}

/// `f(a = 1, 2)`
pub fn positional_after_named(at: Span, named: Span, name: &str) -> Diagnostic {
    Diagnostic::new("E0120", "arguments with a name come last", at, "this argument has no name")
        .label(named, format!("`{}` has one", shown(name)))
}

// --- E0125: blocks ---

/// `{ let a = 1 }`
pub fn block_without_value(at: Span) -> Diagnostic {
    Diagnostic::new("E0125", "this block has no value", at, "a value is missing before this")
        .help("the last line of a block is its value, without `let`")
}

/// A line without `let` that is not the last of its block.
pub fn value_before_end(at: Span) -> Diagnostic {
    Diagnostic::new("E0125", "only the last line of a block is its value", at, "this line has no `let`")
        .help("give it a name with `let NAME = …`, or delete it")
}

/// `param` or `output` in a block.
pub fn statement_in_block(at: Span, word: &str) -> Diagnostic {
    Diagnostic::new("E0125", format!("`{word}` cannot stand in a block"), at, "a block holds `let` lines and a value")
        .help("move it to the top level of the file")
}

fn partner(bracket: char) -> char {
    match bracket {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}
