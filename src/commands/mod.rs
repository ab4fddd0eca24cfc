//! The commands, which `main` runs after it has read the settings and started logging.
//!
//! Each returns when it is finished. `main` logs its error and turns it into an exit code.

mod ask;
mod bench;
mod chat_model;
mod doctor;
mod eval;
mod health;
mod index;
mod serve;

use std::time::Instant;

use crate::app;
use crate::assistant::Question;
use crate::cli::Command;
use crate::config::Config;
use crate::embedding::Encoder;
use crate::query::Turn;
use crate::retrieval::Filters;
use crate::weights::{self, EmbeddingModel, device};

/// Runs `command`. `Ok(false)` means that the command ran and has reported a problem.
pub fn run(command: Command, config: &Config) -> anyhow::Result<bool> {
    match command {
        Command::Serve => serve::run(config).map(|()| true),
        Command::Index { dry_run: true } => Ok(index::dry_run(config)),
        Command::Index { dry_run: false } => index::run(config).map(|()| true),
        Command::Ask { question } => ask::run(config, question).map(|()| true),
        Command::Doctor { json } => doctor::run(config, json),
        Command::Eval { evaluation, json } => eval::run(config, evaluation, json).map(|()| true),
        Command::Bench(benchmark) => bench::run(config, &benchmark).map(|()| true),
        Command::Health => health::run(config),
    }
}

/// The async runtime. It only moves bytes and waits, so two threads suffice.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("async")
        .enable_all()
        .build()
}

/// The embedding model of the configuration, and an encoder with its weights.
fn encoder(config: &Config) -> anyhow::Result<(EmbeddingModel, Encoder)> {
    let model = weights::embedding_model(&config.models, config.embedding_model.as_deref())?;
    let (device, _) = device::select(config.device)?;
    let encoder = Encoder::load(&model, &device, config.embedding_precision, &app::pool(config)?)?;
    Ok((model, encoder))
}

/// A question without earlier turns, asked now.
fn question(content: String, filters: Filters) -> Question {
    Question {
        turns: vec![Turn::user(content)],
        filters,
        max_tokens: None,
        traced: false,
        arrived: Instant::now(),
    }
}
