//! Several rankings of the same candidates → one. Pure.

/// How slowly a rank's worth falls, as Cormack, Clarke and Büttcher found it to serve best (2009,
/// <https://doi.org/10.1145/1571941.1572114>).
const SLOWNESS: f32 = 60.0;

/// One ranking: a score for each candidate, or none where the ranking does not know it, and how much it counts.
pub(crate) struct Ranking {
    /// Greater is better; in the order of the candidates.
    pub scores: Vec<Option<f32>>,
    /// 1 for a vote like any other.
    pub weight: f32,
}

/// Reciprocal rank fusion: the sum over the rankings of weight / (60 + rank), for each candidate, so that rankings
/// whose scores cannot be compared can be added. Divided by what a candidate that is first everywhere would have, so
/// from 0 to 1. Candidates with equal scores share a rank, and the next rank is one more.
pub(crate) fn reciprocal_ranks(candidates: usize, rankings: &[Ranking]) -> Vec<f32> {
    let mut fused = vec![0.0; candidates];
    let most: f32 = rankings
        .iter()
        .map(|ranking| ranking.weight / (SLOWNESS + 1.0))
        .sum();
    for Ranking { scores, weight } in rankings {
        let mut known: Vec<(usize, f32)> = scores
            .iter()
            .enumerate()
            .filter_map(|(at, score)| score.map(|score| (at, score)))
            .collect();
        known.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let (mut rank, mut last) = (0.0, f32::NAN);
        for (at, score) in known {
            if score != last {
                rank += 1.0;
                last = score;
            }
            fused[at] += weight / (SLOWNESS + rank) / most;
        }
    }
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(scores: &[f32], weight: f32) -> Ranking {
        let scores = scores
            .iter()
            .map(|score| (!score.is_nan()).then_some(*score))
            .collect();
        Ranking { scores, weight }
    }

    #[test]
    fn ranks_count_and_scores_do_not() {
        let fused = reciprocal_ranks(
            3,
            &[
                ranking(&[0.9, 0.1, 0.2], 1.0),
                ranking(&[7.0, 900.0, f32::NAN], 1.0),
            ],
        );
        let most = 2.0 / 61.0;
        let expected = [
            (1.0 / 61.0 + 1.0 / 62.0) / most,
            (1.0 / 63.0 + 1.0 / 61.0) / most,
            1.0 / 62.0 / most,
        ];
        for (fused, expected) in fused.iter().zip(expected) {
            assert!((fused - expected).abs() < 1e-6, "{fused} {expected}");
        }
    }

    #[test]
    fn equal_scores_share_a_rank_and_weights_weigh() {
        let fused = reciprocal_ranks(
            3,
            &[ranking(&[0.5, 0.5, 0.4], 0.5), ranking(&[1.0, 2.0, 3.0], 1.0)],
        );
        let most = 1.5 / 61.0;
        assert!((fused[2] - (0.5 / 62.0 + 1.0 / 61.0) / most).abs() < 1e-6);
        assert!((fused[1] - fused[0] - (1.0 / 62.0 - 1.0 / 63.0) / most).abs() < 1e-6);
        assert_eq!(reciprocal_ranks(2, &[ranking(&[1.0, 1.0], 2.0)]), [1.0, 1.0]);
        assert!(reciprocal_ranks(0, &[]).is_empty());
    }
}
