//! Equal vectors put together: one row each, and which passages stand in it.

use std::collections::HashMap;
use std::ops::Range;

use super::Vectors;

/// Which passages share a row. Rows are numbered in the order in which they first occur.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Distinct {
    /// The row of every passage.
    rows: Vec<u32>,
    /// Where each row's passages begin in `passages`, and one more entry for the end.
    starts: Vec<u32>,
    /// The passages, by row and then by number.
    passages: Vec<u32>,
}

impl Distinct {
    /// The different vectors among these, and where they occur.
    pub(super) fn of(vectors: Vectors) -> (Vectors, Self) {
        let mut seen: HashMap<Vec<u32>, u32> = HashMap::with_capacity(vectors.len());
        let mut different = Vectors::new(vectors.dimension());
        let rows = vectors.rows().map(|vector| {
            *seen
                .entry(vector.iter().map(|x| x.to_bits()).collect())
                .or_insert_with(|| {
                    different.push(vector);
                    number(different.len() - 1)
                })
        });
        let rows = rows.collect();
        let passages =
            Self::from_rows(rows, different.len()).expect("every row was numbered as it was added");
        (different, passages)
    }

    /// From the row of every passage; nothing where a row is not below `count`.
    pub(super) fn from_rows(rows: Vec<u32>, count: usize) -> Option<Self> {
        let mut starts = vec![0; count + 1];
        for &row in &rows {
            *starts.get_mut(row as usize + 1)? += 1;
        }
        for row in 0..count {
            starts[row + 1] += starts[row];
        }
        let mut passages: Vec<u32> = (0..number(rows.len())).collect();
        // Stable, so that a row's passages stay in order.
        passages.sort_by_key(|&passage| rows[passage as usize]);
        Some(Self {
            rows,
            starts,
            passages,
        })
    }

    /// The row of every passage.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Passages in all rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The passages in a row, in order.
    pub(super) fn of_row(&self, row: usize) -> impl Iterator<Item = usize> {
        let range: Range<usize> = self.starts[row] as usize..self.starts[row + 1] as usize;
        self.passages[range].iter().map(|&passage| passage as usize)
    }
}

fn number(position: usize) -> u32 {
    u32::try_from(position).expect("four thousand million passages do not fit in memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_vectors_share_a_row_and_keep_their_order() {
        let rows = [
            [1.0, 0.0],
            [0.0, 1.0],
            [1.0, 0.0],
            [0.6, 0.8],
            [0.0, 1.0],
            [1.0, 0.0],
        ];
        let (different, passages) = Distinct::of(Vectors::from_rows(2, rows.map(Vec::from)));
        assert_eq!(
            different,
            Vectors::from_rows(2, [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]].map(Vec::from))
        );
        let of_rows: Vec<Vec<usize>> = (0..3).map(|row| passages.of_row(row).collect()).collect();
        assert_eq!(of_rows, [vec![0, 2, 5], vec![1, 4], vec![3]]);
        assert_eq!(passages.len(), 6);
        assert_eq!(Distinct::from_rows(passages.rows().to_vec(), 3), Some(passages));
    }

    #[test]
    fn rows_beyond_the_vectors_are_refused() {
        assert_eq!(Distinct::from_rows(vec![0, 3], 3), None);
        assert_eq!(Distinct::from_rows(vec![u32::MAX], 0), None);
    }
}
