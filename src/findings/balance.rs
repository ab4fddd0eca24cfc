//! Who writes about what is asked, and who of them is clearly pleased and who is not. Pure.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::shop::name;
use crate::language::{self, WordClass, lexicon};
use crate::opinions::{AspectId, ProductAspect, Verdict};
use crate::retrieval::{About, Grounds, Shop};
use crate::reviews::{ProductId, ReviewId, Share};

/// The best passages by which it is found of what a question asks.
const BEST: usize = 40;
/// Of fewer the shares tell nothing.
const ENOUGH: usize = 8;
/// The share of them that speaks of an aspect if it is what is asked.
const SHARE: f64 = 0.25;
/// Passages that speak of an aspect at least, if it is what is asked.
const SEVERAL: f64 = 2.0;
/// So many, of the passages that speak of the most spoken of several aspects, speak of a rarer one if it is asked.
const OF_MOST: f64 = 0.6;
/// Words at the beginning of a title that are a brand's.
const BRAND: usize = 2;
/// Clear opinions of one mind that are no more than a few.
const FEW: usize = 4;
/// Clear opinions of which one side may be told to be the larger, …
const MANY: usize = 8;
/// … if its share is so far above a half.
const MARGIN: f64 = 0.05;

/// What of a product a question asks about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Topic {
    /// Nothing in particular.
    Whole,
    /// Something that buyers often speak of.
    Aspect(AspectId),
    /// What all words of the question say.
    Words,
    /// What one of its words says, by its position.
    Word(usize),
}

/// The reviews that write about something, and what they say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Balance {
    /// Reviews that write about it.
    pub reviews: usize,
    /// Of these, those that clearly praise it …
    pub praised: usize,
    /// … and those that clearly complain.
    pub complained: usize,
    /// The mean of the stars of these reviews; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_rating: Option<f64>,
}

/// What a balance comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lean {
    /// Nobody writes about it.
    Silent,
    /// Nobody, or hardly anybody, is clearly pleased or displeased.
    Unclear,
    /// Most who are clear praise it: the 95% interval of their share lies above a half.
    Praised,
    /// A few praise it, and nobody complains.
    FewPraise,
    /// There are many on both sides, …
    Divided,
    /// … more of them praise …
    RatherPraised,
    /// … or complain.
    RatherComplained,
    /// A few complain, and nobody praises it.
    FewComplain,
    /// Most who are clear complain.
    Complained,
}

impl Topic {
    /// What the question asks about: the rarest of the aspects that it names, if it is what a good part of the best
    /// passages speaks of; else its words.
    pub(super) fn of(grounds: &Grounds, shop: Shop<'_>) -> Self {
        let topic = asked(grounds, shop);
        if topic.is_empty() {
            return Self::Whole;
        }
        let best: HashSet<_> = grounds
            .about
            .iter()
            .take(BEST)
            .map(|about| shop.index.passage(about.passage))
            .collect();
        let speaking = |aspect: AspectId| {
            let mentions = grounds
                .scope
                .iter()
                .flat_map(|product| shop.opinions.mentions(*product));
            let passages = mentions
                .filter(|mention| mention.aspect == aspect)
                .map(|mention| mention.passage);
            let passages: HashSet<_> = passages.collect();
            match best.len() < ENOUGH {
                true => passages.len(),
                false => passages.intersection(&best).count(),
            }
        };
        // Of an aspect that nobody is clear about the passages may tell more.
        let is_judged = |aspect: &AspectId| is_judged(*aspect, &grounds.scope, shop);
        let named = shop.opinions.all_named(&topic).into_iter().filter(is_judged);
        let named: Vec<(AspectId, usize)> = named.map(|aspect| (aspect, speaking(aspect))).collect();
        let most = named.iter().map(|(_, speaking)| *speaking).max().unwrap_or(0);
        let least = (SHARE * best.len() as f64)
            .max(OF_MOST * most as f64)
            .max(SEVERAL);
        let mut named = named
            .into_iter()
            .filter(|(_, speaking)| *speaking as f64 >= least);
        named
            .next()
            .map_or(Self::Words, |(aspect, _)| Self::Aspect(aspect))
    }

    /// What the question asks about besides this aspect: "bass and comfort". By its word, where nobody is clear about
    /// the other as an aspect.
    pub(super) fn other(self, grounds: &Grounds, shop: Shop<'_>) -> Option<Self> {
        let Self::Aspect(first) = self else {
            return None;
        };
        let words: Vec<&str> = language::words(&grounds.query.whole).collect();
        let is_joint = |word: &str| lexicon().has(word, WordClass::Conjunction);
        let is_first = |word: &str| shop.opinions.asked(word) == Some(first);
        let topic = |word: &str| {
            let stem = language::stem(word);
            let mut words = grounds.query.words.iter();
            let place = words.position(|word| word.stem == stem && !word.names && !word.head);
            let aspect = shop.opinions.asked(word);
            let aspect = aspect.filter(|aspect| is_judged(*aspect, &grounds.scope, shop));
            aspect.map(Self::Aspect).or(place.map(Self::Word))
        };
        let mut joined = words.windows(3).filter(|three| is_joint(three[1]));
        joined.find_map(|three| match (is_first(three[0]), is_first(three[2])) {
            (true, false) => topic(three[2]),
            (false, true) => topic(three[0]),
            _ => None,
        })
    }

    /// Whether a passage that is about the question is about this.
    pub(super) fn holds(self, about: &About, grounds: &Grounds, shop: Shop<'_>) -> bool {
        match self {
            Self::Word(word) => {
                let saying = shop.index.words.saying(&grounds.query.words[word].stem);
                saying.binary_search(&(about.passage as u32)).is_ok()
            }
            Self::Whole | Self::Aspect(_) | Self::Words => true,
        }
    }

    /// What buyers call it, where it is one thing.
    pub(super) fn name(self, grounds: &Grounds, shop: Shop<'_>) -> Option<String> {
        match self {
            Self::Aspect(aspect) => Some(shop.opinions.name(aspect).to_string()),
            Self::Word(word) => Some(grounds.query.words[word].written.clone()),
            Self::Whole | Self::Words => None,
        }
    }
}

/// Whether a buyer of one of these products is clear about an aspect.
fn is_judged(aspect: AspectId, products: &[ProductId], shop: Shop<'_>) -> bool {
    let mut about = products
        .iter()
        .map(|product| shop.opinions.about(*product, aspect));
    about.any(|about| about.is_judged())
}

/// What is asked of things. Where one product is meant and not named as a whole, the first words of its title are a
/// name after all.
fn asked(grounds: &Grounds, shop: Shop<'_>) -> String {
    let query = &grounds.query;
    let [one, ..] = grounds.scope.as_slice() else {
        return query.topic();
    };
    let stems = |product: &ProductId| -> HashSet<String> {
        let title = shop.product(*product).short_title();
        language::words(title).map(language::stem).collect()
    };
    let (is_named, name) = match (query.named.is_empty(), grounds.scope.len()) {
        (true, 1) => (false, name(shop.product(*one).short_title()).collect()),
        (true, _) => (false, HashSet::new()),
        // A thing that is asked about is no kind of thing, where the title does not say so: "range" of a router.
        (false, _) => {
            let titles = grounds.scope.iter().map(stems);
            let said_by_all = titles.reduce(|all, title| all.intersection(&title).cloned().collect());
            (true, said_by_all.unwrap_or_default())
        }
    };
    // What the titles of compared products begin with are brands, though they may be words: "Noise ColorFit".
    let compared: HashSet<String> = match grounds.compared.len() {
        0 | 1 => HashSet::new(),
        _ => grounds
            .compared
            .iter()
            .flatten()
            .flat_map(|product| self::name(shop.product(*product).short_title()).take(BRAND))
            .collect(),
    };
    let words = query
        .topic_words(is_named)
        .filter(|word| !compared.contains(&word.stem));
    let words = words.filter(|word| !name.contains(&word.stem) || is_named && !word.kind);
    words
        .map(|word| word.written.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

impl Balance {
    /// What the reviews of these products say of what is asked.
    pub(super) fn of(products: &[ProductId], topic: Topic, grounds: &Grounds, shop: Shop<'_>) -> Self {
        match topic {
            Topic::Aspect(aspect) => Self::sum(
                products
                    .iter()
                    .map(|product| shop.opinions.about(*product, aspect)),
            ),
            Topic::Whole | Topic::Words | Topic::Word(_) => {
                let is_of =
                    |about: &&About| products.contains(&about.product) && topic.holds(about, grounds, shop);
                Self::of_passages(grounds.about.iter().filter(is_of), shop)
            }
        }
    }

    /// What reviews of several products say of one aspect.
    pub(super) fn sum(aspects: impl Iterator<Item = ProductAspect>) -> Self {
        let (mut balance, mut stars) = (Self::default(), 0);
        for aspect in aspects {
            balance.reviews += aspect.reviews;
            balance.praised += aspect.praised;
            balance.complained += aspect.complained;
            stars += aspect.stars;
        }
        balance.with_stars(stars)
    }

    fn of_passages<'a>(about: impl Iterator<Item = &'a About>, shop: Shop<'_>) -> Self {
        let mut reviews: BTreeMap<ReviewId, (usize, Vec<f32>)> = BTreeMap::new();
        for about in about {
            let (_, tones) = reviews.entry(about.review).or_insert((about.passage, vec![]));
            tones.push(about.tone);
        }
        let mut balance = Self {
            reviews: reviews.len(),
            ..Self::default()
        };
        let mut stars = 0;
        for (passage, tones) in reviews.values() {
            let verdict = Verdict::of_several(tones.iter().copied());
            balance.praised += usize::from(verdict == Verdict::Praised);
            balance.complained += usize::from(verdict == Verdict::Complained);
            stars += usize::from(shop.index.review(*passage).rating);
        }
        balance.with_stars(stars)
    }

    fn with_stars(self, stars: usize) -> Self {
        Self {
            mean_rating: (self.reviews > 0).then(|| stars as f64 / self.reviews as f64),
            ..self
        }
    }

    /// Of those who are clear, those who praise.
    pub(crate) fn praise(&self) -> Share {
        Share {
            count: self.praised,
            of: self.praised + self.complained,
        }
    }

    /// What it comes to.
    pub(crate) fn lean(&self) -> Lean {
        let (low, high) = self.praise().interval();
        match (self.praised, self.complained) {
            _ if self.reviews == 0 => Lean::Silent,
            (0, 0) => Lean::Unclear,
            // Most who write about it are not clear.
            (praised, complained)
                if praised + complained < FEW && 2 * (praised + complained) < self.reviews =>
            {
                Lean::Unclear
            }
            (1..FEW, 0) => Lean::FewPraise,
            (0, 1..FEW) => Lean::FewComplain,
            _ if low > 0.5 => Lean::Praised,
            _ if high < 0.5 => Lean::Complained,
            (praised, complained) if praised + complained >= MANY => match self.praise().value() {
                share if share > 0.5 + MARGIN => Lean::RatherPraised,
                share if share < 0.5 - MARGIN => Lean::RatherComplained,
                _ => Lean::Divided,
            },
            _ => Lean::Divided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_comes_to_what_its_interval_allows() {
        for (reviews, praised, complained, lean) in [
            (0, 0, 0, Lean::Silent),
            (9, 0, 0, Lean::Unclear),
            (2, 2, 0, Lean::FewPraise),
            (9, 0, 3, Lean::Unclear),
            (6, 0, 3, Lean::FewComplain),
            (9, 4, 0, Lean::Praised),
            (9, 3, 1, Lean::Divided),
            (15, 9, 2, Lean::Praised),
            (15, 2, 9, Lean::Complained),
            (300, 151, 149, Lean::Divided),
            (49, 18, 13, Lean::RatherPraised),
            (49, 13, 18, Lean::RatherComplained),
        ] {
            let balance = Balance {
                reviews,
                praised,
                complained,
                mean_rating: None,
            };
            assert_eq!(balance.lean(), lean, "{balance:?}");
        }
    }
}
