//! Any bytes as `reviews.jsonl`: objects on lines, in an array, or in an object; nested, and of any types.

#![no_main]

use libfuzzer_sys::fuzz_target;
use review_files::{Flags, read, read_as_told};

fuzz_target!(|bytes: &[u8]| {
    let outcome = read_as_told("reviews.jsonl", bytes, Flags::default());
    outcome.never_panics();
    // The same file always gives the same reviews.
    assert!(outcome.is_like(&read("reviews.jsonl", bytes, Flags::default())));
});
