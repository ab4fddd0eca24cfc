//! A conversation → the question that can be understood without it. Pure.
//!
//! What a follow-up leans on are products: those that earlier questions name, and those whose titles stand in the
//! answers. So "and its mic?" is asked again with the product in the place of "its" (see `pointing`), "what about the
//! kettle?" is the last question asked of the kettle, and "and under 1000?" the last question with one demand more.
//! The whole conversation is gone through, so that a follow-up may lean on a follow-up; the server keeps none.

mod pointed;

use std::collections::BTreeSet;

use super::intent::Intent;
use super::parsed_query::Asked;
use super::pointing;
use super::vocabulary::Vocabulary;
use crate::language::{WordClass, lexicon, word_indices, words};
use crate::reviews::ProductId;

/// The author of a turn of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The shopper.
    User,
    /// This assistant.
    Assistant,
}

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    /// Its author.
    pub role: Speaker,
    /// Its text.
    pub content: String,
}

impl Turn {
    /// What a shopper says.
    pub(crate) fn user(content: impl Into<String>) -> Self {
        Self {
            role: Speaker::User,
            content: content.into(),
        }
    }
}

/// So many words and fewer are a fragment: "battery life?"
const FRAGMENT: usize = 3;
/// Bytes of earlier questions that a question goes on with at most, so that a long talk costs no more than its turns.
const MOST_EARLIER: usize = 4_000;

/// The last question, as it can be understood alone.
pub(super) fn standalone(turns: &[Turn], vocabulary: &Vocabulary) -> Asked {
    let mut talk = Talk {
        vocabulary,
        question: String::new(),
        named: vec![],
        shown: vec![],
    };
    let mut asked = Asked::alone(String::new());
    for turn in turns {
        match turn.role {
            Speaker::User => asked = talk.hear(turn.content.trim()),
            Speaker::Assistant => talk.shown = talk.titled(&turn.content),
        }
    }
    asked
}

/// What one of the talk's products, or all of a brand's, is called.
#[derive(Debug, Clone, PartialEq)]
struct Entity {
    label: String,
    products: BTreeSet<ProductId>,
}

/// What has been said so far.
struct Talk<'a> {
    vocabulary: &'a Vocabulary,
    /// The last question, understood alone.
    question: String,
    /// What it names, in order.
    named: Vec<Entity>,
    /// The products whose titles the last answer has, in order.
    shown: Vec<Entity>,
}

impl Talk<'_> {
    /// Takes in a question, which it gives back as it can be understood alone.
    fn hear(&mut self, question: &str) -> Asked {
        let asked = match self.question.is_empty() {
            true => Asked::alone(question.to_string()),
            false => self.understood(question),
        };
        let whole = asked.whole();
        self.named = self.named_in(&whole);
        self.question = match whole.len() <= MOST_EARLIER {
            true => whole,
            false => asked.question.clone(),
        };
        asked
    }

    fn understood(&self, question: &str) -> Asked {
        let pointed = pointed::resolved(question, self);
        let text = pointed.as_deref().unwrap_or(question);
        let parsed = self.vocabulary.parse(&Asked::alone(text));
        let scope = self.vocabulary.in_question(&parsed);
        let asks_something = parsed.aspect().next().is_some();
        let continues = continuation(question).is_some();
        let fragment = words(question).count() <= FRAGMENT;
        let says_more = asks_something
            || matches!(
                parsed.intent,
                Intent::Complaints | Intent::Compare | Intent::YesNo
            );

        let by_name = !parsed.named.is_empty();
        let chooses =
            parsed.intent == Intent::Compare || parsed.intent == Intent::Recommend && parsed.chooses;
        let names_a_kind = !by_name && pointed.is_none() && !chooses && !scope.is_empty();
        if names_a_kind && self.vocabulary.is_said_of(&parsed, &self.spoken_of()) {
            // "How is the remote?" after a television was spoken of asks of its remote.
            return self.joined(question);
        }
        if parsed.compares_one() && pointed.is_none() && !self.named.is_empty() {
            // "And versus the Zuvio?"
            return Asked::alone(format!("{} {}", labels(&self.named), begun_anew(question)));
        }
        if !scope.is_empty() {
            let other_product = parsed.constraints.is_empty() && !says_more && (continues || fragment);
            return match (other_product, &pointed) {
                (true, _) => Asked::alone(self.asked_of(text, &scope, by_name)),
                (false, Some(text)) => Asked::alone(begun_anew(text).to_string()),
                (false, None) => Asked::alone(question.to_string()),
            };
        }
        if let Some(text) = &pointed {
            return Asked::alone(begun_anew(text).to_string());
        }
        if pointing::points(question) && !continues && self.named.is_empty() && self.shown.is_empty() {
            return self.joined(question);
        }
        if !parsed.constraints.is_empty() && !asks_something {
            return Asked::alone(format!("{} {question}", self.question));
        }
        let of_known_one = || {
            let words: Vec<&str> = words(question).collect();
            lexicon().starts(&words, WordClass::OfKnownOne).is_some()
        };
        match self.focus() {
            Some(label) if continues || fragment || of_known_one() => {
                Asked::alone(format!("The {label}: {}", begun_anew(question)))
            }
            // It does not say of which product it asks what buyers here write of.
            _ if continues || asks_something && self.vocabulary.knows(&parsed) => self.joined(question),
            _ => Asked::alone(question.to_string()),
        }
    }

    /// The products that the last question is about.
    fn spoken_of(&self) -> BTreeSet<ProductId> {
        let parsed = self.vocabulary.parse(&Asked::alone(self.question.as_str()));
        self.vocabulary.in_question(&parsed)
    }

    /// The last question and this one.
    fn joined(&self, question: &str) -> Asked {
        Asked {
            question: question.to_string(),
            earlier: Some(self.question.clone()),
        }
    }

    /// The last question, asked of what `text` names.
    fn asked_of(&self, text: &str, scope: &BTreeSet<ProductId>, by_name: bool) -> String {
        let known = self.shown.iter().chain(&self.named);
        let mut of_kind: Vec<&Entity> = known.filter(|entity| entity.products.is_subset(scope)).collect();
        of_kind.dedup();
        let label = match (by_name, of_kind.as_slice()) {
            (true, _) => labels(&self.named_in(text)),
            // "the kettle", where one was spoken of
            (false, [entity]) => entity.label.clone(),
            (false, _) => {
                let kind = begun_anew(text).trim_end_matches(['?', '.', '!']);
                kind.strip_prefix("the ").unwrap_or(kind).to_string()
            }
        };
        let mentions = self.vocabulary.mentions(&self.question);
        let kinds = self.vocabulary.kinds(&self.question);
        let place = match (mentions.as_slice(), kinds) {
            ([mention], _) => Some(mention.words[0].start..mention.words[mention.words.len() - 1].end),
            ([], Some(kinds)) if !by_name => Some(kinds),
            _ => None,
        };
        match place {
            Some(place) => {
                let (before, after) = (&self.question[..place.start], &self.question[place.end..]);
                format!("{before}{label}{after}")
            }
            None => format!("{} What about the {label}?", self.question),
        }
    }

    /// The product that is spoken of, where it is clear which.
    fn focus(&self) -> Option<String> {
        match (self.named.as_slice(), self.shown.as_slice()) {
            ([], [one]) => Some(one.label.clone()),
            ([], _) => None,
            (named, _) => Some(labels(named)),
        }
    }

    fn named_in(&self, text: &str) -> Vec<Entity> {
        let mut named: Vec<Entity> = Vec::new();
        for mention in self.vocabulary.mentions(text) {
            let written = &text[mention.words[0].start..mention.words[mention.words.len() - 1].end];
            let entity = match mention.products.first() {
                Some(product) if mention.products.len() == 1 => self.entity(*product),
                _ => Entity {
                    label: written.trim_end_matches("'s").to_string(),
                    products: mention.products,
                },
            };
            if !named.contains(&entity) {
                named.push(entity);
            }
        }
        named
    }

    fn titled(&self, answer: &str) -> Vec<Entity> {
        let products = self.vocabulary.titled(answer);
        products.into_iter().map(|product| self.entity(product)).collect()
    }

    fn entity(&self, product: ProductId) -> Entity {
        Entity {
            label: self.vocabulary.title(product).to_string(),
            products: BTreeSet::from([product]),
        }
    }
}

/// "A", "A and the B", "A, the B and the C".
fn labels(entities: &[Entity]) -> String {
    let labels: Vec<&str> = entities.iter().map(|entity| entity.label.as_str()).collect();
    match labels.split_last() {
        Some((last, [])) => last.to_string(),
        Some((last, others)) => format!("{} and the {last}", others.join(", the ")),
        None => String::new(),
    }
}

/// What comes after the words that go on with what was said before.
fn continuation(question: &str) -> Option<&str> {
    let (starts, words): (Vec<usize>, Vec<&str>) = word_indices(question).unzip();
    let length = [WordClass::Continuing, WordClass::Conjunction]
        .iter()
        .find_map(|class| lexicon().starts(&words, *class))?;
    let rest = &question[starts[length - 1] + words[length - 1].len()..];
    rest.starts_with([' ', ','])
        .then(|| rest.trim_start_matches([' ', ',']))
}

/// The question without them.
fn begun_anew(question: &str) -> &str {
    let mut question = question;
    while let Some(rest) = continuation(question).filter(|rest| !rest.is_empty()) {
        question = rest;
    }
    question
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    /// The conversation's last question as it can be understood alone: questions and answers in turns.
    fn understood(turns: &[&str]) -> Asked {
        let turns: Vec<Turn> = turns
            .iter()
            .enumerate()
            .map(|(at, content)| Turn {
                role: if at % 2 == 0 {
                    Speaker::User
                } else {
                    Speaker::Assistant
                },
                content: content.to_string(),
            })
            .collect();
        standalone(&turns, &testing::shop())
    }

    const ARROWS: &str = "OneSound Arrows Wireless Z Bluetooth Headset";
    const AIRBEATS: &str = "Velto AirBeats 131 Bluetooth Headset";
    const POD: &str = "reelme Pods 2 Wired Headset";

    #[test]
    fn a_long_talk_is_no_longer_than_its_turns() {
        let turn = format!("also {}", "loud ".repeat(MOST_EARLIER / 10));
        let turns = [turn.as_str(), "Fine."].repeat(20);
        let length = understood(&turns).whole().len();
        assert!(
            (turn.len()..=MOST_EARLIER + turn.len() + 1).contains(&length),
            "{length}"
        );
    }

    #[test]
    fn a_question_that_leans_on_what_was_said_is_made_whole() {
        let of_one = format!("A buyer of the {ARROWS} says: “loud” [1]");
        let of_two =
            format!("A buyer of the {POD} says: “nice” [1] A buyer of the {AIRBEATS} says it is fine [2]");
        let (one, two) = (of_one.as_str(), of_two.as_str());
        for (turns, expected) in [
            (vec!["Is it good?"], "Is it good?".to_string()),
            (
                vec!["How is the rokker?", "Fine.", "Which phone is cheapest?"],
                "Which phone is cheapest?".into(),
            ),
            (
                vec!["How is the Chotix?", "Fine.", "and its mic?"],
                "the Chotix Junior 4G Kids Watch's mic?".into(),
            ),
            (
                vec![
                    "How is the battery of the Arrows Wireless Z?",
                    one,
                    "and is it comfortable?",
                ],
                format!("is the {ARROWS} comfortable?"),
            ),
            (
                vec!["Which headset is loud?", one, "Is it waterproof?"],
                format!("Is the {ARROWS} waterproof?"),
            ),
            (
                vec![
                    "Which headset is best for calls?",
                    two,
                    "which of those is cheaper?",
                ],
                format!("which of the {POD} and the {AIRBEATS} is cheaper?"),
            ),
            (
                vec!["Which headset is best for calls?", two, "Is the second one loud?"],
                format!("Is the {AIRBEATS} loud?"),
            ),
            (
                vec!["Which headset has good bass?", two, "the second one?"],
                format!("Which headset has good bass? What about the {AIRBEATS}?"),
            ),
            (
                vec!["How is the mic of the Chotix?", "Fine.", "what about the Avandi?"],
                "How is the mic of the Avandi Brew 1.5 L Stainless Steel Electric Kettle?".into(),
            ),
            (
                vec!["Is Chotix's battery good?", "Yes.", "And the Norvik N12?"],
                "Is Norvik N12 5G battery good?".into(),
            ),
            (
                vec!["Do any phones get hot?", "Yes.", "what about the kettles?"],
                "Do any kettles get hot?".into(),
            ),
            (
                vec!["Which headset has good bass?", one, "and under 1000?"],
                "Which headset has good bass? and under 1000?".into(),
            ),
            (
                vec!["Which headset has good bass?", one, "with at least 4 stars"],
                "Which headset has good bass? with at least 4 stars".into(),
            ),
            (
                vec!["Tell me about the Avandi", "Fine.", "how is the lid?"],
                "The Avandi Brew 1.5 L Stainless Steel Electric Kettle: how is the lid?".into(),
            ),
            (
                vec!["Tell me about the Avandi", "Fine.", "battery life?"],
                "The Avandi Brew 1.5 L Stainless Steel Electric Kettle: battery life?".into(),
            ),
            (
                vec!["How is the Velto?", "Fine.", "and its bass?"],
                "the Velto's bass?".into(),
            ),
            (
                vec![
                    "Is the AirBeats 131 loud?",
                    "Yes.",
                    "is it better than the rokker?",
                ],
                format!("is the {AIRBEATS} better than the rokker?"),
            ),
            (
                vec![
                    "Is the AirBeats 131 loud?",
                    "Yes.",
                    "Is the rokker good and is it loud?",
                ],
                "Is the rokker good and is it loud?".into(),
            ),
            (
                vec![
                    "AirBeats 131 or reelme Pods 2?",
                    "Both.",
                    "which of them has better bass?",
                ],
                format!("which of the {AIRBEATS} and the {POD} has better bass?"),
            ),
            (
                vec!["AirBeats 131 or reelme Pods 2?", "Both.", "and their mics?"],
                format!("the {AIRBEATS} and the {POD}'s mics?"),
            ),
            (
                vec![
                    "How is the Chotix?",
                    "Fine.",
                    "and its mic?",
                    "Fine.",
                    "and is it loud?",
                ],
                "is the Chotix Junior 4G Kids Watch loud?".into(),
            ),
            (
                vec![
                    "How is the Chotix?",
                    "Fine.",
                    "what about the Avandi?",
                    "Fine.",
                    "does it leak?",
                ],
                "does the Avandi Brew 1.5 L Stainless Steel Electric Kettle leak?".into(),
            ),
            (
                vec!["Which headset?", two, "the first one's mic?"],
                format!("the {POD}'s mic?"),
            ),
            (
                vec!["Which headset?", two, "it's mic?"],
                format!("the {POD}'s mic?"),
            ),
            (
                vec!["How is the Chotix?", "Fine.", "iska mic kaisa hai?"],
                "the Chotix Junior 4G Kids Watch mic kaisa hai?".into(),
            ),
            (
                vec!["How is the Chotix?", "Fine.", "What is the capital of France?"],
                "What is the capital of France?".into(),
            ),
            (
                vec!["Which headset is light?", two, "do they hurt?"],
                format!("do the {POD} and the {AIRBEATS} hurt?"),
            ),
            (
                vec!["Which headset is light?", two, "and the other one?"],
                format!("Which headset is light? What about the {AIRBEATS}?"),
            ),
            (
                vec!["Best kettle?", "Yes.", "what about the lid"],
                "Best kettle? what about the lid".into(),
            ),
            (
                vec!["Hello", "Hello.", "does that last?"],
                "Hello does that last?".into(),
            ),
        ] {
            assert_eq!(understood(&turns).whole(), expected, "{turns:?}");
        }
    }

    #[test]
    fn what_cannot_be_made_whole_asks_with_its_own_words() {
        let asked = understood(&["Best kettle?", "Yes.", "what about the lid"]);
        assert_eq!(asked.question, "what about the lid");
        assert_eq!(asked.earlier.as_deref(), Some("Best kettle?"));
        let asked = understood(&["Which headset has good bass?", "Yes.", "and under 1000?"]);
        assert_eq!(asked.earlier, None, "the bass is still asked for");
    }
}
