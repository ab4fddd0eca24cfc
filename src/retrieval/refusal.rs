//! When nothing here is about a question. Pure.
//!
//! In a hundred thousand passages something is always near. How near, depends on the embedding model and on the shop,
//! so the thresholds are found from questions about other things: from the best that each of them reaches here. A shop
//! sells some of the things that they ask for; so it is a quantile that counts, and not the highest.

use serde::{Deserialize, Serialize};

use super::score;
use crate::index::PassageFeatures;

/// Questions that the reviews of a shop do not answer, as people type them: half of them for products, each of another
/// kind, the others about services, general knowledge and tasks.
const OFF_TOPIC: &str = include_str!("../../data/off_topic.txt");
/// The share of those questions that is refused.
const REFUSED: f32 = 0.97;
/// The share of pairs of such a question and a product that is refused where the product is given.
const REFUSED_OF_PRODUCT: f32 = 0.98;
/// How much lower the threshold is for a name that the embedding model's vocabulary does not have: its vectors cannot
/// see the product.
const UNSEEN_NAME: f32 = 0.25;

/// Below which topic scores a question is refused: found from the shop's own passages when they are indexed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Thresholds {
    /// Of [`score::topic`], for a question to the shop.
    pub shop: f32,
    /// Of [`score::topic_of_product`], for a question in which the client gives the products.
    pub product: f32,
}

/// What a question is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// The whole shop.
    Shop,
    /// A name among its products that the embedding model cannot see.
    UnseenName,
    /// Products that the client gives.
    Product,
}

/// The questions about other things.
pub(crate) fn off_topic() -> impl Iterator<Item = &'static str> {
    OFF_TOPIC.lines().filter(|line| !line.is_empty())
}

impl Thresholds {
    /// The version of what thresholds are found by. Raise it with every change of the scores.
    pub(crate) const METHOD: u32 = 1;
    /// Refuses nothing.
    pub(super) const NONE: Self = Self {
        shop: f32::NEG_INFINITY,
        product: f32::NEG_INFINITY,
    };

    /// From the highest scores that questions about other things reach: in the whole shop, and in single products.
    pub(super) fn of(in_shop: Vec<f32>, in_products: Vec<f32>) -> Self {
        Self {
            shop: quantile(in_shop, REFUSED),
            product: quantile(in_products, REFUSED_OF_PRODUCT),
        }
    }

    /// Whether something among these passages is about what is asked.
    pub(super) fn admit(&self, topic: Topic, passages: &[PassageFeatures]) -> bool {
        let (threshold, score): (f32, fn(&PassageFeatures) -> f32) = match topic {
            Topic::Shop => (self.shop, score::topic),
            Topic::UnseenName => (self.shop - UNSEEN_NAME, score::topic),
            Topic::Product => (self.product, score::topic_of_product),
        };
        passages.iter().any(|features| score(features) >= threshold)
    }
}

/// The least value that so much of the others does not exceed; refuses nothing where there are none.
fn quantile(mut values: Vec<f32>, share: f32) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = (share * last as f32).round() as usize;
    values.get(at).copied().unwrap_or(f32::NEG_INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::selection::testing::candidate;

    #[test]
    fn a_threshold_is_above_most_of_what_other_questions_reach() {
        let hundredths = (0..=100).map(|value| value as f32 / 100.0);
        let thresholds = Thresholds::of(hundredths.clone().rev().collect(), hundredths.collect());
        assert_eq!(
            thresholds,
            Thresholds {
                shop: 0.97,
                product: 0.98
            }
        );
        assert_eq!(Thresholds::of(vec![], vec![]), Thresholds::NONE);
    }

    #[test]
    fn one_passage_above_the_threshold_is_enough() {
        let thresholds = Thresholds {
            shop: 0.6,
            product: 0.5,
        };
        let passages = [0.1, 0.55].map(|cosine| candidate(1, 1, 5, cosine).features);
        // The title's cosine is 0, so the sum's is cosine / √2.
        assert!(!thresholds.admit(Topic::Shop, &passages));
        assert!(thresholds.admit(Topic::UnseenName, &passages));
        assert!(thresholds.admit(Topic::Product, &passages));
        assert!(!thresholds.admit(Topic::Product, &passages[..1]));
        assert!(!Thresholds::NONE.admit(Topic::Shop, &[]));
    }

    #[test]
    fn the_questions_are_different_ones() {
        let all: std::collections::BTreeSet<&str> = off_topic().collect();
        assert_eq!(all.len(), off_topic().count());
        assert!(all.len() >= 200);
    }
}
