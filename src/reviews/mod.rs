//! Files in, clean and numbered reviews and products with their facts out, and a [`Reading`] of what was understood.
//!
//! Runs once, on the thread that starts the server. Errors: see [`LoadError`].
//!
//! `load` is the way of a file: `files` finds it, unpacks it and decodes its text; `table` makes a table of it,
//! whatever its format; `columns` finds which column has which of the `roles`; `corpus_builder` collects the rows with
//! `cells` (one cell) and `titles` (one product's name); `headlines` moves a headline that its writer wrote to the
//! beginning of the text, and `corpus_fingerprint` hashes everything that was kept. `passages` then cuts the reviews
//! into the pieces that are searched and quoted, at the sentence boundaries that `sentence_boundaries` finds.

mod catalogue;
mod cells;
mod columns;
mod corpus_builder;
mod corpus_fingerprint;
mod error;
mod examples;
mod facts;
mod files;
mod headlines;
mod load;
mod options;
mod passages;
mod reading;
mod roles;
mod sentence_boundaries;
mod short_title;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod titles;

pub(crate) use cells::price::{Currency, Price, is_currency_sign};
pub(crate) use cells::rating::RatingScale;
pub(crate) use error::{DropReason, LoadError};
pub(crate) use examples::examples;
pub(crate) use facts::{PRIOR_REVIEWS, Rating, Share, mean_rating};
pub(crate) use files::tables as table_files;
pub(crate) use load::{INCLUDED_TEXT, Sources, included, load, read};
pub(crate) use options::ReadingOptions;
pub(crate) use passages::{Passage, passages};
pub(crate) use reading::Reading;
pub(crate) use roles::{ColumnMapping, ColumnRole};
pub use short_title::short_title;

/// A review's position in [`Corpus::reviews`]; stable for the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ReviewId(pub u32);

/// A product's position in [`Corpus::products`]; stable for the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct ProductId(pub u32);

/// One usable review.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Review {
    /// The product it is about.
    pub product: ProductId,
    /// Whole stars, 1 to 5; rounded, where the file's scale is finer.
    pub rating: u8,
    /// The headline, if several reviews have the same one or it has fewer than three words. Any other headline is at
    /// the beginning of the text, and this is empty.
    pub summary: String,
    /// The review, cleaned; never empty.
    pub text: String,
}

/// One product and the statistics of its reviews.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Product {
    /// The shop's own id, or one derived from the title; unique.
    pub key: String,
    /// The title as the file has it.
    pub title: String,
    /// The category, if the data has one.
    pub category: Option<String>,
    /// The price, if the data has one.
    pub price: Option<Price>,
    /// The number of reviews with one, two, … five stars.
    pub histogram: [u32; 5],
    /// The sum of what rounding to whole stars took from the ratings; 0 unless they are on a finer scale.
    pub fractions: f64,
    /// Its reviews, in the order of the file.
    pub reviews: Vec<ReviewId>,
}

impl Product {
    /// The short form of the title; see [`short_title()`].
    pub(crate) fn short_title(&self) -> &str {
        short_title(&self.title)
    }

    /// The mean rating over all its reviews; 0 if there is none.
    pub(crate) fn mean_rating(&self) -> f64 {
        mean_rating(std::slice::from_ref(self))
    }
}

/// Everything that was loaded. It never changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Corpus {
    /// Every usable review.
    pub reviews: Vec<Review>,
    /// Every product with at least one usable review.
    pub products: Vec<Product>,
    /// The number of dropped rows by reason, in a fixed order; reasons that did not occur are absent.
    pub dropped: Vec<(DropReason, usize)>,
    /// SHA-256 over everything that was kept, in hex: the data's part of the index's fingerprint.
    pub fingerprint: String,
}

impl Corpus {
    /// The currency of the prices, if there are any: a shop has one.
    pub(crate) fn currency(&self) -> Option<Currency> {
        let mut prices = self.products.iter().filter_map(|product| product.price);
        prices.next().map(|price| price.currency)
    }
}
