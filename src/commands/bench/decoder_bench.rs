//! Prefill and decode without the engine, measured as `llama-bench` does.

use std::time::{Duration, Instant};

use super::random_tokens::RandomTokens;
use super::row::{BenchKind, Test};
use crate::cli::Benchmark;
use crate::generation::model::ModelError;
use crate::generation::model::reader::Reader;

/// The duration of each repetition of `test`. One run before them is not counted: it loads weights and buffers into
/// memory.
///
/// # Errors
/// A pass through the model failed.
pub(super) fn measure(
    reader: &mut Reader,
    test: Test,
    benchmark: &Benchmark,
    tokens: &mut RandomTokens,
) -> Result<Vec<Duration>, ModelError> {
    let (batch, depth) = (benchmark.batch.get(), test.depth);
    let decode = test.kind == BenchKind::Decode;
    reader.go_back(0);
    if depth > 0 {
        reader.read_prompt(&tokens.text(depth), batch)?;
    }
    let mut run = |count| {
        // The tokens before the measurement stay in the KV cache, so they are read only once.
        reader.go_back(depth);
        let text = if depth == 0 {
            tokens.text(count)
        } else {
            tokens.take(count)
        };
        let started = Instant::now();
        if decode {
            for token in &text {
                reader.read(&[*token], 1)?;
            }
        } else {
            reader.read_prompt(&text, batch)?;
        }
        Ok(started.elapsed())
    };
    run(if decode { 1 } else { test.tokens() })?;
    (0..benchmark.repetitions.get())
        .map(|_| run(test.tokens()))
        .collect()
}
