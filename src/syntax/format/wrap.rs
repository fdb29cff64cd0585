//! Where a line that is too wide is broken.
//!
//! A break comes where the expression holds together least: before `then` and `else`, after a comma, after `=` or `=>`
//! if the rest fits, after an operator, and otherwise around the contents of a bracket.

use super::WIDTH;
use super::pieces::{Kind, Piece, break_before};

/// Pieces beyond this column decide nothing: the time stays linear in the length of a line.
const WINDOW: usize = 3 * WIDTH;

/// Puts line ends into the line that begins with piece `first` at column `indent`, until it fits or nothing can be done.
/// What is cut off is a line of its own, for later.
pub(super) fn wrap(pieces: &mut [Piece], first: usize, indent: usize) {
    loop {
        let window = Window::of(pieces, first, indent);
        if window.fits() {
            return;
        }
        let Some(place) = window.best(pieces) else { return };
        match place {
            Break::Before(i) => break_before(&mut pieces[i]),
            Break::Around(open, close) => {
                break_before(&mut pieces[open + 1]);
                if pieces[close].newlines == 0 {
                    break_before(&mut pieces[close]);
                }
            }
        }
    }
}

/// A place for a line end.
enum Break {
    Before(usize),
    /// After the one bracket and before the other.
    Around(usize, usize),
}

/// The beginning of a line.
struct Window {
    first: usize,
    end: usize,
    /// The column after each piece.
    ends: Vec<usize>,
    indent: usize,
    /// The fewest brackets around any piece.
    depth: usize,
}

impl Window {
    fn of(pieces: &[Piece], first: usize, indent: usize) -> Window {
        let (mut column, mut depth, mut ends, mut end) = (indent, usize::MAX, vec![], first);
        for (i, piece) in pieces.iter().enumerate().skip(first) {
            if i > first && (piece.newlines > 0 || piece.kind == Kind::Comment) || column > WINDOW {
                break;
            }
            column += piece.width + if i > first { piece.space } else { 0 };
            depth = depth.min(piece.depth);
            ends.push(column);
            end = i + 1;
        }
        Window { first, end, ends, indent, depth }
    }

    fn column_after(&self, i: usize) -> usize {
        self.ends.get(i - self.first).copied().unwrap_or(usize::MAX)
    }

    fn fits(&self) -> bool {
        self.ends.last().is_none_or(|width| *width <= WIDTH)
    }

    /// Whether the pieces from `i` on would fit on a line of their own.
    fn rest_fits(&self, i: usize) -> bool {
        let last = self.ends.last().copied().unwrap_or(0);
        last <= WINDOW && last.saturating_sub(self.column_after(i - 1)) + self.indent + 2 * super::STEP <= WIDTH
    }

    fn best(&self, pieces: &[Piece]) -> Option<Break> {
        let mut best: Option<(u8, usize)> = None;
        let mut beyond: Option<usize> = None;
        for i in self.first + 1..self.end {
            let Some(rank) = rank(&pieces[i - 1], &pieces[i]) else { continue };
            if pieces[i].depth != self.depth || pieces[i - 1].depth != self.depth {
                continue;
            }
            if self.column_after(i - 1) > WIDTH {
                beyond = beyond.or(Some(i));
            } else if (rank != DEFINED || self.rest_fits(i)) && best.is_none_or(|(known, _)| rank <= known) {
                best = Some((rank, i));
            }
        }
        if let Some((_, i)) = best {
            return Some(Break::Before(i));
        }
        self.around(pieces).or_else(|| self.after_definition(pieces)).or(beyond.map(Break::Before))
    }

    /// The last outermost bracket that opens before the edge.
    fn around(&self, pieces: &[Piece]) -> Option<Break> {
        let candidate = |i: &usize| {
            let piece = &pieces[*i];
            let close = piece.partner.filter(|close| *close > i + 1)?;
            let wanted = piece.kind == Kind::Open && piece.depth == self.depth && self.column_after(*i) <= WIDTH;
            (wanted && pieces[i + 1].newlines == 0).then_some((*i, close))
        };
        let mut all = (self.first..self.end).filter_map(|i| candidate(&i)).collect::<Vec<_>>();
        // The one that crosses the edge, or else the last with something in it worth a line.
        let crossing = all.iter().rposition(|(_, close)| *close >= self.end || self.column_after(*close) > WIDTH);
        let (open, close) = match crossing {
            Some(i) => all.swap_remove(i),
            None => all.into_iter().rfind(|(open, close)| close - open > 2)?,
        };
        Some(Break::Around(open, close))
    }

    /// After `=` or `=>`, although the rest does not fit.
    fn after_definition(&self, pieces: &[Piece]) -> Option<Break> {
        let place = (self.first + 1..self.end)
            .find(|i| rank(&pieces[i - 1], &pieces[*i]) == Some(DEFINED) && pieces[*i].depth == self.depth)?;
        Some(Break::Before(place))
    }
}

const DEFINED: u8 = 3;

/// How loosely two pieces hold together, loosest first; `None` where a line cannot end.
fn rank(before: &Piece, here: &Piece) -> Option<u8> {
    if here.is_branch() {
        return Some(if here.text == "else" { 0 } else { 1 });
    }
    let joins = before.kind == Kind::Mark && !before.is_sign || before.kind == Kind::Keyword;
    if !joins || here.kind == Kind::Comment {
        return None;
    }
    Some(match before.text {
        "," => 2,
        "=" | "=>" => DEFINED,
        "or" => 4,
        "and" => 5,
        "==" | "!=" | "<" | "<=" | ">" | ">=" => 6,
        "+" | "-" => 7,
        "*" | "/" => 8,
        "@" => 9,
        _ => return None,
    })
}
