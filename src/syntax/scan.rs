//! One pass over the text before the grammar: statements, comments, brackets and depth.
//!
//! It splits a file into statements, so that an error in one does not hide the others, and blanks what the grammar
//! should not meet: comments become spaces, and line ends that end nothing become form feeds. Every byte keeps its
//! place, so spans hold. Reads characters only; must not know the grammar.

use super::ast::Comment;
use crate::diag::{Diagnostic, catalog::syntax as error};
use crate::span::{FileId, Span};
use std::ops::Range;

/// How deep brackets, `if` and `=>` may nest in one statement: the parser, and everything after it that recurses over
/// the tree, must fit a thread's stack of 2 MB.
pub const MAX_NESTING: usize = 256;

/// A scanned file.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The text as the grammar wants it, byte for byte as long as the source.
    pub text: String,
    /// The statements in order.
    pub segments: Vec<Segment>,
    /// All comments in order, `///` too.
    pub comments: Vec<Comment>,
    /// Problems of brackets, depth, strings and control characters.
    pub diagnostics: Vec<Diagnostic>,
}

/// The text of one statement.
#[derive(Debug)]
pub(super) struct Segment {
    /// From its first to past its last character, comments aside.
    pub range: Range<usize>,
    /// How deep brackets, `if` and `=>` nest in it.
    pub nesting: usize,
    /// A problem was reported that keeps the grammar from reading it.
    pub broken: bool,
}

/// A keyword that only ever begins a statement of a file, or of a layer or block.
const STATEMENT_WORDS: &[&str] = &[
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

/// The statements that may also stand between `{` and `}`.
const BLOCK_WORDS: &[&str] = &["input", "param", "state", "update", "let", "fn"];

/// True for the keywords that begin a statement.
pub(super) fn is_statement_word(word: &str) -> bool {
    STATEMENT_WORDS.contains(&word)
}

/// True if a keyword with the text after it looks like the beginning of a statement, not like a key or a wrong name.
fn begins_statement(word: &str, after: &str) -> bool {
    let gap = after.trim_start_matches([' ', '\t']);
    gap.starts_with(|c| is_name_start(c) || (c == '{' && matches!(word, "data" | "train")))
        || (matches!(word, "let" | "fn") && gap.starts_with('('))
}

/// True for characters that begin a name.
pub(super) fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || (!c.is_ascii() && pest::unicode::XID_START(c))
}

/// True for characters that continue a name.
pub(super) fn is_name_continue(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || c == '_'
        || (!c.is_ascii() && (pest::unicode::XID_CONTINUE(c) || ('\u{2080}'..='\u{2089}').contains(&c)))
}

/// What the last token was, as far as line ends depend on it.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    /// Nothing yet in this statement, or an opening bracket: a line end here means nothing.
    Start,
    /// The line goes on after it.
    Operator,
    /// `else`: the line goes on, and an `if` after it is no new nesting.
    Else,
    /// A dot: the next word is a field, not a keyword.
    Dot,
    /// Anything else.
    Value,
}

/// An open bracket.
struct Open {
    bracket: char,
    at: usize,
    /// The `if` and `=>` since the last comma or line end inside it.
    forms: usize,
}

fn kind(bracket: char) -> usize {
    match bracket {
        '(' => 0,
        '[' => 1,
        _ => 2,
    }
}

struct Scanner<'a> {
    file: FileId,
    source: &'a str,
    text: Vec<u8>,
    scan: Scan,
    stack: Vec<Open>,
    /// How many of each kind are on the stack.
    open: [usize; 3],
    /// `if` and `=>` outside brackets in this statement.
    forms: usize,
    /// `stack.len()` and all forms together.
    nesting: usize,
    /// The most of it in this statement.
    deepest: usize,
    /// Start of the statement being read, and the end of its last token.
    segment: Option<Range<usize>>,
    broken: bool,
    last: Last,
    /// The last token was a comma.
    after_comma: bool,
    /// A line end not yet known to end something.
    pending: Option<usize>,
}

/// Scans a file. `source` must be shorter than 4 GiB.
pub(super) fn scan(file: FileId, source: &str) -> Scan {
    let mut scanner = Scanner {
        file,
        source,
        text: source.as_bytes().to_vec(),
        scan: Scan::default(),
        stack: vec![],
        open: [0; 3],
        forms: 0,
        nesting: 0,
        deepest: 0,
        segment: None,
        broken: false,
        last: Last::Start,
        after_comma: false,
        pending: None,
    };
    scanner.run();
    let Scanner { text, mut scan, .. } = scanner;
    // Only whole characters were overwritten, with ASCII.
    scan.text = String::from_utf8(text).unwrap_or_default();
    scan
}

impl Scanner<'_> {
    fn run(&mut self) {
        self.control_characters();
        let source = self.source;
        let mut at = 0;
        if source.starts_with('\u{feff}') {
            at = '\u{feff}'.len_utf8();
            self.blank(0..at);
        }
        while let Some(c) = source[at..].chars().next() {
            let next = at + c.len_utf8();
            at = match c {
                ' ' | '\t' => next,
                '\r' => {
                    self.blank(at..next);
                    next
                }
                '\n' => {
                    self.text[at] = b'\x0c';
                    if self.pending.is_none() {
                        self.pending = Some(at);
                    }
                    next
                }
                '/' if source[next..].starts_with('/') => self.comment(at),
                '"' => self.string(at),
                '0'..='9' => self.number(at),
                _ if is_name_start(c) => self.word(at),
                _ if c.is_control() => next,
                _ => self.punctuation(c, at),
            };
        }
        self.end_segment();
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    fn blank(&mut self, range: Range<usize>) {
        self.text[range].fill(b' ');
    }

    /// Reports the first problem of a statement only: the others mostly follow from it.
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.broken {
            self.scan.diagnostics.push(diagnostic);
        }
        self.broken = true;
    }

    /// Reports the first control character, with their number, and blanks them all.
    fn control_characters(&mut self) {
        let source = self.source;
        let is_stray = |at: usize, c: char| match c {
            '\n' | '\t' => false,
            '\r' => !source[at + 1..].starts_with('\n'),
            _ => c.is_control(),
        };
        let mut stray = source.char_indices().filter(|(at, c)| is_stray(*at, *c));
        let Some((first, c)) = stray.next() else { return };
        let others: Vec<(usize, char)> = stray.collect();
        let span = self.span(first..first + c.len_utf8());
        self.scan.diagnostics.push(error::control_character(span, c, others.len()));
        for (at, c) in std::iter::once((first, c)).chain(others) {
            self.blank(at..at + c.len_utf8());
        }
    }

    fn comment(&mut self, at: usize) -> usize {
        let end = self.source[at..].find('\n').map_or(self.source.len(), |i| at + i);
        let text = self.source[at..end].trim_end();
        self.scan.comments.push(Comment { text: text.to_string(), span: self.span(at..at + text.len()) });
        self.blank(at..end);
        end
    }

    fn string(&mut self, at: usize) -> usize {
        let bytes = self.source.as_bytes();
        let mut end = at + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') if bytes.get(end + 1).is_some_and(|b| *b != b'\n') => end += 2,
                None | Some(b'\n') => {
                    self.token(at, end, Last::Value);
                    let stop = at + self.source[at..end].trim_end().len();
                    self.report(error::unterminated_text(self.span(at..stop)));
                    return end;
                }
                Some(_) => end += 1,
            }
        }
        self.token(at, end + 1, Last::Value);
        end + 1
    }

    fn number(&mut self, at: usize) -> usize {
        let end = self.word_end(at);
        self.token(at, end, Last::Value);
        end
    }

    fn word_end(&self, at: usize) -> usize {
        self.source[at..].find(|c| !is_name_continue(c)).map_or(self.source.len(), |i| at + i)
    }

    fn word(&mut self, at: usize) -> usize {
        let source = self.source;
        let end = self.word_end(at);
        let word = &source[at..end];
        if self.last == Last::Dot && self.pending.is_none() {
            self.token(at, end, Last::Value);
            return end;
        }
        if matches!(word, "then" | "else") {
            // The line before goes on.
            self.pending = None;
        } else if self.pending.is_some() && is_statement_word(word) && begins_statement(word, &source[end..]) {
            self.close_before_statement(at, word);
            if self.last == Last::Operator && !(self.after_comma && self.stack.last().is_some_and(|o| o.bracket == '{'))
            {
                // The line before is not complete. It ends nevertheless: its error is its own.
                self.last = Last::Value;
            }
        }
        let after_else = self.last == Last::Else && word == "if";
        let last = match word {
            "then" | "and" | "or" => Last::Operator,
            "else" => Last::Else,
            _ => Last::Value,
        };
        self.token(at, end, last);
        if word == "if" && !after_else {
            self.nest(at, end);
        }
        end
    }

    /// A line that begins with a keyword of a statement ends every bracket that cannot hold such a line.
    fn close_before_statement(&mut self, at: usize, word: &str) {
        let in_column_one = at == 0 || self.source.as_bytes().get(at - 1) == Some(&b'\n');
        while let Some(open) = self.stack.last() {
            let may_hold = open.bracket == '{' && (BLOCK_WORDS.contains(&word) || !in_column_one);
            if may_hold {
                return;
            }
            let (bracket, place) = (open.bracket, open.at);
            let problem = error::unclosed_bracket(self.span(place..place + 1), bracket, self.span(at..at + word.len()));
            self.report(problem);
            self.pop();
        }
    }

    fn punctuation(&mut self, c: char, at: usize) -> usize {
        let end = at + c.len_utf8();
        let rest = &self.source[at..];
        match c {
            '(' | '[' | '{' => {
                self.token(at, end, Last::Start);
                self.stack.push(Open { bracket: c, at, forms: 0 });
                self.open[kind(c)] += 1;
                self.deepen(at, end);
            }
            ')' | ']' | '}' => {
                // A line end before a closing bracket means nothing.
                if !self.stack.is_empty() {
                    self.pending = None;
                }
                self.token(at, end, Last::Value);
                self.close(c, at);
            }
            ',' => {
                self.token(at, end, Last::Operator);
                self.after_comma = true;
                self.end_forms();
            }
            '=' if rest.starts_with("=>") => {
                self.token(at, at + 2, Last::Operator);
                self.nest(at, at + 2);
                return at + 2;
            }
            '=' | '+' | '-' | '*' | '/' | '^' | '@' | '<' | '>' => self.token(at, end, Last::Operator),
            '.' if rest.starts_with("..") => {
                self.token(at, at + 2, Last::Value);
                return at + 2;
            }
            '.' => self.token(at, end, Last::Dot),
            _ => self.token(at, end, Last::Value),
        }
        end
    }

    /// Takes notice of a token: settles the line end before it and grows the statement.
    fn token(&mut self, start: usize, end: usize, last: Last) {
        if let Some(line_end) = self.pending.take()
            && self.last != Last::Operator
            && self.last != Last::Else
            && self.last != Last::Start
        {
            match self.stack.last() {
                None => self.end_segment(),
                Some(open) if open.bracket == '{' => {
                    self.text[line_end] = b'\n';
                    self.end_forms();
                }
                Some(_) => {}
            }
        }
        let from = self.segment.as_ref().map_or(start, |s| s.start);
        self.segment = Some(from..end);
        self.last = last;
        self.after_comma = false;
    }

    fn end_forms(&mut self) {
        let forms = self.stack.last_mut().map_or(&mut self.forms, |open| &mut open.forms);
        self.nesting -= std::mem::take(forms);
    }

    /// An `if` or `=>`: what follows is nested in it until a comma, a line end or the closing bracket.
    fn nest(&mut self, start: usize, end: usize) {
        *self.stack.last_mut().map_or(&mut self.forms, |open| &mut open.forms) += 1;
        self.deepen(start, end);
    }

    fn deepen(&mut self, start: usize, end: usize) {
        self.nesting += 1;
        self.deepest = self.deepest.max(self.nesting);
        if self.nesting > MAX_NESTING {
            self.report(error::nested_too_deeply(self.span(start..end), MAX_NESTING));
        }
    }

    fn pop(&mut self) -> Option<Open> {
        let open = self.stack.pop()?;
        self.nesting -= 1 + open.forms;
        self.open[kind(open.bracket)] -= 1;
        Some(open)
    }

    fn close(&mut self, c: char, at: usize) {
        let opener = match c {
            ')' => '(',
            ']' => '[',
            _ => '{',
        };
        match self.stack.last() {
            Some(open) if open.bracket == opener => {
                self.pop();
            }
            Some(open) => {
                let (bracket, place) = (open.bracket, open.at);
                self.report(error::mismatched_bracket(self.span(place..place + 1), bracket, self.span(at..at + 1), c));
                // If this bracket closes one further out, those within it were forgotten.
                if self.open[kind(opener)] > 0 {
                    while self.pop().is_some_and(|open| open.bracket != opener) {}
                }
            }
            None => {
                let problem = error::unexpected_bracket(self.span(at..at + 1), c);
                self.report(problem);
            }
        }
    }

    fn end_segment(&mut self) {
        if let Some(open) = self.stack.last() {
            let (bracket, place, end) = (open.bracket, open.at, self.source.trim_end().len());
            let problem = error::unclosed_bracket(self.span(place..place + 1), bracket, self.span(end..end));
            self.report(problem);
        }
        if let Some(range) = self.segment.take() {
            self.scan.segments.push(Segment { range, nesting: self.deepest, broken: self.broken });
        }
        self.stack.clear();
        self.open = [0; 3];
        self.forms = 0;
        self.nesting = 0;
        self.deepest = 0;
        self.broken = false;
        self.last = Last::Start;
    }
}
