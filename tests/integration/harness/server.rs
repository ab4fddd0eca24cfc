//! A server as a process: started on a port of the system's choice, watched, and gone when its test is.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::client::Client;
use super::wait::{self, PATIENCE};
use super::{model_files, program, shop};

/// What a server is started with. Small prompts and short answers, so that it answers in seconds.
pub struct Setup {
    home: Arc<TempDir>,
    /// The reviews.
    pub data: PathBuf,
    /// Where the index is kept.
    pub index: PathBuf,
    models: PathBuf,
    words: Vec<String>,
}

impl Setup {
    /// The default models and the small shop, in a folder of its own.
    pub fn new() -> Setup {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
        Setup {
            data: shop::write(home.path()),
            index: home.path().join("index"),
            models: model_files::dir(),
            words: ["--max-prompt-tokens", "320", "--max-tokens", "12"]
                .map(String::from)
                .to_vec(),
            home: Arc::new(home),
        }
    }

    /// The same with the shallow chat model: answers without sense, `max_tokens` long, some of them a second.
    pub fn shallow(max_tokens: usize) -> Setup {
        let model = model_files::shallow();
        let setup = Setup {
            words: vec![],
            ..Setup::new()
        };
        setup
            .with("--chat-model", model.to_str().expect("a path that is text"))
            .with("--max-tokens", max_tokens)
    }

    /// The same with prompts and answers as long as they are by default.
    pub fn with_default_lengths(self) -> Setup {
        Setup {
            words: vec![],
            ..self
        }
    }

    /// One more setting.
    pub fn with(mut self, flag: &str, value: impl ToString) -> Setup {
        self.words.extend([flag.to_string(), value.to_string()]);
        self
    }

    /// Other reviews.
    pub fn with_data(self, data: &Path) -> Setup {
        Setup {
            data: data.to_path_buf(),
            ..self
        }
    }

    /// Other models.
    pub fn with_models(self, models: &Path) -> Setup {
        Setup {
            models: models.to_path_buf(),
            ..self
        }
    }

    /// The folder that goes with this.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The words of a command line that runs `command` with these settings.
    pub fn words(&self, command: &[&str]) -> Vec<String> {
        let path = |path: &Path| path.to_str().expect("a path that is text").to_string();
        let mut words: Vec<String> = command.iter().map(|word| word.to_string()).collect();
        words.extend(["--data".into(), path(&self.data)]);
        words.extend(["--index-dir".into(), path(&self.index)]);
        words.extend(["--models".into(), path(&self.models)]);
        words.extend(self.words.iter().cloned());
        words
    }

    /// Starts a server, which is not ready yet.
    pub fn start(&self) -> Server {
        let words = self.words(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
        Server::spawn(program::command().args(words), self.home.clone())
    }

    /// Starts a server and waits until it is ready.
    pub fn ready(&self) -> Server {
        let server = self.start();
        server.wait_until_ready();
        server
    }
}

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    client: Client,
    process: Child,
    log: Log,
    _guard: Guard,
    _home: Arc<TempDir>,
}

type Log = Arc<Mutex<Vec<Value>>>;

impl Server {
    fn spawn(command: &mut Command, home: Arc<TempDir>) -> Server {
        let mut process = command.stderr(Stdio::piped()).spawn().expect("the binary starts");
        let guard = Guard::over(&process, home.path());
        let lines = BufReader::new(process.stderr.take().expect("it is piped"));
        let log = Log::default();
        let kept = log.clone();
        // Ends with the process, whose end closes the pipe.
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                kept.lock().expect("nobody panics with it").push(line);
            }
        });
        let address = wait::until("an address in the log", PATIENCE, || {
            let log = log.lock().expect("nobody panics with it");
            log.iter().find_map(|line| line["address"].as_str()?.parse().ok())
        });
        Server {
            address,
            client: Client::of(address),
            process,
            log,
            _guard: guard,
            _home: home,
        }
    }

    /// Waits until it would answer a question.
    ///
    /// # Panics
    /// If it ends instead.
    pub fn wait_until_ready(&self) {
        wait::until("readiness", PATIENCE, || {
            let failed = self.log().iter().any(|line| line["level"] == "ERROR");
            assert!(!failed, "{:#?}", self.log());
            (self.get("/readyz").status == 200).then_some(())
        });
    }

    /// What it has logged so far.
    pub fn log(&self) -> Vec<Value> {
        self.log.lock().expect("nobody panics with it").clone()
    }

    /// The lines it has logged at this level or with this message.
    pub fn logged(&self, key: &str, value: &str) -> Vec<Value> {
        let mut log = self.log();
        log.retain(|line| line[key] == value);
        log
    }

    /// The message of the last error it logged.
    ///
    /// # Panics
    /// If it logged none.
    pub fn last_words(&self) -> String {
        let errors = || self.logged("level", "ERROR");
        let error = wait::until("an error in the log", PATIENCE, || errors().pop());
        error["message"].as_str().expect("a message").to_string()
    }

    /// Sends a signal, as in `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.process.id())])
            .status();
        assert!(sent.expect("a shell").success());
    }

    /// Waits for its end.
    pub fn wait_for_exit(&mut self, limit: Duration) -> ExitStatus {
        let process = &mut self.process;
        wait::until("the server's end", limit, || {
            process.try_wait().expect("it is our child")
        })
    }
}

impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ends a server, and removes its folder, when the tests' process ends, however it ends: statics are never dropped. A
/// shell waits for the end
/// of a pipe that the system closes with us.
struct Guard(Child);

impl Guard {
    fn over(process: &Child, home: &Path) -> Guard {
        let shell = Command::new("sh")
            .args(["-c", "read -r _ || { kill -KILL $0; rm -rf -- \"$1\"; }"])
            .arg(process.id().to_string())
            .arg(home)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Guard(shell.expect("a shell"))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One server with the default models, for every test that only asks.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Setup::new().with("--max-waiting", 64).ready())
}
