//! How long generations take, and from that how long others will wait.
//!
//! The engine's thread writes it, and any thread that submits a request reads it. It never blocks and cannot fail.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The assumed duration of a generation before any has ended.
const FIRST_GUESS: Duration = Duration::from_secs(5);
/// The weight of each ended generation in the new mean is 1 / PARTS: about the last dozen generations determine it.
const PARTS: u64 = 4;

/// A running mean of the time from a generation's admission to its end.
#[derive(Debug)]
pub(super) struct WaitEstimate(AtomicU64);

impl Default for WaitEstimate {
    fn default() -> Self {
        Self(AtomicU64::new(FIRST_GUESS.as_millis() as u64))
    }
}

impl WaitEstimate {
    /// Counts the duration of a generation that has ended. Only one thread may call it.
    pub(super) fn record(&self, duration: Duration) {
        let mean = self.0.load(Ordering::Relaxed);
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / PARTS);
        self.0
            .store((mean * (PARTS - 1) + milliseconds) / PARTS, Ordering::Relaxed);
    }

    /// The estimated time until a generation starts, if `ahead` others start before it and `running` generations run.
    /// These began at different times, so on average one of them ends in every mean duration divided by their number.
    pub(super) fn wait(&self, ahead: usize, running: usize) -> Duration {
        let mean = Duration::from_millis(self.0.load(Ordering::Relaxed));
        mean.mul_f64((ahead + 1) as f64 / running.max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_follows_the_measured_durations() {
        let estimate = WaitEstimate::default();
        assert_eq!(estimate.wait(0, 1), FIRST_GUESS);
        for _ in 0..40 {
            estimate.record(Duration::from_millis(800));
        }
        let near = |wait: Duration, milliseconds: f64| (wait.as_secs_f64() * 1e3 - milliseconds).abs() < 5.0;
        for (ahead, running, milliseconds) in [(0, 1, 800.0), (0, 4, 200.0), (3, 4, 800.0), (1, 0, 1600.0)] {
            let wait = estimate.wait(ahead, running);
            assert!(
                near(wait, milliseconds),
                "{ahead} ahead, {running} running: {wait:?}"
            );
        }
    }
}
