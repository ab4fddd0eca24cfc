//! Whom and what buyers call a product good for, and what not: "best for beginners", "not good for video". Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

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
/// What ends a clause.
const MARKS: [char; 7] = [',', '.', ';', '!', '?', '\n', '।'];
/// What may stand before a thing.
const BEFORE_THINGS: &[WordClass] = &[WordClass::Degree, WordClass::Determiner, WordClass::This];
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

/// What the reviews of a product call it good for, and what not; each the most frequent first, and nothing on both
/// sides.
pub(super) fn of(product: ProductId, shop: Shop<'_>) -> [Vec<Suited>; 2] {
    let title: BTreeSet<String> = language::words(&shop.product(product).title)
        .map(language::stem)
        .collect();
    // Who says so, and who denies it.
    let mut said: BTreeMap<String, [Said; 2]> = BTreeMap::new();
    for position in shop.index.passages_of(product) {
        let review = shop.index.passage(position).review;
        for clause in shop.index.text(position).split(MARKS) {
            let words: Vec<String> = language::words(clause).map(language::folded).collect();
            for (what, suits) in stated(&words) {
                let stem = language::stem(&words[what.start]);
                // A bookshelf is for books.
                if !title.contains(&stem) {
                    said.entry(stem).or_default()[usize::from(!suits)].add(words[what].join(" "), review);
                }
            }
        }
    }
    let enough = (SHARE * shop.product(product).reviews.len() as f64).max(SEVERAL as f64);
    let mut sides: [Vec<Suited>; 2] = Default::default();
    for [says, denies] in said.into_values() {
        let side = usize::from(denies.reviews.len() > says.reviews.len());
        let (more, fewer) = if side == 0 { (says, denies) } else { (denies, says) };
        if more.reviews.len() as f64 >= enough && more.reviews.len() > fewer.reviews.len() {
            sides[side].push(more.suited());
        }
    }
    for side in &mut sides {
        side.sort_by(|a, b| b.reviews.cmp(&a.reviews).then_with(|| a.what.cmp(&b.what)));
        side.truncate(MOST);
    }
    sides
}

/// Who says one thing, and how they write it.
#[derive(Default)]
struct Said {
    reviews: BTreeSet<ReviewId>,
    written: HashMap<String, usize>,
}

impl Said {
    fn add(&mut self, what: String, review: ReviewId) {
        self.reviews.insert(review);
        *self.written.entry(what).or_default() += 1;
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

/// Where the words of a clause stand that say what a thing is good for, and whether they say or deny it.
fn stated(words: &[String]) -> impl Iterator<Item = (Range<usize>, bool)> {
    let has = |at: usize, class| words.get(at).is_some_and(|word| lexicon().has(word, class));
    let is_skipped = |at: &usize| lexicon().has_any(&words[*at], BEFORE_THINGS);
    let negates = |from: usize, to: usize| (from..to).any(|at| language::is_negation(&words[at]));
    let english = move |at: usize| {
        let good = at.checked_sub(1).filter(|good| has(*good, WordClass::Suiting))?;
        let what = (at + 1..words.len()).find(|next| !is_skipped(next))?;
        // "Daily use" is more than "daily".
        let end = what + 1 + usize::from(has(what + 1, WordClass::Background));
        Some((what..end, !negates(good.saturating_sub(NEAR), good)))
    };
    let hindi = move |at: usize| {
        let end = words.len().min(at + 1 + NEAR);
        (at + 1..end).find(|good| has(*good, WordClass::Suiting))?;
        let what = (0..at).rev().find(|before| !is_skipped(before))?;
        Some((what..what + 1, !negates(at, end)))
    };
    let says = move |at: usize| match lexicon().is_hindi(&words[at], WordClass::Purpose) {
        true => hindi(at),
        false => english(at),
    };
    let names = |what: &str| {
        let is_part = language::is_asking(what) || language::is_function_word(what);
        !is_part && !lexicon().has_any(what, NOTHING) && !what.contains(|c: char| c.is_ascii_digit())
    };
    (0..words.len())
        .filter(move |at| has(*at, WordClass::Purpose))
        .filter_map(says)
        .filter(move |(what, _)| names(&words[what.start]))
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
            ("No issues, good for kids", vec![("kids", true)]),
            ("ghar ke liye accha hai", vec![("ghar", true)]),
            ("बच्चों के लिए अच्छा है", vec![("बच्चों", true)]),
            ("gaming ke liye sahi nahi", vec![("gaming", false)]),
            (
                "good for the price, best for regular use",
                vec![("regular use", true)],
            ),
            ("good for me and the battery lasts", vec![]),
            ("I paid extra for it. Good", vec![]),
        ] {
            let mut found = Vec::new();
            for clause in text.split(MARKS) {
                let words: Vec<String> = language::words(clause).map(language::folded).collect();
                found.extend(stated(&words).map(|(what, suits)| (words[what].join(" "), suits)));
            }
            let found: Vec<(&str, bool)> = found
                .iter()
                .map(|(what, suits)| (what.as_str(), *suits))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
