//! Stage 6: token ids in, a stream of text out.
//!
//! [`Engine`] is a handle; behind it one named thread owns the chat model and runs one sequence at a time over the
//! seam in [`model`]. The waiting room is bounded: a full one is [`Overloaded`] at once. Every accepted [`Request`]
//! ends in exactly one [`Event::Finished`], and a receiver that went away ends the generation at the next step,
//! also in the middle of prefill.

mod detokenizer;
mod engine;
pub mod model;
mod prefix_cache;
mod sampler;
mod sequence;
#[cfg(test)]
mod testing;

use std::time::Duration;

pub use engine::{Engine, Parts};
pub use sampler::Sampling;

/// One generation: a prompt and how to continue it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The prompt's token ids; not empty.
    pub prompt: Vec<u32>,
    /// So many of them, from the start, are shared with other requests: what the prefix cache keeps.
    pub shared_prefix: usize,
    /// At most so many tokens are generated; fewer when the model's context is full.
    pub max_tokens: usize,
    /// Texts that end the generation and are not part of it.
    pub stop: Vec<String>,
    /// How a token is chosen.
    pub sampling: Sampling,
}

/// What the engine reports of one generation, in this order: `Queued`, `Progress`…, `Text`…, `Finished`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Accepted, with so many generations ahead.
    Queued {
        /// Generations accepted before and not ended.
        ahead: usize,
    },
    /// So many prompt tokens of all have been read.
    Progress {
        /// Read so far, those from the prefix cache included.
        processed: usize,
        /// The prompt's length.
        total: usize,
    },
    /// More text: whole characters, and never a part of a stop text.
    Text(String),
    /// The end.
    Finished(Finished),
}

/// How a generation ended, and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Why it ended.
    pub reason: Reason,
    /// Prompt tokens, cached ones included.
    pub prompt_tokens: usize,
    /// Prompt tokens that the prefix cache held.
    pub cached_tokens: usize,
    /// Tokens generated, the end-of-text token not counted.
    pub generated_tokens: usize,
    /// From submission to the start of prefill.
    pub queue: Duration,
    /// From the start of prefill to the first token's logits.
    pub prefill: Duration,
    /// From the first token to the last.
    pub decode: Duration,
    /// From submission to the first token, where there was one.
    pub first_token: Option<Duration>,
}

impl Finished {
    /// Speed of the prompt's uncached part; `None` when too little was read to speak of a speed.
    pub fn prefill_tokens_per_second(&self) -> Option<f64> {
        per_second(self.prompt_tokens - self.cached_tokens, self.prefill)
    }

    /// Speed of the tokens after the first; `None` when there were fewer than two.
    pub fn decode_tokens_per_second(&self) -> Option<f64> {
        per_second(self.generated_tokens.saturating_sub(1), self.decode)
    }
}

fn per_second(tokens: usize, time: Duration) -> Option<f64> {
    (tokens > 0 && !time.is_zero()).then(|| tokens as f64 / time.as_secs_f64())
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The model ended its turn, or a stop text came.
    Stop,
    /// `max_tokens`, or the model's context, is used up.
    Length,
    /// The receiver went away, or the engine is shutting down.
    Cancelled,
    /// The model failed; the engine has logged why.
    Error,
}

impl Reason {
    /// The label value in metrics and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Stop => "stop",
            Reason::Length => "length",
            Reason::Cancelled => "cancelled",
            Reason::Error => "error",
        }
    }
}

/// The waiting room is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model is busy; try again in {retry_after_seconds} seconds")]
pub struct Overloaded {
    /// When a place should be free, by the speed of the last generations.
    pub retry_after_seconds: u64,
}
