//! A word that nobody uses → the word that was meant. Pure.

use std::collections::HashMap;

/// A word of fewer letters is taken as it is: too many words are near it.
const SHORTEST: usize = 4;
/// A word of at least so many letters may have two slips; a shorter one has one.
const LONG: usize = 6;

/// The folded words that reviews, titles and categories use.
pub struct Spelling {
    known: HashMap<String, u32>,
}

impl Spelling {
    /// Learns words with how often each is used.
    pub fn of(words: impl Iterator<Item = (String, u32)>) -> Self {
        let mut known = HashMap::new();
        for (word, uses) in words {
            *known.entry(word).or_default() += uses;
        }
        Self { known }
    }

    /// The word itself where it is known, or too short, or nothing is near; else the nearest known word with the same
    /// first letter, of several the one that is used most. Nearness counts letters inserted, left out, exchanged, and
    /// swapped with the next.
    pub fn corrected(&self, word: String) -> String {
        let letters = word.chars().count();
        if letters < SHORTEST || self.known.contains_key(&word) {
            return word;
        }
        let slips = if letters < LONG { 1 } else { 2 };
        let first = word.chars().next();
        let near = self
            .known
            .iter()
            .filter(|(known, _)| known.chars().next() == first)
            .filter(|(known, _)| known.chars().count().abs_diff(letters) <= slips)
            .map(|(known, uses)| {
                (
                    strsim::osa_distance(known, &word),
                    std::cmp::Reverse(*uses),
                    known,
                )
            })
            .filter(|(distance, ..)| *distance <= slips);
        near.min().map_or(word, |(.., known)| known.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_corrected_and_known_or_far_words_are_left() {
        let known = [
            ("batter", 90),
            ("better", 40),
            ("sound", 80),
            ("airdop", 3),
            ("mic", 50),
            ("sounds", 1),
        ];
        let spelling = Spelling::of(known.into_iter().map(|(word, uses)| (word.to_string(), uses)));
        for (word, meant) in [
            ("batter", "batter"),
            ("baterr", "batter"),
            ("btter", "batter"),
            ("soudn", "sound"),
            ("suond", "sound"),
            ("airdpo", "airdop"),
            ("mik", "mik"),
            ("xound", "xound"),
            ("kettle", "kettle"),
            ("आवाज़", "आवाज़"),
        ] {
            assert_eq!(spelling.corrected(word.to_string()), meant, "{word}");
        }
    }
}
