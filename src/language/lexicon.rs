//! The words of `data/language.toml`, by class.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::class::{NumberClass, WordClass};
use super::folded;

/// The file, as a part of the program.
const FILE: &str = include_str!("../../data/language.toml");

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    class: HashMap<WordClass, Lists>,
    number: HashMap<NumberClass, HashMap<String, String>>,
    unit: HashMap<String, String>,
    glossary: HashMap<String, Vec<String>>,
}

/// The entries of a class, by language and letters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    #[serde(default)]
    english: String,
    #[serde(default)]
    hindi: String,
    #[serde(default)]
    devanagari: String,
}

/// All words that are known of the languages.
pub(crate) struct Lexicon {
    classes: HashMap<WordClass, Class>,
    numbers: HashMap<NumberClass, HashMap<String, f32>>,
    /// The unit that a word names.
    units: HashMap<String, String>,
    /// From Hindi into English: words and phrases, folded, with single blanks.
    glossary: HashMap<String, String>,
    /// The number of words of the glossary's longest phrase.
    longest: usize,
}

/// The entries of a class, folded.
#[derive(Default)]
struct Class {
    words: HashSet<String>,
    /// Those of its words that are Hindi, in either kind of letters.
    hindi: HashSet<String>,
    /// Entries of several words.
    phrases: Vec<Vec<String>>,
}

/// The file's text: what is found with these words is not valid with others.
pub(crate) fn file() -> &'static str {
    FILE
}

/// The words of the languages.
pub(crate) fn lexicon() -> &'static Lexicon {
    static LEXICON: LazyLock<Lexicon> =
        LazyLock::new(|| Lexicon::read(FILE).expect("the tests read the same file"));
    &LEXICON
}

impl Lexicon {
    fn read(file: &str) -> Result<Self, toml::de::Error> {
        let written: Written = toml::from_str(file)?;
        let number = |(value, words): (&String, &String)| -> Result<Vec<(String, f32)>, toml::de::Error> {
            let value: f32 = value
                .parse()
                .map_err(<toml::de::Error as serde::de::Error>::custom)?;
            Ok(entries(words).map(|word| (folded(word), value)).collect())
        };
        let mut numbers = HashMap::new();
        for (class, written) in &written.number {
            let entries: Vec<Vec<(String, f32)>> = written.iter().map(number).collect::<Result<_, _>>()?;
            numbers.insert(*class, entries.into_iter().flatten().collect());
        }
        let of_unit = |(unit, words): (&String, &String)| -> Vec<(String, String)> {
            entries(words).map(|word| (folded(word), unit.clone())).collect()
        };
        let of_entry = |(english, hindi): (&String, &Vec<String>)| -> Vec<(String, String)> {
            let entry = |hindi: &String| (joined(hindi.split_whitespace()), english.clone());
            hindi.iter().map(entry).collect()
        };
        let glossary: HashMap<String, String> = written.glossary.iter().flat_map(of_entry).collect();
        let longest = glossary.keys().map(|entry| entry.split(' ').count()).max();
        Ok(Self {
            classes: written
                .class
                .iter()
                .map(|(class, lists)| (*class, Class::of(lists)))
                .collect(),
            numbers,
            units: written.unit.iter().flat_map(of_unit).collect(),
            glossary,
            longest: longest.unwrap_or(0),
        })
    }

    /// Whether a word, in any case and with or without "'s", is of a class.
    pub(crate) fn has(&self, word: &str, class: WordClass) -> bool {
        self.class(class).words.contains(&folded(word))
    }

    /// Whether a word is of one of these classes.
    pub(crate) fn has_any(&self, word: &str, classes: &[WordClass]) -> bool {
        let word = folded(word);
        classes
            .iter()
            .any(|class| self.class(*class).words.contains(&word))
    }

    /// Whether a word is one of the class's Hindi words.
    pub(crate) fn is_hindi(&self, word: &str, class: WordClass) -> bool {
        self.class(class).hindi.contains(&folded(word))
    }

    /// How many of these words, from the first on, are an entry of the class, a word or a phrase; of several entries
    /// the longest.
    pub(crate) fn starts(&self, words: &[&str], class: WordClass) -> Option<usize> {
        self.lengths(class)
            .filter(|length| {
                words
                    .get(..*length)
                    .is_some_and(|words| self.is_entry(words, class))
            })
            .max()
    }

    /// How many of these words, up to the last, are an entry of the class; of several entries the longest.
    pub(crate) fn ends(&self, words: &[&str], class: WordClass) -> Option<usize> {
        self.lengths(class)
            .filter(|length| {
                let start = words.len().checked_sub(*length);
                start.is_some_and(|start| self.is_entry(&words[start..], class))
            })
            .max()
    }

    /// Whether an entry of the class, a word or a phrase, is among these words.
    pub(crate) fn contains(&self, words: &[&str], class: WordClass) -> bool {
        (0..words.len()).any(|at| self.starts(&words[at..], class).is_some())
    }

    /// The value of a numeral.
    pub(crate) fn number(&self, word: &str, class: NumberClass) -> Option<f32> {
        self.numbers.get(&class)?.get(&folded(word)).copied()
    }

    /// All numerals of a class, in no particular order.
    pub(crate) fn numbers(&self, class: NumberClass) -> impl Iterator<Item = &str> {
        self.numbers
            .get(&class)
            .into_iter()
            .flat_map(HashMap::keys)
            .map(String::as_str)
    }

    /// The unit that a word, as it is looked up, names: "hour" for "hrs".
    pub(crate) fn unit(&self, word: &str) -> Option<&str> {
        self.units.get(word).map(String::as_str)
    }

    /// All units, some of them more than once.
    pub(crate) fn units(&self) -> impl Iterator<Item = &str> {
        self.units.values().map(String::as_str)
    }

    /// The English of the longest entry of the glossary that these words begin with, and the number of its words.
    pub(super) fn translation(&self, words: &[&str]) -> Option<(usize, &str)> {
        (1..=self.longest.min(words.len())).rev().find_map(|length| {
            let english = self.glossary.get(&joined(words[..length].iter().copied()))?;
            Some((length, english.as_str()))
        })
    }

    /// All words of a class, in no particular order; its phrases are not among them.
    pub(crate) fn all(&self, class: WordClass) -> impl Iterator<Item = &str> {
        self.class(class).words.iter().map(String::as_str)
    }

    fn class(&self, class: WordClass) -> &Class {
        static NONE: LazyLock<Class> = LazyLock::new(Class::default);
        self.classes.get(&class).unwrap_or(&NONE)
    }

    /// The numbers of words that entries of a class have, some of them more than once.
    fn lengths(&self, class: WordClass) -> impl Iterator<Item = usize> {
        let phrases = self.class(class).phrases.iter().map(Vec::len);
        std::iter::once(1).chain(phrases)
    }

    fn is_entry(&self, words: &[&str], class: WordClass) -> bool {
        match words {
            [word] => self.has(word, class),
            words => {
                let words: Vec<String> = words.iter().map(|word| folded(word)).collect();
                self.class(class).phrases.contains(&words)
            }
        }
    }
}

impl Class {
    fn of(lists: &Lists) -> Self {
        let mut class = Self::default();
        for (list, is_hindi) in [
            (&lists.english, false),
            (&lists.hindi, true),
            (&lists.devanagari, true),
        ] {
            for entry in entries(list) {
                let words: Vec<String> = entry.split_whitespace().map(folded).collect();
                match <[String; 1]>::try_from(words) {
                    Ok([word]) if is_hindi => {
                        class.hindi.insert(word.clone());
                        class.words.insert(word);
                    }
                    Ok([word]) => {
                        class.words.insert(word);
                    }
                    Err(words) => class.phrases.push(words),
                }
            }
        }
        class
    }
}

/// Words as a phrase: folded, with single blanks.
fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(folded).collect::<Vec<_>>().join(" ")
}

/// What commas separate in a list.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_every_class_and_no_other() {
        let lexicon = Lexicon::read(FILE).expect("the file is well-formed");
        for class in WordClass::ALL {
            let entries = lexicon.classes.get(class);
            let some = |class: &Class| !class.words.is_empty() || !class.phrases.is_empty();
            assert!(entries.is_some_and(some), "{class:?} has entries");
        }
        for class in NumberClass::ALL {
            assert!(lexicon.numbers.contains_key(class), "{class:?}");
        }
        for wrong in [
            "[class.nonsense]\nenglish = \"a\"",
            "[class.asking]\nfrench = \"qui\"",
            "[number.cardinal]\n\"many\" = \"lots\"",
        ] {
            let file = format!("{wrong}\n[class]\n[number]\n[glossary]\n");
            assert!(Lexicon::read(&file).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_hindi_word_has_one_translation() {
        let written: Written = toml::from_str(FILE).expect("the file is well-formed");
        let mut known: HashMap<String, &str> = HashMap::new();
        for (english, entries) in &written.glossary {
            for entry in entries {
                let other = known.insert(joined(entry.split_whitespace()), english);
                let other = other.filter(|other| other != english);
                assert_eq!(other, None, "{entry} is {english}");
            }
        }
        assert!(known.len() > 1_000, "{}", known.len());
    }

    #[test]
    fn words_and_phrases_are_found_in_any_case() {
        use WordClass::{Asking, Currency, MostAfter, MostBefore, Seeking};
        let lexicon = lexicon();
        assert!(lexicon.has("What's", Asking) && !lexicon.has("what is", Asking));
        assert!(lexicon.has_any("Rs", &[Asking, Currency]) && !lexicon.has_any("Rs", &[Asking]));
        let question = ["Is", "There", "a", "kettle", "not", "more", "than"];
        assert_eq!(lexicon.starts(&question, Seeking), Some(2));
        assert_eq!(lexicon.starts(&question[1..], Seeking), None);
        assert_eq!(lexicon.ends(&question, MostBefore), Some(3), "the longest");
        assert_eq!(lexicon.ends(&question[..4], MostBefore), None);
        assert!(lexicon.contains(&["2000", "ke", "andar"], MostAfter));
        assert!(!lexicon.contains(&["ke", "2000", "andar"], MostAfter));
        assert_eq!(lexicon.number("Second", NumberClass::Ordinal), Some(2.0));
        assert_eq!(lexicon.number("second", NumberClass::Cardinal), None);
        assert!(lexicon.is_hindi("Hai", Asking) && !lexicon.is_hindi("is", Asking));
        assert!(lexicon.all(Currency).any(|word| word == "rs"));
    }
}
