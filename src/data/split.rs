//! Which rows are for training, validation and test.
//!
//! Reads row counts, labels and the seed. Must not know tables or ports.

use super::error::DataError;
use crate::random::{Purpose, Stream};

/// The numbers of the rows of each part, each in increasing order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splits {
    /// Rows that parameters and statistics are fitted to.
    pub train: Vec<u32>,
    /// Rows that tell when to stop.
    pub validation: Vec<u32>,
    /// Rows that only judge the result.
    pub test: Vec<u32>,
}

/// How rows are divided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Division<'a> {
    /// Of training, validation and test; they add up to 1.
    pub shares: [f64; 3],
    /// At random; otherwise in order.
    pub shuffle: bool,
    /// A class for each row; every class gets these shares, up to rounding.
    pub classes: Option<&'a [u32]>,
    /// A group for each row; a group comes into one part as a whole.
    pub groups: Option<&'a [u32]>,
    /// The seed of the order.
    pub seed: u64,
}

impl Splits {
    /// Divides the rows `0..rows`. The sizes are those of [`sizes`]. Rows are put in the order that
    /// [`Purpose::Split`] shuffles them to; with classes, the rows of each class are then spread evenly over that
    /// order; the first rows are for training, the next for validation, the last for the test.
    ///
    /// # Errors
    /// [`DataError::EmptyPart`] if a part with a share gets no row.
    pub(super) fn divide(rows: u32, division: Division) -> Result<Splits, DataError> {
        let mut order: Vec<u32> = (0..rows).collect();
        if division.shuffle {
            Stream::new(division.seed, Purpose::Split, 0).shuffle(&mut order);
        }
        if let Some(classes) = division.classes {
            spread(&mut order, classes);
        }
        let mut sizes = sizes(rows as usize, division.shares);
        if let Some(groups) = division.groups {
            gather_groups(&mut order, groups);
            sizes = whole_groups(&order, groups, sizes);
        }
        for ((size, share), part) in sizes.iter().zip(division.shares).zip(["training", "validation", "test"]) {
            if *size == 0 && share > 0.0 {
                return Err(DataError::EmptyPart { rows: rows as usize, part });
            }
        }
        let test = order.split_off(sizes[0] + sizes[1]);
        let validation = order.split_off(sizes[0]);
        let mut splits = Splits { train: order, validation, test };
        for part in [&mut splits.train, &mut splits.validation, &mut splits.test] {
            part.sort_unstable();
        }
        Ok(splits)
    }
}

/// Reorders rows so that those of a group follow one another, the groups in the order of their first rows.
fn gather_groups(order: &mut [u32], groups: &[u32]) {
    let mut first = vec![usize::MAX; groups.iter().max().map_or(0, |last| *last as usize + 1)];
    let group = |row: u32| groups.get(row as usize).map_or(0, |group| *group as usize);
    for (at, row) in order.iter().enumerate() {
        if let Some(first) = first.get_mut(group(*row)) {
            *first = at.min(*first);
        }
    }
    // Stable, so that rows of a group keep their order.
    order.sort_by_key(|row| first.get(group(*row)).copied());
}

/// The sizes moved to the nearest ends of groups; of two equally near ones the earlier.
fn whole_groups(order: &[u32], groups: &[u32], sizes: [usize; 3]) -> [usize; 3] {
    let group = |at: usize| order.get(at).and_then(|row| groups.get(*row as usize));
    let ends: Vec<usize> = (0..=order.len()).filter(|at| *at == 0 || group(*at) != group(at - 1)).collect();
    let nearest = |at: usize| ends.iter().copied().min_by_key(|end| end.abs_diff(at)).unwrap_or(0);
    let (first, second) = (nearest(sizes[0]), nearest(sizes[0] + sizes[1]));
    [first, second - first, order.len() - second]
}

/// How many rows each part gets: its share rounded down, and the rows that are left go one by one to the parts that
/// lost most by rounding, the earlier part first (the method of largest remainders).
fn sizes(rows: usize, shares: [f64; 3]) -> [usize; 3] {
    let exact = shares.map(|share| share * rows as f64);
    let mut sizes = exact.map(|size| size.floor() as usize);
    let mut by_loss = [0, 1, 2];
    by_loss.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()));
    let left = rows.saturating_sub(sizes.iter().sum());
    for part in by_loss.iter().cycle().take(left) {
        sizes[*part] += 1;
    }
    sizes
}

/// Reorders rows so that the rows of each class lie at even distances: the k-th of n rows of a class goes to the place
/// (k + 1/2) / n of the whole. Any beginning of the order then has the same share of every class, up to one row.
fn spread(order: &mut [u32], classes: &[u32]) {
    let class = |row: u32| classes.get(row as usize).copied().unwrap_or(0);
    let mut counts = vec![0u32; classes.iter().max().map_or(0, |last| *last as usize + 1)];
    classes.iter().for_each(|class| counts[*class as usize] += 1);
    let mut seen = vec![0u32; counts.len()];
    let mut placed: Vec<(f64, u32)> = vec![];
    for row in order.iter() {
        let class = class(*row) as usize;
        let (Some(seen), Some(count)) = (seen.get_mut(class), counts.get(class)) else { continue };
        placed.push(((f64::from(*seen) + 0.5) / f64::from(*count), *row));
        *seen += 1;
    }
    // Stable, so that ties keep the shuffled order.
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (to, (_, row)) in order.iter_mut().zip(placed) {
        *to = row;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn division(shares: [f64; 3], shuffle: bool) -> Division<'static> {
        Division { shares, shuffle, classes: None, groups: None, seed: 1 }
    }

    #[test]
    fn sizes_add_up_and_are_within_one_of_their_share() {
        assert_eq!(sizes(1797, [0.8, 0.1, 0.1]), [1437, 180, 180]);
        assert_eq!(sizes(10, [0.7, 0.2, 0.1]), [7, 2, 1]);
        assert_eq!(sizes(4, [0.34, 0.33, 0.33]), [2, 1, 1]);
        for rows in 0..200 {
            for shares in [[0.8, 0.1, 0.1], [1.0, 0.0, 0.0], [0.29, 0.7, 0.01], [1.0 / 3.0; 3]] {
                let sizes = sizes(rows, shares);
                assert_eq!(sizes.iter().sum::<usize>(), rows);
                assert!(sizes.iter().zip(shares).all(|(n, share)| (*n as f64 - share * rows as f64).abs() < 1.0));
                assert!(sizes.iter().zip(shares).all(|(n, share)| share > 0.0 || *n == 0), "{sizes:?}");
            }
        }
    }

    #[test]
    fn in_order_without_shuffle() {
        let splits = Splits::divide(10, division([0.5, 0.2, 0.3], false)).unwrap();
        assert_eq!(splits, Splits { train: (0..5).collect(), validation: vec![5, 6], test: vec![7, 8, 9] });
    }

    #[test]
    fn every_row_once_and_the_seed_decides() {
        let splits = Splits::divide(100, division([0.6, 0.2, 0.2], true)).unwrap();
        let mut all = [splits.train.clone(), splits.validation.clone(), splits.test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<u32>>());
        assert_ne!(splits.train, (0..60).collect::<Vec<u32>>());
        assert_eq!(splits, Splits::divide(100, division([0.6, 0.2, 0.2], true)).unwrap());
        assert_ne!(splits, Splits::divide(100, Division { seed: 2, ..division([0.6, 0.2, 0.2], true) }).unwrap());
    }

    #[test]
    fn classes_keep_their_shares() {
        // 90 rows of class 0 and 10 of class 1: 8 and 1 and 1 of the rare class.
        let classes: Vec<u32> = (0..100).map(|row| u32::from(row % 10 == 0)).collect();
        for seed in 0..20 {
            let division =
                Division { shares: [0.8, 0.1, 0.1], shuffle: true, classes: Some(&classes), groups: None, seed };
            let splits = Splits::divide(100, division).unwrap();
            let rare = |part: &[u32]| part.iter().filter(|row| **row % 10 == 0).count();
            assert_eq!([rare(&splits.train), rare(&splits.validation), rare(&splits.test)], [8, 1, 1]);
        }
    }

    #[test]
    fn groups_stay_together() {
        // Twelve groups of different size, rows of a group far from each other.
        let groups: Vec<u32> = (0..120).map(|row| row * row % 29 % 12).collect();
        for seed in 0..20 {
            let division = Division { groups: Some(&groups), seed, ..division([0.6, 0.2, 0.2], true) };
            let splits = Splits::divide(120, division).unwrap();
            let of =
                |part: &[u32]| part.iter().map(|row| groups[*row as usize]).collect::<std::collections::BTreeSet<_>>();
            let parts = [of(&splits.train), of(&splits.validation), of(&splits.test)];
            assert!(
                parts[0].is_disjoint(&parts[1]) && parts[0].is_disjoint(&parts[2]) && parts[1].is_disjoint(&parts[2])
            );
            assert_eq!(splits.train.len() + splits.validation.len() + splits.test.len(), 120);
        }
        // In order, with the cuts at 5 and 7 moved to the nearest ends 4 and 8.
        let groups = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2];
        let division = Division { groups: Some(&groups), ..division([0.5, 0.2, 0.3], false) };
        let splits = Splits::divide(10, division).unwrap();
        assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (4, 4, 2));
    }

    #[test]
    fn a_part_without_rows_is_an_error() {
        let problem = Splits::divide(3, division([0.8, 0.1, 0.1], true)).unwrap_err();
        assert_eq!(problem, DataError::EmptyPart { rows: 3, part: "validation" });
        assert!(Splits::divide(3, division([1.0, 0.0, 0.0], true)).is_ok());
    }
}
