//! Words that point at products that were spoken of: "it", "the second one", "both". Pure.

use crate::language::{NumberClass, WordClass, folded, lexicon, word_indices};

/// Products that are spoken of at most as several.
pub(super) const MOST: usize = 4;

/// A word with where it stands.
pub(super) struct Word {
    /// As it is looked up.
    text: String,
    /// Whether it has that.
    pub own: bool,
    pub start: usize,
    pub end: usize,
}

/// Whether a question has a word that points.
pub(super) fn points(question: &str) -> bool {
    let words = words(question);
    (0..words.len()).any(|at| pointer(&words, at).is_some())
}

/// What a word, or some, point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pointer {
    One,
    OnesOwn,
    Several,
    SeveralOwn,
    Place(usize),
    Last,
    Other,
}

/// What the words from `at` on point at, with the word after them.
pub(super) fn pointer(words: &[Word], at: usize) -> Option<(Pointer, usize)> {
    use WordClass::{
        Auxiliary, BeforeThis, Conjunction, Copula, Demonstrative, It, Its, Numbering, OfTwo, Several, Their,
        Thing, Things, Time,
    };
    let word = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let is = |at: usize, class: WordClass| lexicon().has(word(at), class);
    // "The two", "those three".
    let is_number = |at: usize| {
        let number = lexicon().number(word(at), NumberClass::Cardinal);
        number.is_some_and(|number| (2.0..=MOST as f32).contains(&number))
    };
    let the = usize::from(word(at) == "the");
    if let Some(place) = place(word(at + the)) {
        let next = at + the + 1;
        if is(next, Thing) {
            return Some((place, next + 1));
        }
        let ends = next == words.len() || lexicon().has_any(word(next), &[Auxiliary, Conjunction, Copula]);
        let alone = matches!(place, Pointer::Place(_)) && the == 1 && ends;
        return (alone || is(at + the, OfTwo)).then_some((place, next));
    }
    match () {
        () if is(at, Numbering) => {
            let number: usize = word(at + 1)
                .parse()
                .ok()
                .filter(|number| (1..=MOST).contains(number))?;
            Some((Pointer::Place(number - 1), at + 2))
        }
        () if is(at, Its) => Some((Pointer::OnesOwn, at + 1)),
        () if is(at, Their) => Some((Pointer::SeveralOwn, at + 1)),
        () if is(at, Demonstrative) && is(at + 1, Thing) => Some((Pointer::One, at + 2)),
        () if is(at, Demonstrative) => {
            let after = at == 0 || is(at - 1, BeforeThis);
            after.then_some((Pointer::One, at + 1))
        }
        // "These days".
        () if is(at, Several) && is(at + 1, Time) => None,
        () if the == 1 && is_number(at + 1) => Some((Pointer::Several, at + 2)),
        () if is(at, It) => Some((Pointer::One, at + 1)),
        () if is(at, Several) => {
            let mut next = at + 1;
            if word(at) == "both" && word(next) == "of" {
                next += 2;
            }
            next += usize::from(is_number(next) || is(next, Things));
            Some((Pointer::Several, next.min(words.len())))
        }
        () => None,
    }
}

fn place(word: &str) -> Option<Pointer> {
    if lexicon().has(word, WordClass::Last) {
        return Some(Pointer::Last);
    }
    if lexicon().has(word, WordClass::Other) {
        return Some(Pointer::Other);
    }
    let place = lexicon().number(word, NumberClass::Ordinal)? as usize;
    Some(Pointer::Place(place.saturating_sub(1)))
}

pub(super) fn words(text: &str) -> Vec<Word> {
    let word = |(start, word): (usize, &str)| Word {
        text: folded(word),
        own: ["'s", "’s"].iter().any(|end| word.to_lowercase().ends_with(end)),
        start,
        end: start + word.len(),
    };
    word_indices(text).map(word).collect()
}
