//! The tokens of one statement that the grammar refused, for [`explain`](super::explain).
//!
//! Reads scanned text. It knows operators of other languages, which the grammar does not.

use super::scan::{is_name_continue, is_name_start};
use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Word,
    /// Anything that begins with a digit.
    Number,
    /// `"…"`
    Text,
    /// `(` `[` `{`
    Open,
    /// `)` `]` `}`
    Close,
    /// An operator or mark, of nnc or of another language.
    Mark,
    /// The end of a line inside `{`.
    LineEnd,
    /// A character that means nothing.
    Stray,
    /// After the last token.
    End,
}

/// One token: `text[range]`.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
    /// How many brackets are open around it; a bracket counts itself as outside.
    pub depth: usize,
}

/// Marks of two and three characters, longest first.
const LONG_MARKS: &[&str] = &[
    "===", "!==", "**=", "...", "<=>", "==", "!=", "<=", ">=", "=>", "->", "..", "**", "&&", "||", "+=", "-=", "*=",
    "/=", "^=", "@=", ":=", "<-", "<>", ".*", "./", ".^", "++", "|>", "::",
];

const MARKS: &str = "+-*/^@<>=,.:'%?!&|~;\\#$`";

/// The tokens of `text`, with [`Kind::End`] last.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = vec![];
    let (mut at, mut depth) = (0, 0usize);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let until = |stop: &dyn Fn(char) -> bool| rest.find(stop).unwrap_or(rest.len());
        let (kind, length) = match c {
            ' ' | '\t' | '\x0c' => {
                at += 1;
                continue;
            }
            '\n' => (Kind::LineEnd, 1),
            '"' => (Kind::Text, quoted(rest)),
            '(' | '[' | '{' => (Kind::Open, 1),
            ')' | ']' | '}' => (Kind::Close, 1),
            '0'..='9' => (Kind::Number, number(rest)),
            _ if is_name_start(c) => (Kind::Word, until(&|c| !is_name_continue(c))),
            _ => match LONG_MARKS.iter().find(|mark| rest.starts_with(**mark)) {
                Some(mark) => (Kind::Mark, mark.len()),
                None if MARKS.contains(c) => (Kind::Mark, 1),
                None => (Kind::Stray, c.len_utf8()),
            },
        };
        if kind == Kind::Close {
            depth = depth.saturating_sub(1);
        }
        tokens.push(Token { kind, range: at..at + length, depth });
        if kind == Kind::Open {
            depth += 1;
        }
        at += length;
    }
    tokens.push(Token { kind: Kind::End, range: at..at, depth });
    tokens
}

fn quoted(rest: &str) -> usize {
    let mut escaped = true;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Digits with what is glued to them: `1_000`, `2.5`, `1e-3`, and wrongly `2x`, `0x1f`, `1.2.3`.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    // The first letter, if it is the `e` of an exponent.
    let mut exponent = None;
    while let Some(c) = rest[at..].chars().next() {
        let digit_next = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let signed = at > 0 && exponent == Some(at - 1) && matches!(c, '+' | '-');
        if !(is_name_continue(c) || ((c == '.' || signed) && digit_next)) {
            break;
        }
        if exponent.is_none() && c.is_alphabetic() {
            exponent = Some(if matches!(c, 'e' | 'E') { at } else { usize::MAX });
        }
        at += c.len_utf8();
    }
    at
}
