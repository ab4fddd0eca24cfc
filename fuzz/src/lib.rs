//! The reader of review files, as the fuzz targets use it: bytes in, checked facts out.
//!
//! The server's sources are compiled here a second time, without the rest of the server. A check that fails panics, and
//! so does the reader where it should not; either ends the fuzzer, which saves the input.

// Most of the tree is for the rest of the server, which is not here.
#![allow(dead_code, unused_imports)]

#[path = "../../src/digest.rs"]
mod digest;
#[path = "../../src/panics.rs"]
mod panics;
#[path = "../../src/reviews/mod.rs"]
mod reviews;

mod checks;
mod files;
pub mod packed;
pub mod quiet;

use std::alloc::System;

use cap::Cap;

pub use files::{Flags, Outcome, read, read_as_told, read_catalogue};

/// What the readers may have in memory at one time, for a file of at most 64 KiB. Below the limit that the fuzzer itself
/// checks once a second, so that the place of the allocation is shown.
const MOST_MEMORY: usize = 1536 << 20;

/// An allocation beyond the limit fails, and a failed allocation ends the process: as it would end the server.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, MOST_MEMORY);
