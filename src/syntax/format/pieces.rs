//! The tokens and comments of a file in one list, with where they stood.

use super::super::explain::LOOPS;
use super::super::scan::{Scan, is_statement_word};
use super::super::tokens::{self, tokens};
use unicode_width::UnicodeWidthStr;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, or a keyword where it means nothing else.
    Name,
    /// A keyword.
    Keyword,
    /// A number or text.
    Literal,
    /// `(` `[` `{`
    Open,
    /// `)` `]` `}`
    Close,
    /// An operator or mark.
    Mark,
    /// `// …`
    Comment,
}

/// A token or comment.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub text: &'a str,
    pub kind: Kind,
    /// Columns that it takes.
    pub width: usize,
    /// How many brackets are open around it; a bracket counts itself as outside.
    pub depth: usize,
    /// The bracket that belongs to this one.
    pub partner: Option<usize>,
    /// Line ends before it: none, one, or more, which is an empty line.
    pub newlines: usize,
    /// A line end was put before it here.
    pub fresh: bool,
    /// A statement, a line of a block, or an entry of a list begins with it.
    pub begins_item: bool,
    /// A minus sign that is no difference.
    pub is_sign: bool,
    /// Spaces before it: 0 or 1.
    pub space: usize,
    /// The column where it stood in the source.
    pub column: usize,
    /// Spaces that stood before it on its line.
    pub gap: usize,
}

impl Piece<'_> {
    /// `then` or `else`
    pub(super) fn is_branch(&self) -> bool {
        self.kind == Kind::Keyword && matches!(self.text, "then" | "else")
    }

    /// A value may end with it.
    pub(super) fn ends_value(&self) -> bool {
        matches!(self.kind, Kind::Name | Kind::Literal | Kind::Close) || self.text == "'"
    }
}

/// Words that are keywords in the middle of an expression.
const JOINING: &[&str] = &["then", "else", "and", "or", "not", "in", "if", "where", "as"];

/// All tokens and comments of a file, as written.
pub(super) fn pieces<'a>(source: &'a str, scan: &Scan) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece> = vec![];
    let mut place = Place { source, at: 0, column: 0 };
    let mut comments = scan.comments.iter().map(|c| c.span.start as usize..c.span.end as usize).peekable();
    for segment in &scan.segments {
        let start = segment.range.start;
        let settings = ["data", "train"].iter().any(|word| first_word(&source[segment.range.clone()]) == *word);
        let mut open: Vec<usize> = vec![];
        let mut begins_item = true;
        let list = tokens(&scan.text[segment.range.clone()]);
        for token in list.iter().flat_map(|token| split(token, &scan.text[segment.range.clone()])) {
            let range = start + token.range.start..start + token.range.end;
            while let Some(comment) = comments.next_if(|comment| comment.start < range.start) {
                let depth = open.len();
                place.push(&mut pieces, comment, Kind::Comment, depth);
            }
            match token.kind {
                tokens::Kind::LineEnd => {
                    begins_item = true;
                    continue;
                }
                tokens::Kind::End => continue,
                _ => {}
            }
            let text = &source[range.clone()];
            let kind = kind(&token, text, pieces.iter().rfind(|piece| piece.kind != Kind::Comment));
            if kind == Kind::Close
                && let Some(opener) = open.pop()
            {
                pieces[opener].partner = Some(pieces.len());
                place.push(&mut pieces, range, kind, open.len());
                if let Some(piece) = pieces.last_mut() {
                    piece.partner = Some(opener);
                }
                begins_item = false;
                continue;
            }
            let is_sign = text == "-"
                && (begins_item
                    || pieces.iter().rfind(|p| p.kind != Kind::Comment).is_none_or(|before| !before.ends_value()));
            place.push(&mut pieces, range, kind, open.len());
            if let Some(piece) = pieces.last_mut() {
                piece.begins_item = begins_item;
                piece.is_sign = is_sign;
            }
            // At the top level, and between the lines of a block, a comma ends nothing.
            let in_list = open.last().is_some_and(|opener| pieces[*opener].text != "{" || settings && open.len() == 1);
            begins_item = kind == Kind::Open || text == "," && in_list;
            if kind == Kind::Open {
                open.push(pieces.len() - 1);
            }
        }
    }
    comments.for_each(|comment| place.push(&mut pieces, comment, Kind::Comment, 0));
    open_blocks(&mut pieces);
    pieces
}

fn first_word(statement: &str) -> &str {
    statement.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")
}

/// `<-` is a comparison with a negative number.
fn split(token: &tokens::Token, text: &str) -> Vec<tokens::Token> {
    if &text[token.range.clone()] != "<-" {
        return vec![token.clone()];
    }
    let middle = token.range.start + 1;
    let part = |range| tokens::Token { range, ..token.clone() };
    vec![part(token.range.start..middle), part(middle..token.range.end)]
}

fn kind(token: &tokens::Token, text: &str, before: Option<&Piece>) -> Kind {
    match token.kind {
        tokens::Kind::Word if before.is_some_and(|before| before.text == ".") => Kind::Name,
        tokens::Kind::Word if is_statement_word(text) || JOINING.contains(&text) || LOOPS.contains(&text) => {
            Kind::Keyword
        }
        tokens::Kind::Word => Kind::Name,
        tokens::Kind::Number | tokens::Kind::Text => Kind::Literal,
        tokens::Kind::Open => Kind::Open,
        tokens::Kind::Close => Kind::Close,
        _ => Kind::Mark,
    }
}

/// Where reading has come to.
struct Place<'a> {
    source: &'a str,
    at: usize,
    column: usize,
}

impl<'a> Place<'a> {
    fn push(&mut self, pieces: &mut Vec<Piece<'a>>, range: std::ops::Range<usize>, kind: Kind, depth: usize) {
        let between = &self.source[self.at..range.start];
        let newlines = between.matches('\n').count().min(2);
        let gap = UnicodeWidthStr::width(between.rsplit('\n').next().unwrap_or(""));
        let column = if newlines > 0 { gap } else { self.column + gap };
        let text = &self.source[range.clone()];
        let width = UnicodeWidthStr::width(text);
        let newlines = if pieces.is_empty() { 0 } else { newlines };
        let gap = if newlines > 0 { 0 } else { gap };
        pieces.push(Piece {
            text,
            kind,
            width,
            depth,
            partner: None,
            newlines,
            fresh: false,
            begins_item: false,
            is_sign: false,
            space: 0,
            column,
            gap,
        });
        self.at = range.end;
        self.column = column + width;
    }
}

/// A block that takes several lines has its braces at the ends of lines.
fn open_blocks(pieces: &mut [Piece]) {
    // How many line ends come before each piece.
    let mut count = 0;
    let counts: Vec<usize> = pieces
        .iter()
        .map(|piece| {
            count += usize::from(piece.newlines > 0);
            count
        })
        .collect();
    for open in 0..pieces.len() {
        let Some(close) = pieces[open].partner.filter(|close| *close > open + 1) else { continue };
        let first = (open + 1..close).find(|i| pieces[*i].kind != Kind::Comment).unwrap_or(close);
        let is_open = pieces[open + 1..=first].iter().any(|piece| piece.newlines > 0);
        let broken = if pieces[open].text == "{" { counts[close] > counts[open] } else { is_open };
        if broken && !is_open {
            break_before(&mut pieces[first]);
        }
        if broken && pieces[close].newlines == 0 {
            break_before(&mut pieces[close]);
        }
    }
}

/// Puts a line end before a piece that has none.
pub(super) fn break_before(piece: &mut Piece) {
    piece.newlines = 1;
    piece.fresh = true;
}
