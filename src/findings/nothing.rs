//! Nothing here is about the question: what the reviews do speak of. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::opinions::AspectId;
use crate::retrieval::{Grounds, Shop, Unmet};
use crate::reviews::examples;

/// Aspects that are named.
const SPOKEN_OF: usize = 5;

/// That there is no answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct NothingFinding {
    /// The product that the question names, where it names one.
    pub product: Option<String>,
    /// The demands that no product meets.
    pub unmet: Vec<Unmet>,
    /// What the reviews of the products in question speak of most clearly.
    pub spoken_of: Vec<String>,
    /// Questions that these reviews can answer.
    pub examples: Vec<String>,
}

/// What there is instead of an answer.
pub(super) fn find(grounds: &Grounds, shop: Shop<'_>) -> NothingFinding {
    let mut reviews: BTreeMap<AspectId, usize> = BTreeMap::new();
    let named = grounds.query.scope();
    for product in &named {
        for aspect in shop.opinions.of_product(*product) {
            *reviews.entry(aspect.aspect).or_default() += aspect.praised + aspect.complained;
        }
    }
    let mut spoken_of: Vec<(AspectId, usize)> =
        reviews.into_iter().filter(|(_, reviews)| *reviews > 0).collect();
    spoken_of.sort_by_key(|(aspect, reviews)| (Reverse(*reviews), *aspect));
    spoken_of.truncate(SPOKEN_OF);
    let name = |(aspect, _): (AspectId, usize)| shop.opinions.name(aspect).to_string();
    NothingFinding {
        unmet: grounds.unmet.clone(),
        product: match named.first() {
            Some(product) if named.len() == 1 => Some(shop.facts(*product).title),
            _ => None,
        },
        spoken_of: spoken_of.into_iter().map(name).collect(),
        examples: examples(shop.index.corpus()),
    }
}
