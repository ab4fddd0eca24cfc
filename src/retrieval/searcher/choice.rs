//! Of all that is ranked, what becomes evidence, and which products it recommends.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ranked, Searcher};
use crate::language;
use crate::opinions::AspectId;
use crate::retrieval::figures::Figures;
use crate::retrieval::products::{self, Recommended};
use crate::retrieval::reading::ParsedQuery;
use crate::retrieval::selection::{self, Candidate};
use crate::retrieval::{Evidence, Scores};
use crate::reviews::ProductId;

/// The best scored passages that evidence is chosen from.
const RANKED: usize = 200;
/// Passages that become evidence.
const EVIDENCE: usize = 6;
/// Passages of each product that is compared, however many are.
const LEAST_PLACES: usize = 2;
/// Aspects that an answer without evidence names.
const SPOKEN_OF: usize = 5;
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
        let passage = self.index.passage(features.passage);
        let review = self.index.review(features.passage);
        let product = &self.index.catalogue()[features.product.0 as usize];
        let (before, rest) = review.text.split_at(passage.start as usize);
        let (quote, after) = rest.split_at((passage.end - passage.start) as usize);
        let start = before.chars().count();
        Evidence {
            passage: features.passage,
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
            score: features.question,
            complains: candidate.complains(),
            scores: Scores {
                question: features.question,
                title: features.title,
                own_title: features.own_title,
                coverage: features.coverage,
                total: candidate.score,
            },
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

    /// The first product of each side of a comparison of which there is no evidence.
    pub(super) fn without_evidence(
        &self,
        compared: &[BTreeSet<ProductId>],
        evidence: &[Evidence],
    ) -> Vec<String> {
        let key = |id: &ProductId| &self.index.catalogue()[id.0 as usize].key;
        let is_silent = |products: &&BTreeSet<ProductId>| {
            let quoted = |id: &ProductId| evidence.iter().any(|evidence| evidence.product_key == *key(id));
            !products.iter().any(quoted)
        };
        let silent = compared.iter().filter(is_silent).filter_map(BTreeSet::first);
        silent.map(|id| self.vocabulary.title(*id).to_string()).collect()
    }

    /// What the reviews of these products clearly praise or complain about most.
    pub(super) fn spoken_of(&self, products: &BTreeSet<ProductId>) -> Vec<String> {
        let mut reviews: BTreeMap<AspectId, usize> = BTreeMap::new();
        for product in products {
            for aspect in self.opinions.of_product(*product) {
                *reviews.entry(aspect.aspect).or_default() += aspect.praised + aspect.complained;
            }
        }
        let mut spoken_of: Vec<(AspectId, usize)> =
            reviews.into_iter().filter(|(_, reviews)| *reviews > 0).collect();
        spoken_of.sort_by_key(|(aspect, reviews)| (std::cmp::Reverse(*reviews), *aspect));
        let most = spoken_of.into_iter().take(SPOKEN_OF);
        most.map(|(aspect, _)| self.opinions.name(aspect).to_string())
            .collect()
    }
}

/// Whether a text has a number that may be a price.
fn has_amount(text: &str) -> bool {
    let digits = |word: &str| word.chars().filter(char::is_ascii_digit).count();
    language::words(text).any(|word| digits(word) >= 3)
}
