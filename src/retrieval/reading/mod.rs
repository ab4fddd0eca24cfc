//! What a question is about: which products, which aspect of them, and what kind of answer it wants. Pure.
//!
//! "Does any kettle leak?" asks for kettles, and of those for leaks. A kettle's review that says "it leaked on the
//! base" need not say "kettle", and a passage full of kettles need not say anything of leaks; so the two are told
//! apart, and passages are compared with the aspect. What it demands of price and stars is taken out of both.

mod amounts;
mod beyond;
mod bounds;
mod concepts;
mod constraints;
mod figure;
mod heads;
mod intent;
mod kinds;
mod names;
#[cfg(test)]
pub(super) mod testing;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::spelling::Spelling;
use crate::index::words::{self, Frequencies};
use crate::reviews::{Product, ProductId};
pub(crate) use beyond::Beyond;
pub(super) use concepts::Concept;
pub(crate) use constraints::{Constraints, Span};
pub(crate) use figure::{Figure, Quantity, Wish};
pub(crate) use intent::Intent;
use kinds::Asked;
pub(super) use names::{Mention, Names};

/// What a question that asks what is wrong asks about, where it says no more: complaints seldom use the word.
pub(super) const WRONG: &str = "bad quality, it broke, it does not work, disappointed";

/// A catalogue's words.
pub(crate) struct Vocabulary {
    /// What its products are called one by one.
    names: Names,
    /// The short title of each.
    titles: Vec<String>,
    /// The words of categories.
    categories: HashMap<String, BTreeSet<ProductId>>,
    /// Words of titles and categories that are commoner there than in reviews, which are what things are called, with
    /// the products that have them.
    products: HashMap<String, BTreeSet<ProductId>>,
    /// All words that a question can mean.
    spelling: Spelling,
}

/// A question, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    /// The whole question without its demands, as passages are compared with it; the question itself where it says
    /// nothing else. One in Hindi is without the words that only ask, and with what tells of its concept.
    pub question: String,
    /// The question without the words that only name products; the whole question where nothing would be left.
    pub aspect: String,
    /// The telling words of the aspect, as they are compared, and those that tell of its concept.
    pub words: HashSet<String>,
    /// Those of them that the question itself has.
    pub own_words: HashSet<String>,
    /// The products it is about; empty where it names none.
    pub scope: BTreeSet<ProductId>,
    /// The names in it, in their order, each with the products that it may mean. Empty where the scope is one of
    /// kinds of products, or of all.
    pub named: Vec<BTreeSet<ProductId>>,
    /// What kind of answer it wants.
    pub intent: Intent,
    /// What it asks about that is told in other words.
    pub concept: Option<Concept>,
    /// The figure that it asks for, and nothing else.
    pub figure: Option<Figure>,
    /// Why no review can answer it.
    pub beyond: Option<Beyond>,
    /// What it demands of products.
    pub constraints: Constraints,
}

impl Reading {
    /// The aspect in the question's own words.
    pub(crate) fn asked_aspect(&self) -> &str {
        let said = self.concept.as_ref().map_or("", |concept| concept.said);
        self.aspect
            .strip_suffix(said)
            .unwrap_or(&self.aspect)
            .trim_end_matches(": ")
    }

    /// Whether it may be about a product: about any where it names none.
    pub(crate) fn is_about(&self, product: ProductId) -> bool {
        self.scope.is_empty() || self.scope.contains(&product)
    }

    /// Whether it is about one product and says which.
    pub(crate) fn names_one(&self) -> bool {
        self.names_some() && self.scope.len() == 1
    }

    /// The products that are to be compared, name by name, where there are two and more.
    pub(crate) fn compared(&self) -> Option<&[BTreeSet<ProductId>]> {
        (self.named.len() > 1).then_some(&self.named)
    }

    /// Whether it says which products it is about, and not only which kind.
    pub(crate) fn names_some(&self) -> bool {
        !self.named.is_empty()
    }
}

impl Vocabulary {
    /// Learns the words of a catalogue. `passages` are those of its reviews, each with its product, and `frequencies`
    /// their words'; words of the `language` are no slips.
    pub(crate) fn of<'a>(
        products: &[Product],
        frequencies: &Frequencies,
        passages: impl Iterator<Item = (ProductId, &'a str)>,
        language: Arc<HashSet<String>>,
    ) -> Self {
        let category = |product: &Product| product.category.clone().unwrap_or_default();
        let mut categories: HashMap<String, BTreeSet<ProductId>> = HashMap::new();
        for (id, product) in (0..).map(ProductId).zip(products) {
            for word in words::written(&category(product)) {
                categories.entry(words::folded(word)).or_default().insert(id);
            }
        }
        let called: Vec<String> = products
            .iter()
            .map(|product| format!("{} {}", product.short_title(), category(product)))
            .collect();
        let shares = Frequencies::of(called.iter().map(String::as_str));
        let whole: Vec<String> = products
            .iter()
            .map(|product| format!("{} {}", product.title, category(product)))
            .collect();
        let mut called_so: HashMap<String, BTreeSet<ProductId>> = HashMap::new();
        for (id, title) in (0..).map(ProductId).zip(&whole) {
            for word in words::of(title) {
                if shares.share(&word) > frequencies.share(&word) {
                    called_so.entry(word).or_default().insert(id);
                }
            }
        }
        let of_titles = whole
            .iter()
            .flat_map(|title| words::written(title))
            .map(|word| (word, 1));
        let of_complaints = intent::COMPLAINTS.iter().map(|word| (*word, 1));
        Self {
            names: Names::of(products, passages),
            titles: products
                .iter()
                .map(|product| product.short_title().to_string())
                .collect(),
            categories,
            products: called_so,
            spelling: Spelling::of(
                frequencies.written().chain(of_titles).chain(of_complaints),
                language,
            ),
        }
    }

    /// Reads a question: which products the `whole` of it names, and which aspect its `last` part asks about.
    pub(crate) fn read(&self, whole: &str, last: &str) -> Reading {
        let (constraints, question) = constraints::read(whole);
        let question = if question.is_empty() {
            whole.to_string()
        } else {
            question
        };
        let mentions = self.names.mentions(&question, &self.spelling);
        let written = self.words(&question, &mentions);
        let mut named: Vec<BTreeSet<ProductId>> = Vec::new();
        for mention in mentions {
            if !named.contains(&mention.products) {
                named.push(mention.products);
            }
        }
        let (_, last) = constraints::read(last);
        let last = if last.is_empty() { question.clone() } else { last };
        let asking = self.words(&last, &self.names.mentions(&last, &self.spelling));
        let lower: Vec<String> = asking.iter().map(|word| word.meant.to_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let is_kind = |word: &Asked<'_>| !word.names && word.kind;
        let kinds = asking.iter().filter(|word| is_kind(word)).count();
        let intent = intent::of(&lower, named.len(), kinds);
        let scope = self.scope(&written, &mut named, intent);

        // Beside a name, what its products are called is asked about: the steam of a steam iron.
        let only_names = |word: &Asked<'_>| {
            let is_called = word.kind && (named.is_empty() || self.categories.contains_key(&word.folded));
            word.names || is_called && !concepts::is_asked(&word.folded)
        };
        let of_aspect = || asking.iter().filter(|word| !only_names(word));
        let complains = |word: &str| intent == Intent::Complaints && intent::only_complains(word);
        let tells = |word: &Asked<'_>| {
            let lower = word.meant.to_lowercase();
            !words::asks(&lower) && !intent::only_asks(&lower) && !complains(&lower)
        };
        let mut words: HashSet<String> = of_aspect()
            .filter(|word| tells(word))
            .map(|word| word.folded.clone())
            .collect();
        let demands_price = !constraints.price.is_open();
        let figure = figure::asked(&lower, &words, !named.is_empty(), demands_price);
        let beyond = match named.is_empty() {
            true => beyond::read(&question, !scope.is_empty(), |word| self.spelling.knows(word)),
            false => None,
        };
        let aspect = in_english(of_aspect());
        let concept = concepts::asked(of_aspect().map(|word| word.folded.as_str()));
        // "Tell me about the Zuvio" leaves nothing to compare passages with.
        let mut aspect = match (words.is_empty(), intent) {
            (false, _) => aspect,
            (true, Intent::Complaints) => WRONG.to_string(),
            (true, _) => last.clone(),
        };
        let own_words = words.clone();
        if let Some(concept) = &concept {
            aspect = format!("{aspect}: {}", concept.said);
            words.extend(concept.words.iter().cloned());
        }
        let is_hindi = written.iter().any(|word| words::asks_in_hindi(word.meant));
        let question = match (in_english(written.iter()), &concept) {
            (said, _) if said.is_empty() || !is_hindi => question,
            (said, Some(concept)) => format!("{said}: {}", concept.said),
            (said, None) => said,
        };
        Reading {
            question,
            aspect,
            words,
            own_words,
            scope,
            named,
            intent,
            concept,
            figure,
            beyond,
            constraints,
        }
    }

    /// What people call a product.
    pub(crate) fn title(&self, product: ProductId) -> &str {
        &self.titles[product.0 as usize]
    }

    /// The products that a text of this server's own names by their whole titles, in their order.
    pub(crate) fn titled(&self, text: &str) -> Vec<ProductId> {
        self.names.titled(text)
    }

    /// The names in a text.
    pub(crate) fn mentions(&self, text: &str) -> Vec<Mention> {
        self.names.mentions(text, &self.spelling)
    }
}

/// Words without those that only ask in Hindi: for the embedding model they would say that any Hindi review is near.
fn in_english<'a>(words: impl Iterator<Item = &'a Asked<'a>>) -> String {
    let kept: Vec<&str> = words
        .map(|word| word.meant)
        .filter(|word| !words::asks_in_hindi(word))
        .collect();
    kept.join(" ")
}

#[cfg(test)]
mod tests;
