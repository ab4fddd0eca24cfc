//! How much of something a product has: the amounts that its buyers give, and what its title says. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::amounts::{self, Amounts};
use super::citations::Citations;
use super::shop::ProductFacts;
use super::values::{self, Value};
use crate::retrieval::{Grounds, Shop};
use crate::reviews::ProductId;

/// Products that are told apart.
const PRODUCTS: usize = 3;
/// Quotes of amounts.
const QUOTES: usize = 2;

/// What buyers give as an amount.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FactFinding {
    /// The product; of several the one whose buyers give most amounts.
    pub product: ProductFacts,
    /// So many products are counted.
    pub products: usize,
    /// What they give.
    #[serde(flatten)]
    pub amounts: Amounts,
    /// What they give of each product, where several are counted: of those of which most do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<AmountsOf>,
    /// The part of the product's title that speaks of it.
    pub title_says: Option<String>,
    /// The numbers of quotes that say so.
    pub quotes: Vec<usize>,
}

/// The amounts of one product.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct AmountsOf {
    /// Which.
    pub product: ProductFacts,
    /// What its buyers give.
    pub amounts: Amounts,
}

/// What the reviews that are about the question give as amounts; nothing where neither they nor the title give one.
pub(super) fn find(grounds: &Grounds, shop: Shop<'_>, cited: &mut Citations<'_>) -> Option<FactFinding> {
    let given = amounts::given(grounds, shop)
        .into_iter()
        .next()
        .unwrap_or_default();
    let mut of_product: BTreeMap<ProductId, usize> = BTreeMap::new();
    given
        .iter()
        .for_each(|given| *of_product.entry(given.product).or_default() += 1);
    let mut most: Vec<(ProductId, usize)> = of_product.into_iter().collect();
    most.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    let product = most.first().map_or(grounds.scope[0], |(product, _)| *product);
    let title = |(product, _): &(ProductId, usize)| shop.product(*product).short_title();
    let of = |(product, _): &(ProductId, usize)| AmountsOf {
        product: shop.facts(*product),
        amounts: Amounts::of(given.iter().filter(|given| given.product == *product)),
    };
    let title_says = match grounds.scope.as_slice() {
        [one] => values::title_says(&shop.product(*one).title, &grounds.query),
        _ => None,
    };
    if given.is_empty() && title_says.is_none() {
        return None;
    }
    let amounts = Amounts::of(given.iter());
    let says = |value: &Value| given.iter().find(|given| given.value.is_same(value));
    let quoted = amounts.values.iter().take(QUOTES).filter_map(says);
    let quoted: Vec<usize> = quoted.map(|given| given.passage).collect();
    Some(FactFinding {
        product: shop.facts(product),
        products: most.len().max(1),
        each: match most.as_slice() {
            [first, rest @ ..] if rest.iter().any(|other| title(other) != title(first)) => {
                most.iter().take(PRODUCTS).map(of).collect()
            }
            _ => vec![],
        },
        amounts,
        title_says,
        quotes: match quoted.is_empty() {
            true => cited.best(&grounds.scope).into_iter().collect(),
            false => quoted.into_iter().map(|position| cited.cite(position)).collect(),
        },
    })
}
