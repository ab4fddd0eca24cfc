//! Which products a question sets beside each other.

use std::collections::{BTreeSet, HashSet};

use super::{Searcher, Sought};
use crate::index::{IndexQuery, ProductFeatures};
use crate::language;
use crate::query::{Intent, SAY_WHICH, Word};
use crate::retrieval::product_filter::ProductFilter;
use crate::reviews::ProductId;

/// How much the whole question counts for which product a side of a comparison means.
const WHOLE_OF_SIDE: f32 = 0.5;

/// Products that are set beside each other at most.
const MOST_SIDES: usize = 6;

impl Searcher {
    /// The products that are compared, side by side: those that two or more names mean, or for each side of "or" the
    /// one that it means, where its title is called what the side says and the other's is not.
    pub(super) fn compared(
        &self,
        sought: &Sought,
        scored: &[(ProductFeatures, f32)],
        admitted: &ProductFilter,
    ) -> Vec<BTreeSet<ProductId>> {
        let parsed = &sought.parsed;
        if parsed.named.len() > 1 {
            return parsed.named.iter().take(MOST_SIDES).cloned().collect();
        }
        let (Some(sides), [one, other]) = (&parsed.sides, sought.sides.as_slice()) else {
            return vec![];
        };
        let words = sides.each_ref().map(|side| {
            let stems: HashSet<String> = language::words(side).map(language::stem).collect();
            let of_side = parsed.words.iter().filter(|word| stems.contains(&word.stem));
            of_side.cloned().collect::<Vec<Word>>()
        });
        // "The best earphone, wired or wireless" is no comparison: "wireless" says no product.
        let says_which = |words: &Vec<Word>| {
            let kinds = words.iter().filter(|word| word.kind).count();
            kinds >= SAY_WHICH || words.iter().any(|word| word.head || word.names)
        };
        if parsed.intent == Intent::Recommend && !words.iter().all(says_which) {
            return vec![];
        }
        let meant = [(one, &words[0]), (other, &words[1])]
            .map(|(vector, words)| self.meant_by_side(vector, words, scored, admitted));
        let [Some(one), Some(other)] = meant else {
            return vec![];
        };
        match self.is_called(one, other, &words[0]) && self.is_called(other, one, &words[1]) {
            true => vec![BTreeSet::from([one]), BTreeSet::from([other])],
            false => vec![],
        }
    }

    /// The admitted product that fits one side best, with the whole question's `scored` products in mind.
    fn meant_by_side(
        &self,
        vector: &[f32],
        words: &[Word],
        scored: &[(ProductFeatures, f32)],
        admitted: &ProductFilter,
    ) -> Option<ProductId> {
        let words = self.query_words(words);
        let of_side = self.scored_products(&IndexQuery {
            title: vector,
            passage: vector,
            words: &words,
        });
        let scores = of_side
            .iter()
            .zip(scored)
            .map(|((features, side), (_, whole))| (features.product, side + WHOLE_OF_SIDE * whole));
        scores
            .filter(|(product, _)| admitted.admits(*product))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(product, _)| product)
    }

    /// Whether a product's title has all words of these for kinds of products, and one that the other's has not.
    fn is_called(&self, product: ProductId, other: ProductId, words: &[Word]) -> bool {
        let has = |product: ProductId, word: &Word| {
            let saying = self.index.title_words.saying(&word.stem);
            saying.binary_search(&product.0).is_ok()
        };
        let mut kinds = words.iter().filter(|word| word.kind);
        let tells_apart = kinds.clone().any(|word| !has(other, word));
        tells_apart && kinds.all(|word| has(product, word))
    }
}
