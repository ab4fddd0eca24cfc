//! The first token and many users, through the engine that the server has.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokenizers::Tokenizer;
use tokio::sync::mpsc::Receiver;

use super::random_tokens::RandomTokens;
use super::row::Test;
use crate::generation::model::{BLOCK, Model};
use crate::generation::{Engine, EngineOptions, Finished, GenerationEvent, Parts, Reason, Request, Sampling};

/// An engine with room for the largest of `tests`.
///
/// No token ends an answer, so that all are as long as they should be. Prompt lookup is off: what follows random tokens
/// repeats itself, and drafts would fit as they never do in an answer that says something.
///
/// # Errors
/// The memory for keys and values, or a thread, is not to be had.
pub fn start(
    model: Box<dyn Model>,
    tokenizer: Tokenizer,
    name: String,
    tests: &[Test],
) -> anyhow::Result<Engine> {
    let blocks = |test: &Test| test.users().saturating_mul(test.context().div_ceil(BLOCK));
    let options = EngineOptions {
        max_running: tests.iter().map(Test::users).max().unwrap_or(1),
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

/// How long each repetition of `test` took; a short one before them is not counted.
///
/// # Errors
/// A generation was refused, or did not end as it should.
pub fn measure(
    engine: &Engine,
    test: Test,
    repetitions: usize,
    tokens: &mut RandomTokens,
) -> anyhow::Result<Vec<Duration>> {
    run(engine, &[tokens.text(BLOCK.min(test.prompt()))], 1)?;
    (0..repetitions)
        .map(|_| {
            let prompts: Vec<Vec<u32>> = (0..test.users()).map(|_| tokens.text(test.prompt())).collect();
            let (wall, ends) = run(engine, &prompts, test.generate())?;
            Ok(match test {
                Test::FirstToken { .. } => ends[0].first_token.unwrap_or(wall),
                _ => wall,
            })
        })
        .collect()
}

/// Asks all at once, and waits for the last: how long that took, and how each ended.
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

/// The last event; `None` if the engine went away before it.
fn end(mut events: Receiver<GenerationEvent>) -> Option<Finished> {
    while let Some(event) = events.blocking_recv() {
        if let GenerationEvent::Finished(finished) = event {
            return Some(finished);
        }
    }
    None
}
