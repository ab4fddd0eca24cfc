//! The binary under test, as a command that knows nothing of the environment it is started from.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// How a run ended and what it said.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error: the log.
    pub log: String,
}

/// The binary, without the settings that whoever runs the tests may have in the environment.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flipkart-recommender"));
    for (name, _) in std::env::vars_os() {
        let is_setting = name.to_str().is_some_and(|name| name.starts_with("RECOMMENDER_"));
        if is_setting {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub fn run<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Outcome {
    let output = command().args(words).output().expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Outcome {
        code: output.status.code(),
        out: text(&output.stdout),
        log: text(&output.stderr),
    }
}
