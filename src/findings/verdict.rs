//! What to think of a product: its stars, and what is praised and complained about most. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::balance::Balance;
use super::citations::Citations;
use super::shop::ProductFacts;
use super::suits::{self, Suited};
use crate::opinions::{AspectId, ProductAspect, Verdict};
use crate::retrieval::{Grounds, Shop};
use crate::reviews::{ProductId, Share};

/// Aspects that are praised, and such that are complained about.
const ASPECTS: usize = 3;
/// So many must agree on an aspect for it to be a point for or against, …
const SEVERAL: usize = 2;
/// … and more than this share of those who are clear about it.
const AGREED: f64 = 0.5;

/// What to think of a product.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct VerdictFinding {
    /// Which; of several of a name the one with the most reviews.
    pub product: ProductFacts,
    /// Others that the name may mean.
    pub others: Vec<String>,
    /// What most praise.
    pub praised: Vec<Judged>,
    /// What most complain about.
    pub complained: Vec<Judged>,
    /// What several call it good for, …
    pub suits: Vec<Suited>,
    /// … and what not.
    pub unsuited: Vec<Suited>,
    /// The numbers of the clearest quotes of praise, where no two praise the same, and of complaint likewise.
    pub quotes: [Option<usize>; 2],
}

/// An aspect, and what buyers say of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Judged {
    /// What they call it.
    pub aspect: String,
    /// How many say what.
    pub balance: Balance,
    /// The number of the most telling quote.
    pub quote: Option<usize>,
}

/// What to think of the product in question.
pub(super) fn find(grounds: &Grounds, shop: Shop<'_>, cited: &mut Citations<'_>) -> VerdictFinding {
    let reviews = |product: &&ProductId| shop.product(**product).reviews.len();
    let scope = &grounds.scope;
    let most = *scope
        .iter()
        .rev()
        .max_by_key(reviews)
        .expect("evidence is of a product");
    let others = scope.iter().filter(|product| **product != most).take(ASPECTS);
    let praised = most_judged(&[most], shop, Verdict::Praised, ASPECTS, cited);
    let complained = most_judged(&[most], shop, Verdict::Complained, ASPECTS, cited);
    let [suits, unsuited] = suits::of(most, shop);
    VerdictFinding {
        suits,
        unsuited,
        product: shop.facts(most),
        others: others.map(|product| shop.facts(*product).title).collect(),
        quotes: [(&praised, Verdict::Praised), (&complained, Verdict::Complained)].map(|(judged, wanted)| {
            match judged.is_empty() {
                true => cited.clearest(most, wanted),
                false => None,
            }
        }),
        praised,
        complained,
    }
}

/// The aspects that most reviews of these products clearly praise, or complain about, the most frequent first, each
/// with its most telling quote; only those where no more say the contrary.
pub(super) fn most_judged(
    products: &[ProductId],
    shop: Shop<'_>,
    wanted: Verdict,
    most: usize,
    cited: &mut Citations<'_>,
) -> Vec<Judged> {
    let mut aspects: BTreeMap<AspectId, Vec<(ProductId, ProductAspect)>> = BTreeMap::new();
    for product in products {
        for aspect in shop.opinions.of_product(*product) {
            aspects.entry(aspect.aspect).or_default().push((*product, aspect));
        }
    }
    let wanted_of = |balance: &Balance| match wanted {
        Verdict::Complained => balance.complained,
        _ => balance.praised,
    };
    let balance = |of: &Vec<(ProductId, ProductAspect)>| Balance::sum(of.iter().map(|(_, aspect)| *aspect));
    let mut judged: Vec<_> = aspects
        .into_iter()
        .map(|(aspect, of)| (aspect, balance(&of), of))
        .collect();
    judged.retain(|(_, balance, _)| {
        let (count, of) = (wanted_of(balance), balance.praised + balance.complained);
        count >= SEVERAL && Share { count, of }.value() > AGREED
    });
    judged.sort_by_key(|(aspect, balance, _)| (Reverse(wanted_of(balance)), *aspect));
    judged.truncate(most);
    let told = |(aspect, balance, of): (AspectId, Balance, Vec<(ProductId, ProductAspect)>)| Judged {
        aspect: shop.opinions.name(aspect).to_string(),
        balance,
        quote: of
            .iter()
            .find_map(|(product, _)| cited.telling(*product, aspect, wanted)),
    };
    judged.into_iter().map(told).collect()
}
