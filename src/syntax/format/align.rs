//! Columns that the author lined up by hand.
//!
//! Two pieces on lines that follow each other belong together if they stood in one column and one of them has more than
//! one space before it. What belongs together stands in one column again; everything else has its one space.
//! A comment at the end of a line that has more than one space before it stays in its column.

use super::Line;
use super::pieces::{Kind, Piece};

/// The column of every piece.
pub(super) fn columns(pieces: &[Piece], lines: &[Line]) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..pieces.len()).collect();
    for pair in lines.windows(2) {
        let (above, below) = (&pair[0], &pair[1]);
        if below.fresh || above.fresh || pieces[below.first].newlines != 1 {
            continue;
        }
        let mut j = below.first + 1;
        for i in (above.first + 1..above.end).filter(|i| pieces[*i].space == 1) {
            while j < below.end && pieces[j].column < pieces[i].column {
                j += 1;
            }
            let together = j < below.end
                && pieces[j].column == pieces[i].column
                && pieces[j].space == 1
                && (pieces[i].gap > 1 || pieces[j].gap > 1);
            if together {
                let (a, b) = (root(&mut groups, i), root(&mut groups, j));
                groups[b] = a;
            }
        }
    }
    place(pieces, lines, &mut groups)
}

/// The piece that stands for a group.
fn root(groups: &mut [usize], mut i: usize) -> usize {
    while groups[i] != i {
        groups[i] = groups[groups[i]];
        i = groups[i];
    }
    i
}

/// As far left as spaces and groups allow. All members of a group stood in one column, so groups from left to right
/// never wait for each other.
fn place(pieces: &[Piece], lines: &[Line], groups: &mut [usize]) -> Vec<usize> {
    let mut columns = vec![0; pieces.len()];
    let mut first_of_line = vec![None; pieces.len()];
    // A comment that was set off from its line keeps its column.
    let mut set_off = vec![0; pieces.len()];
    for line in lines {
        first_of_line[line.first] = Some(line.indent);
        if !line.fresh && pieces[line.end - 1].kind == Kind::Comment && pieces[line.end - 1].gap > 1 {
            set_off[line.end - 1] = pieces[line.end - 1].column;
        }
    }
    let mut members: Vec<Vec<usize>> = vec![vec![]; pieces.len()];
    for i in 0..pieces.len() {
        members[root(groups, i)].push(i);
    }
    let mut order: Vec<usize> = (0..pieces.len()).filter(|i| !members[*i].is_empty()).collect();
    // By column in the source; within a line that was broken, in order.
    order.sort_by_key(|i| (pieces[*i].column, *i));
    for group in order {
        let natural = |i: usize| match first_of_line[i] {
            Some(indent) => indent,
            None => (columns[i - 1] + pieces[i - 1].width + pieces[i].space).max(set_off[i]),
        };
        let column = members[group].iter().map(|i| natural(*i)).max().unwrap_or(0);
        for i in &members[group] {
            columns[*i] = column;
        }
    }
    columns
}
