//! Which quote supports a sentence. Pure.
//!
//! Support is measured in words and in meaning: a good part of what a sentence claims has to be said in one quote, the
//! two have to be alike as a whole, and neither may deny what the other affirms. That lets through some untruths and
//! stops some truths, but no invention.

use std::collections::HashSet;

use crate::language::{self, WordClass, folded, is_negation, lexicon};
use crate::retrieval::Evidence;

/// This share of a sentence's telling words has to be in a quote for the sentence to rest on it …
const SHARE: f64 = 0.5;
/// … and the cosine similarity of the two has to be so great. Chosen on one half of the STS Benchmark's test pairs,
/// where sentences that mean the same (3.5 of 5 and more) were 91% of what passed; on the other half they were 94%, and
/// 66% of them passed. By words alone (two thirds of them) it was 83 and 82%, and 52% passed.
const LIKENESS: f32 = 0.7;
/// What stands in a quote word for word may be a small part of it, and so less alike.
const LIKENESS_OF_A_PART: f32 = 0.5;
/// What is said to be a quotation becomes the quote itself: it is enough to find which.
const SHARE_OF_A_QUOTATION: f64 = 0.66;
/// And at least so many of them: one word in common is chance.
const WORDS_IN_COMMON: usize = 2;
/// Whether somebody speaks of themselves.
pub(super) fn is_in_the_first_person(sentence: &str) -> bool {
    words(sentence).any(|word| lexicon().has(&word, WordClass::FirstPerson))
}

/// Whether a sentence says anything that could be true or not.
pub(super) fn claims_something(sentence: &str) -> bool {
    words(sentence).filter(|word| !is_speaker(word)).count() >= WORDS_IN_COMMON
}

/// Whether a sentence says that it quotes.
pub(super) fn quotes(sentence: &str) -> bool {
    sentence.contains(['"', '“'])
}

/// The evidence, from 1, that supports a sentence: of what it cites `by_itself` the first that does, else what supports
/// it best; the better ranked of equals. `likeness` is the sentence's cosine similarity to each piece.
pub(super) fn of(
    sentence: &str,
    evidence: &[Evidence],
    likeness: &[f32],
    by_itself: &[usize],
) -> Option<usize> {
    let said = telling_words(sentence);
    let brands: HashSet<String> = evidence.iter().filter_map(brand).collect();
    let named: Vec<String> = words(sentence).filter(|word| brands.contains(word)).collect();
    let share = |evidence: &Evidence| {
        // A product's name, or who says it, claims nothing.
        let name = telling_words(evidence.short_title());
        let claims = |word: &&String| !name.contains(*word) && !is_speaker(word);
        let claim: Vec<&String> = said.iter().filter(claims).collect();
        let quote = telling_words(&evidence.quote);
        let (found, missing): (Vec<&String>, Vec<&String>) =
            claim.iter().partition(|word| quote.contains(**word));
        let holds = found.len() >= WORDS_IN_COMMON
            && denies(sentence) == denies(&evidence.quote)
            // What is compared in the one and not in the other was never compared.
            && (!compares(sentence) || compares(&evidence.quote))
            // A number is quoted or invented, and what is said of one product is not true of another.
            && !missing.iter().any(|word| has_digit(word))
            && (named.is_empty() || brand(evidence).is_some_and(|brand| named.contains(&brand)));
        if holds {
            found.len() as f64 / claim.len() as f64
        } else {
            0.0
        }
    };
    let quotes = quotes(sentence);
    let is_enough = |share: f64, likeness: f32| match quotes {
        true => share >= SHARE_OF_A_QUOTATION,
        false if share >= 1.0 => likeness >= LIKENESS_OF_A_PART,
        false => share >= SHARE && likeness >= LIKENESS,
    };
    let shares: Vec<(usize, f64)> = (1..)
        .zip(evidence.iter().map(share))
        .zip(likeness)
        .filter(|((_, share), likeness)| is_enough(*share, **likeness))
        .map(|(share, _)| share)
        .collect();
    let cited = by_itself
        .iter()
        .find(|cited| shares.iter().any(|(number, _)| number == *cited));
    let best = shares
        .iter()
        .reduce(|best, other| if other.1 > best.1 { other } else { best })
        .map(|(number, _)| number);
    cited.or(best).copied()
}

/// The first word of a product's title.
pub(super) fn brand(evidence: &Evidence) -> Option<String> {
    words(evidence.short_title()).next()
}

fn compares(text: &str) -> bool {
    words(text).any(|word| lexicon().has(&word, WordClass::Than))
}

fn denies(text: &str) -> bool {
    words(text).any(|word| is_negation(&word))
}

/// Words of four letters or more, and everything with a digit: what is left when "the" and "is" go.
fn telling_words(text: &str) -> HashSet<String> {
    words(text)
        .filter(|word| word.chars().count() >= 4 || has_digit(word))
        .collect()
}

fn has_digit(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

/// Whether a word only says who speaks.
fn is_speaker(word: &str) -> bool {
    lexicon().has(word, WordClass::Speaker)
}

/// A text's words, as they are looked up.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    language::words(text).map(folded)
}
