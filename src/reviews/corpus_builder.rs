//! Rows in, one at a time; a [`Corpus`] out.
//!
//! Decides which rows are usable, which product each row is about, and which rows are duplicates, and collects each
//! product's facts. Pure; a dropped row is counted under its reason.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::{
    ColumnRole, Corpus, DropReason, Product, ProductId, Review, ReviewId, clean, corpus_fingerprint,
    headlines, titles,
};

/// The cells of one row as the file has them, in the order of [`ColumnRole::ALL`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CsvRow<'a>(pub [Option<&'a str>; ColumnRole::ALL.len()]);

impl<'a> CsvRow<'a> {
    fn cell(&self, role: ColumnRole) -> Option<&'a str> {
        self.0[role as usize]
    }

    fn text(&self, role: ColumnRole) -> Option<String> {
        clean::text(self.cell(role))
    }
}

/// A corpus that is being built.
#[derive(Debug, Default)]
pub(super) struct Builder {
    reviews: Vec<Review>,
    drafts: Vec<Draft>,
    by_key: HashMap<String, ProductId>,
    /// Products without an id, by folded title.
    by_title: HashMap<String, ProductId>,
    /// Digests of the reviews, so that no text is stored twice.
    seen: HashSet<[u8; 32]>,
    dropped: [usize; DropReason::ALL.len()],
}

/// A product whose most frequent title, category and price are not known yet.
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
    /// Adds a row, or counts the reason why it is dropped.
    pub(super) fn add(&mut self, row: CsvRow<'_>) {
        if let Err(reason) = self.try_add(row) {
            self.dropped[reason as usize] += 1;
        }
    }

    fn try_add(&mut self, row: CsvRow<'_>) -> Result<(), DropReason> {
        let name = Name::of(row).ok_or(DropReason::NoProduct)?;
        let rating = clean::rating(row.cell(ColumnRole::Rating)).ok_or(DropReason::BadRating)?;
        let text = row.text(ColumnRole::Review).ok_or(DropReason::NoText)?;
        let summary = row.text(ColumnRole::Summary).unwrap_or_default();
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
            // The file's id may equal an id that was derived here before: then they are one product.
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

    /// The corpus of all added rows.
    pub(super) fn finish(mut self) -> Corpus {
        headlines::open_texts(&mut self.reviews);
        let products: Vec<Product> = self.drafts.into_iter().map(Draft::finish).collect();
        let dropped = DropReason::ALL.into_iter().zip(self.dropped);
        let dropped = dropped.filter(|(_, rows)| *rows > 0).collect();
        let fingerprint = corpus_fingerprint::corpus(&self.reviews, &products);
        Corpus {
            reviews: self.reviews,
            products,
            dropped,
            fingerprint,
        }
    }
}

/// How a row identifies its product.
#[derive(Debug)]
enum Name<'a> {
    /// By the file's product id.
    Id(String),
    /// By its title, unchanged: cleaning would remove the characters that show that it is garbled.
    Title { folded: String, raw: &'a str },
}

impl<'a> Name<'a> {
    fn of(row: CsvRow<'a>) -> Option<Self> {
        let by_id = row.text(ColumnRole::ProductId).map(Self::Id);
        by_id.or_else(|| {
            let raw = clean::present(row.cell(ColumnRole::ProductTitle))?;
            Some(Self::Title {
                folded: titles::fold(raw),
                raw,
            })
        })
    }
}

fn number(position: usize) -> u32 {
    u32::try_from(position).expect("a file of more than u32::MAX rows does not fit in memory")
}

impl Draft {
    fn note(&mut self, row: CsvRow<'_>, rating: u8, review: ReviewId) {
        self.titles.count(row.text(ColumnRole::ProductTitle));
        self.categories.count(row.text(ColumnRole::Category));
        self.prices.count(clean::price(row.cell(ColumnRole::Price)));
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

/// The count of each value, and the order of first occurrence.
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

    /// The most frequent value; of equally frequent values the first, so that the same file always gives the same
    /// corpus.
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
        let row = with(CsvRow::default(), ColumnRole::ProductTitle, title);
        with(with(row, ColumnRole::Rating, rating), ColumnRole::Review, review)
    }

    fn with<'a>(mut row: CsvRow<'a>, role: ColumnRole, cell: &'a str) -> CsvRow<'a> {
        row.0[role as usize] = Some(cell);
        row
    }

    fn build(rows: &[CsvRow<'_>]) -> Corpus {
        let mut builder = Builder::default();
        rows.iter().for_each(|row| builder.add(*row));
        builder.finish()
    }

    #[test]
    fn every_dropped_row_is_counted_under_its_reason() {
        let corpus = build(&[
            row("Kettle", "5", "boils fast"),
            row("Kettle", "5.0", " boils  fast "),
            row("Kettle", "4", "boils fast"),
            with(row("Kettle", "5", "boils fast"), ColumnRole::Summary, "nice"),
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
        let with_id = |id, title, text, price| {
            let row = with(row(title, "5", text), ColumnRole::ProductId, id);
            with(
                with(row, ColumnRole::Price, price),
                ColumnRole::Category,
                "kitchen",
            )
        };
        let corpus = build(&[
            with_id("k1", "Ketle", "good", "900"),
            with_id("k1", "Kettle", "better", "₹1,000"),
            with_id("k2", "Kettle", "other", "nan"),
            with_id("k1", "Kettle", "best", "1000"),
            with_id("k3", "nan", "no name", ""),
        ]);
        let expected = [
            ("k1", "Kettle", Some(1000), &[0, 1, 3][..]),
            ("k2", "Kettle", None, &[2]),
            ("k3", "k3", None, &[4]),
        ];
        assert_eq!(corpus.products.len(), expected.len());
        for (product, (key, title, price, reviews)) in corpus.products.iter().zip(expected) {
            assert_eq!(
                (&*product.key, &*product.title, product.price),
                (key, title, price)
            );
            assert_eq!(product.reviews.iter().map(|id| id.0).collect::<Vec<_>>(), reviews);
            assert_eq!(product.category.as_deref(), Some("kitchen"));
        }
        assert!(corpus.reviews.iter().all(|review| review.summary.is_empty()));
    }

    #[test]
    fn without_ids_the_title_identifies_the_product() {
        let corpus = build(&[
            row("Kettle, 1.5 L (Red)", "5", "good"),
            row("KETTLE 1.5L Red??", "1", "leaks"),
            row("Kettle 1.8 L (Red)", "3", "good"),
            row("KETTLE 1.5L Red??", "2", "rusts"),
        ]);
        let titles: Vec<&str> = corpus.products.iter().map(|product| &*product.title).collect();
        assert_eq!(titles, ["KETTLE 1.5L Red??", "Kettle 1.8 L (Red)"]);
        assert_eq!(corpus.products[0].histogram, [1, 1, 0, 0, 1]);
        assert!((corpus.products[0].mean_rating() - 8.0 / 3.0).abs() < 1e-6);
        let key = &corpus.products[0].key;
        assert!(key.starts_with("kettle-1-5"), "{key}");
        assert_ne!(corpus.products[0].key, corpus.products[1].key);
    }

    #[test]
    fn an_id_that_equals_a_derived_one_is_the_same_product() {
        let derived = titles::derive_key("Kettle (Red)");
        let with_id = with(row("Kettle (Red)", "5", "good"), ColumnRole::ProductId, &derived);
        let without_id = row("Kettle (Red)", "4", "fine");
        for rows in [[with_id, without_id], [without_id, with_id]] {
            let corpus = build(&rows);
            assert_eq!((corpus.products.len(), corpus.products[0].reviews.len()), (1, 2));
        }
    }
}
