//! The exact scan: every row is compared. The oracle that HNSW is measured against, the way to answer filtered
//! queries, and the faster way where rows are few.
//!
//! It reads the rows' codes, a quarter of the memory, and then the numbers of all rows whose codes leave a chance that
//! they are among the best. How far a product of codes can be off is bounded, so nothing is missed.

use super::quantized::{QuantizedQuery, QuantizedRows};
use super::{Scored, Vectors, dot};

/// The `k` best of the rows that `keep` keeps, best first.
pub(super) fn search(
    rows: &Vectors,
    codes: &QuantizedRows,
    query: &[f32],
    k: usize,
    keep: impl Fn(usize) -> bool,
) -> Vec<Scored> {
    let of_query = QuantizedQuery::of(query);
    let kept: Vec<u32> = (0..rows.len() as u32).filter(|&row| keep(row as usize)).collect();
    let mut near = Vec::new();
    codes.some(&of_query.codes, &kept, &mut near);
    let least = match k.checked_sub(1) {
        Some(last) if last < near.len() => {
            let mut order = near.clone();
            let (_, kth, _) = order.select_nth_unstable_by(last, |a, b| b.cmp(a));
            // A row this far below it may be better than it, as far as codes tell.
            kth.saturating_sub(codes.doubt(&of_query).saturating_mul(2))
        }
        Some(_) => i32::MIN,
        None => return Vec::new(),
    };
    let candidates = kept.iter().zip(&near).filter(|(_, near)| **near >= least);
    let scored = candidates.map(|(&row, _)| Scored {
        row: row as usize,
        score: dot(query, rows.row(row as usize)),
    });
    let mut scored: Vec<Scored> = scored.collect();
    scored.sort_unstable_by(Scored::order);
    scored.truncate(k);
    scored
}
