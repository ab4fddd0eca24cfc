//! Which passages to show of all that say the same: the most telling ones. Pure.

use std::collections::HashSet;

use super::calibration::CLEAR;
use super::shop_opinions::{AspectId, Mention, Opinions, Verdict};
use crate::reviews::{Corpus, Passage, ProductId};

/// What all mentions of a passage count at most: after the third clear one a passage tells no more.
const MOST: f32 = 3.0 * CLEAR;

impl Opinions {
    /// At most `most` passages in which the reviews of a product clearly praise, or complain about, an `aspect` or
    /// whatever they speak of; the most telling first, equally telling ones in the order of the reviews.
    pub(crate) fn quotes(
        &self,
        corpus: &Corpus,
        product: ProductId,
        aspect: Option<AspectId>,
        wanted: Verdict,
        most: usize,
    ) -> Vec<Passage> {
        let of_passages = self.mentions(product).chunk_by(|a, b| a.passage == b.passage);
        let mut told: Vec<(f32, Passage)> = of_passages
            .filter_map(|mentions| Some((telling(mentions, aspect, wanted, corpus)?, mentions[0].passage)))
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
fn telling(mentions: &[Mention], aspect: Option<AspectId>, wanted: Verdict, corpus: &Corpus) -> Option<f32> {
    let of_aspect = || {
        let mentions = mentions.iter();
        mentions.filter(|mention| aspect.is_none_or(|aspect| mention.aspect == aspect))
    };
    let said = Verdict::of_several(of_aspect().map(|mention| mention.praise));
    if said != wanted || wanted == Verdict::Named {
        return None;
    }
    let agreeing = of_aspect().filter(|mention| Verdict::of(mention.praise) == wanted);
    let strength: f32 = agreeing.map(|mention| mention.praise.abs()).sum();
    // "Good bass" tells little, and a long passage much besides.
    let room = match mentions[0].passage.text(corpus).chars().count() {
        ..30 => 0.4,
        30..60 => 0.8,
        60..200 => 1.0,
        _ => 0.8,
    };
    Some(strength.min(MOST) * room)
}
