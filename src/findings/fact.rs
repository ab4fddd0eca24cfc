//! How much of something a product has: the amounts that its buyers give, and what its title says. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::citations::Citations;
use super::shop::ProductFacts;
use super::values::{self, Value, amounts};
use crate::language::{self, WordClass, lexicon};
use crate::query::Word;
use crate::retrieval::{Grounds, Shop};
use crate::reviews::{ProductId, ReviewId};

/// Different amounts that are told.
const VALUES: usize = 4;
/// Quotes of amounts.
const QUOTES: usize = 2;

/// What buyers give as an amount.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FactFinding {
    /// The product; of several the one whose buyers give most amounts.
    pub product: ProductFacts,
    /// So many products are counted.
    pub products: usize,
    /// Reviews that give an amount.
    pub reviews: usize,
    /// Between these lies the middle half of the amounts.
    pub middle: Option<(f32, f32)>,
    /// The amounts, the most frequent first.
    pub values: Vec<Value>,
    /// The part of the product's title that speaks of it.
    pub title_says: Option<String>,
    /// The numbers of quotes that say so.
    pub quotes: Vec<usize>,
}

/// What the reviews that are about the question give as amounts; nothing where neither they nor the title give one.
pub(super) fn find(grounds: &Grounds, shop: Shop<'_>, cited: &mut Citations<'_>) -> Option<FactFinding> {
    let query = &grounds.query;
    // What it asks the number of, or the units that it names, or any.
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
    let gives = |units: &HashSet<String>| {
        let texts = grounds.about.iter().map(|about| shop.index.text(about.passage));
        texts
            .map(|text| amounts(text, units))
            .any(|amounts| !amounts.is_empty())
    };
    if !gives(&units) {
        units = lexicon().units().map(str::to_string).collect();
    }
    let mut by_unit: HashMap<String, Vec<(ProductId, ReviewId, usize, Value)>> = HashMap::new();
    // What the question says itself is no answer.
    let known = amounts(&query.asked, &units);
    let mut seen = HashSet::new();
    for about in &grounds.about {
        for value in amounts(shop.index.text(about.passage), &units) {
            let is_new = !known
                .iter()
                .any(|known| known.from == value.from || known.to == value.to);
            if is_new && seen.insert((about.review, value.unit.clone())) {
                let given = (about.product, about.review, about.passage, value);
                by_unit.entry(given.3.unit.clone()).or_default().push(given);
            }
        }
    }
    let mut most: Vec<_> = by_unit.into_iter().collect();
    most.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
    let given = most
        .into_iter()
        .next()
        .map(|(_, given)| given)
        .unwrap_or_default();
    let mut of_product: BTreeMap<ProductId, usize> = BTreeMap::new();
    given
        .iter()
        .for_each(|(product, ..)| *of_product.entry(*product).or_default() += 1);
    let product = of_product
        .iter()
        .rev()
        .max_by_key(|(_, times)| **times)
        .map(|(product, _)| *product);
    let product = product.unwrap_or(grounds.scope[0]);
    let title_says = match grounds.scope.as_slice() {
        [one] => values::title_says(&shop.product(*one).title, query),
        _ => None,
    };
    if given.is_empty() && title_says.is_none() {
        return None;
    }
    let mut ends: Vec<f32> = given
        .iter()
        .map(|(.., value)| (value.from + value.to) / 2.0)
        .collect();
    ends.sort_by(f32::total_cmp);
    let quarter = ends.len() / 4;
    let middle = ends
        .get(quarter)
        .copied()
        .zip(ends.get(ends.len().saturating_sub(quarter + 1)).copied());
    let mut values: Vec<Value> = Vec::new();
    for (.., value) in &given {
        match values.iter_mut().find(|known| known.is_same(value)) {
            Some(known) => known.reviews += 1,
            None => values.push(value.clone()),
        }
    }
    values.sort_by(|a, b| b.reviews.cmp(&a.reviews).then(a.from.total_cmp(&b.from)));
    values.truncate(VALUES);
    let says = |value: &&Value| given.iter().find(|(.., other)| other.is_same(value));
    let quoted: Vec<usize> = values
        .iter()
        .take(QUOTES)
        .filter_map(|value| says(&value))
        .map(|given| given.2)
        .collect();
    Some(FactFinding {
        product: shop.facts(product),
        products: of_product.len().max(1),
        reviews: given.len(),
        middle,
        values,
        title_says,
        quotes: match quoted.is_empty() {
            true => cited.best(&grounds.scope).into_iter().collect(),
            false => quoted.into_iter().map(|position| cited.cite(position)).collect(),
        },
    })
}
