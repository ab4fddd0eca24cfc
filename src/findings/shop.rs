//! What the catalogue says of products. Pure.

use serde::Serialize;

use crate::language;
use crate::retrieval::Shop;
use crate::reviews::{Price, Product, ProductId, Rating, Share, mean_rating};

/// Words at the beginning of a title that are a name.
const NAME: usize = 3;

/// The words, as stems, with which a title begins, and which are a name.
pub(super) fn name(title: &str) -> impl Iterator<Item = String> {
    language::words(title).take(NAME).map(language::stem)
}

/// What is counted of a product, whatever is asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ProductFacts {
    /// The shop's id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Where the data has it.
    pub price: Option<Price>,
    /// Its reviews.
    pub reviews: usize,
    /// The mean of their stars; 0 where there are none.
    pub mean_rating: f64,
    /// Reviews with one, two, … five stars.
    pub histogram: [u32; 5],
}

impl ProductFacts {
    /// What is counted of `product`.
    pub(crate) fn of(product: &Product) -> Self {
        Self {
            id: product.key.clone(),
            title: product.short_title().to_string(),
            price: product.price,
            reviews: product.histogram.iter().sum::<u32>() as usize,
            mean_rating: product.mean_rating(),
            histogram: product.histogram,
        }
    }

    /// Of its reviews those with four or five stars.
    pub(crate) fn content(&self) -> Share {
        let [.., four, five] = self.histogram;
        Share {
            count: (four + five) as usize,
            of: self.reviews,
        }
    }

    /// Of its reviews those with one or two stars.
    pub(crate) fn discontent(&self) -> Share {
        let [one, two, ..] = self.histogram;
        Share {
            count: (one + two) as usize,
            of: self.reviews,
        }
    }
}

impl<'a> Shop<'a> {
    /// A product.
    pub(in crate::findings) fn product(self, product: ProductId) -> &'a Product {
        &self.index.catalogue()[product.0 as usize]
    }

    /// What is counted of a product.
    pub(in crate::findings) fn facts(self, product: ProductId) -> ProductFacts {
        ProductFacts::of(self.product(product))
    }

    /// The products, the best rated first: by the mean that is shrunk towards the shop's, so that few reviews do not
    /// win by luck.
    pub(in crate::findings) fn best_rated(self, products: impl Iterator<Item = ProductId>) -> Vec<ProductId> {
        let shop_mean = mean_rating(self.index.catalogue());
        let shrunk = |product: ProductId| Rating::of(self.product(product), shop_mean).shrunk;
        let mut rated: Vec<(ProductId, f64)> = products.map(|product| (product, shrunk(product))).collect();
        rated.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        rated.into_iter().map(|(product, _)| product).collect()
    }
}
