//! Scored passages → evidence: the best ones that do not repeat one another, and a place for the other side. Pure.

use crate::index::PassageFeatures;
use crate::opinions::Verdict;

use super::score;

/// A passage this much below the best one's score is not to the point.
const TO_THE_POINT: f32 = 0.6;

/// A passage that may become evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// What its score is made of.
    pub features: PassageFeatures,
    /// Its [score](score::passage).
    pub score: f32,
    /// The log-odds that it praises, by its words and its review's stars ([`crate::opinions::Opinions::tones`]).
    pub tone: f32,
}

impl Candidate {
    /// Whether it rather praises.
    pub(super) fn praises(&self) -> bool {
        self.tone > 0.0
    }

    /// Whether it clearly complains.
    pub(super) fn complains(&self) -> bool {
        Verdict::of(self.tone) == Verdict::Complained
    }
}

/// Orders candidates, best first. Ties go by position, so that the same question has the same evidence on every
/// machine.
pub(super) fn sort(candidates: &mut [Candidate]) {
    candidates.sort_unstable_by(|a, b| {
        let by_position = || a.features.passage.cmp(&b.features.passage);
        b.score.total_cmp(&a.score).then_with(by_position)
    });
}

/// At most `places` of `ranked`, best first, without those that repeat a better one, and with the other side's best in
/// the last place where all others are of one mind.
///
/// `likeness` of two passages is 1 where they say the same.
pub(super) fn choose(
    ranked: &[Candidate],
    places: usize,
    likeness: impl Fn(usize, usize) -> f32,
) -> Vec<Candidate> {
    let best = ranked.first().map_or(0.0, |best| best.score);
    let to_the_point = ranked
        .iter()
        .filter(|candidate| candidate.score >= best - TO_THE_POINT);
    // Each with the likeness to the nearest that is chosen, and the number of those of its product.
    let mut rest: Vec<(Candidate, f32, usize)> = to_the_point.map(|candidate| (*candidate, 0.0, 0)).collect();
    let mut chosen: Vec<Candidate> = Vec::with_capacity(places);
    while chosen.len() < places {
        let open = rest
            .iter()
            .enumerate()
            .filter(|(_, (_, nearest, _))| *nearest < 1.0);
        let open = open.map(|(at, (candidate, nearest, same_product))| {
            (at, score::beside_others(candidate.score, *nearest, *same_product))
        });
        // The first of the best, which has the highest score of them.
        let best = open.reduce(|best, other| if other.1 > best.1 { other } else { best });
        let Some((at, _)) = best else { break };
        let (next, ..) = rest.remove(at);
        for (candidate, nearest, same_product) in &mut rest {
            *nearest = nearest.max(likeness(next.features.passage, candidate.features.passage));
            *same_product += usize::from(next.features.product == candidate.features.product);
        }
        chosen.push(next);
    }
    give_the_other_side_a_place(&mut chosen, rest.iter().map(|(candidate, ..)| candidate), places);
    chosen
}

/// Where all that is chosen praises, or all of it complains, the best of `rest` that says otherwise of one of the
/// chosen products takes the last place.
fn give_the_other_side_a_place<'a>(
    chosen: &mut Vec<Candidate>,
    mut rest: impl Iterator<Item = &'a Candidate>,
    places: usize,
) {
    let Some(first) = chosen.first() else { return };
    let side = first.complains();
    if chosen.iter().any(|candidate| candidate.complains() != side) {
        return;
    }
    let other = rest.find(|candidate| {
        let differs = match side {
            true => candidate.praises(),
            false => candidate.complains(),
        };
        let of_chosen = |better: &Candidate| better.features.product == candidate.features.product;
        differs && chosen.iter().any(of_chosen)
    });
    if let Some(other) = other {
        chosen.truncate(places.saturating_sub(1).max(1));
        chosen.push(*other);
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::reviews::ProductId;

    /// A passage of a product that is so near to the question and that a review with so many stars says.
    pub(in crate::retrieval) fn candidate(passage: usize, product: u32, rating: u8, score: f32) -> Candidate {
        Candidate {
            features: PassageFeatures {
                passage,
                product: ProductId(product),
                question: score,
                title: 0.0,
                own_title: 0.0,
                coverage: 0.0,
            },
            score,
            tone: 3.0 * (f32::from(rating) - 3.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::candidate;
    use super::*;

    /// In these tests passages say the same when they differ by 100, and are alike when they differ by 1,000.
    fn chosen(candidates: &[Candidate], places: usize) -> Vec<usize> {
        let likeness = |a: usize, b: usize| match a.abs_diff(b) {
            100 => 1.0,
            1000 => 0.9,
            _ => 0.0,
        };
        let mut ranked = candidates.to_vec();
        sort(&mut ranked);
        let chosen = choose(&ranked, places, likeness);
        chosen
            .iter()
            .map(|candidate| candidate.features.passage)
            .collect()
    }

    #[test]
    fn the_best_go_first_and_ties_go_by_position() {
        let candidates = [
            candidate(2, 2, 5, 0.5),
            candidate(1, 1, 5, 0.5),
            candidate(3, 3, 5, 0.6),
        ];
        assert_eq!(chosen(&candidates, 3), [3, 1, 2]);
        assert_eq!(chosen(&candidates, 2), [3, 1]);
        assert!(chosen(&[], 3).is_empty());
    }

    #[test]
    fn repetitions_and_what_is_far_below_the_best_are_left_out() {
        let candidates = [
            candidate(1, 1, 5, 0.9),
            candidate(101, 2, 5, 0.8),
            candidate(2, 1, 5, 0.7),
            candidate(3, 1, 5, 0.9 - TO_THE_POINT - 0.01),
        ];
        assert_eq!(chosen(&candidates, 5), [1, 2]);
    }

    #[test]
    fn what_says_something_new_of_another_product_goes_before_what_says_it_again() {
        let candidates = [
            candidate(1, 1, 5, 0.9),
            candidate(1001, 2, 5, 0.8),
            candidate(5, 3, 5, 0.75),
            candidate(7, 1, 5, 0.76),
        ];
        assert_eq!(chosen(&candidates, 4), [1, 5, 7, 1001]);
    }

    #[test]
    fn the_best_dissent_on_a_chosen_product_has_the_last_place() {
        let praise = [1, 2, 3, 4].map(|at| candidate(at, at as u32 % 2, 5, 0.9 - at as f32 / 100.0));
        let elsewhere = candidate(7, 9, 1, 0.6);
        let dissent = [candidate(8, 1, 2, 0.5), candidate(9, 0, 1, 0.47)];
        let all = [&praise[..], std::slice::from_ref(&elsewhere), &dissent].concat();
        assert_eq!(chosen(&all, 3), [1, 2, 8]);
        // Far below the best it is not to the point; of another product it is no dissent.
        let beside = [&praise[..], &[elsewhere, candidate(8, 1, 1, 0.2)]].concat();
        assert_eq!(chosen(&beside, 3), [1, 2, 3]);
        // Nor is what neither praises nor complains.
        let neither = [&praise[..], &[candidate(8, 1, 3, 0.5)]].concat();
        assert_eq!(chosen(&neither, 3), [1, 2, 3]);
        // Dissent that is there already is enough; then the other product goes first.
        let mixed = [&praise[..1], &[candidate(8, 1, 1, 0.95)], &praise[1..]].concat();
        assert_eq!(chosen(&mixed, 3), [8, 2, 1]);
        // Where all complain, the best praise.
        let complaints = [
            candidate(1, 1, 1, 0.9),
            candidate(2, 1, 1, 0.8),
            candidate(3, 1, 5, 0.6),
        ];
        assert_eq!(chosen(&complaints, 2), [1, 3]);
    }
}
