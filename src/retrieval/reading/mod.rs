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
mod intent;
mod names;
#[cfg(test)]
pub mod testing;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::spelling::Spelling;
use crate::index::words::{self, Frequencies};
use crate::reviews::{Product, ProductId};
pub use beyond::Beyond;
pub use concepts::Concept;
pub use constraints::{Constraints, Span};
pub use figure::{Figure, Quantity, Wish};
pub use intent::Intent;
pub use names::{Mention, Names};

/// What a question that asks what is wrong asks about, where it says no more: complaints seldom use the word.
pub const WRONG: &str = "bad quality, it broke, it does not work, disappointed";

/// A catalogue's words.
pub struct Vocabulary {
    /// What its products are called one by one.
    names: Names,
    /// The short title of each.
    titles: Vec<String>,
    /// The words of categories.
    categories: HashMap<String, BTreeSet<ProductId>>,
    /// Words of titles and categories that are commoner there than in reviews, which are what things are called, with the
    /// products that have them.
    products: HashMap<String, BTreeSet<ProductId>>,
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
    pub fn asked_aspect(&self) -> &str {
        let said = self.concept.as_ref().map_or("", |concept| concept.said);
        self.aspect
            .strip_suffix(said)
            .unwrap_or(&self.aspect)
            .trim_end_matches(": ")
    }

    /// Whether it may be about a product: about any where it names none.
    pub fn is_about(&self, product: ProductId) -> bool {
        self.scope.is_empty() || self.scope.contains(&product)
    }

    /// Whether it is about one product and says which.
    pub fn names_one(&self) -> bool {
        self.names_some() && self.scope.len() == 1
    }

    /// The products that are to be compared, name by name, where there are two and more.
    pub fn compared(&self) -> Option<&[BTreeSet<ProductId>]> {
        (self.named.len() > 1).then_some(&self.named)
    }

    /// Whether it says which products it is about, and not only which kind.
    pub fn names_some(&self) -> bool {
        !self.named.is_empty()
    }
}

/// A word of a question.
struct Asked<'a> {
    /// As it was meant.
    meant: &'a str,
    /// As it is compared with passages.
    folded: String,
    /// Whether it is a part of a product's name.
    names: bool,
    /// Whether it says what kind of product.
    kind: bool,
}

impl Vocabulary {
    /// Learns the words of a catalogue. `passages` are those of its reviews, each with its product, and `frequencies`
    /// their words'; words of the `language` are no slips.
    pub fn of<'a>(
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
    pub fn read(&self, whole: &str, last: &str) -> Reading {
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
            let is_called = match named.is_empty() {
                true => word.kind,
                false => self.categories.contains_key(&word.folded),
            };
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
        let aspect: Vec<&str> = of_aspect().map(|word| word.meant).collect();
        let concept = concepts::asked(of_aspect().map(|word| word.folded.as_str()));
        // "Tell me about the Zuvio" leaves nothing to compare passages with.
        let mut aspect = match (words.is_empty(), intent) {
            (false, _) => aspect.join(" "),
            (true, Intent::Complaints) => WRONG.to_string(),
            (true, _) => last.clone(),
        };
        let own_words = words.clone();
        if let Some(concept) = &concept {
            aspect = format!("{aspect}: {}", concept.said);
            words.extend(concept.words.iter().cloned());
        }
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

    /// Where the first words for kinds of products stand in a text, in bytes.
    pub fn kinds(&self, text: &str) -> Option<Range<usize>> {
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

    /// What people call a product.
    pub fn title(&self, product: ProductId) -> &str {
        &self.titles[product.0 as usize]
    }

    /// The products that a text of this server's own names by their whole titles, in their order.
    pub fn titled(&self, text: &str) -> Vec<ProductId> {
        self.names.titled(text)
    }

    /// The names in a text.
    pub fn mentions(&self, text: &str) -> Vec<Mention> {
        self.names.mentions(text, &self.spelling)
    }

    /// The products named, or those of a kind that is. A kind narrows a name down: "the Avandi kettle".
    fn scope(
        &self,
        question: &[Asked<'_>],
        named: &mut [BTreeSet<ProductId>],
        intent: Intent,
    ) -> BTreeSet<ProductId> {
        let kinds: BTreeSet<ProductId> = question
            .iter()
            .filter(|word| !word.names)
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

    /// Those of a kind, or of all where it is empty, whose titles have the words of the question that few of them have: of
    /// headsets, the wired ones.
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
    fn words<'a>(&'a self, question: &'a str, mentions: &[Mention]) -> Vec<Asked<'a>> {
        let mut asked: Vec<Asked<'a>> = question
            .unicode_word_indices()
            .map(|(at, word)| {
                let names = mentions
                    .iter()
                    .flat_map(|mention| &mention.words)
                    .any(|range| range.contains(&at));
                let meant = match names || words::asks(word) || intent::only_complains(&word.to_lowercase()) {
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
            asked[at].kind &= self.is_of_products(&asked[at], asked.get(at + 1));
        }
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

#[cfg(test)]
mod tests {
    use super::testing::product;
    use super::*;

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
        let vocabulary = testing::vocabulary(&catalogue, &reviews);
        for (question, aspect, words, scope, by_brand) in [
            (
                "Does any kettle rattle?",
                "Does any rattle",
                vec!["rattl"],
                vec![3],
                false,
            ),
            (
                "Is Zuvio's battery good?",
                "Is battery good: the battery lasts so many hours",
                vec!["batter", "hour", "hrs", "backup"],
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
                "Is the Zuvio Tone clear?",
                "Is the clear",
                vec!["clear"],
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
            assert_eq!((found, reading.names_some()), (scope, by_brand), "{question}");
        }
        let follow_up = vocabulary.read(
            "Is Zuvio's battery good? and does it rattle?",
            "and does it rattle?",
        );
        assert_eq!(
            (follow_up.aspect.as_str(), follow_up.scope.len()),
            ("and does it rattle", 2)
        );
    }

    #[test]
    fn slips_are_forgiven_and_complaints_are_heard() {
        let catalogue = [product("Zuvio Tone 5 Neckband", "headphones")];
        let reviews = ["battery is good", "the battery has an issue", "sound is clear"];
        let vocabulary = testing::vocabulary(&catalogue, &reviews);
        for (question, words, named, complaints) in [
            (
                "How is the batery of the Zuvoi?",
                &["batter", "hour", "hrs", "backup"][..],
                true,
                false,
            ),
            (
                "Any issues with the baterry?",
                &["batter", "hour", "hrs", "backup"],
                false,
                true,
            ),
            ("What do people complain about?", &[], false, true),
            ("Is it good or bad?", &["bad"], false, false),
        ] {
            let reading = vocabulary.read(question, question);
            let words: HashSet<String> = words.iter().map(|word| word.to_string()).collect();
            assert_eq!(
                (
                    reading.words.clone(),
                    reading.names_some(),
                    reading.intent == Intent::Complaints
                ),
                (words, named, complaints),
                "{question}"
            );
        }
    }

    #[test]
    fn questions_are_told_apart_by_what_they_want() {
        use Intent::*;
        let shop = testing::shop();
        for (intent, questions) in [
            (
                Recommend,
                &[
                    "Which kettle is best?",
                    "Which headset has the best battery life?",
                    "Recommend a phone with a good camera",
                    "can you suggest a kettle for a hostel room",
                    "best headset for gaming",
                    "A phone under 15000 with a good camera?",
                    "headset under 2000",
                    "I need a watch for my son",
                    "looking for a quiet kettle",
                    "sabse accha bass kiska hai?",
                    "konsa phone accha hai",
                    "accha headset batao",
                    "Is there a kettle that boils fast?",
                    "Do you have any wired headset?",
                    "top kettles",
                    "show me phones with long battery",
                    "wich kettel is best",
                    "cheapest phone",
                    "Which one has the best noise cancelation?",
                ][..],
            ),
            (
                Product,
                &[
                    "How is the battery of the OneSound Arrows Wireless Z?",
                    "Tell me about the Chotix",
                    "AirBeats 131 kaisa hai",
                    "what is the sound of the rokker like",
                    "How long does the Norvik battery last?",
                    "Avandi kettle",
                    "chotix ki battery kaisi hai",
                    "reelme pods q mic quality",
                    "what do buyers say about the Savento camera",
                    "Can you tell me about the Avandi kettle?",
                ],
            ),
            (
                Compare,
                &[
                    "AirBeats 131 or BassKings 100?",
                    "AirBeats vs BassKings",
                    "difference between Avandi and Surveen",
                    "Is the Chotix better than the Norvik N12?",
                    "compare the reelme pods 2 and the pods q",
                    "Which is more comfortable, the rokker or the AirBeats?",
                    "avandi ya surveen",
                    "norvik aur savento mein kya fark hai",
                    "wired vs wireless",
                ],
            ),
            (
                Complaints,
                &[
                    "What do people complain about with the Chotix car?",
                    "Any problems with charging?",
                    "worst headset here?",
                    "what are the cons of the AirBeats",
                    "What is wrong with the Norvik?",
                    "airbeats mein kya kharabi hai",
                    "chotix ki kami kya hai",
                    "What don't people like about the rokker?",
                    "why not buy the Avandi",
                    "negative reviews of the Savento",
                    "Any isues with the mic?",
                    "1 star reviews",
                    "norvik mein koi dikkat?",
                    "sabse kharab phone",
                ],
            ),
            (
                YesNo,
                &[
                    "Does the D&J neckband break?",
                    "Do any kettles leak?",
                    "Is the Chotix mic good for calls?",
                    "Can I use the AirBeats in the rain?",
                    "Is it good or bad?",
                    "kya norvik garam hota hai?",
                    "Should I buy the Avandi?",
                    "the rokker is loud, right?",
                    "Are there good reviews of the Savento?",
                    "Will it fit?",
                    "Would you recommend the Chotix?",
                ],
            ),
            (
                Other,
                &[
                    "Hello",
                    "thanks!",
                    "What is the capital of France?",
                    "How is the sound?",
                    "Tell me a joke",
                    "",
                ],
            ),
        ] {
            for question in questions {
                assert_eq!(shop.read(question, question).intent, intent, "{question}");
            }
        }
    }

    #[test]
    fn a_name_leaves_the_aspect_and_a_defect_brings_its_words() {
        let shop = testing::shop();
        let reading = shop.read("Does the D&J neckband break?", "Does the D&J neckband break?");
        assert_eq!(reading.scope, BTreeSet::from([ProductId(8)]));
        assert_eq!(
            reading.aspect,
            "Does the neckband break: it broke, it stopped working, it is damaged"
        );
        assert!(
            reading.words.contains("stopp") && reading.words.contains("break"),
            "{:?}",
            reading.words
        );
        let reading = shop.read("Is AirBeats 131 bass good?", "Is AirBeats 131 bass good?");
        assert_eq!(
            (reading.aspect.as_str(), &reading.concept),
            ("Is bass good", &None)
        );
        assert!(reading.named.len() == 1 && reading.compared().is_none());
        let reading = shop.read("Avandi or Surveen?", "Avandi or Surveen?");
        assert_eq!(reading.compared().map(<[_]>::len), Some(2));
    }

    #[test]
    fn a_word_of_titles_is_of_what_follows_it() {
        let catalogue = [
            product("Ardeno Thin Laptop", "laptops"),
            product("Minoua Round Watch", "watches"),
            product("Chotix Kids Dial Watch", "watches"),
        ];
        let said = [
            "thin strap",
            "a thin lid",
            "for thin hands",
            "too thin",
            "thin box",
        ];
        let said = said.into_iter().chain(["it is fine"; 20]);
        let passages = said.clone().map(|said| (ProductId(1), said));
        let frequencies = Frequencies::of(said);
        let vocabulary = Vocabulary::of(&catalogue, &frequencies, passages, Arc::default());
        for (question, scope, thin) in [
            ("Which fits thin wrists?", vec![], true),
            ("Which are thin?", vec![0], false),
            ("Any thin laptop?", vec![0], false),
            ("Which watch is for thin wrists?", vec![1, 2], true),
            ("Which watch for kids?", vec![2], false),
            ("Which dial?", vec![1, 2], false),
            ("How is the dial?", vec![2], false),
        ] {
            let reading = vocabulary.read(question, question);
            let found: Vec<u32> = reading.scope.iter().map(|id| id.0).collect();
            assert_eq!(
                (found, reading.words.contains("thin")),
                (scope, thin),
                "{question}"
            );
        }
    }

    #[test]
    fn a_kind_narrows_a_brand_down() {
        let catalogue = [
            product("Bajo Fast 2", "kettles"),
            product("Bajo Cool 3", "fans"),
            product("Zed", "fans"),
        ];
        let vocabulary = testing::vocabulary(&catalogue, &["it is fine"]);
        for (question, scope) in [
            ("How is the Bajo kettle?", vec![0]),
            ("How is the Bajo?", vec![0, 1]),
            ("How are fans?", vec![1, 2]),
            ("How is the Zed kettle?", vec![2]),
        ] {
            let found: Vec<u32> = vocabulary
                .read(question, question)
                .scope
                .iter()
                .map(|id| id.0)
                .collect();
            assert_eq!(found, scope, "{question}");
        }
    }
}
