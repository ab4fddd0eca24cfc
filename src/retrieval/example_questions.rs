//! What a question wants that says it in no certain words: a greeting, a question to the shop itself, or what to think
//! of a product on the whole. Pure.
//!
//! It is recognised by its likeness to examples, as the embedding model sees it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::index::dot;

/// The examples, as a part of the program.
const FILE: &str = include_str!("../../data/question_examples.toml");
/// From this cosine to an example on somebody who names no kind of thing makes small talk, …
const TALK: f32 = 0.45;
/// … and somebody who names a product asks what to think of it.
const VERDICT: f32 = 0.6;

/// What a question wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Want {
    /// To be greeted.
    Greeting,
    /// To say thanks, or goodbye.
    Thanks,
    /// To know what can be asked.
    Abilities,
    /// What only the shop itself can say: its terms, its deliveries, an order.
    Shop,
    /// A task for a chat model; recognised by its words, so there are no examples.
    Task,
    /// What to think of a product on the whole.
    Verdict,
}

/// Examples, with their unit vectors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExampleQuestions(Vec<(Want, Vec<f32>)>);

/// The examples as they are written.
pub(crate) fn examples() -> impl Iterator<Item = (Want, String)> {
    let examples: BTreeMap<Want, Vec<String>> = toml::from_str(FILE).expect("the tests read the same file");
    let texts = |(want, texts): (Want, Vec<String>)| texts.into_iter().map(move |text| (want, text));
    examples.into_iter().flat_map(texts)
}

impl ExampleQuestions {
    /// The [examples], which have these vectors, in their order.
    pub(super) fn new(vectors: Vec<Vec<f32>>) -> Self {
        Self(examples().map(|(want, _)| want).zip(vectors).collect())
    }

    /// What somebody wants who names no product, and no kind of them, by the unit vectors of what was said.
    pub(super) fn small_talk(&self, said: [&[f32]; 2]) -> Option<Want> {
        let nearest = said.into_iter().filter_map(|vector| self.nearest(vector));
        let (want, cosine) = nearest.max_by(|a, b| a.1.total_cmp(&b.1))?;
        (cosine >= TALK && want != Want::Verdict).then_some(want)
    }

    /// Whether what is asked of a product, with this unit vector, is what to think of it on the whole.
    pub(super) fn asks_for_a_verdict(&self, asked: &[f32]) -> bool {
        self.nearest(asked)
            .is_some_and(|(want, cosine)| want == Want::Verdict && cosine >= VERDICT)
    }

    /// What the nearest example wants, and how near it is.
    fn nearest(&self, vector: &[f32]) -> Option<(Want, f32)> {
        let cosines = self.0.iter().map(|(want, example)| (*want, dot(vector, example)));
        cosines.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::testing::minilm;

    #[test]
    fn questions_are_known_by_their_likeness_to_examples() {
        let encoder = minilm();
        let embed = |texts: &[&str]| encoder.encode_queries(texts, &mut |_| {});
        let texts: Vec<String> = examples().map(|(_, text)| text).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let examples = ExampleQuestions::new(embed(&texts).expect("the examples can be embedded"));
        for (question, talk, verdict) in [
            ("hello!", Some(Want::Greeting), false),
            ("thanks a lot", Some(Want::Thanks), false),
            ("what all can you do", Some(Want::Abilities), false),
            ("what's the return policy", Some(Want::Shop), false),
            ("do you deliver to pincode 560001", Some(Want::Shop), false),
            ("should I buy this", None, true),
            ("which one is quiet", None, false),
            ("does the lid leak", None, false),
        ] {
            let vector = &embed(&[question]).expect("it can be embedded")[0];
            let found = (
                examples.small_talk([vector, vector]),
                examples.asks_for_a_verdict(vector),
            );
            assert_eq!(
                found,
                (talk, verdict),
                "{question}: {:?}",
                examples.nearest(vector)
            );
        }
    }
}
