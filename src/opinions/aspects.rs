//! Which of the things that buyers name are aspects of the product? Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::calibration::{self, Signs};
use super::classifier::Classifier;
use super::mentions::Span;
use super::reading::Reading;
use super::terms::{self, Terms};
use super::text::Word;
use crate::index::dot;
use crate::language;
use crate::reviews::{Product, ProductId, short_title};

/// Shares are counted as if so many more places were like all others: a few places prove little.
const PRIOR: f32 = 5.0;
/// What is surely an aspect is described, or begins a clause, at such a share of its places, …
const SPOKEN_OF: f32 = 0.12;
/// … and is described at such a share.
const DESCRIBED: f32 = 0.025;
/// Words are told apart by classifiers that have not learned from them: one for each of so many parts.
const PARTS: usize = 5;
/// How much the size of that classifier's weights counts: words are few examples for so many numbers.
const PENALTY: f64 = 30.0;

/// An aspect that is named in a passage.
pub(super) struct Named {
    pub passage: u32,
    pub span: Span,
    /// Whether it is surely an aspect of the product.
    pub is_sure: bool,
}

/// Where aspects of products are named, in the order of the passages: things that by all places in the shop and by
/// those of the product together are likely aspects, and are so often enough.
pub(super) fn aspects(reading: &Reading<'_, '_>, terms: &Terms) -> Vec<Named> {
    let mut named = Vec::new();
    for (passage, tokens) in (0..).zip(&reading.tokens) {
        named.extend(terms.spans(tokens).into_iter().map(|span| Named {
            passage,
            span,
            is_sure: false,
        }));
    }
    let signs = signs(reading, terms, &named);
    let mut in_shop: HashMap<Word, (f32, f32)> = HashMap::new();
    let mut in_product: HashMap<(ProductId, Word), (f32, f32)> = HashMap::new();
    for named in &named {
        let (thing, product) = (named.span.thing, reading.product(named.passage));
        let passage = (reading.source.vector)(named.passage as usize);
        let near = reading.words.get(thing).map_or(0.0, |word| dot(word, passage));
        let odds = Signs {
            near,
            ..signs[&thing]
        }
        .log_odds();
        for (sum, times) in [
            in_shop.entry(thing).or_default(),
            in_product.entry((product, thing)).or_default(),
        ] {
            *sum += odds;
            *times += 1.0;
        }
    }
    let mean = |(sum, times): (f32, f32)| sum / times;
    let called: Vec<HashSet<Word>> = reading
        .source
        .corpus
        .products
        .iter()
        .map(|product| called(reading, terms, product))
        .collect();
    let mut times: HashMap<Word, u32> = HashMap::new();
    named.retain_mut(|named| {
        let (thing, product) = (named.span.thing, reading.product(named.passage));
        let odds = f32::midpoint(mean(in_shop[&thing]), mean(in_product[&(product, thing)]));
        // What it costs is an aspect of every product, whatever buyers write of it.
        let is_price = reading.lexicon.role(thing).price;
        named.is_sure = is_price || odds >= calibration::SURE;
        let is_kept =
            (is_price || odds >= calibration::ASPECT) && !called[product.0 as usize].contains(&thing);
        *times.entry(thing).or_default() += u32::from(is_kept);
        is_kept
    });
    let enough = terms::enough(reading.tokens.len());
    named.retain(|named| times[&named.span.thing] >= enough);
    named
}

/// What is known of each thing, without the places where it stands.
fn signs(reading: &Reading<'_, '_>, terms: &Terms, named: &[Named]) -> BTreeMap<Word, Signs> {
    // Of each thing: all places, and those where it is described or leads.
    let mut counts: BTreeMap<Word, [f32; 3]> = BTreeMap::new();
    let mut all = [0.0; 3];
    let is_thing = |word: Word| terms.head(word).is_some() || reading.usage[word as usize].is_whole();
    for Named { passage, span, .. } in named {
        let (lexicon, tokens) = (&reading.lexicon, &reading.tokens[*passage as usize]);
        let seen = [
            true,
            span.is_described(lexicon, tokens),
            span.leads(lexicon, tokens, is_thing),
        ];
        let counts = counts.entry(span.thing).or_default();
        for (at, seen) in seen.into_iter().enumerate() {
            counts[at] += f32::from(seen);
            all[at] += f32::from(seen);
        }
    }
    let is_sure = |[named, described, leading]: &[f32; 3]| {
        described + leading >= SPOKEN_OF * named && *described >= DESCRIBED * named
    };
    let sure = counts.iter().filter(|(_, counts)| is_sure(counts));
    let likeness = likeness(reading, &sure.map(|(word, _)| *word).collect());
    let [of_all, described, leading] = all;
    let shrunk = |count: f32, counted: f32, named: f32| (count + PRIOR * counted / of_all) / (named + PRIOR);
    let signs = |(word, counts): (&Word, &[f32; 3])| Signs {
        described: shrunk(counts[1], described, counts[0]),
        leading: shrunk(counts[2], leading, counts[0]) - leading / of_all,
        this: reading.usage[*word as usize].share_of_this() as f32,
        likeness: likeness.get(word).copied().unwrap_or_default(),
        near: 0.0,
    };
    counts
        .iter()
        .map(|counted| (*counted.0, signs(counted)))
        .collect()
}

/// How like the words that are surely aspects each word is; the mean square over all words is 1.
fn likeness(reading: &Reading<'_, '_>, sure: &HashSet<Word>) -> BTreeMap<Word, f32> {
    let words = reading.words.words();
    let words: Vec<(Word, &[f32])> = words
        .filter_map(|word| Some((word, reading.words.get(word)?)))
        .collect();
    let mut likeness = BTreeMap::new();
    for part in 0..PARTS {
        let side = |is: bool| -> Vec<&[f32]> {
            let others = words.iter().enumerate().filter(|(at, _)| at % PARTS != part);
            let of_side = others.filter(|(_, (word, _))| sure.contains(word) == is);
            of_side.map(|(_, (_, vector))| *vector).collect()
        };
        if let Some(classifier) = Classifier::learn(&side(true), &side(false), PENALTY) {
            let own = words.iter().skip(part).step_by(PARTS);
            likeness.extend(own.map(|(word, vector)| (*word, classifier.score(vector))));
        }
    }
    let squares: f32 = likeness.values().map(|value| value * value).sum();
    let scale = (squares / likeness.len() as f32).sqrt();
    // A model that knows none of the words has the same vector for all, and nothing to tell.
    likeness.retain(|_, _| scale > 1e-6);
    likeness.values_mut().for_each(|value| *value /= scale);
    likeness
}

/// What a product is called: a cooler is no aspect of a cooler.
fn called(reading: &Reading<'_, '_>, terms: &Terms, product: &Product) -> HashSet<Word> {
    let last = language::words(short_title(&product.title)).last();
    let kind = language::words(product.category.as_deref().unwrap_or_default());
    let names = kind.chain(last).filter_map(|word| reading.lexicon.find(word));
    names.filter_map(|word| terms.head(word)).collect()
}
