//! The engine's handle: takes requests in, or refuses them at once.
//!
//! Cloneable, for any thread; nothing here blocks. The work is done by [`super::worker`] on a thread named
//! `generation`.

use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::time::Instant;

use tokenizers::Tokenizer;
use tokio::sync::mpsc;

use super::engine_state::EngineState;
use super::model::{BLOCK, Model, ModelError};
use super::scheduler::Scheduler;
use super::sequence::{self, GenerationJob, Shared};
use super::worker::Worker;
use super::{GenerationEvent, Request, SubmitError, TooLong, generation_metrics};

/// Hands requests to the engine's thread. The thread ends when the last handle is gone and all has been said.
#[derive(Clone)]
pub struct Engine {
    jobs: std_mpsc::SyncSender<GenerationJob>,
    state: Arc<EngineState>,
    context_length: usize,
}

/// What the engine's thread is given to own.
pub struct Parts {
    /// The weights.
    pub model: Box<dyn Model>,
    /// The model's tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// Tokens that end a turn.
    pub end_tokens: Vec<u32>,
    /// The model's name, for metrics.
    pub name: String,
}

/// How much the engine takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// Generations that run at a time, at least 1; fewer where keys and values have no room for them.
    pub max_running: usize,
    /// Generations accepted beyond those, which wait.
    pub max_waiting: usize,
    /// Bytes for keys and values, of running generations and of the prefix cache.
    pub kv_cache_bytes: usize,
    /// Whether drafts are looked up in what was said before. They change how fast a text comes, and never the text.
    pub lookup: bool,
}

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not even a short generation has room.
    #[error(
        "{bytes} bytes have no room for the keys and values of {BLOCK} tokens, which take {block_bytes}; \
         give the cache of keys and values more memory"
    )]
    NoRoom {
        /// Bytes given.
        bytes: usize,
        /// Bytes of one block.
        block_bytes: usize,
    },
    /// The model has no storage for so much.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The system gave no thread.
    #[error("the engine's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Engine {
    /// Reserves the storage of keys and values, and starts the thread.
    pub fn start(mut parts: Parts, options: EngineOptions) -> Result<Self, StartError> {
        let shape = parts.model.shape();
        let (bytes, block_bytes) = (options.kv_cache_bytes, shape.block_bytes);
        let blocks = (bytes / block_bytes).min(u32::MAX as usize);
        if blocks == 0 {
            return Err(StartError::NoRoom { bytes, block_bytes });
        }
        parts.model.reserve(blocks)?;
        let (running, waiting) = (options.max_running.max(1), options.max_waiting);
        generation_metrics::started(&parts.name, blocks * block_bytes, running, waiting);

        let state = Arc::new(EngineState::new(running + waiting));
        let (jobs, received) = std_mpsc::sync_channel(state.limit());
        let shared = Shared {
            tokenizer: parts.tokenizer,
            end_tokens: parts.end_tokens,
            vocabulary: shape.vocabulary,
            name: parts.name,
            lookup: options.lookup,
        };
        let scheduler = Scheduler::new(running, blocks);
        let worker = Worker::new(received, state.clone(), parts.model, shared, scheduler);
        std::thread::Builder::new()
            .name("generation".into())
            .spawn(move || worker.run())?;
        Ok(Self {
            jobs,
            state,
            // One token more would fit, because the one that is said last is never read; but a limit is easier to
            // live with when it is the same for the model and the cache.
            context_length: shape.context_length.min(blocks * BLOCK),
        })
    }

    /// Tokens of prompt and answer together that a generation can hold: what the model can read at a time, or what
    /// the cache of keys and values has room for.
    pub fn context_length(&self) -> usize {
        self.context_length
    }

    /// Accepts a request, or refuses it at once. Dropping the receiver ends the generation.
    ///
    /// # Errors
    /// [`SubmitError::Overloaded`] while the waiting room is full, [`SubmitError::TooLong`] for a prompt that can never fit.
    ///
    /// # Panics
    /// If the prompt is empty.
    pub fn generate(&self, mut request: Request) -> Result<mpsc::Receiver<GenerationEvent>, SubmitError> {
        assert!(!request.prompt.is_empty(), "a generation needs a prompt");
        let room = self.context_length.saturating_sub(request.prompt.len());
        if room == 0 {
            return Err(SubmitError::TooLong(TooLong {
                prompt_tokens: request.prompt.len(),
                context_length: self.context_length,
            }));
        }
        request.max_tokens = request.max_tokens.min(room);
        self.state
            .enter()
            .inspect_err(|_| generation_metrics::rejected())?;
        let (events, receiver) = mpsc::channel(sequence::event_capacity(&request, self.state.limit()));
        let job = GenerationJob {
            request,
            events,
            submitted: Instant::now(),
        };
        // The channel has a place for every open request, and the thread lives as long as this handle. If it does not,
        // the place is given back.
        self.jobs.try_send(job).map_err(|_| {
            self.state.retire(None);
            self.state.overloaded()
        })?;
        Ok(receiver)
    }
}

#[cfg(test)]
mod tests;
