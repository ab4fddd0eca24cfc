//! Reviews and products in, SHA-256 out. Pure, cannot fail.
//!
//! Every string goes in behind its length, so that no two different corpora serialise to the same bytes.

use sha2::{Digest, Sha256};

use super::{Product, Review};

/// Changed whenever the serialisation changes, so that an old fingerprint matches nothing.
const FORMAT: &str = "reviews 1";

/// The digest of one review: what makes it a duplicate of another.
pub(super) fn review(review: &Review) -> [u8; 32] {
    let mut hasher = Sha256::new();
    add_review(&mut hasher, review);
    hasher.finalize().into()
}

/// The digest of everything that was kept, in hex.
pub(super) fn corpus(reviews: &[Review], products: &[Product]) -> String {
    let mut hasher = Sha256::new();
    add_text(&mut hasher, FORMAT);
    hasher.update((reviews.len() as u64).to_le_bytes());
    reviews.iter().for_each(|review| add_review(&mut hasher, review));
    hasher.update((products.len() as u64).to_le_bytes());
    products
        .iter()
        .for_each(|product| add_product(&mut hasher, product));
    hex(&hasher.finalize())
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn add_review(hasher: &mut Sha256, review: &Review) {
    hasher.update(review.product.0.to_le_bytes());
    hasher.update([review.rating]);
    add_text(hasher, &review.summary);
    add_text(hasher, &review.text);
}

/// Histogram and list of reviews follow from the reviews.
fn add_product(hasher: &mut Sha256, product: &Product) {
    add_text(hasher, &product.key);
    add_text(hasher, &product.title);
    hasher.update([u8::from(product.category.is_some())]);
    add_text(hasher, product.category.as_deref().unwrap_or_default());
    hasher.update([u8::from(product.price.is_some())]);
    hasher.update(product.price.unwrap_or_default().to_le_bytes());
}

fn add_text(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::ProductId;

    #[test]
    fn any_difference_changes_the_fingerprint() {
        let sample = |summary: &str, text: &str| Review {
            product: ProductId(0),
            rating: 4,
            summary: summary.into(),
            text: text.into(),
        };
        let kettle = Product {
            key: "k1".into(),
            title: "Kettle".into(),
            category: None,
            price: None,
            histogram: [0, 0, 0, 1, 0],
            reviews: Vec::new(),
        };
        let of = |review: Review, product: &Product| corpus(&[review], std::slice::from_ref(product));
        let first = of(sample("Good", "boils fast"), &kettle);
        assert_eq!(first, of(sample("Good", "boils fast"), &kettle));
        assert_eq!(first.len(), 64);

        let other_category = Product {
            category: Some(String::new()),
            ..kettle.clone()
        };
        let other_price = Product {
            price: Some(0),
            ..kettle.clone()
        };
        let others = [
            of(sample("Goodb", "oils fast"), &kettle),
            of(
                Review {
                    rating: 5,
                    ..sample("Good", "boils fast")
                },
                &kettle,
            ),
            of(sample("Good", "boils fast"), &other_category),
            of(sample("Good", "boils fast"), &other_price),
            corpus(&[], std::slice::from_ref(&kettle)),
        ];
        assert!(others.iter().all(|other| *other != first));
    }
}
