//! Panics of libraries that the reader makes errors of: they are no findings, and each place is printed once.

use std::collections::BTreeSet;
use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, Once};

/// Parts of the paths of the project's own files: here a panic is a finding, whatever becomes of it.
const OWN: [&str; 4] = ["src/reviews/", "src/digest.rs", "src/panics.rs", "fuzz_targets/"];

/// From now on, a panic of a library goes on to where it is caught. Without this, every panic ends the fuzzer.
pub fn libraries_may_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ends_the_run = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if is_own(info) {
                ends_the_run(info);
            } else {
                print_once(info);
            }
        }));
    });
}

fn is_own(info: &PanicHookInfo<'_>) -> bool {
    let file = info.location().map_or("", |place| place.file());
    OWN.iter().any(|part| file.contains(part)) || file.starts_with("src/")
}

fn print_once(info: &PanicHookInfo<'_>) {
    static PLACES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let place = info.location().map_or_else(String::new, ToString::to_string);
    let Ok(mut places) = PLACES.lock() else { return };
    if places.insert(place.clone()) {
        eprintln!("A library panicked at {place}: {}", info.payload_as_str().unwrap_or("no message"));
    }
}
