//! Time to first token, and many concurrent users, through the server's engine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokenizers::Tokenizer;
use tokio::sync::mpsc::Receiver;

use super::random_tokens::RandomTokens;
use super::row::{BenchKind, Test};
use crate::generation::model::{BLOCK, Model};
use crate::generation::{Engine, EngineOptions, Finished, GenerationEvent, Parts, Reason, Request, Sampling};

/// An engine with enough KV cache for the largest of `tests`.
///
/// No token ends an answer, so that every answer has the requested length. Prompt lookup is off: a model repeats itself
/// after random tokens, so far more drafts would be accepted than in a real answer.
///
/// # Errors
/// The KV cache cannot be allocated, or a thread cannot be started.
pub(super) fn start(
    model: Box<dyn Model>,
    tokenizer: Tokenizer,
    name: String,
    tests: &[Test],
) -> anyhow::Result<Engine> {
    let blocks = |test: &Test| test.users.saturating_mul(test.context().div_ceil(BLOCK));
    let options = EngineOptions {
        max_running: tests.iter().map(|test| test.users).max().unwrap_or(1),
        max_waiting: 0,
        kv_cache_bytes: tests
            .iter()
            .map(blocks)
            .max()
            .unwrap_or(1)
            .saturating_mul(model.shape().block_bytes),
        lookup: false,
    };
    let parts = Parts {
        model,
        tokenizer: Arc::new(tokenizer),
        end_tokens: vec![],
        name,
    };
    Ok(Engine::start(parts, options)?)
}

/// The duration of each repetition of `test`; a short run before them is not counted.
///
/// # Errors
/// A request was rejected, or its answer did not have the requested length.
pub(super) fn measure(
    engine: &Engine,
    test: Test,
    repetitions: usize,
    tokens: &mut RandomTokens,
) -> anyhow::Result<Vec<Duration>> {
    run(engine, &[tokens.text(BLOCK.min(test.prompt))], 1)?;
    (0..repetitions)
        .map(|_| {
            let prompts: Vec<Vec<u32>> = (0..test.users).map(|_| tokens.text(test.prompt)).collect();
            let (wall, ends) = run(engine, &prompts, test.generate)?;
            Ok(match test.kind {
                BenchKind::FirstToken => ends[0].first_token.unwrap_or(wall),
                _ => wall,
            })
        })
        .collect()
}

/// Sends all prompts at once and waits for the last answer: the time until then, and the end of each answer.
fn run(
    engine: &Engine,
    prompts: &[Vec<u32>],
    max_tokens: usize,
) -> anyhow::Result<(Duration, Vec<Finished>)> {
    let started = Instant::now();
    let receivers: Vec<Receiver<GenerationEvent>> = prompts
        .iter()
        .map(|prompt| engine.generate(request(prompt, max_tokens)))
        .collect::<Result<_, _>>()?;
    let ends: Vec<Finished> = receivers.into_iter().filter_map(end).collect();
    let wall = started.elapsed();
    let complete = |end: &Finished| end.reason == Reason::Length && end.generated_tokens == max_tokens;
    ensure!(
        ends.len() == prompts.len() && ends.iter().all(complete),
        "The chat model failed, so its speed is unknown; the log says why."
    );
    Ok((wall, ends))
}

fn request(prompt: &[u32], max_tokens: usize) -> Request {
    Request {
        prompt: prompt.to_vec(),
        max_tokens,
        stop: vec![],
        sampling: Sampling::GREEDY,
        constraint: None,
        deadline: None,
    }
}

/// The last event; `None` if the engine stopped before it.
fn end(mut events: Receiver<GenerationEvent>) -> Option<Finished> {
    while let Some(event) = events.blocking_recv() {
        if let GenerationEvent::Finished(finished) = event {
            return Some(finished);
        }
    }
    None
}
