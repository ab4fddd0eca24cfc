//! Names in a sentence: put right where they slipped, and refused where they do not exist. Pure.

use std::collections::HashSet;

use strsim::osa_distance;

use super::support::{brand, words};
use crate::language::{self, folded, word_indices};
use crate::retrieval::Evidence;

/// A name of at least so many letters may slip by one; shorter ones are too near to others.
const ROOM_TO_SLIP: usize = 5;

/// The sentence with the names of products as they are written in the shop; nothing where it names what none of the
/// evidence knows.
pub(super) fn repaired(sentence: &str, evidence: &[Evidence]) -> Option<String> {
    let written: Vec<&str> = evidence
        .iter()
        .flat_map(|evidence| language::words(&evidence.product_title))
        .collect();
    let known: HashSet<String> = evidence
        .iter()
        .flat_map(|evidence| words(&evidence.product_title).chain(words(&evidence.quote)))
        .collect();
    let mut repaired = String::with_capacity(sentence.len());
    let mut end = 0;
    for (at, word) in word_indices(sentence) {
        let is_known = known.contains(&folded(word));
        if is_known || !word.starts_with(char::is_uppercase) {
            continue;
        }
        let slipped = |title: &&str| {
            let (title, word) = (title.to_lowercase(), word.to_lowercase());
            title.chars().count() >= ROOM_TO_SLIP && osa_distance(&title, &word) == 1
        };
        match written.iter().copied().find(slipped) {
            Some(title) => {
                repaired.push_str(&sentence[end..at]);
                repaired.push_str(title);
                end = at + word.len();
            }
            // The first word of a sentence or of a quotation is written large whatever it is.
            None if begins(&sentence[..at]) || is_i(word) => {}
            None => return None,
        }
    }
    repaired.push_str(&sentence[end..]);
    Some(repaired)
}

/// Whether a sentence names what stands in a review alone: another shop's product, or one that somebody made up.
pub(super) fn has_foreign(sentence: &str, evidence: &[Evidence]) -> bool {
    let titles: HashSet<String> = evidence
        .iter()
        .flat_map(|evidence| words(&evidence.product_title))
        .collect();
    word_indices(sentence).any(|(at, word)| {
        word.starts_with(char::is_uppercase)
            && !titles.contains(&folded(word))
            && !begins(&sentence[..at])
            && !is_i(word)
    })
}

/// "I", "I'm", "I've".
fn is_i(word: &str) -> bool {
    let rest = word.strip_prefix('I');
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['\'', '’']))
}

/// Whether what follows `before` begins a sentence or a quotation.
fn begins(before: &str) -> bool {
    let last = before.trim_end().chars().next_back();
    last.is_none_or(|last| !last.is_alphanumeric() && !matches!(last, ',' | '-' | '(' | '&' | '\'' | '’'))
}

/// A supported sentence as it may be said after the opening: one that is about another product than the opening has
/// to say so. Nothing where it cannot be made to.
pub(super) fn attributed(sentence: &str, support: &Evidence, opening: &Evidence) -> Option<String> {
    let claim = sentence.trim().trim_end_matches(['.', '!', '?']);
    let says_of_what = brand(support).is_some_and(|brand| words(claim).any(|word| word == brand));
    if support.product_key == opening.product_key || says_of_what {
        return Some(claim.to_string());
    }
    let said = claim.strip_prefix("Another buyer")?;
    Some(format!("A buyer of the {}{said}", support.short_title()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::testing::evidence;

    #[test]
    fn names_are_written_as_the_shop_writes_them_or_refused() {
        let evidence = [
            evidence("Zuvio ToneBass 5 (Graphite)", "better than my old Sony"),
            evidence("Pellar Hush", "good"),
        ];
        for (sentence, expected) in [
            ("The Zuvio is better.", Some("The Zuvio is better.")),
            (
                "The Zuvoi Tonebas is better.",
                Some("The Zuvio ToneBass is better."),
            ),
            ("It beats a Sony.", Some("It beats a Sony.")),
            ("It beats a Bose.", None),
            ("The Pelar Hush, says Amit.", None),
            ("Great. But I like it.", Some("Great. But I like it.")),
            (
                "A buyer says: \"Lovely\" and \"Nice\".",
                Some("A buyer says: \"Lovely\" and \"Nice\"."),
            ),
            // Too short to have slipped.
            ("A Husk, really.", None),
            ("Here I like what I've got.", Some("Here I like what I've got.")),
            ("बढ़िया है", Some("बढ़िया है")),
        ] {
            assert_eq!(repaired(sentence, &evidence).as_deref(), expected, "{sentence}");
        }
    }

    #[test]
    fn names_that_only_a_review_knows_are_foreign() {
        let evidence = [evidence("Pellar Hush", "better than my old Sony")];
        for (sentence, expected) in [
            ("It beats a Sony.", true),
            ("The Sony is worse.", true),
            ("Another buyer says that the Pellar is better.", false),
            ("Great. But I like it, and I've two.", false),
            ("It beats a sony.", false),
        ] {
            assert_eq!(has_foreign(sentence, &evidence), expected, "{sentence}");
        }
    }
}
