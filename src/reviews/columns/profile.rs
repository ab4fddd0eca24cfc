//! What is in a column: how long its cells are, how many differ, and whether one column settles another.

use std::collections::{HashMap, HashSet};

use crate::reviews::cells::{id, present, rating};
use crate::reviews::table::Table;

/// Rows that are looked at for lengths and kinds, spread over the table.
const SAMPLE: usize = 2_000;

/// A column's cells.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Profile {
    /// Cells that were looked at and are not empty.
    pub present: usize,
    /// Of these, so many are numbers, …
    pub numbers: usize,
    /// … state a rating, …
    pub ratings: usize,
    /// … are ids that were rounded to a power of ten, …
    pub rounded: usize,
    /// … and differ.
    pub distinct: usize,
    /// The median length in bytes.
    pub length: usize,
}

impl Profile {
    /// Looks at a column.
    pub(super) fn of(table: &Table, column: usize) -> Self {
        let step = (table.rows() / SAMPLE).max(1);
        let cells = table.column(column).step_by(step).filter_map(present);
        let (mut profile, mut lengths, mut distinct) = (Self::default(), Vec::new(), HashSet::new());
        for cell in cells {
            profile.present += 1;
            profile.numbers += usize::from(cell.replace(',', "").parse::<f64>().is_ok());
            profile.ratings += usize::from(rating::stated(Some(cell)).is_some() || rating::is_label(cell));
            profile.rounded += usize::from(id::is_rounded(cell));
            lengths.push(cell.len());
            distinct.insert(cell);
        }
        lengths.sort_unstable();
        profile.length = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
        profile.distinct = distinct.len();
        profile
    }

    /// Whether at least `share` of the cells count.
    pub(super) fn is_mostly(&self, count: usize, share: f64) -> bool {
        self.present > 0 && count as f64 >= share * self.present as f64
    }
}

/// How the values of a column are spread over the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spread {
    /// Rows with a value.
    pub rows: usize,
    /// Different values.
    pub distinct: usize,
    /// Values in one row only.
    pub single: usize,
}

impl Spread {
    /// Counts the values of a whole column.
    pub(super) fn of(table: &Table, column: usize) -> Self {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for cell in table.column(column).filter_map(present) {
            *counts.entry(cell).or_default() += 1;
        }
        Self {
            rows: counts.values().sum(),
            distinct: counts.len(),
            single: counts.values().filter(|count| **count == 1).count(),
        }
    }
}

/// Whether each value of `by` has one value of `column`, or one that most of its rows have; and whether values of `by`
/// that differ mostly have values that differ. An id settles a title, and not a reviewer or a headline.
pub(super) fn settles(table: &Table, by: usize, column: usize) -> bool {
    /// So many of ten values of `by` must have a value of their own.
    const MOST: usize = 9;
    let mut values: HashMap<&str, HashMap<&str, usize>> = HashMap::new();
    for (key, value) in table.column(by).zip(table.column(column)) {
        if let (Some(key), Some(value)) = (present(key), present(value)) {
            *values.entry(key).or_default().entry(value).or_default() += 1;
        }
    }
    let (mut several, mut settled, mut top) = (0, 0, HashSet::new());
    for counts in values.values() {
        let rows: usize = counts.values().sum();
        let most = counts.iter().max_by_key(|(value, count)| (**count, **value));
        if let Some((value, count)) = most {
            top.insert(*value);
            several += usize::from(rows > 1);
            settled += usize::from(rows > 1 && count * 2 > rows);
        }
    }
    several > 0 && settled * 10 >= several * MOST && top.len() * 2 > values.len()
}
