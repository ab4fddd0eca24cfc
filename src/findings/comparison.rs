//! Products beside each other, aspect by aspect, and who is ahead. Pure.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::amounts::Amounts;
use super::balance::{Balance, Topic};
use super::citations::Citations;
use super::shop::ProductFacts;
use crate::language;
use crate::opinions::{AspectId, Verdict};
use crate::retrieval::{Grounds, Shop};
use crate::reviews::{ProductId, Share};

/// Aspects that are compared.
const ASPECTS: usize = 4;
/// Products that a name may mean at most.
const CANDIDATES: usize = 8;
/// Of several that a name may mean, those are much reviewed that have one of so many reviews of the most reviewed.
const MUCH: usize = 4;
/// Clear opinions of each product that a comparison needs.
const CLEAR: usize = 2;
/// How far the middles of two intervals lie apart where one product is ahead.
const AHEAD: f64 = 0.1;
/// How far two means of stars lie apart where one product is ahead.
const STARS: f64 = 0.1;

/// Products side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ComparisonFinding {
    /// The products, in the order of the question.
    pub products: Vec<ProductFacts>,
    /// The one that is ahead in stars, by its position; absent where they are about equal.
    pub ahead: Option<usize>,
    /// What is asked about in particular; its aspect is empty where buyers do not often speak of it.
    pub asked: Option<ComparedAspect>,
    /// What most buyers of all of them judge.
    pub aspects: Vec<ComparedAspect>,
    /// The number of a quote of each product; absent where none was found.
    pub quotes: Vec<Option<usize>>,
}

/// An aspect of several products.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ComparedAspect {
    /// What buyers call it.
    pub aspect: String,
    /// What they say of each product, in order.
    pub balances: Vec<Balance>,
    /// The amounts that they give of each, in one unit; none where not of each several do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amounts: Vec<Amounts>,
    /// The product that has most of it by these amounts, by its position: the middle half of its amounts begins where
    /// that of every other ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<usize>,
    /// The product that is ahead in it, by its position; absent where none clearly is.
    pub ahead: Option<usize>,
}

/// The products that the question sets beside each other.
pub(super) fn find(
    grounds: &Grounds,
    shop: Shop<'_>,
    topic: Topic,
    cited: &mut Citations<'_>,
) -> ComparisonFinding {
    let sides = most_alike(grounds, shop);
    let compared = |aspect: String, balances: Vec<Balance>| ComparedAspect {
        aspect,
        ahead: ahead(&balances),
        balances,
        amounts: vec![],
        most: None,
    };
    let asked = (topic != Topic::Whole).then(|| {
        let balance = |side: ProductId| Balance::of(&[side], topic, grounds, shop);
        let balances = sides.iter().map(|side| balance(*side)).collect();
        let amounts =
            Amounts::of_each(&sides, |side| balance(side).reviews, grounds, shop).unwrap_or_default();
        ComparedAspect {
            most: most(&amounts),
            amounts,
            ..compared(topic.name(grounds, shop).unwrap_or_default(), balances)
        }
    });
    let products: Vec<ProductFacts> = sides.iter().map(|side| shop.facts(*side)).collect();
    let quote = |side: &ProductId| match topic {
        Topic::Whole => cited.clearest(*side, Verdict::Praised),
        topic => cited.side(&[*side], topic, Verdict::Praised),
    };
    let praise: Vec<Option<usize>> = sides.iter().map(quote).collect();
    let quotes = praise.into_iter().zip(&sides);
    ComparisonFinding {
        ahead: ahead_in_stars(&products),
        asked,
        aspects: common(&sides, topic, shop)
            .into_iter()
            .map(|(aspect, balances)| compared(shop.opinions.name(aspect).to_string(), balances))
            .collect(),
        quotes: quotes
            .map(|(praise, side)| praise.or_else(|| cited.best(&[*side])))
            .collect(),
        products,
    }
}

/// A product of each side. A name may mean several: of those that are much reviewed those are compared whose titles
/// have most words in common, and of equal ones those with the most reviews.
fn most_alike(grounds: &Grounds, shop: Shop<'_>) -> Vec<ProductId> {
    let words = |product: &ProductId| -> HashSet<String> {
        language::words(shop.product(*product).short_title())
            .map(language::stem)
            .collect()
    };
    let mut sides: Vec<Vec<ProductId>> = Vec::new();
    for side in &grounds.compared {
        let ranked = grounds
            .scope
            .iter()
            .copied()
            .filter(|product| side.contains(product));
        let mut ranked: Vec<ProductId> = ranked.take(CANDIDATES).collect();
        let reviews = |product: &ProductId| shop.product(*product).reviews.len();
        ranked.sort_by_key(|product| std::cmp::Reverse(reviews(product)));
        let least = ranked.first().map_or(0, reviews) / MUCH;
        ranked.retain(|product| reviews(product) >= least);
        sides.push(if ranked.is_empty() {
            side.iter().copied().take(1).collect()
        } else {
            ranked
        });
    }
    let Some((first, others)) = sides.split_first() else {
        return vec![];
    };
    let alike = |one: &ProductId, other: &ProductId| {
        let (one, other) = (words(one), words(other));
        one.intersection(&other).count() as f64 / one.union(&other).count().max(1) as f64
    };
    let nearest = |one: &ProductId, side: &Vec<ProductId>| {
        let ranked = side.iter().rev().map(|other| (alike(one, other), *other));
        ranked
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .expect("a side has a product")
    };
    let total = |one: &ProductId| others.iter().map(|side| nearest(one, side).0).sum::<f64>();
    let one = first
        .iter()
        .rev()
        .max_by(|a, b| total(a).total_cmp(&total(b)))
        .expect("a side has a product");
    let mut alike: Vec<ProductId> = vec![*one];
    for (_, other) in others.iter().map(|side| nearest(one, side)) {
        if !alike.contains(&other) {
            alike.push(other);
        }
    }
    alike
}

/// The aspects that reviews of every product clearly judge, those that most do first.
fn common(sides: &[ProductId], asked: Topic, shop: Shop<'_>) -> Vec<(AspectId, Vec<Balance>)> {
    let mut aspects: BTreeMap<AspectId, Vec<Balance>> = BTreeMap::new();
    for (at, side) in sides.iter().enumerate() {
        for aspect in shop.opinions.of_product(*side) {
            let balances = aspects
                .entry(aspect.aspect)
                .or_insert_with(|| vec![Balance::default(); sides.len()]);
            balances[at] = Balance::sum(std::iter::once(aspect));
        }
    }
    let clear = |balance: &Balance| balance.praised + balance.complained;
    let mut common: Vec<(AspectId, Vec<Balance>)> = aspects
        .into_iter()
        .filter(|(aspect, balances)| {
            Topic::Aspect(*aspect) != asked && balances.iter().all(|balance| clear(balance) >= CLEAR)
        })
        .collect();
    let least = |balances: &Vec<Balance>| balances.iter().map(clear).min();
    common.sort_by_key(|(aspect, balances)| (std::cmp::Reverse(least(balances)), *aspect));
    common.truncate(ASPECTS);
    common
}

/// Which of these balances is better than all others: by the middle of the interval of its praise, which few opinions
/// draw towards a half.
fn ahead(balances: &[Balance]) -> Option<usize> {
    let middle = |balance: &Balance| {
        let (low, high) = balance.praise().interval();
        (low + high) / 2.0
    };
    let enough = balances.iter().all(|balance| balance.praise().of >= CLEAR);
    best(balances.iter().map(middle), AHEAD).filter(|_| enough)
}

/// Which of these begins where all others end.
fn most(amounts: &[Amounts]) -> Option<usize> {
    let middles: Option<Vec<(f32, f32)>> = amounts.iter().map(|amounts| amounts.middle).collect();
    let middles = middles?;
    (0..middles.len()).find(|at| {
        let (from, to) = middles[*at];
        let mut others = middles.iter().enumerate().filter(|(other, _)| other != at);
        others.all(|(_, (_, end))| from >= *end && to > *end)
    })
}

/// Which product has clearly more stars: the intervals of their shares of content buyers do not touch, or the means
/// lie apart and are of many reviews.
fn ahead_in_stars(products: &[ProductFacts]) -> Option<usize> {
    let share = |product: &ProductFacts| -> Share { product.content() };
    let first = best(products.iter().map(|product| product.mean_rating), STARS)?;
    let (low, _) = share(&products[first]).interval();
    let others = products.iter().enumerate().filter(|(at, _)| *at != first);
    others
        .map(|(_, product)| share(product))
        .all(|other| other.value() < low)
        .then_some(first)
}

/// The position of the highest value, if it is so much above all others.
fn best(values: impl Iterator<Item = f64>, apart: f64) -> Option<usize> {
    let mut ranked: Vec<(usize, f64)> = values.enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    match ranked.as_slice() {
        [(first, best), (_, second), ..] if best - second >= apart => Some(*first),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balance(praised: usize, complained: usize) -> Balance {
        Balance {
            reviews: praised + complained,
            praised,
            complained,
            mean_rating: None,
        }
    }

    #[test]
    fn who_is_ahead_is_clearly_ahead() {
        for (one, other, expected) in [
            (balance(30, 2), balance(10, 9), Some(0)),
            (balance(2, 8), balance(20, 1), Some(1)),
            (balance(30, 2), balance(28, 3), None),
            // One content buyer is no lead.
            (balance(1, 0), balance(10, 9), None),
        ] {
            assert_eq!(ahead(&[one, other]), expected, "{one:?} {other:?}");
        }
        let product =
            |histogram: [u32; 5]| ProductFacts::of(&crate::reviews::testing::rated("Kettle", histogram));
        let (loved, liked) = (product([0, 0, 0, 20, 180]), product([10, 10, 20, 60, 100]));
        assert_eq!(ahead_in_stars(&[liked.clone(), loved.clone()]), Some(1));
        assert_eq!(
            ahead_in_stars(&[product([0, 0, 0, 0, 2]), liked]),
            None,
            "two reviews are luck"
        );
    }
}
