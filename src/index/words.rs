//! The comparison of words: folding, stemming, counting. Pure functions.

use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

/// Words of questions. They are rare in reviews, so their rarity says nothing about the topic.
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
    "need",
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
    "want",
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
];
/// Words of questions in romanised Hindi.
const ASKING_IN_HINDI: &[&str] = &[
    "accha", "acche", "acchi", "achha", "achhe", "achhi", "andar", "aur", "batao", "chahiye", "chala",
    "chale", "chalega", "chalegi", "chalta", "chalte", "chalti", "der", "deta", "deti", "dikhao", "hai",
    "hain", "ho", "hoga", "hogi", "hota", "hote", "hoti", "jaata", "jaati", "jata", "jati", "ka", "kaisa",
    "kaise", "kaisi", "karna", "karne", "karta", "karti", "kaun", "kaunsa", "kaunse", "kaunsi", "ke", "ki",
    "kiska", "kitna", "kitne", "kitni", "ko", "koi", "konsa", "konse", "konsi", "kya", "lena", "lene",
    "liye", "mein", "mera", "mere", "meri", "mujhe", "nahi", "par", "raha", "rahi", "sa", "sabse", "sakta",
    "sakte", "sakti", "se", "si", "wala", "wale", "wali", "ya", "ye", "yeh",
];
/// Endings that are removed, the longest first, if four letters remain: enough to make one word of "leaks", "leaked"
/// and "leaking".
const ENDINGS: &[&str] = &["ing", "age", "est", "ed", "er", "es", "ly", "s", "y", "e"];
const STEM: usize = 4;

/// The words of a text, as written.
pub(crate) fn written(text: &str) -> impl Iterator<Item = &str> {
    text.unicode_words()
}

/// The form of a word that is compared: lower-case and without its ending.
pub(crate) fn folded(word: &str) -> String {
    let word = word.to_lowercase();
    let word = word.trim_end_matches("'s").trim_end_matches("’s");
    let stem = ENDINGS
        .iter()
        .filter_map(|ending| word.strip_suffix(ending))
        .find(|stem| stem.chars().count() >= STEM);
    stem.unwrap_or(word).to_string()
}

/// The distinct words of a text, folded.
pub(crate) fn of(text: &str) -> HashSet<String> {
    written(text).map(folded).collect()
}

/// Whether a word is only a part of the question and says nothing about the topic.
pub(crate) fn asks(word: &str) -> bool {
    ASKING.contains(&word.to_lowercase().trim_end_matches("'s")) || asks_in_hindi(word)
}

/// Whether a word is such a word in Hindi. An English embedding model recognises only that it is Hindi.
pub(crate) fn asks_in_hindi(word: &str) -> bool {
    ASKING_IN_HINDI.contains(&word.to_lowercase().as_str())
}

/// The number of texts in which each word occurs, and the written forms of the words.
#[derive(Debug, Default)]
pub(crate) struct Frequencies {
    texts: usize,
    containing: HashMap<String, u32>,
    written: HashMap<String, u32>,
}

impl Frequencies {
    /// Counts the words of `texts`. A word is folded only when it occurs for the first time: there are many reviews but
    /// few distinct words.
    pub(crate) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut known: HashMap<&str, [usize; 2]> = HashMap::new();
        let [mut folded_words, mut lower_words] = [Numbered::default(), Numbered::default()];
        // For each folded word, the number of texts that contain it, and the last of these texts.
        let mut containing: Vec<(u32, usize)> = Vec::new();
        let mut occurring: Vec<u32> = Vec::new();
        let mut texts_so_far = 0;
        for text in texts {
            texts_so_far += 1;
            for word in written(text) {
                let [stem, lower] = *known.entry(word).or_insert_with(|| {
                    [
                        folded_words.number(folded(word)),
                        lower_words.number(word.to_lowercase()),
                    ]
                });
                containing.resize(folded_words.0.len(), (0, 0));
                occurring.resize(lower_words.0.len(), 0);
                occurring[lower] += 1;
                let (times, last) = &mut containing[stem];
                if *last != texts_so_far {
                    (*times, *last) = (*times + 1, texts_so_far);
                }
            }
        }
        Self {
            texts: texts_so_far,
            containing: folded_words.with(|number| containing[number].0),
            written: lower_words.with(|number| occurring[number]),
        }
    }

    /// Every word as it is written, in lower case, with the number of its occurrences; in no particular order.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&str, u32)> {
        self.written.iter().map(|(word, times)| (word.as_str(), *times))
    }

    /// The share of the texts that contain `word`.
    pub(crate) fn share(&self, word: &str) -> f64 {
        self.count(word) / self.texts.max(1) as f64
    }

    fn count(&self, word: &str) -> f64 {
        f64::from(self.containing.get(word).copied().unwrap_or(0))
    }
}

/// Words, numbered in the order of their first occurrence.
#[derive(Default)]
struct Numbered(HashMap<String, usize>);

impl Numbered {
    fn number(&mut self, word: String) -> usize {
        let next = self.0.len();
        *self.0.entry(word).or_insert(next)
    }

    /// Every word with the value for its number.
    fn with(self, figure: impl Fn(usize) -> u32) -> HashMap<String, u32> {
        self.0
            .into_iter()
            .map(|(word, number)| (word, figure(number)))
            .collect()
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
        let frequencies = Frequencies::of(["good battery", "good mic", "Good good goods"].into_iter());
        assert_eq!(frequencies.share("mic"), 1.0 / 3.0);
        assert_eq!(frequencies.share("good"), 1.0);
        assert_eq!(frequencies.share("unknown"), 0.0);
        let mut written: Vec<(&str, u32)> = frequencies.written().collect();
        written.sort_unstable();
        assert_eq!(written, [("battery", 1), ("good", 4), ("goods", 1), ("mic", 1)]);
    }
}
