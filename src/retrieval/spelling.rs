//! A word that nobody uses → the word that was meant. Pure.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::index::words;

/// A word of fewer letters is taken as it is: too many words are near it.
const SHORTEST: usize = 4;
/// A word of at least so many letters may have two slips; a shorter one has one.
const LONG: usize = 6;

/// The words that reviews, titles and categories use, in lower case.
pub(super) struct Spelling {
    /// By first letter and number of letters, because only those are compared; each with its uses.
    known: HashMap<(char, usize), Vec<(String, u32)>>,
    /// The same words folded: another form of a known word is no slip.
    folded: HashSet<String>,
    /// Words of the language, which nobody here need use.
    language: Arc<HashSet<String>>,
}

impl Spelling {
    /// Learns words with how often each is used; those of the `language`, in lower case, are no slips either.
    pub(super) fn of<'a>(
        words: impl Iterator<Item = (&'a str, u32)>,
        language: Arc<HashSet<String>>,
    ) -> Self {
        let mut all: HashMap<String, u32> = HashMap::new();
        for (word, uses) in words {
            *all.entry(word.to_lowercase()).or_default() += uses;
        }
        let folded = all.keys().map(|word| words::folded(word)).collect();
        let mut known: HashMap<(char, usize), Vec<(String, u32)>> = HashMap::new();
        for (word, uses) in all {
            if let Some(first) = word.chars().next() {
                let letters = word.chars().count();
                known.entry((first, letters)).or_default().push((word, uses));
            }
        }
        Self {
            known,
            folded,
            language,
        }
    }

    /// Whether a word is used here, folded as words are compared, in whatever form.
    pub(super) fn knows(&self, folded: &str) -> bool {
        self.folded.contains(folded)
    }

    /// The word itself where it is known, or a word of the language, or too short, or nothing is near; else the nearest
    /// known word with the same first letter, of several the one that is used most. Nearness counts letters inserted,
    /// left out, exchanged, and swapped with the next.
    pub(super) fn corrected<'a>(&'a self, written: &'a str) -> &'a str {
        let word = written.to_lowercase();
        let letters = word.chars().count();
        if letters < SHORTEST || self.folded.contains(&words::folded(&word)) || self.language.contains(&word)
        {
            return written;
        }
        let slips = if letters < LONG { 1 } else { 2 };
        let Some(first) = word.chars().next() else {
            return written;
        };
        let near = (letters - slips..=letters + slips)
            .filter_map(|letters| self.known.get(&(first, letters)))
            .flatten()
            .map(|(known, uses)| {
                let distance = strsim::osa_distance(known, &word);
                (distance, std::cmp::Reverse(*uses), known)
            })
            .filter(|(distance, ..)| *distance <= slips);
        near.min().map_or(written, |(.., known)| known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_corrected_and_known_or_far_words_are_left() {
        let known = [
            ("battery", 90),
            ("better", 40),
            ("sound", 80),
            ("Airdopes", 3),
            ("mic", 50),
            ("sounds", 1),
        ];
        let spelling = Spelling::of(known.into_iter(), Arc::new(HashSet::from(["battle".to_string()])));
        for (word, meant) in [
            ("battery", "battery"),
            ("Battery's", "Battery's"),
            ("baterry", "battery"),
            ("bettr", "better"),
            ("soudn", "sound"),
            ("Suond", "sound"),
            ("airdpoes", "airdopes"),
            ("mik", "mik"),
            ("Battle", "Battle"),
            ("battly", "battery"),
            ("xound", "xound"),
            ("sounding", "sounding"),
            ("kettle", "kettle"),
            ("आवाज़", "आवाज़"),
        ] {
            assert_eq!(spelling.corrected(word), meant, "{word}");
        }
    }
}
