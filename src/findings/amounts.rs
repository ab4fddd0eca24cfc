//! The amounts that buyers give of what is asked, and how far they agree. Pure.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::values::{self, Value, amounts};
use crate::language::{self, WordClass, lexicon};
use crate::query::Word;
use crate::retrieval::{Grounds, Shop};
use crate::reviews::{ProductId, ReviewId};

/// Different amounts that are told.
const VALUES: usize = 4;
/// Reviews that give amounts, where these are told beside a balance that was asked for: so many, …
const SEVERAL: usize = 2;
/// … and this share of those that write about it …
const SHARE: f64 = 0.2;
/// … agree so far that the middle half of the amounts lies between one and so many times it.
const AGREED: f32 = 3.0;

/// Amounts of one unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Amounts {
    /// Reviews that give an amount.
    pub reviews: usize,
    /// Between these lies the middle half of the amounts.
    pub middle: Option<(f32, f32)>,
    /// The amounts, the most frequent first.
    pub values: Vec<Value>,
}

/// An amount that a review gives.
pub(super) struct Given {
    pub product: ProductId,
    pub passage: usize,
    pub value: Value,
}

impl Amounts {
    /// What these reviews give.
    pub(super) fn of<'a>(given: impl Iterator<Item = &'a Given>) -> Self {
        let mut values: Vec<Value> = Vec::new();
        let mut ends: Vec<f32> = Vec::new();
        for Given { value, .. } in given {
            ends.push((value.from + value.to) / 2.0);
            match values.iter_mut().find(|known| known.is_same(value)) {
                Some(known) => known.reviews += 1,
                None => values.push(value.clone()),
            }
        }
        values.sort_by(|a, b| b.reviews.cmp(&a.reviews).then(a.from.total_cmp(&b.from)));
        values.truncate(VALUES);
        ends.sort_by(f32::total_cmp);
        let quarter = ends.len() / 4;
        let last = ends.len().saturating_sub(quarter + 1);
        Self {
            reviews: ends.len(),
            middle: ends.get(quarter).copied().zip(ends.get(last).copied()),
            values,
        }
    }

    /// What the buyers of each of these products give, in one unit, where of each so many of those who write about it
    /// do and agree that it is worth telling; `writing` says how many write about it.
    pub(super) fn of_each(
        products: &[ProductId],
        writing: impl Fn(ProductId) -> usize,
        grounds: &Grounds,
        shop: Shop<'_>,
    ) -> Option<Vec<Self>> {
        let of_unit = |given: Vec<Given>| -> Option<Vec<Self>> {
            let of_product = |product: &ProductId| {
                let amounts = Self::of(given.iter().filter(|given| given.product == *product));
                let enough = (SHARE * writing(*product) as f64).max(SEVERAL as f64);
                let agree = amounts.middle.is_some_and(|(from, to)| to <= AGREED * from);
                (amounts.reviews as f64 >= enough && agree).then_some(amounts)
            };
            products.iter().map(of_product).collect()
        };
        given(grounds, shop).into_iter().find_map(of_unit)
    }
}

/// The amounts that the reviews about the question give, each review once, by their units; the most frequent unit
/// first. What the question asks the number of, or the units that it names, go before others; money is given only where
/// it is asked for.
pub(super) fn given(grounds: &Grounds, shop: Shop<'_>) -> Vec<Vec<Given>> {
    let query = &grounds.query;
    let asked = query.aspect().map(|word| language::folded(&word.written));
    let mut units: HashSet<String> = asked
        .filter_map(|word| lexicon().unit(&word).map(str::to_string))
        .collect();
    let of_money = |word: &Word| lexicon().has_any(&word.written, &[WordClass::Price, WordClass::Paying]);
    units.extend(query.counted.clone().filter(|_| units.is_empty()));
    units.extend(
        query
            .words
            .iter()
            .any(of_money)
            .then(|| values::RUPEE.to_string()),
    );
    let of_asked = given_in(&units, grounds, shop);
    match of_asked.is_empty() {
        true => {
            let all = lexicon().units().filter(|unit| *unit != values::RUPEE);
            given_in(&all.map(str::to_string).collect(), grounds, shop)
        }
        false => of_asked,
    }
}

fn given_in(units: &HashSet<String>, grounds: &Grounds, shop: Shop<'_>) -> Vec<Vec<Given>> {
    // Where an amount is asked for, what the question says itself is no answer; what a review says nearest to it is,
    // before all others: "4 hours of play after 20 minutes".
    let known = match grounds.query.asks_amount {
        true => amounts(&grounds.query.asked, units),
        false => vec![],
    };
    let is_known = |value: &Value| {
        let same = |known: &Value| known.from == value.from || known.to == value.to;
        known
            .iter()
            .any(|(_, known)| known.unit == value.unit && same(known))
    };
    let mut seen: HashSet<(ReviewId, String, bool)> = HashSet::new();
    let mut by_unit: HashMap<String, Vec<Given>> = HashMap::new();
    let mut beside: HashMap<String, Vec<Given>> = HashMap::new();
    for about in &grounds.about {
        let (known, mut new): (Vec<_>, Vec<_>) = amounts(shop.index.text(about.passage), units)
            .into_iter()
            .partition(|(_, value)| is_known(value));
        let places: Vec<usize> = known.iter().map(|(place, _)| *place).collect();
        new.sort_by_key(|(place, _)| places.iter().map(|known| known.abs_diff(*place)).min());
        for (_, value) in new {
            if seen.insert((about.review, value.unit.clone(), places.is_empty())) {
                let of_unit = if places.is_empty() {
                    &mut by_unit
                } else {
                    &mut beside
                };
                of_unit.entry(value.unit.clone()).or_default().push(Given {
                    product: about.product,
                    passage: about.passage,
                    value,
                });
            }
        }
    }
    let given = if beside.is_empty() { by_unit } else { beside };
    let mut most: Vec<(String, Vec<Given>)> = given.into_iter().collect();
    most.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    most.into_iter().map(|(_, given)| given).collect()
}
