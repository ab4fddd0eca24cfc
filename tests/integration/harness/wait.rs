//! Waiting for something to become true, with an end.

use std::time::{Duration, Instant};

/// Longer than anything here takes on a slow, busy machine; only a failure waits this long.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Asks `look` again and again until it finds something.
///
/// # Panics
/// When `limit` is over; `what` says what was waited for.
pub fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {limit:?}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
