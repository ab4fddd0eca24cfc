//! The question leaves open which product is meant: the likeliest ones. Pure.

use serde::Serialize;

use super::balance::{Balance, Topic};
use super::shop::ProductFacts;
use crate::retrieval::{Grounds, Shop};
use crate::reviews::ProductId;

/// Products to choose from.
const CHOICES: usize = 4;

/// That the question has to say which product it means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct OpenFinding {
    /// What is asked, where buyers often speak of it.
    pub aspect: Option<String>,
    /// Products whose buyers write about it, those of whom most do first.
    pub choices: Vec<Choice>,
}

/// A product that may be meant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Choice {
    /// Which.
    pub product: ProductFacts,
    /// What its buyers say of it.
    pub balance: Balance,
}

/// The likeliest products.
pub(super) fn find(grounds: &Grounds, shop: Shop<'_>, topic: Topic) -> OpenFinding {
    let choice = |product| Choice {
        product: shop.facts(product),
        balance: Balance::of(&[product], topic, grounds, shop),
    };
    // Of what many speak of, the reviews of every product are counted.
    let of_topic: Vec<ProductId> = match topic {
        Topic::Aspect(_) => (0..shop.index.catalogue().len() as u32).map(ProductId).collect(),
        Topic::Whole | Topic::Words => grounds.scope.clone(),
    };
    let mut choices: Vec<Choice> = of_topic.into_iter().map(choice).collect();
    choices.sort_by_key(|choice| std::cmp::Reverse(choice.balance.reviews));
    choices.truncate(CHOICES);
    OpenFinding {
        aspect: topic.name(shop),
        choices,
    }
}
