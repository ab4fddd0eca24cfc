//! Rows in, one at a time; a [`Corpus`] out.
//!
//! Decides which rows are usable, which product each is about, and which is a duplicate, and keeps each product's
//! facts. Pure; a row that is left out is counted under its reason.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::{
    Corpus, DropReason, Product, ProductId, Review, ReviewId, clean, corpus_fingerprint, headlines, titles,
};

/// The cells of one row, as the file has them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CsvRow<'a> {
    pub product_id: Option<&'a str>,
    pub product_title: Option<&'a str>,
    pub rating: Option<&'a str>,
    pub summary: Option<&'a str>,
    pub review: Option<&'a str>,
    pub category: Option<&'a str>,
    pub price: Option<&'a str>,
}

/// A corpus in the making.
#[derive(Debug, Default)]
pub(super) struct Builder {
    reviews: Vec<Review>,
    drafts: Vec<Draft>,
    by_key: HashMap<String, ProductId>,
    /// Products that came without an id, by folded title.
    by_title: HashMap<String, ProductId>,
    /// Digests instead of the reviews themselves, so that no text is held twice.
    seen: HashSet<[u8; 32]>,
    dropped: [usize; DropReason::ALL.len()],
}

/// A product before it is known which of its spellings and prices is the usual one.
#[derive(Debug, Default)]
struct Draft {
    key: String,
    titles: Tally<String>,
    categories: Tally<String>,
    prices: Tally<u32>,
    histogram: [u32; 5],
    reviews: Vec<ReviewId>,
}

impl Builder {
    /// Takes a row in, or counts why it cannot be used.
    pub fn add(&mut self, row: CsvRow<'_>) {
        if let Err(reason) = self.try_add(row) {
            self.dropped[reason as usize] += 1;
        }
    }

    fn try_add(&mut self, row: CsvRow<'_>) -> Result<(), DropReason> {
        let name = Name::of(row).ok_or(DropReason::NoProduct)?;
        let rating = clean::rating(row.rating).ok_or(DropReason::BadRating)?;
        let text = clean::text(row.review).ok_or(DropReason::NoText)?;
        let summary = clean::text(row.summary).unwrap_or_default();
        let product = self.find(&name).unwrap_or(ProductId(number(self.drafts.len())));
        let review = Review {
            product,
            rating,
            summary,
            text,
        };
        if !self.seen.insert(corpus_fingerprint::review(&review)) {
            return Err(DropReason::Duplicate);
        }
        if product.0 as usize == self.drafts.len() {
            self.open(name, product);
        }
        self.drafts[product.0 as usize].note(row, rating, ReviewId(number(self.reviews.len())));
        self.reviews.push(review);
        Ok(())
    }

    fn find(&self, name: &Name<'_>) -> Option<ProductId> {
        let known = match name {
            Name::Id(id) => self.by_key.get(id),
            // A shop's own id may be one that was derived here before: then they are one product.
            Name::Title { folded, raw } => self
                .by_title
                .get(folded)
                .or_else(|| self.by_key.get(&titles::derive_key(raw))),
        };
        known.copied()
    }

    fn open(&mut self, name: Name<'_>, product: ProductId) {
        let key = match name {
            Name::Id(id) => id,
            Name::Title { folded, raw } => {
                self.by_title.insert(folded, product);
                titles::derive_key(raw)
            }
        };
        self.by_key.insert(key.clone(), product);
        self.drafts.push(Draft {
            key,
            ..Draft::default()
        });
    }

    /// Ends the corpus.
    pub fn finish(mut self) -> Corpus {
        headlines::open_texts(&mut self.reviews);
        let products: Vec<Product> = self.drafts.into_iter().map(Draft::finish).collect();
        let dropped = DropReason::ALL
            .into_iter()
            .zip(self.dropped)
            .filter(|(_, rows)| *rows > 0)
            .collect();
        let fingerprint = corpus_fingerprint::corpus(&self.reviews, &products);
        Corpus {
            reviews: self.reviews,
            products,
            dropped,
            fingerprint,
        }
    }
}

/// What a row calls its product.
#[derive(Debug)]
enum Name<'a> {
    /// By the shop's own id.
    Id(String),
    /// By its title, as it stands: cleaning would take away what tells a garbled one.
    Title { folded: String, raw: &'a str },
}

impl<'a> Name<'a> {
    fn of(row: CsvRow<'a>) -> Option<Self> {
        let by_id = clean::text(row.product_id).map(Self::Id);
        by_id.or_else(|| {
            let raw = clean::present(row.product_title)?;
            Some(Self::Title {
                folded: titles::fold(raw),
                raw,
            })
        })
    }
}

fn number(position: usize) -> u32 {
    u32::try_from(position).expect("a file of more than four thousand million rows does not fit in memory")
}

impl Draft {
    fn note(&mut self, row: CsvRow<'_>, rating: u8, review: ReviewId) {
        self.titles.count(clean::text(row.product_title));
        self.categories.count(clean::text(row.category));
        self.prices.count(clean::price(row.price));
        self.histogram[usize::from(rating) - 1] += 1;
        self.reviews.push(review);
    }

    fn finish(self) -> Product {
        Product {
            title: self.titles.most_frequent().unwrap_or_else(|| self.key.clone()),
            key: self.key,
            category: self.categories.most_frequent(),
            price: self.prices.most_frequent(),
            histogram: self.histogram,
            reviews: self.reviews,
        }
    }
}

/// How often each value came, and which came first.
#[derive(Debug)]
struct Tally<T>(HashMap<T, (usize, usize)>);

impl<T> Default for Tally<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash> Tally<T> {
    fn count(&mut self, value: Option<T>) {
        let Some(value) = value else { return };
        let order = self.0.len();
        self.0.entry(value).or_insert((0, order)).0 += 1;
    }

    /// Of two equally frequent values the one that came first, so that the same file always gives the same corpus.
    fn most_frequent(self) -> Option<T> {
        let best = self
            .0
            .into_iter()
            .max_by_key(|(_, (count, order))| (*count, std::cmp::Reverse(*order)));
        best.map(|(value, _)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(title: &'a str, rating: &'a str, review: &'a str) -> CsvRow<'a> {
        CsvRow {
            product_title: Some(title),
            rating: Some(rating),
            review: Some(review),
            ..CsvRow::default()
        }
    }

    fn build(rows: &[CsvRow<'_>]) -> Corpus {
        let mut builder = Builder::default();
        rows.iter().for_each(|row| builder.add(*row));
        builder.finish()
    }

    #[test]
    fn every_row_left_out_is_counted_under_its_reason() {
        let corpus = build(&[
            row("Kettle", "5", "boils fast"),
            row("Kettle", "5.0", " boils  fast "),
            row("Kettle", "4", "boils fast"),
            CsvRow {
                summary: Some("nice"),
                ..row("Kettle", "5", "boils fast")
            },
            row("nan", "5", "boils fast"),
            row("Kettle", "Kettle", "boils fast"),
            row("Kettle", "5", "nan"),
            row("Kettle", "5", ""),
        ]);
        assert_eq!(corpus.reviews.len(), 3);
        assert_eq!(
            corpus.dropped,
            [
                (DropReason::NoProduct, 1),
                (DropReason::BadRating, 1),
                (DropReason::NoText, 2),
                (DropReason::Duplicate, 1),
            ]
        );
    }

    #[test]
    fn products_group_by_id_and_take_the_most_frequent_facts() {
        let with_id = |id, title, text, price| CsvRow {
            product_id: Some(id),
            price: Some(price),
            category: Some("kitchen"),
            ..row(title, "5", text)
        };
        let corpus = build(&[
            with_id("k1", "Ketle", "good", "900"),
            with_id("k1", "Kettle", "better", "₹1,000"),
            with_id("k2", "Kettle", "other", "nan"),
            with_id("k1", "Kettle", "best", "1000"),
            with_id("k3", "nan", "no name", ""),
        ]);
        let facts = |product: &Product| {
            (
                product.key.clone(),
                product.title.clone(),
                product.price,
                product.reviews.len(),
            )
        };
        let expected = [
            ("k1".into(), "Kettle".into(), Some(1000), 3),
            ("k2".into(), "Kettle".into(), None, 1),
            ("k3".into(), "k3".into(), None, 1),
        ];
        assert_eq!(corpus.products.iter().map(facts).collect::<Vec<_>>(), expected);
        assert_eq!(corpus.products[0].category.as_deref(), Some("kitchen"));
        assert_eq!(
            corpus.products[0].reviews,
            [ReviewId(0), ReviewId(1), ReviewId(3)]
        );
        assert!(corpus.reviews.iter().all(|review| review.summary.is_empty()));
    }

    #[test]
    fn without_ids_the_title_tells_the_product() {
        let corpus = build(&[
            row("Kettle, 1.5 L (Red)", "5", "good"),
            row("KETTLE 1.5L Red??", "1", "leaks"),
            row("Kettle 1.8 L (Red)", "3", "good"),
            row("KETTLE 1.5L Red??", "2", "rusts"),
        ]);
        let titles: Vec<&str> = corpus
            .products
            .iter()
            .map(|product| product.title.as_str())
            .collect();
        assert_eq!(titles, ["KETTLE 1.5L Red??", "Kettle 1.8 L (Red)"]);
        assert_eq!(corpus.products[0].histogram, [1, 1, 0, 0, 1]);
        assert!((corpus.products[0].mean_rating() - 8.0 / 3.0).abs() < 1e-6);
        assert!(
            corpus.products[0].key.starts_with("kettle-1-5"),
            "{}",
            corpus.products[0].key
        );
        assert_ne!(corpus.products[0].key, corpus.products[1].key);
    }

    #[test]
    fn a_shops_id_that_is_a_derived_one_names_the_same_product() {
        let derived = titles::derive_key("Kettle (Red)");
        let with_id = CsvRow {
            product_id: Some(&derived),
            ..row("Kettle (Red)", "5", "good")
        };
        let without_id = row("Kettle (Red)", "4", "fine");
        for rows in [[with_id, without_id], [without_id, with_id]] {
            let corpus = build(&rows);
            assert_eq!((corpus.products.len(), corpus.products[0].reviews.len()), (1, 2));
        }
    }
}
