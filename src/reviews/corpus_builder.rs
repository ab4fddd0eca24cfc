//! Rows in, one at a time; a [`Corpus`] out.
//!
//! Decides which rows are usable, which product each row is about, and which rows are duplicates, and collects each
//! product's facts. Pure; a dropped row is counted under its reason.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::catalogue::Catalogue;
use super::cells::price::PriceStyle;
use super::cells::rating::{self, RatingScale};
use super::cells::{id, present, text};
use super::{
    ColumnRole, Corpus, DropReason, Price, Product, ProductId, Review, ReviewId, corpus_fingerprint,
    headlines, reading, titles,
};

/// Products that are named in a warning.
const NAMED: usize = 3;

/// The cells of one row as the file has them, in the order of [`ColumnRole::ALL`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TableRow<'a>(pub [Option<&'a str>; ColumnRole::ALL.len()]);

impl<'a> TableRow<'a> {
    fn cell(&self, role: ColumnRole) -> Option<&'a str> {
        self.0[role as usize]
    }

    fn text(&self, role: ColumnRole) -> Option<String> {
        text::text(self.cell(role))
    }
}

/// What the cells of a file mean.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CellRules {
    pub scale: RatingScale,
    pub prices: PriceStyle,
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
    /// The first row that was dropped for each reason.
    examples: [Option<String>; DropReason::ALL.len()],
    /// Prices in another currency than the column's.
    foreign_prices: usize,
    /// Titles of which something was taken.
    cleaned_titles: usize,
}

/// A product whose most frequent title, category and price are not known yet.
#[derive(Debug, Default)]
struct Draft {
    key: String,
    titles: Tally<String>,
    categories: Tally<String>,
    prices: Tally<Price>,
    histogram: [u32; 5],
    fractions: f64,
    reviews: Vec<ReviewId>,
}

/// A corpus, and what is to be told of it.
#[derive(Debug)]
pub(super) struct Built {
    pub corpus: Corpus,
    /// A dropped row for each reason.
    pub examples: Vec<(DropReason, String)>,
    /// What was repaired or is doubtful, in sentences.
    pub warnings: Vec<String>,
}

impl Builder {
    /// Adds row `number` of a file, counted from 1; or counts the reason why it is dropped.
    pub(super) fn add(&mut self, number: usize, row: TableRow<'_>, rules: CellRules) {
        if let Err(reason) = self.try_add(row, rules) {
            self.drop(number, row, reason);
        }
    }

    /// Counts a row that is dropped.
    pub(super) fn drop(&mut self, number: usize, row: TableRow<'_>, reason: DropReason) {
        self.dropped[reason as usize] += 1;
        self.examples[reason as usize].get_or_insert_with(|| match row.cell(ColumnRole::Rating) {
            Some(cell) if reason == DropReason::BadRating => {
                format!("row {number} with \"{}\"", reading::cut(cell))
            }
            _ => format!("row {number}"),
        });
    }

    fn try_add(&mut self, row: TableRow<'_>, rules: CellRules) -> Result<(), DropReason> {
        let name = Name::of(row).ok_or(DropReason::NoProduct)?;
        let stars = rating::stars(row.cell(ColumnRole::Rating), rules.scale).ok_or(DropReason::BadRating)?;
        let text = row.text(ColumnRole::Review).ok_or(DropReason::NoText)?;
        let summary = row.text(ColumnRole::Summary).unwrap_or_default();
        let product = self.find(&name).unwrap_or(ProductId(number(self.drafts.len())));
        let review = Review {
            product,
            rating: rating::rounded(stars),
            summary,
            text,
        };
        if !self.seen.insert(corpus_fingerprint::review(&review)) {
            return Err(DropReason::Duplicate);
        }
        if product.0 as usize == self.drafts.len() {
            self.open(name, product);
        }
        let title = titles::clean(row.cell(ColumnRole::ProductTitle));
        self.cleaned_titles += usize::from(title.as_ref().is_some_and(|(_, cleaned)| *cleaned));
        let price = row.cell(ColumnRole::Price);
        self.foreign_prices += usize::from(rules.prices.is_foreign(price));
        let draft = &mut self.drafts[product.0 as usize];
        draft.titles.count(title.map(|(title, _)| title));
        draft
            .categories
            .count(text::category(row.cell(ColumnRole::Category)));
        draft.prices.count(rules.prices.price(price));
        draft.histogram[usize::from(review.rating) - 1] += 1;
        draft.fractions += stars - f64::from(review.rating);
        draft.reviews.push(ReviewId(number(self.reviews.len())));
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
                titles::derive_key(&raw)
            }
        };
        self.by_key.insert(key.clone(), product);
        self.drafts.push(Draft {
            key,
            ..Draft::default()
        });
    }

    /// The corpus of all added rows. What a catalogue says of a product replaces what the rows say.
    pub(super) fn finish(mut self, catalogue: &Catalogue) -> Built {
        headlines::open_texts(&mut self.reviews);
        let warnings = self.warnings();
        let products = self.drafts.into_iter().map(|draft| draft.finish(catalogue));
        let products: Vec<Product> = products.collect();
        let reasons = || DropReason::ALL.into_iter();
        let dropped = reasons()
            .zip(self.dropped)
            .filter(|(_, rows)| *rows > 0)
            .collect();
        let examples = reasons().zip(self.examples);
        let fingerprint = corpus_fingerprint::corpus(&self.reviews, &products);
        Built {
            examples: examples
                .filter_map(|(reason, example)| Some((reason, example?)))
                .collect(),
            corpus: Corpus {
                reviews: self.reviews,
                products,
                dropped,
                fingerprint,
            },
            warnings,
        }
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mixed: Vec<&Draft> = self.drafts.iter().filter(|draft| draft.has_strangers()).collect();
        if let Some(first) = mixed.first() {
            let named: Vec<&str> = mixed.iter().take(NAMED).map(|draft| draft.key.as_str()).collect();
            let titles: Vec<&str> = first.titles.0.keys().map(String::as_str).take(2).collect();
            warnings.push(format!(
                "{} ids have titles that share no word ({}), as \"{}\": perhaps several products have one id.",
                mixed.len(),
                named.join(", "),
                titles.join("\" and \"")
            ));
        }
        if self.cleaned_titles > 0 {
            warnings.push(format!(
                "{} titles hold characters that a program could not write; they are shown without.",
                self.cleaned_titles
            ));
        }
        if self.foreign_prices > 0 {
            warnings.push(format!(
                "{} prices are in another currency, and left out.",
                self.foreign_prices
            ));
        }
        warnings
    }
}

/// How a row identifies its product.
#[derive(Debug)]
enum Name<'a> {
    /// By the file's product id.
    Id(String),
    /// By its title, unchanged: cleaning would remove the characters that show that it is garbled.
    Title { folded: String, raw: Cow<'a, str> },
}

impl<'a> Name<'a> {
    fn of(row: TableRow<'a>) -> Option<Self> {
        let by_id = id::id(row.cell(ColumnRole::ProductId)).map(Self::Id);
        by_id.or_else(|| {
            let raw = text::with_characters(present(row.cell(ColumnRole::ProductTitle))?);
            Some(Self::Title {
                folded: titles::fold(&raw),
                raw,
            })
        })
    }
}

fn number(position: usize) -> u32 {
    u32::try_from(position).expect("a file of more than u32::MAX rows does not fit in memory")
}

impl Draft {
    /// Whether it has a title that shares no word with the most frequent one.
    fn has_strangers(&self) -> bool {
        let Some(first) = self
            .titles
            .0
            .iter()
            .max_by_key(|(_, (count, order))| (*count, std::cmp::Reverse(*order)))
        else {
            return false;
        };
        self.titles
            .0
            .keys()
            .any(|title| !titles::share_a_word(first.0, title))
    }

    fn finish(self, catalogue: &Catalogue) -> Product {
        let entry = catalogue.entry(&self.key).cloned().unwrap_or_default();
        let title = entry.title.or_else(|| self.titles.most_frequent());
        Product {
            title: title.unwrap_or_else(|| self.key.clone()),
            key: self.key,
            category: entry.category.or_else(|| self.categories.most_frequent()),
            price: entry.price.or_else(|| self.prices.most_frequent()),
            histogram: self.histogram,
            fractions: self.fractions,
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

    fn row<'a>(title: &'a str, rating: &'a str, review: &'a str) -> TableRow<'a> {
        let row = with(TableRow::default(), ColumnRole::ProductTitle, title);
        with(with(row, ColumnRole::Rating, rating), ColumnRole::Review, review)
    }

    fn with<'a>(mut row: TableRow<'a>, role: ColumnRole, cell: &'a str) -> TableRow<'a> {
        row.0[role as usize] = Some(cell);
        row
    }

    fn build(rows: &[TableRow<'_>]) -> Corpus {
        let mut builder = Builder::default();
        for (number, row) in (1..).zip(rows) {
            builder.add(number, *row, CellRules::default());
        }
        builder.finish(&Catalogue::default()).corpus
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
            ("k1", "Kettle", Some(Price::rupees(1000)), &[0, 1, 3][..]),
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
        assert_eq!(titles, ["KETTLE 1.5L Red", "Kettle 1.8 L (Red)"]);
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
