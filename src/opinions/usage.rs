//! How a shop's buyers use each word: as a thing, as a quality, as something done. Learned by counting what stands
//! beside it. Pure.

use super::text::{Lexicon, Token, Word, beside};

/// What stands beside one word, counted over all passages.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    /// Times it occurs.
    pub times: u32,
    /// After "the", "its", "of" …
    pub pointed: u32,
    /// After "this", unless "at this …".
    pub this: u32,
    /// After "very", "so" …
    pub degree: u32,
    /// Before "is", "was" …
    pub joined: u32,
    /// After "is", "was", with "not" between or without.
    pub said: u32,
    /// After "I", "to", "can" …
    pub acted: u32,
}

impl Usage {
    /// The share of its uses after "this": what means the product as a whole has more of them, what is a part of it
    /// less.
    pub(super) fn share_of_this(self) -> f64 {
        self.share(self.this)
    }

    fn share(self, count: u32) -> f64 {
        f64::from(count) / f64::from(self.times.max(1))
    }

    /// Whether it says what something is like: "very loud", "is loud". Seen on Indian reviews, qualities have shares
    /// of 0.2 to 0.7, things below 0.15.
    fn is_quality(self) -> bool {
        self.share(self.degree + self.said) > 0.2 && self.degree + self.said > self.pointed + self.joined
    }

    /// Whether it says what somebody or something does: "I hear", "does not connect".
    fn is_act(self) -> bool {
        self.share(self.acted) > 0.25 && self.acted > self.pointed + self.joined
    }

    /// Whether it means the product as a whole: "this headset is".
    pub(super) fn is_whole(self) -> bool {
        self.share_of_this() > 0.06 && f64::from(self.this) > 0.4 * f64::from(self.pointed)
    }
}

/// The usage of every word of the lexicon.
pub(super) fn usage(lexicon: &Lexicon, passages: &[Vec<Token>]) -> Vec<Usage> {
    let mut usage = vec![Usage::default(); lexicon.words().len()];
    for tokens in passages {
        for at in 0..tokens.len() {
            count(lexicon, tokens, at, &mut usage[tokens[at].word as usize]);
        }
    }
    usage
}

fn count(lexicon: &Lexicon, tokens: &[Token], at: usize, word: &mut Usage) {
    let role = |at: Option<usize>| at.map(|at| lexicon.role(tokens[at].word)).unwrap_or_default();
    let before = |back: isize| role(beside(tokens, at, -back));
    word.times += 1;
    word.joined += u32::from(role(beside(tokens, at, 1)).joins);
    word.pointed += u32::from(before(1).points);
    word.this += u32::from(before(1).this && !before(2).preposition);
    word.degree += u32::from(before(1).degree);
    word.acted += u32::from(before(1).acts);
    let mut back = 1;
    while before(back).degree || before(back).negates {
        back += 1;
    }
    word.said += u32::from(!before(1).degree && before(back).joins);
}

/// Which words can be what an opinion is about: neither what holds sentences together, nor a quality, an act, or the
/// product itself.
pub(super) fn things(lexicon: &Lexicon, usage: &[Usage]) -> Vec<bool> {
    let is_thing = |word: usize| {
        let (role, usage) = (lexicon.role(word as Word), usage[word]);
        !role.function && !usage.is_quality() && !usage.is_act() && !usage.is_whole()
    };
    (0..usage.len()).map(is_thing).collect()
}
