//! The `trace` event of `/api/chat`: why an answer is as it is.

use serde::Serialize;

use crate::assistant::AnswerTrace;

/// What led to an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::http) struct Trace {
    /// The question, rewritten so that it can be understood without the conversation.
    question: String,
    intent: &'static str,
    /// The products that it names.
    products: Vec<String>,
    /// The words that say what is asked of products, and not of which.
    aspect: String,
    /// The stems of all telling words.
    words: Vec<String>,
    /// The limits of the price that the question sets.
    price: Range,
    /// The limits of the mean rating that the question sets.
    stars: Range,
    /// The scores of each piece of evidence, in the order of the evidence.
    scores: Vec<Scores>,
    retrieval_ms: f64,
    /// The prompt; null if the model was not asked.
    prompt: Option<String>,
    prompt_tokens: usize,
}

/// A range of numbers; a bound that is null does not limit it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Range {
    least: Option<f32>,
    most: Option<f32>,
}

/// Why a quote is evidence: the cosines of the passage and of its product's title to the question, and to each other;
/// the share of the question's words that the passage says, or the title where they name products; and the score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Scores {
    id: usize,
    question: f32,
    title: f32,
    own_title: f32,
    coverage: f32,
    total: f32,
}

impl From<(Option<f32>, Option<f32>)> for Range {
    fn from((least, most): (Option<f32>, Option<f32>)) -> Self {
        Self { least, most }
    }
}

impl From<AnswerTrace> for Trace {
    fn from(trace: AnswerTrace) -> Self {
        let scores = (1..).zip(trace.scores).map(|(id, scores)| Scores {
            id,
            question: scores.question,
            title: scores.title,
            own_title: scores.own_title,
            coverage: scores.coverage,
            total: scores.total,
        });
        Self {
            question: trace.question,
            intent: trace.intent,
            products: trace.products,
            aspect: trace.aspect,
            words: trace.words,
            price: trace.price.into(),
            stars: trace.stars.into(),
            scores: scores.collect(),
            retrieval_ms: trace.retrieval_ms,
            prompt: trace.prompt,
            prompt_tokens: trace.prompt_tokens,
        }
    }
}
