//! Why an answer is as it is: how its question was understood, and what the model was given. Made only where it is asked for.

use super::PromptBuilder;
use super::prompt::Prompt;
use crate::retrieval::{Asked, Grounds, Scores, Vocabulary};

/// What lies behind one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerTrace {
    /// The question as it was understood alone.
    pub question: String,
    /// The aspect asked about, as passages are compared with it.
    pub aspect: String,
    /// The words that passages are searched for, as they are compared, in order.
    pub words: Vec<String>,
    /// What kind of answer it wants.
    pub intent: &'static str,
    /// The products it names.
    pub products: Vec<String>,
    /// What it demands: rupees and stars, from and to.
    pub price: (Option<f32>, Option<f32>),
    /// Likewise.
    pub stars: (Option<f32>, Option<f32>),
    /// The scores of each piece of evidence, in order.
    pub scores: Vec<Scores>,
    /// Milliseconds from arrival to the evidence.
    pub retrieval_ms: f64,
    /// What the model read; nothing where it was not asked.
    pub prompt: Option<String>,
    /// How long that is.
    pub prompt_tokens: usize,
}

impl AnswerTrace {
    /// Of an answer that rests on `grounds`.
    pub fn of(asked: &Asked, grounds: &Grounds, vocabulary: &Vocabulary, retrieval_ms: f64) -> Self {
        let understood = &grounds.understood;
        let named = understood.named.iter().flatten();
        let mut words = understood.words.clone();
        words.sort_unstable();
        let (price, stars) = (understood.constraints.price, understood.constraints.stars);
        Self {
            question: asked.whole.clone(),
            aspect: understood.aspect.clone(),
            words,
            intent: understood.intent.as_str(),
            products: named
                .map(|product| vocabulary.title(*product).to_string())
                .collect(),
            price: (price.least, price.most),
            stars: (stars.least, stars.most),
            scores: grounds.evidence.iter().map(|evidence| evidence.scores).collect(),
            retrieval_ms,
            prompt: None,
            prompt_tokens: 0,
        }
    }

    /// With the prompt that the model was given.
    pub fn with_prompt(self, prompt: &Prompt, prompts: &PromptBuilder) -> Self {
        Self {
            prompt: prompts.text(prompt),
            prompt_tokens: prompt.ids.len(),
            ..self
        }
    }
}
