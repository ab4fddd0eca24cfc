//! Candidates → evidence: relevance, floor, diversity. Pure.
//!
//! The weights were chosen by looking at the evidence of some twenty questions over the shipped reviews; a yardstick
//! for them is future work.

use std::collections::HashMap;

use crate::reviews::ProductId;

/// Below this a passage is not about the question. Questions about other things ("What is the capital of France?",
/// "Tell me a joke") stay under it with all-MiniLM-L6-v2.
const FLOOR: f32 = 0.45;
/// How much the product's title counts for the floor, beside the passage.
const FLOOR_TITLE: f32 = 0.5;
/// How much the product's title counts in the order.
const TITLE: f32 = 0.4;
/// How much the aspect's words count in the order, where the passage has all of them.
const WORDS: f32 = 0.3;

/// A passage that may become evidence, with its cosine similarities to the question.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its position among the passages.
    pub passage: usize,
    /// The product its review is about.
    pub product: ProductId,
    /// Of the passage to the whole question.
    pub question: f32,
    /// Of the passage to the aspect asked about.
    pub aspect: f32,
    /// Of the product's title to the whole question.
    pub title: f32,
    /// The share, by weight, of the aspect's words that the passage has.
    pub words: f32,
}

impl Candidate {
    /// The passage's similarity, whichever way it is similar.
    pub fn score(&self) -> f32 {
        self.question.max(self.aspect)
    }

    fn relevance(&self) -> f32 {
        (self.question + self.aspect) / 2.0 + TITLE * self.title + WORDS * self.words
    }

    fn is_about_it(&self) -> bool {
        self.score() + FLOOR_TITLE * self.title >= FLOOR
    }
}

/// How much evidence is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// In all.
    pub evidence: usize,
    /// Of one product.
    pub per_product: usize,
}

/// The most relevant candidates that are about the question, best first, without those that are `alike` to a better
/// one and without more of one product than wanted.
pub fn choose(
    mut candidates: Vec<Candidate>,
    limits: Limits,
    alike: impl Fn(&Candidate, &Candidate) -> bool,
) -> Vec<Candidate> {
    candidates.retain(Candidate::is_about_it);
    // Ties go by position, so that the same question has the same evidence on every machine.
    candidates.sort_by(|a, b| {
        b.relevance()
            .total_cmp(&a.relevance())
            .then(a.passage.cmp(&b.passage))
    });
    let mut chosen: Vec<Candidate> = Vec::with_capacity(limits.evidence);
    let mut of_product: HashMap<ProductId, usize> = HashMap::new();
    for candidate in candidates {
        if chosen.len() == limits.evidence {
            break;
        }
        let of_product = of_product.entry(candidate.product).or_default();
        if *of_product < limits.per_product && !chosen.iter().any(|better| alike(better, &candidate)) {
            *of_product += 1;
            chosen.push(candidate);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(passage: usize, product: u32, score: f32, title: f32) -> Candidate {
        Candidate {
            passage,
            product: ProductId(product),
            question: score,
            aspect: score,
            title,
            words: 0.0,
        }
    }

    fn chosen(candidates: &[Candidate], per_product: usize) -> Vec<usize> {
        // In these tests passages are alike when they differ by 100.
        let alike = |a: &Candidate, b: &Candidate| a.passage % 100 == b.passage % 100;
        let limits = Limits {
            evidence: 3,
            per_product,
        };
        choose(candidates.to_vec(), limits, alike)
            .iter()
            .map(|candidate| candidate.passage)
            .collect()
    }

    #[test]
    fn what_is_not_about_the_question_is_no_evidence_whatever_words_it_has() {
        let words = Candidate {
            words: 1.0,
            ..candidate(1, 1, FLOOR - 0.01, 0.0)
        };
        assert_eq!(
            chosen(
                &[words, candidate(2, 2, FLOOR, 0.0), candidate(3, 3, 0.3, 0.4)],
                2
            ),
            [3, 2]
        );
    }

    #[test]
    fn title_and_words_decide_between_like_passages_and_ties_go_by_position() {
        let candidates = [
            candidate(1, 1, 0.60, 0.1),
            candidate(2, 2, 0.55, 0.4),
            candidate(4, 3, 0.5, 0.0),
            candidate(3, 4, 0.5, 0.0),
        ];
        assert_eq!(chosen(&candidates, 2), [2, 1, 3]);
        let words = Candidate {
            words: 1.0,
            ..candidate(5, 5, 0.5, 0.0)
        };
        assert_eq!(chosen(&[candidate(1, 1, 0.6, 0.1), words], 2), [5, 1]);
    }

    #[test]
    fn repetitions_and_the_third_of_a_product_are_left_out() {
        let candidates = [
            candidate(1, 1, 0.9, 0.0),
            candidate(101, 2, 0.8, 0.0),
            candidate(2, 1, 0.7, 0.0),
            candidate(3, 1, 0.6, 0.0),
            candidate(4, 3, 0.5, 0.0),
            candidate(5, 3, 0.47, 0.0),
        ];
        assert_eq!(chosen(&candidates, 2), [1, 2, 4]);
        assert_eq!(chosen(&candidates, 3), [1, 2, 3]);
    }
}
