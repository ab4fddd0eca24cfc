//! Of all that is ranked, what becomes evidence, and which products it recommends.

use std::collections::BTreeSet;

use super::{Ranked, Searcher};
use crate::language;
use crate::query::ParsedQuery;
use crate::retrieval::figures::Figures;
use crate::retrieval::products::{self, Recommended};
use crate::retrieval::selection::{self, Candidate};
use crate::retrieval::{Evidence, Scores};
use crate::reviews::ProductId;

/// The best scored passages that evidence is chosen from.
const RANKED: usize = 200;
/// Passages that become evidence.
const EVIDENCE: usize = 6;
/// Passages of each product that is compared, however many are.
const LEAST_PLACES: usize = 2;
/// Quotes that a recommended product comes with.
const QUOTES: usize = 3;

impl Searcher {
    /// What is chosen as evidence of all that is ranked.
    pub(super) fn evidence_of(&self, ranked: &Ranked) -> Vec<Evidence> {
        match ranked.compared.as_slice() {
            [] => self.choose(&ranked.passages, EVIDENCE),
            compared => self.choose_for_each(compared, &ranked.passages),
        }
    }

    /// Evidence on each of the products that are compared, in turns.
    fn choose_for_each(&self, compared: &[BTreeSet<ProductId>], ranked: &[Candidate]) -> Vec<Evidence> {
        let places = (EVIDENCE / compared.len()).max(LEAST_PLACES);
        let of_each = compared.iter().map(|products| {
            let about = |candidate: &&Candidate| products.contains(&candidate.features.product);
            let ranked: Vec<Candidate> = ranked.iter().filter(about).take(RANKED).copied().collect();
            self.chosen(&ranked, places)
        });
        let of_each: Vec<Vec<Candidate>> = of_each.collect();
        let turns = (0..places).flat_map(|place| of_each.iter().filter_map(move |chosen| chosen.get(place)));
        // Two names may mean the same product.
        let mut taken = BTreeSet::new();
        turns
            .filter(|candidate| taken.insert(candidate.features.passage))
            .map(|candidate| self.evidence(candidate))
            .collect()
    }

    /// Evidence of all that is ranked.
    fn choose(&self, ranked: &[Candidate], places: usize) -> Vec<Evidence> {
        let chosen = self.chosen(&ranked[..ranked.len().min(RANKED)], places);
        chosen.iter().map(|candidate| self.evidence(candidate)).collect()
    }

    fn chosen(&self, ranked: &[Candidate], places: usize) -> Vec<Candidate> {
        selection::choose(ranked, places, |one, other| self.index.likeness(one, other))
    }

    fn evidence(&self, candidate: &Candidate) -> Evidence {
        let features = candidate.features;
        Evidence {
            score: features.question,
            scores: Scores {
                question: features.question,
                title: features.title,
                own_title: features.own_title,
                coverage: features.coverage,
                total: candidate.score,
            },
            ..Evidence::of(&self.index, features.passage, candidate.tone)
        }
    }

    /// The `most` products of those ranked that fit best.
    pub(super) fn recommended(
        &self,
        ranked: &[Candidate],
        parsed: &ParsedQuery,
        most: usize,
    ) -> Vec<Recommended> {
        let asked = self.opinions.asked(&parsed.aspect_text());
        let judged = |product| Some(self.opinions.about(product, asked?));
        products::recommend(ranked, self.index.catalogue(), most, judged, |passages| {
            self.choose(passages, QUOTES)
        })
    }

    /// Leaves what is said of the products whose figures are told, where anything is.
    pub(super) fn keep_those_of(&self, figures: &Figures, ranked: &mut Vec<Candidate>) {
        let told = |candidate: &Candidate| {
            let key = &self.index.catalogue()[candidate.features.product.0 as usize].key;
            figures.products.iter().any(|figured| figured.key == *key)
        };
        if ranked.iter().any(told) {
            ranked.retain(told);
        }
        // Where the shop does not say what it costs, buyers may.
        let says = |candidate: &Candidate| has_amount(self.index.text(candidate.features.passage));
        if !figures.are_complete() && ranked.iter().any(says) {
            ranked.retain(says);
        }
    }
}

/// Whether a text has a number that may be a price.
fn has_amount(text: &str) -> bool {
    let digits = |word: &str| word.chars().filter(char::is_ascii_digit).count();
    language::words(text).any(|word| digits(word) >= 3)
}
