//! What the model said, checked against the evidence: its citations name quotes that were shown, and a sentence
//! without one gets the quote that it shares its words with. Pure.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation;

use crate::retrieval::Evidence;

/// This share of a sentence's telling words has to be in a quote for the sentence to rest on it.
const SUPPORT: f64 = 0.5;

/// An answer whose citations hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounded {
    /// The answer.
    pub text: String,
    /// Positions, from 1 and rising, of the evidence it cites.
    pub cited: Vec<usize>,
}

/// Checks `text` against the evidence that the model was shown.
pub fn ground(text: &str, evidence: &[Evidence]) -> Grounded {
    let mut cited = HashSet::new();
    let sentences = text.trim().split_sentence_bounds();
    let text: String = sentences
        .map(|sentence| ground_sentence(sentence, evidence, &mut cited))
        .collect();
    let mut cited: Vec<usize> = cited.into_iter().collect();
    cited.sort_unstable();
    Grounded {
        text: text.trim_end().to_string(),
        cited,
    }
}

fn ground_sentence(sentence: &str, evidence: &[Evidence], cited: &mut HashSet<usize>) -> String {
    let (kept, own) = without_false_citations(sentence, evidence.len());
    cited.extend(&own);
    match best_support(&kept, evidence).filter(|_| own.is_empty()) {
        Some(support) => {
            cited.insert(support);
            let end = kept
                .trim_end_matches(|c: char| c.is_whitespace() || ".!?".contains(c))
                .len();
            format!("{} [{support}]{}", &kept[..end], &kept[end..])
        }
        None => kept,
    }
}

/// The sentence without `[n]` that names no evidence, and the numbers of those that do.
fn without_false_citations(sentence: &str, evidence: usize) -> (String, Vec<usize>) {
    let mut kept = String::with_capacity(sentence.len());
    let mut numbers = Vec::new();
    let mut rest = sentence;
    while let Some(open) = rest.find('[') {
        let inside = &rest[open + 1..];
        let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || !inside[digits..].starts_with(']') {
            kept.push_str(&rest[..=open]);
            rest = inside;
            continue;
        }
        match inside[..digits].parse() {
            Ok(number) if (1..=evidence).contains(&number) => {
                numbers.push(number);
                kept.push_str(&rest[..open + digits + 2]);
            }
            _ => kept.push_str(rest[..open].trim_end()),
        }
        rest = &inside[digits + 1..];
    }
    kept.push_str(rest);
    (kept, numbers)
}

/// The evidence, from 1, that has most of the sentence's telling words; the better ranked of equals.
fn best_support(sentence: &str, evidence: &[Evidence]) -> Option<usize> {
    let said = telling_words(sentence);
    let share = |evidence: &Evidence| {
        let quote = telling_words(&evidence.quote);
        // A product's name alone supports nothing that is said of it.
        let name = telling_words(evidence.short_title());
        let claim: HashSet<&String> = said.difference(&name).collect();
        let found = claim.iter().filter(|word| quote.contains(**word)).count();
        if found < 2 {
            0.0
        } else {
            found as f64 / claim.len() as f64
        }
    };
    let shares = evidence.iter().map(share).enumerate();
    let best = shares.fold(
        (0, 0.0),
        |best, (at, share)| if share > best.1 { (at, share) } else { best },
    );
    (best.1 >= SUPPORT).then_some(best.0 + 1)
}

/// Lower-case words of four letters or more, and everything with a digit: what is left when "the" and "is" go.
fn telling_words(text: &str) -> HashSet<String> {
    let telling = |word: &&str| word.chars().count() >= 4 || word.contains(|c: char| c.is_ascii_digit());
    text.unicode_words()
        .filter(telling)
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistant::testing::evidence;

    #[test]
    fn citations_are_kept_removed_and_added() {
        let evidence = [
            evidence("Zuvio Tone 5 (Graphite)", "battery lasts 38 hours easily"),
            evidence("Pellar Hush", "mic is bad, callers complain about noise"),
        ];
        for (said, text, cited) in [
            ("The battery is fine [1].", "The battery is fine [1].", vec![1]),
            ("Fine [7]. Good [2].", "Fine. Good [2].", vec![2]),
            (
                "The battery lasts 38 hours.",
                "The battery lasts 38 hours [1].",
                vec![1],
            ),
            (
                "Callers complain about noise! The battery lasts 38 hours.",
                "Callers complain about noise [2]! The battery lasts 38 hours [1].",
                vec![1, 2],
            ),
            (
                "Zuvio Tone is the best Zuvio.",
                "Zuvio Tone is the best Zuvio.",
                vec![],
            ),
            ("It costs [about] 5 [0] [x", "It costs [about] 5 [x", vec![]),
            ("  ", "", vec![]),
            ("बैटरी अच्छी है [1]। 👍", "बैटरी अच्छी है [1]। 👍", vec![1]),
        ] {
            assert_eq!(
                ground(said, &evidence),
                Grounded {
                    text: text.into(),
                    cited
                },
                "{said}"
            );
        }
    }

    #[test]
    fn without_evidence_no_citation_survives() {
        assert_eq!(
            ground("Good [1].", &[]),
            Grounded {
                text: "Good.".into(),
                cited: vec![]
            }
        );
    }
}
