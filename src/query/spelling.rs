//! A slip → the word that was meant. Pure.
//!
//! Reviews have slips too: "bettery" is in dozens of them. So a word is known not because somebody uses it here, but
//! because the embedding model's vocabulary has it, or a title; and it is a slip if a near word is used much more
//! often, or more often, and that vocabulary has it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A word of fewer letters is taken as it is: too many words are near it.
const SHORTEST: usize = 4;
/// A word of fewer letters can only lack one: letters exchanged or too many make it too many other words.
const SHORT: usize = 5;
/// A word of at least so many letters may have two slips; a shorter one has one.
const LONG: usize = 10;
/// The word that was meant is used so many times as often as the slip; a word of the language, more often. A title's
/// word counts for as many uses: it is written once and sold often.
pub(super) const TIMES: u32 = 30;

/// The words that reviews, titles and categories use, in lower case.
pub(super) struct Spelling {
    /// By first letter and number of letters, because only those are compared; each with its uses.
    used: HashMap<(char, usize), Vec<(String, u32)>>,
    uses: HashMap<String, u32>,
    /// The words of titles, all in one, which no slip is looked for in.
    titles: String,
    /// Words of the language, which nobody here need use.
    language: Arc<HashSet<String>>,
}

impl Spelling {
    /// Learns the words of `titles` and `reviews`, in lower case, with how often each is used; those of the `language`
    /// are no slips either.
    pub(super) fn of<'a>(
        titles: impl Iterator<Item = (&'a str, u32)>,
        reviews: impl Iterator<Item = (&'a str, u32)>,
        language: Arc<HashSet<String>>,
    ) -> Self {
        let mut all_titles = String::from(" ");
        let mut uses: HashMap<String, u32> = HashMap::new();
        for (word, times) in titles {
            all_titles.push_str(word);
            all_titles.push(' ');
            *uses.entry(word.to_string()).or_default() += times.max(TIMES);
        }
        for (word, times) in reviews {
            *uses.entry(word.to_string()).or_default() += times;
        }
        let mut used: HashMap<(char, usize), Vec<(String, u32)>> = HashMap::new();
        for (word, times) in uses
            .iter()
            .filter(|(word, times)| **times >= TIMES || language.contains(*word))
        {
            if let Some(first) = word.chars().next() {
                let letters = word.chars().count();
                used.entry((first, letters))
                    .or_default()
                    .push((word.clone(), *times));
            }
        }
        Self {
            used,
            uses,
            titles: all_titles,
            language,
        }
    }

    /// Whether titles or reviews use a word, in lower case.
    pub(super) fn is_used(&self, word: &str) -> bool {
        self.uses.contains_key(word)
    }

    /// The word itself where it is a word of the language, or stands in a title or at the end of a title's word, or is
    /// too short, or nothing is near that can have been meant; else the nearest such word with the same first letter,
    /// of several the one that is used most. Nearness counts letters inserted, left out, exchanged, and swapped
    /// with the next.
    pub(super) fn corrected<'a>(&'a self, written: &'a str) -> &'a str {
        let word = written.to_lowercase();
        let letters = word.chars().count();
        let is_plain = word.chars().all(char::is_alphabetic);
        if letters < SHORTEST || !is_plain || self.language.contains(&word) || self.ends_a_title_word(&word) {
            return written;
        }
        let slips = if letters < LONG { 1 } else { 2 };
        let Some(first) = word.chars().next() else {
            return written;
        };
        let own = self.uses.get(&word).copied().unwrap_or(0);
        let known =
            (letters - slips..=letters + slips).filter_map(|letters| self.used.get(&(first, letters)));
        let meant = known.flatten().filter_map(|(known, uses)| {
            let distance = strsim::osa_distance(known, &word);
            let is_common = *uses >= own.max(1).saturating_mul(TIMES);
            let is_likelier = *uses > own && distance == 1 && self.language.contains(known);
            let lacks_a_letter = known.chars().count() > letters;
            let is_meant = (1..=slips).contains(&distance)
                && (is_common || is_likelier)
                && (letters >= SHORT || lacks_a_letter);
            is_meant.then_some((distance, std::cmp::Reverse(*uses), known))
        });
        meant.min().map_or(written, |(.., known)| known)
    }

    fn ends_a_title_word(&self, word: &str) -> bool {
        self.titles.contains(&format!("{word} "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_corrected_and_known_or_far_words_are_left() {
        let titles = [("airdopes", 1), ("rokkerz", 1)];
        let reviews = [
            ("battery", 900),
            ("bettery", 25),
            ("better", 40),
            ("sound", 180),
            ("stitching", 150),
            ("airdrops", 900),
            ("purification", 30),
            ("lekage", 1),
            ("leakage", 2),
            ("watch", 1),
        ];
        let language = Arc::new(HashSet::from(["battle", "leakage", "watch"].map(String::from)));
        let spelling = Spelling::of(titles.into_iter(), reviews.into_iter(), language);
        for (word, meant) in [
            ("battery", "battery"),
            ("bettery", "battery"),
            ("baterry", "baterry"),
            ("Batery", "battery"),
            ("soudn", "sound"),
            ("suond", "sound"),
            ("stiching", "stitching"),
            ("Airdopes", "Airdopes"),
            ("airdpoes", "airdopes"),
            ("okkerz", "okkerz"),
            ("purificasion", "purification"),
            ("purifecasion", "purification"),
            ("sond", "sound"),
            ("soun", "sound"),
            ("soud", "sound"),
            ("soumd", "sound"),
            ("soxd", "soxd"),
            ("lekage", "leakage"),
            ("wach", "watch"),
            ("watsch", "watch"),
            ("wack", "wack"),
            ("Battle", "Battle"),
            ("xound", "xound"),
            ("kettle", "kettle"),
            ("sound2", "sound2"),
            ("आवाज़", "आवाज़"),
        ] {
            assert_eq!(spelling.corrected(word), meant, "{word}");
        }
    }
}
