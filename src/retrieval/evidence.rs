//! What is asked for, and what is found.

use std::collections::BTreeSet;

use serde::Serialize;

use super::example_questions::Want;
use super::figures::Figures;
use super::products::Recommended;
use crate::index::ReviewIndex;
use crate::opinions::Verdict;
use crate::query::ParsedQuery;
use crate::reviews::{Product, ProductId, ReviewId};

/// Which reviews may be evidence. Empty or absent means any.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Filters {
    /// The shop's product ids ([`Product::key`]).
    pub product_ids: Vec<String>,
    /// A category, compared without case.
    pub category: Option<String>,
    /// Reviews with at least so many stars.
    pub min_rating: Option<u8>,
    /// Products that cost at most so much in the shop's currency; a product without a price does not pass.
    pub max_price: Option<u32>,
}

impl Filters {
    /// Whether a product passes.
    pub(crate) fn admits(&self, product: &Product) -> bool {
        let listed = self.product_ids.is_empty() || self.product_ids.contains(&product.key);
        let category = self.category.as_ref().is_none_or(|wanted| {
            product
                .category
                .as_ref()
                .is_some_and(|category| category.eq_ignore_ascii_case(wanted))
        });
        let price = self.max_price.is_none_or(|most| {
            product
                .price
                .is_some_and(|price| price.amount() <= f64::from(most))
        });
        listed && category && price
    }
}

/// What an answer can rest on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grounds {
    /// The question, as it was understood.
    pub query: ParsedQuery,
    /// Quotes, best first; none where nothing is about the question.
    pub evidence: Vec<Evidence>,
    /// The products that they are of and that fit best, with their figures.
    pub products: Vec<Recommended>,
    /// The demands that cannot be met, so that the answer can say so.
    pub unmet: Vec<Unmet>,
    /// The figure that is asked for.
    pub figures: Option<Figures>,
    /// What the question wants, as far as that follows from its likeness to examples.
    pub want: Option<Want>,
    /// The products that the question may mean, best first: those that it names or sets beside each other, or those
    /// that fit best.
    pub scope: Vec<ProductId>,
    /// Those of them that fit best, each with its [relevance](Recommended::relevance).
    pub fitting: Vec<(ProductId, f64)>,
    /// All that it asks for: those that it names or whose kind it names, and that meet its demands.
    pub all: BTreeSet<ProductId>,
    /// How many of the question's words for kinds of products one title has at most.
    pub kind_words: usize,
    /// Whether the client says which products.
    pub is_given: bool,
    /// The products that are compared, side by side.
    pub compared: Vec<BTreeSet<ProductId>>,
    /// The passages of these products that are about the question, best first.
    pub about: Vec<About>,
}

/// A passage that is about the question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct About {
    /// Its position in the index.
    pub passage: usize,
    /// The product that it is of.
    pub product: ProductId,
    /// The review that it is from.
    pub review: ReviewId,
    /// The log-odds that it praises, by its words and its review's stars ([`crate::opinions::Opinions::tones`]).
    pub tone: f32,
}

/// A demand that cannot be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unmet {
    /// A price is demanded, and the data has none for the products in question. They are found whatever they cost.
    PriceUnknown,
    /// None of the products in question has such a price.
    Price,
    /// None of them has so many, or so few, stars.
    Stars,
}

/// One quote that an answer may rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Its position in the index.
    pub passage: usize,
    /// The review it is from.
    pub review: ReviewId,
    /// The shop's product id.
    pub product_key: String,
    /// The product's title.
    pub product_title: String,
    /// The reviewer's stars, 1 to 5.
    pub rating: u8,
    /// The review's headline; may be empty.
    pub summary: String,
    /// The quoted passage, letter by letter as in the review.
    pub quote: String,
    /// Where the quote starts in the review's text, in characters.
    pub start: usize,
    /// Where it ends, in characters, exclusive.
    pub end: usize,
    /// The review's text before the quote; may be empty.
    pub before: String,
    /// The review's text after the quote; may be empty.
    pub after: String,
    /// Cosine similarity to the question, −1 to 1.
    pub score: f32,
    /// Whether it complains, by what it says and by its review's stars.
    pub complains: bool,
    /// What its place rests on.
    pub scores: Scores,
}

/// Why a passage is evidence.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Scores {
    /// Cosine similarity of the passage to the question, …
    pub question: f32,
    /// … and of its product's title.
    pub title: f32,
    /// Cosine similarity of the passage to its product's title.
    pub own_title: f32,
    /// The share of the question's words, weighed by their rarity, that the passage says, or the title where they name
    /// products or kinds of them.
    pub coverage: f32,
    /// What the passage is ranked by, made of these, and of whether it complains where complaints are asked for.
    pub total: f32,
}

impl Evidence {
    /// A passage of `index`, by its position, as a quote that nothing is known of beside what it says.
    pub(crate) fn of(index: &ReviewIndex, position: usize, tone: f32) -> Self {
        let passage = index.passage(position);
        let review = index.review(position);
        let product = &index.catalogue()[review.product.0 as usize];
        let (before, rest) = review.text.split_at(passage.start as usize);
        let (quote, after) = rest.split_at((passage.end - passage.start) as usize);
        let start = before.chars().count();
        Self {
            passage: position,
            review: passage.review,
            product_key: product.key.clone(),
            product_title: product.title.clone(),
            rating: review.rating,
            summary: review.summary.clone(),
            quote: quote.to_string(),
            start,
            end: start + quote.chars().count(),
            before: before.to_string(),
            after: after.to_string(),
            score: 0.0,
            complains: Verdict::of(tone) == Verdict::Complained,
            scores: Scores::default(),
        }
    }

    /// What people call the product; see [`crate::reviews::short_title`].
    pub fn short_title(&self) -> &str {
        crate::reviews::short_title(&self.product_title)
    }
}
