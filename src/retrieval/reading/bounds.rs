//! The words around an amount that make a bound of it: "under", "at least", "or more", "between … and". Pure.

use super::amounts::{Amount, Token};

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

const BEFORE: &[(&str, Bound)] = &[
    ("under", Bound::Most),
    ("below", Bound::Most),
    ("within", Bound::Most),
    ("inside", Bound::Most),
    ("upto", Bound::Most),
    ("up to", Bound::Most),
    ("max", Bound::Most),
    ("maximum", Bound::Most),
    ("at most", Bound::Most),
    ("less than", Bound::Most),
    ("lesser than", Bound::Most),
    ("lower than", Bound::Most),
    ("cheaper than", Bound::Most),
    ("not more than", Bound::Most),
    ("no more than", Bound::Most),
    ("not over", Bound::Most),
    ("not above", Bound::Most),
    ("not exceeding", Bound::Most),
    ("budget", Bound::Most),
    ("above", Bound::Least),
    ("over", Bound::Least),
    ("more than", Bound::Least),
    ("greater than", Bound::Least),
    ("higher than", Bound::Least),
    ("better than", Bound::Least),
    ("not less than", Bound::LeastOf),
    ("no less than", Bound::LeastOf),
    ("not below", Bound::LeastOf),
    ("not under", Bound::LeastOf),
    ("at least", Bound::LeastOf),
    ("atleast", Bound::LeastOf),
    ("minimum", Bound::LeastOf),
    ("min", Bound::LeastOf),
    ("starting at", Bound::LeastOf),
    ("starting from", Bound::LeastOf),
    ("around", Bound::About),
    ("about", Bound::About),
    ("approx", Bound::About),
    ("approximately", Bound::About),
    ("roughly", Bound::About),
    ("near", Bound::About),
    ("lagbhag", Bound::About),
    ("for", Bound::Spend),
    ("in", Bound::Spend),
];
const AFTER: &[(&str, Bound)] = &[
    ("or less", Bound::Most),
    ("or under", Bound::Most),
    ("or below", Bound::Most),
    ("or lower", Bound::Most),
    ("or cheaper", Bound::Most),
    ("and below", Bound::Most),
    ("and under", Bound::Most),
    ("max", Bound::Most),
    ("maximum", Bound::Most),
    ("budget", Bound::Most),
    ("tak", Bound::Most),
    ("se kam", Bound::Most),
    ("se niche", Bound::Most),
    ("se neeche", Bound::Most),
    ("ke andar", Bound::Most),
    ("ke niche", Bound::Most),
    ("ke neeche", Bound::Most),
    ("or more", Bound::LeastOf),
    ("or above", Bound::Least),
    ("or higher", Bound::Least),
    ("or better", Bound::Least),
    ("or up", Bound::Least),
    ("and above", Bound::Least),
    ("and higher", Bound::Least),
    ("and up", Bound::Least),
    ("and more", Bound::LeastOf),
    ("onwards", Bound::Least),
    ("plus", Bound::LeastOf),
    ("+", Bound::LeastOf),
    ("se upar", Bound::Least),
    ("se zyada", Bound::Least),
    ("se jyada", Bound::Least),
    ("range", Bound::About),
    ("price range", Bound::About),
    ("ke aas paas", Bound::About),
];
/// Words that may stand between a bound and its amount: "budget is around 2000", "under a price of 2000".
const BETWEEN: &[&str] = &[
    "a", "is", "of", "the", "price", "rating", "cost", "be", "to", "my", "=", ":",
];
/// So many of them.
const MOST_BETWEEN: usize = 3;

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
    let mut end = end;
    for _ in 0..=MOST_BETWEEN {
        let ending = |(phrase, bound): &(&str, Bound)| {
            let first = end.checked_sub(phrase.split(' ').count())?;
            is(&tokens[first..end], phrase).then_some((*bound, first))
        };
        // The longest: "not more than" ends as "more than" does.
        let found = BEFORE.iter().filter_map(ending).min_by_key(|(_, first)| *first);
        if found.is_some() {
            return found;
        }
        if end == 0 || !tokens[end - 1].is_one_of(BETWEEN) {
            return None;
        }
        end -= 1;
    }
    None
}

/// The bound whose words begin with the token `start`, with the token after its last.
pub(super) fn after(tokens: &[Token<'_>], start: usize) -> Option<(Bound, usize)> {
    let beginning = |(phrase, bound): &(&str, Bound)| {
        let next = start + phrase.split(' ').count();
        let written = tokens.get(start..next)?;
        is(written, phrase).then_some((*bound, next))
    };
    AFTER.iter().filter_map(beginning).max_by_key(|(_, next)| *next)
}

/// Where `one` and `other` are the ends of a range ("between … and …", "… to …", "… - …"), its first token.
pub(super) fn range(tokens: &[Token<'_>], one: &Amount, other: &Amount) -> Option<usize> {
    let between = tokens.get(one.next..other.first)?;
    let [between] = between else { return None };
    let starts = |word: &str| {
        let before = one.first.checked_sub(1)?;
        tokens[before].is(word).then_some(before)
    };
    if between.is_one_of(&["and", "&"]) {
        return starts("between");
    }
    let joined = between.is_one_of(&["to", "-", "–", "—", "se"]);
    joined.then(|| starts("between").or(starts("from")).unwrap_or(one.first))
}

fn is(tokens: &[Token<'_>], phrase: &str) -> bool {
    tokens
        .iter()
        .zip(phrase.split(' '))
        .all(|(token, word)| token.is(word))
}
