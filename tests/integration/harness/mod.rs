//! Shared by all tests: servers, an HTTP client, models and a small shop.

pub mod client;
pub mod json;
pub mod metrics_text;
pub mod model_files;
pub mod program;
pub mod server;
pub mod shop;
pub mod sse;
pub mod wait;

use std::io::Write;
use std::path::{Path, PathBuf};

pub use server::{Server, Setup, shared};

/// A file of the project.
pub fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A file beside the repository, which not every machine has; without it, a test makes a smaller check, or none.
pub fn shared_file(path: &str) -> Option<PathBuf> {
    let file = project_file("../shared").join(path);
    if !file.exists() {
        skipped(&format!("{} does not exist", file.display()));
    }
    file.exists().then_some(file)
}

/// Says why a check is not made. Every test that passes without its check calls this.
pub fn skipped(reason: &str) {
    // The test runner hides what `println!` prints in a test that passes, but not this.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}
