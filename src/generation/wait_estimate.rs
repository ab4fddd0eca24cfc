//! How long generations take, and so how long others will wait.
//!
//! Written by the engine's thread, read by whoever submits a request; never blocks, cannot fail.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Guessed length of a generation until some have been seen.
const FIRST_GUESS: Duration = Duration::from_secs(5);
/// A generation that ended counts for so much of the mean, one part of four: the last dozen decide.
const PARTS: u64 = 4;

/// A running mean of the time from a generation's admission to its end.
#[derive(Debug)]
pub struct WaitEstimate(AtomicU64);

impl Default for WaitEstimate {
    fn default() -> Self {
        Self(AtomicU64::new(FIRST_GUESS.as_millis() as u64))
    }
}

impl WaitEstimate {
    /// A generation that was admitted so long ago has ended. To be called by one thread only.
    pub fn ended(&self, took: Duration) {
        let mean = self.0.load(Ordering::Relaxed);
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX / PARTS);
        self.0
            .store((mean * (PARTS - 1) + milliseconds) / PARTS, Ordering::Relaxed);
    }

    /// How long it takes until a place is free for someone with `ahead` others to go first, while `running`
    /// generations run: they began at different times, so one of them ends every mean time divided by their number.
    pub fn wait(&self, ahead: usize, running: usize) -> Duration {
        let mean = Duration::from_millis(self.0.load(Ordering::Relaxed));
        mean.mul_f64((ahead + 1) as f64 / running.max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_what_was_measured() {
        let pace = WaitEstimate::default();
        assert_eq!(pace.wait(0, 1), FIRST_GUESS);
        for _ in 0..40 {
            pace.ended(Duration::from_millis(800));
        }
        let near = |wait: Duration, milliseconds: f64| (wait.as_secs_f64() * 1e3 - milliseconds).abs() < 5.0;
        for (ahead, running, milliseconds) in [(0, 1, 800.0), (0, 4, 200.0), (3, 4, 800.0), (1, 0, 1600.0)] {
            let wait = pace.wait(ahead, running);
            assert!(
                near(wait, milliseconds),
                "{ahead} ahead, {running} running: {wait:?}"
            );
        }
    }
}
