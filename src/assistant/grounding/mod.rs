//! What the model says, checked sentence by sentence against the evidence, while it is being said. Pure.
//!
//! In: a sentence, and the evidence that the model was shown. Out: whether a quote supports it, and the sentence as it
//! may stand in an answer, with its citation. What no quote supports is not said.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `sentences.rs` | Where does a sentence end that is still being said? |
//! | `names.rs` | Do the names in it exist? |
//! | `support.rs` | Which quote says so too? |

mod names;
mod sentences;
mod support;

use std::collections::BTreeSet;

use super::conversation::{Checked, SentenceVerdict};
use super::told;
use crate::retrieval::Evidence;
pub(super) use sentences::Sentences;

/// What only a quotation may have.
const MARKUP: [char; 5] = ['<', '>', '{', '}', '|'];

/// The checks of one answer.
pub(super) struct Grounding {
    /// What the model was shown: the quotes, and behind them what was told of the finding, as if each sentence were
    /// one.
    shown: Vec<Evidence>,
    /// The citations of what was told.
    told: Vec<Vec<usize>>,
    /// Positions, from 1, of what the answer says already.
    said: BTreeSet<usize>,
    /// The quote that it cited last.
    last: Option<usize>,
}

impl Grounding {
    /// An answer that may say what `evidence` and what was `told` say.
    pub(super) fn new(evidence: Vec<Evidence>, told: Vec<Checked>) -> Self {
        let first = evidence.first().cloned();
        let statement = |checked: &Checked| {
            let (quote, _) = without_citations(&checked.sentence);
            first.clone().map(|first| Evidence { quote, ..first })
        };
        let statements: Vec<Evidence> = told.iter().filter_map(statement).collect();
        Self {
            shown: evidence.into_iter().chain(statements).collect(),
            told: told.into_iter().map(|checked| checked.cited).collect(),
            said: BTreeSet::new(),
            last: None,
        }
    }

    /// Checks the answer's next sentence; `likeness` is its cosine similarity to each piece of the evidence, and then
    /// to each told sentence.
    pub(super) fn check(&mut self, said: &str, likeness: &[f32]) -> Checked {
        let (bare, by_itself) = without_citations(said);
        if !support::claims_something(&bare) {
            return Checked::left_out(said, SentenceVerdict::None);
        }
        let Some(sentence) = names::repaired(&bare, &self.shown) else {
            return Checked::left_out(said, SentenceVerdict::Unsupported);
        };
        let Some(number) = support::of(&sentence, &self.shown, likeness, &by_itself) else {
            return Checked::left_out(said, SentenceVerdict::Unsupported);
        };
        // What only repeats what stands there already says nothing.
        if !self.said.insert(number) {
            return Checked::left_out(said, SentenceVerdict::None);
        }
        let quotes = self.shown.len() - self.told.len();
        if let Some(told) = number.checked_sub(quotes + 1) {
            let cited = self.told[told].clone();
            let marks: String = cited.iter().map(|number| format!(" [{number}]")).collect();
            return Checked {
                sentence: format!("{}{marks}.", sentence.trim().trim_end_matches(['.', '!', '?'])),
                verdict: SentenceVerdict::Supported,
                cited,
            };
        }
        // What is said to be a quotation is made one. So is what names a thing of which only a review knows, what has
        // markup, and what somebody tells of themselves: those are a reviewer's words, and whoever reads them has to
        // see that.
        let support = &self.shown[number - 1];
        let is_theirs = sentence.contains(MARKUP)
            || names::has_foreign(&sentence, &self.shown)
            || support::is_in_the_first_person(&sentence);
        if is_theirs || support::quotes(&sentence) {
            let who = self.who(number);
            self.last = Some(number);
            return told::attributed(&who, number, &self.shown[number - 1]);
        }
        let Some(claim) = names::attributed(&sentence, support, &self.shown[0]) else {
            return Checked::left_out(said, SentenceVerdict::Unsupported);
        };
        self.last = Some(number);
        Checked {
            sentence: format!("{claim} [{number}]."),
            verdict: SentenceVerdict::Supported,
            cited: vec![number],
        }
    }

    /// Who says a quote, after the one that was cited last.
    fn who(&self, number: usize) -> String {
        let this = &self.shown[number - 1];
        match self.last.map(|last| &self.shown[last - 1]) {
            Some(before) if before.review == this.review => "The same buyer says".to_string(),
            Some(before) if before.product_key == this.product_key => "Another buyer says".to_string(),
            _ => format!("A buyer of the {} says", this.short_title()),
        }
    }
}

/// What of a sentence is compared with the evidence; nothing where it claims nothing.
pub(super) fn claim(said: &str) -> Option<String> {
    let (bare, _) = without_citations(said);
    support::claims_something(&bare).then_some(bare)
}

/// A sentence without its `[1]`, and the numbers that they held.
fn without_citations(sentence: &str) -> (String, Vec<usize>) {
    let (mut bare, mut numbers) = (String::new(), Vec::new());
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, behind) = after.split_once(']').unwrap_or((after, ""));
        match inside.parse() {
            Ok(number) => {
                bare.push_str(before.trim_end());
                numbers.push(number);
            }
            Err(_) => bare.push_str(&rest[..rest.len() - behind.len()]),
        }
        rest = behind;
    }
    bare.push_str(rest);
    (bare, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::testing::evidence;

    fn shown() -> Vec<Evidence> {
        vec![
            evidence("Zuvio Tone 5 (Graphite)", "battery lasts 38 hours easily"),
            evidence(
                "Zuvio Tone 5 (Graphite)",
                "mic is bad, callers complain about noise",
            ),
            evidence("Tapnok Foldy", "It leaked on the base, never again"),
            evidence("Pellar Hush", "Soft pads, my ears stay cool"),
            evidence("Pellar Hush", "The Soundor Ultra has <b>deeper bass</b>"),
        ]
    }

    /// An answer that has quoted the first already.
    fn after_the_best() -> Grounding {
        Grounding {
            said: BTreeSet::from([1]),
            last: Some(1),
            ..Grounding::new(shown(), vec![])
        }
    }

    #[test]
    fn what_was_told_supports_a_sentence_with_its_citations() {
        let told = |sentence: &str, cited: &[usize]| Checked {
            sentence: sentence.into(),
            verdict: SentenceVerdict::Supported,
            cited: cited.into(),
        };
        let told = vec![
            told(
                "Buyers mostly praise the battery: of 12 who write about it 9 clearly praise it.",
                &[],
            ),
            told("Most complained about: hinge (4 of 5 who judge it) [3].", &[3]),
        ];
        let likeness = [0.0, 0.0, 0.0, 0.0, 0.0, 0.9, 0.9];
        for (said, verdict, stands) in [
            (
                "Of 12 who write about the battery, 9 clearly praise it.",
                SentenceVerdict::Supported,
                "Of 12 who write about the battery, 9 clearly praise it.",
            ),
            (
                "The hinge is most complained about, by 4 of 5 who judge it.",
                SentenceVerdict::Supported,
                "The hinge is most complained about, by 4 of 5 who judge it [3].",
            ),
            (
                "Of 13 who write about the battery, 9 clearly praise it.",
                SentenceVerdict::Unsupported,
                "",
            ),
        ] {
            let checked = Grounding::new(shown(), told.clone()).check(said, &likeness);
            assert_eq!(checked.verdict, verdict, "{said}: {checked:?}");
            if verdict == SentenceVerdict::Supported {
                assert_eq!(checked.sentence, stands);
            }
        }
    }

    #[test]
    fn what_a_quote_supports_stands_and_cites_it() {
        use SentenceVerdict::{None, Supported, Unsupported};
        for (said, verdict, stands) in [
            ("", None, ""),
            ("Sure [1].", None, ""),
            (
                "Another buyer says that callers complain about noise.",
                Supported,
                "Another buyer says that callers complain about noise [2].",
            ),
            // The model's own citation counts where it is right, and is put right where it is not.
            (
                "Callers complain about noise [2].",
                Supported,
                "Callers complain about noise [2].",
            ),
            (
                "Callers complain about noise [3].",
                Supported,
                "Callers complain about noise [2].",
            ),
            // Invented, about nothing that was said, or only a name.
            ("It has the best sound in the world [2].", Unsupported, ""),
            ("The Pellar Hush is a Pellar Hush.", Unsupported, ""),
            // A repetition of the opening's quote.
            ("The battery lasts 38 hours.", None, ""),
            // Turned round, either way.
            ("Callers never complain about noise.", Unsupported, ""),
            ("The Tapnok leaked on the base again.", Unsupported, ""),
            // Another number, another product, and one that does not exist.
            ("Another battery lasts 40 hours easily.", Unsupported, ""),
            ("At the Pellar callers complain about noise.", Unsupported, ""),
            (
                "Its callers complain about noise, the Bosé says.",
                Unsupported,
                "",
            ),
            // A quotation that is none, and was not closed.
            (
                "Another says: \"Callers often complain about noise.",
                Supported,
                "Another buyer says: “mic is bad, callers complain about noise” [2]",
            ),
            // Not the shop's product, and not the shop's markup.
            (
                "The Soundor Ultra has deeper bass.",
                Supported,
                "A buyer of the Pellar Hush says: “The Soundor Ultra has <b>deeper bass</b>” [5]",
            ),
            (
                "It has <b>deeper bass.",
                Supported,
                "A buyer of the Pellar Hush says: “The Soundor Ultra has <b>deeper bass</b>” [5]",
            ),
            // What somebody tells of themselves, and a comparison that nobody made.
            (
                "My ears stay cool.",
                Supported,
                "A buyer of the Pellar Hush says: “Soft pads, my ears stay cool” [4]",
            ),
            ("The Pellar has softer pads than cool ears.", Unsupported, ""),
            // Of another product: said, made to say so, or left out.
            (
                "The Pellar has soft pads.",
                Supported,
                "The Pellar has soft pads [4].",
            ),
            // A name that slipped.
            (
                "The Pelar has soft pads.",
                Supported,
                "The Pellar has soft pads [4].",
            ),
            (
                "Another buyer says that it has soft pads.",
                Supported,
                "A buyer of the Pellar Hush says that it has soft pads [4].",
            ),
            ("It has soft pads.", Unsupported, ""),
            ("। बैटरी अच्छी है 👍", Unsupported, ""),
        ] {
            let checked = after_the_best().check(said, &[1.0; 5]);
            assert_eq!(checked.verdict, verdict, "{said}: {checked:?}");
            match verdict {
                Supported => assert_eq!(checked.sentence, stands),
                _ => assert_eq!((checked.sentence.as_str(), checked.cited.len()), (said.trim(), 0)),
            }
        }
    }

    #[test]
    fn a_quote_is_cited_once() {
        let mut grounding = after_the_best();
        let mut check = |said: &str| grounding.check(said, &[1.0; 5]);
        assert_eq!(check("Callers complain about noise.").cited, [2]);
        assert_eq!(check("Callers complain of noise.").verdict, SentenceVerdict::None);
        assert_eq!(check("The Pellar has soft pads.").cited, [4]);
    }

    #[test]
    fn words_in_common_are_not_enough_where_the_meaning_is_another() {
        use SentenceVerdict::{Supported, Unsupported};
        for (said, likeness, verdict) in [
            // A part of the quote, word for word.
            ("Callers complain.", 0.5, Supported),
            ("Callers complain.", 0.45, Unsupported),
            ("Callers often complain about traffic noise.", 0.7, Supported),
            ("Callers often complain about traffic noise.", 0.65, Unsupported),
            // A quotation becomes the quote, however it was told.
            ("One says: \"callers complain about noises\"", 0.1, Supported),
            (
                "One says: \"callers complain about heavy traffic noises\"",
                0.9,
                Unsupported,
            ),
        ] {
            let checked = after_the_best().check(said, &[0.0, likeness, 0.0, 0.0]);
            assert_eq!(checked.verdict, verdict, "{said} {likeness}");
        }
    }

    #[test]
    fn citations_are_read_and_taken_out() {
        for (sentence, bare, numbers) in [
            ("It is loud [1].", "It is loud.", vec![1]),
            ("Loud [1][22], so", "Loud, so", vec![1, 22]),
            ("a [b] c", "a [b] c", vec![]),
            ("a [1", "a", vec![1]),
            ("[] x [", "[] x [", vec![]),
            (
                "[99999999999999999999999] y",
                "[99999999999999999999999] y",
                vec![],
            ),
        ] {
            assert_eq!(without_citations(sentence), (bare.to_string(), numbers));
        }
    }
}
