//! Candidates → products to recommend, with every figure that the order rests on. Pure.

use std::collections::BTreeMap;

use super::Evidence;
use super::rank::Relevant;
use crate::reviews::{Product, ProductId, Rating, Share, mean_rating};

/// Products that are recommended at most.
const MOST: usize = 10;

/// A product that fits a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommended {
    /// Which.
    pub product: ProductId,
    /// What the order goes by: relevance × shrunk stars / 5 × (1 − the middle of dissent's interval).
    pub score: f64,
    /// The fused relevance of its best passage, at most 1.
    pub relevance: f64,
    /// Its stars.
    pub rating: Rating,
    /// The passages found about what is asked, and how many of them are from reviews that complain.
    pub dissent: Share,
    /// What buyers say about it, best first, dissent last.
    pub quotes: Vec<Evidence>,
}

/// The products of `ranked`, best first; `quotes` chooses evidence among a product's passages, most relevant first.
pub fn recommend(
    ranked: Vec<Relevant>,
    products: &[Product],
    quotes: impl Fn(Vec<Relevant>) -> Vec<Evidence>,
) -> Vec<Recommended> {
    let shop_mean = mean_rating(products);
    let mut of_product: BTreeMap<ProductId, Vec<Relevant>> = BTreeMap::new();
    for relevant in ranked {
        of_product
            .entry(relevant.candidate.product)
            .or_default()
            .push(relevant);
    }
    let recommended = |(product, passages): (ProductId, Vec<Relevant>)| {
        let complaints = passages.iter().filter(|relevant| relevant.candidate.complains());
        let dissent = Share {
            count: complaints.count(),
            of: passages.len(),
        };
        let relevance = f64::from(passages[0].relevance);
        let rating = Rating::of(&products[product.0 as usize], shop_mean);
        // The middle of the interval: one content buyer of one counts for less than fifty of fifty-two.
        let (low, high) = dissent.interval();
        Recommended {
            product,
            score: relevance * rating.shrunk / 5.0 * (1.0 - (low + high) / 2.0),
            relevance,
            rating,
            dissent,
            quotes: quotes(passages),
        }
    };
    let mut all: Vec<Recommended> = of_product.into_iter().map(recommended).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.product.cmp(&b.product)));
    all.truncate(MOST);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::rank::Candidate;

    fn product(histogram: [u32; 5]) -> Product {
        Product {
            key: "K".into(),
            title: "Kettle".into(),
            category: None,
            price: None,
            histogram,
            reviews: vec![],
        }
    }

    fn relevant(passage: usize, product: u32, rating: u8, relevance: f32) -> Relevant {
        let candidate = Candidate {
            passage,
            product: ProductId(product),
            rating,
            question: 0.5,
            aspect: 0.5,
            title: 0.0,
            words: None,
        };
        Relevant { candidate, relevance }
    }

    fn order(ranked: &[Relevant], products: &[Product]) -> Vec<u32> {
        recommend(ranked.to_vec(), products, |_| vec![])
            .iter()
            .map(|recommended| recommended.product.0)
            .collect()
    }

    #[test]
    fn relevance_stars_and_dissent_all_count() {
        let liked = product([0, 0, 0, 10, 40]);
        let disliked = product([30, 10, 5, 3, 2]);
        let (near, far) = (relevant(1, 0, 5, 0.9), relevant(2, 1, 5, 0.6));
        assert_eq!(
            order(&[near.clone(), far.clone()], &[liked.clone(), liked.clone()]),
            [0, 1]
        );
        assert_eq!(
            order(&[near.clone(), far.clone()], &[disliked, liked.clone()]),
            [1, 0]
        );
        let complaints = [3, 4, 5].map(|passage| relevant(passage, 0, 1, 0.5));
        let contradicted = [&[near, far], &complaints[..]].concat();
        assert_eq!(order(&contradicted, &[liked.clone(), liked]), [1, 0]);
    }

    #[test]
    fn every_figure_is_there_with_what_it_is_made_of() {
        let products = [product([0, 0, 0, 0, 2]), product([2, 0, 0, 0, 0])];
        let ranked = vec![
            relevant(1, 0, 5, 0.8),
            relevant(2, 1, 1, 0.7),
            relevant(3, 0, 2, 0.6),
        ];
        let all = recommend(ranked, &products, |passages| {
            assert!(
                passages
                    .windows(2)
                    .all(|pair| pair[0].relevance >= pair[1].relevance)
            );
            vec![]
        });
        let first = &all[0];
        assert_eq!(
            (first.product, first.dissent),
            (ProductId(0), Share { count: 1, of: 2 })
        );
        assert_eq!((first.rating.count, first.rating.mean), (2, 5.0));
        assert!((first.rating.shrunk - (10.0 * 3.0 + 10.0) / 12.0).abs() < 1e-12);
        assert!((first.relevance - 0.8).abs() < 1e-6);
        let expected = first.relevance * first.rating.shrunk / 5.0 * 0.5;
        assert!(
            (first.score - expected).abs() < 1e-12,
            "half of two: the middle is a half"
        );
        assert!(recommend(vec![], &products, |_| vec![]).is_empty());
    }
}
