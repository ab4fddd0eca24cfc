//! Vectors in one piece of memory, and the similarity that the whole index uses.

use crate::kernels::simd::LANES;

/// Vectors of one dimension, one row after another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vectors {
    dimension: usize,
    values: Vec<f32>,
}

impl Vectors {
    /// No vectors yet.
    pub(crate) fn new(dimension: usize) -> Self {
        Self {
            dimension,
            values: Vec::new(),
        }
    }

    /// Copies the vectors, one per row, and frees each after copying it.
    pub(crate) fn from_rows(dimension: usize, rows: impl IntoIterator<Item = Vec<f32>>) -> Self {
        let mut vectors = Self::new(dimension);
        rows.into_iter().for_each(|row| vectors.push(&row));
        vectors
    }

    /// Takes values that already lie row after row; `None` if the last row is not whole.
    pub(super) fn from_values(dimension: usize, values: Vec<f32>) -> Option<Self> {
        (dimension > 0 && values.len().is_multiple_of(dimension)).then_some(Self { dimension, values })
    }

    /// Appends a row.
    ///
    /// # Panics
    /// If it has another dimension: vectors of different models never belong together.
    pub(crate) fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.dimension, "all vectors come from one model");
        self.values.extend_from_slice(row);
    }

    /// `rows` rows of zeros, to be filled.
    pub(crate) fn zeros(dimension: usize, rows: usize) -> Self {
        Self {
            dimension,
            values: vec![0.0; dimension * rows],
        }
    }

    /// Numbers in a row.
    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Rows.
    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.dimension.max(1)
    }

    /// One vector.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.dimension..][..self.dimension]
    }

    /// One vector, for writing.
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.values[row * self.dimension..][..self.dimension]
    }

    /// Copies a row over another.
    pub(super) fn copy_row(&mut self, from: usize, to: usize) {
        let start = from * self.dimension;
        self.values
            .copy_within(start..start + self.dimension, to * self.dimension);
    }

    /// Keeps the first rows and frees the memory of the others.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows * self.dimension);
        self.values.shrink_to_fit();
    }

    /// All vectors, in order.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimension.max(1))
    }

    /// The values, row after row.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }
}

/// The dot product, which for unit vectors is the cosine. The order of additions is fixed, so that the exact scan
/// and HNSW give a pair the same score to the last bit. It adds up [`LANES`] sums side by side, with which the compiler
/// fills four SSE or two AVX registers.
#[inline]
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let (left_lanes, left_rest) = left.as_chunks::<LANES>();
    let (right_lanes, right_rest) = right.as_chunks::<LANES>();
    let mut sums = [0f32; LANES];
    for (l, r) in left_lanes.iter().zip(right_lanes) {
        for lane in 0..LANES {
            sums[lane] += l[lane] * r[lane];
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(l, r)| l * r).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dot_product_is_that_of_the_definition_for_every_length() {
        for length in [0, 1, 15, 16, 17, 100, 384] {
            let left: Vec<f32> = (0..length).map(|i| (i as f32 * 0.7).sin()).collect();
            let right: Vec<f32> = (0..length).map(|i| (i as f32 * 0.3).cos()).collect();
            let expected: f64 = left
                .iter()
                .zip(&right)
                .map(|(l, r)| f64::from(*l) * f64::from(*r))
                .sum();
            assert!(
                (f64::from(dot(&left, &right)) - expected).abs() < 1e-5,
                "{length}"
            );
        }
    }

    #[test]
    #[should_panic(expected = "all vectors come from one model")]
    fn a_row_of_another_dimension_is_a_bug() {
        Vectors::new(3).push(&[1.0, 0.0]);
    }
}
