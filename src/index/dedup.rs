//! Deduplication: equal vectors become one row, which records the passages that share it.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use super::Vectors;

/// Which passages share a row. Rows are numbered in the order in which they first occur.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DistinctRows {
    /// The row of every passage.
    rows: Vec<u32>,
    /// For each row the place in `passages` where its passages begin, and one more entry for the end.
    starts: Vec<u32>,
    /// The passages, by row and then by number.
    passages: Vec<u32>,
}

impl DistinctRows {
    /// The distinct vectors, and which passages have them. `rows` gives the number of each passage's vector; vectors
    /// are in the order in which the passages first use them. Vectors are moved up over their copies, so that none is
    /// in memory twice.
    pub(super) fn deduplicate(mut vectors: Vectors, mut rows: Vec<u32>) -> (Vectors, Self) {
        let first = firsts(&vectors);
        let mut count = 0;
        let mut moved = vec![0; first.len()];
        for (row, &first) in first.iter().enumerate() {
            if first as usize == row {
                vectors.copy_row(row, count);
                moved[row] = number(count);
                count += 1;
            } else {
                moved[row] = moved[first as usize];
            }
        }
        vectors.truncate(count);
        rows.iter_mut().for_each(|row| *row = moved[*row as usize]);
        let passages = Self::from_rows(rows, count).expect("every passage has one of the vectors");
        (vectors, passages)
    }

    /// Builds the lists from the row of every passage; `None` if a row is not below `count`.
    pub(super) fn from_rows(rows: Vec<u32>, count: usize) -> Option<Self> {
        let mut starts = vec![0; count + 1];
        for &row in &rows {
            *starts.get_mut(row as usize + 1)? += 1;
        }
        for row in 0..count {
            starts[row + 1] += starts[row];
        }
        let mut passages: Vec<u32> = (0..number(rows.len())).collect();
        // The sort is stable, so that a row's passages stay in order.
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

/// For every vector the first vector that is equal to it.
fn firsts(vectors: &Vectors) -> Vec<u32> {
    let mut seen: HashMap<Bits<'_>, u32> = HashMap::with_capacity(vectors.len());
    let first = |(row, vector)| *seen.entry(Bits(vector)).or_insert(number(row));
    vectors.rows().enumerate().map(first).collect()
}

/// A vector that is compared bit by bit.
struct Bits<'a>(&'a [f32]);

impl Hash for Bits<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Vectors with the same first numbers are nearly always equal; otherwise the comparison tells them apart.
        self.0.iter().take(8).for_each(|x| x.to_bits().hash(state));
    }
}

impl PartialEq for Bits<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0
            .iter()
            .map(|x| x.to_bits())
            .eq(other.0.iter().map(|x| x.to_bits()))
    }
}

impl Eq for Bits<'_> {}

fn number(position: usize) -> u32 {
    u32::try_from(position).expect("there are at most u32::MAX passages")
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
        let (different, passages) =
            DistinctRows::deduplicate(Vectors::from_rows(2, rows.map(Vec::from)), (0..6).collect());
        assert_eq!(
            different,
            Vectors::from_rows(2, [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]].map(Vec::from))
        );
        let of_rows: Vec<Vec<usize>> = (0..3).map(|row| passages.of_row(row).collect()).collect();
        assert_eq!(of_rows, [vec![0, 2, 5], vec![1, 4], vec![3]]);
        assert_eq!(passages.len(), 6);
        assert_eq!(
            DistinctRows::from_rows(passages.rows().to_vec(), 3),
            Some(passages)
        );
    }

    #[test]
    fn passages_that_share_a_text_share_a_row() {
        let of_texts = Vectors::from_rows(2, [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.6, 0.8]].map(Vec::from));
        let (different, passages) = DistinctRows::deduplicate(of_texts, vec![0, 1, 0, 2, 3, 1]);
        assert_eq!(
            different,
            Vectors::from_rows(2, [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]].map(Vec::from))
        );
        assert_eq!(passages.rows(), [0, 1, 0, 0, 2, 1]);
    }

    #[test]
    fn rows_beyond_the_vectors_are_refused() {
        assert_eq!(DistinctRows::from_rows(vec![0, 3], 3), None);
        assert_eq!(DistinctRows::from_rows(vec![u32::MAX], 0), None);
    }
}
