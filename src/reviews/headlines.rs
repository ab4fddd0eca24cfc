//! Keeps the content of headlines: "Weight only 179 grams" may not be in the review's body. Pure.
//!
//! Most shops offer a choice of headlines ("Worth the money"), and thousands of buyers choose the same. A headline that
//! occurs only once in the file was written by the reviewer. It becomes the first sentence of the text, so that it is
//! searched and quoted.

use std::collections::HashMap;

use unicode_segmentation::UnicodeSegmentation;

use super::Review;

/// A headline with fewer words, such as "Just wow!", says nothing about a product.
const FEWEST_WORDS: usize = 3;

/// Moves each headline that occurs only once and has at least three words to the beginning of the text, unless the text
/// begins with it already, and empties the summary.
pub(super) fn open_texts(reviews: &mut [Review]) {
    let mut times: HashMap<String, usize> = HashMap::new();
    for review in reviews.iter() {
        *times.entry(key(&review.summary)).or_default() += 1;
    }
    for review in reviews {
        let headline = review.summary.trim();
        let own = times[&key(&review.summary)] == 1;
        let says = headline.unicode_words().take(FEWEST_WORDS).count() == FEWEST_WORDS;
        if own && says {
            review.text = match begins_with(&review.text, headline) {
                true => std::mem::take(&mut review.text),
                false => joined(headline, &review.text),
            };
            review.summary.clear();
        }
    }
}

fn key(headline: &str) -> String {
    headline.to_lowercase()
}

/// Whether the text already begins with its headline, ignoring case.
fn begins_with(text: &str, headline: &str) -> bool {
    text.to_lowercase()
        .starts_with(headline.to_lowercase().trim_end_matches('.'))
}

/// Headline and text; a full stop is added if the headline has no final punctuation.
fn joined(headline: &str, text: &str) -> String {
    let ends = headline.ends_with(|c: char| !c.is_alphanumeric() && !c.is_whitespace());
    format!("{headline}{} {text}", if ends { "" } else { "." })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::testing;

    #[test]
    fn a_unique_headline_opens_the_text_and_a_repeated_one_stays_a_headline() {
        for (summary, text, kept, expected) in [
            (
                "Weight only 179 grams",
                "My wrist is happy.",
                "",
                "Weight only 179 grams. My wrist is happy.",
            ),
            ("Does it leak? Yes!", "Daily.", "", "Does it leak? Yes! Daily."),
            ("Worth the money", "Nice.", "Worth the money", "Nice."),
            ("Just wow", "Nice kettle.", "Just wow", "Nice kettle."),
            ("", "Nice kettle.", "", "Nice kettle."),
            (
                "the lid is loose",
                "The lid is loose and leaks.",
                "",
                "The lid is loose and leaks.",
            ),
        ] {
            let review = |summary: &str, text| Review {
                summary: summary.into(),
                ..testing::review(0, 4, text)
            };
            let mut reviews = vec![review(summary, text), review("worth THE money", "Another.")];
            open_texts(&mut reviews);
            assert_eq!(
                (&*reviews[0].summary, &*reviews[0].text),
                (kept, expected),
                "{summary}"
            );
        }
    }
}
