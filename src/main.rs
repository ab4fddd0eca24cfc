//! Parse → log → run the command. The only place that picks an exit code.

use std::process::ExitCode;

use clap::Parser;
use flipkart_recommender::cli::Cli;
use flipkart_recommender::config::Config;
use flipkart_recommender::{commands, logging};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = match Config::resolve(cli.settings, cli.config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{}", said(&error));
            return ExitCode::from(2);
        }
    };
    for pool in ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"] {
        // SAFETY: no other thread exists yet that could read the environment at the same time. candle's and rayon's
        // pools read these variables once, when they are first used, and know nothing of a container's CPU quota.
        unsafe { std::env::set_var(pool, config.threads.to_string()) };
    }
    logging::init(config.log_format);
    match commands::run(cli.command, &config) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Logged, not printed, so that a log collector has it; whoever sits at a terminal sees it too.
            tracing::error!("{}", said(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, each once: some messages have their cause's words within.
fn said(error: &anyhow::Error) -> String {
    let causes = error.chain().skip(1).map(ToString::to_string);
    causes.fold(error.to_string(), |said, cause| match said.contains(&cause) {
        true => said,
        false => format!("{said}: {cause}"),
    })
}
