//! Spaces between pieces of one line.

use super::pieces::{Kind, Piece};

/// Sets the spaces before every piece, as if all stood on one line.
pub(super) fn space(pieces: &mut [Piece]) {
    let mut path_of_import = false;
    for i in 1..pieces.len() {
        if pieces[i - 1].begins_item && pieces[i - 1].depth == 0 {
            path_of_import = pieces[i - 1].text == "import";
        }
        pieces[i].space = between(&pieces[i - 1], &pieces[i], path_of_import);
    }
    for i in 0..pieces.len() {
        if pieces[i].text == ".." && pieces[i].kind == Kind::Mark {
            tighten(pieces, i);
        }
    }
}

/// The ends of a range hold together: `2*H..3*H`, because `..` has no spaces itself.
fn tighten(pieces: &mut [Piece], range: usize) {
    let depth = pieces[range].depth;
    let ends = |piece: &Piece| {
        piece.depth < depth
            || piece.depth == depth
                && (piece.kind == Kind::Keyword
                    || piece.kind == Kind::Comment
                    || piece.begins_item
                    || matches!(piece.text, "," | "=" | "=>"))
    };
    let first = (0..range).rev().find(|i| ends(&pieces[*i])).map_or(0, |i| i + usize::from(!pieces[i].begins_item));
    let last = (range + 1..pieces.len()).find(|i| ends(&pieces[*i])).unwrap_or(pieces.len());
    for i in first + 1..last {
        let operator = |p: &Piece| p.depth == depth && matches!(p.text, "*" | "/" | "+" | "-" | "@");
        // `a - -1` would read as one sign.
        if (operator(&pieces[i]) && !pieces[i].is_sign || operator(&pieces[i - 1]) && !pieces[i - 1].is_sign)
            && !(pieces[i].is_sign && operator(&pieces[i - 1]))
        {
            pieces[i].space = 0;
        }
    }
}

/// Spaces between two pieces: 0 or 1.
fn between(before: &Piece, here: &Piece, path_of_import: bool) -> usize {
    if here.kind == Kind::Comment {
        return 1;
    }
    match (before.text, before.kind, here.text, here.kind) {
        (_, _, ",", _) => 0,
        ("{", _, "}", _) => 0,
        ("{", ..) | (_, _, "}", _) => 1,
        (_, Kind::Open, ..) | (_, _, _, Kind::Close) => 0,
        (",", ..) => 1,
        (".", Kind::Mark, ..) | (_, _, ".", Kind::Mark) | (_, _, "'", Kind::Mark) => 0,
        ("^", ..) | (_, _, "^", _) => 0,
        _ if before.is_sign => 0,
        ("..", ..) => usize::from(here.kind == Kind::Keyword),
        (_, _, "..", _) => usize::from(!before.ends_value()),
        (_, _, ":", _) => usize::from(!before.ends_value()),
        (_, Kind::Keyword, "(", _) => usize::from(!super::super::explain::LOOPS.contains(&before.text)),
        (_, _, "(", _) if path_of_import => 1,
        (_, _, "(" | "[", _) => usize::from(!before.ends_value()),
        _ => 1,
    }
}
