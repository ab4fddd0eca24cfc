//! The `trace` event of `/api/chat`: why an answer is as it is.

use schemars::JsonSchema;
use serde::Serialize;

use crate::assistant;

/// What lies behind an answer.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Trace {
    /// The question as it was understood alone.
    question: String,
    intent: &'static str,
    /// The products it names.
    products: Vec<String>,
    /// The aspect that passages were compared with, and the words that they were searched for.
    aspect: String,
    words: Vec<String>,
    /// What it demands.
    price: Range,
    stars: Range,
    /// One a piece of evidence, in its order.
    scores: Vec<Scores>,
    retrieval_ms: f64,
    /// What the model read; null where it was not asked.
    prompt: Option<String>,
    prompt_tokens: usize,
}

/// From and to; null is open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
struct Range {
    least: Option<f32>,
    most: Option<f32>,
}

/// Why a quote is evidence: cosine similarities, and BM25 where it has one of the words.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
struct Scores {
    id: usize,
    question: f32,
    aspect: f32,
    title: f32,
    words: Option<f32>,
}

impl From<(Option<f32>, Option<f32>)> for Range {
    fn from((least, most): (Option<f32>, Option<f32>)) -> Self {
        Self { least, most }
    }
}

impl From<assistant::AnswerTrace> for Trace {
    fn from(trace: assistant::AnswerTrace) -> Self {
        let scores = (1..).zip(trace.scores).map(|(id, scores)| Scores {
            id,
            question: scores.question,
            aspect: scores.aspect,
            title: scores.title,
            words: scores.words,
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
