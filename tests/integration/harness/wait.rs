//! Waiting for a condition, with a limit. This is the only place where tests pause: between two looks.

use std::time::{Duration, Instant};

/// Longer than anything here takes on a slow, busy machine; only a failure waits this long.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Calls `look` again and again until it finds something.
///
/// # Panics
/// When `limit` is over; `what` names what was waited for.
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

/// Calls `holds` again and again until it is true.
///
/// # Panics
/// After [`PATIENCE`]; `what` names what was waited for.
pub fn until_true(what: &str, mut holds: impl FnMut() -> bool) {
    until(what, PATIENCE, || holds().then_some(()));
}
