//! One request's state on the engine's thread: from accepted to finished.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::detokenizer::{Detokenizer, Piece};
use super::model::{Context, Model, ModelError};
use super::prefix_cache::PrefixCache;
use super::sampler::Sampler;
use super::{Event, Finished, Reason, Request};
use crate::metrics;

/// Prompt tokens read in one step: long enough for the matrix products, short enough that a client who left, or
/// wants to see progress, waits a second at most on a slow laptop.
pub const CHUNK: usize = 32;

/// A request that was accepted, and where its events go.
pub struct Job {
    /// What to generate.
    pub request: Request,
    /// Has room for every event the request can cause, so that a slow reader never holds the engine up.
    pub events: mpsc::Sender<Event>,
    /// When it was accepted.
    pub submitted: Instant,
}

/// The events a request can cause, at most.
pub fn event_capacity(request: &Request) -> usize {
    let progress = request.prompt.len() / CHUNK + 3;
    1 + progress + request.max_tokens + 1 + 1
}

/// What the thread lends to the sequence it runs.
pub struct Resources<'a> {
    /// The weights.
    pub model: &'a dyn Model,
    /// Contexts of shared beginnings.
    pub prefixes: &'a mut PrefixCache,
    /// Turns ids into text.
    pub tokenizer: &'a tokenizers::Tokenizer,
    /// Tokens that end a turn.
    pub end_tokens: &'a [u32],
    /// The model's name, for metrics.
    pub name: &'a str,
}

/// Runs `job` to its end and says how it went. Sends everything but the last event.
pub fn run(job: &Job, resources: &mut Resources<'_>) -> Finished {
    let started = Instant::now();
    let mut finished = Finished {
        reason: Reason::Cancelled,
        prompt_tokens: job.request.prompt.len(),
        cached_tokens: 0,
        generated_tokens: 0,
        queue: started - job.submitted,
        prefill: Duration::ZERO,
        decode: Duration::ZERO,
        first_token: None,
    };
    finished.reason = match generate(job, resources, started, &mut finished) {
        Ok(reason) => reason,
        Err(error) => {
            tracing::error!(
                %error,
                prompt_tokens = finished.prompt_tokens,
                generated_tokens = finished.generated_tokens,
                "The chat model failed in the middle of a generation; its client was told so."
            );
            Reason::Error
        }
    };
    finished
}

fn generate(
    job: &Job,
    resources: &mut Resources<'_>,
    started: Instant,
    finished: &mut Finished,
) -> Result<Reason, ModelError> {
    let Some(Prefilled {
        mut context,
        mut logits,
    }) = prefill(job, resources, finished)?
    else {
        return Ok(Reason::Cancelled);
    };
    finished.prefill = started.elapsed();
    metrics::LLM_KV_CACHE_BYTES.set(&[], (context.bytes() + resources.prefixes.bytes()) as f64);
    let decode_started = Instant::now();
    let mut previous = decode_started;

    let mut sampler = Sampler::new(job.request.sampling);
    let mut text = Detokenizer::new(resources.tokenizer, &job.request.stop);
    let reason = loop {
        if job.events.is_closed() {
            break Reason::Cancelled;
        }
        let token = sampler.sample(&logits)?;
        let now = Instant::now();
        if resources.end_tokens.contains(&token) {
            break Reason::Stop;
        }
        finished.generated_tokens += 1;
        match finished.first_token {
            None => finished.first_token = Some(now - job.submitted),
            Some(_) => metrics::LLM_INTER_TOKEN_LATENCY_SECONDS
                .record(&[resources.name], (now - previous).as_secs_f64()),
        }
        previous = now;
        finished.decode = now - decode_started;
        match text.push(token) {
            Piece::Text(piece) => send_text(job, piece),
            Piece::Stopped(piece) => {
                send_text(job, piece);
                return Ok(Reason::Stop);
            }
        }
        if finished.generated_tokens >= job.request.max_tokens
            || context.len() >= resources.model.context_length()
        {
            break Reason::Length;
        }
        logits = context.read(&[token])?;
        metrics::LLM_BATCH_SIZE.record(&[resources.name], 1.0);
    };
    send_text(job, text.finish());
    Ok(reason)
}

/// A prompt that has been read, and what follows it.
struct Prefilled {
    context: Box<dyn Context>,
    /// `[vocabulary]`.
    logits: Vec<f32>,
}

/// Reads the prompt, its shared prefix from the cache where that has it. `None` when the client left meanwhile.
fn prefill(
    job: &Job,
    resources: &mut Resources<'_>,
    finished: &mut Finished,
) -> Result<Option<Prefilled>, ModelError> {
    let prompt = &job.request.prompt;
    let limit = resources.model.context_length();
    if prompt.len() >= limit {
        return Err(ModelError::TooLong {
            tokens: prompt.len(),
            limit,
        });
    }
    // At least one token is read, whatever is cached, because its logits are the answer's first.
    let (prefix, rest) = prompt.split_at(job.request.shared_prefix.min(prompt.len() - 1));
    let mut context = resources.model.start();
    let mut logits = Vec::new();

    let cached = if prefix.is_empty() {
        None
    } else {
        look_up(prefix, resources)
    };
    let mut chunks: Vec<&[u32]> = Vec::new();
    match cached {
        Some(cached) => {
            finished.cached_tokens = cached.len();
            context = cached;
        }
        None => chunks.extend(prefix.chunks(CHUNK)),
    }
    chunks.extend(rest.chunks(CHUNK));

    progress(job, context.len());
    for chunk in chunks {
        if job.events.is_closed() {
            return Ok(None);
        }
        logits = context.read(chunk)?;
        metrics::LLM_BATCH_SIZE.record(&[resources.name], 1.0);
        if context.len() == prefix.len() && finished.cached_tokens == 0 {
            resources.prefixes.insert(prefix, context.as_ref());
        }
        progress(job, context.len());
    }
    Ok(Some(Prefilled { context, logits }))
}

fn look_up(prefix: &[u32], resources: &mut Resources<'_>) -> Option<Box<dyn Context>> {
    metrics::LLM_PREFIX_CACHE_QUERIES_TOTAL.add(&[], 1);
    let found = resources.prefixes.get(prefix)?;
    metrics::LLM_PREFIX_CACHE_HITS_TOTAL.add(&[], 1);
    Some(found)
}

fn progress(job: &Job, processed: usize) {
    send(
        job,
        Event::Progress {
            processed,
            total: job.request.prompt.len(),
        },
    );
}

fn send_text(job: &Job, text: String) {
    if !text.is_empty() {
        send(job, Event::Text(text));
    }
}

/// Sends an event; that the client has left is noticed before the next step.
fn send(job: &Job, event: Event) {
    let _ = job.events.try_send(event);
}
