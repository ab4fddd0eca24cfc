//! Passages in; numbered words, with where a clause begins, out. Pure.

use std::collections::HashMap;

use super::role::{Role, role};
use crate::language::word_indices;

/// A word of a [`Lexicon`], singular: "battery" and "batteries" are one.
pub(super) type Word = u32;

/// A word where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub word: Word,
    /// Whether it begins a clause: a mark parts it from the word before it, or it is a "but".
    pub begins: bool,
    /// Its first byte in the passage …
    pub start: u32,
    /// … and the one after its last.
    pub end: u32,
}

/// All words of a shop's passages, numbered as they first occur.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    /// Each word as written in lower case: its number, and how often it is written so.
    forms: HashMap<String, (Word, u32)>,
    singular: HashMap<String, Word>,
    roles: Vec<Role>,
    names: Vec<String>,
}

impl Lexicon {
    /// Every word.
    pub(super) fn words(&self) -> std::ops::Range<Word> {
        0..self.names.len() as Word
    }

    /// The word's singular.
    pub(super) fn name(&self, word: Word) -> &str {
        &self.names[word as usize]
    }

    pub(super) fn role(&self, word: Word) -> Role {
        self.roles[word as usize]
    }

    /// The number of a word, in whatever form, where it occurs.
    pub(super) fn find(&self, written: &str) -> Option<Word> {
        let written = lowered(written);
        let form = self.forms.get(written.as_str()).map(|(word, _)| *word);
        form.or_else(|| self.singular.get(singular(&written).as_str()).copied())
    }

    /// Each word as it is written most often.
    pub(super) fn written_most(&self) -> Vec<String> {
        let mut most: Vec<(u32, &str)> = vec![(0, ""); self.names.len()];
        for (form, (word, times)) in &self.forms {
            let best = &mut most[*word as usize];
            if (*times, best.1) > (best.0, form.as_str()) {
                *best = (*times, form);
            }
        }
        most.into_iter().map(|(_, form)| form.to_string()).collect()
    }

    /// The words of `text`, numbered.
    pub(super) fn read(&mut self, text: &str) -> Vec<Token> {
        let mut end = 0;
        let token = |(start, written): (usize, &str)| {
            let word = self.number(written);
            let begins = end == 0 || parts(&text[end..start]) || self.role(word).turns;
            end = start + written.len();
            Token {
                word,
                begins,
                start: start as u32,
                end: end as u32,
            }
        };
        word_indices(text).flat_map(apart).map(token).collect()
    }

    fn number(&mut self, written: &str) -> Word {
        let form = lowered(written);
        if let Some((word, times)) = self.forms.get_mut(form.as_str()) {
            *times += 1;
            return *word;
        }
        let known = role(&form);
        let name = if known.is_some() {
            form.clone()
        } else {
            singular(&form)
        };
        let next = u32::try_from(self.names.len())
            .expect("no shop's reviews have more than u32::MAX different words");
        let word = *self.singular.entry(name.clone()).or_insert(next);
        if word == next {
            let known = known.or_else(|| role(&name));
            let number = form.chars().all(|c| !c.is_alphabetic()) || form.chars().count() < 2;
            let mut role = known.unwrap_or_default();
            role.function |= number;
            self.roles.push(role);
            self.names.push(name);
        }
        self.forms.insert(form, (word, 1));
        word
    }
}

/// Unicode takes "superb.Overall" and "good:bass" for one word each; buyers forget the space.
fn apart((start, word): (usize, &str)) -> impl Iterator<Item = (usize, &str)> {
    let parts = word.split(['.', ':', ',', '_']).filter(|part| !part.is_empty());
    parts.map(move |part| (start + (part.as_ptr() as usize - word.as_ptr() as usize), part))
}

/// The position `steps` words after `at`, or before it, if it is in the same clause.
pub(super) fn beside(tokens: &[Token], at: usize, steps: isize) -> Option<usize> {
    let to = at.checked_add_signed(steps).filter(|to| *to < tokens.len())?;
    let parted = tokens[at.min(to) + 1..=at.max(to)]
        .iter()
        .any(|token| token.begins);
    (!parted).then_some(to)
}

/// Whether what stands between two words parts them.
fn parts(gap: &str) -> bool {
    gap.chars()
        .any(|c| !c.is_whitespace() && !matches!(c, '\'' | '"' | '’' | '*' | '(' | ')'))
        && !matches!(gap, "-" | "/" | "'" | "&")
}

fn lowered(written: &str) -> String {
    let lower = written.to_lowercase().replace('’', "'");
    lower.strip_suffix("'s").map_or(lower.clone(), str::to_string)
}

/// A word as it is looked up: in lower case, singular.
pub(crate) fn singular_of(written: &str) -> String {
    singular(&lowered(written))
}

/// English plurals cut; every other word as it is.
fn singular(word: &str) -> String {
    let letters = word.chars().count();
    let keeps = ["ss", "us", "is", "'s"].iter().any(|end| word.ends_with(end));
    if letters < 4 || keeps {
        return word.to_string();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|_| letters > 4) {
        return format!("{stem}y");
    }
    let hisses = ["sses", "shes", "ches", "xes"]
        .iter()
        .any(|end| word.ends_with(end));
    let cut = if hisses {
        2
    } else {
        usize::from(word.ends_with('s'))
    };
    word[..word.len() - cut].to_string()
}
