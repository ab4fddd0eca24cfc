//! The exact scan: every row is compared with the query. HNSW is measured against it, and it is faster than HNSW if
//! there are few rows.
//!
//! It first reads the rows' codes, which take a quarter of the memory, and then the numbers of all rows that may be
//! among the best according to their codes. The error of a product of codes is bounded, so nothing is missed.

use super::quantized::{QuantizedQuery, QuantizedRows};
use super::{Scored, Vectors, dot};

/// The `k` best rows, best first.
pub(super) fn search(rows: &Vectors, codes: &QuantizedRows, query: &[f32], k: usize) -> Vec<Scored> {
    let of_query = QuantizedQuery::new(query);
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let mut near = Vec::new();
    codes.dots(&of_query.codes, &all, &mut near);
    let least = match k.checked_sub(1) {
        Some(last) if last < near.len() => {
            let mut order = near.clone();
            let (_, kth, _) = order.select_nth_unstable_by(last, |a, b| b.cmp(a));
            // Both products may be wrong by the largest error, so a row this far below may still be better.
            kth.saturating_sub(codes.max_error(&of_query).saturating_mul(2))
        }
        Some(_) => i32::MIN,
        None => return Vec::new(),
    };
    let candidates = all.iter().zip(&near).filter(|(_, near)| **near >= least);
    let scored = candidates.map(|(&row, _)| Scored {
        row: row as usize,
        score: dot(query, rows.row(row as usize)),
    });
    let mut scored: Vec<Scored> = scored.collect();
    scored.sort_unstable_by(Scored::order);
    scored.truncate(k);
    scored
}
