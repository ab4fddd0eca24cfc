//! Prefill and decode on the bare model: what `llama-bench` measures, in the same way.

use std::time::{Duration, Instant};

use super::random_tokens::RandomTokens;
use super::row::Test;
use crate::cli::Benchmark;
use crate::generation::model::ModelError;
use crate::generation::model::reader::Reader;

/// How long each repetition of `test` took. One run before them is not counted: it brings weights and buffers into
/// memory.
///
/// # Errors
/// A pass through the model failed.
pub fn measure(
    reader: &mut Reader,
    test: Test,
    benchmark: &Benchmark,
    tokens: &mut RandomTokens,
) -> Result<Vec<Duration>, ModelError> {
    let (batch, depth) = (benchmark.batch.get(), benchmark.depth);
    reader.go_back(0);
    if depth > 0 {
        reader.read_prompt(&tokens.text(depth), batch)?;
    }
    let mut run = |count| {
        // What stands before stays as it is, so it is read once.
        reader.go_back(depth);
        let text = if depth == 0 {
            tokens.text(count)
        } else {
            tokens.take(count)
        };
        let started = Instant::now();
        match test {
            Test::Decode { .. } => {
                for token in &text {
                    reader.read(&[*token], 1)?;
                }
            }
            _ => {
                reader.read_prompt(&text, batch)?;
            }
        }
        Ok(started.elapsed())
    };
    run(match test {
        Test::Decode { .. } => 1,
        _ => test.tokens(),
    })?;
    (0..benchmark.repetitions.get())
        .map(|_| run(test.tokens()))
        .collect()
}
