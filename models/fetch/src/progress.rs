//! The progress bar of one file. Draws nothing where standard error is not a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for `name`, of `size` bytes.
pub fn bar(name: &str, size: u64) -> ProgressBar {
    let template = "{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    ProgressBar::new(size)
        .with_style(style)
        .with_message(name.to_string())
}
