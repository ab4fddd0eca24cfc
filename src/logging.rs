//! Log lines on standard error, as text for people or as JSON for collectors.
//!
//! `RECOMMENDER_LOG` chooses what is logged, in tracing-subscriber's syntax (`debug`,
//! `info,flipkart_recommender::http=trace`); the default is `info`, and `warn` for hnsw_rs, which logs every step.
//! Standard output belongs to the commands. Questions and answers are never logged.
//!
//! Everything that happens for a request happens in its [span](request), so that each of its lines has the request's
//! id. With `debug`, each stage also logs a line with its duration.

use std::io::IsTerminal;
use std::time::Duration;

use tracing::{Span, field::Empty, level_filters::LevelFilter};
use tracing_subscriber::fmt::{self, format::FmtSpan};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// The environment variable that chooses what is logged.
const FILTER_VARIABLE: &str = "RECOMMENDER_LOG";
/// The default filter.
const DEFAULT: &str = "info,hnsw_rs=warn";

/// The format of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people, coloured on a terminal.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging. A second call in one process changes nothing: tests start several servers.
pub fn init(format: LogFormat) {
    let asked = std::env::var(FILTER_VARIABLE)
        .ok()
        .filter(|filter| !filter.trim().is_empty());
    let (filter, mistake) = filter(asked.as_deref());
    let stages = filter
        .max_level_hint()
        .is_none_or(|most| most >= LevelFilter::DEBUG);
    let closing = if stages { FmtSpan::CLOSE } else { FmtSpan::NONE };
    let lines = fmt::layer()
        .with_span_events(closing)
        .with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(stages).boxed(),
    };
    let first = tracing_subscriber::registry().with(filter).with(lines).try_init();
    if let (Ok(()), Some(mistake)) = (first, mistake) {
        tracing::warn!("{FILTER_VARIABLE} cannot be parsed ({mistake}). The filter {DEFAULT} is used.");
    }
}

/// From now on a panic is a line of the log too.
pub fn panics() {
    crate::panics::log();
}

/// The span of a request: its id and, if the client sent a W3C `traceparent`, its trace and parent span. [`answered`]
/// adds the results at the end.
pub fn request(request_id: &str, trace: Option<(&str, &str)>) -> Span {
    let span = tracing::info_span!(
        "request",
        request_id,
        trace_id = Empty,
        parent_id = Empty,
        outcome = Empty,
        prompt_tokens = Empty,
        completion_tokens = Empty,
        queue_ms = Empty,
        prefill_ms = Empty,
        decode_ms = Empty,
        first_token_ms = Empty,
    );
    if let Some((trace_id, parent_id)) = trace {
        span.record("trace_id", trace_id);
        span.record("parent_id", parent_id);
    }
    span
}

/// The chat model's work for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// Prompt tokens, including cached ones.
    pub prompt_tokens: usize,
    /// Generated tokens.
    pub completion_tokens: usize,
    /// Time in the queue.
    pub queue: Duration,
    /// Time of the prefill.
    pub prefill: Duration,
    /// Time of the decoding.
    pub decode: Duration,
}

/// Records the end of an answer in the request's span, which must be the current span: the outcome, the milliseconds to
/// the first token, and the work of the chat model.
pub fn answered(outcome: &str, first_token_ms: Option<f64>, work: Option<Work>) {
    let span = Span::current();
    span.record("outcome", outcome);
    if let Some(first_token_ms) = first_token_ms {
        span.record("first_token_ms", rounded(first_token_ms));
    }
    if let Some(work) = work {
        span.record("prompt_tokens", work.prompt_tokens);
        span.record("completion_tokens", work.completion_tokens);
        for (name, time) in [
            ("queue_ms", work.queue),
            ("prefill_ms", work.prefill),
            ("decode_ms", work.decode),
        ] {
            span.record(name, rounded(time.as_secs_f64() * 1000.0));
        }
    }
}

/// Rounded to microseconds.
fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1000.0
}

/// The requested filter, or the default filter and the mistake in the requested one.
fn filter(asked: Option<&str>) -> (EnvFilter, Option<String>) {
    match asked.map(str::parse::<EnvFilter>) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(mistake)) => (EnvFilter::new(DEFAULT), Some(mistake.to_string())),
        None => (EnvFilter::new(DEFAULT), None),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
            let filter = filter.to_string();
            let parts = |filter: &'_ str| BTreeSet::from_iter(filter.split(',').map(String::from));
            assert_eq!(parts(&filter), parts(meant), "{asked:?}");
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
