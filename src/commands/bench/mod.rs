//! `bench`: how fast the chat model reads and speaks, how soon it begins, and how much memory that takes.
//!
//! *Prefill* and *decode* drive the bare model, as llama.cpp's `llama-bench` does: random tokens, one run that is not
//! counted, nothing sampled. The *first token* and the *users* ask the engine that the server has; each prompt is
//! random too, so that nothing of it is in the prefix cache. Where tokens are said, the bytes that must be read for them
//! come to a bandwidth. All runs on the calling thread and those of the engine
//! and the model; what can fail is loading the model, and a pass through it.

mod decoder_bench;
mod engine_bench;
mod statistics;
mod machine;
mod row;
mod subject;
mod random_tokens;
mod traffic;

use anyhow::ensure;

use super::chat_model;
use crate::cli::Benchmark;
use crate::config::Config;
use crate::generation::model::reader::Reader;
use random_tokens::RandomTokens;
use row::{BenchRow, Test};
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
        "The longest text to be measured has {longest} tokens, and the chat model reads {limit} at most; \
         lower --prompt, --generate, --depth, --first-token, --user-prompt or --user-generate."
    );
    let mut tokens = RandomTokens::new(chat.model.shape().vocabulary, chat.begin());
    let mut report = Report::new(benchmark, &subject);
    let traffic = Traffic::new(&chat.gguf, chat.model.shape());

    let (bare, served): (Vec<Test>, Vec<Test>) = tests.into_iter().partition(Test::is_bare);
    let room = bare.iter().map(Test::context).max().unwrap_or(0);
    let mut reader = Reader::new(chat.model, room)?;
    for test in bare {
        let samples = decoder_bench::measure(&mut reader, test, benchmark, &mut tokens)?;
        report.add(BenchRow::new(test, &samples, traffic.bytes_per_token(test)));
    }
    if !served.is_empty() {
        let engine = engine_bench::start(reader.into_model(), chat.tokenizer, chat.name, &served)?;
        for test in served {
            let samples = engine_bench::measure(&engine, test, benchmark.repetitions.get(), &mut tokens)?;
            report.add(BenchRow::new(test, &samples, traffic.bytes_per_token(test)));
        }
    }
    report.end()
}

/// What is to be measured. One sequence comes first, so that its memory is not that of many.
fn tests(benchmark: &Benchmark) -> Vec<Test> {
    let Benchmark { depth, .. } = *benchmark;
    let all = [
        Test::Prefill {
            prompt: benchmark.prompt,
            depth,
        },
        Test::Decode {
            generate: benchmark.generate,
            depth,
        },
        Test::FirstToken {
            prompt: benchmark.first_token,
        },
        Test::Users {
            users: benchmark.users,
            prompt: benchmark.user_prompt.get(),
            generate: benchmark.user_generate.get(),
        },
    ];
    all.into_iter().filter(|test| test.tokens() > 0).collect()
}

/// Where rows go: each at once to the table, or all together at the end as JSON.
struct Report<'a> {
    subject: &'a Subject,
    rows: Option<Vec<BenchRow>>,
}

impl<'a> Report<'a> {
    fn new(benchmark: &Benchmark, subject: &'a Subject) -> Self {
        if !benchmark.json {
            println!("{subject}\n\n{}", BenchRow::HEADINGS);
        }
        Self {
            subject,
            rows: benchmark.json.then(Vec::new),
        }
    }

    fn add(&mut self, row: BenchRow) {
        match &mut self.rows {
            Some(rows) => rows.push(row),
            None => println!("{row}"),
        }
    }

    fn end(self) -> anyhow::Result<()> {
        if let Some(rows) = self.rows {
            let rows: Vec<_> = rows.iter().map(|row| row.with(self.subject)).collect();
            println!("{}", serde_json::to_string_pretty(&rows)?);
        }
        Ok(())
    }
}
