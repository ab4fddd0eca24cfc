//! Log lines on standard error, as text for people or as JSON for collectors.
//!
//! `RECOMMENDER_LOG` chooses what is logged, in tracing-subscriber's syntax (`debug`, `info,flipkart_recommender::http=trace`);
//! `info` without it, and `warn` for hnsw_rs, which tells its every step. Standard output is left to the commands. Questions and answers are never logged.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// The environment variable that chooses what is logged.
pub const FILTER_VARIABLE: &str = "RECOMMENDER_LOG";
/// What is logged unless it says otherwise.
const DEFAULT: &str = "info,hnsw_rs=warn";

/// What a log line looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line to read, coloured on a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging. A second call in one process changes nothing: tests start several servers.
pub fn init(format: LogFormat) {
    let asked = std::env::var(FILTER_VARIABLE)
        .ok()
        .filter(|filter| !filter.trim().is_empty());
    let (filter, mistake) = filter(asked.as_deref());
    let registry = tracing_subscriber::registry().with(filter);
    let first = match format {
        LogFormat::Text => registry
            .with(
                fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(std::io::stderr().is_terminal()),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_span_list(false)
                    .with_writer(std::io::stderr),
            )
            .try_init(),
    };
    if let (Ok(()), Some(mistake)) = (first, mistake) {
        tracing::warn!("{FILTER_VARIABLE} cannot be understood ({mistake}); logging at {DEFAULT}");
    }
}

/// The filter asked for, or the default and what is wrong with what was asked for.
fn filter(asked: Option<&str>) -> (EnvFilter, Option<String>) {
    match asked.map(str::parse::<EnvFilter>) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(mistake)) => (EnvFilter::new(DEFAULT), Some(mistake.to_string())),
        None => (EnvFilter::new(DEFAULT), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_falls_back_to_info_and_says_so() {
        for (asked, meant, is_mistake) in [
            (None, DEFAULT, false),
            (Some("debug"), "debug", false),
            (
                Some("flipkart_recommender::http=trace"),
                "flipkart_recommender::http=trace",
                false,
            ),
            (Some("info,http=loud"), DEFAULT, true),
        ] {
            let (filter, mistake) = filter(asked);
            let parts = |filter: &str| {
                filter
                    .split(',')
                    .map(str::to_string)
                    .collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!(parts(&filter.to_string()), parts(meant), "{asked:?}");
            assert_eq!(mistake.is_some(), is_mistake, "{asked:?}");
        }
    }

    #[test]
    fn starting_twice_is_harmless() {
        init(LogFormat::Text);
        init(LogFormat::Json);
        assert!(tracing::dispatcher::has_been_set());
    }
}
