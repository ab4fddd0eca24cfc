//! Scores the quotes for one question by their grades. Pure, cannot fail.
//!
//! In: the grades of the quotes, best first; `None` is a passage that nobody has judged, which counts as
//! [`UNJUDGED`]. Out: numbers from 0 to 1. Only the first [`DEPTH`] quotes count.

use super::{Grade, USEFUL};

/// The number of quotes that count.
pub(super) const DEPTH: usize = 5;
/// The grade of a passage of a right product that nobody has judged.
const UNJUDGED: Grade = 1;

/// The scores of one list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ListScores {
    /// Whether the first quote is useful: 1 or 0.
    pub useful_first: f64,
    /// The share of the quotes that are useful.
    pub useful: f64,
    /// Normalised discounted cumulative gain, with the gain 2^grade − 1 (Burges et al. 2005).
    pub ndcg: f64,
    /// Whether the first quote is about another product: 1 or 0.
    pub off_first: f64,
    /// The share of the quotes that are about another product.
    pub off: f64,
    /// The share of the places that have an unjudged quote.
    pub unjudged: f64,
}

impl ListScores {
    /// The scores of a list, where `best` are the grades of all judged passages, best first.
    pub(super) fn of(grades: &[Option<Grade>], best: &[Grade]) -> Self {
        let unjudged = grades.iter().take(DEPTH).filter(|grade| grade.is_none()).count();
        let shown: Vec<Grade> = grades
            .iter()
            .take(DEPTH)
            .map(|grade| grade.unwrap_or(UNJUDGED))
            .collect();
        let first = |is: fn(Grade) -> bool| f64::from(u8::from(shown.first().copied().is_some_and(is)));
        let count = |is: fn(Grade) -> bool| shown.iter().filter(|&&grade| is(grade)).count() as f64;
        let ideal = gain(best);
        Self {
            useful_first: first(|grade| grade >= USEFUL),
            useful: count(|grade| grade >= USEFUL) / shown.len().max(1) as f64,
            // Unjudged quotes can add up to more than the best judged list.
            ndcg: if ideal > 0.0 {
                (gain(&shown) / ideal).min(1.0)
            } else {
                0.0
            },
            off_first: first(|grade| grade == 0),
            off: count(|grade| grade == 0) / shown.len().max(1) as f64,
            unjudged: unjudged as f64 / DEPTH as f64,
        }
    }
}

/// The discounted cumulative gain of the first [`DEPTH`].
fn gain(grades: &[Grade]) -> f64 {
    (2_u32..)
        .zip(grades.iter().take(DEPTH))
        .map(|(place, &grade)| (f64::from(grade).exp2() - 1.0) / f64::from(place).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG3: f64 = 1.584_962_500_721_156;
    const LOG5: f64 = 2.321_928_094_887_362;

    #[track_caller]
    fn check(grades: &[Option<Grade>], best: &[Grade], expected: [f64; 6]) {
        let scores = ListScores::of(grades, best);
        let found = [
            scores.useful_first,
            scores.useful,
            scores.ndcg,
            scores.off_first,
            scores.off,
            scores.unjudged,
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{scores:?}, not {expected}");
        }
    }

    #[test]
    fn cases_computed_by_hand() {
        // Gains: 7 for grade 3, 3 for grade 2, 1 for grade 1. The best list is 3, 2, 1: 7 + 3 / log2(3) + 1 / 2.
        let ideal = 7.0 + 3.0 / LOG3 + 0.5;
        let (best, of) = (&[3, 2, 1][..], |grades: &[Grade]| -> Vec<Option<Grade>> {
            grades.iter().copied().map(Some).collect()
        });
        check(&of(&[3, 2, 1]), best, [1.0, 2.0 / 3.0, 1.0, 0.0, 0.0, 0.0]);
        // A quote about another product first, an unjudged one third, a sixth that does not count.
        check(
            &[Some(0), Some(2), None, Some(3), Some(0), Some(3)],
            best,
            [0.0, 0.4, (3.0 / LOG3 + 0.5 + 7.0 / LOG5) / ideal, 1.0, 0.4, 0.2],
        );
        // Two quotes, one useful and one off: half of what is shown.
        check(&of(&[2, 0]), best, [1.0, 0.5, 3.0 / ideal, 0.0, 0.5, 0.0]);
        check(&[], best, [0.0; 6]);
    }

    #[test]
    fn unjudged_quotes_never_exceed_the_best_list() {
        check(&[None, None], &[1], [0.0, 0.0, 1.0, 0.0, 0.0, 0.4]);
        check(&[None], &[], [0.0, 0.0, 0.0, 0.0, 0.0, 0.2]);
    }
}
