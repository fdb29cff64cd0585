//! Colours for the columns of a sparse matrix: columns of one colour can be computed together, because every entry that is
//! wanted can be told apart in their sum.
//!
//! Greedy, in the order of the columns: A. H. Gebremedhin, F. Manne and A. Pothen, "What color is your Jacobian? Graph
//! coloring for computing derivatives", SIAM Review 47 (2005), algorithms 3.1 and 4.1.
//!
//! Reads nothing. Must not know what the matrix is.

/// The places of entries that may be other than 0, row by row, columns ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// How many columns there are.
    pub columns: usize,
    /// The columns of each row.
    pub rows: Vec<Vec<u32>>,
}

impl Pattern {
    /// Rows and columns exchanged.
    pub fn transposed(&self) -> Pattern {
        let mut rows = vec![vec![]; self.columns];
        for (i, row) in self.rows.iter().enumerate() {
            row.iter().for_each(|j| rows[*j as usize].push(i as u32));
        }
        Pattern { columns: self.rows.len(), rows }
    }

    /// With the entries of the transposed matrix, too. Both are square.
    pub fn symmetric(&self) -> Pattern {
        let mut rows = self.rows.clone();
        for (row, other) in rows.iter_mut().zip(self.transposed().rows) {
            row.extend(other);
            row.sort_unstable();
            row.dedup();
        }
        Pattern { columns: self.columns, rows }
    }
}

/// A colour for each column such that no row has two entries in columns of one colour.
pub fn columns(pattern: &Pattern) -> Vec<u32> {
    let transposed = pattern.transposed();
    let mut colours = vec![u32::MAX; pattern.columns];
    let mut seen: Vec<usize> = vec![];
    for (j, rows) in transposed.rows.iter().enumerate() {
        for row in rows {
            for other in &pattern.rows[*row as usize] {
                forbid(&mut seen, colours[*other as usize], j);
            }
        }
        colours[j] = first_free(&seen, j);
    }
    colours
}

/// A colour for each column of a symmetric matrix such that, of each entry and its mirror image, one is alone in its row
/// among the columns of its colour: no path of four vertices has two colours only.
pub fn star(pattern: &Pattern) -> Vec<u32> {
    let neighbours = |v: usize| pattern.rows[v].iter().map(|w| *w as usize).filter(move |w| *w != v);
    let mut colours = vec![u32::MAX; pattern.columns];
    let mut seen: Vec<usize> = vec![];
    for v in 0..pattern.columns {
        for w in neighbours(v) {
            forbid(&mut seen, colours[w], v);
            for x in neighbours(w).filter(|x| *x != v && colours[*x] != u32::MAX) {
                let closes = colours[w] == u32::MAX || neighbours(x).any(|y| y != w && colours[y] == colours[w]);
                if closes {
                    forbid(&mut seen, colours[x], v);
                }
            }
        }
        colours[v] = first_free(&seen, v);
    }
    colours
}

fn forbid(seen: &mut Vec<usize>, colour: u32, by: usize) {
    if colour != u32::MAX {
        let colour = colour as usize;
        seen.resize(seen.len().max(colour + 1), usize::MAX);
        seen[colour] = by;
    }
}

fn first_free(seen: &[usize], by: usize) -> u32 {
    seen.iter().position(|s| *s != by).unwrap_or(seen.len()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(columns: usize, rows: usize, entry: impl Fn(usize, usize) -> bool) -> Pattern {
        let row = |i| (0..columns).filter(|j| entry(i, *j)).map(|j| j as u32).collect();
        Pattern { columns, rows: (0..rows).map(row).collect() }
    }

    fn count(colours: &[u32]) -> u32 {
        colours.iter().max().map_or(0, |m| m + 1)
    }

    #[test]
    fn a_band_needs_as_many_colours_as_it_is_wide() {
        for width in [1, 3, 5] {
            let band = pattern(40, 40, |i, j| i.abs_diff(j) <= width / 2);
            assert_eq!(count(&columns(&band)), width as u32);
        }
    }

    #[test]
    fn an_arrow_needs_two_colours_if_symmetric_and_all_otherwise() {
        let arrow = pattern(30, 30, |i, j| i == j || i == 0 || j == 0);
        assert_eq!(count(&columns(&arrow)), 30);
        assert_eq!(count(&star(&arrow)), 2);
    }

    /// Every entry of random symmetric patterns, or its mirror image, is alone among its colour.
    #[test]
    fn star_colours_tell_every_entry_apart() {
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1u32 << 31)
        };
        for n in [5, 12, 30] {
            let upper = pattern(n, n, |_, _| false);
            let mut rows = upper.rows;
            for (i, row) in rows.iter_mut().enumerate() {
                row.extend((i as u32..n as u32).filter(|j| *j == i as u32 || random() < 0.2));
            }
            let pattern = Pattern { columns: n, rows }.symmetric();
            let colours = star(&pattern);
            let alone = |i: usize, j: usize| {
                pattern.rows[i].iter().filter(|k| colours[**k as usize] == colours[j]).count() == 1
            };
            for (i, row) in pattern.rows.iter().enumerate() {
                assert!(row.iter().all(|j| alone(i, *j as usize) || alone(*j as usize, i)));
            }
        }
    }
}
