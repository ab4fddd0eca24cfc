//! The words around an amount that make a bound of it: "under", "at least", "or more", "between … and". Pure.

use super::amounts::{Amount, Token};
use crate::language::{WordClass, lexicon};

/// What the words say of the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// No more than it.
    Most,
    /// No less than it.
    Least,
    /// No less than it, said with words that count things as well: "at least 4".
    LeastOf,
    /// Near it.
    About,
    /// An amount to spend, if it is money: "for 2000", "in 15k".
    Spend,
}

/// The classes of words before an amount, with what they say of it …
const BEFORE: [(WordClass, Bound); 5] = [
    (WordClass::MostBefore, Bound::Most),
    (WordClass::LeastBefore, Bound::Least),
    (WordClass::AtLeastBefore, Bound::LeastOf),
    (WordClass::AboutBefore, Bound::About),
    (WordClass::SpendBefore, Bound::Spend),
];
/// … and after it.
const AFTER: [(WordClass, Bound); 4] = [
    (WordClass::MostAfter, Bound::Most),
    (WordClass::LeastAfter, Bound::Least),
    (WordClass::AtLeastAfter, Bound::LeastOf),
    (WordClass::AboutAfter, Bound::About),
];
/// So many words may stand between a bound and its amount: "budget is around 2000", "under a price of 2000".
const MOST_BETWEEN: usize = 3;
/// Tokens in which the words of a bound stand, with what stands between.
const NEAR: usize = 12;

/// A bound, and the tokens from the first of its words to behind the last, the amount's among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounded {
    /// Which.
    pub bound: Bound,
    /// The first token.
    pub first: usize,
    /// The token after the last.
    pub next: usize,
}

/// The bound that stands before the amount, if one does; else the one that stands after it.
pub(super) fn bound(tokens: &[Token<'_>], amount: &Amount) -> Option<Bounded> {
    before(tokens, amount.first).map_or_else(
        || {
            let (bound, next) = after(tokens, amount.next)?;
            Some(Bounded {
                bound,
                first: amount.first,
                next,
            })
        },
        |(bound, first)| {
            Some(Bounded {
                bound,
                first,
                next: amount.next,
            })
        },
    )
}

/// The bound whose words end before the token `end`, with its first token.
fn before(tokens: &[Token<'_>], end: usize) -> Option<(Bound, usize)> {
    // A long question has many amounts, so only what is near is looked at.
    let from = end.saturating_sub(NEAR);
    let (tokens, mut end) = (&tokens[from..end], end - from);
    let words: Vec<&str> = tokens.iter().map(|token| token.text).collect();
    for _ in 0..=MOST_BETWEEN {
        let ending = |(class, bound): &(WordClass, Bound)| {
            let length = lexicon().ends(&words[..end], *class)?;
            Some((*bound, from + end - length))
        };
        // The longest: "not more than" ends as "more than" does.
        let found = BEFORE.iter().filter_map(ending).min_by_key(|(_, first)| *first);
        if found.is_some() {
            return found;
        }
        if end == 0 || !stands_between(&tokens[end - 1]) {
            return None;
        }
        end -= 1;
    }
    None
}

fn stands_between(token: &Token<'_>) -> bool {
    matches!(token.text, "=" | ":")
        || token.has(WordClass::Linking)
        || token.has(WordClass::Price)
        || token.has(WordClass::Rating)
}

/// The bound whose words begin with the token `start`, with the token after its last.
pub(super) fn after(tokens: &[Token<'_>], start: usize) -> Option<(Bound, usize)> {
    let rest = tokens.get(start..)?;
    if rest.first().is_some_and(|token| token.text == "+") {
        return Some((Bound::LeastOf, start + 1));
    }
    let words: Vec<&str> = rest.iter().take(NEAR).map(|token| token.text).collect();
    let beginning = |(class, bound): &(WordClass, Bound)| {
        let length = lexicon().starts(&words, *class)?;
        Some((*bound, start + length))
    };
    AFTER.iter().filter_map(beginning).max_by_key(|(_, next)| *next)
}

/// Where `one` and `other` are the ends of a range ("between … and …", "… to …", "… - …"), its first token.
pub(super) fn range(tokens: &[Token<'_>], one: &Amount, other: &Amount) -> Option<usize> {
    let between = tokens.get(one.next..other.first)?;
    let [between] = between else { return None };
    let start = || {
        let before = one.first.checked_sub(1)?;
        tokens[before].has(WordClass::RangeStart).then_some(before)
    };
    if between.text == "&" || between.has(WordClass::Conjunction) {
        return start();
    }
    let joined = matches!(between.text, "-" | "–" | "—") || between.has(WordClass::RangeTo);
    joined.then(|| start().unwrap_or(one.first))
}
