//! The place where the grammar gave up → our own sentence about it.
//!
//! Reads the tokens around that place and asks what a person most likely meant; every sentence is in the catalog. Used
//! on statements that failed, so it may be slow, but it stays linear in the statement's length.

mod declaration;
mod site;

use super::scan::is_statement_word;
use super::tokens::{Kind, tokens};
use crate::diag::{Diagnostic, catalog::syntax as error};
use crate::span::FileId;
pub(super) use site::LOOPS;
use site::{Site, Within};
use std::ops::Range;

/// Says what is wrong with `text`, which begins at byte `offset` of `file` and which the grammar could not read from
/// byte `at` on. `lone` for a text that should be one expression.
pub(super) fn explain(file: FileId, offset: usize, text: &str, at: usize, lone: bool) -> Diagnostic {
    let mut site = Site::new(file, offset, text, at);
    if let Some(line) = layer_line(text, at) {
        site = Site::new(file, offset + line.start, &text[line.clone()], at - line.start);
        site.in_layer = true;
    }
    if !lone && let Some(problem) = declaration::statement_start(&site) {
        return problem;
    }
    stray(&site)
        .or_else(|| numbers(&site))
        .or_else(|| operators(&site))
        .or_else(|| loops(&site))
        .or_else(|| keywords(&site))
        .or_else(|| if lone { None } else { declaration::header(&site) })
        .or_else(|| slices(&site))
        .or_else(|| conditionals(&site))
        .or_else(|| blocks(&site))
        .or_else(|| side_by_side(&site))
        .unwrap_or_else(|| missing(&site))
}

/// The line of a layer that byte `at` stands in.
fn layer_line(text: &str, at: usize) -> Option<Range<usize>> {
    let tokens = tokens(text);
    let is = |i: usize, what: &str| tokens.get(i).is_some_and(|token| &text[token.range.clone()] == what);
    let open = (0..tokens.len()).find(|i| is(*i, "{") && tokens[*i].depth == 0).filter(|_| is(0, "layer"))?;
    let here = (0..tokens.len()).find(|i| tokens[*i].range.end > at)?;
    let ends = |i: &usize| {
        let token = &tokens[*i];
        token.depth == 1 && token.kind == Kind::LineEnd || token.depth == 0 && token.kind == Kind::Close
    };
    let first = (open + 1..here).rev().find(ends).unwrap_or(open) + 1;
    let end = (here.max(open + 1)..tokens.len()).find(ends)?;
    // Past the closing bracket of the layer, or with nothing in the line.
    let inside = here > open && tokens[first..here].iter().all(|token| token.depth > 0) && first < end;
    inside.then(|| tokens[first].range.start..tokens[end].range.start)
}

/// `fold`, `scan` and `iterate`, in their brackets and after them.
fn loops(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    let before = here.checked_sub(1)?;
    let at = site.span(here);
    if site.is(before, ")") {
        let depth = site.tokens[before].depth;
        let open = (0..before).rev().find(|i| site.kind(*i) == Kind::Open && site.tokens[*i].depth == depth)?;
        let word = open.checked_sub(1).filter(|word| site.is_loop(*word))?;
        let word = site.text(word);
        let message = format!("`=>` is missing after the brackets of `{word}`");
        return Some(error::malformed_loop(at, word, &message));
    }
    if site.within != Within::Loop {
        return None;
    }
    let word = site.text(site.opener?.checked_sub(1)?);
    if here == site.item + 1 && site.kind(site.item) == Kind::Word && matches!(site.text(here), "," | ")") {
        return Some(error::loop_value_without_start(site.span(site.item), word, site.text(site.item)));
    }
    (here == site.item && !site.is_keyword(here)).then(|| {
        let message =
            format!("the brackets of `{word}` hold an index with its range, and states with their start values");
        error::malformed_loop(at, word, &message)
    })
}

/// Characters that mean nothing, and quotes that are not those of nnc.
fn stray(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    if site.kind(here) == Kind::Stray {
        return site.text(here).chars().next().map(|c| error::stray_character(site.span(here), c));
    }
    let value_wanted = here == 0 || !site.ends_value(here - 1);
    (site.is(here, "'") && value_wanted).then(|| error::single_quotes(site.span(here)))
}

fn numbers(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    let before = here.checked_sub(1);
    if let Some(dot) = before.filter(|dot| site.is(*dot, ".") && !site.ends_value(here)) {
        let number = dot.checked_sub(1).filter(|number| site.kind(*number) == Kind::Number && site.glued(*number, dot));
        if let Some(number) = number {
            let range = site.range(number, here);
            return Some(error::dot_without_digits(site.place(range.clone()), site.slice(range)));
        }
    }
    if site.is(here, ".") {
        if let Some(before) = before.filter(|before| site.kind(*before) == Kind::Number && site.glued(*before, here)) {
            let range = site.range(before, here + 1);
            return Some(error::dot_without_digits(site.place(range.clone()), site.slice(range)));
        }
        if site.kind(here + 1) == Kind::Number && site.glued(here, here + 1) {
            let range = site.range(here, here + 2);
            return Some(error::dot_before_digits(site.place(range.clone()), site.slice(range)));
        }
    }
    if site.kind(here) != Kind::Number || before.is_some_and(|before| site.ends_value(before)) {
        return None;
    }
    let text = site.text(here);
    if is_number(text) {
        return None;
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(digits);
    let is_name = rest.starts_with(super::scan::is_name_start) && !rest.starts_with('_') && !rest.contains('.');
    let foreign = digits == "0" && rest.starts_with(['x', 'b', 'o']);
    Some(if is_name && !foreign && !rest.starts_with(['e', 'E']) {
        error::number_with_name(site.span(here), text, digits, rest)
    } else {
        error::malformed_number(site.span(here), text)
    })
}

/// The tokens `from..to` define something, but without `let` or `fn`.
fn missing_keyword(site: &Site, from: usize, to: usize) -> Diagnostic {
    let keyword = if site.is(from + 1, "(") { "fn" } else { "let" };
    let range = site.range(from, to);
    let assignment = (from..to).find(|i| matches!(site.text(*i), ":=" | "<-"));
    let text = match assignment {
        Some(mark) => format!(
            "{keyword} {} = {}",
            site.slice(range.start..site.start(mark)).trim(),
            site.slice(site.start(mark + 1)..range.end)
        ),
        None => format!("{keyword} {}", site.slice(range.clone())),
    };
    error::missing_keyword(site.span(from), site.place(range), &text)
}

/// As the grammar's rule `number`.
fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let groups = |digits: &str| digits.split('_').all(|group| !group.is_empty() && is_digits(group));
    let exponent = exponent.map_or("0", |exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    groups(whole) && groups(fraction) && !exponent.is_empty() && is_digits(exponent)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Operators of other languages, and `=` or `==` in the other's place.
fn operators(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    match (site.kind(here), site.text(here)) {
        (Kind::Mark, "?") => Some(conditional_operator(site)),
        (Kind::Mark, "...") => Some(error::three_dots(site.span(here))),
        (Kind::Mark, "=") if site.within == Within::Block && here == site.item + 1 => {
            Some(missing_keyword(site, site.item, site.item_end()))
        }
        (Kind::Mark, "=") if site.defined() || site.within != Within::Nothing => {
            Some(error::definition_in_expression(site.span(here)))
        }
        (Kind::Mark, "=") if matches!(site.text(0), "loss" | "output" | "metric") && here > 2 => {
            Some(error::definition_in_expression(site.span(here)))
        }
        (Kind::Mark, "==") if here > 0 && site.ends_value(here - 1) && !site.defined() => {
            Some(error::comparison_as_definition(site.span(here)))
        }
        (Kind::Mark, "->") if site.within == Within::Nothing && site.is(0, "fn") && !site.defined() => None,
        (Kind::Mark, "->") if here > 0 && site.is(here - 1, "]") => Some(error::thin_arrow(site.span(here))),
        (Kind::Mark, "=>") => Some(error::arrow_without_indices(site.span(here))),
        (Kind::Mark, "::") if site.within == Within::Index => None,
        (Kind::Mark, mark) => error::foreign_operator(site.span(here), mark),
        _ => None,
    }
}

/// `c ? a : b`, rewritten if its parts can be told.
fn conditional_operator(site: &Site) -> Diagnostic {
    let here = site.here;
    let depth = site.tokens[here].depth;
    let end = site.item_end();
    let colon = (here..end).find(|i| site.is(*i, ":") && site.tokens[*i].depth == depth);
    let start = site.item_before().filter(|i| site.is(*i, "=")).last().map_or(site.item, |equals| equals + 1);
    let start = if start == 0 && is_statement_word(site.text(0)) { 1 } else { start };
    let rewritten = colon.filter(|colon| start < here && here + 1 < *colon && colon + 1 < end).map(|colon| {
        let part = |from: usize, to: usize| site.slice(site.range(from, to)).trim();
        let text = format!("if {} then {} else {}", part(start, here), part(here + 1, colon), part(colon + 1, end));
        (site.place(site.range(start, end)), text)
    });
    error::conditional_operator(site.span(here), rewritten)
}

/// Words that are reserved, where a name or value should be.
fn keywords(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    let word = site.text(here);
    if !site.is_keyword(here) || matches!(word, "true" | "false") {
        return None;
    }
    let before = here.checked_sub(1)?;
    if site.within == Within::Entries && site.is(here + 1, "=") {
        return None;
    }
    let value_ended = site.ends_value(before);
    let in_block = site.within == Within::Block && before + 1 == site.item;
    if in_block && is_statement_word(word) && !matches!(word, "let" | "update") {
        return Some(error::statement_in_block(site.span(here), word));
    }
    let names_follow = matches!(site.within, Within::Names)
        || (before == 0 && is_statement_word(site.text(0)) && !site.is(0, "loss"))
        || matches!(site.text(before), "as" | "let" | ".");
    if names_follow && !value_ended {
        return Some(error::keyword_as_name(site.span(here), word));
    }
    if site.is_loop(here) && !value_ended && !site.is(here + 1, "(") && !site.is(here + 1, "=") {
        let message = format!("`{word}` is a loop and has brackets");
        return Some(error::malformed_loop(site.span(here), word, &message));
    }
    if is_statement_word(word) || site.is_loop(here) {
        return Some(if value_ended && site.within == Within::Nothing && !is_operand(site, here) {
            error::second_statement(site.span(here), word)
        } else if value_ended {
            return None;
        } else {
            error::keyword_as_name(site.span(here), word)
        });
    }
    None
}

/// The word is used like a value: an operator follows it.
fn is_operand(site: &Site, index: usize) -> bool {
    site.kind(index + 1) == Kind::Mark
}

/// `x[0:3]`, and ranges where none can be.
fn slices(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    let colon_before = here.checked_sub(1).filter(|before| site.is(*before, ":"));
    if site.within == Within::Index && (site.is(here, ":") || site.is(here, "::") || colon_before.is_some()) {
        let end = site.item_end();
        let depth = site.tokens[here].depth;
        let colons: Vec<usize> =
            (site.item..end).filter(|i| site.is(*i, ":") && site.tokens[*i].depth == depth).collect();
        let rewritten = match colons[..] {
            [colon] if !(site.item..end).any(|i| site.is(i, "::")) => {
                let before = site.slice(site.range(site.item, colon)).trim();
                let after = site.slice(site.range(colon + 1, end)).trim();
                Some((site.place(site.range(site.item, end)), format!("{before}..{after}")))
            }
            _ => None,
        };
        let place = colons.first().map_or(here, |first| *first);
        return Some(error::slice_with_colon(site.span(place), rewritten));
    }
    if site.within == Within::Call && site.is(here, ":") && here > 0 {
        let before = here - 1;
        return Some(match site.kind(before) {
            Kind::Word => error::named_with_colon(site.span(here), site.text(before)),
            _ => error::slice_with_colon(site.span(here), None),
        });
    }
    (site.is(here, "..")).then(|| error::range_out_of_place(site.span(here)))
}

/// `if` without `then` or `else`.
fn conditionals(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    if matches!(site.text(here), "elif" | "elsif" | "elseif") {
        return Some(error::elif(site.span(here), site.text(here)));
    }
    if here == 0 || !site.ends_value(here - 1) {
        return None;
    }
    // The `if`s that are open at this place, each with its `then` seen or not.
    let mut open: Vec<(usize, bool)> = vec![];
    for i in site.item_before().filter(|i| site.is_keyword(*i)) {
        match site.text(i) {
            "if" => open.push((i, false)),
            "then" => {
                if let Some(top) = open.last_mut() {
                    top.1 = true;
                }
            }
            "else" => {
                open.pop();
            }
            _ => {}
        }
    }
    let (start, has_then) = open.pop()?;
    let depth = site.tokens[here].depth + usize::from(site.kind(here) == Kind::Close);
    let later = |word: &str| {
        (here..site.item_end()).any(|i| site.is(i, word) && site.is_keyword(i) && site.tokens[i].depth == depth)
    };
    match has_then {
        false if !later("then") => Some(error::if_without_then(site.span(start), site.span(here))),
        true if !later("else") => Some(error::if_without_else(site.span(start), site.span(here))),
        _ => None,
    }
}

fn blocks(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    if site.within != Within::Block {
        return None;
    }
    let opener = site.opener?;
    match site.kind(here) {
        Kind::Close if here == opener + 1 => Some(error::block_without_value(site.span(here))),
        Kind::Close if matches!(site.text(site.item), "let" | "update") && site.ends_value(here - 1) => {
            Some(error::block_without_value(site.span(here)))
        }
        Kind::LineEnd
            if here > site.item && !matches!(site.text(site.item), "let" | "update") && site.ends_value(here - 1) =>
        {
            Some(error::value_before_end(site.place(site.range(site.item, here))))
        }
        Kind::Mark if here == site.item && here > opener + 1 && !matches!(site.text(here), "," | ":" | "=" | ".") => {
            Some(error::line_begins_with_operator(site.span(here), site.text(here)))
        }
        _ => None,
    }
}

/// Two values with nothing between them.
fn side_by_side(site: &Site) -> Option<Diagnostic> {
    let here = site.here;
    let before = here.checked_sub(1)?;
    if !site.ends_value(before) {
        return None;
    }
    if site.is(before, "return") {
        return Some(error::return_in_block(site.span(before), site.place(site.start(before)..site.start(here))));
    }
    if site.is(here, ",") && site.within == Within::Nothing && is_statement_word(site.text(0)) {
        return Some(error::second_declaration(site.span(here), site.text(0)));
    }
    if !site.starts_value(here) {
        return None;
    }
    let what = match site.within {
        Within::Shape => "a shape",
        Within::Array => "an array",
        Within::Index if site.item_before().any(|i| site.is(i, "where")) => return Some(missing_operator(site)),
        Within::Index => "an index",
        Within::Call => "the arguments of a call",
        Within::Names => "a list of names",
        Within::Nothing if matches!(site.text(0), "dim" | "const") && site.is(here + 1, "=") => "a list of definitions",
        Within::Entries if site.is(here + 1, "=") => "a list of entries",
        _ => return Some(missing_operator(site)),
    };
    Some(error::missing_comma(site.shown(before), site.shown(here), what))
}

fn missing_operator(site: &Site) -> Diagnostic {
    let (before, here) = (site.here - 1, site.here);
    let callable = site.kind(before) == Kind::Word && site.kind(here) != Kind::Open;
    error::missing_operator(site.shown(before), site.shown(here), callable)
}

/// What the grammar wants where nothing better is known.
fn missing(site: &Site) -> Diagnostic {
    let here = site.here;
    let found = site.found(here);
    match here.checked_sub(1) {
        Some(before) if site.ends_value(before) => {
            let wanted = match site.opener {
                Some(opener) if site.is(opener, "(") => "an operator, `,` or `)`",
                Some(opener) if site.is(opener, "[") => "an operator, `,` or `]`",
                _ => "an operator or the end of the line",
            };
            error::expected(site.span(here), wanted, &found)
        }
        Some(before) if site.is(before, ".") => error::expected(site.span(here), "a name after `.`", &found),
        Some(before) if site.kind(before) != Kind::LineEnd => {
            let what = if matches!(site.text(before), ":" | "->") { "a type" } else { "a value" };
            error::missing_after(site.shown(before), what, &found)
        }
        _ => error::expected(site.span(here), "a value", &found),
    }
}
