//! `bench`: speed of the chat model in prefill and decode, its time to first token, and its memory.
//!
//! *Prefill* and *decode* run the model without the engine, as llama.cpp's `llama-bench` does: random tokens, one run
//! that is not counted, no sampling. The *first token* and the *users* go through the server's engine; their prompts
//! are random too, so that the prefix cache contains nothing of them. For generated tokens, a row also shows the memory
//! bandwidth that reading weights, keys and values takes. Everything runs on the calling thread and on those of the
//! engine and the model. Errors: the model cannot be loaded, or a pass through it fails.

mod decoder_bench;
mod engine_bench;
mod machine;
mod random_tokens;
mod row;
mod statistics;
mod subject;
mod traffic;

use std::time::Duration;

use anyhow::ensure;

use super::chat_model;
use crate::cli::Benchmark;
use crate::config::Config;
use crate::generation::model::reader::Reader;
use random_tokens::RandomTokens;
use row::{BenchKind, BenchRow, FullRow, Test};
use subject::Subject;
use traffic::Traffic;

pub(super) fn run(config: &Config, benchmark: &Benchmark) -> anyhow::Result<()> {
    let chat = chat_model::load(config)?;
    let subject = Subject::new(&chat, config.threads, benchmark.batch.get());
    let tests = tests(benchmark);
    let (longest, limit) = (
        tests.iter().map(Test::context).max().unwrap_or(0),
        chat.model.shape().context_length,
    );
    ensure!(
        longest <= limit,
        "The longest sequence to measure has {longest} tokens, but the chat model's context has only {limit}; \
         lower --prompt, --generate, --depth, --first-token, --user-prompt or --user-generate."
    );
    let mut tokens = RandomTokens::new(chat.model.shape().vocabulary, chat.begin());
    let traffic = Traffic::new(&chat.gguf, chat.model.shape());
    if !benchmark.json {
        println!("{subject}\n\n{}", BenchRow::HEADINGS);
    }
    let mut rows = Vec::new();
    let mut report = |test, samples: Vec<Duration>| {
        let row = BenchRow::new(test, &samples, traffic.bytes_per_token(test));
        if !benchmark.json {
            println!("{row}");
        }
        rows.push(row);
    };

    let (without_engine, with_engine): (Vec<Test>, Vec<Test>) =
        tests.into_iter().partition(Test::without_engine);
    let room = without_engine.iter().map(Test::context).max().unwrap_or(0);
    let mut reader = Reader::new(chat.model, room)?;
    for test in without_engine {
        let samples = decoder_bench::measure(&mut reader, test, benchmark, &mut tokens)?;
        report(test, samples);
    }
    if !with_engine.is_empty() {
        let engine = engine_bench::start(reader.into_model(), chat.tokenizer, chat.name, &with_engine)?;
        for test in with_engine {
            let samples = engine_bench::measure(&engine, test, benchmark.repetitions.get(), &mut tokens)?;
            report(test, samples);
        }
    }
    if benchmark.json {
        let rows: Vec<FullRow> = rows
            .iter()
            .map(|row| FullRow {
                subject: &subject,
                row,
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
    }
    Ok(())
}

/// The measurements to make. A single sequence comes first, so that its peak memory is not that of many users.
fn tests(benchmark: &Benchmark) -> Vec<Test> {
    let (depth, users) = (benchmark.depth, benchmark.users);
    let (prompt, generate) = (benchmark.user_prompt.get(), benchmark.user_generate.get());
    let tests = [
        Test {
            depth,
            ..Test::new(BenchKind::Prefill, benchmark.prompt, 0)
        },
        Test {
            depth,
            ..Test::new(BenchKind::Decode, 0, benchmark.generate)
        },
        Test::new(BenchKind::FirstToken, benchmark.first_token, 1),
        Test {
            users,
            ..Test::new(BenchKind::Users, prompt, generate)
        },
    ];
    tests.into_iter().filter(|test| test.tokens() > 0).collect()
}
