//! The quality of a ranked list: the measures of trec_eval, as computed by BEIR's `pytrec_eval`.
//!
//! In: ids, best first, each at most once, and the relevance of each judged id. An id without a judgement, or with a
//! judgement of 0 or less, is not relevant. Out: numbers from 0 to 1. If nothing is relevant, every measure is 0, and a
//! mean over questions includes this 0, as in `pytrec_eval`. Pure, cannot fail.

use std::collections::HashMap;
use std::hash::Hash;

/// The relevance of each judged document for a question; more than 0 is relevant.
pub(super) type Judgements<Id> = HashMap<Id, i64>;

/// Normalised discounted cumulative gain of the first `k`: the gain of a document is its relevance, divided by the
/// binary logarithm of its rank plus 1; the sum is divided by that of the best possible list (Järvelin and Kekäläinen
/// 2002, with the linear gain that trec_eval's `ndcg_cut` uses).
pub(super) fn ndcg<Id: Eq + Hash>(ranked: &[Id], judgements: &Judgements<Id>, k: usize) -> f64 {
    let mut best: Vec<i64> = judgements.values().copied().filter(|&gain| gain > 0).collect();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let ideal = discounted(best.into_iter().take(k));
    let found = discounted(ranked.iter().take(k).map(|id| relevance(judgements, id)));
    if ideal > 0.0 { found / ideal } else { 0.0 }
}

/// The share of the relevant documents that are among the first `k`.
pub(super) fn recall<Id: Eq + Hash>(ranked: &[Id], judgements: &Judgements<Id>, k: usize) -> f64 {
    let relevant = judgements.values().filter(|&&gain| gain > 0).count();
    let found = ranked
        .iter()
        .take(k)
        .filter(|id| relevance(judgements, id) > 0)
        .count();
    found as f64 / relevant.max(1) as f64
}

/// Whether a relevant document is among the first `k`: 1 or 0. The same as [`recall`] if only one is relevant.
pub(super) fn hit<Id: Eq + Hash>(ranked: &[Id], judgements: &Judgements<Id>, k: usize) -> f64 {
    f64::from(u8::from(reciprocal_rank(ranked, judgements, k) > 0.0))
}

/// One divided by the rank of the first relevant document, or 0 if none is among the first `k`. Its mean over questions
/// is MRR@k.
pub(super) fn reciprocal_rank<Id: Eq + Hash>(ranked: &[Id], judgements: &Judgements<Id>, k: usize) -> f64 {
    let first = ranked.iter().take(k).position(|id| relevance(judgements, id) > 0);
    first.map_or(0.0, |before| 1.0 / (before + 1) as f64)
}

/// The mean; 0 without values.
pub(super) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values
        .into_iter()
        .fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    sum / count.max(1) as f64
}

fn relevance<Id: Eq + Hash>(judgements: &Judgements<Id>, id: &Id) -> i64 {
    judgements.get(id).copied().unwrap_or(0).max(0)
}

fn discounted(gains: impl Iterator<Item = i64>) -> f64 {
    (1_u32..)
        .zip(gains)
        .map(|(rank, gain)| gain as f64 / f64::from(rank + 1).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-12, "{value}, not {expected}");
    }

    #[test]
    fn a_case_computed_by_hand() {
        // The relevances 3, 2 and 1, one document with relevance 0, and one below 0.
        let judgements = Judgements::from([("a", 3), ("b", 2), ("c", 1), ("d", 0), ("e", -1)]);
        let ranked = ["x", "b", "e", "a", "d", "c"];
        // Gains 2 at rank 2, 3 at rank 4 and 1 at rank 6: 2 / log2(3) + 3 / log2(5) + 1 / log2(7). The best list is 3,
        // 2, 1: 3 / 1 + 2 / log2(3) + 1 / 2.
        let (log3, log5, log7) = (
            1.584_962_500_721_156,
            2.321_928_094_887_362,
            2.807_354_922_057_604,
        );
        let ideal = 3.0 + 2.0 / log3 + 0.5;
        near(
            ndcg(&ranked, &judgements, 10),
            (2.0 / log3 + 3.0 / log5 + 1.0 / log7) / ideal,
        );
        near(ndcg(&ranked, &judgements, 4), (2.0 / log3 + 3.0 / log5) / ideal);
        // For two places, the best list is 3 and 2.
        near(ndcg(&ranked, &judgements, 2), (2.0 / log3) / (3.0 + 2.0 / log3));
        near(ndcg(&["a", "b", "c"], &judgements, 10), 1.0);
        near(ndcg(&["a", "b", "c"], &judgements, 2), 1.0);

        for (k, found, hits) in [
            (1, 0.0, 0.0),
            (2, 1.0, 1.0),
            (4, 2.0, 1.0),
            (6, 3.0, 1.0),
            (100, 3.0, 1.0),
        ] {
            near(recall(&ranked, &judgements, k), found / 3.0);
            near(hit(&ranked, &judgements, k), hits);
        }
        near(reciprocal_rank(&ranked, &judgements, 10), 0.5);
        near(reciprocal_rank(&ranked, &judgements, 1), 0.0);
        near(reciprocal_rank(&["d", "e", "x", "c"], &judgements, 10), 0.25);
    }

    #[test]
    fn every_measure_is_0_without_relevant_documents_or_without_a_list() {
        let none = Judgements::from([("a", 0), ("b", -2)]);
        let some = Judgements::from([("a", 1)]);
        for (ranked, judgements) in [
            (&["a", "b"][..], &none),
            (&[], &some),
            (&[], &none),
            (&["b"], &some),
        ] {
            near(ndcg(ranked, judgements, 10), 0.0);
            near(recall(ranked, judgements, 10), 0.0);
            near(hit(ranked, judgements, 10), 0.0);
            near(reciprocal_rank(ranked, judgements, 10), 0.0);
        }
    }

    #[test]
    fn the_mean_without_values_is_0() {
        near(mean([1.0, 0.0, 0.5]), 0.5);
        near(mean([]), 0.0);
    }
}
