//! The quotes that a finding rests on, numbered in the order in which it cites them. Pure.

use std::cmp::Ordering;

use super::balance::Topic;
use crate::opinions::{AspectId, Verdict};
use crate::retrieval::{About, Evidence, Grounds, Shop};
use crate::reviews::{Passage, ProductId};

/// Quotes that an answer comes with at least, where so many were found.
const EVIDENCE: usize = 6;
/// Characters of a passage that says enough, and not too much, to be quoted for a whole product.
const QUOTABLE: std::ops::RangeInclusive<usize> = 30..=240;
/// Stars that are neither praise nor complaint.
const MIDDLE: i16 = 3;
/// The clearest passages of a product of which one stands for all.
const CLEAREST: usize = 50;
/// Passages of an aspect that are looked at for one that was not cited yet.
const TELLING: usize = 4;

/// The quotes that were cited so far.
pub(super) struct Citations<'a> {
    grounds: &'a Grounds,
    shop: Shop<'a>,
    cited: Vec<Evidence>,
}

impl<'a> Citations<'a> {
    pub(super) fn new(grounds: &'a Grounds, shop: Shop<'a>) -> Self {
        Self {
            grounds,
            shop,
            cited: vec![],
        }
    }

    /// The number of the best quote of one of these products that clearly praises, or complains about, what is asked,
    /// and that was not cited yet.
    pub(super) fn side(&mut self, products: &[ProductId], topic: Topic, wanted: Verdict) -> Option<usize> {
        let says = |about: &&About| {
            if !products.contains(&about.product) || self.is_cited(about.passage) {
                return false;
            }
            let said = match topic {
                Topic::Aspect(aspect) => self.said_of(about, aspect),
                Topic::Whole | Topic::Words | Topic::Word(_) => Verdict::of(about.tone),
            };
            said == wanted && topic.holds(about, self.grounds, self.shop)
        };
        let is_short =
            |about: &&&About| self.shop.index.text(about.passage).chars().count() <= *QUOTABLE.end();
        let saying = || self.grounds.about.iter().filter(says);
        let best = saying()
            .find(|about| is_short(&about))
            .or_else(|| saying().next());
        let best = best.map(|about| about.passage);
        match (best, topic) {
            (Some(position), _) => Some(self.cite(position)),
            (None, Topic::Aspect(aspect)) => {
                let mut products = products.iter();
                products.find_map(|product| self.telling(*product, aspect, wanted))
            }
            (None, _) => None,
        }
    }

    /// The number of the most telling quote of a product that clearly praises, or complains about, an aspect, and that
    /// was not cited yet.
    pub(super) fn telling(&mut self, product: ProductId, aspect: AspectId, wanted: Verdict) -> Option<usize> {
        let quotes =
            self.shop
                .opinions
                .quotes(self.shop.index.corpus(), product, Some(aspect), wanted, TELLING);
        let mut positions = quotes
            .into_iter()
            .filter_map(|passage| self.shop.index.position(passage));
        let position = positions.find(|position| !self.is_cited(*position))?;
        Some(self.cite(position))
    }

    /// The number of the passage of a product that stands best for those that praise, or complain, most clearly on the
    /// whole: the one that is most like them, and least like those that were cited.
    pub(super) fn clearest(&mut self, product: ProductId, wanted: Verdict) -> Option<usize> {
        let tones = self.shop.opinions.tones();
        let positions = self.shop.index.passages_of(product);
        let clear = |position: &usize| {
            let length = self.shop.index.text(*position).chars().count();
            Verdict::of(tones[*position]) == wanted && QUOTABLE.contains(&length)
        };
        let mut clearest: Vec<usize> = positions.filter(clear).collect();
        clearest.sort_by(|a, b| tones[*b].abs().total_cmp(&tones[*a].abs()));
        clearest.truncate(CLEAREST);
        let (cited, new): (Vec<usize>, Vec<usize>) =
            clearest.iter().partition(|position| self.is_cited(**position));
        let likeness = |one: usize, other: usize| f64::from(self.shop.index.likeness(one, other));
        let standing = |position: usize| {
            let to_all: f64 = clearest.iter().map(|other| likeness(position, *other)).sum();
            let to_cited = cited.iter().map(|cited| likeness(position, *cited));
            to_all / clearest.len() as f64 - to_cited.fold(0.0, f64::max)
        };
        let scored = new.iter().map(|position| (standing(*position), *position));
        let best = scored.rev().max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(self.cite(best.1))
    }

    /// The number of the best quote of one of these products that is about what is asked, or else of the best that was
    /// found of them.
    pub(super) fn best(&mut self, products: &[ProductId]) -> Option<usize> {
        let is_of = |product: &ProductId| products.contains(product);
        let about = self.grounds.about.iter().filter(|about| is_of(&about.product));
        let found = self.grounds.evidence.iter().map(|evidence| evidence.passage);
        let found = found.filter(|position| is_of(&self.shop.index.review(*position).product));
        let mut positions = about.map(|about| about.passage).chain(found);
        let position = positions.find(|position| !self.is_cited(*position))?;
        Some(self.cite(position))
    }

    /// The numbers of two quotes: of [the best](Self::best), and of the best by a buyer whose stars are on the other
    /// side, or else of the next.
    pub(super) fn of_both_sides(&mut self, products: &[ProductId]) -> Vec<usize> {
        let Some(first) = self.best(products) else {
            return vec![];
        };
        let side = |stars: u8| i16::from(stars).cmp(&MIDDLE);
        let other = side(self.cited[first - 1].rating).reverse();
        let is_other = |position: &usize| {
            let review = self.shop.index.review(*position);
            let is_new = products.contains(&review.product) && !self.is_cited(*position);
            is_new && side(review.rating) == other && other != Ordering::Equal
        };
        let about = self.grounds.about.iter().map(|about| about.passage);
        let found = self.grounds.evidence.iter().map(|evidence| evidence.passage);
        let second = about.chain(found).find(is_other);
        let second = match second {
            Some(position) => Some(self.cite(position)),
            None => self.best(products),
        };
        [Some(first), second].into_iter().flatten().collect()
    }

    /// The number of a passage, which is cited if it was not yet.
    pub(super) fn cite(&mut self, position: usize) -> usize {
        let known = |evidence: &&Evidence| evidence.passage == position;
        if let Some(at) = self
            .cited
            .iter()
            .position(|evidence| evidence.passage == position)
        {
            return at + 1;
        }
        let evidence = match self.grounds.evidence.iter().find(known) {
            Some(evidence) => evidence.clone(),
            None => {
                let tone = self.shop.opinions.tones()[position];
                Evidence::of(self.shop.index, position, tone)
            }
        };
        self.cited.push(evidence);
        self.cited.len()
    }

    /// What was cited, in its order.
    pub(super) fn only_cited(self) -> Vec<Evidence> {
        self.cited
    }

    /// What was cited, and behind it what else was found.
    pub(super) fn with_the_rest(mut self) -> Vec<Evidence> {
        for evidence in &self.grounds.evidence {
            if self.cited.len() < EVIDENCE && !self.is_cited(evidence.passage) {
                self.cited.push(evidence.clone());
            }
        }
        self.cited
    }

    fn is_cited(&self, position: usize) -> bool {
        self.cited.iter().any(|evidence| evidence.passage == position)
    }

    /// What a passage says of an aspect.
    fn said_of(&self, about: &About, aspect: AspectId) -> Verdict {
        let passage: Passage = self.shop.index.passage(about.passage);
        let mentions = self.shop.opinions.mentions(about.product).iter();
        let of_aspect = mentions.filter(|mention| mention.aspect == aspect && mention.passage == passage);
        Verdict::of_several(of_aspect.map(|mention| mention.praise))
    }
}
