//! Which words praise and which complain, learned from the stars of the reviews that have them. Pure.
//!
//! A word's weight is the logarithm of how much commoner it is in reviews of four and five stars than in those of one
//! and two, trusted where it is far beyond chance (Monroe, Colaresi and Quinn 2008,
//! <https://doi.org/10.1093/pan/mpn018>). "not good" is a word of its own. Where the shop has too few reviews to tell,
//! what the language says of a word holds.

use super::role::Role;
use super::text::{Lexicon, Token, Word, beside};
use super::usage::Usage;

/// A review is counted as half of one more of either kind, so that what never occurred is no certainty.
const PRIOR: f64 = 0.5;
/// Standard deviations from chance at which the stars are believed …
const SURE: f64 = 3.0;
/// … and how much commoner, as a logarithm, an opinion is at least.
const TELLING: f64 = 0.4;
/// No word outweighs all others.
const MOST: f64 = 3.0;
/// The weight of a word that only the language knows.
const KNOWN: f64 = 1.5;
/// How many words a "not" reaches over.
const REACH: isize = 3;

/// The weight of "except": of what follows, the opposite holds.
const EXCEPTED: f64 = -1.5;

/// What every word says of what it is said of.
pub(super) struct Opinions {
    plain: Vec<Option<f64>>,
    negated: Vec<Option<f64>>,
    /// What the language says of it, and whether the shop's buyers use it as a quality or an act: other words, as
    /// "month" and "seller", go with good or bad stars without being an opinion.
    known: Vec<(Role, bool)>,
}

/// In how many reviews a word occurs, by their stars.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Four and five stars.
    liked: u32,
    /// One and two.
    disliked: u32,
    /// The last review in which it was seen, so that none counts twice.
    last: u32,
}

impl Opinions {
    /// Learns from passages, which come in the order of reviews; `review` gives each one's number and stars.
    pub(super) fn learn(
        lexicon: &Lexicon,
        usage: &[Usage],
        passages: &[Vec<Token>],
        review: impl Fn(usize) -> (u32, u8),
    ) -> Self {
        let mut plain = vec![Seen::default(); lexicon.len()];
        let mut negated = plain.clone();
        let (mut all, mut last) = ([0_u32; 2], None);
        for (at, tokens) in passages.iter().enumerate() {
            let (number, stars) = review(at);
            let liked = match stars {
                4.. => true,
                3 => continue,
                _ => false,
            };
            if last != Some(number) {
                all[usize::from(liked)] += 1;
                last = Some(number);
            }
            for at in 0..tokens.len() {
                let seen = if is_negated(lexicon, tokens, at) {
                    &mut negated
                } else {
                    &mut plain
                };
                let seen = &mut seen[tokens[at].word as usize];
                if seen.last != number + 1 {
                    seen.last = number + 1;
                    seen.liked += u32::from(liked);
                    seen.disliked += u32::from(!liked);
                }
            }
        }
        let voice = |(word, usage): (Word, &Usage)| {
            let role = lexicon.role(word);
            (role, role.done || usage.is_quality() || usage.is_act())
        };
        let weights = |seen: Vec<Seen>| seen.into_iter().map(|seen| weight(seen, all)).collect();
        Self {
            plain: weights(plain),
            negated: weights(negated),
            known: (0..).zip(usage).map(voice).collect(),
        }
    }

    /// What the word at `at` says where it stands; 0 where it says nothing.
    pub(super) fn weight(&self, lexicon: &Lexicon, tokens: &[Token], at: usize) -> f64 {
        let word = tokens[at].word as usize;
        let (role, voices) = self.known[word];
        if role.excepts {
            return EXCEPTED;
        }
        if role.function || !(voices || role.opinion != 0) {
            return 0.0;
        }
        let known = f64::from(role.opinion) * KNOWN;
        let plain = match (self.plain[word], known) {
            // The stars may say how much, but not that "good" is bad because buyers write "not that good".
            (Some(learned), known) if known == 0.0 || learned * known > 0.0 => learned,
            _ => known,
        };
        if is_negated(lexicon, tokens, at) {
            self.negated[word].unwrap_or(-plain)
        } else if plain > 0.0 && is_wished(lexicon, tokens, at) {
            -plain
        } else {
            plain
        }
    }
}

fn weight(seen: Seen, all: [u32; 2]) -> Option<f64> {
    let odds = |count: u32, of: u32| {
        let (count, of) = (f64::from(count) + PRIOR, f64::from(of) + 2.0 * PRIOR);
        (count / (of - count)).ln()
    };
    let [disliked, liked] = all;
    let weight = odds(seen.liked, liked) - odds(seen.disliked, disliked);
    let deviation = (1.0 / (f64::from(seen.liked) + PRIOR) + 1.0 / (f64::from(seen.disliked) + PRIOR)).sqrt();
    (weight.abs() >= TELLING && (weight / deviation).abs() >= SURE).then(|| weight.clamp(-MOST, MOST))
}

/// Whether a "not" stands a little before the word, or a Hindi "nahi" behind it.
fn is_negated(lexicon: &Lexicon, tokens: &[Token], at: usize) -> bool {
    let behind = beside(tokens, at, 1).map(|next| tokens[next].word);
    before(lexicon, tokens, at, |role| role.negates)
        || behind.is_some_and(|next| lexicon.role(next).negates && lexicon.name(next).starts_with("na"))
}

/// Whether the word is only wished for: "could be better".
fn is_wished(lexicon: &Lexicon, tokens: &[Token], at: usize) -> bool {
    before(lexicon, tokens, at, |role| role.wishes)
}

fn before(lexicon: &Lexicon, tokens: &[Token], at: usize, is: fn(Role) -> bool) -> bool {
    (1..=REACH)
        .map_while(|back| beside(tokens, at, -back))
        .any(|at| is(lexicon.role(tokens[at].word)))
}
