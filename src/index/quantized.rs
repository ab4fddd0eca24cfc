//! Rows of eight bits a number, in a quarter of the memory of `f32`: near enough to tell which rows are worth a look.
//!
//! One scale holds for all rows, so that the sums of their codes' products compare as their cosines do. What is found by
//! codes is scored anew in `f32`.

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
    /// The longest difference between a row and what its codes stand for, and the longest of the latter.
    off: f32,
    longest: f32,
}

/// A query's codes, at a scale of its own: what is nearest does not depend on it.
pub(super) struct QuantizedQuery {
    pub codes: Vec<i8>,
    scale: f32,
    /// How far the codes are off, and how long the query is.
    off: f32,
    length: f32,
}

impl QuantizedRows {
    /// The codes of all rows.
    pub(super) fn of(rows: &Vectors) -> Self {
        let scale = scale(rows.values());
        let mut codes = Vec::with_capacity(rows.values().len());
        let (mut off, mut longest) = (0.0_f32, 0.0_f32);
        for row in rows.rows() {
            let start = codes.len();
            codes.extend(row.iter().map(|&x| code(x, scale)));
            off = off.max(difference(row, &codes[start..], scale));
            longest = longest.max(difference(&vec![0.0; row.len()], &codes[start..], scale));
        }
        Self {
            width: rows.dimension(),
            codes,
            scale,
            off,
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

    /// How near these rows are to the query, in place of what is in `near`.
    pub(super) fn some(&self, query: &[i8], rows: &[u32], near: &mut Vec<i32>) {
        int8::some(Level::best(), query, &self.codes, rows, near);
    }

    /// How near a row is to the query.
    pub(super) fn one(&self, query: &[i8], row: u32) -> i32 {
        int8::dot(Level::best(), query, self.row(row as usize))
    }

    /// How far a product of codes can be from that of the numbers, in its own units. With `r'` and `q'` for what codes
    /// stand for, `q·r - q'·r' = q·(r - r') + (q - q')·r'`, and no product is larger than the lengths'.
    pub(super) fn doubt(&self, query: &QuantizedQuery) -> i32 {
        let doubt = query.length * self.off + query.off * self.longest;
        // The sums above are rounded too, by far less than a thousandth.
        (doubt * 1.001 * self.scale * query.scale).ceil() as i32 + 1
    }
}

impl QuantizedQuery {
    /// The codes of a query.
    pub(super) fn of(query: &[f32]) -> Self {
        let scale = scale(query);
        let codes: Vec<i8> = query.iter().map(|&x| code(x, scale)).collect();
        Self {
            off: difference(query, &codes, scale),
            length: dot(query, query).sqrt(),
            codes,
            scale,
        }
    }
}

/// What makes the largest code of the number farthest from 0.
fn scale(values: &[f32]) -> f32 {
    let largest = values.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    if largest > 0.0 { LARGEST / largest } else { 1.0 }
}

fn code(value: f32, scale: f32) -> i8 {
    (value * scale).round() as i8
}

/// The length of the difference between numbers and what codes stand for.
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
    fn products_of_codes_are_cosines_within_the_doubt() {
        let rows = clustered(300, 21);
        let codes = QuantizedRows::of(&rows);
        let every: Vec<u32> = (0..300).collect();
        let mut worst = 0.0_f32;
        for query in clustered(40, 22).rows() {
            let of_query = QuantizedQuery::of(query);
            let unit = codes.scale * of_query.scale;
            let mut near = Vec::new();
            codes.some(&of_query.codes, &every, &mut near);
            for (row, near) in near.into_iter().enumerate() {
                assert_eq!(near, codes.one(&of_query.codes, row as u32));
                let exact = dot(query, rows.row(row)) * unit;
                let doubt = codes.doubt(&of_query) as f32;
                assert!(
                    (near as f32 - exact).abs() <= doubt,
                    "{near} for {exact}, ± {doubt}"
                );
                worst = worst.max((near as f32 - exact).abs() / doubt);
            }
        }
        // A bound that is never come near to would have everything looked at.
        assert!(worst > 0.1, "{worst}");
    }

    #[test]
    fn nothing_and_zeros_have_codes_too() {
        assert_eq!(QuantizedRows::of(&Vectors::new(4)).len(), 0);
        assert_eq!(QuantizedQuery::of(&[0.0, 0.0]).codes, [0, 0]);
        assert_eq!(QuantizedQuery::of(&[0.5, -0.25]).codes, [127, -64]);
    }
}
