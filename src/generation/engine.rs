//! The engine's handle: it accepts requests, or refuses them at once.
//!
//! Cloneable, for any thread; nothing here blocks. [`super::worker`] does the work on a thread named `generation`.

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

/// Sends requests to the engine's thread. The thread ends when the last handle is dropped and all generations have
/// ended.
#[derive(Clone)]
pub(crate) struct Engine {
    jobs: std_mpsc::SyncSender<GenerationJob>,
    state: Arc<EngineState>,
    context_length: usize,
}

/// What the engine's thread owns.
pub(crate) struct Parts {
    /// The weights.
    pub model: Box<dyn Model>,
    /// The model's tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// Tokens that end a turn.
    pub end_tokens: Vec<u32>,
    /// The model's name, for metrics.
    pub name: String,
}

/// The limits of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EngineOptions {
    /// The most generations that run at a time, at least 1; fewer if there is no room for their keys and values.
    pub max_running: usize,
    /// The most generations that wait.
    pub max_waiting: usize,
    /// Bytes for keys and values, of running generations and of the prefix cache.
    pub kv_cache_bytes: usize,
    /// Whether drafts are looked up in the text so far. They change the speed, and never the text.
    pub lookup: bool,
}

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// There is no room for even one block.
    #[error(
        "the keys and values of {BLOCK} tokens take {block_bytes} bytes, but their cache has only {bytes}; \
         give it more memory"
    )]
    NoRoom {
        /// Bytes of the cache.
        bytes: usize,
        /// Bytes of one block.
        block_bytes: usize,
    },
    /// The model cannot reserve the storage.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The system refused to start a thread.
    #[error("the engine's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Engine {
    /// Reserves the storage of keys and values, and starts the thread.
    pub(crate) fn start(mut parts: Parts, options: EngineOptions) -> Result<Self, StartError> {
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
            // One more token would fit, because the last token of an answer is never read. But the limit is easier to
            // explain if it is the same for the model and the cache.
            context_length: shape.context_length.min(blocks * BLOCK),
        })
    }

    /// The most tokens that prompt and answer can have together: the length of the model's context, or less if the
    /// cache of keys and values is smaller.
    pub(crate) fn context_length(&self) -> usize {
        self.context_length
    }

    /// Accepts a request, or refuses it at once. Dropping the receiver ends the generation.
    ///
    /// # Errors
    /// [`SubmitError::Overloaded`] while the queue is full, [`SubmitError::TooLong`] for a prompt that can never fit.
    ///
    /// # Panics
    /// If the prompt is empty.
    pub(crate) fn generate(
        &self,
        mut request: Request,
    ) -> Result<mpsc::Receiver<GenerationEvent>, SubmitError> {
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
        // The channel has a place for every open request, and the thread lives as long as this handle. Should the
        // thread be gone all the same, the place is given back.
        self.jobs.try_send(job).map_err(|_| {
            self.state.retire(None);
            self.state.overloaded()
        })?;
        Ok(receiver)
    }
}

#[cfg(test)]
mod tests;
