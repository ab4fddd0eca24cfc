//! One measurement: what was measured, and the row that tells of it, in a table or as JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::machine;
use super::statistics::SampleStatistics;
use super::subject::Subject;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Reading a prompt of so many tokens after `depth` others.
    Prefill {
        /// Tokens read.
        prompt: usize,
        /// Tokens read before.
        depth: usize,
    },
    /// Saying so many tokens, one by one, after `depth` others.
    Decode {
        /// Tokens said.
        generate: usize,
        /// Tokens read before.
        depth: usize,
    },
    /// From a question to the first token of its answer.
    FirstToken {
        /// Tokens of the prompt.
        prompt: usize,
    },
    /// From the moment when all users ask to the last token of the last answer.
    Users {
        /// How many.
        users: usize,
        /// Tokens of each prompt.
        prompt: usize,
        /// Tokens of each answer.
        generate: usize,
    },
}

impl Test {
    /// Whether the model is measured without the engine.
    pub fn is_bare(&self) -> bool {
        matches!(self, Test::Prefill { .. } | Test::Decode { .. })
    }

    /// Users at a time.
    pub fn users(&self) -> usize {
        match *self {
            Test::Users { users, .. } => users,
            _ => 1,
        }
    }

    /// Tokens of a prompt.
    pub fn prompt(&self) -> usize {
        match *self {
            Test::Prefill { prompt, .. } | Test::FirstToken { prompt } | Test::Users { prompt, .. } => prompt,
            Test::Decode { .. } => 0,
        }
    }

    /// Tokens of an answer.
    pub fn generate(&self) -> usize {
        match *self {
            Test::Prefill { .. } => 0,
            Test::Decode { generate, .. } | Test::Users { generate, .. } => generate,
            Test::FirstToken { .. } => 1,
        }
    }

    /// Tokens before the first that counts.
    pub fn depth(&self) -> usize {
        match *self {
            Test::Prefill { depth, .. } | Test::Decode { depth, .. } => depth,
            _ => 0,
        }
    }

    /// Tokens of one text, from its beginning to its end.
    pub fn context(&self) -> usize {
        self.depth()
            .saturating_add(self.prompt())
            .saturating_add(self.generate())
    }

    /// Tokens that the speed is counted in. The first token comes with the prompt and is none more.
    pub fn tokens(&self) -> usize {
        match *self {
            Test::FirstToken { prompt } => prompt,
            _ => self
                .users()
                .saturating_mul(self.prompt().saturating_add(self.generate())),
        }
    }

    /// Its name in JSON.
    fn name(&self) -> &'static str {
        match self {
            Test::Prefill { .. } => "prefill",
            Test::Decode { .. } => "decode",
            Test::FirstToken { .. } => "first_token",
            Test::Users { .. } => "users",
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Test::Prefill { prompt, .. } => write!(f, "prefill {prompt}")?,
            Test::Decode { generate, .. } => write!(f, "decode {generate}")?,
            Test::FirstToken { prompt } => write!(f, "first token of {prompt}")?,
            Test::Users {
                users,
                prompt,
                generate,
            } => write!(f, "{users} users, {prompt} + {generate}")?,
        }
        match self.depth() {
            0 => Ok(()),
            depth => write!(f, " at depth {depth}"),
        }
    }
}

/// A measurement. Names are those of `llama-bench`; `test`, `n_users`, the medians, bandwidth and memory are
/// our own.
#[derive(Debug, Clone, Serialize)]
pub struct BenchRow {
    #[serde(skip)]
    kind: Test,
    test: &'static str,
    n_users: usize,
    n_prompt: usize,
    n_gen: usize,
    n_depth: usize,
    /// When the measurement ended, in UTC.
    test_time: String,
    #[serde(flatten)]
    figures: SampleStatistics,
    /// The bandwidth, in 10⁹ bytes a second, that reading weights, keys and values takes at the median speed.
    median_gb_per_s: Option<f64>,
    /// Of the whole process, from its start to the end of this measurement.
    peak_memory_bytes: Option<u64>,
}

/// A row together with what it is about.
#[derive(Serialize)]
pub struct FullRow<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    #[serde(flatten)]
    row: &'a BenchRow,
}

impl BenchRow {
    /// The first line of the table.
    pub const HEADINGS: &'static str =
        "test                          tokens/s  ± stddev   seconds  peak MiB      GB/s";

    /// The row of a measurement that has just ended, in which each token took `bytes_per_token` to be read, where that
    /// is known.
    ///
    /// # Panics
    /// If there are no samples.
    pub fn new(test: Test, samples: &[Duration], bytes_per_token: Option<f64>) -> Self {
        let figures = SampleStatistics::new(samples, test.tokens());
        Self {
            kind: test,
            test: test.name(),
            n_users: test.users(),
            n_prompt: test.prompt(),
            n_gen: test.generate(),
            n_depth: test.depth(),
            test_time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            median_gb_per_s: bytes_per_token.map(|bytes| bytes * figures.median_ts / 1e9),
            figures,
            peak_memory_bytes: machine::peak_memory(),
        }
    }

    /// With the fields that all rows share.
    pub fn with<'a>(&'a self, subject: &'a Subject) -> FullRow<'a> {
        FullRow { subject, row: self }
    }
}

impl fmt::Display for BenchRow {
    /// Medians, and the deviation of the speed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (test, figures) = (self.kind.to_string(), &self.figures);
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
    fn tests_say_what_they_are() {
        let decode = Test::Decode {
            generate: 64,
            depth: 800,
        };
        assert_eq!(
            (decode.to_string().as_str(), decode.tokens(), decode.context()),
            ("decode 64 at depth 800", 64, 864)
        );
        let users = Test::Users {
            users: 8,
            prompt: 800,
            generate: 64,
        };
        assert_eq!(
            (users.to_string().as_str(), users.tokens(), users.context()),
            ("8 users, 800 + 64", 6912, 864)
        );
        let first = Test::FirstToken { prompt: 900 };
        assert_eq!(
            (first.tokens(), first.context(), first.is_bare()),
            (900, 901, false)
        );
    }

    #[test]
    fn columns_stand_under_their_headings() {
        let row = BenchRow::new(
            Test::Prefill {
                prompt: 512,
                depth: 0,
            },
            &[Duration::from_millis(500)],
            None,
        );
        let line = row.to_string();
        assert!(line.starts_with("prefill 512 "), "{line}");
        let column = |heading: &str| BenchRow::HEADINGS.find(heading).expect("a heading") + heading.len();
        assert!(line[..column("tokens/s")].ends_with(" 1024.0"), "{line}");
        // The sign in the heading has two bytes, but one column.
        assert!(line[..column("seconds") - 1].ends_with(" 0.500"), "{line}");
        assert!(line.ends_with("         –"), "{line}");
        let decode = Test::Decode {
            generate: 4,
            depth: 0,
        };
        let row = BenchRow::new(decode, &[Duration::from_millis(500)], Some(1.5e9));
        assert!(row.to_string().ends_with("      12.0"), "{row}");
    }
}
