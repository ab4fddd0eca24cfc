//! The exact scan: every row is compared. The oracle that HNSW is measured against, the way to answer filtered
//! queries, and the faster way where rows are few.

use super::{Scored, Vectors, dot};

/// The `k` best of the rows that `keep` keeps, best first.
pub(super) fn search(rows: &Vectors, query: &[f32], k: usize, keep: impl Fn(usize) -> bool) -> Vec<Scored> {
    let kept = rows.rows().enumerate().filter(|(row, _)| keep(*row));
    let mut scored: Vec<Scored> = kept
        .map(|(row, vector)| Scored {
            row,
            score: dot(query, vector),
        })
        .collect();
    if k < scored.len() {
        scored.select_nth_unstable_by(k, Scored::order);
        scored.truncate(k);
    }
    scored.sort_unstable_by(Scored::order);
    scored
}
