//! Reads the settings, starts logging, and runs the command. The only place that chooses an exit code.

use std::process::ExitCode;

use flipkart_recommender::cli::Cli;
use flipkart_recommender::config::Config;
use flipkart_recommender::{commands, logging};

fn main() -> ExitCode {
    let matches = Cli::description().get_matches();
    let read = Cli::read(matches).and_then(|cli| Ok((cli.command, Config::new(cli.settings)?)));
    let (command, config) = match read {
        Ok(read) => read,
        Err(error) => {
            eprintln!("{}", with_causes(&error));
            return ExitCode::from(2);
        }
    };
    for pool in ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"] {
        // SAFETY: no other thread exists yet that could read the environment at the same time. candle's and rayon's
        // pools read these variables once, at their first use, and do not know a container's CPU quota.
        #[allow(unsafe_code)]
        unsafe {
            std::env::set_var(pool, config.threads.to_string())
        };
    }
    logging::init(config.log_format);
    logging::panics();
    match commands::run(command, &config) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Logged, not printed, so that a log collector receives it; a terminal shows it too.
            tracing::error!("{}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes. A cause that a message already contains is left out.
fn with_causes(error: &anyhow::Error) -> String {
    let causes = error.chain().skip(1).map(ToString::to_string);
    causes.fold(error.to_string(), |text, cause| match text.contains(&cause) {
        true => text,
        false => format!("{text}: {cause}"),
    })
}
