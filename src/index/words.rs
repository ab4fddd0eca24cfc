//! Words as they are compared: folded, stemmed, counted. Pure.

use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

/// Words that ask and point: rare in reviews, so that their rarity says nothing.
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
/// The same in romanised Hindi.
const ASKING_IN_HINDI: &[&str] = &[
    "accha", "acche", "acchi", "achha", "achhe", "achhi", "andar", "aur", "batao", "chahiye", "chala",
    "chale", "chalega", "chalegi", "chalta", "chalte", "chalti", "der", "deta", "deti", "dikhao", "hai",
    "hain", "ho", "hoga", "hogi", "hota", "hote", "hoti", "jaata", "jaati", "jata", "jati", "ka", "kaisa",
    "kaise", "kaisi", "karna", "karne", "karta", "karti", "kaun", "kaunsa", "kaunse", "kaunsi", "ke", "ki",
    "kiska", "kitna", "kitne", "kitni", "ko", "koi", "konsa", "konse", "konsi", "kya", "lena", "lene",
    "liye", "mein", "mera", "mere", "meri", "mujhe", "nahi", "par", "raha", "rahi", "sa", "sabse", "sakta",
    "sakte", "sakti", "se", "si", "wala", "wale", "wali", "ya", "ye", "yeh",
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
    ASKING.contains(&word.to_lowercase().trim_end_matches("'s")) || asks_in_hindi(word)
}

/// Whether it does so in Hindi, of which an English embedding model knows only that it is Hindi.
pub fn asks_in_hindi(word: &str) -> bool {
    ASKING_IN_HINDI.contains(&word.to_lowercase().as_str())
}

/// In how many of some texts each word occurs, and how it is written.
#[derive(Debug, Default)]
pub struct Frequencies {
    texts: usize,
    containing: HashMap<String, u32>,
    written: HashMap<String, u32>,
}

impl Frequencies {
    /// Counts the words of `texts`. A word is folded when it is first met, and known from then on: reviews are many, and
    /// their words few.
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut known: HashMap<&str, [usize; 2]> = HashMap::new();
        let [mut folded_words, mut lower_words] = [Numbered::default(), Numbered::default()];
        // Of each folded word, how many texts have it, and the last of them.
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

/// Words, numbered as they are met.
#[derive(Default)]
struct Numbered(HashMap<String, usize>);

impl Numbered {
    fn number(&mut self, word: String) -> usize {
        let next = self.0.len();
        *self.0.entry(word).or_insert(next)
    }

    /// Every word with a figure of its own.
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
