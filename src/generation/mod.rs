//! Text generation: token ids in, a stream of text out.
//!
//! [`Engine`] is a handle; behind it one named thread owns the chat model and runs many sequences at once over the
//! interface in [`model`]: sequences join and leave between steps, and one step reads a batch of all of them. Keys and
//! values are stored in blocks. Sequences with the same beginning share blocks, also if one comes long after the other.
//!
//! The queue is bounded: if it is full, a request is refused at once with [`SubmitError::Overloaded`]. Every accepted
//! [`Request`] ends in exactly one [`GenerationEvent::Finished`]. If the receiver is dropped, the generation ends
//! before the next step: in the queue, in the middle of its prompt and in the middle of its answer. The text of a
//! request does not depend on other requests, on the prefix cache or on drafts: these change only when the text comes.

mod block_pool;
mod block_table;
pub(crate) mod constraint;
mod detokenizer;
mod engine;
mod engine_state;
mod generation_metrics;
pub(crate) mod model;
mod prompt_lookup;
mod sampler;
mod scheduler;
mod sequence;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wait_estimate;
mod worker;

use std::time::{Duration, Instant};

use crate::logging::Work;

use constraint::Constraint;
pub(crate) use engine::{Engine, EngineOptions, Parts};
pub(crate) use sampler::{Logprobs, Sampling, SamplingError};

/// One generation: a prompt and how to continue it.
pub(crate) struct Request {
    /// The prompt's token ids; not empty.
    pub prompt: Vec<u32>,
    /// The most tokens that are generated; fewer if the context is full. With 0 only the prompt is read.
    pub max_tokens: usize,
    /// Texts that end the generation and are not part of it.
    pub stop: Vec<String>,
    /// How a token is chosen.
    pub sampling: Sampling,
    /// The constraint on the text, if any.
    pub constraint: Option<Box<dyn Constraint>>,
    /// When the generation ends, if it has not ended before; the text until then is kept.
    pub deadline: Option<Instant>,
}

/// What the engine reports about one generation, in this order: `Queued`…, `Progress`…, `Text`…, `Finished`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum GenerationEvent {
    /// The request was accepted; sent again when its place in the queue changes.
    Queued {
        /// Waiting generations that start before it.
        ahead: usize,
        /// The estimated time until it starts, from the duration of the last generations; 0 if it runs at once.
        wait: Duration,
    },
    /// A part of the prompt has been read.
    Progress {
        /// Prompt tokens read so far, including those from the prefix cache.
        processed: usize,
        /// The prompt's length.
        total: usize,
    },
    /// How likely the next token is, if [`Sampling::logprobs`] requests it. Comes before the token's text.
    Logprobs {
        /// The token.
        token: u32,
        /// The logarithms of the probabilities of the token and of the likeliest tokens.
        logprobs: Logprobs,
    },
    /// More text: whole characters, and never a part of a stop text.
    Text(String),
    /// The generation has ended.
    Finished(Finished),
}

/// How a generation ended, and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finished {
    /// Why it ended.
    pub reason: Reason,
    /// Prompt tokens, cached ones included.
    pub prompt_tokens: usize,
    /// Prompt tokens that were found in the prefix cache.
    pub cached_tokens: usize,
    /// Tokens generated, the end-of-text token not counted.
    pub generated_tokens: usize,
    /// Tokens that were proposed by prompt lookup and verified.
    pub draft_tokens: usize,
    /// Proposed tokens that the model chose, too.
    pub accepted_tokens: usize,
    /// From submission to the first step that reads its prompt.
    pub queue: Duration,
    /// From the start of prefill to the first token's logits.
    pub prefill: Duration,
    /// From the first token to the last.
    pub decode: Duration,
    /// From submission to the end.
    pub total: Duration,
    /// From submission to the first token; `None` if there was none.
    pub first_token: Option<Duration>,
}

impl Finished {
    /// A generation that has done nothing yet, with a prompt of `prompt_tokens` tokens.
    fn new(prompt_tokens: usize) -> Self {
        Self {
            reason: Reason::Cancelled,
            prompt_tokens,
            cached_tokens: 0,
            generated_tokens: 0,
            draft_tokens: 0,
            accepted_tokens: 0,
            queue: Duration::ZERO,
            prefill: Duration::ZERO,
            decode: Duration::ZERO,
            total: Duration::ZERO,
            first_token: None,
        }
    }

    /// The same, in the form that the log uses.
    pub(crate) fn work(&self) -> Work {
        Work {
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.generated_tokens,
            queue: self.queue,
            prefill: self.prefill,
            decode: self.decode,
        }
    }

    /// Speed of the prompt's uncached part; `None` if no token was read or no time passed.
    pub(crate) fn prefill_tokens_per_second(&self) -> Option<f64> {
        per_second(self.prompt_tokens - self.cached_tokens, self.prefill)
    }

    /// Speed of the tokens after the first; `None` if there were fewer than two.
    pub(crate) fn decode_tokens_per_second(&self) -> Option<f64> {
        per_second(self.generated_tokens.saturating_sub(1), self.decode)
    }
}

fn per_second(tokens: usize, time: Duration) -> Option<f64> {
    (tokens > 0 && !time.is_zero()).then(|| tokens as f64 / time.as_secs_f64())
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The model ended its turn, or a stop text occurred.
    Stop,
    /// `max_tokens`, or the model's context, is used up.
    Length,
    /// [`Request::deadline`] has passed. Like `max_tokens` it is a limit that the request set itself, and the text
    /// until then is kept: metrics and clients see `length` for both.
    Deadline,
    /// The receiver was dropped.
    Cancelled,
    /// The model failed; the engine has logged why.
    Error,
}

impl Reason {
    /// The label value in metrics and on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Reason::Stop => "stop",
            Reason::Length | Reason::Deadline => "length",
            Reason::Cancelled => "cancelled",
            Reason::Error => "error",
        }
    }
}

/// Why a request was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SubmitError {
    /// There is no room now.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// There never is room for this prompt.
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model is busy; try again in {retry_after_seconds} seconds")]
pub(crate) struct Overloaded {
    /// The estimated time until a place is free, from the duration of the last generations.
    pub retry_after_seconds: u64,
}

/// The prompt is so long that there is no room for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the prompt has {prompt_tokens} tokens, but prompt and answer together can have {context_length} at most; \
     shorten the prompt"
)]
pub(crate) struct TooLong {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// The most tokens that prompt and answer may have together.
    pub context_length: usize,
}
