//! The progress bar of one file. Hidden if standard error is not a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// Creates a progress bar for the file `name` with `size` bytes.
pub fn bar(name: &str, size: u64) -> ProgressBar {
    let template = "{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    ProgressBar::new(size)
        .with_style(style)
        .with_message(name.to_string())
}
