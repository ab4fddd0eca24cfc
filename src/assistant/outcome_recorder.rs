//! A question and what came of it, as the operator counts it: whatever happens, one outcome.

use std::time::Instant;

use super::Answer;
use crate::generation::Finished;
use crate::logging;
use crate::metrics;

/// A question that is being answered. Dropped before its end is known, it was cancelled: its asker went away, or, in a
/// panic, it failed.
pub struct OutcomeRecorder {
    arrived: Instant,
    open: bool,
}

impl OutcomeRecorder {
    /// Of a question that came at `arrived`.
    pub fn begin(arrived: Instant) -> Self {
        Self { arrived, open: true }
    }

    /// Milliseconds since the question came.
    pub fn milliseconds(&self) -> f64 {
        self.arrived.elapsed().as_secs_f64() * 1000.0
    }

    /// There is an answer.
    pub fn answered(mut self, answer: &Answer) {
        let work = answer.generation.as_ref().map(Finished::work);
        self.close(answer.outcome.as_str());
        logging::answered(answer.outcome.as_str(), answer.first_token_ms, work);
    }

    /// A stage failed while the answer was sent.
    pub fn failed(mut self) {
        self.close("error");
        logging::answered("error", None, None);
    }

    /// There is no answer, and nothing to time: the question was refused with `outcome`, or, without one, was none that
    /// counts.
    pub fn refused(mut self, outcome: Option<&str>) {
        self.open = false;
        if let Some(outcome) = outcome {
            metrics::RAG_REQUESTS_TOTAL.add(&[outcome], 1);
        }
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
    fn what_is_dropped_was_cancelled_and_a_panic_is_an_error() {
        metrics::install();
        let count = |outcome: &str| -> u64 {
            let series = format!("rag_requests_total{{outcome=\"{outcome}\"}}");
            let text = metrics::install().render();
            let value = text.lines().find_map(|line| line.strip_prefix(&series));
            value.map_or(0, |value| value.trim().parse().expect("a number"))
        };
        // Other tests count too, in threads of their own, so what is seen is an increase.
        let before = ["cancelled", "error", "overloaded"].map(count);
        drop(OutcomeRecorder::begin(Instant::now()));
        let outcome = OutcomeRecorder::begin(Instant::now());
        let panicked = std::thread::spawn(move || {
            let _exchange = outcome;
            panic!("as a fault in a stage would");
        });
        assert!(panicked.join().is_err());
        OutcomeRecorder::begin(Instant::now()).refused(Some("overloaded"));
        let after = ["cancelled", "error", "overloaded"].map(count);
        assert!(
            before.iter().zip(&after).all(|(before, after)| before < after),
            "{before:?} {after:?}"
        );
    }
}
