//! Whether anything here is about a question: by the topic score.

use super::{Ranked, Searcher, Sought};
use crate::index::{PassageFeatures, PassageFilter};
use crate::query::{self, ParsedQuery, Turn};
use crate::retrieval::refusal::{self, Thresholds, Topic};
use crate::retrieval::{Filters, score};
use crate::reviews::ProductId;

/// A name stands in one title of so many, …
const ONE_TITLE_IN: usize = 50;
/// … or in so few.
const FEW_TITLES: usize = 3;
/// Single products that each question about other things is asked of, to find the threshold.
const PRODUCTS_ASKED: usize = 4;

impl Searcher {
    /// The thresholds that refuse most [questions about other things](refusal::off_topic), which have these vectors.
    pub(in crate::retrieval) fn found_thresholds(&self, off_topic: Vec<Vec<f32>>) -> Thresholds {
        let questions = off_topic.len();
        let (mut in_shop, mut in_products) = (vec![], vec![]);
        let everything = Filters::default();
        for ((number, question), vector) in refusal::off_topic().enumerate().zip(off_topic) {
            let mut parsed = query::read(&[Turn::user(question)], &self.vocabulary);
            // It names nothing here, and only the whole of it has a vector.
            parsed.named.clear();
            parsed.sides = None;
            parsed.last.clone_from(&parsed.whole);
            let sought = Sought::new(parsed, vec![vector.clone(), vector]);
            let features = |ranked: Ranked| ranked.passages.into_iter().map(|candidate| candidate.features);
            let found = features(self.ranked(&sought, &everything, false));
            in_shop.extend(found.map(|features| score::topic(&features)).reduce(f32::max));
            let words = self.query_words(&sought.parsed.words);
            let query = sought.query(&words);
            let products = (0..self.index.catalogue().len() as u32).map(ProductId);
            for product in products.skip(number).step_by(questions).take(PRODUCTS_ASKED) {
                let filter = PassageFilter {
                    products: vec![product],
                    min_rating: None,
                };
                let mut found = self.index.passages(&query, &filter);
                self.index.cover(&words, &mut found);
                let scores = found.iter().map(score::topic_of_product);
                in_products.extend(scores.reduce(f32::max));
            }
        }
        Thresholds::of(in_shop, in_products)
    }

    /// Whether something among these passages is about the question. Of products that are given, by name or by the
    /// client, and nothing else, anything is.
    pub(super) fn is_about(
        &self,
        parsed: &ParsedQuery,
        filters: &Filters,
        passages: &[PassageFeatures],
    ) -> bool {
        let given = !filters.product_ids.is_empty();
        if parsed.aspect().next().is_none() && (given || !parsed.named.is_empty()) {
            return true;
        }
        let topic = match given {
            true => Topic::Product,
            false if self.has_unseen_name(parsed) => Topic::UnseenName,
            false => Topic::Shop,
        };
        self.recognition.thresholds.admit(topic, passages)
    }

    /// Whether a word of the question stands in few titles and is none that the embedding model knows.
    fn has_unseen_name(&self, parsed: &ParsedQuery) -> bool {
        let few = (self.index.catalogue().len() / ONE_TITLE_IN).max(FEW_TITLES);
        parsed.words.iter().any(|word| {
            let titles = self.index.title_words.saying(&word.stem).len();
            (1..=few).contains(&titles) && !self.language.contains(&word.written)
        })
    }
}
