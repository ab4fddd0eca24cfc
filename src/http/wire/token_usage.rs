//! How many tokens and how much time the model needed for an answer.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::generation::Finished;

/// Tokens, as OpenAI's clients count them. All zero if the model was not asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct TokenCounts {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

/// The model's times, with llama.cpp's names. Rates are null if nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub(in crate::http) struct ModelTimings {
    /// Prompt tokens that were computed. Those from the cache (`cache_n`) are not included.
    prompt_n: usize,
    prompt_ms: f64,
    prompt_per_second: Option<f64>,
    predicted_n: usize,
    predicted_ms: f64,
    predicted_per_second: Option<f64>,
    cache_n: usize,
    /// Tokens that prompt lookup proposed.
    draft_n: usize,
    /// Proposed tokens that the model accepted.
    draft_n_accepted: usize,
}

impl From<&Finished> for TokenCounts {
    fn from(finished: &Finished) -> TokenCounts {
        TokenCounts {
            prompt_tokens: finished.prompt_tokens,
            completion_tokens: finished.generated_tokens,
            total_tokens: finished.prompt_tokens + finished.generated_tokens,
        }
    }
}

impl From<&Finished> for ModelTimings {
    fn from(finished: &Finished) -> ModelTimings {
        let computed = finished.prompt_tokens.saturating_sub(finished.cached_tokens);
        ModelTimings {
            prompt_n: computed,
            prompt_ms: milliseconds(finished.prefill),
            prompt_per_second: rate(computed, finished.prefill),
            predicted_n: finished.generated_tokens,
            predicted_ms: milliseconds(finished.decode),
            // Between the first and the last token there is one step fewer than there are tokens.
            predicted_per_second: rate(finished.generated_tokens.saturating_sub(1), finished.decode),
            cache_n: finished.cached_tokens,
            draft_n: finished.draft_tokens,
            draft_n_accepted: finished.accepted_tokens,
        }
    }
}

/// A time in milliseconds.
pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn rate(count: usize, time: Duration) -> Option<f64> {
    (count > 0 && !time.is_zero()).then(|| count as f64 / time.as_secs_f64())
}
