//! Whom and what buyers call a product good for, and what not: "best for beginners", "not good for video". Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::language::{self, WordClass, lexicon};
use crate::retrieval::Shop;
use crate::reviews::{ProductId, ReviewId};

/// Reviews that say so, for it to be told: so many, …
const SEVERAL: usize = 2;
/// … and this share of all.
const SHARE: f64 = 0.005;
/// What is told of each side.
const MOST: usize = 3;
/// Words before "good" of which one may negate it, and words after "for it" of which one may be "good" in Hindi.
const NEAR: usize = 3;
/// What names nobody and nothing that a thing can be good for: its price, the time of use, and what is said of
/// everything.
const NOTHING: &[WordClass] = &[
    WordClass::Background,
    WordClass::Budget,
    WordClass::Currency,
    WordClass::Merit,
    WordClass::Paying,
    WordClass::Price,
    WordClass::Suiting,
    WordClass::Thing,
    WordClass::Time,
    WordClass::Unit,
];

/// What a product is good for, or not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Suited {
    /// Whom or what, as most write it.
    pub what: String,
    /// Reviews that say so.
    pub reviews: usize,
}

/// What the reviews of a product call it good for, and what not; each the most frequent first.
pub(super) fn of(product: ProductId, shop: Shop<'_>) -> [Vec<Suited>; 2] {
    let title: BTreeSet<String> = language::words(&shop.product(product).title)
        .map(language::stem)
        .collect();
    let mut said: [BTreeMap<String, Said>; 2] = Default::default();
    for position in shop.index.passages_of(product) {
        let review = shop.index.passage(position).review;
        let words: Vec<String> = language::words(shop.index.text(position))
            .map(language::folded)
            .collect();
        for (what, suits) in stated(&words) {
            let stem = language::stem(what);
            // A bookshelf is for books.
            if !title.contains(&stem) {
                said[usize::from(!suits)]
                    .entry(stem)
                    .or_default()
                    .add(what, review);
            }
        }
    }
    let enough = (SHARE * shop.product(product).reviews.len() as f64).max(SEVERAL as f64);
    said.map(|said| {
        let mut all: Vec<Suited> = said.into_values().map(Said::suited).collect();
        all.retain(|suited| suited.reviews as f64 >= enough);
        all.sort_by(|a, b| b.reviews.cmp(&a.reviews).then_with(|| a.what.cmp(&b.what)));
        all.truncate(MOST);
        all
    })
}

/// Who says one thing, and how they write it.
#[derive(Default)]
struct Said {
    reviews: BTreeSet<ReviewId>,
    written: HashMap<String, usize>,
}

impl Said {
    fn add(&mut self, what: &str, review: ReviewId) {
        self.reviews.insert(review);
        *self.written.entry(what.to_string()).or_default() += 1;
    }

    fn suited(self) -> Suited {
        let most = self
            .written
            .into_iter()
            .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
        Suited {
            what: most.map(|(what, _)| what).unwrap_or_default(),
            reviews: self.reviews.len(),
        }
    }
}

/// What these words call a thing good for, and whether they do or deny it.
fn stated(words: &[String]) -> impl Iterator<Item = (&str, bool)> {
    let has = |at: usize, class| {
        words
            .get(at)
            .is_some_and(|word: &String| lexicon().has(word, class))
    };
    let is_for = move |at: usize| has(at, WordClass::Purpose);
    let negates = move |from: usize, to: usize| (from..to).any(|at| language::is_negation(&words[at]));
    let english = move |at: usize| {
        let good = at.checked_sub(1).filter(|good| has(*good, WordClass::Suiting))?;
        let what = (at + 1..words.len()).find(|next| !language::is_function_word(&words[*next]))?;
        Some((what, !negates(good.saturating_sub(NEAR), good)))
    };
    let hindi = move |at: usize| {
        let end = words.len().min(at + 1 + NEAR);
        (at + 1..end).find(|good| has(*good, WordClass::Suiting))?;
        let what = (0..at)
            .rev()
            .find(|before| !language::is_function_word(&words[*before]))?;
        Some((what, !negates(at, end)))
    };
    let says = move |at: usize| match lexicon().is_hindi(&words[at], WordClass::Purpose) {
        true => hindi(at),
        false => english(at),
    };
    let names = |what: &str| {
        !language::is_asking(what)
            && !lexicon().has_any(what, NOTHING)
            && what.chars().all(char::is_alphabetic)
    };
    (0..words.len())
        .filter(move |at| is_for(*at))
        .filter_map(says)
        .map(|(what, suits)| (words[what].as_str(), suits))
        .filter(move |(what, _)| names(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_thing_is_good_for_is_what_stands_behind_for() {
        for (text, expected) in [
            ("Best for beginners.", vec![("beginners", true)]),
            (
                "It is good for my kids and perfect for the hostel",
                vec![("kids", true), ("hostel", true)],
            ),
            ("not at all good for video", vec![("video", false)]),
            ("ghar ke liye accha hai", vec![("ghar", true)]),
            ("gaming ke liye sahi nahi", vec![("gaming", false)]),
            (
                "good for the price, best for regular use",
                vec![("regular", true)],
            ),
            ("I paid extra for it. Good", vec![]),
        ] {
            let words: Vec<String> = language::words(text).map(language::folded).collect();
            assert_eq!(stated(&words).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
