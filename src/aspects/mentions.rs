//! Who speaks of what in a passage: opinions are given to the things they stand beside. Pure.

use super::opinion::Opinions;
use super::text::{Lexicon, Token, beside};

/// Words that may stand between a thing and the "is" of its opinion: "the bass of it is".
const JOINING: isize = 3;
/// An opinion is about a thing of its clause at most so many words away.
const FAR: usize = 6;

/// A thing that is spoken of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    /// Which; a number that the caller gives.
    pub thing: u32,
    /// Position of its first word.
    pub first: usize,
    /// Position of its last.
    pub last: usize,
    /// The weights of what is said of it, added up: below 0 it is complained about.
    pub weight: f64,
    /// Whether an opinion is given to it.
    pub judged: bool,
    /// Whether an opinion stands right beside it.
    pub beside: bool,
    /// Whether an "is" follows, and something after it.
    pub described: bool,
    /// Whether a clause begins with it and goes on: "Lid shuts tight", "The battery lasts a week".
    pub leads: bool,
}

/// A passage being read.
pub(super) struct Sentence<'a> {
    pub lexicon: &'a Lexicon,
    pub opinions: &'a Opinions,
    pub tokens: &'a [Token],
}

impl Sentence<'_> {
    /// Gives every opinion of the passage to one of `spans`, which come in order, or to none.
    pub(super) fn attach(&self, spans: &mut [Span]) {
        for span in spans.iter_mut() {
            span.described = self.describes(span.last);
            span.leads = self.leads(span);
        }
        for at in 0..self.tokens.len() {
            if spans.iter().any(|span| (span.first..=span.last).contains(&at)) {
                continue;
            }
            let weight = self.opinions.weight(self.lexicon, self.tokens, at);
            if weight == 0.0 {
                continue;
            }
            if let Some((span, is_beside)) = self.about(at, spans) {
                spans[span].weight += weight;
                spans[span].judged = true;
                spans[span].beside |= is_beside;
            }
        }
    }

    /// What the passage says on the whole: of `spans`, its things, where it judges one, else of whatever.
    pub(super) fn tone(&self, spans: &[Span]) -> f64 {
        if spans.iter().any(|span| span.judged) {
            return spans.iter().map(|span| span.weight).sum();
        }
        let weight = |at| self.opinions.weight(self.lexicon, self.tokens, at);
        (0..self.tokens.len()).map(weight).sum()
    }

    /// Whether "is" and what something is follow what ends at `last`.
    fn describes(&self, last: usize) -> bool {
        let joins = |at: usize| self.lexicon.role(self.tokens[at].word).joins;
        beside(self.tokens, last, 1).is_some_and(joins) && beside(self.tokens, last, 2).is_some()
    }

    /// Whether nothing but a "the" or "its" stands before it in its clause, and something after it.
    fn leads(&self, span: &Span) -> bool {
        let first = match beside(self.tokens, span.first, -1) {
            Some(before) if self.lexicon.role(self.tokens[before].word).points => before,
            _ => span.first,
        };
        self.tokens[first].begins && beside(self.tokens, span.last, 1).is_some()
    }

    /// The span that the opinion at `at` is about, and whether it stands beside it.
    fn about(&self, at: usize, spans: &[Span]) -> Option<(usize, bool)> {
        let role = |at: usize| self.lexicon.role(self.tokens[at].word);
        let behind = || beside(self.tokens, at, 1).is_some_and(|next| role(next).joins_behind);
        if let Some(span) = self.joined_before(at, spans) {
            return Some((span, true));
        }
        let left = || self.right_before(at, spans);
        let right = || self.right_after(at, spans);
        let near = if behind() || self.names_things_first(at, spans) {
            left().or_else(right)
        } else {
            right().or_else(left)
        };
        near.map(|span| (span, true))
            .or_else(|| self.nearest(at, spans).map(|span| (span, false)))
    }

    /// "The bass of these is not very good": back over "not very", "is", and a few words more.
    fn joined_before(&self, at: usize, spans: &[Span]) -> Option<usize> {
        let role = |back: isize| {
            Some(
                self.lexicon
                    .role(self.tokens[beside(self.tokens, at, -back)?].word),
            )
        };
        let mut back = 1;
        while role(back).is_some_and(|role| !role.joins && (role.degree || role.negates || role.wishes)) {
            back += 1;
        }
        if !role(back)?.joins {
            return None;
        }
        for more in back + 1..=back + 1 + JOINING {
            let here = beside(self.tokens, at, -more)?;
            if let Some(span) = spans.iter().position(|span| span.last == here) {
                return Some(span);
            }
            if !role(more)?.function {
                return None;
            }
        }
        None
    }

    /// "bass very good", "bass accha hai".
    fn right_before(&self, at: usize, spans: &[Span]) -> Option<usize> {
        let mut back = 1;
        loop {
            let here = beside(self.tokens, at, -back)?;
            if let Some(span) = spans.iter().position(|span| span.last == here) {
                return Some(span);
            }
            let role = self.lexicon.role(self.tokens[here].word);
            if !(role.degree || role.negates || role.wishes) {
                return None;
            }
            back += 1;
        }
    }

    /// "good and clear bass": forward over other opinions and what joins them.
    fn right_after(&self, at: usize, spans: &[Span]) -> Option<usize> {
        for ahead in 1..=JOINING {
            let here = beside(self.tokens, at, ahead)?;
            if let Some(span) = spans.iter().position(|span| span.first == here) {
                return Some(span);
            }
            let role = self.lexicon.role(self.tokens[here].word);
            let says = self.opinions.weight(self.lexicon, self.tokens, here) != 0.0;
            if role.joins || role.joins_behind || !(role.function || says) {
                return None;
            }
        }
        None
    }

    /// Whether the clause names a thing before it says anything of one, as "sound good bass bad" does.
    fn names_things_first(&self, at: usize, spans: &[Span]) -> bool {
        let clause = (0..=at).rev().find(|&at| self.tokens[at].begins).unwrap_or(0);
        let thing = spans.iter().map(|span| span.first).find(|first| *first >= clause);
        let says = |at: &usize| self.opinions.weight(self.lexicon, self.tokens, *at) != 0.0;
        thing.is_some_and(|thing| thing < at && !(clause..thing).any(|at| says(&at)))
    }

    fn nearest(&self, at: usize, spans: &[Span]) -> Option<usize> {
        let distance = |span: &Span| match span.last < at {
            true => at - span.last,
            false => span.first - at,
        };
        let same_clause = |span: &Span| beside(self.tokens, at, span.first as isize - at as isize).is_some();
        (0..spans.len())
            .filter(|span| distance(&spans[*span]) <= FAR && same_clause(&spans[*span]))
            .min_by_key(|span| (distance(&spans[*span]), *span))
    }
}
