//! A recommended product, with every figure that its place rests on.

use schemars::JsonSchema;
use serde::Serialize;

use super::proportion::{Proportion, rounded};
use super::{EvidenceQuote, ProductFacts, ReviewSource, ShrunkRating};
use crate::retrieval::{Basis, Recommended};
use crate::reviews::{Share, mean_rating};

/// A product that fits the question, and every figure that its place rests on.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct Recommendation {
    product: ProductFacts,
    /// `relevance` × `shrunk_rating` / 5 × (1 − the middle of the interval of `dissent`).
    score: f64,
    /// The relevance of its most relevant passage, from 0 to 1.
    relevance: f64,
    /// Its mean rating, shrunk towards the shop's mean as if ten more reviews had that mean.
    shrunk_rating: f64,
    /// What the shrunk rating is computed from.
    rating: ShrunkRating,
    dissent: Dissent,
    quotes: Vec<EvidenceQuote>,
}

/// The share of complaints.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct Dissent {
    #[serde(flatten)]
    share: Proportion,
    /// The aspect that the question asks about, if the product's reviews clearly judge it. Then `count` reviews clearly
    /// complain about it, of the `of` reviews that clearly praise it or complain about it. If null, `count` passages
    /// clearly complain, by their words and their review's stars, of the `of` passages found for the question.
    aspect: Option<String>,
    /// The same as a sentence.
    counted: String,
}

/// The recommended products, in their order, with their figures.
pub(in crate::http) fn recommendations(
    source: ReviewSource<'_>,
    recommended: Vec<Recommended>,
) -> Vec<Recommendation> {
    let shop_mean = mean_rating(&source.corpus.products);
    let recommendation = |recommended: Recommended| {
        let product = &source.corpus.products[recommended.product.0 as usize];
        let aspect = match recommended.basis {
            Basis::Aspect(aspect) => Some(source.opinions.name(aspect)),
            Basis::Passages => None,
        };
        Recommendation {
            product: ProductFacts::new(product),
            score: rounded(recommended.score),
            relevance: rounded(recommended.relevance),
            shrunk_rating: rounded(recommended.rating.shrunk),
            rating: ShrunkRating::new(product, shop_mean),
            dissent: Dissent::new(recommended.dissent, aspect),
            quotes: EvidenceQuote::numbered(recommended.quotes),
        }
    };
    recommended.into_iter().map(recommendation).collect()
}

impl Dissent {
    fn new(share: Share, aspect: Option<&str>) -> Self {
        let Share { count, of } = share;
        let counted = match aspect {
            Some(aspect) => {
                format!("{count} of {of} reviews that clearly judge the {aspect} complain about it.")
            }
            None => {
                format!(
                    "{count} of {of} passages found clearly complain, by their words and their review's stars."
                )
            }
        };
        Self {
            share: share.into(),
            aspect: aspect.map(str::to_string),
            counted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app;
    use crate::embedding::testing::minilm;
    use crate::query::Turn;
    use crate::retrieval::Filters;
    use crate::reviews::{Corpus, passages, testing};
    use serde_json::{Value, json};
    use std::sync::Arc;

    /// One kettle with reviews of these stars and texts.
    fn kettle(reviews: &[(u8, &str)]) -> Corpus {
        let review = |(rating, text): &(u8, &str)| testing::review(0, *rating, text);
        testing::corpus(
            vec![testing::product("Kettle")],
            reviews.iter().map(review).collect(),
        )
    }

    /// The dissent on the one product of `corpus` that retrieval recommends for `question`.
    async fn dissent(corpus: Corpus, question: &str) -> Value {
        let (corpus, encoder) = (Arc::new(corpus), minilm());
        let passages = passages(&corpus);
        let texts: Vec<&str> = passages.iter().map(|passage| passage.text(&corpus)).collect();
        let vectors = app::embed(&encoder, &texts).expect("the texts can be embedded");
        // It waits for the embedder, which an async thread must not.
        let shared = corpus.clone();
        let built = std::thread::spawn(move || app::retriever(shared, passages, vectors, encoder));
        let retriever = built.join().expect("nothing panics");
        let retriever = retriever.expect("the reviews can be indexed");
        let asked = [Turn::user(question)];
        let found = retriever.recommend(&asked, &Filters::default()).await;
        let source = ReviewSource {
            corpus: &corpus,
            opinions: retriever.opinions(),
        };
        let all = recommendations(source, found.expect("one question has room"));
        serde_json::to_value(&all[0].dissent).expect("it serialises")
    }

    #[tokio::test]
    async fn passages_count_as_complaints_by_words_and_stars_and_not_by_stars_alone() {
        let corpus = kettle(&[
            (1, "My brother has the same one at home and uses it daily."),
            (5, "It came in a box on Monday."),
            (1, "Waste of money, it stopped working."),
        ]);
        let expected = json!({
            "count": 1, "of": 3, "share": 0.333, "interval": [0.061, 0.792], "aspect": null,
            "counted": "1 of 3 passages found clearly complain, by their words and their review's stars.",
        });
        assert_eq!(dissent(corpus, "Is the Kettle any good?").await, expected);
    }

    #[tokio::test]
    async fn reviews_that_judge_the_aspect_asked_about_count_instead_of_passages() {
        let corpus = kettle(&[
            (5, "The handle is excellent and very sturdy."),
            (5, "Great handle, I love it."),
            (2, "The handle is poor, it broke."),
            (2, "Bad handle, a waste of money."),
            (2, "The handle is very bad."),
        ]);
        let dissent = dissent(corpus, "Is the handle of the Kettle good?").await;
        assert_eq!(
            (&dissent["aspect"], &dissent["of"]),
            (&json!("handle"), &json!(5))
        );
        assert_eq!(
            dissent["counted"],
            "3 of 5 reviews that clearly judge the handle complain about it."
        );
    }
}
