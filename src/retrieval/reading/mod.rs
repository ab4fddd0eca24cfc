//! What a question is about: which products, and which aspect of them. Pure.
//!
//! "Does any kettle leak?" asks for kettles, and of those for leaks. A kettle's review that says "it leaked on the
//! base" need not say "kettle", and a passage full of kettles need not say anything of leaks; so the two are told
//! apart, and passages are compared with the aspect. What it demands of price and stars is taken out of both.

mod amounts;
mod bounds;
mod constraints;

use std::collections::{HashMap, HashSet};

use super::spelling::Spelling;
use crate::index::words::{self, Frequencies};
use crate::reviews::{Product, ProductId};
pub use constraints::{Constraints, Span};

/// Words of a question that asks what is wrong, folded …
const COMPLAINTS: &[&str] = &[
    "bad",
    "complain",
    "complaint",
    "con",
    "defect",
    "defective",
    "disadvantag",
    "dislik",
    "drawback",
    "fault",
    "hate",
    "issu",
    "kharab",
    "negativ",
    "problem",
    "unhapp",
    "worse",
    "worst",
];
/// What such a question asks about, where it says no more: complaints seldom use the word.
const WRONG: &str = "bad quality, it broke, it does not work, disappointed";
/// … unless it asks what is right as well.
const PRAISE: &[&str] = &[
    "advantag", "best", "good", "like", "positiv", "pro", "prais", "worth",
];

/// A catalogue's words.
pub struct Vocabulary {
    /// The first words of titles, where no title has them elsewhere: so a title that begins with "Wired" makes no
    /// brand of it where others are "… Wired Headset".
    brands: HashMap<String, Vec<ProductId>>,
    /// The words of each product's short title.
    names: Vec<HashSet<String>>,
    /// The words of categories.
    categories: HashMap<String, HashSet<ProductId>>,
    /// Words of titles and categories that are commoner there than in reviews: what things are called.
    products: HashSet<String>,
    /// All words that a question can mean.
    spelling: Spelling,
}

/// A question, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The whole question without its demands; the question itself where it says nothing else.
    pub question: String,
    /// The question without the words that only name products; the whole question where nothing would be left.
    pub aspect: String,
    /// The telling words of the aspect, as they are compared.
    pub words: HashSet<String>,
    /// The products it is about; empty where it names none.
    pub scope: HashSet<ProductId>,
    /// Whether it names them by brand.
    pub by_brand: bool,
    /// Whether it asks what is wrong with them.
    pub complaints: bool,
    /// What it demands of products.
    pub constraints: Constraints,
}

impl Reading {
    /// Whether it may be about a product: about any where it names none.
    pub fn is_about(&self, product: ProductId) -> bool {
        self.scope.is_empty() || self.scope.contains(&product)
    }

    /// Whether it is about one product and says which.
    pub fn names_one(&self) -> bool {
        self.by_brand && self.scope.len() == 1
    }
}

impl Vocabulary {
    /// Learns the words of a catalogue whose reviews have `passages`' word frequencies.
    pub fn of(products: &[Product], passages: &Frequencies) -> Self {
        let mut brands: HashMap<String, Vec<ProductId>> = HashMap::new();
        let mut categories: HashMap<String, HashSet<ProductId>> = HashMap::new();
        let mut elsewhere = HashSet::new();
        let names: Vec<String> = products
            .iter()
            .map(|product| {
                format!(
                    "{} {}",
                    product.short_title(),
                    product.category.as_deref().unwrap_or_default()
                )
            })
            .collect();
        for (id, product) in (0..).map(ProductId).zip(products) {
            let mut title = words::written(&product.title);
            if let Some(brand) = title.next().filter(|brand| brand.chars().count() > 2) {
                brands.entry(words::folded(brand)).or_default().push(id);
            }
            elsewhere.extend(title.map(words::folded));
            for word in words::written(product.category.as_deref().unwrap_or_default()) {
                categories.entry(words::folded(word)).or_default().insert(id);
            }
        }
        brands.retain(|brand, _| !elsewhere.contains(brand));
        let named = Frequencies::of(names.iter().map(String::as_str));
        let called = names
            .iter()
            .flat_map(|name| words::of(name))
            .filter(|word| named.share(word) > passages.share(word))
            .collect();
        let names: Vec<HashSet<String>> = products
            .iter()
            .map(|product| words::of(product.short_title()))
            .collect();
        let titles = products
            .iter()
            .flat_map(|product| {
                [
                    product.title.as_str(),
                    product.category.as_deref().unwrap_or_default(),
                ]
            })
            .flat_map(words::written);
        let spelling = Spelling::of(passages.written().chain(titles.map(|word| (word, 1))));
        Self {
            brands,
            names,
            categories,
            products: called,
            spelling,
        }
    }

    /// Those of a brand's products whose names have most words in the question: "BassHeads 100" is one of many.
    fn most_named(&self, products: &[ProductId], question: &[(&str, String)]) -> Vec<ProductId> {
        let shared = |id: &ProductId| {
            let name = &self.names[id.0 as usize];
            question.iter().filter(|(_, word)| name.contains(word)).count()
        };
        let most = products.iter().map(shared).max();
        products
            .iter()
            .filter(|id| Some(shared(id)) == most)
            .copied()
            .collect()
    }

    /// Reads a question: which products the `whole` of it names, and which aspect its `last` part asks about.
    pub fn read(&self, whole: &str, last: &str) -> Reading {
        let (constraints, question) = constraints::read(whole);
        let question = if question.is_empty() {
            whole.to_string()
        } else {
            question
        };
        let (_, last) = constraints::read(last);
        let (whole, last) = (question.as_str(), last.as_str());
        let written = self.words(whole);
        let named: HashSet<ProductId> = written
            .iter()
            .filter_map(|(_, word)| self.brands.get(word))
            .flat_map(|products| self.most_named(products, &written))
            .collect();
        let kinds = || {
            written
                .iter()
                .filter_map(|(_, word)| self.categories.get(word))
                .flatten()
                .copied()
                .collect()
        };
        let by_brand = !named.is_empty();
        let scope = if by_brand { named } else { kinds() };

        let asking = self.words(last);
        let of_aspect = || asking.iter().filter(|(_, word)| !self.products.contains(word));
        let complaints = asks_what_is_wrong(&asking);
        let tells = |word: &str| !(complaints && COMPLAINTS.contains(&word));
        let words: HashSet<String> = of_aspect()
            .filter(|(written, word)| !words::asks(written) && tells(word))
            .map(|(_, word)| word.clone())
            .collect();
        let aspect: Vec<&str> = of_aspect().map(|(word, _)| *word).collect();
        // "Tell me about the Zuvio" leaves nothing to compare passages with.
        let aspect = match (words.is_empty(), complaints) {
            (false, _) => aspect.join(" "),
            (true, true) => WRONG.to_string(),
            (true, false) if last.is_empty() => whole.to_string(),
            (true, false) => last.to_string(),
        };
        Reading {
            aspect,
            words,
            scope,
            by_brand,
            complaints,
            constraints,
            question,
        }
    }

    /// The words of a question, as they were meant and as they are compared.
    fn words<'a>(&'a self, question: &'a str) -> Vec<(&'a str, String)> {
        let meant = |word| match words::asks(word) {
            true => word,
            false => self.spelling.corrected(word),
        };
        words::written(question)
            .map(meant)
            .map(|word| (word, words::folded(word)))
            .collect()
    }
}

fn asks_what_is_wrong(question: &[(&str, String)]) -> bool {
    let has = |list: &[&str]| question.iter().any(|(_, word)| list.contains(&word.as_str()));
    has(COMPLAINTS) && !has(PRAISE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(title: &str, category: &str) -> Product {
        Product {
            key: title.into(),
            title: title.into(),
            category: Some(category.into()),
            price: None,
            histogram: [0; 5],
            reviews: vec![],
        }
    }

    #[test]
    fn products_and_aspect_are_told_apart() {
        let catalogue = [
            product("Zuvio Tone 5 Neckband with 40-hour battery", "headphones"),
            product("ZUVIO Bass 2 wired earphones", "headphones"),
            product("Wired earphones Pro", "headphones"),
            product("Avandi Brew Kettle", "kettles"),
        ];
        let reviews = [
            "battery is good",
            "the battery died",
            "wired well",
            "it leaks",
            "tone is warm",
        ];
        let vocabulary = Vocabulary::of(&catalogue, &Frequencies::of(reviews.into_iter()));
        for (question, aspect, words, scope, by_brand) in [
            (
                "Does any kettle leak?",
                "Does any leak",
                vec!["leak"],
                vec![3],
                false,
            ),
            (
                "Is Zuvio's battery good?",
                "Is battery good",
                vec!["batter"],
                vec![0, 1],
                true,
            ),
            (
                "Tell me about the Zuvio",
                "Tell me about the Zuvio",
                vec![],
                vec![0, 1],
                true,
            ),
            (
                "Is the Zuvio Tone loud?",
                "Is the loud",
                vec!["loud"],
                vec![0],
                true,
            ),
            ("a wired one?", "a one", vec!["one"], vec![], false),
            (
                "Which headphones, or kettles?",
                "Which headphones, or kettles?",
                vec![],
                vec![0, 1, 2, 3],
                false,
            ),
        ] {
            let reading = vocabulary.read(question, question);
            assert_eq!(reading.aspect, aspect, "{question}");
            assert_eq!(
                reading.words,
                words.into_iter().map(String::from).collect(),
                "{question}"
            );
            let mut found: Vec<u32> = reading.scope.iter().map(|id| id.0).collect();
            found.sort_unstable();
            assert_eq!((found, reading.by_brand), (scope, by_brand), "{question}");
        }
        let follow_up = vocabulary.read("Is Zuvio's battery good? and does it leak?", "and does it leak?");
        assert_eq!(
            (follow_up.aspect.as_str(), follow_up.scope.len()),
            ("and does it leak", 2)
        );
    }

    #[test]
    fn slips_are_forgiven_and_complaints_are_heard() {
        let catalogue = [product("Zuvio Tone 5 Neckband", "headphones")];
        let reviews = ["battery is good", "the battery has an issue", "sound is clear"];
        let vocabulary = Vocabulary::of(&catalogue, &Frequencies::of(reviews.into_iter()));
        for (question, words, named, complaints) in [
            ("How is the batery of the Zuvoi?", &["batter"][..], true, false),
            ("Any issues with the baterry?", &["batter"], false, true),
            ("What do people complain about?", &[], false, true),
            ("Is it good or bad?", &["bad"], false, false),
        ] {
            let reading = vocabulary.read(question, question);
            let words: HashSet<String> = words.iter().map(|word| word.to_string()).collect();
            assert_eq!(
                (reading.words, reading.by_brand, reading.complaints),
                (words, named, complaints),
                "{question}"
            );
        }
    }
}
