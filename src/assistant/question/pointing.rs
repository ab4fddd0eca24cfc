//! Words that point at products that were spoken of, and the same question with the products in their place. Pure.

use unicode_segmentation::UnicodeSegmentation;

use super::{Entity, Talk, labels};

/// Places in a list.
const ORDINALS: &[(&str, usize)] = &[
    ("first", 0),
    ("1st", 0),
    ("former", 0),
    ("pehla", 0),
    ("second", 1),
    ("2nd", 1),
    ("latter", 1),
    ("doosra", 1),
    ("dusra", 1),
    ("third", 2),
    ("3rd", 2),
    ("teesra", 2),
    ("fourth", 3),
    ("4th", 3),
];
/// What stands after a place in a list.
const THINGS: &[&str] = &["one", "option", "product", "item", "model", "wala", "wali"];
/// Words for one product …
const ONE: &[&str] = &["it", "iska", "iski", "iske", "isme", "ye", "yeh"];
/// … which after such a word, or at the beginning, are others as well.
const ONE_AFTER: &[&str] = &[
    "about", "can", "does", "for", "has", "is", "of", "than", "was", "will", "with",
];
/// Words for several.
const SEVERAL: &[&str] = &["both", "those", "these", "them", "they"];
/// Products that are spoken of at most as several.
const MOST: usize = 4;

/// A word with where it stands.
struct Word {
    /// In lower case, without "'s".
    text: String,
    /// Whether it has that.
    own: bool,
    start: usize,
    end: usize,
}

/// Whether a question has a word that points.
pub(super) fn points(question: &str) -> bool {
    let words = words(question);
    (0..words.len()).any(|at| pointer(&words, at).is_some())
}

/// The question with the names of products for what points at them; `None` where nothing points, or at nothing known.
pub(super) fn resolved(question: &str, talk: &Talk<'_>) -> Option<String> {
    let words = words(question);
    let named_first = talk
        .vocabulary
        .mentions(question)
        .first()
        .map_or(usize::MAX, |mention| mention.words[0].start);
    let mut text = String::with_capacity(question.len());
    let (mut copied, mut at) = (0, 0);
    while at < words.len() {
        let found = pointer(&words, at).and_then(|(pointer, next)| {
            let own = matches!(pointer, Pointer::One | Pointer::OnesOwn) && named_first < words[at].start;
            let name = talk.meant(pointer).filter(|name| !own && !name.is_empty())?;
            Some((name, pointer, next))
        });
        let Some((name, pointer, next)) = found else {
            at += 1;
            continue;
        };
        text.push_str(&question[copied..words[at].start]);
        text.push_str("the ");
        text.push_str(&name);
        if matches!(pointer, Pointer::OnesOwn | Pointer::SeveralOwn) || words[next - 1].own {
            text.push_str("'s");
        }
        copied = words[next - 1].end;
        at = next;
    }
    text.push_str(&question[copied..]);
    (copied > 0).then_some(text)
}

/// What a word, or some, point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pointer {
    One,
    OnesOwn,
    Several,
    SeveralOwn,
    Place(usize),
    Last,
    Other,
}

/// What the words from `at` on point at, with the word after them.
fn pointer(words: &[Word], at: usize) -> Option<(Pointer, usize)> {
    let word = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let one_of = |at: usize, list: &[&str]| list.contains(&word(at));
    let the = usize::from(word(at) == "the");
    if let Some(place) = place(word(at + the)) {
        let next = at + the + 1;
        if one_of(next, THINGS) {
            return Some((place, next + 1));
        }
        let ends = next == words.len() || one_of(next, &["is", "has", "or"]);
        let alone = matches!(place, Pointer::Place(_)) && the == 1 && ends;
        return (alone || one_of(at + the, &["former", "latter"])).then_some((place, next));
    }
    match word(at) {
        "number" | "no" | "option" => {
            let number: usize = word(at + 1)
                .parse()
                .ok()
                .filter(|number| (1..=MOST).contains(number))?;
            Some((Pointer::Place(number - 1), at + 2))
        }
        "its" => Some((Pointer::OnesOwn, at + 1)),
        "their" => Some((Pointer::SeveralOwn, at + 1)),
        "this" | "that" if one_of(at + 1, THINGS) => Some((Pointer::One, at + 2)),
        "this" | "that" => {
            let after = at == 0 || one_of(at - 1, ONE_AFTER);
            after.then_some((Pointer::One, at + 1))
        }
        "these" if word(at + 1) == "days" => None,
        "the" if one_of(at + 1, &["two", "three"]) => Some((Pointer::Several, at + 2)),
        one if ONE.contains(&one) => Some((Pointer::One, at + 1)),
        several if SEVERAL.contains(&several) => {
            let mut next = at + 1;
            if several == "both" && word(next) == "of" {
                next += 2;
            }
            next += usize::from(one_of(next, &["two", "three", "products"]));
            Some((Pointer::Several, next.min(words.len())))
        }
        _ => None,
    }
}

fn place(word: &str) -> Option<Pointer> {
    match word {
        "last" => Some(Pointer::Last),
        "other" => Some(Pointer::Other),
        _ => {
            let found = ORDINALS.iter().find(|(ordinal, _)| *ordinal == word)?;
            Some(Pointer::Place(found.1))
        }
    }
}

impl Talk<'_> {
    /// What is pointed at.
    fn meant(&self, pointer: Pointer) -> Option<String> {
        let (named, shown) = (self.named.as_slice(), self.shown.as_slice());
        let list = if shown.len() > 1 || named.is_empty() {
            shown
        } else {
            named
        };
        let one = match named {
            [one] => Some(one),
            _ => shown.first().or(named.first()),
        };
        let several = match (named, shown) {
            ([_, _, ..], _) => named,
            (_, []) => named,
            _ => shown,
        };
        let label = |entity: &Entity| entity.label.clone();
        match pointer {
            Pointer::One | Pointer::OnesOwn => one.map(label),
            Pointer::Several | Pointer::SeveralOwn => Some(labels(&several[..several.len().min(MOST)])),
            Pointer::Place(place) => list.get(place).map(label),
            Pointer::Last => list.last().map(label),
            Pointer::Other => list.iter().find(|entity| Some(*entity) != one).map(label),
        }
    }
}

fn words(text: &str) -> Vec<Word> {
    text.unicode_word_indices()
        .map(|(start, word)| {
            let lower = word.to_lowercase();
            let bare = lower.trim_end_matches("'s").trim_end_matches("’s");
            Word {
                own: bare.len() < lower.len(),
                text: bare.to_string(),
                start,
                end: start + word.len(),
            }
        })
        .collect()
}
