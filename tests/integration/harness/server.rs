//! A server as a process: started on a port that the system chooses, watched, and ended with its test.

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
use super::program::{self, Outcome};
use super::wait::{self, PATIENCE};
use super::{model_files, shop};

/// The settings of a server. Its answers are told by rule unless a test says otherwise.
pub struct Setup {
    home: Arc<TempDir>,
    /// The reviews.
    pub data: PathBuf,
    /// The folder of the index.
    pub index: PathBuf,
    models: PathBuf,
    settings: Vec<String>,
}

impl Setup {
    /// The default models and the small shop, in a folder of its own.
    pub fn new() -> Setup {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
        let data = home.path().join("reviews.csv");
        std::fs::write(&data, shop::REVIEWS).expect("the temporary folder can be written to");
        let settings = ["--answers", "told"];
        Setup {
            data,
            index: home.path().join("index"),
            models: model_files::dir(),
            settings: settings.map(String::from).to_vec(),
            home: Arc::new(home),
        }
    }

    /// The same with the default settings.
    pub fn plain() -> Setup {
        let mut setup = Setup::new();
        setup.settings.clear();
        setup
    }

    /// The same with the shallow chat model, which writes: senseless answers of `max_tokens`, several a second.
    pub fn shallow(max_tokens: usize) -> Setup {
        let setup = Setup::new().written(max_tokens);
        setup.with("--chat-model", model_files::shallow().display())
    }

    /// The same with answers of `max_tokens` that the chat model writes.
    pub fn written(mut self, max_tokens: usize) -> Setup {
        self.settings.clear();
        self.with("--answers", "written").with("--max-tokens", max_tokens)
    }

    /// One more setting.
    pub fn with(mut self, flag: &str, value: impl ToString) -> Setup {
        self.settings.extend([flag.to_string(), value.to_string()]);
        self
    }

    /// Other reviews.
    pub fn with_data(mut self, data: &Path) -> Setup {
        self.data = data.to_path_buf();
        self
    }

    /// Other models.
    pub fn with_models(mut self, models: &Path) -> Setup {
        self.models = models.to_path_buf();
        self
    }

    /// A temporary folder, removed with the last server of this setup.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file into [`Setup::home`], and gives its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.home().join(name);
        let folder = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(&path, text).expect("the temporary folder can be written to");
        path.into_os_string().into_string().expect("a path in UTF-8")
    }

    /// The arguments of a command line that runs `command` with these settings.
    pub fn arguments(&self, command: &[&str]) -> Vec<String> {
        let mut arguments: Vec<String> = command.iter().map(|word| word.to_string()).collect();
        for (flag, path) in [
            ("--data", &self.data),
            ("--index-dir", &self.index),
            ("--models", &self.models),
        ] {
            arguments.extend([flag.to_string(), path.display().to_string()]);
        }
        arguments.extend(self.settings.iter().cloned());
        arguments
    }

    /// Runs a command with these settings to its end.
    pub fn run(&self, command: &[&str]) -> Outcome {
        program::run(self.arguments(command))
    }

    /// Starts a server, which is not ready yet.
    pub fn start(&self) -> Server {
        let arguments = self.arguments(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
        Server::spawn(program::command().args(arguments), self.home.clone())
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
    /// The address on which it listens.
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
        let guard = Guard::new(&process, home.path());
        let lines = BufReader::new(process.stderr.take().expect("it is piped"));
        let log = Log::default();
        let kept = log.clone();
        // This thread ends with the process, whose end closes the pipe.
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
            client: Client::new(address),
            process,
            log,
            _guard: guard,
            _home: home,
        }
    }

    /// Waits until it is ready to answer questions.
    ///
    /// # Panics
    /// If it logs an error first.
    pub fn wait_until_ready(&self) {
        wait::until_true("readiness", || {
            assert!(self.logged("level", "ERROR").is_empty(), "{:#?}", self.log());
            self.get("/readyz").status == 200
        });
    }

    /// All lines of its log so far.
    pub fn log(&self) -> Vec<Value> {
        self.log.lock().expect("nobody panics with it").clone()
    }

    /// The lines of its log with this value, as in `("level", "WARN")`.
    pub fn logged(&self, key: &str, value: &str) -> Vec<Value> {
        let mut log = self.log();
        log.retain(|line| line[key] == value);
        log
    }

    /// Waits for errors in its log.
    pub fn errors(&self) -> Vec<Value> {
        wait::until("an error in the log", PATIENCE, || {
            Some(self.logged("level", "ERROR")).filter(|errors| !errors.is_empty())
        })
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

/// Ends a server and removes its folder when the process of the tests ends, in whatever way: statics are never dropped.
/// A shell waits for the end of a pipe, which the system closes with our process.
struct Guard(Child);

impl Guard {
    fn new(process: &Child, home: &Path) -> Guard {
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

/// One server with the default models, for all tests that change nothing in it.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Setup::new().with("--max-waiting", 64).ready())
}
