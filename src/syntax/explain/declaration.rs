//! Problems before the `=` of a statement or entry: keywords, names, types.

use super::super::scan::is_statement_word;
use super::super::tokens::Kind;
use super::site::{Site, Within};
use crate::diag::{Diagnostic, catalog::syntax as error};

/// The keywords that begin a statement.
const KEYWORDS: &[&str] = &[
    "import",
    "precision",
    "dim",
    "const",
    "input",
    "target",
    "param",
    "state",
    "update",
    "let",
    "fn",
    "layer",
    "derivative",
    "output",
    "loss",
    "metric",
    "data",
    "train",
];

/// The keywords that begin a line of a layer.
const LAYER_KEYWORDS: &[&str] = &["param", "state", "let", "fn"];

/// A statement that does not begin with a keyword, or a line of a layer that cannot stand there.
pub(super) fn statement_start(site: &Site) -> Option<Diagnostic> {
    let word = site.text(0);
    if site.in_layer {
        return layer_line_start(site);
    }
    if KEYWORDS.contains(&word) {
        return None;
    }
    let at = site.span(0);
    Some(match site.kind(0) {
        Kind::Word if is_definition(site) => super::missing_keyword(site, 0, site.tokens.len() - 1),
        Kind::Word if matches!(word, "if" | "not" | "true" | "false") => error::value_without_keyword(at),
        Kind::Word if site.is_keyword(0) => error::line_begins_with_operator(at, word),
        Kind::Word if matches!(site.kind(1), Kind::Word | Kind::Open | Kind::Number | Kind::End) || is_like(site) => {
            if site.kind(1) == Kind::Word || is_like(site) {
                error::unknown_statement(at, word, KEYWORDS)
            } else {
                error::value_without_keyword(at)
            }
        }
        Kind::Stray => return None,
        Kind::Mark
            if matches!(word, "-" | "+" | "*" | "/" | "^" | "@" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "=") =>
        {
            error::line_begins_with_operator(at, word)
        }
        Kind::Mark if matches!(word, "=>" | "," | "..") => error::line_begins_with_operator(at, word),
        Kind::Mark => return error::foreign_operator(at, word),
        _ => error::value_without_keyword(at),
    })
}

fn layer_line_start(site: &Site) -> Option<Diagnostic> {
    let (word, at) = (site.text(0), site.span(0));
    match site.kind(0) {
        Kind::Stray => None,
        Kind::Word if LAYER_KEYWORDS.contains(&word) => None,
        Kind::Word if word == "update" => Some(error::update_out_of_place(at, site.text(1))),
        Kind::Word if is_statement_word(word) => Some(error::statement_in_layer(at, word)),
        Kind::Word if is_definition(site) => Some(super::missing_keyword(site, 0, site.tokens.len() - 1)),
        Kind::Word if site.kind(1) == Kind::Word => Some(error::unknown_statement(at, word, LAYER_KEYWORDS)),
        _ => Some(error::layer_line(at, &site.found(0))),
    }
}

/// `x = …`, `x[i] = …`, `f(x) = …`, `x: [N] = …`, `x := …`
fn is_definition(site: &Site) -> bool {
    let mut next = 1;
    if site.kind(1) == Kind::Open {
        let depth = site.tokens[1].depth;
        let close = (2..site.tokens.len()).find(|i| site.kind(*i) == Kind::Close && site.tokens[*i].depth == depth);
        match close {
            Some(close) => next = close + 1,
            None => return false,
        }
    }
    matches!(site.text(next), "=" | ":=" | "<-" | ":") && super::super::scan::is_name_start(first(site.text(0)))
}

fn first(word: &str) -> char {
    word.chars().next().unwrap_or(' ')
}

/// The word is nearly a keyword, or known from another language.
fn is_like(site: &Site) -> bool {
    let word = site.text(0);
    (word.len() > 2 && crate::diag::catalog::nearest(word, KEYWORDS.iter().copied()).is_some())
        || error::foreign_statement(site.span(0), word).is_some()
}

/// A problem in the part before `=`.
pub(super) fn header(site: &Site) -> Option<Diagnostic> {
    if site.within == Within::Entries && !site.defined() {
        return entry(site);
    }
    if site.within == Within::Names {
        return names(site);
    }
    let (here, keyword) = (site.here, site.text(0));
    if site.within != Within::Nothing || site.defined() || !is_statement_word(keyword) {
        return None;
    }
    let at = site.span(here);
    let found = site.kind(here);
    if here == 1 {
        return match keyword {
            "metric" => Some(error::declaration(at, "a metric has a name", "metric NAME = …")),
            "loss" => None,
            "data" | "train" => {
                let form = format!("{keyword} {{ … }}");
                Some(error::declaration(at, &format!("the entries of `{keyword}` stand in `{{` `}}`"), &form))
            }
            "precision" => Some(error::declaration(at, "a precision is `f32` or `f64`", "precision f64")),
            "import" => Some(error::declaration(at, "an import names a module", "import std.layers (dense)")),
            _ => Some(error::expected(at, &format!("a name after `{keyword}`"), &site.found(here))),
        };
    }
    match (keyword, site.text(here)) {
        ("input" | "target" | "param" | "state", "[" | "index" | "positive" | "real" | "bool") if here == 2 => {
            let name = site.text(1);
            Some(error::declaration(at, "a type follows a colon", &format!("{keyword} {name}: …")))
        }
        ("target", "=") => Some(error::declaration(at, "a target has no default", &format!("target {}", site.text(1)))),
        ("param", "in") => Some(error::declaration(
            at,
            "the bounds of a param stand in round brackets, and are never reached",
            "in (0, 1)",
        )),
        ("output", _) if here == 2 && site.kind(2) == Kind::Mark || site.is(here, "(") && keyword == "output" => {
            Some(error::declaration(at, "an output that is computed has a name", "output NAME = …"))
        }
        ("metric", _) if here == 2 => Some(error::declaration(at, "a metric has a name", "metric NAME = …")),
        ("fn", _) if here == 2 => {
            let name = site.text(1);
            Some(error::declaration(at, "the arguments of a `fn` stand in brackets", &format!("fn {name}(x) = …")))
        }
        ("layer", _) if here == 2 => {
            let form = format!("layer {}(I, O) {{ … }}", site.text(1));
            Some(error::declaration(at, "the parameters of a layer stand in brackets", &form))
        }
        ("layer", _) => {
            let form = format!("layer {}(…) {{ … }}", site.text(1));
            Some(error::declaration(at, "the lines of a layer stand in `{` `}`", &form))
        }
        ("derivative", _) if here == 2 => {
            let form = format!("derivative {}(x, ct) = …", site.text(1));
            Some(error::declaration(at, "the arguments of a derivative stand in brackets, the cotangent last", &form))
        }
        ("data" | "train", _) if here == 2 => {
            let form = format!("{keyword} {{ … }}");
            Some(error::declaration(at, &format!("the entries of `{keyword}` stand in `{{` `}}`"), &form))
        }
        ("let", "(") if here == 2 => {
            let name = site.text(1);
            Some(error::declaration(at, "a function is defined by `fn`", &format!("fn {name}(x) = …")))
        }
        ("let" | "const" | "fn" | "update" | "derivative", _)
            if here > 0 && site.ends_value(here - 1) || found == Kind::End =>
        {
            Some(error::expected(at, "`=`", &site.found(here)))
        }
        _ => None,
    }
}

/// An entry of `data` or `train`: `key = value`.
fn entry(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    let key = site.text(site.item);
    let at = site.span(here);
    if here == site.item {
        return Some(error::expected(at, "an entry `key = value`", &site.found(here)));
    }
    let message = match site.text(here) {
        ":" => "an entry is written with `=`, not `:`",
        _ => "an entry is written `key = value`",
    };
    Some(error::declaration(at, message, &format!("{} = …", crate::diag::catalog::shown(key))))
}

/// A list of names in brackets: arguments, patterns, imports.
fn names(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    if here > 0 && site.is(0, "derivative") && site.is(here, ":") {
        let message = "the names of a derivative have no types: they are those of the `fn`";
        return Some(error::declaration(site.span(here), message, "derivative f(x, ct) = …"));
    }
    if here == 0 || site.ends_value(here - 1) || site.defined() {
        return None;
    }
    if matches!(site.text(here - 1), "(" | ",") {
        return Some(error::expected(site.span(here), "a name", &site.found(here)));
    }
    None
}
