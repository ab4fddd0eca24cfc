//! Reviews and products in, SHA-256 out. Pure, cannot fail.
//!
//! Every string is hashed after its length, so that different corpora have different bytes.

use super::{Currency, Product, Review};
use crate::digest::Hasher;

/// Changed whenever the serialisation changes, so that an old fingerprint matches nothing.
const FORMAT: &str = "reviews 1";

/// The digest of one review; duplicates have equal digests.
pub(super) fn review(review: &Review) -> [u8; 32] {
    let mut hasher = Hasher::default();
    add_review(&mut hasher, review);
    hasher.finish()
}

/// The digest of everything that was kept, in hex.
pub(super) fn corpus(reviews: &[Review], products: &[Product]) -> String {
    let mut hasher = Hasher::default();
    hasher.text(FORMAT);
    hasher.bytes((reviews.len() as u64).to_le_bytes());
    reviews.iter().for_each(|review| add_review(&mut hasher, review));
    hasher.bytes((products.len() as u64).to_le_bytes());
    products
        .iter()
        .for_each(|product| add_product(&mut hasher, product));
    hasher.hex()
}

fn add_review(hasher: &mut Hasher, review: &Review) {
    hasher.bytes(review.product.0.to_le_bytes());
    hasher.bytes([review.rating]);
    hasher.text(&review.summary);
    hasher.text(&review.text);
}

/// Histogram and list of reviews follow from the reviews.
fn add_product(hasher: &mut Hasher, product: &Product) {
    hasher.text(&product.key);
    hasher.text(&product.title);
    hasher.bytes([u8::from(product.category.is_some())]);
    hasher.text(product.category.as_deref().unwrap_or_default());
    hasher.bytes([u8::from(product.price.is_some())]);
    // Rupees are hashed as before there were other currencies.
    let rupees = product.price.filter(|price| price.currency == Currency::RUPEE);
    hasher.bytes(rupees.map_or(0, |price| price.amount() as u32).to_le_bytes());
    if let Some(price) = product.price.filter(|price| price.currency != Currency::RUPEE) {
        hasher.text(price.currency.code());
        hasher.bytes(price.hundredths().to_le_bytes());
    }
    if product.fractions != 0.0 {
        hasher.bytes(product.fractions.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;
    use crate::reviews::{Price, testing};

    #[test]
    fn any_difference_changes_the_fingerprint() {
        let sample = |summary: &str, text| Review {
            summary: summary.into(),
            ..testing::review(0, 4, text)
        };
        let kettle = testing::product("Kettle");
        let good = sample("Good", "boils fast");
        let first = corpus(from_ref(&good), from_ref(&kettle));
        // If this value changes, no snapshot on a user's disk is valid any more.
        let known = "b76347ef3354d4bfe906df2139321029fcf7ca01417f4fbf8f13c45dbcaed7af";
        assert_eq!(first, known);

        let (mut five_stars, mut categorised, mut priced) = (good.clone(), kettle.clone(), kettle.clone());
        five_stars.rating = 5;
        categorised.category = Some(String::new());
        priced.price = Some(Price::rupees(1));
        for (reviews, product) in [
            (vec![sample("Goodb", "oils fast")], &kettle),
            (vec![five_stars], &kettle),
            (vec![good.clone()], &categorised),
            (vec![good], &priced),
            (vec![], &kettle),
        ] {
            assert_ne!(corpus(&reviews, from_ref(product)), first);
        }
    }
}
