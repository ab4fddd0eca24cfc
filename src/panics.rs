//! Panics of libraries: caught where foreign data are read, and logged like any other failure.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    /// What the last panic on this thread said, while [`catch`] runs on it.
    static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Calls of [`catch`] that run now.
static CATCHING: AtomicUsize = AtomicUsize::new(0);

/// From now on a panic is one line of the log, with its thread and place; one that [`catch`] makes an error of is none,
/// because whoever handles the error logs it.
pub(crate) fn log() {
    panic::set_hook(Box::new(|info| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        // A library's own pool panics for the thread that waits for it.
        let is_caught = CATCHING.load(Ordering::Relaxed) > 0
            && (CAUGHT.with_borrow(Option::is_some) || name.starts_with("polars"));
        let message = message(info);
        if is_caught {
            CAUGHT.set(Some(message));
        } else {
            tracing::error!(thread = name, "A thread panicked: {message}");
        }
    }));
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let said = info.payload_as_str().unwrap_or("no message");
    let place = info
        .location()
        .map_or_else(String::new, |place| format!(" at {place}"));
    format!("{said}{place}")
}

/// What `f` returns; or, if it panics, what the panic says.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    CATCHING.fetch_add(1, Ordering::Relaxed);
    let before = CAUGHT.replace(Some(String::new()));
    // What `f` has changed is given up with it.
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    let said = CAUGHT.replace(before);
    CATCHING.fetch_sub(1, Ordering::Relaxed);
    result.map_err(|payload| {
        let payload = payload.downcast_ref::<String>().cloned().or_else(|| {
            let text = payload.downcast_ref::<&str>();
            text.map(|text| (*text).to_string())
        });
        said.filter(|said| !said.is_empty())
            .or(payload)
            .unwrap_or_else(|| "no message".into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_what_it_says() {
        assert_eq!(catch(|| 7), Ok(7));
        let said = catch(|| -> u32 { panic!("unit {}", 8) });
        assert!(
            said.as_ref().is_err_and(|said| said.contains("unit 8")),
            "{said:?}"
        );
    }
}
