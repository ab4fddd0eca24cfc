//! What is known about a product.

use schemars::JsonSchema;
use serde::Serialize;

use super::proportion::rounded;
use crate::reviews::{Corpus, PRIOR_REVIEWS, Price, Product, ProductId, Rating};

/// One product and its facts.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct ProductFacts {
    /// The shop's own id.
    id: String,
    title: String,
    category: Option<String>,
    /// In the currency below.
    #[schemars(with = "Option<f64>")]
    price: Option<Price>,
    /// The code of the price's currency, such as INR.
    currency: Option<&'static str>,
    /// How many reviews it has.
    reviews: u32,
    /// Their mean stars, to two decimals.
    mean_rating: f64,
    /// How many reviews have one, two, … five stars.
    histogram: [u32; 5],
}

/// The product's mean rating, shrunk towards the shop's mean, and what it is computed from.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct ShrunkRating {
    /// (`prior_reviews` × `shop_mean` + the sum of the product's stars) / (`prior_reviews` + its reviews), to three
    /// decimals.
    value: f64,
    /// The mean stars of all reviews of the shop.
    shop_mean: f64,
    /// How many reviews with the shop's mean rating are added to the product's own.
    prior_reviews: u32,
}

impl ProductFacts {
    /// The facts of one product.
    pub(crate) fn new(product: &Product) -> ProductFacts {
        ProductFacts {
            id: product.key.clone(),
            title: product.title.clone(),
            category: product.category.clone(),
            price: product.price,
            currency: product.price.map(|price| price.currency.code()),
            reviews: product.histogram.iter().sum(),
            mean_rating: (product.mean_rating() * 100.0).round() / 100.0,
            histogram: product.histogram,
        }
    }
}

impl ShrunkRating {
    /// The rating of a product in a shop whose reviews have a mean of `shop_mean` stars.
    pub(crate) fn new(product: &Product, shop_mean: f64) -> Self {
        Self {
            value: rounded(Rating::of(product, shop_mean).shrunk),
            shop_mean: rounded(shop_mean),
            prior_reviews: PRIOR_REVIEWS,
        }
    }
}

/// The product with the shop's id `key`.
pub(in crate::http) fn find_product<'c>(corpus: &'c Corpus, key: &str) -> Option<(ProductId, &'c Product)> {
    let mut products = (0..).map(ProductId).zip(&corpus.products);
    products.find(|(_, product)| product.key == key)
}
