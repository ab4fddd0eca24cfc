//! Which products pass: the request's filters and the question's own demands, of which the stricter holds. Pure.

use std::collections::BTreeSet;

use super::{Filters, Unmet};
use crate::query::{Constraints, ParsedQuery, Span};
use crate::reviews::{Product, ProductId};

/// The products that pass, and which demands none of them could meet.
#[derive(Debug)]
pub(crate) struct ProductFilter {
    admitted: Vec<bool>,
    /// The demands that cannot be met.
    pub unmet: Vec<Unmet>,
}

impl ProductFilter {
    /// Of a question in a request with these filters; it is about the products `in_question`, or about any where these
    /// are none.
    ///
    /// A demand for a price goes by the board where no product in question has one. Who asks "Is the … under 2000?"
    /// names the product and asks about that: it is found whether or not it meets its demands.
    pub(crate) fn of(
        parsed: &ParsedQuery,
        filters: &Filters,
        in_question: &BTreeSet<ProductId>,
        products: &[Product],
    ) -> Self {
        let Constraints { price, stars } = parsed.constraints;
        let mut admitted: Vec<bool> = products.iter().map(|product| filters.admits(product)).collect();
        let is_about = |at: usize| in_question.is_empty() || in_question.contains(&ProductId(at as u32));
        let in_question: Vec<usize> = (0..products.len())
            .filter(|&at| admitted[at] && is_about(at))
            .collect();
        let price_of = |at: usize| products[at].price.map(|price| price.amount() as f32);
        let stars_of = |at: usize| Some(products[at].mean_rating() as f32);

        let mut unmet = Vec::new();
        let mut demand = |span: Span, value: &dyn Fn(usize) -> Option<f32>, problem| {
            if span.is_open() {
                return;
            }
            let meets = |at: usize| value(at).is_some_and(|value| span.contains(value));
            if !in_question.is_empty() && !in_question.iter().any(|&at| meets(at)) {
                unmet.push(problem);
            }
            if problem != Unmet::PriceUnknown && !parsed.names_one() {
                (0..products.len()).for_each(|at| admitted[at] &= meets(at));
            }
        };
        let priced = in_question.iter().any(|&at| price_of(at).is_some());
        demand(
            price,
            &price_of,
            if priced { Unmet::Price } else { Unmet::PriceUnknown },
        );
        demand(stars, &stars_of, Unmet::Stars);
        Self { admitted, unmet }
    }

    /// Whether a product passes.
    pub(crate) fn admits(&self, product: ProductId) -> bool {
        self.admitted[product.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{self, Turn, testing};
    use crate::reviews::Price;

    fn product(title: &str, price: Option<u32>, histogram: [u32; 5]) -> Product {
        Product {
            price: price.map(Price::rupees),
            histogram,
            ..testing::product(title, "headphones")
        }
    }

    fn read(question: &str, filters: &Filters, products: &[Product]) -> (Vec<usize>, Vec<Unmet>) {
        let vocabulary = testing::vocabulary(products, &["good bass"]);
        let parsed = query::read(&[Turn::user(question)], &vocabulary);
        let filter = ProductFilter::of(&parsed, filters, &vocabulary.in_question(&parsed), products);
        let all = 0..products.len();
        let admitted = all.filter(|&at| filter.admits(ProductId(at as u32)));
        (admitted.collect(), filter.unmet)
    }

    #[test]
    fn the_stricter_of_filter_and_demand_holds() {
        let shop = [
            product("Zuvio Tone", Some(999), [0, 0, 0, 0, 9]),
            product("Pellar Hush", Some(1999), [9, 0, 0, 0, 1]),
            product("Lumett Cloud", None, [0, 0, 0, 9, 0]),
        ];
        let open = Filters::default();
        let cheap = Filters {
            max_price: Some(1000),
            ..Filters::default()
        };
        for (question, filters, admitted, unmet) in [
            ("Which has good bass?", &open, vec![0, 1, 2], vec![]),
            ("good bass under 2000", &open, vec![0, 1], vec![]),
            ("good bass under 2000", &cheap, vec![0], vec![]),
            ("good bass under 1000", &open, vec![0], vec![]),
            ("between 1500 and 2500", &open, vec![1], vec![]),
            ("at least 4 stars", &open, vec![0, 2], vec![]),
            ("rated above 4.5 and under 1500", &open, vec![0], vec![]),
            ("bass under 500", &open, vec![], vec![Unmet::Price]),
            ("below 1 stars", &open, vec![], vec![Unmet::Stars]),
            (
                "Is the Zuvio under 500?",
                &open,
                vec![0, 1, 2],
                vec![Unmet::Price],
            ),
            ("Is the Zuvio under 1500?", &open, vec![0, 1, 2], vec![]),
            (
                "Is the Lumett under 1500?",
                &open,
                vec![0, 1, 2],
                vec![Unmet::PriceUnknown],
            ),
            ("Is the Lumett under 1500?", &cheap, vec![0], vec![]),
        ] {
            assert_eq!(read(question, filters, &shop), (admitted, unmet), "{question}");
        }
    }

    #[test]
    fn where_no_product_has_a_price_none_is_left_out_for_it() {
        let shop = [product("Zuvio Tone", None, [0, 0, 0, 0, 9])];
        let filters = Filters::default();
        assert_eq!(
            read("bass under 500", &filters, &shop),
            (vec![0], vec![Unmet::PriceUnknown])
        );
    }
}
