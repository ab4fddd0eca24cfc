//! What is asked for, and what is found.

use std::collections::BTreeSet;

use super::figures::Figures;
use super::products::Recommended;
use super::reading::{Constraints, Intent};
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
    /// Products of at most so many rupees; a product without a price does not pass.
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
        let price = self
            .max_price
            .is_none_or(|most| product.price.is_some_and(|price| price <= most));
        listed && category && price
    }
}

/// A question, with what it goes on with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What was asked last.
    pub question: String,
    /// The earlier question that it goes on with, where it cannot be understood alone.
    pub earlier: Option<String>,
}

impl Asked {
    /// A question that can be understood alone.
    pub(crate) fn alone(question: impl Into<String>) -> Self {
        Self {
            question: question.into(),
            earlier: None,
        }
    }

    /// Both in one.
    pub(crate) fn whole(&self) -> String {
        match &self.earlier {
            Some(earlier) => format!("{earlier} {}", self.question),
            None => self.question.clone(),
        }
    }
}

/// What is found for a question, and how the question was understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found<T> {
    /// Best first; none where nothing is about it.
    pub items: Vec<T>,
    /// What was made of the question.
    pub understood: Understood,
}

/// What an answer can rest on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grounds {
    /// Quotes, best first; none where nothing is about the question.
    pub evidence: Vec<Evidence>,
    /// The products that they are of and that fit best, with their figures.
    pub products: Vec<Recommended>,
    /// What was made of the question.
    pub understood: Understood,
}

/// What was made of a question.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Understood {
    /// What kind of answer it wants.
    pub intent: Intent,
    /// The names in it, in their order, each with the products that it may mean: what a comparison compares.
    pub named: Vec<BTreeSet<ProductId>>,
    /// The words that say what is asked of products, and not of which.
    pub aspect: String,
    /// All telling words, as they are compared with titles and passages.
    pub words: Vec<String>,
    /// What it demands of products. What is found meets these demands, those in `unmet` excepted.
    pub constraints: Constraints,
    /// The demands that cannot be met, so that the answer can say so.
    pub unmet: Vec<Unmet>,
    /// The figure that is asked for.
    pub figures: Option<Figures>,
    /// The products that are to be compared and of which no quote was found.
    pub silent: Vec<String>,
    /// Whether it is a task, which no review can answer.
    pub is_task: bool,
    /// What the reviews of the products in question speak of most, for an answer that has nothing to quote.
    pub spoken_of: Vec<String>,
}

/// A demand that cannot be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// What people call the product; see [`crate::reviews::short_title`].
    pub fn short_title(&self) -> &str {
        crate::reviews::short_title(&self.product_title)
    }
}
