//! Can this chat model write answers? It writes some of fixed findings, and the share of its sentences that stand is
//! counted. Blocks the calling thread.

use super::conversation::{Checked, SentenceVerdict};
use super::grounding::{self, Grounding, Sentences};
use super::{Assistant, Evidence};
use crate::embedding::EmbeddingError;
use crate::generation::{Finished, GenerationEvent, Reason};
use crate::index::dot;
use crate::retrieval::Scores;
use crate::reviews::ReviewId;

/// A finding: the question, what was counted, and quotes, each with its stars.
struct Case {
    question: &'static str,
    product: &'static str,
    counted: &'static [&'static str],
    quotes: &'static [(u8, &'static str)],
}

const CASES: [Case; 3] = [
    Case {
        question: "Is the lid of the Solmar Jug Kettle any good?",
        product: "Solmar Jug Kettle",
        counted: &[
            "Buyers mostly complain about the lid of the Solmar Jug Kettle: of 12 who write about it 2 clearly praise it \
             and 8 clearly complain; their stars average 2.4.",
        ],
        quotes: &[
            (
                1,
                "The lid came loose after a month and now steam escapes from the side.",
            ),
            (5, "Lid closes firmly and opens with one hand."),
            (2, "Boils fast, but the lid leaks when you pour."),
        ],
    },
    Case {
        question: "Should I buy the Brindo Glass Lamp?",
        product: "Brindo Glass Lamp",
        counted: &[
            "Most buyers are content with the Brindo Glass Lamp: 1,299 rupees, 4.3 of 5 stars from 86 reviews.",
            "Most praised: light (21 of 24 who judge it), look (11 of 12 who judge it).",
            "Most complained about: switch (6 of 7 who judge it).",
        ],
        quotes: &[
            (5, "The light is warm and bright enough to read by."),
            (5, "Looks far more expensive than it is."),
            (2, "The switch stopped working within three weeks."),
        ],
    },
    Case {
        question: "How long does the battery of the Tellar Drill last?",
        product: "Tellar Drill",
        counted: &[
            "Most often 2 hours: of 9 reviews of the Tellar Drill that give an amount: 2 hours (6 reviews), 3 hours \
             (3 reviews).",
        ],
        quotes: &[
            (4, "The battery gives me two hours of steady drilling."),
            (5, "Three hours on one charge if you only drive screws."),
        ],
    },
];

impl Assistant {
    /// The share of the model's sentences about the fixed findings that stand, of those that do not only repeat what
    /// was counted; 0 where it writes none.
    ///
    /// # Errors
    /// The embedder or the chat model fails.
    pub(crate) fn written_share(&self) -> Result<f64, EmbeddingError> {
        let (mut stood, mut claims) = (0, 0);
        for case in &CASES {
            for checked in self.trial(case)? {
                let repeats = checked.verdict == SentenceVerdict::Supported && checked.cited.is_empty();
                stood += usize::from(checked.verdict == SentenceVerdict::Supported && !repeats);
                claims += usize::from(checked.verdict != SentenceVerdict::None && !repeats);
            }
        }
        Ok(stood as f64 / claims.max(CASES.len()) as f64)
    }

    /// What the model writes of one finding, checked.
    fn trial(&self, case: &Case) -> Result<Vec<Checked>, EmbeddingError> {
        let evidence: Vec<Evidence> = (0..)
            .zip(case.quotes)
            .map(|(at, quote)| evidence(case, at, quote))
            .collect();
        let counted: Vec<String> = case.counted.iter().map(ToString::to_string).collect();
        let shown: Vec<&str> = case
            .quotes
            .iter()
            .map(|(_, quote)| *quote)
            .chain(case.counted.iter().copied())
            .collect();
        let vectors = self.retriever.embed_all(&shown)?;
        let told = counted.iter().map(|sentence| Checked {
            sentence: sentence.clone(),
            verdict: SentenceVerdict::Supported,
            cited: vec![],
        });
        let mut grounding = Grounding::new(evidence.clone(), told.collect());
        let mut checked = Vec::new();
        for sentence in self.says(case.question, &counted, &evidence) {
            let Some(claim) = grounding::claim(&sentence) else {
                continue;
            };
            let claim = self.retriever.embed_all(&[&claim])?;
            let likeness: Vec<f32> = vectors.iter().map(|vector| dot(vector, &claim[0])).collect();
            checked.push(grounding.check(&sentence, &likeness));
        }
        Ok(checked)
    }

    /// The complete sentences that the model writes.
    fn says(&self, question: &str, counted: &[String], evidence: &[Evidence]) -> Vec<String> {
        let Ok(Some(prompt)) = self.prompts.build(question, counted, evidence) else {
            return vec![];
        };
        let Ok(mut steps) = self.engine.generate(self.request(prompt, None)) else {
            return vec![];
        };
        let (mut sentences, mut said) = (Sentences::default(), vec![]);
        while let Some(step) = steps.blocking_recv() {
            match step {
                GenerationEvent::Text(text) => said.extend(sentences.push(&text)),
                GenerationEvent::Finished(Finished {
                    reason: Reason::Stop, ..
                }) => {
                    said.push(std::mem::take(&mut sentences).rest());
                }
                _ => {}
            }
        }
        said
    }
}

fn evidence(case: &Case, at: usize, (rating, quote): &(u8, &str)) -> Evidence {
    Evidence {
        passage: at,
        review: ReviewId(at as u32),
        product_key: case.product.into(),
        product_title: case.product.into(),
        rating: *rating,
        summary: String::new(),
        quote: quote.to_string(),
        start: 0,
        end: quote.chars().count(),
        before: String::new(),
        after: String::new(),
        score: 0.0,
        complains: *rating <= 2,
        scores: Scores::default(),
    }
}
