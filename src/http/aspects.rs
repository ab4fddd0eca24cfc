//! What reviews say of aspects, as JSON: counts, shares with their intervals, and quotes. Shared by the endpoints that
//! show products.

use schemars::JsonSchema;
use serde::Serialize;

use crate::aspects::{AspectId, Aspects, ProductAspect, Verdict};
use crate::reviews::{Corpus, Passage, ProductId, Share};

/// So many of so many.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Portion {
    count: usize,
    of: usize,
    /// count / of, to three decimals.
    share: f64,
    /// The 95% interval of the share, after Wilson; from 0 to 1 where `of` is 0.
    interval: [f64; 2],
}

/// What one review says, word for word. Offsets are in characters of the review's text.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Quote {
    review_id: u32,
    rating: u8,
    quote: String,
    start: usize,
    end: usize,
}

/// What a product's reviews say of one aspect. A review that names it twice counts once.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct AspectFacts {
    name: String,
    /// Times it is named.
    mentions: usize,
    /// Reviews that name it.
    reviews: usize,
    /// Reviews that praise it …
    praised: usize,
    /// … and that complain about it; the others only name it.
    complained: usize,
    /// Those that praise it, of those that do either.
    praise: Portion,
    /// The most telling praise …
    best: Option<Quote>,
    /// … and complaint.
    worst: Option<Quote>,
}

/// Where quotes come from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub corpus: &'a Corpus,
    pub aspects: &'a Aspects,
}

impl Portion {
    pub(super) fn of(share: Share) -> Self {
        let (low, high) = share.interval();
        Self {
            count: share.count,
            of: share.of,
            share: rounded(share.value()),
            interval: [rounded(low), rounded(high)],
        }
    }
}

impl Source<'_> {
    /// What the reviews of `product` say of an aspect that was counted.
    pub fn facts(self, product: ProductId, counted: ProductAspect) -> AspectFacts {
        // Where praise and complaint of each review balance, no quote speaks for the count.
        let quote = |verdict, reviews: usize| {
            let quotes = self.quotes(product, Some(counted.aspect), verdict, usize::from(reviews > 0));
            quotes.into_iter().next()
        };
        AspectFacts {
            name: self.aspects.name(counted.aspect).to_string(),
            mentions: counted.mentions,
            reviews: counted.reviews,
            praised: counted.praised,
            complained: counted.complained,
            praise: Portion::of(counted.praise()),
            best: quote(Verdict::Praised, counted.praised),
            worst: quote(Verdict::Complained, counted.complained),
        }
    }

    /// The most telling praise or complaints of a product.
    pub fn quotes(
        self,
        product: ProductId,
        aspect: Option<AspectId>,
        verdict: Verdict,
        most: usize,
    ) -> Vec<Quote> {
        let passages = self.aspects.quotes(self.corpus, product, aspect, verdict, most);
        passages
            .into_iter()
            .map(|passage| Quote::of(self.corpus, passage))
            .collect()
    }
}

impl Quote {
    fn of(corpus: &Corpus, passage: Passage) -> Self {
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

/// To three decimals.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::ReviewId;
    use serde_json::json;

    #[test]
    fn a_share_comes_with_what_it_is_of() {
        for (share, expected) in [
            (
                Share { count: 10, of: 20 },
                json!({"count": 10, "of": 20, "share": 0.5, "interval": [0.299, 0.701]}),
            ),
            (
                Share { count: 0, of: 0 },
                json!({"count": 0, "of": 0, "share": 0.0, "interval": [0.0, 1.0]}),
            ),
        ] {
            let portion = serde_json::to_value(Portion::of(share)).expect("it serialises");
            assert_eq!(portion, expected);
        }
    }

    #[test]
    fn a_quote_counts_in_characters() {
        let mut corpus = super::super::catalogue::tests::corpus();
        corpus.reviews[1].text = "बहुत loud. It leaks.".into();
        let start = corpus.reviews[1].text.find("It").expect("it is there") as u32;
        let passage = Passage {
            review: ReviewId(1),
            start,
            end: start + 9,
        };
        assert_eq!(
            serde_json::to_value(Quote::of(&corpus, passage)).expect("it serialises"),
            json!({"review_id": 1, "rating": 4, "quote": "It leaks.", "start": 11, "end": 20})
        );
    }
}
