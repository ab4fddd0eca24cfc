//! Statistics of a product's reviews, with their uncertainty. Pure.

use serde::Serialize;

use super::Product;

/// Each product is treated as if it had this many additional reviews with the shop's mean rating: then one five-star
/// review changes little, and fifty decide.
pub(crate) const PRIOR_REVIEWS: u32 = 10;
/// Half the width of a 95% interval, in standard deviations.
const Z: f64 = 1.959_963_984_540_054;

/// A product's rating, and the rating that is compared with other products.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Rating {
    /// Number of reviews.
    pub count: u32,
    /// Mean rating; 0 if there is no review.
    pub mean: f64,
    /// The mean shrunk towards the shop's mean: (10 × the shop's mean + the sum of stars) / (10 + reviews).
    pub shrunk: f64,
}

impl Rating {
    /// The rating of a product in a shop whose mean rating is `shop_mean`.
    pub(crate) fn of(product: &Product, shop_mean: f64) -> Self {
        let (count, stars) = totals(product);
        let prior = f64::from(PRIOR_REVIEWS);
        Self {
            count: count as u32,
            mean: product.mean_rating(),
            shrunk: (prior * shop_mean + stars) / (prior + count),
        }
    }
}

/// The mean rating over the reviews of all `products`; 0 if there is no review.
pub(crate) fn mean_rating(products: &[Product]) -> f64 {
    let all = products
        .iter()
        .map(totals)
        .fold((0.0, 0.0), |(count, stars), (n, sum)| (count + n, stars + sum));
    if all.0 > 0.0 { all.1 / all.0 } else { 0.0 }
}

/// The number of reviews, and the sum of their stars.
fn totals(product: &Product) -> (f64, f64) {
    let count: u32 = product.histogram.iter().sum();
    let stars: u32 = (1..)
        .zip(&product.histogram)
        .map(|(stars, count)| stars * count)
        .sum();
    (f64::from(count), f64::from(stars) + product.fractions)
}

/// A count out of a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Share {
    /// The count.
    pub count: usize,
    /// The total.
    pub of: usize,
}

impl Share {
    /// The share; 0 if the total is 0.
    pub(crate) fn value(self) -> f64 {
        self.count as f64 / self.of.max(1) as f64
    }

    /// The 95% interval of the true share, if these reviews are a sample; after Wilson (1927,
    /// <https://doi.org/10.1080/01621459.1927.10502953>); if the total is 0, it is 0 to 1.
    pub(crate) fn interval(self) -> (f64, f64) {
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let (n, share, z2) = (self.of as f64, self.value(), Z * Z);
        let centre = share + z2 / (2.0 * n);
        let reach = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        (
            ((centre - reach) / scale).max(0.0),
            ((centre + reach) / scale).min(1.0),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::testing;

    fn product(histogram: [u32; 5]) -> Product {
        testing::rated("Kettle", histogram)
    }

    #[test]
    fn few_reviews_are_drawn_to_the_shops_mean_and_many_are_not() {
        let shop = [
            product([0, 0, 0, 0, 1]),
            product([0, 0, 10, 50, 40]),
            product([5, 0, 0, 0, 0]),
        ];
        let mean = mean_rating(&shop);
        assert!((mean - (5.0 + 430.0 + 5.0) / 106.0).abs() < 1e-12);
        let [one, many, bad] = [&shop[0], &shop[1], &shop[2]].map(|product| Rating::of(product, mean));
        assert_eq!((one.count, one.mean), (1, 5.0));
        assert!((one.shrunk - (10.0 * mean + 5.0) / 11.0).abs() < 1e-12);
        assert!(
            many.shrunk > one.shrunk,
            "a hundred fours and fives beat one five"
        );
        assert!(bad.shrunk < 3.5 && bad.mean == 1.0);
        let none = Rating::of(&product([0; 5]), mean);
        assert_eq!((none.count, none.mean), (0, 0.0));
        assert!((none.shrunk - mean).abs() < 1e-12);
        assert_eq!(mean_rating(&[]), 0.0);
    }

    #[test]
    fn the_interval_is_wilsons() {
        // 10 of 20: (0.5 + 0.0960365 ± 1.96 × sqrt(0.0125 + 0.0024009)) / 1.192073.
        let (low, high) = Share { count: 10, of: 20 }.interval();
        assert!(
            (low - 0.299_298).abs() < 1e-5 && (high - 0.700_702).abs() < 1e-5,
            "{low} {high}"
        );
        let (low, high) = Share { count: 0, of: 10 }.interval();
        assert!(low == 0.0 && (high - 0.277_533).abs() < 1e-5, "{low} {high}");
        assert_eq!(Share { count: 0, of: 0 }.interval(), (0.0, 1.0));
        assert_eq!(Share { count: 0, of: 0 }.value(), 0.0);
    }
}
