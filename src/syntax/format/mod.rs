//! Source → the same source in the one style: indentation, spaces, blank lines, and no line wider than 100 columns
//! where it can be broken.
//!
//! Reads tokens and comments, not the tree, so that numbers, brackets and comments stay as they were written. Line ends
//! that the author chose stay too: a line is broken here, never joined. Must not know what a name means.

mod align;
mod pieces;
mod spacing;
mod wrap;

use super::ast::Ast;
use super::{parse, scan, strip_spans};
use crate::diag::Diagnostic;
use crate::span::FileId;
use pieces::{Kind, Piece};

/// The widest line, in columns of a terminal; comments do not count.
pub const WIDTH: usize = 100;

/// Columns of one level.
const STEP: usize = 2;

/// A file in the one style: the same statements and comments, which [`same_meaning`] checks, and a fixed point: what is
/// in that style comes back unchanged.
///
/// # Errors
/// What is wrong with the text, if it is not a program of right syntax.
pub fn format(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let parsed = parse(file, text);
    if parsed.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(parsed.diagnostics);
    }
    let scan = scan::scan(file, text);
    let mut pieces = pieces::pieces(text, &scan);
    spacing::space(&mut pieces);
    let lines = lines(&mut pieces);
    let columns = align::columns(&pieces, &lines);
    Ok(written(&pieces, &lines, &columns))
}

/// Whether two texts say the same, comments included.
pub fn same_meaning(one: &str, other: &str) -> bool {
    let tree = |text: &str| -> Option<Ast> {
        let mut parsed = parse(FileId(0), text);
        strip_spans(&mut parsed.ast);
        parsed.diagnostics.is_empty().then_some(parsed.ast)
    };
    matches!((tree(one), tree(other)), (Some(one), Some(other)) if one == other)
}

/// A line of the result: pieces `first..end`, the first at column `indent`.
struct Line {
    first: usize,
    end: usize,
    indent: usize,
    /// A line end was put before it: where its pieces stood in the source says nothing.
    fresh: bool,
}

/// An open bracket, or the file.
struct Level {
    /// Indentation of the line that it was opened on.
    opened: usize,
    /// Indentation of what stands in it.
    inner: usize,
    /// The item begins with `if`: its `then` and `else` stand below it.
    conditional: bool,
}

/// Chooses where lines end, and how far each is indented.
fn lines(pieces: &mut [Piece]) -> Vec<Line> {
    let mut lines: Vec<Line> = vec![];
    let mut levels = vec![Level { opened: 0, inner: 0, conditional: false }];
    let mut first = 0;
    while first < pieces.len() {
        let indent = indentation(pieces, first, &levels);
        wrap::wrap(pieces, first, indent);
        let end = (first + 1..pieces.len()).find(|i| pieces[*i].newlines > 0).unwrap_or(pieces.len());
        for piece in &pieces[first..end] {
            let Some(top) = levels.last_mut() else { break };
            if piece.begins_item {
                top.conditional = piece.text == "if";
            }
            match piece.kind {
                Kind::Open => levels.push(Level { opened: indent, inner: indent + STEP, conditional: false }),
                Kind::Close if levels.len() > 1 => {
                    levels.pop();
                }
                _ => {}
            }
        }
        lines.push(Line { first, end, indent, fresh: pieces[first].fresh });
        first = end;
    }
    lines
}

/// How far a line that begins with piece `first` is indented.
fn indentation(pieces: &[Piece], first: usize, levels: &[Level]) -> usize {
    let Some(top) = levels.last() else { return 0 };
    let is_comment = pieces[first].kind == Kind::Comment;
    // A comment stands where the line below it stands.
    let Some(piece) = pieces[first..].iter().find(|piece| piece.kind != Kind::Comment) else { return top.inner };
    match piece.kind {
        Kind::Close if is_comment => top.inner,
        Kind::Close => top.opened,
        _ if piece.begins_item => top.inner,
        _ if piece.is_branch() && top.conditional => top.inner,
        _ => top.inner + STEP,
    }
}

fn written(pieces: &[Piece], lines: &[Line], columns: &[usize]) -> String {
    let mut out = String::new();
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let before = line.first.checked_sub(1).map(|before| pieces[before].kind);
        let at_edge = before == Some(Kind::Open) || pieces[line.first].kind == Kind::Close;
        if pieces[line.first].newlines > 1 && number > 0 && !at_edge {
            out.push('\n');
        }
        let mut column = 0;
        for i in line.first..line.end {
            out.extend(std::iter::repeat_n(' ', columns[i].saturating_sub(column)));
            out.push_str(pieces[i].text);
            column = columns[i] + pieces[i].width;
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}
