//! Any bytes as `reviews.csv`: cells between separators, in whatever way they are written; and as a catalogue.

#![no_main]

use libfuzzer_sys::fuzz_target;
use review_files::{Flags, read_as_told, read_catalogue};

fuzz_target!(|bytes: &[u8]| {
    let outcome = read_as_told("reviews.csv", bytes, Flags::default());
    outcome.never_panics();
    if outcome.error.is_some() {
        read_catalogue("products.csv", bytes, Flags::default()).never_panics();
    }
});
