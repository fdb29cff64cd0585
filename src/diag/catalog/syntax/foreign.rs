//! E0101, E0103 and E0113: what people write who come from another language, or from paper.

use crate::diag::Diagnostic;
use crate::span::Span;

/// `(word, what to write instead)` for words that begin a statement elsewhere.
const STATEMENTS: &[(&str, &str)] = &[
    ("def", "a function is written `fn f(x) = …`"),
    ("func", "a function is written `fn f(x) = …`"),
    ("function", "a function is written `fn f(x) = …`"),
    ("fun", "a function is written `fn f(x) = …`"),
    ("var", "a name is defined once, by `let`"),
    ("val", "a name is defined by `let`"),
    ("constant", "a constant is written `const c = …`"),
    ("parameter", "a parameter is written `param w: [D]`"),
    ("parameters", "parameters are written one per line: `param w: [D]`"),
    ("weight", "a parameter is written `param w: [D]`"),
    ("weights", "parameters are written one per line: `param w: [D]`"),
    ("dimension", "a dim is written `dim N`"),
    ("minimize", "what is minimised is written `loss …`"),
    ("minimise", "what is minimised is written `loss …`"),
    ("maximize", "what is maximised is written `loss -…`"),
    ("maximise", "what is maximised is written `loss -…`"),
    ("cost", "what is minimised is written `loss …`"),
    ("objective", "what is minimised is written `loss …`"),
    ("return", "a result is shown by `output NAME = …`; the value of a `fn` follows its `=`"),
    ("print", "a result is shown by `output NAME = …`"),
    ("from", "write `import std.layers (dense)`"),
    ("use", "write `import std.layers (dense)`"),
    ("include", "write `import std.layers (dense)`"),
    ("for", "repetition is written in index notation: `let y[i] = f(x[i])`, `sum[i](x[i])`"),
    ("while", "repetition is written in index notation: `let y[i] = f(x[i])`, `sum[i](x[i])`"),
    ("class", "write params at top level and functions as `fn f(x) = …`"),
    ("model", "a file is a model: its statements need no brackets around them"),
];

/// `(mark, what is said of it, what to write instead)`.
const OPERATORS: &[(&str, &str, &str)] = &[
    ("%", "a remainder is a function", "write `mod(a, b)`"),
    ("**", "a power is written `^`", "write `x^2`"),
    ("**=", "names are defined once, by `let`", "give the new value a new name"),
    ("&&", "conditions are joined by words", "write `and`"),
    ("&", "conditions are joined by words", "write `and`"),
    ("||", "conditions are joined by words", "write `or`"),
    ("|", "conditions are joined by words; the absolute value is a function", "write `or`, or `abs(x)`"),
    ("!", "a condition is turned round by a word", "write `not`, or `!=` for unequal"),
    ("~", "a condition is turned round by a word", "write `not`"),
    ("+=", "names are defined once, by `let`", "give the new value a new name; a sum over an index is `sum[i](…)`"),
    ("-=", "names are defined once, by `let`", "give the new value a new name"),
    (
        "*=",
        "names are defined once, by `let`",
        "give the new value a new name; a product over an index is `prod[i](…)`",
    ),
    ("/=", "names are defined once, by `let`", "give the new value a new name"),
    ("^=", "names are defined once, by `let`", "give the new value a new name"),
    ("@=", "names are defined once, by `let`", "give the new value a new name"),
    ("++", "names are defined once, by `let`", "write `x + 1` for the next number, `concat(a, b)` to join arrays"),
    (":=", "a definition is written `=`", "write `let NAME = …`"),
    ("<-", "a definition is written `=`", "write `let NAME = …`"),
    ("===", "equality is written `==`", "write `==`"),
    ("!==", "inequality is written `!=`", "write `!=`"),
    ("<>", "inequality is written `!=`", "write `!=`"),
    ("<=>", "there is no three-way comparison", "write `sign(a - b)`"),
    (".*", "`*` is elementwise already", "write `*`; the matrix product is `@`"),
    ("./", "`/` is elementwise already", "write `/`"),
    (".^", "`^` is elementwise already", "write `^`"),
    ("\\", "a linear system is solved by a function", "write `solve(A, b)`"),
    ("|>", "functions are called with brackets", "write `f(x)`"),
    ("::", "a part of a module follows a dot", "write `.`"),
    (";", "a statement ends at its line end", "leave out the `;`"),
    ("#", "a comment begins with `//`", "write `// …`"),
    ("$", "names stand by themselves", "leave out the `$`"),
    ("`", "names stand by themselves", "leave out the quote"),
    ("->", "functions without a name do not exist", "write `fn f(x) = …`, or index notation: `[i] => …`"),
];

/// `(character, what it is called, what to write instead)`.
const CHARACTERS: &[(char, &str, &str)] = &[
    ('−', "a minus sign of typesetting", "-"),
    ('–', "a dash", "-"),
    ('—', "a dash", "-"),
    ('×', "a multiplication sign", "*"),
    ('·', "a multiplication dot", "*"),
    ('⋅', "a multiplication dot", "*"),
    ('∗', "an asterisk of typesetting", "*"),
    ('⊙', "an elementwise product", "*"),
    ('÷', "a division sign", "/"),
    ('≤', "less or equal", "<="),
    ('≥', "greater or equal", ">="),
    ('≠', "not equal", "!="),
    ('¬', "negation", "not"),
    ('∧', "conjunction", "and"),
    ('∨', "disjunction", "or"),
    ('∈', "membership", "in"),
    ('∞', "infinity", "inf"),
    ('√', "a root", "sqrt(…)"),
    ('∑', "a sum sign", "sum[i](…)"),
    ('∏', "a product sign", "prod[i](…)"),
    ('∂', "a partial derivative", "grad(…, …)"),
    ('∇', "a gradient", "grad(…, …)"),
    ('²', "a superscript", "^2"),
    ('³', "a superscript", "^3"),
    ('¹', "a superscript", "^1"),
    ('⁻', "a superscript", "^-1"),
    ('′', "a prime of typesetting", "'"),
    ('’', "a curly quote", "'"),
    ('‘', "a curly quote", "\""),
    ('“', "a curly quote", "\""),
    ('”', "a curly quote", "\""),
    ('→', "an arrow", "=>"),
    ('⇒', "an arrow", "=>"),
    ('…', "an ellipsis", ".."),
    ('，', "a full-width comma", ","),
    ('（', "a full-width bracket", "("),
    ('）', "a full-width bracket", ")"),
    ('\u{a0}', "a no-break space", " "),
    ('\u{2009}', "a thin space", " "),
    ('\u{3000}', "a full-width space", " "),
    ('\u{200b}', "a zero-width space", ""),
    ('\u{feff}', "a byte order mark within the file", ""),
];

/// A word that begins a statement in another language, if it is a well-known one.
pub fn foreign_statement(at: Span, word: &str) -> Option<Diagnostic> {
    let (_, help) = STATEMENTS.iter().find(|(known, _)| *known == word)?;
    Some(Diagnostic::new("E0101", format!("no statement starts with `{word}`"), at, "not a keyword").help(*help))
}

/// An operator or mark of another language; `None` if `mark` is not one.
pub fn foreign_operator(at: Span, mark: &str) -> Option<Diagnostic> {
    let (_, why, help) = OPERATORS.iter().find(|(known, _, _)| *known == mark)?;
    let problem = Diagnostic::new("E0103", format!("nnc has no `{mark}`: {why}"), at, "not an operator of nnc");
    Some(problem.help(*help))
}

/// A character that means nothing in nnc.
pub fn stray_character(at: Span, c: char) -> Diagnostic {
    let code = format!("U+{:04X}", u32::from(c));
    match CHARACTERS.iter().find(|(known, _, _)| *known == c) {
        Some((_, what, "")) => Diagnostic::new("E0113", format!("stray character {code}, {what}"), at, "delete it"),
        Some((_, what, " ")) => {
            Diagnostic::new("E0113", format!("stray character {code}, {what}"), at, "").help("write a plain space")
        }
        Some((_, what, instead)) => Diagnostic::new("E0113", format!("stray character `{c}` ({code}), {what}"), at, "")
            .help(format!("write `{instead}`")),
        None => Diagnostic::new("E0113", format!("stray character `{c}` ({code})"), at, "means nothing in nnc"),
    }
}
