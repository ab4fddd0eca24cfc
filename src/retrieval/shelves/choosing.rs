//! Of all that is ranked, what becomes evidence: so much of each product, both sides, praise or complaints first.

use std::collections::{BTreeSet, HashSet};

use super::super::denial;
use super::super::rank::{self, Candidate, Relevant, Wanted};
use super::super::reading::{Concept, Intent, Reading};
use super::super::{Evidence, Filters, Scores};
use super::{Shelves, Sought};
use crate::index::words;
use crate::reviews::ProductId;

/// Passages that become evidence.
const EVIDENCE: usize = 6;
/// Passages of one product among them, unless the question is about that product alone.
const PER_PRODUCT: usize = 2;
/// Passages of each product that is compared, however many are.
const LEAST_PLACES: usize = 2;

impl Shelves {
    /// What is chosen as evidence of all that is ranked.
    pub(super) fn evidence_of(
        &self,
        ranked: Vec<Relevant>,
        sought: &Sought<'_>,
        filters: &Filters,
        to_the_point: bool,
    ) -> Vec<Evidence> {
        let reading = &sought.reading;
        let one_product = filters.product_ids.len() == 1 || reading.names_one();
        let wanted = Wanted {
            evidence: EVIDENCE,
            per_product: if one_product { EVIDENCE } else { PER_PRODUCT },
            complaints: self.complaints_lead(reading, &ranked),
            to_the_point,
        };
        match reading.compared() {
            Some(named) => self.choose_for_each(named, ranked, wanted),
            None => self.choose(ranked, wanted, reading),
        }
    }

    /// Whether complaints are what answers: they are asked for, or a defect is and they tell of it.
    pub(super) fn complaints_lead(&self, reading: &Reading, ranked: &[Relevant]) -> bool {
        let tells = |relevant: &Relevant, concept: &Concept| {
            let candidate = &relevant.candidate;
            candidate.complains() && !words::of(self.text(candidate.passage)).is_disjoint(&concept.words)
        };
        let defect = reading.concept.as_ref().filter(|concept| concept.goes_wrong);
        reading.intent == Intent::Complaints
            || defect.is_some_and(|defect| ranked.iter().any(|relevant| tells(relevant, defect)))
    }

    /// Evidence on each of the products that are compared, in turns.
    fn choose_for_each(
        &self,
        named: &[BTreeSet<ProductId>],
        ranked: Vec<Relevant>,
        wanted: Wanted,
    ) -> Vec<Evidence> {
        let places = (EVIDENCE / named.len()).max(LEAST_PLACES);
        let wanted = Wanted {
            evidence: places,
            per_product: places,
            ..wanted
        };
        let of_each = named.iter().map(|products| {
            let about = |relevant: &&Relevant| products.contains(&relevant.candidate.product);
            self.chosen(ranked.iter().filter(about).cloned().collect(), wanted)
        });
        let of_each: Vec<Vec<Candidate>> = of_each.collect();
        let turns = (0..places).flat_map(|place| of_each.iter().filter_map(move |chosen| chosen.get(place)));
        // Two names may mean the same product.
        let mut taken = HashSet::new();
        turns
            .filter(|candidate| taken.insert(candidate.passage))
            .map(|candidate| self.evidence(candidate))
            .collect()
    }

    /// Evidence of all that is ranked. Where products are to be recommended, praise goes first.
    pub(super) fn choose(&self, ranked: Vec<Relevant>, wanted: Wanted, reading: &Reading) -> Vec<Evidence> {
        let mut chosen = self.chosen(ranked, wanted);
        if reading.intent == Intent::Recommend && !wanted.complaints {
            chosen.sort_by_key(|candidate| {
                !candidate.praises() || denial::of_any(self.text(candidate.passage), &reading.words)
            });
        }
        chosen.iter().map(|candidate| self.evidence(candidate)).collect()
    }

    fn chosen(&self, ranked: Vec<Relevant>, wanted: Wanted) -> Vec<Candidate> {
        let likeness = |a: &Candidate, b: &Candidate| {
            if self.text(a.passage).eq_ignore_ascii_case(self.text(b.passage)) {
                1.0
            } else {
                // Other words are something else, however near.
                self.index.similarity(a.passage, b.passage).min(0.99)
            }
        };
        rank::choose(ranked, wanted, likeness)
    }

    fn evidence(&self, candidate: &Candidate) -> Evidence {
        let passage = self.passages[candidate.passage];
        let review = self.review(candidate.passage);
        let product = &self.corpus.products[review.product.0 as usize];
        let (before, rest) = review.text.split_at(passage.start as usize);
        let (quote, after) = rest.split_at((passage.end - passage.start) as usize);
        let start = before.chars().count();
        Evidence {
            passage: candidate.passage,
            review: passage.review,
            product_key: product.key.clone(),
            product_title: product.title.clone(),
            rating: review.rating,
            summary: review.summary.clone(),
            quote: quote.to_string(),
            start,
            end: start + quote.chars().count(),
            before: before.to_string(),
            after: after.to_string(),
            score: candidate.score(),
            complains: candidate.complains(),
            scores: Scores {
                question: candidate.question,
                aspect: candidate.aspect,
                title: candidate.title,
                words: candidate.words,
            },
        }
    }
}
