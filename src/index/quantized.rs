//! Scalar quantization: rows of eight bits per number, in a quarter of the memory of `f32`. They are accurate enough to
//! choose the rows that are worth scoring.
//!
//! All rows have the same scale, so that the products of their codes are in the order of their cosines, except for
//! rounding. Rows that are found by their codes are scored again in `f32`.

use super::{Vectors, dot};
use crate::kernels::int8;
use crate::kernels::simd::Level;

/// The largest code.
const LARGEST: f32 = 127.0;

/// Rows of codes, one after another.
#[derive(Debug, PartialEq)]
pub(super) struct QuantizedRows {
    width: usize,
    codes: Vec<i8>,
    scale: f32,
    /// The length of the largest difference between a row and the numbers that its codes stand for.
    error: f32,
    /// The length of the longest row of numbers that codes stand for.
    longest: f32,
}

/// A query's codes. They have their own scale: which rows are nearest does not depend on it.
pub(super) struct QuantizedQuery {
    pub codes: Vec<i8>,
    scale: f32,
    /// The length of the difference between the query and the numbers that its codes stand for.
    error: f32,
    /// The length of the query.
    length: f32,
}

impl QuantizedRows {
    /// Quantizes all rows.
    pub(super) fn new(rows: &Vectors) -> Self {
        let scale = scale(rows.values());
        let mut codes = Vec::with_capacity(rows.values().len());
        let (mut error, mut longest) = (0.0_f32, 0.0_f32);
        for row in rows.rows() {
            let start = codes.len();
            codes.extend(row.iter().map(|&x| code(x, scale)));
            error = error.max(difference(row, &codes[start..], scale));
            longest = longest.max(difference(&vec![0.0; row.len()], &codes[start..], scale));
        }
        Self {
            width: rows.dimension(),
            codes,
            scale,
            error,
            longest,
        }
    }

    /// Rows.
    pub(super) fn len(&self) -> usize {
        self.codes.len() / self.width.max(1)
    }

    /// One row.
    pub(super) fn row(&self, row: usize) -> &[i8] {
        &self.codes[row * self.width..][..self.width]
    }

    /// Replaces the content of `near` by the products of the query's codes with those of these rows.
    pub(super) fn dots(&self, query: &[i8], rows: &[u32], near: &mut Vec<i32>) {
        int8::dots(Level::best(), query, &self.codes, rows, near);
    }

    /// The product of the query's codes with those of a row.
    pub(super) fn dot(&self, query: &[i8], row: u32) -> i32 {
        int8::dot(Level::best(), query, self.row(row as usize))
    }

    /// The largest difference between a product of codes and that of the numbers, in units of the former. With `r'` and
    /// `q'` for the numbers that codes stand for, `q·r - q'·r' = q·(r - r') + (q - q')·r'`, and no product of vectors
    /// is larger than that of their lengths.
    pub(super) fn max_error(&self, query: &QuantizedQuery) -> i32 {
        let max_error = query.length * self.error + query.error * self.longest;
        // The sums above are also rounded, by far less than a thousandth.
        (max_error * 1.001 * self.scale * query.scale).ceil() as i32 + 1
    }
}

impl QuantizedQuery {
    /// Quantizes a query.
    pub(super) fn new(query: &[f32]) -> Self {
        let scale = scale(query);
        let codes: Vec<i8> = query.iter().map(|&x| code(x, scale)).collect();
        Self {
            error: difference(query, &codes, scale),
            length: dot(query, query).sqrt(),
            codes,
            scale,
        }
    }
}

/// The scale with which the largest absolute number gets the largest code.
fn scale(values: &[f32]) -> f32 {
    let largest = values.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    if largest > 0.0 { LARGEST / largest } else { 1.0 }
}

fn code(value: f32, scale: f32) -> i8 {
    (value * scale).round() as i8
}

/// The length of the difference between numbers and the numbers that codes stand for.
fn difference(values: &[f32], codes: &[i8], scale: f32) -> f32 {
    let pairs = values.iter().zip(codes);
    let squares = pairs.map(|(value, &code)| (value - f32::from(code) / scale).powi(2));
    squares.sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::testing::clustered;
    use super::*;

    #[test]
    fn products_of_codes_are_cosines_within_the_maximum_error() {
        let rows = clustered(300, 21);
        let codes = QuantizedRows::new(&rows);
        let every: Vec<u32> = (0..300).collect();
        let mut worst = 0.0_f32;
        for query in clustered(40, 22).rows() {
            let of_query = QuantizedQuery::new(query);
            let unit = codes.scale * of_query.scale;
            let mut near = Vec::new();
            codes.dots(&of_query.codes, &every, &mut near);
            for (row, near) in near.into_iter().enumerate() {
                assert_eq!(near, codes.dot(&of_query.codes, row as u32));
                let exact = dot(query, rows.row(row)) * unit;
                let max_error = codes.max_error(&of_query) as f32;
                assert!(
                    (near as f32 - exact).abs() <= max_error,
                    "{near} for {exact}, ± {max_error}"
                );
                worst = worst.max((near as f32 - exact).abs() / max_error);
            }
        }
        // A bound that is never come near to would have everything looked at.
        assert!(worst > 0.1, "{worst}");
    }

    #[test]
    fn nothing_and_zeros_have_codes_too() {
        assert_eq!(QuantizedRows::new(&Vectors::new(4)).len(), 0);
        assert_eq!(QuantizedQuery::new(&[0.0, 0.0]).codes, [0, 0]);
        assert_eq!(QuantizedQuery::new(&[0.5, -0.25]).codes, [127, -64]);
    }
}
