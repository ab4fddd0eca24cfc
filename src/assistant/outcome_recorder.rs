//! Counts and logs the outcome of each question: exactly one, whatever happens.

use std::time::Instant;

use super::Answer;
use crate::generation::Finished;
use crate::logging;
use crate::metrics;

/// Records the outcome of one question. If it is dropped without an outcome, the question was cancelled because its
/// client left, or, during a panic, it failed.
pub(super) struct OutcomeRecorder {
    arrived: Instant,
    open: bool,
}

impl OutcomeRecorder {
    /// For a question that arrived at `arrived`.
    pub(super) fn begin(arrived: Instant) -> Self {
        Self { arrived, open: true }
    }

    /// Milliseconds since the question arrived.
    pub(super) fn milliseconds(&self) -> f64 {
        self.arrived.elapsed().as_secs_f64() * 1000.0
    }

    /// Records an answer.
    pub(super) fn answered(mut self, answer: &Answer) {
        let work = answer.generation.as_ref().map(Finished::work);
        self.close(answer.outcome.as_str());
        logging::answered(answer.outcome.as_str(), answer.first_token_ms, work);
    }

    /// Records that a stage failed while the answer was sent.
    pub(super) fn failed(mut self) {
        self.close("error");
        logging::answered("error", None, None);
    }

    /// Records a refusal, which has no duration.
    pub(super) fn refused(mut self, outcome: &str) {
        self.open = false;
        metrics::RAG_REQUESTS_TOTAL.add(&[outcome], 1);
    }

    fn close(&mut self, outcome: &str) {
        self.open = false;
        metrics::RAG_REQUESTS_TOTAL.add(&[outcome], 1);
        metrics::RAG_REQUEST_DURATION_SECONDS.record(&[outcome], self.arrived.elapsed().as_secs_f64());
    }
}

impl Drop for OutcomeRecorder {
    fn drop(&mut self) {
        if self.open {
            let outcome = match std::thread::panicking() {
                true => "error",
                false => "cancelled",
            };
            self.close(outcome);
            logging::answered(outcome, None, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drop_counts_as_cancelled_and_a_panic_as_an_error() {
        metrics::install();
        let count = |outcome: &str| -> u64 {
            let series = format!("rag_requests_total{{outcome=\"{outcome}\"}}");
            let text = metrics::install().render();
            let value = text.lines().find_map(|line| line.strip_prefix(&series));
            value.map_or(0, |value| value.trim().parse().expect("a number"))
        };
        // Other tests count at the same time, so this test looks at increases.
        let before = ["cancelled", "error", "overloaded"].map(count);
        drop(OutcomeRecorder::begin(Instant::now()));
        let outcome = OutcomeRecorder::begin(Instant::now());
        let panicked = std::thread::spawn(move || {
            let _outcome = outcome;
            panic!("as a fault in a stage would");
        });
        assert!(panicked.join().is_err());
        OutcomeRecorder::begin(Instant::now()).refused("overloaded");
        let after = ["cancelled", "error", "overloaded"].map(count);
        assert!(
            before.iter().zip(&after).all(|(before, after)| before < after),
            "{before:?} {after:?}"
        );
    }
}
