//! The trace of an answer: how its question was understood, and what the model was given. Made only on request.

use super::PromptBuilder;
use super::prompt::Prompt;
use crate::query::Vocabulary;
use crate::retrieval::{Evidence, Grounds, Scores};

/// The trace of one answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AnswerTrace {
    /// The question, rewritten so that it can be understood without the conversation.
    pub question: String,
    /// The words that say what is asked of products, and not of which.
    pub aspect: String,
    /// The stems of all telling words, in order.
    pub words: Vec<String>,
    /// The kind of answer that it asks for.
    pub intent: &'static str,
    /// The products it names.
    pub products: Vec<String>,
    /// The limits of the price: from, to.
    pub price: (Option<f32>, Option<f32>),
    /// The limits of the stars: from, to.
    pub stars: (Option<f32>, Option<f32>),
    /// The scores of each piece of evidence, in order.
    pub scores: Vec<Scores>,
    /// Milliseconds from arrival to the evidence.
    pub retrieval_ms: f64,
    /// The model's prompt; `None` if the model was not used.
    pub prompt: Option<String>,
    /// The prompt's length in tokens.
    pub prompt_tokens: usize,
}

impl AnswerTrace {
    /// The trace of an answer that is based on `grounds`.
    pub(crate) fn of(
        grounds: &Grounds,
        evidence: &[Evidence],
        vocabulary: &Vocabulary,
        retrieval_ms: f64,
    ) -> Self {
        let query = &grounds.query;
        let named = query.named.iter().flatten();
        let mut words: Vec<String> = query.words.iter().map(|word| word.stem.clone()).collect();
        words.sort_unstable();
        let (price, stars) = (query.constraints.price, query.constraints.stars);
        Self {
            question: query.asked.clone(),
            aspect: query.aspect_text(),
            words,
            intent: query.intent.as_str(),
            products: named
                .map(|product| vocabulary.title(*product).to_string())
                .collect(),
            price: (price.least, price.most),
            stars: (stars.least, stars.most),
            scores: evidence.iter().map(|evidence| evidence.scores).collect(),
            retrieval_ms,
            prompt: None,
            prompt_tokens: 0,
        }
    }

    /// The same trace with the model's prompt.
    pub(crate) fn with_prompt(self, prompt: &Prompt, prompts: &PromptBuilder) -> Self {
        Self {
            prompt: prompts.text(prompt),
            prompt_tokens: prompt.ids.len(),
            ..self
        }
    }
}
