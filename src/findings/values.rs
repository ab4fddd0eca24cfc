//! Amounts in texts: "2 to 3 hours", "12L"; and what a title says of what is asked. Pure.

use std::collections::HashSet;

use serde::Serialize;

use super::shop::name;
use crate::language::{self, WordClass, lexicon};
use crate::query::{ParsedQuery, Word};

/// What stands between the parts of a title, beside blanks.
const PARTS: [char; 8] = [',', '(', ')', '|', ';', '–', '—', '/'];

/// The unit of money.
pub(super) const RUPEE: &str = "rupee";
/// Words before a sum of which one says that it was paid.
const PAYING: usize = 4;
/// The least sum that is taken for one without a unit.
const LEAST_SUM: f32 = 50.0;

/// An amount as buyers write it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Value {
    /// The least, …
    pub from: f32,
    /// … and the most; the same where one number stands there.
    pub to: f32,
    /// Of what, in the singular.
    pub unit: String,
    /// The smaller part of an amount in two units: "45 minutes" of "6 hours 45 minutes".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub and: Option<(f32, String)>,
    /// Reviews that say so.
    pub reviews: usize,
}

impl Value {
    /// Whether it is as much as another.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.from, self.to, &self.and) == (other.from, other.to, &other.and)
    }
}

/// The amounts in a text whose unit is one of `units`, each with the place of its number, counted in words.
pub(super) fn amounts(text: &str, units: &HashSet<String>) -> Vec<(usize, Value)> {
    let words: Vec<(usize, &str)> = tokens(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some(from) = number(words[at].1) else {
            at += 1;
            continue;
        };
        let is_range = words
            .get(at + 1)
            .is_some_and(|(_, word)| matches!(*word, "-" | "–") || lexicon().has(word, WordClass::RangeTo));
        let to = match is_range {
            true => words.get(at + 2).and_then(|(_, word)| number(word)),
            false => None,
        };
        let unit_at = at + if to.is_some() { 3 } else { 1 };
        // "UK 10. People say" ends a sentence with the number.
        let ends = words[unit_at - 1].1.ends_with('.');
        let unit = words
            .get(unit_at)
            .filter(|_| !ends)
            .map(|(_, word)| unit_of(word));
        let unit = unit.filter(|unit| units.contains(unit)).or_else(|| {
            let is_sum = units.contains(RUPEE) && is_sum(&words[..at], from);
            is_sum.then(|| RUPEE.to_string())
        });
        let Some(unit) = unit else {
            at = unit_at;
            continue;
        };
        let part = words.get(unit_at + 1).and_then(|(_, word)| number(word));
        let of_part = words
            .get(unit_at + 2)
            .and_then(|(_, word)| lexicon().unit(&language::folded(word)));
        let and = part
            .zip(of_part.map(str::to_string))
            .filter(|(_, of_part)| *of_part != unit);
        let to = to.unwrap_or(from);
        let value = Value {
            from: from.min(to),
            to: from.max(to),
            unit,
            reviews: 1,
            and,
        };
        let place = std::mem::replace(&mut at, unit_at + if value.and.is_some() { 3 } else { 1 });
        found.push((place, value));
    }
    found
}

/// Whether an amount without a unit, after these words, is one of money: behind the sign, or behind "paid" or "charge".
fn is_sum(before: &[(usize, &str)], amount: f32) -> bool {
    let last = &before[before.len().saturating_sub(PAYING)..];
    let has = |word: &str, classes: &[WordClass]| lexicon().has_any(word, classes);
    let signed = before
        .last()
        .is_some_and(|(_, word)| has(word, &[WordClass::Currency]));
    signed
        || amount >= LEAST_SUM
            && last
                .iter()
                .any(|(_, word)| has(word, &[WordClass::Price, WordClass::Paying]))
}

/// The unit that a word names, as it is compared.
fn unit_of(word: &str) -> String {
    let word = language::folded(word);
    match lexicon().unit(&word) {
        Some(unit) => unit.to_string(),
        None => language::stem(&word),
    }
}

/// The part of a title that says what is asked, in its own words; nothing where it only says what the product is.
pub(super) fn title_says(title: &str, query: &ParsedQuery) -> Option<String> {
    let short = crate::reviews::short_title(title);
    let tells = |word: &&Word| !word.names && !word.head && word.stem.chars().any(char::is_alphabetic);
    let name: HashSet<String> = name(short).collect();
    let asked = query.words.iter().filter(tells).map(|word| word.stem.as_str());
    let asked = asked.filter(|stem| !name.contains(*stem));
    let asked: Vec<&str> = asked.filter(|stem| lexicon().unit(stem).is_none()).collect();
    let says = |part: &str| {
        let stems: HashSet<String> = language::words(part).map(language::stem).collect();
        asked.iter().filter(|stem| stems.contains(**stem)).count()
    };
    let rest = &title[title.find(short).map_or(0, |at| at + short.len())..];
    let parts = rest.split(PARTS).map(str::trim).filter(|part| !part.is_empty());
    let best = parts.max_by_key(|part| says(part)).unwrap_or_default();
    // A word in common by chance says nothing of the whole.
    let enough = |said: usize| said > 0 && 2 * said >= asked.len();
    if enough(says(best)) {
        return Some(best.to_string());
    }
    if !enough(says(short)) {
        return None;
    }
    // In what people call it, only the words themselves.
    let words = language::words(short).filter(|word| asked.contains(&language::stem(word).as_str()));
    let mut said: Vec<&str> = Vec::new();
    words.for_each(|word| {
        if !said.contains(&word) {
            said.push(word)
        }
    });
    Some(said.join(" "))
}

/// Words, numbers and dashes, with where they begin; a number and the letters that follow it are two.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let class = |c: char| match c {
        c if c.is_ascii_digit() || c == '.' => 0,
        c if c.is_alphabetic() || c == '%' => 1,
        '-' | '–' => 2,
        _ => 3,
    };
    let mut tokens: Vec<(usize, &str)> = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        let class = class(c);
        if before != Some(class) || class == 3 {
            if matches!(before, Some(0..=2)) {
                tokens.push((start, &text[start..at]));
            }
            start = at;
        }
        before = Some(class);
    }
    tokens
}

/// The value of a numeral in digits or letters.
fn number(word: &str) -> Option<f32> {
    let digits = word.trim_end_matches('.').parse().ok();
    digits.or_else(|| lexicon().number(word, language::NumberClass::Cardinal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_buyers_write_them() {
        let units: HashSet<String> = ["hour", "page"].map(unit_of).into();
        let read = |text: &str| {
            let found = amounts(text, &units);
            let shown = found
                .iter()
                .map(|(_, value)| format!("{}-{} {}", value.from, value.to, value.unit));
            shown.collect::<Vec<_>>().join(", ")
        };
        let hour = unit_of("hours");
        assert_eq!(
            amounts("took 6 hrs 45 min", &units)[0].1.and,
            Some((45.0, "minute".into()))
        );
        for (text, expected) in [
            ("charges in 2 to 3 hours", format!("2-3 {hour}")),
            ("6-8hrs backup", format!("6-8 {hour}")),
            ("two hours, then 45 minutes", format!("2-2 {hour}")),
            ("1.5 hr.", format!("1.5-1.5 {hour}")),
            ("in 10. Hours later", String::new()),
            ("120 pages", format!("120-120 {}", unit_of("pages"))),
            ("3 kettles in 2", String::new()),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_title_speaks_for_itself_where_it_says_what_is_asked() {
        let word = |word: &str, head| Word {
            written: word.into(),
            stem: language::stem(word),
            weight: 1.0,
            names: false,
            kind: true,
            head,
        };
        let says = |title: &str, asked: &[&str]| {
            let words = asked.iter().map(|asked| word(asked, *asked == "set"));
            let query = ParsedQuery {
                words: words.collect(),
                ..ParsedQuery::default()
            };
            title_says(title, &query)
        };
        let title = "Cello Dinner Set, Microwave Safe (18 Pieces)";
        assert_eq!(
            says(title, &["set", "microwave", "safe"]).as_deref(),
            Some("Microwave Safe")
        );
        assert_eq!(says(title, &["set", "oven"]), None);
        assert_eq!(
            says(title, &["safe", "for", "hotstar", "and", "netflix"]),
            None,
            "one of five is chance"
        );
        assert_eq!(
            says("Velto Gym Pro Waterproof Watch", &["waterproof"]).as_deref(),
            Some("Waterproof")
        );
    }
}
