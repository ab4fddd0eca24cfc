//! Any bytes as a packed table: gzip, Zstandard or ZIP, with a small limit for what may come out.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use review_files::{Flags, packed, quiet, read};

fuzz_target!(|bytes: &[u8]| {
    // What is packed may be a workbook or Parquet.
    quiet::libraries_may_panic();
    read("reviews.csv.gz", bytes, Flags::PACKED);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // The packed bytes themselves as often as what is in them.
    match seed % 2 {
        0 => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
        _ => packed::mutate(data, size, max_size, seed / 2),
    }
});
