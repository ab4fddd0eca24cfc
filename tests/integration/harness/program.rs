//! The binary under test, as a command that inherits no settings from the environment.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The end of a run, and its output.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error: the log.
    pub log: String,
}

impl Outcome {
    /// The same, checked to have succeeded.
    #[track_caller]
    pub fn succeeded(self) -> Outcome {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// The output of a run that succeeded, as JSON.
    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.succeeded().out).expect("the output is JSON")
    }

    /// Checks that the run failed with this exit code, and that the log contains this.
    #[track_caller]
    pub fn assert_failed(&self, code: i32, message: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(
            self.log.contains(message),
            "{message:?} is not in the log: {self:?}"
        );
    }
}

/// The binary, without the settings that the environment of the tests may contain.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flipkart-recommender"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RECOMMENDER_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Outcome {
    let output = command().args(arguments).output().expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Outcome {
        code: output.status.code(),
        out: text(&output.stdout),
        log: text(&output.stderr),
    }
}
