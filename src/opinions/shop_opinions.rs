//! What the buyers of a shop speak of, and how: counts, and where each of them comes from. Pure, never changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::calibration::CLEAR;
use super::classifier::Classifier;
use super::text::singular_of;
use crate::language;
use crate::reviews::{Passage, ProductId, ReviewId, Share};

/// Clear opinions that are several …
const SEVERAL: usize = 2;
/// … and how many times the contrary ones they are where they agree.
const AGREED: usize = 4;

/// An aspect's position among those of its shop; stable for the same reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct AspectId(pub u32);

/// A place where a review speaks of an aspect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mention {
    /// Of what.
    pub aspect: AspectId,
    /// In which passage.
    pub passage: Passage,
    /// Where the words begin that name it, in bytes of the review's text, …
    pub start: u32,
    /// … and where they end.
    pub end: u32,
    /// The review's stars.
    pub rating: u8,
    /// The log-odds that it is praised, or as a negative number those that it is complained about; 0 where it is more
    /// likely neither.
    pub praise: f32,
}

/// Whether something is praised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It clearly is.
    Praised,
    /// It is clearly complained about.
    Complained,
    /// Neither is clear.
    Named,
}

/// What the reviews of one product say of one aspect. A review that speaks of it several times counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProductAspect {
    /// Which.
    pub aspect: AspectId,
    /// Times it is named.
    pub mentions: usize,
    /// Reviews that name it.
    pub reviews: usize,
    /// The stars of these reviews, added up.
    pub stars: usize,
    /// Reviews that clearly praise it.
    pub praised: usize,
    /// Reviews that clearly complain about it.
    pub complained: usize,
}

/// What the buyers of a shop speak of, and how: immutable, shared by all questions.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Opinions {
    /// Each aspect as buyers write it.
    pub(super) names: Vec<String>,
    /// How often each is named.
    pub(super) times: Vec<usize>,
    /// The aspect that a word names, by the word's singular.
    pub(super) by_word: BTreeMap<String, AspectId>,
    /// Of each product, in the order of its reviews.
    pub(super) mentions: Vec<Vec<Mention>>,
    /// What each passage says on the whole, as a mention does.
    pub(super) tones: Vec<f32>,
    /// What praises and what complains, in this shop.
    pub(super) tone: Option<Classifier>,
}

impl Verdict {
    /// What such log-odds of praise say.
    pub(crate) fn of(praise: f32) -> Self {
        match praise {
            praise if praise >= CLEAR => Self::Praised,
            praise if praise <= -CLEAR => Self::Complained,
            _ => Self::Named,
        }
    }

    /// What a review says that speaks of one thing at several places: what is clear at one of them, if no other place
    /// clearly says the opposite.
    pub(crate) fn of_several(praise: impl Iterator<Item = f32>) -> Self {
        let (mut praised, mut complained) = (false, false);
        for praise in praise {
            praised |= Self::of(praise) == Self::Praised;
            complained |= Self::of(praise) == Self::Complained;
        }
        match (praised, complained) {
            (true, false) => Self::Praised,
            (false, true) => Self::Complained,
            _ => Self::Named,
        }
    }
}

impl ProductAspect {
    /// Of an aspect that no review names.
    pub(crate) fn none(aspect: AspectId) -> Self {
        Self {
            aspect,
            mentions: 0,
            reviews: 0,
            stars: 0,
            praised: 0,
            complained: 0,
        }
    }

    /// The mean of the stars of the reviews that name it; `None` where there are none.
    pub(crate) fn mean_rating(&self) -> Option<f64> {
        (self.reviews > 0).then(|| self.stars as f64 / self.reviews as f64)
    }

    /// Whether anybody clearly says how it is: then it is worth showing.
    pub(crate) fn is_judged(&self) -> bool {
        self.praised + self.complained > 0
    }

    /// What several clear opinions agree on: what is worth a line on a product's card.
    pub(crate) fn agreed(&self) -> Verdict {
        let agree = |many: usize, few: usize| many >= SEVERAL && many >= AGREED * few;
        match (
            agree(self.praised, self.complained),
            agree(self.complained, self.praised),
        ) {
            (true, _) => Verdict::Praised,
            (_, true) => Verdict::Complained,
            _ => Verdict::Named,
        }
    }

    /// Of the reviews that clearly say how the aspect is, those that praise it.
    pub(crate) fn praise(&self) -> Share {
        Share {
            count: self.praised,
            of: self.praised + self.complained,
        }
    }

    /// Of the reviews that clearly say how the aspect is, those that complain about it.
    pub(crate) fn dissent(&self) -> Share {
        Share {
            count: self.complained,
            of: self.praised + self.complained,
        }
    }
}

impl Opinions {
    /// The method by which opinions are learned; whoever changes it raises the number, so that what is on disk is not
    /// used.
    pub(crate) const METHOD: u32 = 1;

    /// What each of the passages says on the whole, in their order: the log-odds that it praises, or as a negative
    /// number those that it complains.
    pub(crate) fn tones(&self) -> &[f32] {
        &self.tones
    }

    /// The log-odds that a text with this unit vector praises, by its words alone; 0 where nothing was learned.
    pub(crate) fn tone(&self, vector: &[f32]) -> f32 {
        self.tone.as_ref().map_or(0.0, |tone| tone.score(vector))
    }

    /// The aspect that `name` names, in any form of its word; of several words the first that names one.
    pub(crate) fn named(&self, name: &str) -> Option<AspectId> {
        let whole = self
            .names
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name));
        whole
            .map(|at| AspectId(at as u32))
            .or_else(|| language::words(name).find_map(|word| self.of_word(word)))
    }

    /// The aspect that a question asks about: of all that it names the rarest, which is the most precise.
    pub(crate) fn asked(&self, question: &str) -> Option<AspectId> {
        self.all_named(question).first().copied()
    }

    /// The aspects that a text names, the rarest first.
    pub(crate) fn all_named(&self, text: &str) -> Vec<AspectId> {
        let mut named: Vec<AspectId> = language::words(text)
            .filter_map(|word| self.of_word(word))
            .collect();
        named.sort_by_key(|aspect| (self.times[aspect.0 as usize], *aspect));
        named.dedup();
        named
    }

    fn of_word(&self, word: &str) -> Option<AspectId> {
        self.by_word.get(&singular_of(word)).copied()
    }

    /// What buyers call it.
    ///
    /// # Panics
    /// Where the aspect is another shop's.
    pub(crate) fn name(&self, aspect: AspectId) -> &str {
        &self.names[aspect.0 as usize]
    }

    /// Where the reviews of a product speak of aspects, in the order of the reviews.
    pub(crate) fn mentions(&self, product: ProductId) -> &[Mention] {
        self.mentions.get(product.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// What the reviews of a product speak of, the most reviews first.
    pub(crate) fn of_product(&self, product: ProductId) -> Vec<ProductAspect> {
        let mut aspects = counted(self.mentions(product).iter());
        aspects.sort_by_key(|aspect| (std::cmp::Reverse(aspect.reviews), aspect.aspect));
        aspects
    }

    /// What the reviews of a product say of one aspect; all zero where they are silent.
    pub(crate) fn about(&self, product: ProductId, aspect: AspectId) -> ProductAspect {
        let mentions = self.mentions(product).iter();
        let counted = counted(mentions.filter(|mention| mention.aspect == aspect));
        counted.first().copied().unwrap_or(ProductAspect::none(aspect))
    }
}

/// What mentions in reviews of one product say of each aspect, in the order of aspects.
fn counted<'a>(mentions: impl Iterator<Item = &'a Mention>) -> Vec<ProductAspect> {
    let mut reviews: BTreeMap<(AspectId, ReviewId), Vec<&Mention>> = BTreeMap::new();
    for mention in mentions {
        let review = (mention.aspect, mention.passage.review);
        reviews.entry(review).or_default().push(mention);
    }
    let mut aspects: Vec<ProductAspect> = Vec::new();
    for ((aspect, _), mentions) in reviews {
        if aspects.last().is_none_or(|last| last.aspect != aspect) {
            aspects.push(ProductAspect::none(aspect));
        }
        let count = aspects.last_mut().expect("one was pushed");
        let verdict = Verdict::of_several(mentions.iter().map(|mention| mention.praise));
        count.mentions += mentions.len();
        count.reviews += 1;
        count.stars += usize::from(mentions[0].rating);
        count.praised += usize::from(verdict == Verdict::Praised);
        count.complained += usize::from(verdict == Verdict::Complained);
    }
    aspects
}
