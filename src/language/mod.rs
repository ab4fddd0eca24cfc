//! What the program knows of English and Hindi: the words of each class, which it reads from `data/language.toml`; how
//! words are cut out of a text and compared; and Hindi in English words. Pure. The file is a part of the program, so
//! nothing here fails.
//!
//! No other folder lists words of a language.

mod class;
mod glossary;
mod lexicon;
mod word;

pub(crate) use class::{FUNCTION_WORDS, NumberClass, WordClass};
pub(crate) use glossary::in_english;
pub(crate) use lexicon::{file, lexicon};
pub(crate) use word::{folded, stem, word_indices, words};

/// Whether a word is only a part of the question and says nothing about the topic, in either language. The stop words
/// of the search.
pub(crate) fn is_asking(word: &str) -> bool {
    lexicon().has_any(word, &[WordClass::Asking, WordClass::Alternative])
}

/// Whether a word negates: "not", "nahi", "doesn't".
pub(crate) fn is_negation(word: &str) -> bool {
    lexicon().has(word, WordClass::Negation) || folded(word).ends_with("n't")
}

/// Whether a word, in either language, only holds sentences together. It can be neither a thing nor what a thing is
/// like.
pub(crate) fn is_function_word(word: &str) -> bool {
    lexicon().has_any(word, &FUNCTION_WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_by_what_they_do() {
        for (word, asks, negates, is_function) in [
            ("What", true, false, true),
            ("What's", true, false, true),
            ("kitna", true, false, true),
            ("कितना", true, false, true),
            ("Doesn’t", false, true, true),
            ("mustn't", false, true, false),
            ("nahi", true, true, true),
            ("नहीं", true, true, true),
            ("people", true, false, false),
            ("during", false, false, true),
            ("battery", false, false, false),
            ("", false, false, false),
        ] {
            assert_eq!(is_asking(word), asks, "{word}");
            assert_eq!(is_negation(word), negates, "{word}");
            assert_eq!(is_function_word(word), is_function, "{word}");
        }
    }
}
