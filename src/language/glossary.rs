//! Hindi, in Latin or Devanagari letters, and the mixture with English that people type → English words.
//!
//! Word by word: the embedding model reads English only, and for it the words of the topic are enough. Nothing here is
//! a translation that anybody reads.

use super::class::{FUNCTION_WORDS, WordClass};
use super::lexicon::lexicon;
use super::word::word_indices;

/// A text in English words: Hindi words translated, those of its grammar left out, all others kept. `None` where no
/// word is Hindi and nothing else, and where only words of grammar would be left.
pub(crate) fn in_english(text: &str) -> Option<String> {
    let (starts, words): (Vec<usize>, Vec<&str>) = word_indices(text).unzip();
    if !words.iter().any(|word| shows_hindi(word)) {
        return None;
    }
    let mut english = String::with_capacity(text.len());
    let (mut at, mut end, mut any) = (0, 0, false);
    while at < words.len() {
        let (length, kept) = match lexicon().translation(&words[at..]) {
            Some((length, entry)) => (length, Some(entry)),
            None if is_hindi_grammar(words[at]) => (1, None),
            None => (1, Some(words[at])),
        };
        append(&mut english, &text[end..starts[at]], kept.is_some());
        english.push_str(kept.unwrap_or_default());
        any |= kept.is_some();
        at += length;
        end = starts[at - 1] + words[at - 1].len();
    }
    append(&mut english, &text[end..], false);
    any.then(|| english.trim().to_string())
}

/// Appends what stands between two words; where a word follows, it stays apart from the one before.
fn append(english: &mut String, between: &str, word_follows: bool) {
    let marks = between.trim();
    if !marks.is_empty() {
        english.push_str(if between.starts_with(' ') && !english.is_empty() {
            " "
        } else {
            ""
        });
        english.push_str(marks);
    }
    let apart = between.ends_with(char::is_whitespace) || marks.is_empty();
    if word_follows && apart && !english.is_empty() {
        english.push(' ');
    }
}

/// Whether a word is Hindi and nothing else.
fn shows_hindi(word: &str) -> bool {
    is_devanagari(word) || is_hindi_grammar(word) && !lexicon().has(word, WordClass::AlsoEnglish)
}

/// Whether a word is one of Hindi's grammar, in either kind of letters: such words are left out.
fn is_hindi_grammar(word: &str) -> bool {
    let mut classes = FUNCTION_WORDS.iter().chain(&[WordClass::Asking, WordClass::It]);
    classes.any(|class| lexicon().is_hindi(word, *class))
}

fn is_devanagari(word: &str) -> bool {
    word.contains(|c: char| ('\u{900}'..='\u{97f}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hindi_becomes_english_and_english_stays() {
        for (text, expected) in [
            (
                "mixer grinder ki awaaz zyada hai kya",
                Some("mixer grinder sound noise too much"),
            ),
            ("मिक्सर की आवाज़ ज़्यादा है?", Some("mixer sound noise too much?")),
            (
                "Kya Zuvio ToneBass ka mic kharab hai?",
                Some("Zuvio ToneBass mic bad?"),
            ),
            (
                "joote kitne din chalte hain",
                Some("shoes how many days work lasts"),
            ),
            ("sabse accha pankha, garmi ke liye", Some("best fan, summer for")),
            (
                "smart band kaisa hai, aur iska display?",
                Some("smart band, and display?"),
            ),
            ("is it good for me", None),
            ("he has the one of us", None),
            ("do you recommend par or main", None),
            ("pair of shoes to do", None),
            // Nothing would be left.
            ("kya hai?", None),
            ("", None),
        ] {
            assert_eq!(in_english(text).as_deref(), expected, "{text}");
        }
    }
}
