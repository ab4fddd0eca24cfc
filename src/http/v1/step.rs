//! An answer on its way, in steps that do not tell who speaks: the chat model itself or the assistant.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::{
    error::ApiError,
    events::{Item, ModelTimings},
};
use super::{assistant_backend::AssistantBackend, model_backend::ModelBackend, token_logprobs::TokenLogprob};
use crate::generation::Finished;

/// An answer on its way. Dropping it ends the work.
pub(super) enum Backend {
    /// The chat model's.
    ModelBackend(Box<ModelBackend>),
    /// The assistant's.
    AssistantBackend(Box<AssistantBackend>),
}

/// One step of it.
#[derive(Debug)]
pub(super) enum BackendStep {
    /// More text, never half a character and never part of a stop text.
    Text {
        /// The text; may be empty in the last step before the end.
        text: String,
        /// Of its tokens, where they were asked for.
        logprobs: Vec<TokenLogprob>,
    },
    /// What a sentence just said rests on.
    Citations(Vec<Annotation>),
    /// Nothing follows.
    End(End),
}

/// How it ended.
#[derive(Debug)]
pub(super) struct End {
    /// `stop` or `length`.
    pub reason: &'static str,
    /// All zero where the model was not asked.
    pub usage: TokenUsage,
    /// Where the time went.
    pub timings: ModelTimings,
}

/// Tokens, as OpenAI's clients count them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub(super) struct TokenUsage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
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
        /// Its place among all of the answer: the official client's helper puts chunks together by it.
        index: usize,
        /// Which, and where in the text.
        url_citation: UrlCitation,
    },
}

/// Offsets are in characters of the message's text, the end excluded.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct UrlCitation {
    pub start_index: usize,
    pub end_index: usize,
    pub title: String,
    pub url: String,
}

impl Backend {
    /// What happens next. Nothing may be asked after [`BackendStep::End`] or an error.
    ///
    /// # Errors
    /// The answer failed, or the server is stopping.
    pub async fn next(&mut self) -> Result<BackendStep, ApiError> {
        match self {
            Backend::ModelBackend(bare) => bare.next().await,
            Backend::AssistantBackend(grounded) => grounded.next().await,
        }
    }

    /// The evidence, where the assistant speaks.
    pub fn evidence(&self) -> Option<&[Item]> {
        match self {
            Backend::ModelBackend(_) => None,
            Backend::AssistantBackend(grounded) => Some(&grounded.evidence),
        }
    }

    /// The same, when the answer has ended.
    pub fn into_evidence(self) -> Option<Vec<Item>> {
        match self {
            Backend::ModelBackend(_) => None,
            Backend::AssistantBackend(grounded) => Some(grounded.evidence),
        }
    }

    /// Whether probabilities were asked for.
    pub fn has_logprobs(&self) -> bool {
        matches!(self, Backend::ModelBackend(bare) if bare.logprobs)
    }
}

impl End {
    /// Of a generation, or of an answer that took none.
    pub fn of(generation: Option<&Finished>) -> End {
        End {
            reason: match generation.map(|finished| finished.reason.as_str()) {
                Some("length") => "length",
                _ => "stop",
            },
            usage: generation.map(TokenUsage::of).unwrap_or_default(),
            timings: generation.map(ModelTimings::of).unwrap_or_default(),
        }
    }
}

impl TokenUsage {
    fn of(finished: &Finished) -> TokenUsage {
        TokenUsage {
            prompt_tokens: finished.prompt_tokens,
            completion_tokens: finished.generated_tokens,
            total_tokens: finished.prompt_tokens + finished.generated_tokens,
            prompt_tokens_details: PromptDetails {
                cached_tokens: finished.cached_tokens,
            },
        }
    }
}
