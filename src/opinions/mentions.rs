//! Where a passage speaks of a thing, and how it stands there. Pure.

use std::ops::Range;

use super::text::{Lexicon, Token, Word, beside};

/// Words of a clause on each side of a thing that tell how it is meant. Of 2 to 6, on the training sentences of
/// SemEval-2014, 4 to 6 were equally good.
const WINDOW: isize = 4;

/// A thing that is spoken of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    /// Which.
    pub thing: Word,
    /// Position of its first word; small, because a large shop has hundreds of thousands of these.
    first: u16,
    /// Position of its last.
    last: u16,
}

impl Span {
    /// A thing that is named by these words of a passage.
    pub(super) fn new(thing: Word, first: usize, last: usize) -> Self {
        let small = |at: usize| u16::try_from(at).expect("a passage has some hundred words");
        Self {
            thing,
            first: small(first),
            last: small(last),
        }
    }

    /// Position of its first word.
    pub(super) fn first(&self) -> usize {
        usize::from(self.first)
    }

    /// Position of its last.
    pub(super) fn last(&self) -> usize {
        usize::from(self.last)
    }

    /// Whether "is" and what something is follow the thing.
    pub(super) fn is_described(&self, lexicon: &Lexicon, tokens: &[Token]) -> bool {
        let joins = |at: usize| lexicon.role(tokens[at].word).joins;
        beside(tokens, self.last(), 1).is_some_and(joins) && beside(tokens, self.last(), 2).is_some()
    }

    /// Whether nothing but a "the" or "its" stands before the thing in its clause, and something after it that is no
    /// thing: "Lid shuts tight", "The battery lasts a week", but not "Super sound".
    pub(super) fn leads(&self, lexicon: &Lexicon, tokens: &[Token], is_thing: impl Fn(Word) -> bool) -> bool {
        let first = match beside(tokens, self.first(), -1) {
            Some(before) if lexicon.role(tokens[before].word).points => before,
            _ => self.first(),
        };
        tokens[first].begins
            && beside(tokens, self.last(), 1).is_some_and(|next| !is_thing(tokens[next].word))
    }

    /// The thing with the words of its clause around it.
    pub(super) fn window<'a>(&self, tokens: &[Token], passage: &'a str) -> &'a str {
        let reach = |from: usize, step: isize| {
            let reached = (1..=WINDOW).map_while(|steps| beside(tokens, from, step * steps));
            reached.last().unwrap_or(from)
        };
        let (first, last) = (reach(self.first(), -1), reach(self.last(), 1));
        &passage[tokens[first].start as usize..tokens[last].end as usize]
    }
}

/// What stands at `range`, a range of bytes, with the words of its clause around it, as it is read in reviews.
pub(crate) fn window(passage: &str, range: Range<usize>) -> &str {
    let mut lexicon = Lexicon::default();
    let tokens = lexicon.read(passage);
    let inside = |token: &&Token| (token.start as usize) < range.end && range.start < token.end as usize;
    let mut inside = (0..)
        .zip(&tokens)
        .filter(|(_, token)| inside(token))
        .map(|(at, _)| at);
    let Some(first) = inside.next() else {
        return passage;
    };
    let last = inside.last().unwrap_or(first);
    Span::new(tokens[first].word, first, last).window(&tokens, passage)
}
