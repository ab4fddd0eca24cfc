//! A question and what came of it, as the operator counts it: whatever happens, one outcome.

use std::time::Instant;

use super::Answer;
use crate::generation::Finished;
use crate::logging;
use crate::metrics;

/// A question that is being answered. Dropped before its end is known, it was cancelled: its asker went away.
pub struct Exchange {
    arrived: Instant,
    open: bool,
}

impl Exchange {
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

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.open {
            self.close("cancelled");
            logging::answered("cancelled", None, None);
        }
    }
}
