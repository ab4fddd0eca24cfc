//! Of several kinds of products that a question speaks of, those that it asks for: of "which power bank charges a
//! laptop?", the power bank. Pure.

use std::collections::BTreeSet;
use std::ops::Range;

use super::intent;
use super::kinds::Asked;
use crate::reviews::ProductId;

/// The kind that stands behind one of these is asked for, as is one behind a word that asks to choose.
const LEADS: &[&str] = &["any", "best", "other", "what", "worst"];
/// One behind these is what something is used with.
const BESIDE: &[&str] = &["for", "in", "on", "onto", "to", "with"];
/// May stand between these and a kind.
const ARTICLES: &[&str] = &["a", "an", "my", "our", "the", "this", "your"];
/// What stands between two kinds that are both asked for.
const JOINS: &[&str] = &["and", "aur", "nor", "or", "than", "versus", "vs", "ya"];
/// What stands between a part and the kind that it is a part of.
const PARTS: &[&str] = &["inside", "of"];

/// Takes its being a kind from each word whose kind is not asked for, so that it becomes something asked about.
///
/// `of_kind` are the products of the kind that a word names. Where the question names products (`named`), the kinds are
/// theirs, and those that are said together with a name.
pub(super) fn set_aside<'a>(
    asked: &mut [Asked<'_>],
    of_kind: impl Fn(&Asked<'_>) -> Option<&'a BTreeSet<ProductId>>,
    named: &BTreeSet<ProductId>,
) {
    let kinds = kinds(asked, &of_kind);
    let kept = match named.is_empty() {
        true => asked_for(asked, &kinds),
        false => kinds.iter().map(|kind| is_by_a_name(asked, kind)).collect(),
    };
    let products = |kind: &Range<usize>| -> BTreeSet<ProductId> {
        let words = asked[kind.clone()].iter();
        words.filter_map(&of_kind).flatten().copied().collect()
    };
    let mut wanted = named.clone();
    let mut aside = Vec::new();
    for (kind, kept) in kinds.into_iter().zip(kept) {
        match kept {
            true => wanted.extend(products(&kind)),
            false => aside.push(kind),
        }
    }
    // "The power bank with the most power" speaks of one kind, twice.
    aside.retain(|kind| products(kind).is_disjoint(&wanted));
    for word in aside.into_iter().flatten() {
        asked[word].kind = false;
    }
}

/// Where the words for kinds stand, those that follow one another as one.
fn kinds<'a>(
    asked: &[Asked<'_>],
    of_kind: &impl Fn(&Asked<'_>) -> Option<&'a BTreeSet<ProductId>>,
) -> Vec<Range<usize>> {
    let mut kinds: Vec<Range<usize>> = Vec::new();
    for (at, word) in asked.iter().enumerate() {
        if word.names || !word.kind || of_kind(word).is_none() {
            continue;
        }
        match kinds.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ => kinds.push(at..at + 1),
        }
    }
    kinds
}

/// Which of the `kinds` are asked for: those that are led to, else the first that is not beside or part of something,
/// and those that are joined to one of them.
fn asked_for(asked: &[Asked<'_>], kinds: &[Range<usize>]) -> Vec<bool> {
    let between = |at: usize| &asked[kinds[at].end..kinds[at + 1].start];
    let is_little = |word| {
        let is_small = [JOINS, PARTS, ARTICLES]
            .iter()
            .any(|list| is_among(list, Some(word)));
        is_small || leads(word)
    };
    let tied = |at: usize, by: &[&str]| {
        let ties = between(at).iter().any(|word| is_among(by, Some(word)));
        ties && between(at).iter().all(is_little)
    };
    let is_part = |at: usize| at + 1 < kinds.len() && tied(at, PARTS);

    let led = |at: usize| !is_part(at) && is_led(asked, kinds[at].start);
    let mut kept: Vec<bool> = (0..kinds.len()).map(led).collect();
    if !kept.contains(&true) {
        match (0..kinds.len()).find(|&at| !is_part(at) && !is_beside(asked, &kinds[at])) {
            Some(first) => kept[first] = true,
            None => kept.fill(true),
        }
    }
    for at in 1..kinds.len() {
        kept[at] |= kept[at - 1] && tied(at - 1, JOINS);
    }
    for at in (1..kinds.len()).rev() {
        kept[at - 1] |= kept[at] && tied(at - 1, JOINS);
    }
    kept
}

/// Whether what stands at `at` is led to.
pub(super) fn is_led(asked: &[Asked<'_>], at: usize) -> bool {
    at > 0 && leads(&asked[at - 1])
}

fn leads(word: &Asked<'_>) -> bool {
    is_among(LEADS, Some(word)) || intent::chooses(&word.meant.to_lowercase())
}

/// "The Zed kettle", "the kettle Zed".
fn is_by_a_name(asked: &[Asked<'_>], kind: &Range<usize>) -> bool {
    let names = |word: Option<&Asked<'_>>| word.is_some_and(|word| word.names);
    names(before(asked, kind)) || names(asked.get(kind.end))
}

/// "For my laptop", "on the phone".
fn is_beside(asked: &[Asked<'_>], kind: &Range<usize>) -> bool {
    let mut words = asked[..kind.start].iter().rev();
    is_among(BESIDE, words.find(|word| !is_among(ARTICLES, Some(word))))
}

fn before<'a, 'b>(asked: &'a [Asked<'b>], kind: &Range<usize>) -> Option<&'a Asked<'b>> {
    kind.start.checked_sub(1).map(|at| &asked[at])
}

fn is_among(list: &[&str], word: Option<&Asked<'_>>) -> bool {
    word.is_some_and(|word| list.contains(&word.meant.to_lowercase().as_str()))
}
