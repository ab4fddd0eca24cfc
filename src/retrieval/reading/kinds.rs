//! Which of a question's words say what kind of product it is about, and the products that are of it. Pure.

use std::collections::BTreeSet;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::intent::{self, Intent};
use super::{Mention, Vocabulary, concepts, heads};
use crate::index::words;
use crate::reviews::ProductId;

/// A word of a question.
pub(super) struct Asked<'a> {
    /// As it was meant.
    pub meant: &'a str,
    /// As it is compared with passages.
    pub folded: String,
    /// Whether it is a part of a product's name.
    pub names: bool,
    /// Whether it says what kind of product.
    pub kind: bool,
}

impl Vocabulary {
    /// Where the first words for kinds of products stand in a text, in bytes.
    pub(crate) fn kinds(&self, text: &str) -> Option<Range<usize>> {
        let mut found: Option<Range<usize>> = None;
        for (at, word) in text.unicode_word_indices() {
            let is_kind = self.is_kind(&words::folded(word)) && !words::asks(word);
            match &mut found {
                None if is_kind => found = Some(at..at + word.len()),
                Some(range) if is_kind => range.end = at + word.len(),
                Some(_) => break,
                None => {}
            }
        }
        found
    }

    /// The products named, or those of a kind that is. A kind narrows a name down: "the Avandi kettle".
    pub(super) fn scope(
        &self,
        question: &[Asked<'_>],
        named: &mut [BTreeSet<ProductId>],
        intent: Intent,
    ) -> BTreeSet<ProductId> {
        let kinds: BTreeSet<ProductId> = question
            .iter()
            .filter(|word| !word.names && word.kind)
            .filter_map(|word| self.categories.get(&word.folded))
            .flatten()
            .copied()
            .collect();
        for products in named.iter_mut() {
            let of_kind: BTreeSet<ProductId> = products.intersection(&kinds).copied().collect();
            if !of_kind.is_empty() {
                *products = of_kind;
            }
        }
        if !named.is_empty() {
            return named.iter().flatten().copied().collect();
        }
        let is_kind = |word: &&Asked<'_>| word.kind && !words::asks(word.meant);
        let by_one_word = kinds.is_empty() && question.iter().filter(is_kind).count() == 1;
        let scope = self.narrowed(kinds, question);
        match scope.first() {
            // "Which headset?" is no question where one title has the word: the others are called headphones.
            Some(only) if by_one_word && scope.len() == 1 && intent == Intent::Recommend => self.akin(*only),
            _ => scope,
        }
    }

    /// The products of the same category, itself included.
    fn akin(&self, product: ProductId) -> BTreeSet<ProductId> {
        let of_it = self
            .categories
            .values()
            .filter(|of_word| of_word.contains(&product));
        let akin = of_it.cloned().reduce(|all, of_word| &all & &of_word);
        akin.unwrap_or_else(|| BTreeSet::from([product]))
    }

    /// Those of a kind, or of all where it is empty, whose titles have the words of the question that few of them have:
    /// of headsets, the wired ones.
    fn narrowed(&self, kinds: BTreeSet<ProductId>, question: &[Asked<'_>]) -> BTreeSet<ProductId> {
        let words = question.iter().filter(|word| {
            let is_category = self.categories.contains_key(&word.folded);
            word.kind && !is_category && !words::asks(word.meant)
        });
        words
            .filter_map(|word| self.products.get(&word.folded))
            .fold(kinds, |scope, called_so| {
                let (narrower, size) = match scope.is_empty() {
                    true => (called_so.clone(), self.titles.len()),
                    false => (scope.intersection(called_so).copied().collect(), scope.len()),
                };
                match !narrower.is_empty() && 2 * narrower.len() < size {
                    true => narrower,
                    false => scope,
                }
            })
    }

    /// Whether a word, as it is compared, is one for a kind of product.
    fn is_kind(&self, word: &str) -> bool {
        self.categories.contains_key(word) || self.products.contains_key(word)
    }

    /// The words of a question whose names are `mentions`.
    pub(super) fn words<'a>(&'a self, question: &'a str, mentions: &[Mention]) -> Vec<Asked<'a>> {
        let mut asked: Vec<Asked<'a>> = question
            .unicode_word_indices()
            .map(|(at, word)| {
                let names = mentions
                    .iter()
                    .flat_map(|mention| &mention.words)
                    .any(|range| range.contains(&at));
                let is_known = words::asks(word)
                    || intent::only_complains(&word.to_lowercase())
                    || concepts::is_asked(&words::folded(word));
                let meant = match names || is_known {
                    true => word,
                    false => self.spelling.corrected(word),
                };
                let folded = words::folded(meant);
                let kind = self.is_kind(&folded);
                Asked {
                    meant,
                    folded,
                    names,
                    kind,
                }
            })
            .collect();
        // From the last on, so that what follows is known: in "wired gaming headset", both say which headset.
        for at in (0..asked.len()).rev() {
            let is_of_products = self.is_of_products(&asked[at], asked.get(at + 1));
            asked[at].kind &= is_of_products || heads::is_led(&asked, at);
        }
        let named: BTreeSet<ProductId> = mentions
            .iter()
            .flat_map(|mention| &mention.products)
            .copied()
            .collect();
        let called_so = |word: &Asked<'_>| self.products.get(&word.folded).filter(|_| named.is_empty());
        let of_kind = |word: &Asked<'_>| self.categories.get(&word.folded).or_else(|| called_so(word));
        heads::set_aside(&mut asked, of_kind, &named);
        asked
    }

    /// Whether a word of titles is one here: there are thin laptops, and "thin wrists" asks for none.
    fn is_of_products(&self, word: &Asked<'_>, next: Option<&Asked<'_>>) -> bool {
        let says_more = |next: &Asked<'_>| !next.names && !next.kind && !words::asks(next.meant);
        !next.is_some_and(says_more)
            || self.categories.contains_key(&word.folded)
            || !self.names.is_plain(word.meant)
    }
}
