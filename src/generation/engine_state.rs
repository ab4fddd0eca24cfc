//! What the engine's handles and its thread share: how many generations are open, how many run, and how long they take.
//!
//! Atomic counts without a lock, for any thread; nothing here blocks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::Overloaded;
use super::wait_estimate::WaitEstimate;

/// The counts.
pub(super) struct EngineState {
    /// Generations that were accepted and have not ended.
    open: AtomicUsize,
    /// The most generations that may be open.
    limit: usize,
    running: AtomicUsize,
    wait_estimate: WaitEstimate,
}

impl EngineState {
    /// No generation yet; at most `limit` may be open at a time.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            open: AtomicUsize::new(0),
            limit,
            running: AtomicUsize::new(0),
            wait_estimate: WaitEstimate::default(),
        }
    }

    /// The most generations that may be open at a time.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Takes a place, if one is left.
    ///
    /// # Errors
    /// All places are taken; says when one should be free.
    pub(super) fn enter(&self) -> Result<(), Overloaded> {
        let enter = |open| (open < self.limit).then_some(open + 1);
        let entered = self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, enter);
        entered.map(|_| ()).map_err(|_| self.overloaded())
    }

    /// Gives back the place of a generation. `running_time` is how long the generation ran; `None` is not counted.
    pub(super) fn retire(&self, running_time: Option<Duration>) {
        if let Some(running_time) = running_time {
            self.wait_estimate.record(running_time);
        }
        self.open.fetch_sub(1, Ordering::AcqRel);
    }

    /// Stores how many generations run now.
    pub(super) fn set_running(&self, running: usize) {
        self.running.store(running, Ordering::Relaxed);
    }

    /// How long a generation waits while `ahead` others go first and `running` run.
    pub(super) fn wait(&self, ahead: usize, running: usize) -> Duration {
        self.wait_estimate.wait(ahead, running)
    }

    /// The refusal of one more request.
    pub(super) fn overloaded(&self) -> Overloaded {
        // Nobody else is waiting for the place in the queue that the next end frees.
        let wait = self.wait(0, self.running.load(Ordering::Relaxed));
        Overloaded {
            // "In 0 seconds" would help nobody.
            retry_after_seconds: (wait.as_secs_f64().ceil() as u64).max(1),
        }
    }

    /// Generations that were accepted and have not ended.
    #[cfg(test)]
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}
