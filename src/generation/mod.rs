//! Stage 6: token ids in, a stream of text out.
//!
//! [`Engine`] is a handle; behind it one named thread owns the chat model and runs many sequences at once over the
//! seam in [`model`]: they join and leave between steps, and one step reads a batch of them all. Keys and values lie
//! in blocks, which sequences with the same beginning share, also when one comes long after the other.
//!
//! The waiting room is bounded: a full one is [`SubmitError::Overloaded`] at once. Every accepted [`Request`] ends in
//! exactly one [`GenerationEvent::Finished`], and a receiver that went away ends the generation before the next step, while it
//! waits, in the middle of its prompt and in the middle of its answer. What a request is told does not depend on what
//! runs beside it, on what is cached, or on drafts: these change only when it is told.

mod block_pool;
pub mod constraint;
mod detokenizer;
mod engine;
mod engine_state;
mod prompt_lookup;
pub mod model;
mod generation_metrics;
mod wait_estimate;
mod sampler;
mod scheduler;
mod sequence;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod block_table;
mod worker;

use std::time::{Duration, Instant};

use crate::logging::Work;

use constraint::Constraint;
pub use engine::{Engine, EngineOptions, Parts, StartError};
pub use sampler::{Logprobs, Sampling, SamplingError};

/// One generation: a prompt and how to continue it.
pub struct Request {
    /// The prompt's token ids; not empty.
    pub prompt: Vec<u32>,
    /// At most so many tokens are generated; fewer when the context is full. With 0 the prompt is read, and no more.
    pub max_tokens: usize,
    /// Texts that end the generation and are not part of it.
    pub stop: Vec<String>,
    /// How a token is chosen.
    pub sampling: Sampling,
    /// The form that the text must take, if any.
    pub constraint: Option<Box<dyn Constraint>>,
    /// When it ends with what has been said until then, if it has not ended before.
    pub deadline: Option<Instant>,
}

/// What the engine reports of one generation, in this order: `Queued`…, `Progress`…, `Text`…, `Finished`.
#[derive(Debug, Clone, PartialEq)]
pub enum GenerationEvent {
    /// Accepted; comes again when its place in the queue changes.
    Queued {
        /// Generations that wait and go first.
        ahead: usize,
        /// Until it should be its turn, by the speed of the last generations; nothing for one that runs at once.
        wait: Duration,
    },
    /// So many prompt tokens of all have been read.
    Progress {
        /// Read so far, those from the prefix cache included.
        processed: usize,
        /// The prompt's length.
        total: usize,
    },
    /// How likely the token said next is, where [`Sampling::logprobs`] asks for it. Comes before the token's text.
    Logprobs {
        /// The token.
        token: u32,
        /// Its logarithm of probability, and those of the likeliest tokens.
        logprobs: Logprobs,
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
    /// Tokens that were proposed by prompt lookup and verified.
    pub draft_tokens: usize,
    /// Of those, the ones that the model chose too.
    pub accepted_tokens: usize,
    /// From submission to the first step that reads its prompt.
    pub queue: Duration,
    /// From the start of prefill to the first token's logits.
    pub prefill: Duration,
    /// From the first token to the last.
    pub decode: Duration,
    /// From submission to the end.
    pub total: Duration,
    /// From submission to the first token, where there was one.
    pub first_token: Option<Duration>,
}

impl Finished {
    /// Nothing yet, of a prompt of so many tokens.
    fn of_prompt(prompt_tokens: usize) -> Self {
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

    /// As the log has it.
    pub fn work(&self) -> Work {
        Work {
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.generated_tokens,
            queue: self.queue,
            prefill: self.prefill,
            decode: self.decode,
        }
    }

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
    /// [`Request::deadline`] has passed. Like `max_tokens` it is a limit that the request set itself, and what was said
    /// until then stands: outside it is called `length` too.
    Deadline,
    /// The receiver went away.
    Cancelled,
    /// The model failed; the engine has logged why.
    Error,
}

impl Reason {
    /// The label value in metrics and on the wire.
    pub fn as_str(self) -> &'static str {
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
pub enum SubmitError {
    /// It would have room later.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// It never has.
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// The waiting room is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model is busy; try again in {retry_after_seconds} seconds")]
pub struct Overloaded {
    /// When a place should be free, by the speed of the last generations.
    pub retry_after_seconds: u64,
}

/// The prompt leaves no room for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the prompt has {prompt_tokens} tokens, but prompt and answer together can have {context_length} at most; \
     shorten the prompt"
)]
pub struct TooLong {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens that a prompt and at least one token of an answer may have together.
    pub context_length: usize,
}
