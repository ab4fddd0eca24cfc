//! Words that say nearly the same, learned: the neighbours of a word among the words that this shop uses most, by the
//! embedding model. "Fridge" is said by "refrigerator", "noisy" by "loud". Pure.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::index::{Index, Postings};
use crate::language;

/// The words that are compared at most: those that are used most.
const MOST: usize = 8_000;
/// Words that are used less often than this may be slips.
const LEAST_USES: u32 = 3;
/// The least cosine of two words that say nearly the same.
const NEAR: f32 = 0.6;
/// How much a neighbour counts beside the word itself, times their cosine.
const OF_NEIGHBOUR: f32 = 0.5;
/// The neighbours of a word at most.
const NEIGHBOURS: usize = 25;

/// The words of a shop with their vectors.
pub(crate) struct Thesaurus {
    /// In the order of the index.
    words: Vec<String>,
    numbers: HashMap<String, usize>,
    vectors: Index,
    /// The forms of each word, once somebody has asked for them.
    forms: Vec<OnceLock<Vec<(String, f32)>>>,
}

/// The words that a [`Thesaurus`] compares: those of titles and those that reviews use most; in alphabetical order, so
/// that the same reviews give the same words.
pub(crate) fn words(titles: &Postings, passages: &Postings) -> Vec<String> {
    let mut uses: HashMap<&str, u32> = HashMap::new();
    for (word, times) in titles.written() {
        *uses.entry(word).or_default() += times.max(LEAST_USES);
    }
    for (word, times) in passages.written() {
        *uses.entry(word).or_default() += times;
    }
    let telling = |word: &str| {
        word.chars().count() > 2 && word.chars().all(char::is_alphabetic) && !language::is_asking(word)
    };
    let mut used: Vec<(&str, u32)> = uses
        .into_iter()
        .filter(|(word, times)| *times >= LEAST_USES && telling(word))
        .collect();
    used.sort_unstable_by(|(a, a_uses), (b, b_uses)| b_uses.cmp(a_uses).then(a.cmp(b)));
    used.truncate(MOST);
    let mut words: Vec<String> = used.into_iter().map(|(word, _)| word.to_string()).collect();
    words.sort_unstable();
    words
}

impl Thesaurus {
    /// A thesaurus of `words`, which have these vectors.
    pub(crate) fn new(words: Vec<String>, vectors: Index) -> Self {
        Self {
            numbers: words.iter().cloned().zip(0..).collect(),
            forms: words.iter().map(|_| OnceLock::new()).collect(),
            words,
            vectors,
        }
    }

    /// The stems that say what a word, in lower case, says, each with how well it does: the word's own stem with 1,
    /// those of its neighbours with less. Only its own where the word is none of the thesaurus'.
    pub(crate) fn forms(&self, word: &str) -> Vec<(String, f32)> {
        match self.numbers.get(word) {
            Some(&number) => self.forms[number].get_or_init(|| self.found(number)).clone(),
            None => vec![(language::stem(word), 1.0)],
        }
    }

    fn found(&self, number: usize) -> Vec<(String, f32)> {
        let mut forms = vec![(language::stem(&self.words[number]), 1.0)];
        for hit in self.vectors.search(self.vectors.vector(number), NEIGHBOURS) {
            let stem = language::stem(&self.words[hit.passage]);
            if hit.score >= NEAR && !forms.iter().any(|(known, _)| *known == stem) {
                forms.push((stem, OF_NEIGHBOUR * hit.score));
            }
        }
        forms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Vectors;

    #[test]
    fn words_are_those_of_titles_and_those_that_are_used_often() {
        let titles = Postings::of(["Avandi kettle 2L"].into_iter());
        let passages = Postings::of(["it leaks and leaks", "leaks the lid", "lid"].into_iter());
        assert_eq!(words(&titles, &passages), ["avandi", "kettle", "leaks"]);
    }

    #[test]
    fn near_words_say_a_word_less_well_than_itself() {
        let words = ["fridge", "noisy", "refrigerator", "refrigerators"].map(String::from);
        let rows = [[1.0, 0.0], [0.0, 1.0], [0.8, 0.6], [0.6, 0.8]].map(|row| row.to_vec());
        let thesaurus = Thesaurus::new(words.into(), Index::build(Vectors::from_rows(2, rows)));
        let refrigerator = language::stem("refrigerator");
        let forms = thesaurus.forms("fridge");
        assert_eq!(forms[0], (language::stem("fridge"), 1.0));
        assert_eq!(
            (forms.len(), &forms[1].0),
            (2, &refrigerator),
            "its plural has the same stem"
        );
        assert!((forms[1].1 - OF_NEIGHBOUR * 0.8).abs() < 1e-6);
        assert_eq!(thesaurus.forms("couch"), [(language::stem("couch"), 1.0)]);
    }
}
