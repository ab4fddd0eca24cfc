//! What opinions count, against what people read out of the same reviews.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::gold;
use crate::digest;
use crate::opinions::{CLEAR, Mention, Opinions, singular_of};
use crate::reviews::{Corpus, ProductId};

/// What is called clear shall be right so often.
const RIGHT: f64 = 0.9;
/// Log-odds that the curve has.
const CURVE: [f32; 7] = [0.0, 0.5, 1.0, CLEAR, 1.7, 2.0, 2.4];

/// How right the aspects and the counts of labelled reviews are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FactScores {
    /// The file of the labels.
    pub file: String,
    /// Labelled reviews.
    pub reviews: usize,
    /// Aspects that these reviews praise or complain about, by their labels.
    pub opinions: usize,
    /// Places where aspects are counted, …
    pub mentions: usize,
    /// … and the share of these that speak of an aspect of the product.
    pub real: f64,
    /// The share of the labelled aspects with a word of their own that is counted at one.
    pub found: f64,
    /// Names of aspects that are counted in these reviews, …
    pub names: usize,
    /// … and the share of these that mostly are aspects.
    pub names_real: f64,
    /// At growing log-odds: what is clear from there on.
    pub curve: Vec<Clear>,
    /// Log-odds that were found on one half of the products, and what is clear by them on the other.
    pub halves: Vec<Clear>,
}

/// What is clear from some log-odds on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Clear {
    pub log_odds: f32,
    /// The share of the mentions of real aspects that are clear, …
    pub coverage: f64,
    /// … and the share of these that are right.
    pub right: f64,
    /// Facts: one for each review and aspect, …
    pub facts: usize,
    /// … the share of these that are right, whether the aspect is one or not, …
    pub facts_right: f64,
    /// … and the share of the labelled opinions that are among them.
    pub recall: f64,
}

/// A place, with what its review's labels say of it.
struct Judged<'a> {
    product: ProductId,
    mention: &'a Mention,
    /// Its polarity; nothing where it is no aspect.
    truth: Option<i8>,
}

impl FactScores {
    /// Of the labels in `file`; nothing where they are not of these reviews.
    pub(super) fn of(
        file: &str,
        labels: &[gold::Review],
        corpus: &Corpus,
        opinions: &Opinions,
    ) -> Option<Self> {
        let mut judged = Vec::new();
        let mut found = (0, 0);
        let mut matching = 0;
        for label in labels {
            let review = corpus.reviews.get(label.id as usize)?;
            let words: BTreeSet<String> = crate::language::words(&review.text).map(singular_of).collect();
            let named: Vec<&gold::Opinion> = label
                .opinions
                .iter()
                .filter(|opinion| !opinion.words.is_empty())
                .collect();
            let is_said = |opinion: &&gold::Opinion| opinion.words.iter().any(|word| words.contains(word));
            matching += named.iter().copied().filter(|opinion| is_said(opinion)).count();
            let of_review = opinions.mentions(review.product).iter();
            let of_review: Vec<&Mention> = of_review
                .filter(|mention| mention.passage.review.0 == label.id)
                .collect();
            let names = |mention: &Mention, opinion: &gold::Opinion| {
                let text = &review.text[mention.start as usize..mention.end as usize];
                crate::language::words(text).any(|word| opinion.words.contains(&singular_of(word)))
            };
            found.1 += named.len();
            found.0 += named
                .iter()
                .filter(|opinion| of_review.iter().any(|mention| names(mention, opinion)))
                .count();
            judged.extend(of_review.into_iter().map(|mention| {
                Judged {
                    product: review.product,
                    mention,
                    truth: named
                        .iter()
                        .find(|opinion| names(mention, opinion))
                        .map(|opinion| opinion.polarity),
                }
            }));
        }
        if 2 * matching < found.1 {
            return None;
        }
        let all = labels.iter().flat_map(|label| &label.opinions);
        let all = all.filter(|opinion| opinion.polarity != 0).count();
        let mut names: BTreeMap<_, (usize, usize)> = BTreeMap::new();
        for judged in &judged {
            let (real, times) = names.entry(judged.mention.aspect).or_default();
            *real += usize::from(judged.truth.is_some());
            *times += 1;
        }
        let mostly_real = names.values().filter(|(real, times)| 2 * real >= *times).count();
        let real = judged.iter().filter(|judged| judged.truth.is_some()).count();
        let half = |which: u8| -> Vec<&Judged<'_>> {
            judged
                .iter()
                .filter(|judged| half_of(corpus, judged.product) == which)
                .collect()
        };
        let everything: Vec<&Judged<'_>> = judged.iter().collect();
        let opinions_of = |which: u8| {
            let of_half = labels.iter().filter(|label| {
                let product = corpus.reviews[label.id as usize].product;
                half_of(corpus, product) == which
            });
            let opinions = of_half.flat_map(|label| &label.opinions);
            opinions.filter(|opinion| opinion.polarity != 0).count()
        };
        let halves = [(0, 1), (1, 0)]
            .map(|(one, other)| Clear::of(&half(other), threshold(&half(one)), opinions_of(other)));
        Some(Self {
            file: file.into(),
            reviews: labels.len(),
            opinions: all,
            mentions: judged.len(),
            real: share(real, judged.len()),
            found: share(found.0, found.1),
            names: names.len(),
            names_real: share(mostly_real, names.len()),
            curve: CURVE.map(|log_odds| Clear::of(&everything, log_odds, all)).into(),
            halves: halves.into(),
        })
    }
}

impl Clear {
    fn of(judged: &[&Judged<'_>], log_odds: f32, opinions: usize) -> Self {
        let said = |praise: f32| match praise {
            praise if praise >= log_odds && praise > 0.0 => 1,
            praise if praise <= -log_odds && praise < 0.0 => -1,
            _ => 0,
        };
        let real = judged.iter().filter(|judged| judged.truth.is_some());
        let clear: Vec<_> = real
            .clone()
            .filter(|judged| said(judged.mention.praise) != 0)
            .collect();
        let right = clear
            .iter()
            .filter(|judged| judged.truth == Some(said(judged.mention.praise)));
        let mut facts: BTreeMap<_, (BTreeSet<i8>, Option<i8>)> = BTreeMap::new();
        for judged in judged {
            let key = (judged.mention.passage.review, judged.mention.aspect);
            let (sides, truth) = facts.entry(key).or_default();
            sides.insert(said(judged.mention.praise));
            *truth = truth.or(judged.truth);
        }
        let told = facts.values().filter_map(|(sides, truth)| {
            let sides: Vec<i8> = sides.iter().copied().filter(|side| *side != 0).collect();
            (sides.len() == 1).then(|| *truth == Some(sides[0]))
        });
        let told: Vec<bool> = told.collect();
        let facts_right = told.iter().filter(|right| **right).count();
        Self {
            log_odds,
            coverage: share(clear.len(), real.count()),
            right: share(right.count(), clear.len()),
            facts: told.len(),
            facts_right: share(facts_right, told.len()),
            recall: share(facts_right, opinions),
        }
    }
}

/// The least log-odds from which on, by these places, an opinion on a real aspect is right often enough.
fn threshold(judged: &[&Judged<'_>]) -> f32 {
    let mut real: Vec<(f32, bool)> = judged
        .iter()
        .filter(|judged| judged.mention.praise != 0.0)
        .filter_map(|judged| {
            let side = if judged.mention.praise > 0.0 { 1 } else { -1 };
            Some((judged.mention.praise.abs(), judged.truth? == side))
        })
        .collect();
    real.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut right = 0;
    let mut least = f32::INFINITY;
    for (at, (log_odds, is_right)) in real.iter().enumerate() {
        right += usize::from(*is_right);
        let is_last_of_equals = real.get(at + 1).is_none_or(|next| next.0 < *log_odds);
        if is_last_of_equals && right as f64 >= RIGHT * (at + 1) as f64 {
            least = *log_odds;
        }
    }
    least
}

/// Which half a product is in: 0 or 1.
fn half_of(corpus: &Corpus, product: ProductId) -> u8 {
    let key = &corpus.products[product.0 as usize].key;
    digest::sha256(key.as_bytes())[0] & 1
}

fn share(count: usize, of: usize) -> f64 {
    count as f64 / of.max(1) as f64
}
