//! Answers that need no model: quotes, as they stand in the reviews. Pure.

use super::grounding::Grounded;
use crate::retrieval::Evidence;

/// Quotes in an extractive answer.
const QUOTES: usize = 3;

/// Said when nothing in the reviews is about the question.
pub const NO_EVIDENCE: &str = "None of the reviews here says anything about that. Try naming a product, or what you want to know of it.";

/// The best quotes under a heading that says what they are.
pub fn quotes(evidence: &[Evidence]) -> Grounded {
    let shown = &evidence[..evidence.len().min(QUOTES)];
    let lines = shown.iter().enumerate().map(|(at, evidence)| {
        let Evidence { rating, quote, .. } = evidence;
        format!(
            "\n• {}, {rating} of 5 stars: “{quote}” [{}]",
            evidence.short_title(),
            at + 1
        )
    });
    let text = std::iter::once("This is what reviewers say:".to_string())
        .chain(lines)
        .collect();
    Grounded {
        text,
        cited: (1..=shown.len()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistant::testing::evidence;

    #[test]
    fn quotes_stand_as_they_are_and_are_cited() {
        let evidence = vec![evidence("Pellar Hush (Black)", "it's <b>loud</b>"); 5];
        let Grounded { text, cited } = quotes(&evidence);
        assert_eq!(cited, [1, 2, 3]);
        let second = text.lines().nth(2);
        assert_eq!(
            second,
            Some("• Pellar Hush, 4 of 5 stars: “it's <b>loud</b>” [2]")
        );
    }
}
