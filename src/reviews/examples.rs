//! Example questions that these reviews can answer, for the page. Pure.

use std::collections::BTreeMap;

use super::{Corpus, Product};

/// Up to four questions: about the two categories with the most reviews (if there are categories), the product with the
/// most reviews, and the most criticised other product.
pub(crate) fn examples(corpus: &Corpus) -> Vec<String> {
    let products = &corpus.products;
    let popular = products.iter().max_by_key(|product| product.reviews.len());
    let others = products
        .iter()
        .filter(|product| popular.is_none_or(|popular| popular.key != product.key));
    let criticised = others
        .max_by_key(|product| bad_reviews(product))
        .filter(|product| bad_reviews(product) > 0);
    let categories = categories(products).into_iter().take(2);
    categories
        .map(|category| format!("Which {category} are worth the money?"))
        .chain(popular.map(|product| format!("What do people say about the {}?", product.short_title())))
        .chain(
            criticised
                .map(|product| format!("What do people complain about in the {}?", product.short_title())),
        )
        .collect()
}

/// Reviews with one or two stars.
fn bad_reviews(product: &Product) -> u32 {
    product.histogram[0] + product.histogram[1]
}

/// The categories; those with the most reviews come first.
fn categories(products: &[Product]) -> Vec<&str> {
    let mut reviews: BTreeMap<&str, usize> = BTreeMap::new();
    for product in products {
        if let Some(category) = &product.category {
            *reviews.entry(category).or_default() += product.reviews.len();
        }
    }
    let mut categories: Vec<(&str, usize)> = reviews.into_iter().collect();
    categories.sort_by_key(|(_, reviews)| std::cmp::Reverse(*reviews));
    categories.into_iter().map(|(category, _)| category).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::{ReviewId, testing};

    fn product(title: &str, category: Option<&str>, histogram: [u32; 5]) -> Product {
        Product {
            category: category.map(String::from),
            reviews: (0..histogram.iter().sum()).map(ReviewId).collect(),
            ..testing::rated(title, histogram)
        }
    }

    fn asked(products: Vec<Product>) -> Vec<String> {
        examples(&testing::corpus(products, vec![]))
    }

    #[test]
    fn questions_name_popular_and_criticised_products_and_categories() {
        let products = vec![
            product("Zuvio Tone (Graphite)", Some("headphones"), [0, 0, 0, 1, 5]),
            product("Tapnok", Some("kettles"), [2, 0, 0, 0, 0]),
            product("Pellar", Some("headphones"), [0, 1, 0, 0, 3]),
        ];
        assert_eq!(
            asked(products),
            [
                "Which headphones are worth the money?",
                "Which kettles are worth the money?",
                "What do people say about the Zuvio Tone?",
                "What do people complain about in the Tapnok?",
            ]
        );
        assert_eq!(
            asked(vec![product("Only", None, [0, 0, 0, 0, 1])]),
            ["What do people say about the Only?"]
        );
        assert_eq!(asked(vec![]), [""; 0]);
    }
}
