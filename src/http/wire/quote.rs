//! Quotes from reviews: those that an answer cites, and those that describe a product.

use schemars::JsonSchema;
use serde::Serialize;

use crate::retrieval::Evidence;
use crate::reviews::{Corpus, Passage};

/// A quote that an answer can cite. `start` and `end` count characters of the review's text.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct EvidenceQuote {
    /// The number by which the answer cites it: 1, 2, …
    id: usize,
    pub review_id: u32,
    /// The shop's own id.
    product_id: String,
    pub product_title: String,
    rating: u8,
    summary: String,
    quote: String,
    start: usize,
    end: usize,
    before: String,
    after: String,
    score: f32,
}

/// What one review says, word for word. `start` and `end` count characters of the review's text.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct ReviewQuote {
    review_id: u32,
    rating: u8,
    quote: String,
    start: usize,
    end: usize,
}

impl EvidenceQuote {
    /// Evidence, numbered from 1 in its order.
    pub(crate) fn numbered(evidence: Vec<Evidence>) -> Vec<EvidenceQuote> {
        let quote = |(id, evidence): (usize, Evidence)| EvidenceQuote {
            id,
            review_id: evidence.review.0,
            product_id: evidence.product_key,
            product_title: evidence.product_title,
            rating: evidence.rating,
            summary: evidence.summary,
            quote: evidence.quote,
            start: evidence.start,
            end: evidence.end,
            before: evidence.before,
            after: evidence.after,
            score: evidence.score,
        };
        (1..).zip(evidence).map(quote).collect()
    }
}

impl ReviewQuote {
    /// The quote of a passage.
    pub(crate) fn new(corpus: &Corpus, passage: Passage) -> Self {
        let review = &corpus.reviews[passage.review.0 as usize];
        let quote = passage.text(corpus);
        let start = review.text[..passage.start as usize].chars().count();
        Self {
            review_id: passage.review.0,
            rating: review.rating,
            quote: quote.to_string(),
            start,
            end: start + quote.chars().count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;
    use crate::reviews::ReviewId;
    use serde_json::json;

    #[test]
    fn offsets_of_a_quote_count_characters() {
        let mut corpus = testing::corpus();
        corpus.reviews[1].text = "बहुत loud. It leaks.".into();
        let start = corpus.reviews[1].text.find("It").expect("it is there") as u32;
        let passage = Passage {
            review: ReviewId(1),
            start,
            end: start + 9,
        };
        assert_eq!(
            serde_json::to_value(ReviewQuote::new(&corpus, passage)).expect("it serialises"),
            json!({"review_id": 1, "rating": 4, "quote": "It leaks.", "start": 11, "end": 20})
        );
    }
}
