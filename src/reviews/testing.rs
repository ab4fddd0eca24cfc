//! For tests: builders of products, reviews and corpora, so that a test states only what it needs.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Corpus, Product, ProductId, Review, ReviewId};

/// A product whose key is its title, without category, price or reviews.
pub(crate) fn product(title: &str) -> Product {
    Product {
        key: title.into(),
        title: title.into(),
        category: None,
        price: None,
        histogram: [0; 5],
        fractions: 0.0,
        reviews: vec![],
    }
}

/// A product with this histogram, but without the reviews themselves.
pub(crate) fn rated(title: &str, histogram: [u32; 5]) -> Product {
    Product {
        histogram,
        ..product(title)
    }
}

/// A review without a headline.
pub(crate) fn review(product: u32, rating: u8, text: &str) -> Review {
    Review {
        product: ProductId(product),
        rating,
        summary: String::new(),
        text: text.into(),
    }
}

/// A corpus of these reviews. They are added to the lists and histograms of their products.
pub(crate) fn corpus(mut products: Vec<Product>, reviews: Vec<Review>) -> Corpus {
    for (id, review) in (0..).map(ReviewId).zip(&reviews) {
        let product = &mut products[review.product.0 as usize];
        product.histogram[usize::from(review.rating) - 1] += 1;
        product.reviews.push(id);
    }
    Corpus {
        reviews,
        products,
        dropped: vec![],
        fingerprint: String::new(),
    }
}

/// A file of real reviews in the folder `shared/data` beside this checkout. The files are not part of the repository:
/// where one is absent, this prints that the test is skipped.
pub(crate) fn real_file(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let path = folder.join(name);
    if !path.exists() {
        // The test runner hides what `eprintln!` prints in a test that passes, but not this.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {} is not on this machine",
            path.display()
        );
        return None;
    }
    Some(path)
}
