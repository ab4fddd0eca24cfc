//! The words that a shop's buyers use, as the embedding model sees them.

use std::collections::HashMap;

use super::text::{Lexicon, Word};
use super::usage::Usage;
use crate::index::{Vectors, dot};

/// Words that are used less often than this have no vector …
const LEAST_USES: u32 = 3;
/// … nor have others than so many, those that are used most.
const MOST: usize = 8_000;

/// A unit vector for each word that is used often and does not only hold sentences together.
#[derive(Debug)]
pub(super) struct WordVectors {
    rows: HashMap<Word, usize>,
    words: Vec<Word>,
    vectors: Vectors,
}

impl WordVectors {
    /// Embeds the words with `embed`.
    pub(super) fn of<E>(
        lexicon: &Lexicon,
        usage: &[Usage],
        embed: impl FnOnce(&[&str]) -> Result<Vectors, E>,
    ) -> Result<Self, E> {
        let times = |word: Word| usage[word as usize].times;
        let is_used = |word: &Word| times(*word) >= LEAST_USES && !lexicon.role(*word).function;
        let mut words: Vec<Word> = lexicon.words().filter(is_used).collect();
        words.sort_by_key(|word| (std::cmp::Reverse(times(*word)), *word));
        words.truncate(MOST);
        // With its article a word is a noun where it can be one.
        let texts: Vec<String> = words
            .iter()
            .map(|word| format!("the {}", lexicon.name(*word)))
            .collect();
        let vectors = embed(&texts.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(Self {
            rows: words.iter().copied().zip(0..).collect(),
            words,
            vectors,
        })
    }

    /// The words that have vectors, those that are used most first.
    pub(super) fn words(&self) -> impl Iterator<Item = Word> {
        self.words.iter().copied()
    }

    /// The vector of a word.
    pub(super) fn get(&self, word: Word) -> Option<&[f32]> {
        Some(self.vectors.row(*self.rows.get(&word)?))
    }

    /// The cosine of two words; 0 where one has no vector.
    pub(super) fn cosine(&self, one: Word, other: Word) -> f32 {
        match (self.get(one), self.get(other)) {
            (Some(one), Some(other)) => dot(one, other),
            _ => 0.0,
        }
    }
}
