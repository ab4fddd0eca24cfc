//! Reviews in; what buyers speak of (battery, mic, delivery …), and how, out.
//!
//! Nothing is known beforehand of what a shop sells: `usage` learns which words are things and which are qualities,
//! `opinion` learns from the stars which words praise and which complain, `terms` keeps the things that opinions
//! stand beside, and `mentions` gives each opinion to its thing. `role` is what English and Hindi bring along,
//! `text` cuts and numbers words, and `quotes` chooses what to show.
//!
//! Runs once, on the thread that starts the server; the same reviews always give the same aspects. Cannot fail: a
//! shop whose reviews say too little has none.

mod mentions;
mod opinion;
mod quotes;
mod role;
mod terms;
mod text;
mod usage;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::language;
use crate::reviews::{Corpus, Passage, Product, ProductId, ReviewId, Share, short_title};
use mentions::Sentence;
use opinion::Opinions;
use terms::Terms;
use text::{Lexicon, Token};

/// What a review of one, two, … five stars is taken to say on the whole, and of a thing that it names without an
/// opinion; on the scale of the opinions' weights, and weaker than a plain word.
const STARS: [f64; 5] = [-0.8, -0.5, -0.1, 0.35, 0.5];
/// Nearer to nothing than this, a mention is neither praise nor complaint.
const UNDECIDED: f64 = 0.3;

/// An aspect's position among those of its shop; stable for the same reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AspectId(pub u32);

/// A place where a review speaks of an aspect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mention {
    /// Of what.
    pub aspect: AspectId,
    /// In which passage.
    pub passage: Passage,
    /// How: above 0 it is praised. A logarithm of odds, as the opinions' weights are.
    pub weight: f32,
    /// Whether the passage says so, or only the review's stars.
    pub said: bool,
}

/// Whether an aspect is praised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is.
    Praised,
    /// It is complained about.
    Complained,
    /// It is named, and no more.
    Named,
}

/// What the reviews of one product say of one aspect. A review that speaks of it several times counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProductAspect {
    /// Which.
    pub aspect: AspectId,
    /// Times it is named.
    pub mentions: usize,
    /// Reviews that name it.
    pub reviews: usize,
    /// Reviews that praise it.
    pub praised: usize,
    /// Reviews that complain about it.
    pub complained: usize,
}

/// What the buyers of a shop speak of: immutable, shared by all questions.
#[derive(Debug, Default)]
pub(crate) struct Aspects {
    /// Each aspect as buyers write it.
    names: Vec<String>,
    /// The aspect that a word names, by the word's singular.
    by_word: HashMap<String, AspectId>,
    /// How often each is named.
    times: Vec<usize>,
    /// By product, then in the order of the reviews.
    mentions: Vec<Mention>,
    /// Where each product's mentions begin, and one more entry for the end.
    starts: Vec<usize>,
    /// What each passage says on the whole.
    tones: Vec<f32>,
}

impl Verdict {
    /// What mentions of such a weight, added up, say.
    pub(crate) fn of(weight: f64) -> Self {
        match weight {
            weight if weight > UNDECIDED => Self::Praised,
            weight if weight < -UNDECIDED => Self::Complained,
            _ => Self::Named,
        }
    }
}

impl ProductAspect {
    /// Of the reviews that say how the aspect is, those that praise it.
    pub(crate) fn praise(&self) -> Share {
        Share {
            count: self.praised,
            of: self.praised + self.complained,
        }
    }

    /// Of the reviews that say how the aspect is, those that complain about it.
    pub(crate) fn dissent(&self) -> Share {
        Share {
            count: self.complained,
            of: self.praised + self.complained,
        }
    }
}

impl Aspects {
    /// Learns what the reviews of `corpus`, cut into `passages`, speak of. Takes about a second for 200,000 reviews.
    pub(crate) fn of(corpus: &Corpus, passages: &[Passage]) -> Self {
        let mut lexicon = Lexicon::default();
        let read: Vec<Vec<Token>> = passages
            .iter()
            .map(|passage| lexicon.read(passage.text(corpus)))
            .collect();
        let usage = usage::usage(&lexicon, &read);
        let mut things = usage::things(&lexicon, &usage);
        for brand in brands(corpus, &lexicon) {
            things[brand as usize] = false;
        }
        let stars = |at: usize| corpus.reviews[passages[at].review.0 as usize].rating;
        let review = |at: usize| passages[at].review.0;
        let opinions = Opinions::learn(&lexicon, &usage, &read, |at| (review(at), stars(at)));
        let terms = Terms::find(&lexicon, &usage, &things, &opinions, &read, review);

        let heads = terms.heads();
        let ids: HashMap<text::Word, AspectId> = heads.iter().copied().zip((0..).map(AspectId)).collect();
        let called: Vec<Vec<text::Word>> = corpus
            .products
            .iter()
            .map(|product| called(product, &lexicon, &terms).collect())
            .collect();
        let mut of_product: Vec<Vec<Mention>> = vec![Vec::new(); corpus.products.len()];
        let mut tones = Vec::with_capacity(passages.len());
        for (passage, tokens) in passages.iter().zip(&read) {
            let review = &corpus.reviews[passage.review.0 as usize];
            let mut spans = terms.spans(tokens);
            let sentence = Sentence {
                lexicon: &lexicon,
                opinions: &opinions,
                tokens,
            };
            sentence.attach(&mut spans);
            // A cooler is no aspect of a cooler.
            spans.retain(|span| !called[review.product.0 as usize].contains(&span.thing));
            let stars = STARS[usize::from(review.rating).clamp(1, 5) - 1];
            tones.push((sentence.tone(&spans) + stars) as f32);
            of_product[review.product.0 as usize].extend(spans.iter().map(|span| Mention {
                aspect: ids[&span.thing],
                passage: *passage,
                weight: (span.weight + stars) as f32,
                said: span.judged,
            }));
        }
        let mut starts = vec![0];
        starts.extend(of_product.iter().scan(0, |end, mentions| {
            *end += mentions.len();
            Some(*end)
        }));
        let mentions = of_product.concat();
        let mut times = vec![0; heads.len()];
        mentions
            .iter()
            .for_each(|mention| times[mention.aspect.0 as usize] += 1);
        Self {
            times,
            names: terms.names(&lexicon, &read),
            by_word: (0..lexicon.len() as text::Word)
                .filter_map(|word| Some((lexicon.name(word).to_string(), ids[&terms.head(word)?])))
                .collect(),
            mentions,
            starts,
            tones,
        }
    }

    /// What each of the passages says, in their order: above 0 is praise. It is what the passage says of its things, or
    /// else of whatever, and what its review's stars let expect; a review of five stars may have a passage that
    /// complains.
    pub(crate) fn tones(&self) -> &[f32] {
        &self.tones
    }

    /// The aspect that `name` names, in any form of its word; of several words the first that names one.
    pub(crate) fn named(&self, name: &str) -> Option<AspectId> {
        let whole = self
            .names
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name));
        whole.map(|at| AspectId(at as u32)).or_else(|| {
            language::words(name).find_map(|word| self.by_word.get(&text::singular_of(word)).copied())
        })
    }

    /// The aspect that a question asks about: of all that it names the rarest, which is the most precise.
    pub(crate) fn asked(&self, question: &str) -> Option<AspectId> {
        language::words(question)
            .filter_map(|word| self.by_word.get(&text::singular_of(word)).copied())
            .min_by_key(|aspect| (self.times[aspect.0 as usize], *aspect))
    }

    /// What buyers call it.
    ///
    /// # Panics
    /// Where the aspect is another shop's.
    pub(crate) fn name(&self, aspect: AspectId) -> &str {
        &self.names[aspect.0 as usize]
    }

    /// Every aspect, in the order of numbers.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = AspectId> + use<> {
        (0..self.names.len() as u32).map(AspectId)
    }

    /// Where the reviews of a product speak of an aspect, in the order of the reviews.
    pub(crate) fn mentions(&self, product: ProductId) -> &[Mention] {
        let at = product.0 as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&start), Some(&end)) => &self.mentions[start..end],
            _ => &[],
        }
    }

    /// What the reviews of a product speak of, the most reviews first.
    pub(crate) fn of_product(&self, product: ProductId) -> Vec<ProductAspect> {
        // The weights of each review's mentions come one after the other.
        let mut counted: BTreeMap<AspectId, (ProductAspect, BTreeMap<ReviewId, f64>)> = BTreeMap::new();
        for mention in self.mentions(product) {
            let (count, reviews) = counted
                .entry(mention.aspect)
                .or_insert_with(|| (ProductAspect::none(mention.aspect), BTreeMap::new()));
            count.mentions += 1;
            *reviews.entry(mention.passage.review).or_default() += f64::from(mention.weight);
        }
        let mut aspects: Vec<ProductAspect> = counted
            .into_values()
            .map(|(count, reviews)| count.judged(reviews.values()))
            .collect();
        aspects.sort_by_key(|aspect| (std::cmp::Reverse(aspect.reviews), aspect.aspect));
        aspects
    }

    /// What the reviews of a product say of one aspect; all zero where they are silent.
    pub(crate) fn about(&self, product: ProductId, aspect: AspectId) -> ProductAspect {
        let found = self
            .of_product(product)
            .into_iter()
            .find(|found| found.aspect == aspect);
        found.unwrap_or(ProductAspect::none(aspect))
    }
}

impl ProductAspect {
    fn none(aspect: AspectId) -> Self {
        Self {
            aspect,
            mentions: 0,
            reviews: 0,
            praised: 0,
            complained: 0,
        }
    }

    fn judged<'a>(self, reviews: impl Iterator<Item = &'a f64>) -> Self {
        reviews.fold(self, |mut count, weight| {
            count.reviews += 1;
            count.praised += usize::from(Verdict::of(*weight) == Verdict::Praised);
            count.complained += usize::from(Verdict::of(*weight) == Verdict::Complained);
            count
        })
    }
}

/// Words that titles begin with and have nowhere else: makers' names.
fn brands(corpus: &Corpus, lexicon: &Lexicon) -> HashSet<text::Word> {
    let words = |title| -> Vec<text::Word> {
        language::words(title)
            .map(|word| lexicon.find(word))
            .map(|word| word.unwrap_or(text::Word::MAX))
            .collect()
    };
    let titles: Vec<Vec<text::Word>> = corpus
        .products
        .iter()
        .map(|product| words(product.title.as_str()))
        .collect();
    let elsewhere: HashSet<text::Word> = titles
        .iter()
        .flat_map(|title| title.iter().skip(1))
        .copied()
        .collect();
    let first = titles.iter().filter_map(|title| title.first()).copied();
    first
        .filter(|word| *word != text::Word::MAX && !elsewhere.contains(word))
        .collect()
}

/// The aspects that are what a product is called: the last word of its short title, and those of its category.
fn called(product: &Product, lexicon: &Lexicon, terms: &Terms) -> impl Iterator<Item = text::Word> {
    let last = language::words(short_title(&product.title)).last();
    let kind = language::words(product.category.as_deref().unwrap_or_default());
    let names = kind.chain(last).filter_map(|word| lexicon.find(word));
    names.filter(|word| terms.head(*word) == Some(*word))
}

#[cfg(test)]
mod tests;
