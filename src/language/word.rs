//! A text → its words; a word → the form in which it is looked up, and the form in which it is compared. Pure.

use std::sync::LazyLock;

use frostem::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

/// The Snowball stemmer of English (<https://snowballstem.org/algorithms/english/stemmer.html>).
static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::new(Algorithm::English));

/// The words of a text, as written, by the rules of Unicode.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.unicode_words()
}

/// The words of a text with where each begins, in bytes.
pub(crate) fn word_indices(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.unicode_word_indices()
}

/// A word as it is looked up: in lower case, with a plain apostrophe, without the "'s" of the genitive. In Devanagari,
/// without the dots of foreign sounds and with one sign for nasal vowels: people write both or leave them out.
pub(crate) fn folded(word: &str) -> String {
    let letter = |c| match c {
        '’' => Some('\''),
        '\u{93c}' => None,
        'ँ' => Some('ं'),
        '\u{958}' => Some('क'),
        '\u{959}' => Some('ख'),
        '\u{95a}' => Some('ग'),
        '\u{95b}' => Some('ज'),
        '\u{95c}' => Some('ड'),
        '\u{95d}' => Some('ढ'),
        '\u{95e}' => Some('फ'),
        c => Some(c),
    };
    let mut word: String = word.to_lowercase().chars().filter_map(letter).collect();
    word.truncate(word.trim_end_matches("'s").len());
    word
}

/// A word as it is compared: folded, and without the endings of English. Words in other letters keep theirs.
pub(crate) fn stem(word: &str) -> String {
    let word = folded(word);
    match word.is_ascii() {
        true => STEMMER.stem(&word).into_owned(),
        false => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_are_one() {
        for (forms, expected) in [
            (
                vec!["leak", "Leaks", "LEAKED", "leaking", "leak's", "leak’s"],
                "leak",
            ),
            (vec!["battery", "Battery's", "batteries"], "batteri"),
            (vec!["use", "used", "using"], "use"),
            (vec!["stop", "stopped", "stops"], "stop"),
            (vec!["mic", "mics"], "mic"),
            (vec!["mess"], "mess"),
            (vec!["message"], "messag"),
            (vec!["N12"], "n12"),
            (vec!["आवा\u{95b}", "आवाज\u{93c}", "आवाज"], "आवाज"),
            (vec![""], ""),
        ] {
            forms
                .iter()
                .for_each(|form| assert_eq!(stem(form), expected, "{form}"));
        }
    }

    #[test]
    fn words_are_cut_and_folded() {
        let text = "Zuvio’s mic: 4.5 stars, आवाज़ don't";
        let cut: Vec<String> = words(text).map(folded).collect();
        assert_eq!(cut, ["zuvio", "mic", "4.5", "stars", "आवाज", "don't"]);
        assert!(word_indices(text).all(|(at, word)| text[at..].starts_with(word)));
    }
}
