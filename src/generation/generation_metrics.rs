//! The engine's metrics: at its start, after each step, and for each generation that ended.

use std::time::Duration;

use super::{Finished, Reason};
use crate::metrics;

/// The engine of model `name` has started, with room for `kv_capacity_bytes` of keys and values, for `running` running
/// and for `waiting` waiting generations.
pub(super) fn started(name: &str, kv_capacity_bytes: usize, running: usize, waiting: usize) {
    metrics::touch_model(name);
    metrics::LLM_REQUESTS_RUNNING_LIMIT.set(&[], running as f64);
    metrics::LLM_REQUESTS_WAITING_LIMIT.set(&[], waiting as f64);
    metrics::LLM_KV_CACHE_CAPACITY_BYTES.set(&[], kv_capacity_bytes as f64);
    running_and_waiting(0, 0);
    kv_bytes(0);
}

/// How many generations run, and how many wait.
pub(super) fn running_and_waiting(running: usize, waiting: usize) {
    metrics::LLM_REQUESTS_RUNNING.set(&[], running as f64);
    metrics::LLM_REQUESTS_WAITING.set(&[], waiting as f64);
}

/// A step with this number of sequences is about to be computed.
pub(super) fn step(name: &str, sequences: usize) {
    metrics::LLM_BATCH_SIZE.record(&[name], sequences as f64);
}

/// How many bytes of keys and values are stored.
pub(super) fn kv_bytes(bytes: usize) {
    metrics::LLM_KV_CACHE_BYTES.set(&[], bytes as f64);
}

/// Time from one token of a generation to the next. If a step gives several tokens, the first of them has all of the
/// time since the step before, and the others have 0: the longest wait stays visible, and the sum is the time that
/// decoding took.
pub(super) fn inter_token_latency(name: &str, time: Duration) {
    metrics::LLM_INTER_TOKEN_LATENCY_SECONDS.record(&[name], time.as_secs_f64());
}

/// A prompt of `prompt_tokens` tokens has been read, `cached` of them from the prefix cache. Counted in tokens, as in
/// vLLM: hits divided by queries is the part of all prompts that did not have to be computed.
pub(super) fn prefix_cache(prompt_tokens: usize, cached: usize) {
    metrics::LLM_PREFIX_CACHE_QUERIES_TOTAL.add(&[], prompt_tokens as u64);
    metrics::LLM_PREFIX_CACHE_HITS_TOTAL.add(&[], cached as u64);
}

/// A request was refused because the queue is full.
pub(super) fn rejected() {
    metrics::LLM_REQUESTS_REJECTED_TOTAL.add(&[], 1);
}

/// A generation ended. If it was cancelled, failed or never began, only its tokens (those of its prompt from acceptance
/// on) and its wait are counted: its other times are not comparable.
pub(super) fn finished(name: &str, finished: &Finished) {
    count(name, finished);
    if matches!(finished.reason, Reason::Cancelled | Reason::Error) || finished.prefill.is_zero() {
        return;
    }
    let model = &[name];
    metrics::LLM_E2E_REQUEST_LATENCY_SECONDS.record(model, finished.total.as_secs_f64());
    metrics::LLM_REQUEST_PROMPT_TOKENS.record(model, finished.prompt_tokens as f64);
    metrics::LLM_REQUEST_GENERATION_TOKENS.record(model, finished.generated_tokens as f64);
    metrics::LLM_REQUEST_PREFILL_TIME_SECONDS.record(model, finished.prefill.as_secs_f64());
    metrics::LLM_REQUEST_DECODE_TIME_SECONDS.record(model, finished.decode.as_secs_f64());
    if let Some(speed) = finished.prefill_tokens_per_second() {
        metrics::LLM_PREFILL_TOKENS_PER_SECOND.record(model, speed);
    }
    if let Some(first_token) = finished.first_token {
        metrics::LLM_TIME_TO_FIRST_TOKEN_SECONDS.record(model, first_token.as_secs_f64());
    }
    if let Some(speed) = finished.decode_tokens_per_second() {
        metrics::LLM_DECODE_TOKENS_PER_SECOND.record(model, speed);
        metrics::LLM_TIME_PER_OUTPUT_TOKEN_SECONDS.record(model, 1.0 / speed);
    }
}

fn count(name: &str, finished: &Finished) {
    let model = &[name];
    let tokens = |count: usize| count as u64;
    metrics::LLM_REQUESTS_FINISHED_TOTAL.add(&[finished.reason.as_str()], 1);
    metrics::LLM_PROMPT_TOKENS_TOTAL.add(model, tokens(finished.prompt_tokens));
    metrics::LLM_PROMPT_TOKENS_CACHED_TOTAL.add(model, tokens(finished.cached_tokens));
    metrics::LLM_GENERATION_TOKENS_TOTAL.add(model, tokens(finished.generated_tokens));
    metrics::LLM_REQUEST_QUEUE_TIME_SECONDS.record(model, finished.queue.as_secs_f64());
    metrics::LLM_LOOKUP_DRAFT_TOKENS_TOTAL.add(&[], tokens(finished.draft_tokens));
    metrics::LLM_LOOKUP_ACCEPTED_TOKENS_TOTAL.add(&[], tokens(finished.accepted_tokens));
}
