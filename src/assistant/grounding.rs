//! What the model said, checked against the evidence: a sentence stays if a quote that it was shown supports it, and
//! cites that quote. Pure.
//!
//! Support is measured in words: most of what a sentence claims has to be said in one quote, and neither may deny what
//! the other affirms. That lets through some untruths and stops some truths, but no invention.

use std::collections::{BTreeSet, HashSet};

use unicode_segmentation::UnicodeSegmentation;

use crate::retrieval::Evidence;

/// This share of a sentence's telling words has to be in a quote for the sentence to rest on it.
const SUPPORT: f64 = 0.5;
/// And at least so many of them: one word in common is chance.
const WORDS_IN_COMMON: usize = 2;
/// Words that only say who speaks.
const SPEAKERS: &[&str] = &[
    "another",
    "buyer",
    "buyers",
    "customer",
    "customers",
    "says",
    "that",
];
/// Words that deny. A word that ends in "n't" denies too.
const DENIALS: &[&str] = &[
    "no", "not", "never", "none", "nothing", "without", "nahi", "cannot",
];

/// An answer whose citations hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounded {
    /// The answer.
    pub text: String,
    /// Positions, from 1 and rising, of the evidence it cites.
    pub cited: Vec<usize>,
}

/// An answer of `opening`, which quotes the first piece of evidence, and of those sentences of `said` that another
/// piece supports.
pub fn ground(opening: &str, said: &str, evidence: &[Evidence]) -> Grounded {
    let mut text = opening.to_string();
    let mut cited = BTreeSet::from([1]);
    for sentence in said.split_sentence_bounds() {
        // What only repeats a quote that stands there already is left out.
        let Some(support) = support(sentence, evidence).filter(|support| !cited.contains(support)) else {
            continue;
        };
        if let Some(claim) = attributed(sentence, &evidence[support - 1], &evidence[0]) {
            text.push_str(&format!(" {claim} [{support}]"));
            cited.insert(support);
        }
    }
    Grounded {
        text,
        cited: cited.into_iter().collect(),
    }
}

/// A supported sentence as it may be said after the opening: one that is about another product than the opening has
/// to say so. Nothing where it cannot be made to.
fn attributed(sentence: &str, support: &Evidence, opening: &Evidence) -> Option<String> {
    let claim = sentence.trim().trim_end_matches(['.', '!', '?']);
    // A model of this size forgets to close its quotations.
    let claim = if claim.matches('"').count() % 2 == 1 {
        format!("{claim}\"")
    } else {
        claim.to_string()
    };
    let says_of_what = brand(support).is_some_and(|brand| words(&claim).any(|word| word == brand));
    if support.product_key == opening.product_key || says_of_what {
        return Some(claim);
    }
    let said = claim.strip_prefix("Another buyer")?;
    Some(format!("A buyer of the {}{said}", support.short_title()))
}

/// The evidence, from 1, that supports a sentence best; the better ranked of equals.
fn support(sentence: &str, evidence: &[Evidence]) -> Option<usize> {
    let said = telling_words(sentence);
    let brands: HashSet<String> = evidence.iter().filter_map(brand).collect();
    let named: Vec<String> = words(sentence).filter(|word| brands.contains(word)).collect();
    let share = |evidence: &Evidence| {
        // A product's name, or who says it, claims nothing.
        let name = telling_words(evidence.short_title());
        let claims = |word: &&String| !name.contains(*word) && !SPEAKERS.contains(&word.as_str());
        let claim: Vec<&String> = said.iter().filter(claims).collect();
        let quote = telling_words(&evidence.quote);
        let (found, missing): (Vec<&String>, Vec<&String>) =
            claim.iter().partition(|word| quote.contains(**word));
        let holds = found.len() >= WORDS_IN_COMMON
            && denies(sentence) == denies(&evidence.quote)
            // A number is quoted or invented, and what is said of one product is not true of another.
            && !missing.iter().any(|word| has_digit(word))
            && (named.is_empty() || brand(evidence).is_some_and(|brand| named.contains(&brand)));
        if holds {
            found.len() as f64 / claim.len() as f64
        } else {
            0.0
        }
    };
    let shares = (1..).zip(evidence.iter().map(share));
    let best = shares.fold(
        (0, 0.0),
        |best, (number, share)| if share > best.1 { (number, share) } else { best },
    );
    (best.1 >= SUPPORT).then_some(best.0)
}

/// The first word of a product's title.
fn brand(evidence: &Evidence) -> Option<String> {
    words(evidence.short_title()).next()
}

fn denies(text: &str) -> bool {
    let denial =
        |word: &String| DENIALS.contains(&word.as_str()) || word.ends_with("n't") || word.ends_with("n’t");
    words(text).any(|word| denial(&word))
}

/// Words of four letters or more, and everything with a digit: what is left when "the" and "is" go.
fn telling_words(text: &str) -> HashSet<String> {
    words(text)
        .filter(|word| word.chars().count() >= 4 || has_digit(word))
        .collect()
}

fn has_digit(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words().map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistant::testing::evidence;

    #[test]
    fn what_a_quote_supports_stays_and_cites_it() {
        let evidence = [
            evidence("Zuvio Tone 5 (Graphite)", "battery lasts 38 hours easily"),
            evidence(
                "Zuvio Tone 5 (Graphite)",
                "mic is bad, callers complain about noise",
            ),
            evidence("Tapnok Foldy", "It leaked on the base, never again"),
            evidence("Pellar Hush", "Soft pads, my ears stay cool"),
        ];
        for (said, kept, cited) in [
            ("", "", vec![1]),
            (
                " Another buyer says that callers complain about noise.",
                " Another buyer says that callers complain about noise [2]",
                vec![1, 2],
            ),
            // Invented, about nothing that was said, or only a name.
            (" It has the best sound in the world.", "", vec![1]),
            (" The Pellar Hush is a Pellar Hush.", "", vec![1]),
            // A repetition of the opening's quote.
            (" The battery lasts 38 hours.", "", vec![1]),
            // Turned round, either way.
            (" Callers never complain about noise.", "", vec![1]),
            (" The Tapnok leaked on the base again.", "", vec![1]),
            // Another number, and another product.
            (" Another battery lasts 40 hours easily.", "", vec![1]),
            (" At the Pellar callers complain about noise.", "", vec![1]),
            // One sentence may fail where another holds.
            (
                " Great [7]. Callers complain about noise! Buy it.",
                " Callers complain about noise [2]",
                vec![1, 2],
            ),
            // A quotation that was not closed.
            (
                " Another says: \"Callers complain about noise.",
                " Another says: \"Callers complain about noise\" [2]",
                vec![1, 2],
            ),
            // Of another product: said, made to say so, or left out.
            (
                " The Pellar has soft pads.",
                " The Pellar has soft pads [4]",
                vec![1, 4],
            ),
            (
                " Another buyer says: \"Soft pads\".",
                " A buyer of the Pellar Hush says: \"Soft pads\" [4]",
                vec![1, 4],
            ),
            (" It has soft pads.", "", vec![1]),
            ("। बैटरी अच्छी है 👍", "", vec![1]),
        ] {
            let grounded = ground("A quote [1]", said, &evidence);
            assert_eq!(
                grounded,
                Grounded {
                    text: format!("A quote [1]{kept}"),
                    cited
                },
                "{said}"
            );
        }
    }
}
