//! For tests: one quote.

use super::{Evidence, Scores};
use crate::reviews::ReviewId;

/// A four-star review of `title` that says `quote` and nothing else.
pub(crate) fn evidence(title: &str, quote: &str) -> Evidence {
    Evidence {
        passage: 0,
        // Another text is the review of another buyer.
        review: ReviewId(quote.len() as u32),
        product_key: title.into(),
        product_title: title.into(),
        rating: 4,
        summary: String::new(),
        quote: quote.into(),
        start: 0,
        end: quote.chars().count(),
        before: String::new(),
        after: String::new(),
        score: 0.5,
        complains: false,
        scores: Scores::default(),
    }
}
