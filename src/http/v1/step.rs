//! The steps of an answer, the same for both backends.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::wire::{ModelTimings, TokenCounts};
use super::token_logprobs::TokenLogprob;
use crate::generation::{Finished, Reason};

/// One step of an answer.
#[derive(Debug)]
pub(super) enum BackendStep {
    /// More text, never half a character and never part of a stop text.
    Text {
        /// The text; may be empty in the last step before the end.
        text: String,
        /// The probabilities of its tokens, if the request asks for them.
        logprobs: Vec<TokenLogprob>,
    },
    /// The citations of the last sentence.
    Citations(Vec<Annotation>),
    /// The last step.
    End(End),
}

/// How an answer ended.
#[derive(Debug)]
pub(super) struct End {
    /// `stop` or `length`.
    pub reason: &'static str,
    /// All zero if the model was not asked.
    pub usage: TokenUsage,
    /// Where the time went.
    pub timings: ModelTimings,
}

/// Tokens, as OpenAI's clients count them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub(super) struct TokenUsage {
    #[serde(flatten)]
    counts: TokenCounts,
    prompt_tokens_details: PromptDetails,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
struct PromptDetails {
    cached_tokens: usize,
}

/// A citation in OpenAI's shape.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Annotation {
    /// A review that is quoted.
    UrlCitation {
        /// Its number among all citations of the answer, from 0. OpenAI's own client joins chunks by it.
        index: usize,
        /// The review, and the place in the text.
        url_citation: UrlCitation,
    },
}

/// The cited review, and the place of the citation: offsets count characters of the message's text, the end excluded.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct UrlCitation {
    pub start_index: usize,
    pub end_index: usize,
    pub title: String,
    pub url: String,
}

impl End {
    /// The end of an answer by its generation; `None` if the model was not asked.
    pub(super) fn new(generation: Option<&Finished>) -> End {
        let is_limit = |finished: &Finished| matches!(finished.reason, Reason::Length | Reason::Deadline);
        End {
            reason: if generation.is_some_and(is_limit) {
                "length"
            } else {
                "stop"
            },
            usage: generation.map(TokenUsage::from).unwrap_or_default(),
            timings: generation.map(ModelTimings::from).unwrap_or_default(),
        }
    }
}

impl From<&Finished> for TokenUsage {
    fn from(finished: &Finished) -> TokenUsage {
        TokenUsage {
            counts: finished.into(),
            prompt_tokens_details: PromptDetails {
                cached_tokens: finished.cached_tokens,
            },
        }
    }
}
