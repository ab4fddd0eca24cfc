//! Which passages to show of all that say the same: the most telling ones. Pure.

use std::collections::HashSet;

use super::{AspectId, Aspects, Mention, Verdict};
use crate::reviews::{Corpus, Passage, ProductId};

/// What one mention and what all mentions of a passage count at most: after the third "very good" a passage tells no
/// more.
const MOST_OF_ONE: f64 = 3.0;
const MOST_OF_ALL: f64 = 6.0;
/// What a mention counts of which only the stars say how it is meant.
const UNSAID: f64 = 0.1;
/// What a mention counts that says the opposite.
const CONTRARY: f64 = -2.0;
/// What it counts that the review's stars are of the same mind.
const SAME_MIND: f64 = 1.0;
/// A review of at most so many stars complains on the whole.
const COMPLAINT: u8 = 3;

impl Aspects {
    /// At most `most` passages in which the reviews of a product praise, or complain about, an `aspect` or whatever
    /// they speak of; the most telling first, equally telling ones in the order of the reviews.
    pub(crate) fn quotes(
        &self,
        corpus: &Corpus,
        product: ProductId,
        aspect: Option<AspectId>,
        verdict: Verdict,
        most: usize,
    ) -> Vec<Passage> {
        let of_passages = self.mentions(product).chunk_by(|a, b| a.passage == b.passage);
        let mut told: Vec<(f64, Passage)> = of_passages
            .filter_map(|mentions| Some((telling(mentions, aspect, verdict, corpus)?, mentions[0].passage)))
            .collect();
        told.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut shown = HashSet::new();
        let passages = told.into_iter().map(|(_, passage)| passage);
        passages
            .filter(|passage| shown.insert(passage.text(corpus).to_lowercase()))
            .take(most)
            .collect()
    }
}

/// How well a passage, by all that it mentions, shows what is said; nothing where it says something else.
fn telling(mentions: &[Mention], aspect: Option<AspectId>, verdict: Verdict, corpus: &Corpus) -> Option<f64> {
    let wanted = |mention: &&Mention| aspect.is_none_or(|aspect| mention.aspect == aspect);
    let says = |mention: &Mention| Verdict::of(f64::from(mention.weight));
    let all: f64 = mentions
        .iter()
        .filter(wanted)
        .map(|mention| f64::from(mention.weight))
        .sum();
    if Verdict::of(all) != verdict || verdict == Verdict::Named {
        return None;
    }
    let agreeing = mentions
        .iter()
        .filter(wanted)
        .filter(|mention| says(mention) == verdict);
    let strength = agreeing.map(|mention| match mention.said {
        true => f64::from(mention.weight).abs().min(MOST_OF_ONE),
        false => UNSAID,
    });
    let contrary = mentions
        .iter()
        .filter(|mention| !matches!(says(mention), Verdict::Named) && says(mention) != verdict)
        .count();
    let passage = mentions[0].passage;
    let complains = corpus.reviews[passage.review.0 as usize].rating <= COMPLAINT;
    let same_mind = if complains == (verdict == Verdict::Complained) {
        SAME_MIND
    } else {
        0.0
    };
    // "Good bass" tells little, and a long passage much besides.
    let room = match passage.text(corpus).chars().count() {
        ..30 => 0.4,
        30..60 => 0.8,
        60..200 => 1.0,
        _ => 0.8,
    };
    Some((strength.sum::<f64>().min(MOST_OF_ALL) + same_mind) * room + CONTRARY * contrary as f64)
}
