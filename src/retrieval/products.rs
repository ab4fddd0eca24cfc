//! Candidates → products to recommend, with every figure that the order rests on. Pure.

use std::collections::BTreeMap;

use super::Evidence;
use super::selection::Candidate;
use crate::opinions::{AspectId, ProductAspect};
use crate::reviews::{Product, ProductId, Rating, Share, mean_rating};

/// What the dissent of a recommended product is counted over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    /// The reviews that clearly say how an aspect is that the question asks about; dissent complains about it.
    Aspect(AspectId),
    /// The passages found for the question; dissent is of reviews that complain.
    Passages,
}

/// A product that fits a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recommended {
    /// Which.
    pub product: ProductId,
    /// What the order goes by: relevance × shrunk stars / 5 × (1 − the middle of dissent's interval).
    pub score: f64,
    /// How near its best passage's score is to the best of all: e to the power of the distance in gaps, at most 1.
    pub relevance: f64,
    /// Its stars.
    pub rating: Rating,
    /// How many of those who speak of what is asked dissent …
    pub dissent: Share,
    /// … and who those are.
    pub basis: Basis,
    /// What buyers say about it, best first, dissent last.
    pub quotes: Vec<Evidence>,
}

/// How far below the best of all a product's best passage is a third as relevant.
const GAP: f32 = 0.25;

/// The `most` best products of `ranked`, best first, equal ones by their shrunk rating; `judged` gives what a product's
/// reviews say of the aspect asked about, where one is; `quotes` chooses evidence among a product's passages, best
/// first.
pub(super) fn recommend(
    ranked: &[Candidate],
    products: &[Product],
    most: usize,
    judged: impl Fn(ProductId) -> Option<ProductAspect>,
    quotes: impl Fn(&[Candidate]) -> Vec<Evidence>,
) -> Vec<Recommended> {
    let shop_mean = mean_rating(products);
    let best = ranked.first().map_or(0.0, |best| best.score);
    let mut of_product: BTreeMap<ProductId, Vec<Candidate>> = BTreeMap::new();
    for candidate in ranked {
        of_product
            .entry(candidate.features.product)
            .or_default()
            .push(*candidate);
    }
    let figured = |(product, passages): (ProductId, Vec<Candidate>)| {
        let (dissent, basis) = dissent(&passages, judged(product));
        let relevance = f64::from((passages[0].score - best) / GAP).exp();
        let rating = Rating::of(&products[product.0 as usize], shop_mean);
        // The middle of the interval: one content buyer of one counts for less than fifty of fifty-two.
        let (low, high) = dissent.interval();
        let recommended = Recommended {
            product,
            score: relevance * rating.shrunk / 5.0 * (1.0 - (low + high) / 2.0),
            relevance,
            rating,
            dissent,
            basis,
            quotes: vec![],
        };
        (recommended, passages)
    };
    let mut all: Vec<(Recommended, Vec<Candidate>)> = of_product.into_iter().map(figured).collect();
    all.sort_by(|(a, _), (b, _)| {
        let by_rating = || b.rating.shrunk.total_cmp(&a.rating.shrunk);
        b.score
            .total_cmp(&a.score)
            .then_with(by_rating)
            .then(a.product.cmp(&b.product))
    });
    all.truncate(most);
    let quoted = |(recommended, passages): (Recommended, Vec<Candidate>)| Recommended {
        quotes: quotes(&passages),
        ..recommended
    };
    all.into_iter().map(quoted).collect()
}

/// Dissent on the aspect asked about, where the product's reviews judge it; else among the passages found.
fn dissent(passages: &[Candidate], judged: Option<ProductAspect>) -> (Share, Basis) {
    if let Some(aspect) = judged.filter(|aspect| aspect.dissent().of > 0) {
        return (aspect.dissent(), Basis::Aspect(aspect.aspect));
    }
    let complaints = passages.iter().filter(|candidate| candidate.complains());
    let share = Share {
        count: complaints.count(),
        of: passages.len(),
    };
    (share, Basis::Passages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::selection::testing::candidate;
    use crate::reviews::testing;

    fn product(histogram: [u32; 5]) -> Product {
        testing::rated("Kettle", histogram)
    }

    fn order(ranked: &[Candidate], products: &[Product]) -> Vec<u32> {
        recommend(ranked, products, 10, |_| None, |_| vec![])
            .iter()
            .map(|recommended| recommended.product.0)
            .collect()
    }

    #[test]
    fn relevance_stars_and_dissent_all_count() {
        let liked = product([0, 0, 0, 10, 40]);
        let disliked = product([30, 10, 5, 3, 2]);
        let (near, far) = (candidate(1, 0, 5, 0.9), candidate(2, 1, 5, 0.8));
        assert_eq!(order(&[near, far], &[liked.clone(), liked.clone()]), [0, 1]);
        assert_eq!(order(&[near, far], &[disliked, liked.clone()]), [1, 0]);
        let complaints = [3, 4, 5].map(|passage| candidate(passage, 0, 1, 0.5));
        let contradicted = [&[near, far], &complaints[..]].concat();
        assert_eq!(order(&contradicted, &[liked.clone(), liked]), [1, 0]);
    }

    #[test]
    fn every_figure_is_there_with_what_it_is_made_of() {
        let products = [product([0, 0, 0, 0, 2]), product([2, 0, 0, 0, 0])];
        let ranked = vec![
            candidate(1, 0, 5, 0.8),
            candidate(2, 1, 1, 0.7),
            candidate(3, 0, 2, 0.6),
        ];
        let all = recommend(
            &ranked,
            &products,
            10,
            |_| None,
            |passages| {
                assert!(passages.windows(2).all(|pair| pair[0].score >= pair[1].score));
                vec![]
            },
        );
        let first = &all[0];
        assert_eq!(
            (first.product, first.dissent),
            (ProductId(0), Share { count: 1, of: 2 })
        );
        assert_eq!((first.rating.count, first.rating.mean), (2, 5.0));
        assert!((first.rating.shrunk - (10.0 * 3.0 + 10.0) / 12.0).abs() < 1e-12);
        assert!(
            (first.relevance - 1.0).abs() < 1e-6,
            "it has the best passage of all"
        );
        assert!((all[1].relevance - (-0.1 / f64::from(GAP)).exp()).abs() < 1e-6);
        let expected = first.relevance * first.rating.shrunk / 5.0 * 0.5;
        assert!(
            (first.score - expected).abs() < 1e-12,
            "half of two: the middle is a half"
        );
        assert!(recommend(&[], &products, 10, |_| None, |_| vec![]).is_empty());
    }

    #[test]
    fn dissent_is_on_the_aspect_asked_about_where_the_reviews_judge_it() {
        let products = [product([0, 0, 0, 0, 9]), product([0, 0, 0, 0, 9])];
        let ranked = vec![
            candidate(1, 0, 1, 0.8),
            candidate(2, 0, 1, 0.8),
            candidate(3, 1, 1, 0.8),
        ];
        let aspect = |praised, complained| ProductAspect {
            aspect: AspectId(4),
            mentions: 9,
            reviews: 9,
            stars: 36,
            praised,
            complained,
        };
        // The first product's mic is praised, whatever the passages' stars; the second's is only named.
        let judged = |id: ProductId| Some(if id.0 == 0 { aspect(8, 0) } else { aspect(0, 0) });
        let all = recommend(&ranked, &products, 10, judged, |_| vec![]);
        assert_eq!(
            (all[0].dissent, all[0].basis),
            (Share { count: 0, of: 8 }, Basis::Aspect(AspectId(4)))
        );
        assert_eq!(
            (all[1].dissent, all[1].basis),
            (Share { count: 1, of: 1 }, Basis::Passages)
        );
        assert!(all[0].score > all[1].score);
    }

    #[test]
    fn equal_products_go_by_their_shrunk_rating() {
        // Without relevance every score is 0.
        let products = [product([0, 0, 0, 0, 1]), product([0, 0, 0, 0, 40])];
        let ranked = [candidate(1, 0, 5, 0.0), candidate(2, 1, 5, 0.0)];
        assert_eq!(
            order(
                &ranked,
                &[products[0].clone(), products[1].clone(), product([9, 0, 0, 0, 0])]
            ),
            [1, 0]
        );
    }
}
