//! Any bytes as `reviews.parquet`. The library panics on damaged files, which the reader makes an error of; it is enough
//! that reading ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use review_files::{Flags, quiet, read_as_told};

fuzz_target!(|bytes: &[u8]| {
    quiet::libraries_may_panic();
    read_as_told("reviews.parquet", bytes, Flags::default());
});
