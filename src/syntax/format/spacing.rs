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
