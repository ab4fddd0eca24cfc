//! Candidates → evidence: relevance, floor, diversity, and a place for the other side. Pure.

use super::fuse::{Ranking, reciprocal_ranks};
use crate::aspects::Verdict;
use crate::reviews::ProductId;

/// Below this a passage is not about the question. Questions about other things ("What is the capital of France?",
/// "Tell me a joke") stay under it with all-MiniLM-L6-v2.
const FLOOR: f32 = 0.45;
/// How much the product's title counts for the floor, beside the passage.
const FLOOR_TITLE: f32 = 0.5;
/// The floor of a passage that is of a product that is named: then the title says nothing, and the aspect alone counts.
/// On SubjQA's train split, within an item, it refuses 12% of the answerable questions, and 98% of questions about
/// other things.
const FLOOR_NAMED: f32 = 0.3;
/// Unless it is so near to the whole question, the name included, …
const FLOOR_WHOLE: f32 = 0.5;
/// … or has so many of the words that the question itself has.
const OWN_WORDS: f32 = 0.5;
/// How much the product's title counts in the order, where a ranking by passages counts 1.
const TITLE: f32 = 2.0;
/// How much being unlike what is chosen already counts, beside relevance (Carbonell and Goldstein 1998,
/// <https://doi.org/10.1145/290941.291025>).
const NOVELTY: f32 = 0.2;
/// Where something else than a product is asked about, a passage is to the point that has so much of what the best one
/// has of the question's words, by their BM25 scores …
const POINT_WORDS: f32 = 0.5;
/// … or that is so near to the aspect, or to the whole question, beside the nearest one.
const POINT_LIKENESS: f32 = 0.85;

/// A passage that may become evidence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    /// Its position among the passages.
    pub passage: usize,
    /// The product its review is about.
    pub product: ProductId,
    /// Cosine similarity of the passage to the whole question.
    pub question: f32,
    /// Of the passage to the aspect asked about.
    pub aspect: f32,
    /// Of the product's title to the whole question.
    pub title: f32,
    /// The BM25 score of the aspect's words, where the passage has one of them.
    pub words: Option<f32>,
    /// The share of the question's own telling words that it has, 0 to 1.
    pub own_words: f32,
    /// What it says of what, and its review's stars: above 0 it praises ([`crate::aspects::Aspects::tones`]).
    pub tone: f32,
}

impl Candidate {
    /// The passage's similarity, whichever way it is similar.
    pub(super) fn score(&self) -> f32 {
        self.question.max(self.aspect)
    }

    fn is_about_it(&self, about: About) -> bool {
        match about {
            About::Anything => true,
            About::Named => {
                let near = self.aspect >= FLOOR_NAMED || self.question >= FLOOR_WHOLE;
                near || self.own_words >= OWN_WORDS
            }
            About::Any => self.score() + FLOOR_TITLE * self.title >= FLOOR,
        }
    }

    /// Whether it rather praises.
    pub(super) fn praises(&self) -> bool {
        self.tone > 0.0
    }

    /// Whether it complains beyond doubt: that a review of three stars says something is no complaint.
    pub(super) fn complains(&self) -> bool {
        Verdict::of(f64::from(self.tone)) == Verdict::Complained
    }
}

/// What a passage has to be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Some aspect, of any product or of a kind.
    Any,
    /// An aspect of a product that is named.
    Named,
    /// Whatever: a product is named and nothing else.
    Anything,
}

/// How much evidence is wanted, and of which kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// In all.
    pub evidence: usize,
    /// Of one product.
    pub per_product: usize,
    /// Whether it is complaints that are asked for.
    pub complaints: bool,
    /// Whether what is much further from the question than the best is left out.
    pub to_the_point: bool,
}

/// A candidate that is about the question.
#[derive(Debug, Clone)]
pub(super) struct Relevant {
    /// Which.
    pub candidate: Candidate,
    /// Its fused relevance, at most 1.
    pub relevance: f32,
}

/// The most relevant of `ranked`, best first, without those that repeat a better one,
/// without more of one product than wanted, and with the other side's best where all others are of one mind.
///
/// `likeness` of two candidates is 1 where they say the same.
pub(super) fn choose(
    ranked: Vec<Relevant>,
    wanted: Wanted,
    likeness: impl Fn(&Candidate, &Candidate) -> f32,
) -> Vec<Candidate> {
    let ranked = match wanted.to_the_point {
        true => to_the_point(ranked),
        false => ranked,
    };
    let (mut rest, others) = sides(ranked, wanted.complaints);
    let mut chosen: Vec<Candidate> = Vec::with_capacity(wanted.evidence);
    while chosen.len() < wanted.evidence {
        let of_product = |product| chosen.iter().filter(|better| better.product == product).count();
        let nearest = |candidate| {
            let likenesses = chosen.iter().map(|better| likeness(better, candidate));
            likenesses.fold(0.0, f32::max)
        };
        let open = rest
            .iter()
            .enumerate()
            .filter_map(|(at, Relevant { candidate, relevance })| {
                let nearest = nearest(candidate);
                let repeats = nearest >= 1.0;
                (!repeats && of_product(candidate.product) < wanted.per_product)
                    .then_some((at, (1.0 - NOVELTY) * relevance - NOVELTY * nearest))
            });
        // The first of the best, which is the most relevant of them.
        let best = open.reduce(|best, other| if other.1 > best.1 { other } else { best });
        let Some((at, _)) = best else { break };
        chosen.push(rest.remove(at).candidate);
    }
    rest.extend(others);
    give_the_other_side_a_place(&mut chosen, rest, wanted.evidence);
    chosen
}

/// Those of `ranked` that are about as near to the question as its best.
fn to_the_point(mut ranked: Vec<Relevant>) -> Vec<Relevant> {
    let best = |score: fn(&Candidate) -> f32| {
        let scores = ranked.iter().map(|relevant| score(&relevant.candidate));
        scores.fold(0.0, f32::max)
    };
    let words = POINT_WORDS * best(|candidate| candidate.words.unwrap_or(0.0));
    let aspect = POINT_LIKENESS * best(|candidate| candidate.aspect);
    let question = POINT_LIKENESS * best(|candidate| candidate.question);
    ranked.retain(|Relevant { candidate, .. }| {
        let has_words = candidate.words.is_some_and(|score| score >= words);
        has_words || candidate.aspect >= aspect || candidate.question >= question
    });
    ranked
}

/// What evidence is chosen from, and what only the last place may come from: those that praise, where complaints are
/// asked for and there are some.
fn sides(ranked: Vec<Relevant>, complaints: bool) -> (Vec<Relevant>, Vec<Relevant>) {
    if complaints && ranked.iter().any(|relevant| relevant.candidate.complains()) {
        ranked
            .into_iter()
            .partition(|relevant| relevant.candidate.complains())
    } else {
        (ranked, Vec::new())
    }
}

/// The candidates that are about the question, most relevant first. Ties go by position, so that the same question
/// has the same evidence on every machine.
pub(super) fn ranked(mut candidates: Vec<Candidate>, about: About) -> Vec<Relevant> {
    candidates.retain(|candidate| candidate.is_about_it(about));
    candidates.sort_by_key(|candidate| candidate.passage);
    let ranking = |weight, score: &dyn Fn(&Candidate) -> Option<f32>| Ranking {
        scores: candidates.iter().map(score).collect(),
        weight,
    };
    let relevance = reciprocal_ranks(
        candidates.len(),
        &[
            ranking(1.0, &|candidate| Some(candidate.question)),
            ranking(1.0, &|candidate| Some(candidate.aspect)),
            ranking(1.0, &|candidate| candidate.words),
            ranking(TITLE, &|candidate| Some(candidate.title)),
        ],
    );
    let mut relevant: Vec<Relevant> = candidates
        .into_iter()
        .zip(relevance)
        .map(|(candidate, relevance)| Relevant { candidate, relevance })
        .collect();
    relevant.sort_by(|a, b| b.relevance.total_cmp(&a.relevance));
    relevant
}

/// Where all that is chosen praises, or all of it complains, the best of `rest` that says otherwise of one of the
/// chosen products takes the last place.
fn give_the_other_side_a_place(chosen: &mut Vec<Candidate>, rest: Vec<Relevant>, places: usize) {
    let Some(first) = chosen.first() else { return };
    let side = first.complains();
    if chosen.iter().any(|candidate| candidate.complains() != side) {
        return;
    }
    let other = rest
        .into_iter()
        .map(|relevant| relevant.candidate)
        .find(|candidate| {
            let differs = if side {
                candidate.praises()
            } else {
                candidate.complains()
            };
            differs && chosen.iter().any(|better| better.product == candidate.product)
        });
    if let Some(other) = other {
        chosen.truncate(places.saturating_sub(1).max(1));
        chosen.push(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(passage: usize, product: u32, rating: u8, score: f32) -> Candidate {
        Candidate {
            passage,
            product: ProductId(product),
            tone: f32::from(rating) - 3.1,
            own_words: 0.0,
            question: score,
            aspect: score,
            title: 0.0,
            words: None,
        }
    }

    const WANTED: Wanted = Wanted {
        evidence: 3,
        per_product: 2,
        complaints: false,
        to_the_point: false,
    };

    /// In these tests passages say the same when they differ by 100, and are alike when they differ by 1,000.
    fn chosen(candidates: &[Candidate], wanted: Wanted) -> Vec<usize> {
        let likeness = |a: &Candidate, b: &Candidate| match a.passage.abs_diff(b.passage) {
            100 => 1.0,
            1000 => 0.9,
            _ => 0.0,
        };
        choose(ranked(candidates.to_vec(), About::Any), wanted, likeness)
            .iter()
            .map(|candidate| candidate.passage)
            .collect()
    }

    #[test]
    fn what_is_not_about_the_question_is_no_evidence_whatever_words_it_has() {
        let words = Candidate {
            words: Some(9.0),
            ..candidate(1, 1, 5, FLOOR - 0.01)
        };
        let near = Candidate {
            words: Some(1.0),
            ..candidate(2, 2, 5, FLOOR)
        };
        let title = Candidate {
            title: 0.4,
            ..candidate(3, 3, 5, 0.3)
        };
        assert_eq!(chosen(&[words.clone(), near, title], WANTED), [2, 3]);
        let found = |about, aspect| {
            let candidate = Candidate {
                aspect,
                title: 0.9,
                ..words.clone()
            };
            ranked(vec![candidate], about).len()
        };
        assert_eq!(found(About::Anything, 0.0), 1);
        let named = [FLOOR_NAMED, FLOOR_NAMED - 0.01].map(|aspect| found(About::Named, aspect));
        assert_eq!(named, [1, 0], "the title of a product that is named says nothing");
    }

    #[test]
    fn words_and_title_have_a_say_and_ties_go_by_position() {
        let plain = [
            candidate(2, 2, 5, 0.5),
            candidate(1, 1, 5, 0.5),
            candidate(3, 3, 5, 0.6),
        ];
        assert_eq!(chosen(&plain, WANTED), [3, 1, 2]);
        let words = Candidate {
            words: Some(2.0),
            ..candidate(4, 4, 5, 0.5)
        };
        let [a, b, c] = plain;
        assert_eq!(chosen(&[a, b, c, words], WANTED), [4, 3, 1]);
    }

    #[test]
    fn repetitions_and_the_third_of_a_product_are_left_out() {
        let candidates = [
            candidate(1, 1, 5, 0.9),
            candidate(101, 2, 5, 0.8),
            candidate(2, 1, 5, 0.7),
            candidate(3, 1, 5, 0.6),
            candidate(4, 3, 5, 0.5),
        ];
        assert_eq!(chosen(&candidates, WANTED), [1, 2, 4]);
        let many = Wanted {
            per_product: 3,
            ..WANTED
        };
        assert_eq!(chosen(&candidates, many), [1, 2, 3]);
    }

    #[test]
    fn what_says_something_new_goes_before_what_says_it_again() {
        let candidates = [
            candidate(1, 1, 5, 0.9),
            candidate(1001, 2, 5, 0.8),
            candidate(5, 3, 5, 0.7),
        ];
        assert_eq!(chosen(&candidates, WANTED), [1, 5, 1001]);
    }

    #[test]
    fn the_best_dissent_on_a_chosen_product_has_the_last_place() {
        let praise = [1, 2, 3, 4].map(|at| candidate(at, at as u32 % 2, 5, 0.9 - at as f32 / 100.0));
        let elsewhere = candidate(7, 9, 1, 0.6);
        let dissent = [candidate(8, 1, 2, 0.5), candidate(9, 0, 1, 0.47)];
        let all = [&praise[..], std::slice::from_ref(&elsewhere), &dissent].concat();
        assert_eq!(chosen(&all, WANTED), [1, 2, 8]);
        // Below the floor it is not about the question; of another product it is no dissent.
        let beside = [&praise[..], &[elsewhere, candidate(8, 1, 1, 0.2)]].concat();
        assert_eq!(chosen(&beside, WANTED), [1, 2, 3]);
        // Nor is what neither praises nor complains.
        let neither = [&praise[..], &[candidate(8, 1, 3, 0.5)]].concat();
        assert_eq!(chosen(&neither, WANTED), [1, 2, 3]);
        // Dissent that is there already is enough.
        let mixed = [&praise[..1], &[candidate(8, 1, 1, 0.95)], &praise[1..]].concat();
        assert_eq!(chosen(&mixed, WANTED), [8, 1, 2]);
    }

    #[test]
    fn who_asks_for_complaints_gets_them_and_the_best_praise_last() {
        let candidates = [
            candidate(1, 1, 5, 0.9),
            candidate(2, 2, 1, 0.6),
            candidate(3, 2, 3, 0.5),
            candidate(4, 1, 2, 0.55),
            candidate(5, 2, 4, 0.8),
        ];
        let complaints = Wanted {
            complaints: true,
            ..WANTED
        };
        assert_eq!(chosen(&candidates, complaints), [2, 4, 1]);
        let complains_or_neither = [candidates[1].clone(), candidates[2].clone()];
        assert_eq!(chosen(&complains_or_neither, complaints), [2]);
        // Praise of a product that nobody complains about is no other side.
        assert_eq!(chosen(&candidates[..2], complaints), [2]);
        assert_eq!(chosen(&candidates[..1], complaints), [1]);
    }
}
