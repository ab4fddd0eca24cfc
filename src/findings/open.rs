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

/// A product that may be meant, or is one of several that are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Choice {
    /// Which.
    pub product: ProductFacts,
    /// What its buyers say of it.
    pub balance: Balance,
}

/// The likeliest products.
pub(super) fn find(grounds: &Grounds, shop: Shop<'_>, topic: Topic) -> OpenFinding {
    // Of what many speak of, the reviews of every product are counted.
    let of_topic: Vec<ProductId> = match topic {
        Topic::Aspect(_) => (0..shop.index.catalogue().len() as u32).map(ProductId).collect(),
        Topic::Whole | Topic::Words | Topic::Word(_) => grounds.scope.clone(),
    };
    OpenFinding {
        aspect: topic.name(grounds, shop),
        choices: most_written_about(&of_topic, topic, CHOICES, grounds, shop),
    }
}

/// Of these products the `most` whose buyers write most about it, with what they say.
pub(super) fn most_written_about(
    products: &[ProductId],
    topic: Topic,
    most: usize,
    grounds: &Grounds,
    shop: Shop<'_>,
) -> Vec<Choice> {
    let balance = |product: &ProductId| (*product, Balance::of(&[*product], topic, grounds, shop));
    let mut likeliest: Vec<(ProductId, Balance)> = products.iter().map(balance).collect();
    likeliest.sort_by_key(|(_, balance)| std::cmp::Reverse(balance.reviews));
    let choice = |(product, balance)| Choice {
        product: shop.facts(product),
        balance,
    };
    likeliest.into_iter().take(most).map(choice).collect()
}
