//! Any text as a cell, and its lines as a column: what a text, a rating, a price, an id and a category may be.

#![no_main]
// Most of the folder is for the rest of the reader, which is not here.
#![allow(dead_code, unused_imports)]

use libfuzzer_sys::fuzz_target;

// The folder of cells alone, under the name that its functions are visible to.
#[path = "../../src/reviews"]
mod reviews {
    mod cells;

    use cells::price::{Currency, Price, PriceStyle};
    use cells::rating::{self, RatingScale, RatingSurvey};
    use cells::{id, mojibake, text};

    /// The most characters of a text.
    const LONGEST: usize = 10_000;

    pub fn a_text_is_one_clean_line(cell: &str) {
        if let Some(text) = text::text(Some(cell)) {
            assert!(!text.is_empty() && text.trim() == text, "{text:?}");
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(!text.contains("  "), "{text:?}");
            assert!(text.chars().count() <= LONGEST);
        }
        if let Some(category) = text::category(Some(cell)) {
            assert!(!category.is_empty() && category.trim() == category, "{category:?}");
            assert!(!category.contains(char::is_control), "{category:?}");
        }
        text::with_characters(cell);
        if let Some(repaired) = mojibake::repaired(cell) {
            assert!(repaired.chars().count() < cell.chars().count(), "{repaired:?}");
        }
    }

    pub fn a_rating_is_within_the_stars(cell: &str) {
        use RatingScale::{Five, Half, Hundred, Labels, Ten};
        for scale in [Five, Half, Ten, Hundred, Labels] {
            if let Some(stars) = rating::stars(Some(cell), scale) {
                assert!((1.0..=5.0).contains(&stars), "{stars} on {scale}");
                assert!((1..=5).contains(&rating::rounded(stars)), "{stars} on {scale}");
                assert!(scale != Five || rating::stated(Some(cell)).is_some(), "{stars} on {scale}");
            }
        }
        let survey = RatingSurvey::of(cell.lines().map(Some));
        assert!(survey.strange() <= survey.numbers && survey.numbers + survey.labels <= survey.present, "{survey:?}");
        survey.verdict(true);
        survey.verdict(false);
    }

    pub fn a_price_is_more_than_nothing(cell: &str) {
        let found = PriceStyle::of(cell.lines().map(Some), None);
        let given = PriceStyle::of(cell.lines().map(Some), Currency::of_code("EUR"));
        for style in [found, given, PriceStyle::default()] {
            for cell in cell.lines().chain([cell]) {
                if let Some(price) = style.price(Some(cell)) {
                    is_price(price);
                    assert!(price.currency == style.currency && !style.is_foreign(Some(cell)), "{price:?}");
                }
            }
        }
    }

    fn is_price(price: Price) {
        assert!(price.hundredths() > 0 && price.amount() > 0.0 && price.amount().is_finite(), "{price:?}");
        let shown = price.to_string();
        assert!(shown.contains(|c: char| c.is_ascii_digit()), "{shown}");
        serde_json::to_string(&price).expect("a price can be written as JSON");
    }

    pub fn an_id_is_what_the_shop_wrote(cell: &str) {
        if let Some(id) = id::id(Some(cell)) {
            assert!(!id.is_empty() && id.trim() == id && !id.contains(char::is_control), "{id:?}");
        }
    }
}

fuzz_target!(|cell: &str| {
    reviews::a_text_is_one_clean_line(cell);
    reviews::a_rating_is_within_the_stars(cell);
    reviews::a_price_is_more_than_nothing(cell);
    reviews::an_id_is_what_the_shop_wrote(cell);
});
