//! The figure that a question asks for, of the products in question: arithmetic, and no quote. Pure.

use std::collections::BTreeSet;

use serde::Serialize;

use super::product_filter::ProductFilter;
use crate::query::{Figure, ParsedQuery, Quantity, Wish};
use crate::reviews::{Price, Product, ProductId, Rating, mean_rating};

/// Products whose figures are told at most.
const MOST: usize = 4;

/// A figure that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// What was asked.
    pub figure: Figure,
    /// So many products were compared.
    pub among: usize,
    /// What they all are, as the shop's categories say; empty where they are of several, or of none.
    #[serde(rename = "category")]
    pub kind: String,
    /// The products, first the one that was asked for.
    pub products: Vec<Figured>,
}

/// What can be told of a product by counting.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figured {
    /// The shop's product id.
    #[serde(rename = "id")]
    pub key: String,
    /// What people call it.
    pub title: String,
    /// Where the data has it.
    pub price: Option<Price>,
    /// Its stars.
    pub rating: Rating,
    /// Reviews with one, two, … five stars.
    pub histogram: [u32; 5],
}

impl Figures {
    /// What a question asks for of the products that are `in_question`, or of all where these are none, and that
    /// `filter` admits; nothing where it asks for no figure, or no product has it.
    pub(crate) fn of(
        parsed: &ParsedQuery,
        in_question: &BTreeSet<ProductId>,
        filter: &ProductFilter,
        products: &[Product],
    ) -> Option<Self> {
        let figure = parsed.figure?;
        let shop_mean = mean_rating(products);
        let is_about = |id: &ProductId| in_question.is_empty() || in_question.contains(id);
        let in_question = (0..).map(ProductId).zip(products);
        let in_question = in_question.filter(|(id, _)| filter.admits(*id) && is_about(id));
        let mut found: Vec<(&Product, Rating)> = in_question
            .map(|(_, product)| (product, Rating::of(product, shop_mean)))
            .collect();
        let has = |product: &Product| figure.quantity == Quantity::Stars || product.price.is_some();
        if figure.wish != Wish::Each {
            found.retain(|(product, _)| has(product));
        }
        let (_, category) = (found.first()?, found[0].0.category.clone());
        let of_one = found.iter().all(|(product, _)| product.category == category);
        let (price, stars) = (
            |found: &(&Product, Rating)| found.0.price.map_or(0, Price::hundredths),
            |a: &(&Product, Rating), b: &(&Product, Rating)| b.1.shrunk.total_cmp(&a.1.shrunk),
        );
        match (figure.quantity, figure.wish) {
            (_, Wish::Each) => {}
            (Quantity::Price, Wish::Least) => found.sort_by_key(price),
            (Quantity::Price, Wish::Most) => found.sort_by_key(|found| std::cmp::Reverse(price(found))),
            (Quantity::Stars, Wish::Least) => found.sort_by(|a, b| stars(b, a)),
            (_, Wish::Fitting) | (Quantity::Stars, Wish::Most) => found.sort_by(stars),
        }
        let among = found.len();
        found.truncate(MOST);
        let products = found.into_iter().map(|(product, rating)| Figured {
            key: product.key.clone(),
            title: product.short_title().to_string(),
            price: product.price,
            rating,
            histogram: product.histogram,
        });
        Some(Self {
            figure,
            among,
            kind: category.filter(|_| of_one).unwrap_or_default().to_lowercase(),
            products: products.collect(),
        })
    }

    /// Whether they say all that was asked: the price of every product that was named is known.
    pub(crate) fn are_complete(&self) -> bool {
        let known = |figured: &Figured| self.figure.quantity == Quantity::Stars || figured.price.is_some();
        self.products.iter().all(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{self, Turn, testing};
    use crate::retrieval::Filters;

    #[test]
    fn the_products_in_question_are_ordered_by_the_figure_asked_for() {
        let product = |title: &str, price, histogram| Product {
            price,
            histogram,
            ..testing::product(title, "Kettles")
        };
        let shop = [
            product("Zuvio Tone", Some(Price::rupees(999)), [0, 0, 0, 0, 2]),
            product("Pellar Hush", Some(Price::rupees(1999)), [0, 0, 0, 5, 40]),
            product("Lumett Cloud", None, [9, 0, 0, 0, 0]),
        ];
        let vocabulary = testing::vocabulary(&shop, &["good bass"]);
        // A question, how many products are compared, their titles in order, and whether they have all that is asked.
        // Forty-five buyers say more than two.
        let cases = "
            Which is the cheapest? | 2 | Zuvio Tone, Pellar Hush | yes
            Which is the most expensive? | 2 | Pellar Hush, Zuvio Tone | yes
            Which has the best rating? | 3 | Pellar Hush, Zuvio Tone, Lumett Cloud | yes
            Which has the worst rating? | 3 | Lumett Cloud, Zuvio Tone, Pellar Hush | yes
            What does the Lumett cost? | 1 | Lumett Cloud | no
            What does the Zuvio cost? | 1 | Zuvio Tone | yes
            Is there one under 1500? | 1 | Zuvio Tone | yes
            How is the bass of the Zuvio? | 0 | |
        ";
        for [question, among, titles, complete] in testing::table(cases) {
            let parsed = query::read(&[Turn::user(question)], &vocabulary);
            let in_question = vocabulary.in_question(&parsed);
            let filter = ProductFilter::of(&parsed, &Filters::default(), &in_question, &shop);
            let found = Figures::of(&parsed, &in_question, &filter, &shop);
            assert_eq!(found.is_some(), among != "0", "{question}: {:?}", parsed.figure);
            let Some(found) = found else { continue };
            let found_titles: Vec<&str> = found.products.iter().map(|found| found.title.as_str()).collect();
            assert_eq!(found_titles.join(", "), titles, "{question}");
            assert_eq!(
                (found.among.to_string().as_str(), found.are_complete()),
                (among, complete == "yes")
            );
            assert_eq!(found.kind, "kettles");
        }
    }
}
