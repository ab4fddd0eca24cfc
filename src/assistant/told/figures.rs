//! Figures as sentences: what a product costs, how many stars it has, and which has most or least. Pure; every number
//! in them is counted, none is said by a model.

use crate::query::{Figure, Quantity, Wish};
use crate::retrieval::{Figured, Figures};

/// The answer to a question for figures; ends without a blank.
pub(super) fn told(figures: &Figures) -> String {
    let Figure { quantity, wish } = figures.figure;
    let (Some(first), rest) = (
        figures.products.first(),
        figures.products.get(1..).unwrap_or_default(),
    ) else {
        return String::new();
    };
    let kind = match figures.kind.as_str() {
        "" => "products",
        kind => kind,
    };
    let among = match figures.among {
        0 | 1 => String::new(),
        among => format!("Of {among} {kind} "),
    };
    let then: Vec<String> = rest
        .iter()
        .map(|next| format!("the {}: {}", next.title, value(next, quantity)))
        .collect();
    let then = match then.as_slice() {
        [] => String::new(),
        [one] => format!(" Then comes {one}."),
        several => format!(" Then come {}.", several.join("; ")),
    };
    match (wish, quantity) {
        (Wish::Each, _) => {
            let each = figures.products.iter().map(|figured| of(figured, quantity));
            each.collect::<Vec<_>>().join(" ")
        }
        // Told as a list.
        (Wish::Fitting, _) => String::new(),
        (Wish::Most | Wish::Least, _) => {
            let superlative = match (quantity, wish) {
                (Quantity::Price, Wish::Most) => "costs most",
                (Quantity::Price, _) => "costs least",
                (Quantity::Stars, Wish::Most) => "has the best rating",
                (Quantity::Stars, _) => "has the worst rating",
            };
            let the = if among.is_empty() { "The" } else { "the" };
            let value = value(first, quantity);
            format!("{among}{the} {} {superlative}: {value}.{then}", first.title)
        }
    }
}

fn of(figured: &Figured, quantity: Quantity) -> String {
    let Figured {
        title, price, rating, ..
    } = figured;
    match (quantity, price) {
        (Quantity::Price, None) => format!("The data here gives no price for the {title}."),
        (Quantity::Price, Some(price)) => format!("The {title} costs {price}."),
        (Quantity::Stars, _) if rating.count == 0 => format!("The {title} has no review."),
        (Quantity::Stars, _) => {
            let [one, two, three, four, five] = figured.histogram;
            format!(
                "The {title} has {}: {five} give five stars, {four} four, {three} three, {two} two and {one} one star.",
                value(figured, quantity)
            )
        }
    }
}

fn value(figured: &Figured, quantity: Quantity) -> String {
    match (quantity, figured.price) {
        (Quantity::Price, Some(price)) => price.to_string(),
        (Quantity::Price, None) => "price unknown".to_string(),
        (Quantity::Stars, _) => {
            let (mean, count) = (figured.rating.mean, figured.rating.count);
            let reviews = if count == 1 { "review" } else { "reviews" };
            format!("{mean:.1} of 5 stars on average, from {count} {reviews}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::{Price, Rating};

    fn figured(title: &str, price: Option<u32>, mean: f64, count: u32) -> Figured {
        let rating = Rating {
            count,
            mean,
            shrunk: mean,
        };
        Figured {
            key: title.into(),
            title: title.into(),
            price: price.map(Price::rupees),
            rating,
            histogram: [count / 4, 0, 0, 0, count / 2],
        }
    }

    #[test]
    fn figures_are_told_in_sentences() {
        let (zuvio, pellar) = (
            figured("Zuvio", Some(124_990), 4.25, 8),
            figured("Pellar", None, 3.0, 1),
        );
        let both = [zuvio.clone(), pellar.clone()];
        let cheap = [zuvio.clone(), figured("Avandi", Some(2_500_000), 4.0, 2)];
        for (quantity, wish, among, kind, products, expected) in [
            (
                Quantity::Price,
                Wish::Each,
                2,
                "",
                &both[..],
                "The Zuvio costs 1,24,990 rupees. The data here gives no price for the Pellar.",
            ),
            (
                Quantity::Stars,
                Wish::Each,
                1,
                "",
                &both[1..],
                "The Pellar has 3.0 of 5 stars on average, from 1 review: 0 give five stars, 0 four, 0 three, 0 two and \
                 0 one star.",
            ),
            (
                Quantity::Stars,
                Wish::Most,
                7,
                "kettles",
                &both,
                "Of 7 kettles the Zuvio has the best rating: 4.2 of 5 stars on average, from 8 reviews. \
                 Then comes the Pellar: 3.0 of 5 stars on average, from 1 review.",
            ),
            (
                Quantity::Price,
                Wish::Least,
                2,
                "",
                &cheap,
                "Of 2 products the Zuvio costs least: 1,24,990 rupees. Then comes the Avandi: 25,00,000 rupees.",
            ),
            (
                Quantity::Price,
                Wish::Most,
                1,
                "",
                &cheap[..1],
                "The Zuvio costs most: 1,24,990 rupees.",
            ),
        ] {
            let figures = Figures {
                figure: Figure { quantity, wish },
                among,
                kind: kind.into(),
                products: products.to_vec(),
            };
            assert_eq!(told(&figures), expected);
        }
    }
}
