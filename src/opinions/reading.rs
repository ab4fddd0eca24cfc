//! The reviews of a shop, read once: numbered words, how they are used, and their vectors.

use std::collections::HashSet;

use super::mentions::Span;
use super::text::{Lexicon, Token};
use super::usage::{self, Usage};
use super::word_vectors::WordVectors;
use crate::index::Vectors;
use crate::reviews::{Corpus, Passage, ProductId, Review};

/// What is learned from.
pub(crate) struct Source<'a> {
    /// The reviews.
    pub corpus: &'a Corpus,
    /// Their passages.
    pub passages: &'a [Passage],
    /// The unit vector of each passage.
    pub vector: &'a dyn Fn(usize) -> &'a [f32],
    /// The words that the embedding model knows.
    pub known: &'a HashSet<String>,
    /// Numbers in a vector.
    pub dimension: usize,
}

/// Calls its second argument with the position of each text and its unit vector, in any order.
pub(crate) type Embed<'a, E> = &'a mut dyn FnMut(&[&str], &mut dyn FnMut(usize, &[f32])) -> Result<(), E>;

/// The reviews, with all that is known of their words.
pub(super) struct Reading<'r, 's> {
    pub source: &'r Source<'s>,
    pub lexicon: Lexicon,
    pub usage: Vec<Usage>,
    pub words: WordVectors,
    /// The words of each passage.
    pub tokens: Vec<Vec<Token>>,
}

impl<'r, 's> Reading<'r, 's> {
    /// Reads the reviews and embeds their words.
    ///
    /// # Errors
    /// Those of `embed`.
    pub(super) fn of<E>(source: &'r Source<'s>, embed: Embed<'_, E>) -> Result<Self, E> {
        let mut lexicon = Lexicon::default();
        let passages = source.passages.iter();
        let tokens: Vec<Vec<Token>> = passages
            .map(|passage| lexicon.read(passage.text(source.corpus)))
            .collect();
        let usage = usage::usage(&lexicon, &tokens);
        let words = WordVectors::of(&lexicon, &usage, |texts| vectors(source.dimension, texts, embed))?;
        Ok(Self {
            source,
            lexicon,
            usage,
            words,
            tokens,
        })
    }

    pub(super) fn review(&self, passage: u32) -> &'s Review {
        &self.source.corpus.reviews[self.source.passages[passage as usize].review.0 as usize]
    }

    pub(super) fn product(&self, passage: u32) -> ProductId {
        self.review(passage).product
    }

    /// The words around a thing in a passage.
    pub(super) fn window(&self, passage: u32, span: &Span) -> &'s str {
        let text = self.source.passages[passage as usize].text(self.source.corpus);
        span.window(&self.tokens[passage as usize], text)
    }
}

/// The vectors of texts, in their order.
pub(super) fn vectors<E>(dimension: usize, texts: &[&str], embed: Embed<'_, E>) -> Result<Vectors, E> {
    let mut vectors = Vectors::zeros(dimension, texts.len());
    embed(texts, &mut |at, vector| {
        vectors.row_mut(at).copy_from_slice(vector);
    })?;
    Ok(vectors)
}
