//! A measurement to make, and its result as a row of a table or of JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::machine;
use super::statistics::SampleStatistics;
use super::subject::Subject;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BenchKind {
    /// Reading a prompt, without the engine.
    Prefill,
    /// Generating tokens one by one, without the engine.
    Decode,
    /// From a request to the first token of its answer.
    FirstToken,
    /// From the moment at which all users send their requests to the last token of the last answer.
    Users,
}

/// One measurement to make. The names in JSON are those of `llama-bench`; `test` and `n_users` are our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Test {
    /// What is measured.
    #[serde(rename = "test")]
    pub kind: BenchKind,
    /// Concurrent users.
    #[serde(rename = "n_users")]
    pub users: usize,
    /// Tokens of each prompt; 0 for decode.
    #[serde(rename = "n_prompt")]
    pub prompt: usize,
    /// Tokens of each answer; 0 for prefill.
    #[serde(rename = "n_gen")]
    pub generate: usize,
    /// Tokens in the KV cache before the measurement.
    #[serde(rename = "n_depth")]
    pub depth: usize,
}

impl Test {
    /// A test with one user and an empty KV cache.
    pub(super) fn new(kind: BenchKind, prompt: usize, generate: usize) -> Self {
        Self {
            kind,
            users: 1,
            prompt,
            generate,
            depth: 0,
        }
    }

    /// Whether the model is measured without the engine.
    pub(super) fn without_engine(&self) -> bool {
        matches!(self.kind, BenchKind::Prefill | BenchKind::Decode)
    }

    /// Tokens of one sequence, from its beginning to its end.
    pub(super) fn context(&self) -> usize {
        self.depth
            .saturating_add(self.prompt)
            .saturating_add(self.generate)
    }

    /// The tokens that the speed counts. The first token of an answer comes with the prompt and does not count.
    pub(super) fn tokens(&self) -> usize {
        match self.kind {
            BenchKind::FirstToken => self.prompt,
            _ => self
                .users
                .saturating_mul(self.prompt.saturating_add(self.generate)),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            users,
            prompt,
            generate,
            ..
        } = self;
        match self.kind {
            BenchKind::Prefill => write!(f, "prefill {prompt}")?,
            BenchKind::Decode => write!(f, "decode {generate}")?,
            BenchKind::FirstToken => write!(f, "first token of {prompt}")?,
            BenchKind::Users => write!(f, "{users} users, {prompt} + {generate}")?,
        }
        match self.depth {
            0 => Ok(()),
            depth => write!(f, " at depth {depth}"),
        }
    }
}

/// A finished measurement. The names are those of `llama-bench`; the medians, bandwidth and memory are our own.
#[derive(Debug, Clone, Serialize)]
pub(super) struct BenchRow {
    #[serde(flatten)]
    test: Test,
    /// When the measurement ended, in UTC.
    test_time: String,
    #[serde(flatten)]
    figures: SampleStatistics,
    /// The bandwidth, in 10⁹ bytes per second, that reading weights, keys and values takes at the median speed.
    median_gb_per_s: Option<f64>,
    /// Peak memory of the whole process, from its start to the end of this measurement.
    peak_memory_bytes: Option<u64>,
}

/// A row together with the file, build and machine.
#[derive(Serialize)]
pub(super) struct FullRow<'a> {
    /// The fields that all rows share.
    #[serde(flatten)]
    pub subject: &'a Subject,
    /// The row's own fields.
    #[serde(flatten)]
    pub row: &'a BenchRow,
}

impl BenchRow {
    /// The first line of the table.
    pub(super) const HEADINGS: &'static str =
        "test                          tokens/s  ± stddev   seconds  peak MiB      GB/s";

    /// The row of a measurement that has just ended. `bytes_per_token` is the memory read per token, if it is known.
    ///
    /// # Panics
    /// If there are no samples.
    pub(super) fn new(test: Test, samples: &[Duration], bytes_per_token: Option<f64>) -> Self {
        let figures = SampleStatistics::new(samples, test.tokens());
        Self {
            test,
            test_time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            median_gb_per_s: bytes_per_token.map(|bytes| bytes * figures.median_ts / 1e9),
            figures,
            peak_memory_bytes: machine::peak_memory(),
        }
    }
}

impl fmt::Display for BenchRow {
    /// The medians, and the standard deviation of the speed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (test, figures) = (self.test.to_string(), &self.figures);
        let seconds = figures.median_ns as f64 / 1e9;
        let known = |text: Option<String>| text.unwrap_or_else(|| "–".to_string());
        let memory = known(self.peak_memory_bytes.map(|bytes| (bytes >> 20).to_string()));
        let bandwidth = known(self.median_gb_per_s.map(|figure| format!("{figure:.1}")));
        write!(
            f,
            "{test:<28}{:>10.1}{:>10.1}{seconds:>10.3}{memory:>10}{bandwidth:>10}",
            figures.median_ts, figures.stddev_ts
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_have_names_and_count_their_tokens() {
        let decode = Test {
            depth: 800,
            ..Test::new(BenchKind::Decode, 0, 64)
        };
        let users = Test {
            users: 8,
            ..Test::new(BenchKind::Users, 800, 64)
        };
        let first = Test::new(BenchKind::FirstToken, 900, 1);
        for (test, name, tokens, context) in [
            (decode, "decode 64 at depth 800", 64, 864),
            (users, "8 users, 800 + 64", 6912, 864),
            (first, "first token of 900", 900, 901),
        ] {
            let found = (test.to_string(), test.tokens(), test.context());
            assert_eq!(found, (name.to_string(), tokens, context));
        }
        assert!(decode.without_engine() && !users.without_engine() && !first.without_engine());
    }

    #[test]
    fn columns_stand_under_their_headings() {
        let samples = [Duration::from_millis(500)];
        let line = BenchRow::new(Test::new(BenchKind::Prefill, 512, 0), &samples, None).to_string();
        assert!(line.starts_with("prefill 512 "), "{line}");
        let column = |heading: &str| BenchRow::HEADINGS.find(heading).expect("a heading") + heading.len();
        assert!(line[..column("tokens/s")].ends_with(" 1024.0"), "{line}");
        // The sign ± has two bytes, but takes one column.
        assert!(line[..column("seconds") - 1].ends_with(" 0.500"), "{line}");
        assert!(line.ends_with("         –"), "{line}");
        let row = BenchRow::new(Test::new(BenchKind::Decode, 0, 4), &samples, Some(1.5e9));
        assert!(row.to_string().ends_with("      12.0"), "{row}");
    }
}
