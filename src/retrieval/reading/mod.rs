//! A question → what it is about: its words, the products that it names, and what kind of answer it wants. Pure.

mod amounts;
mod bounds;
mod constraints;
mod figure;
mod intent;
mod names;
mod task;
#[cfg(test)]
pub(super) mod testing;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::Asked;
use super::spelling::{self, Spelling};
use crate::index::{Postings, title_text};
use crate::language::{self, WordClass};
use crate::reviews::{Product, ProductId};
pub(crate) use constraints::{Constraints, Span};
pub(crate) use figure::{Figure, Quantity, Wish};
pub(crate) use intent::Intent;
pub(super) use names::{Mention, Names};

/// What a word of an earlier question counts, beside one of the last.
const EARLIER: f32 = 0.5;

/// What questions are parsed with.
pub(crate) struct Vocabulary {
    /// What products are called one by one.
    names: Names,
    /// The short title of each.
    titles: Vec<String>,
    /// The stems that titles and categories have more often than reviews, which are what things are called, with the
    /// products that have them.
    kinds: HashMap<String, BTreeSet<ProductId>>,
    /// The products in whose reviews such a stem is said.
    said_of: HashMap<String, BTreeSet<ProductId>>,
    /// The words that a question can mean.
    spelling: Spelling,
}

/// A telling word of a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    /// In lower case, as it was meant.
    pub written: String,
    /// As it is compared.
    pub stem: String,
    /// How much it counts: 1, or less in an earlier question.
    pub weight: f32,
    /// Whether it is a part of a product's name.
    pub names: bool,
    /// Whether it is what titles call things.
    pub kind: bool,
}

/// A question, parsed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ParsedQuery {
    /// What was asked, in English, without slips and without its demands, after the earlier question that it goes on
    /// with, where it does.
    pub whole: String,
    /// What was asked last, without the names of products; the same where that says nothing.
    pub last: String,
    /// Its telling words, those of the earlier question included; each once.
    pub words: Vec<Word>,
    /// The names in it, in their order, each with the products that it may mean.
    pub named: Vec<BTreeSet<ProductId>>,
    /// What stands on either side of "or", where both sides may be products that are compared.
    pub sides: Option<[String; 2]>,
    /// What kind of answer it wants.
    pub intent: Intent,
    /// The figure that it asks for, and nothing else.
    pub figure: Option<Figure>,
    /// Whether it is a task, which no review can answer.
    pub is_task: bool,
    /// What it demands of products.
    pub constraints: Constraints,
}

impl ParsedQuery {
    /// The words that say what is asked of products, and not of which.
    pub(crate) fn aspect(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(|word| !word.names && !word.kind)
    }

    /// Those words, as they were meant.
    pub(crate) fn aspect_text(&self) -> String {
        let words: Vec<&str> = self.aspect().map(|word| word.written.as_str()).collect();
        words.join(" ")
    }

    /// The products that it names.
    pub(crate) fn scope(&self) -> BTreeSet<ProductId> {
        self.named.iter().flatten().copied().collect()
    }

    /// Whether it is about one product and says which.
    pub(crate) fn names_one(&self) -> bool {
        self.scope().len() == 1
    }
}

impl Vocabulary {
    /// Learns the words of a shop, whose titles and reviews say these; `passages` are those of its reviews, each with
    /// its product. Words of the `language`, in lower case, are no slips.
    pub(crate) fn of<'a>(
        products: &[Product],
        in_titles: &Postings,
        said: &Postings,
        passages: impl Iterator<Item = (ProductId, &'a str)>,
        language: Arc<HashSet<String>>,
    ) -> Self {
        let called: Vec<String> = products.iter().map(called).collect();
        let shares = Postings::of(called.iter().map(String::as_str));
        let mut kinds: HashMap<String, BTreeSet<ProductId>> = HashMap::new();
        for (id, text) in (0..).map(ProductId).zip(&called) {
            for stem in language::words(text)
                .filter(|word| !language::is_asking(word))
                .map(language::stem)
            {
                if shares.share(&stem) > said.share(&stem) {
                    kinds.entry(stem).or_default().insert(id);
                }
            }
        }
        let (of_passage, passages): (Vec<ProductId>, Vec<&str>) = passages.unzip();
        let products_saying = |stem: &String| {
            let saying = said.saying(stem).iter();
            saying
                .filter_map(|passage| of_passage.get(*passage as usize).copied())
                .collect()
        };
        let said_of = kinds
            .keys()
            .map(|stem| (stem.clone(), products_saying(stem)))
            .collect();
        // Who asks for complaints may be the first to say so.
        let faults = language::lexicon()
            .all(WordClass::Fault)
            .map(|word| (word, spelling::TIMES));
        Self {
            kinds,
            said_of,
            names: Names::of(products, of_passage.iter().copied().zip(passages)),
            titles: products
                .iter()
                .map(|product| product.short_title().to_string())
                .collect(),
            spelling: Spelling::of(in_titles.written(), said.written().chain(faults), language),
        }
    }

    /// Parses a question.
    pub(crate) fn parse(&self, asked: &Asked) -> ParsedQuery {
        let is_kind = |word: &str| self.kinds.contains_key(&language::stem(word));
        let (constraints, _) = constraints::read(&asked.whole(), &is_kind);
        let text = self.plain(&asked.question);
        let earlier = asked.earlier.as_deref().map(|earlier| self.plain(earlier));
        let mentions = self.names.mentions(&text, &self.spelling);
        let last = self.words(&text, &mentions, 1.0);
        // What kind of answer a question in Hindi wants, is said by words that have no place in English.
        let as_asked = self.corrected(&self.without_demands(&asked.question));
        let lower: Vec<String> = language::words(&as_asked).map(str::to_lowercase).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();

        let whole = match &earlier {
            Some(earlier) => format!("{earlier} {text}"),
            None => text.clone(),
        };
        let mut named: Vec<BTreeSet<ProductId>> = Vec::new();
        for mention in self.names.mentions(&whole, &self.spelling) {
            if !named.contains(&mention.products) {
                named.push(mention.products);
            }
        }
        let of_kinds = last.iter().filter(|word| word.kind && !word.names);
        for of_kind in of_kinds.clone().filter_map(|word| self.kinds.get(&word.stem)) {
            // "The Avandi kettle" is one of Avandi's.
            for products in named.iter_mut().filter(|products| !products.is_disjoint(of_kind)) {
                products.retain(|product| of_kind.contains(product));
            }
        }
        let kinds = of_kinds.count();
        let intent = intent::of(&lower, named.len(), kinds);
        let telling: HashSet<String> = last
            .iter()
            .filter(|word| !word.names && !word.kind)
            .map(|word| word.stem.clone())
            .collect();
        let figure = figure::asked(&lower, &telling, !named.is_empty(), !constraints.price.is_open());
        let is_task = named.is_empty() && task::is_task(&text);
        let mut words = last;
        if let Some(earlier) = &earlier {
            words.extend(self.words(earlier, &self.names.mentions(earlier, &self.spelling), EARLIER));
        }
        let mut seen = HashSet::new();
        words.retain(|word| seen.insert(word.stem.clone()));
        let sides = (named.len() < 2).then(|| self.sides(&text)).flatten();
        ParsedQuery {
            last: without(&text, mentions.iter().flat_map(|mention| &mention.words)),
            whole,
            words,
            named,
            sides,
            intent,
            figure,
            is_task,
            constraints,
        }
    }

    /// A question without its demands, in English, without slips.
    fn plain(&self, question: &str) -> String {
        let rest = self.without_demands(question);
        self.corrected(language::in_english(&rest).as_deref().unwrap_or(&rest))
    }

    /// A question without its demands; the question itself where it says nothing else.
    fn without_demands(&self, question: &str) -> String {
        let is_kind = |word: &str| self.kinds.contains_key(&language::stem(word));
        let (_, rest) = constraints::read(question, &is_kind);
        match rest.is_empty() {
            true => question.to_string(),
            false => rest,
        }
    }

    /// A text without slips.
    fn corrected(&self, text: &str) -> String {
        let mut corrected = String::with_capacity(text.len());
        let mut copied = 0;
        for (at, word) in language::word_indices(text) {
            corrected.push_str(&text[copied..at]);
            corrected.push_str(self.spelling.corrected(word));
            copied = at + word.len();
        }
        corrected.push_str(&text[copied..]);
        corrected
    }

    /// The telling words of a text whose names are `mentions`.
    fn words(&self, text: &str, mentions: &[Mention], weight: f32) -> Vec<Word> {
        let telling = language::word_indices(text).filter(|(_, word)| !language::is_asking(word));
        let word = |(at, word): (usize, &str)| {
            let stem = language::stem(word);
            Word {
                written: language::folded(word),
                names: mentions
                    .iter()
                    .flat_map(|mention| &mention.words)
                    .any(|range| range.contains(&at)),
                kind: self.kinds.contains_key(&stem),
                stem,
                weight,
            }
        };
        telling.map(word).collect()
    }

    /// What stands before and behind the first word that sets products beside each other.
    fn sides(&self, text: &str) -> Option<[String; 2]> {
        let (at, word) = language::word_indices(text)
            .find(|(_, word)| language::lexicon().has(word, WordClass::Alternative))?;
        let sides = [&text[..at], &text[at + word.len()..]];
        let tells = |side: &str| language::words(side).any(|word| !language::is_asking(word));
        sides
            .iter()
            .all(|side| tells(side))
            .then(|| sides.map(|side| side.trim().to_string()))
    }

    /// Where the first words for kinds of products stand in a text, in bytes.
    pub(crate) fn kinds(&self, text: &str) -> Option<Range<usize>> {
        let mut found: Option<Range<usize>> = None;
        for (at, word) in language::word_indices(text) {
            let is_kind = self.kinds.contains_key(&language::stem(word));
            match &mut found {
                None if is_kind => found = Some(at..at + word.len()),
                Some(range) if is_kind => range.end = at + word.len(),
                Some(_) => break,
                None => {}
            }
        }
        found
    }

    /// The products that a question names, or those that are called by most of its words for kinds of products.
    pub(crate) fn in_question(&self, parsed: &ParsedQuery) -> BTreeSet<ProductId> {
        if !parsed.named.is_empty() {
            return parsed.scope();
        }
        let mut words: HashMap<ProductId, usize> = HashMap::new();
        let kinds = parsed.words.iter().filter_map(|word| self.kinds.get(&word.stem));
        kinds
            .flatten()
            .for_each(|product| *words.entry(*product).or_default() += 1);
        let most = words.values().copied().max();
        let called = words.into_iter().filter(|(_, words)| Some(*words) == most);
        called.map(|(product, _)| product).collect()
    }

    /// Whether what titles call things, in a question, is said of some of these products too, by their titles or their
    /// buyers: a remote is a product, and a part of a television.
    pub(crate) fn is_said_of(&self, parsed: &ParsedQuery, products: &BTreeSet<ProductId>) -> bool {
        let mut kinds = parsed.words.iter().filter(|word| word.kind && !word.names);
        let of_some =
            |saying: Option<&BTreeSet<ProductId>>| saying.is_some_and(|saying| !saying.is_disjoint(products));
        kinds.all(|word| of_some(self.kinds.get(&word.stem)) || of_some(self.said_of.get(&word.stem)))
    }

    /// Whether titles or reviews use every telling word of a question.
    pub(crate) fn knows(&self, parsed: &ParsedQuery) -> bool {
        parsed
            .words
            .iter()
            .all(|word| self.spelling.is_used(&word.written))
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

/// A text without what stands in these places, which are in order; the text itself where nothing telling is left.
fn without<'a>(text: &str, places: impl Iterator<Item = &'a Range<usize>>) -> String {
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for place in places {
        left.push_str(&text[from..place.start.max(from)]);
        from = place.end.max(from);
    }
    left.push_str(&text[from..]);
    let tells = language::words(&left).any(|word| !language::is_asking(word));
    match tells {
        true => left.split_whitespace().collect::<Vec<_>>().join(" "),
        false => text.to_string(),
    }
}

/// What people call a product, with what the shop says that it is.
fn called(product: &Product) -> String {
    title_text(&Product {
        title: product.short_title().to_string(),
        ..product.clone()
    })
}

#[cfg(test)]
mod tests;
