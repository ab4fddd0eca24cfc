//! Words as they are compared: folded, stemmed, counted. Pure.

use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

/// Words that ask and point, in English and romanised Hindi: rare in reviews, so that their rarity says nothing.
const ASKING: &[&str] = &[
    "a",
    "about",
    "all",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "best",
    "better",
    "between",
    "but",
    "buy",
    "can",
    "could",
    "did",
    "do",
    "does",
    "for",
    "from",
    "get",
    "give",
    "good",
    "has",
    "have",
    "how",
    "i",
    "if",
    "in",
    "is",
    "it",
    "its",
    "like",
    "many",
    "me",
    "more",
    "most",
    "much",
    "my",
    "of",
    "on",
    "or",
    "people",
    "recommend",
    "say",
    "shall",
    "should",
    "some",
    "suggest",
    "tell",
    "than",
    "that",
    "the",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "under",
    "was",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "will",
    "with",
    "worst",
    "would",
    "you",
    "your",
    "acchi",
    "accha",
    "hai",
    "hain",
    "ka",
    "kaisa",
    "ke",
    "ki",
    "konsa",
    "kya",
    "mein",
    "sabse",
    "wala",
    "wali",
];
/// Endings that are cut, longest first, while four letters stay: enough to make "leaks", "leaked" and "leaking" one.
const ENDINGS: &[&str] = &["ing", "age", "est", "ed", "er", "es", "ly", "s", "y", "e"];
const STEM: usize = 4;

/// The words of a text, as written.
pub fn written(text: &str) -> impl Iterator<Item = &str> {
    text.unicode_words()
}

/// A word as it is compared.
pub fn folded(word: &str) -> String {
    let word = word.to_lowercase();
    let word = word.trim_end_matches("'s").trim_end_matches("’s");
    let stem = ENDINGS
        .iter()
        .filter_map(|ending| word.strip_suffix(ending))
        .find(|stem| stem.chars().count() >= STEM);
    stem.unwrap_or(word).to_string()
}

/// The different words of a text, as they are compared.
pub fn of(text: &str) -> HashSet<String> {
    written(text).map(folded).collect()
}

/// Whether a word only asks, and says nothing of what is asked about.
pub fn asks(word: &str) -> bool {
    ASKING.contains(&word.to_lowercase().trim_end_matches("'s"))
}

/// In how many of some texts each word occurs, and how it is written.
#[derive(Debug, Default)]
pub struct Frequencies {
    texts: usize,
    containing: HashMap<String, u32>,
    written: HashMap<String, u32>,
}

impl Frequencies {
    /// Counts the words of `texts`.
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut frequencies = Self::default();
        for text in texts {
            frequencies.texts += 1;
            for word in of(text) {
                *frequencies.containing.entry(word).or_default() += 1;
            }
            for word in written(text) {
                *frequencies.written.entry(word.to_lowercase()).or_default() += 1;
            }
        }
        frequencies
    }

    /// Every word as it is written, in lower case, with how often; in no order.
    pub fn written(&self) -> impl Iterator<Item = (&str, u32)> {
        self.written.iter().map(|(word, times)| (word.as_str(), *times))
    }

    /// The share of the texts that contain `word`.
    pub fn share(&self, word: &str) -> f64 {
        self.count(word) / self.texts.max(1) as f64
    }

    fn count(&self, word: &str) -> f64 {
        f64::from(self.containing.get(word).copied().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_are_one() {
        for (forms, stem) in [
            (vec!["leak", "Leaks", "LEAKED", "leaking", "leakage"], "leak"),
            (vec!["battery", "Battery's"], "batter"),
            (vec!["mic"], "mic"),
            (vec!["kettle", "kettles"], "kettl"),
            (vec!["आवाज़"], "आवाज़"),
        ] {
            forms
                .iter()
                .for_each(|form| assert_eq!(folded(form), stem, "{form}"));
        }
    }

    #[test]
    fn texts_are_counted_not_occurrences() {
        let frequencies = Frequencies::of(["good battery", "good mic", "Good goods"].into_iter());
        assert_eq!(frequencies.share("mic"), 1.0 / 3.0);
        assert_eq!(frequencies.share("good"), 1.0);
        assert_eq!(frequencies.share("unknown"), 0.0);
    }
}
