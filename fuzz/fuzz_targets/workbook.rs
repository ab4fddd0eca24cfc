//! Any bytes as a workbook: `.xlsx`, `.xlsb`, `.ods` or `.xls`. Most changes are to one unpacked part.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use review_files::{Flags, packed, quiet, read_as_told};

fuzz_target!(|bytes: &[u8]| {
    quiet::libraries_may_panic();
    read_as_told("reviews.xlsx", bytes, Flags::PACKED);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    packed::mutate(data, size, max_size, seed)
});
