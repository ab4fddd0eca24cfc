//! The overlap of an answer's words with another text: token F1 and precision, over words normalised as in SQuAD.
//!
//! Normalised means: in lower case, without ASCII punctuation, without the articles a, an and the, split at white space
//! (Rajpurkar et al. 2016, <https://arxiv.org/abs/1606.05250>, its script `evaluate-v1.1.py`). Pure, cannot fail.

use std::collections::HashMap;

/// The harmonic mean of precision (the share of the answer's words that are in the span) and recall (the share of the
/// span's words that are in the answer). A word counts as often as it is in both. From 0 to 1; 1 if both have no words,
/// as in SQuAD 2.0's script.
pub(super) fn f1(answer: &str, span: &str) -> f64 {
    let (answer, span) = (words(answer), words(span));
    if answer.is_empty() || span.is_empty() {
        return f64::from(u8::from(answer.is_empty() && span.is_empty()));
    }
    // 2 p r / (p + r) with p = common / answer and r = common / span.
    2.0 * common(&answer, &span) / (answer.len() + span.len()) as f64
}

/// The best [`f1`] against any of the spans; 0 without spans.
pub(super) fn best_f1(answer: &str, spans: &[String]) -> f64 {
    spans.iter().map(|span| f1(answer, span)).fold(0.0, f64::max)
}

/// The share of the answer's words that are in its evidence; a word counts as often as it is in both. This is
/// "K-Precision", the measure of faithfulness that agreed best with people's judgement in Adlakha et al. 2023
/// (<https://arxiv.org/abs/2307.16877>). `None` if the answer has no words.
pub(super) fn precision(answer: &str, knowledge: &str) -> Option<f64> {
    let answer = words(answer);
    (!answer.is_empty()).then(|| common(&answer, &words(knowledge)) / answer.len() as f64)
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let text: String = lower.chars().filter(|c| !c.is_ascii_punctuation()).collect();
    text.split_whitespace()
        .filter(|word| !["a", "an", "the"].contains(word))
        .map(String::from)
        .collect()
}

/// The number of words that are in both.
fn common(left: &[String], right: &[String]) -> f64 {
    let mut left_over: HashMap<&str, usize> = HashMap::new();
    right
        .iter()
        .for_each(|word| *left_over.entry(word).or_default() += 1);
    let taken = left.iter().filter(|word| match left_over.get_mut(word.as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    });
    taken.count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f1_of_known_cases() {
        for (answer, span, expected) in [
            ("The battery lasts two days.", "battery lasts two days", 1.0),
            // 3 common words, of 4 and of 6: 2 * 3 / 10.
            (
                "battery lasts two weeks",
                "the battery lasts about two days, really",
                0.6,
            ),
            // A word that is twice in one and once in the other counts once: 2 * 1 / (2 + 1).
            ("good, good!", "Good", 2.0 / 3.0),
            ("it doesn't", "it does n't", 0.4),
            ("bass", "treble", 0.0),
            ("", "treble", 0.0),
            ("The!", "a.", 1.0),
        ] {
            let found = f1(answer, span);
            assert!((found - expected).abs() < 1e-12, "{answer}: {found}");
            assert_eq!(found, f1(span, answer));
        }
    }

    #[test]
    fn the_best_span_counts() {
        let spans = ["treble", "deep bass", "bass"].map(String::from);
        assert_eq!(best_f1("Bass.", &spans), 1.0);
        assert_eq!(best_f1("Bass.", &[]), 0.0);
    }

    #[test]
    fn precision_is_the_share_of_the_answers_words() {
        assert_eq!(
            precision("The bass is deep", "deep, deep bass everywhere"),
            Some(2.0 / 3.0)
        );
        assert_eq!(precision("deep deep", "deep"), Some(0.5));
        assert_eq!(precision("deep", ""), Some(0.0));
        assert_eq!(precision("...", "deep"), None);
    }
}
