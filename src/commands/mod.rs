//! The commands: what `main` runs once flags are read and logging is up.
//!
//! Each returns when it is done; an error is for the person at the terminal, and `main` makes an exit code of it.

mod ask;
mod bench;
mod chat_model;
mod doctor;
mod eval;
mod health;
mod index;
mod serve;

use crate::cli::Command;
use crate::config::Config;

/// Runs `command`. `Ok(false)` says that it ran and found something wrong, which it has told.
pub fn run(command: Command, config: &Config) -> anyhow::Result<bool> {
    match command {
        Command::Serve => serve::run(config).map(|()| true),
        Command::Index => index::run(config).map(|()| true),
        Command::Ask { question } => ask::run(config, question).map(|()| true),
        Command::Doctor => Ok(doctor::run(config)),
        Command::Eval(evaluation) => eval::run(config, evaluation).map(|()| true),
        Command::Bench(benchmark) => bench::run(config, &benchmark).map(|()| true),
        Command::Health => health::run(config),
    }
}

/// The runtime of the async side: it moves bytes and waits, so two threads are plenty.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("async")
        .enable_all()
        .build()
}
