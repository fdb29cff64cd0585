//! The place in a statement where the grammar gave up, and questions about what stands around it.

use super::super::scan::is_statement_word;
use super::super::tokens::{Kind, Token, tokens};
use crate::span::{FileId, Span};
use std::ops::Range;

/// What the innermost open bracket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// No bracket is open.
    Nothing,
    /// `f(`
    Call,
    /// `fn f(`, `let (`, `import a (`
    Names,
    /// `fold(`
    Loop,
    /// `(`
    Parenthesis,
    /// `: [`
    Shape,
    /// `x[`
    Index,
    /// `[`
    Array,
    /// `{` of an expression
    Block,
    /// `{` of `data` and `train`
    Entries,
}

/// A statement's tokens, with the first that the grammar could not use.
pub(super) struct Site<'a> {
    file: FileId,
    offset: usize,
    text: &'a str,
    pub tokens: Vec<Token>,
    /// Index of the token the grammar stopped at.
    pub here: usize,
    /// Index of the innermost opening bracket around it.
    pub opener: Option<usize>,
    pub within: Within,
    /// The text is a line of a layer.
    pub in_layer: bool,
    /// First token of the innermost item: after the opening bracket, or the last comma or line end within it.
    pub item: usize,
}

/// Words that join or begin expressions and are no value themselves.
const JOINING: &[&str] = &["then", "else", "and", "or", "not", "in", "if", "where", "as"];
/// Words that begin a loop.
pub(in crate::syntax) const LOOPS: &[&str] = &["fold", "scan", "iterate"];

impl<'a> Site<'a> {
    /// `text` begins at byte `offset` of the file; the grammar stopped at byte `at` of `text`.
    pub(super) fn new(file: FileId, offset: usize, text: &'a str, at: usize) -> Site<'a> {
        let tokens = tokens(text);
        let here = tokens.iter().position(|token| token.range.end > at).unwrap_or(tokens.len() - 1);
        let mut site =
            Site { file, offset, text, tokens, here, opener: None, within: Within::Nothing, in_layer: false, item: 0 };
        site.opener = site.opener_of(here);
        site.within = site.opener.map_or(Within::Nothing, |opener| site.within(opener));
        site.item = site.item_of(here);
        site
    }

    fn inner_depth(&self, index: usize) -> usize {
        let token = &self.tokens[index];
        token.depth + usize::from(token.kind == Kind::Close)
    }

    fn opener_of(&self, index: usize) -> Option<usize> {
        let depth = self.inner_depth(index);
        (0..index).rev().find(|i| self.tokens[*i].kind == Kind::Open && self.tokens[*i].depth + 1 == depth)
    }

    fn item_of(&self, index: usize) -> usize {
        let (depth, first) = (self.inner_depth(index), self.opener_of(index).map_or(0, |opener| opener + 1));
        let ends = |i: &usize| self.tokens[*i].depth == depth && (self.is(*i, ",") || self.kind(*i) == Kind::LineEnd);
        (first..index).rev().find(ends).map_or(first, |end| end + 1)
    }

    fn within(&self, opener: usize) -> Within {
        let before = opener.checked_sub(1);
        let after_value = before.is_some_and(|before| self.ends_value(before));
        match self.text(opener) {
            "{" if opener <= 2 && matches!(self.text(0), "data" | "train") => Within::Entries,
            "{" => Within::Block,
            "(" if opener == 2 && matches!(self.text(0), "fn" | "layer" | "derivative") => Within::Names,
            "(" if opener == 1 && matches!(self.text(0), "fn" | "let") || self.is(0, "import") => Within::Names,
            "(" if before.is_some_and(|before| self.is_loop(before)) => Within::Loop,
            "(" if after_value => Within::Call,
            "(" => Within::Parenthesis,
            _ if self.follows_colon(opener) => Within::Shape,
            _ if after_value => Within::Index,
            _ => Within::Array,
        }
    }

    /// `: [`, `-> [`, `: positive[`, `: index(C)[`
    fn follows_colon(&self, opener: usize) -> bool {
        let Some(mut at) = opener.checked_sub(1) else { return false };
        if self.is(at, ")") {
            let depth = self.tokens[at].depth;
            let open = (0..at).rev().find(|i| self.kind(*i) == Kind::Open && self.tokens[*i].depth == depth);
            match open.and_then(|open| open.checked_sub(1)) {
                Some(kind) if self.kind(kind) == Kind::Word => at = kind,
                _ => return false,
            }
        }
        if self.kind(at) == Kind::Word {
            match at.checked_sub(1) {
                Some(before) => at = before,
                None => return false,
            }
        }
        let in_brackets = self.opener_of(at).is_some_and(|outer| self.is(outer, "["));
        self.is(at, "->") || (self.is(at, ":") && !in_brackets)
    }

    pub(super) fn kind(&self, index: usize) -> Kind {
        self.tokens.get(index).map_or(Kind::End, |token| token.kind)
    }

    pub(super) fn text(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| self.slice(token.range.clone()))
    }

    pub(super) fn is(&self, index: usize, text: &str) -> bool {
        self.text(index) == text
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or("")
    }

    pub(super) fn span(&self, index: usize) -> Span {
        let range = self.tokens.get(index).map_or(self.text.len()..self.text.len(), |token| token.range.clone());
        self.place(range)
    }

    pub(super) fn place(&self, range: Range<usize>) -> Span {
        Span::new(self.file, self.offset + range.start, self.offset + range.end)
    }

    /// The span and text of a token, as catalog sentences want them.
    pub(super) fn shown(&self, index: usize) -> (Span, &'a str) {
        (self.span(index), self.text(index))
    }

    /// A token as a sentence names it.
    pub(super) fn found(&self, index: usize) -> String {
        match self.kind(index) {
            Kind::End | Kind::LineEnd => "the end of the line".to_string(),
            _ => format!("`{}`", crate::diag::catalog::shown(self.text(index))),
        }
    }

    /// A keyword, unless it follows a dot.
    pub(super) fn is_keyword(&self, index: usize) -> bool {
        let word = self.text(index);
        let after_dot = index.checked_sub(1).is_some_and(|before| self.is(before, "."));
        !after_dot && (is_statement_word(word) || JOINING.contains(&word) || LOOPS.contains(&word) || is_truth(word))
    }

    /// `fold`, `scan` or `iterate`, unless it follows a dot.
    pub(super) fn is_loop(&self, index: usize) -> bool {
        self.is_keyword(index) && LOOPS.contains(&self.text(index))
    }

    /// A word that joins expressions, such as `then`.
    pub(super) fn is_joining(&self, index: usize) -> bool {
        self.is_keyword(index) && JOINING.contains(&self.text(index))
    }

    /// A value may end with this token.
    pub(super) fn ends_value(&self, index: usize) -> bool {
        match self.kind(index) {
            Kind::Word => !self.is_keyword(index) || is_truth(self.text(index)),
            Kind::Number | Kind::Text | Kind::Close => true,
            Kind::Mark => self.is(index, "'"),
            _ => false,
        }
    }

    /// A value may begin with this token.
    pub(super) fn starts_value(&self, index: usize) -> bool {
        match self.kind(index) {
            Kind::Word => !self.is_joining(index) || matches!(self.text(index), "if" | "not"),
            Kind::Number | Kind::Text | Kind::Open => true,
            _ => false,
        }
    }

    /// No space between the two tokens.
    pub(super) fn glued(&self, left: usize, right: usize) -> bool {
        match (self.tokens.get(left), self.tokens.get(right)) {
            (Some(left), Some(right)) => left.range.end == right.range.start,
            _ => false,
        }
    }

    /// The tokens of the innermost item before the place, those in deeper brackets left out.
    pub(super) fn item_before(&self) -> impl Iterator<Item = usize> {
        let depth = self.inner_depth(self.here);
        (self.item..self.here).filter(move |i| {
            let token = &self.tokens[*i];
            token.depth == depth
        })
    }

    /// Where the innermost item ends: at a comma, line end or closing bracket, or the end.
    pub(super) fn item_end(&self) -> usize {
        let depth = self.inner_depth(self.here);
        let ends = |i: &usize| {
            let token = &self.tokens[*i];
            match token.kind {
                Kind::End => true,
                Kind::Close => token.depth < depth,
                Kind::LineEnd => token.depth == depth,
                _ => token.depth == depth && self.is(*i, ","),
            }
        };
        (self.here..self.tokens.len()).find(ends).unwrap_or(self.tokens.len() - 1)
    }

    /// The first byte of a token.
    pub(super) fn start(&self, index: usize) -> usize {
        self.tokens.get(index).map_or(self.text.len(), |token| token.range.start)
    }

    /// Bytes from the start of token `from` to the end of the token before `to`.
    pub(super) fn range(&self, from: usize, to: usize) -> Range<usize> {
        let start = self.start(from);
        let end = to.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(start, |token| token.range.end);
        start..end.max(start)
    }

    /// An `=` stands in this item before the place: what follows is a value.
    pub(super) fn defined(&self) -> bool {
        self.item_before().any(|i| self.is(i, "="))
    }
}

fn is_truth(word: &str) -> bool {
    matches!(word, "true" | "false")
}
