//! What is true of every file, whatever is in it. A check that fails panics.

use std::collections::HashSet;

use crate::reviews::{Corpus, LoadError, Reading, passages};

/// Checks what was understood of a file, and what was loaded.
pub fn reading(reading: &Reading, corpus: Result<&Corpus, &LoadError>) {
    let dropped: usize = reading.dropped.iter().map(|(_, rows)| rows).sum();
    assert_eq!(reading.rows, reading.kept + dropped, "each row is kept or dropped");
    assert_eq!(reading.dropped.len(), reading.examples.len(), "each reason has an example");
    serde_json::to_value(reading).expect("a reading can be written as JSON");
    assert!(!reading.to_string().is_empty());
    match corpus {
        Ok(corpus) => {
            assert_eq!((reading.kept, reading.products), (corpus.reviews.len(), corpus.products.len()));
            assert!(reading.error.is_none() && !corpus.reviews.is_empty());
            loaded(corpus);
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.ends_with('.') && message.len() > 1, "no sentence: {message:?}");
            assert_eq!(reading.error.as_deref(), Some(message.as_str()));
        }
    }
}

fn loaded(corpus: &Corpus) {
    for review in &corpus.reviews {
        assert!((1..=5).contains(&review.rating), "{review:?}");
        assert!(!review.text.trim().is_empty(), "{review:?}");
        for text in [&review.text, &review.summary] {
            assert!(!text.contains(char::is_control), "{review:?}");
        }
        assert!((review.product.0 as usize) < corpus.products.len(), "{review:?}");
    }
    let (mut rated, mut keys) = (0, HashSet::new());
    for product in &corpus.products {
        let count: u32 = product.histogram.iter().sum();
        assert_eq!(count as usize, product.reviews.len(), "{product:?}");
        rated += product.reviews.len();
        assert!(!product.key.is_empty() && !product.title.is_empty(), "{product:?}");
        assert!(keys.insert(&product.key), "two products have one key: {product:?}");
        assert!(!product.title.contains(char::is_control), "{product:?}");
        assert!(product.fractions.is_finite() && (1.0..=5.0).contains(&product.mean_rating()), "{product:?}");
        assert!(product.price.is_none_or(|price| price.amount() > 0.0 && price.amount().is_finite()), "{product:?}");
        assert!(!product.short_title().is_empty(), "{product:?}");
    }
    assert_eq!(rated, corpus.reviews.len(), "each review is about one product");
    for passage in passages(corpus) {
        assert!(!passage.text(corpus).trim().is_empty());
    }
}
