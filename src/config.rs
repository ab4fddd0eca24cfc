//! Settings → [`Config`]: resolved, validated, every problem reported at once.

use std::fmt::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use crate::assistant::DEFAULT_BUDGET;
use crate::cli::Settings;
use crate::embedding::Precision;
use crate::logging::LogFormat;
use crate::reviews::ColumnMapping;
use crate::weights::device::DeviceChoice;
pub use allowed_sites::{AllowedSites, Origin};
pub use key_digest::KeyDigest;
pub use keys::{Holder, Keys, Scope};

mod key_digest;
mod keys;
mod allowed_sites;

/// What the server runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port.
    pub listen: SocketAddr,
    /// Where `/metrics` is served, if not there.
    pub metrics_listen: Option<SocketAddr>,
    /// The reviews' file.
    pub data: PathBuf,
    /// Which of its columns hold what, where that was said.
    pub columns: ColumnMapping,
    /// The folder of the models.
    pub models: PathBuf,
    /// A chat model of the user's own.
    pub chat_model: Option<PathBuf>,
    /// An embedding model of the user's own.
    pub embedding_model: Option<PathBuf>,
    /// What embeddings are computed in, on the CPU.
    pub embedding_precision: Precision,
    /// Where snapshots are kept.
    pub index_dir: PathBuf,
    /// Threads to compute with, at least 1.
    pub threads: usize,
    /// What to compute on.
    pub device: DeviceChoice,
    /// How to log.
    pub log_format: LogFormat,
    /// Generations that may wait.
    pub max_waiting: usize,
    /// Generations that run at a time, at least 1.
    pub max_running: usize,
    /// Bytes for keys and values; chosen by the memory that is there where nobody said.
    pub kv_cache_bytes: Option<usize>,
    /// The most tokens of an answer, at least 1.
    pub max_tokens: usize,
    /// The most tokens that the chat model by itself says, at least 1.
    pub max_completion_tokens: usize,
    /// The most tokens of a prompt.
    pub max_prompt_tokens: usize,
    /// Who may ask, and who may ask for what operators do.
    pub keys: Keys,
    /// From which pages and under which names the server may be asked.
    pub allowed_sites: AllowedSites,
    /// Requests a minute by one key, or by one address where asking takes no key; any number where there is no limit.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Where opinions on answers are written, if anywhere.
    pub feedback_file: Option<PathBuf>,
    /// How often the reviews' file is looked at; never where it is zero.
    pub watch: Duration,
    /// How long running answers may take to end.
    pub drain: Duration,
}

impl Config {
    /// Resolves `given` (flags and environment) over the settings in `file` over the defaults.
    ///
    /// # Errors
    /// The file cannot be read, or settings are out of range: all of them are named.
    pub fn resolve(given: Settings, file: Option<&Path>) -> anyhow::Result<Self> {
        let settings = match file {
            Some(file) => given.or(read(file)?),
            None => given,
        };
        let columns = ColumnMapping::parse(settings.column.as_deref().unwrap_or_default());
        let keys = Keys::read(settings.key_file.as_deref(), settings.admin_key_file.as_deref());
        let listen = settings
            .listen
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 5000)));
        let allowed_sites = AllowedSites::new(
            listen,
            settings.allowed_host.unwrap_or_default(),
            settings.allowed_origin.unwrap_or_default(),
        );
        let config = Self {
            listen,
            metrics_listen: settings.metrics_listen,
            data: settings
                .data
                .unwrap_or_else(|| "data/flipkart_product_review.csv".into()),
            columns: columns.as_ref().ok().cloned().unwrap_or_default(),
            models: settings.models.unwrap_or_else(|| "models".into()),
            chat_model: settings.chat_model,
            embedding_model: settings.embedding_model,
            embedding_precision: settings.embedding_precision.unwrap_or_default(),
            index_dir: settings.index_dir.unwrap_or_else(|| "index".into()),
            threads: settings.threads.unwrap_or_else(cores),
            device: settings.device.unwrap_or(DeviceChoice::Auto),
            log_format: settings.log_format.unwrap_or(LogFormat::Text),
            max_waiting: settings.max_waiting.unwrap_or(8),
            max_running: settings.max_running.unwrap_or(8),
            kv_cache_bytes: settings
                .kv_cache_mb
                .map(|mebibytes| mebibytes.saturating_mul(1 << 20)),
            max_tokens: settings.max_tokens.unwrap_or(80),
            max_completion_tokens: settings.max_completion_tokens.unwrap_or(4096),
            max_prompt_tokens: settings.max_prompt_tokens.unwrap_or(DEFAULT_BUDGET),
            keys: keys.as_ref().ok().cloned().unwrap_or_default(),
            allowed_sites: allowed_sites.as_ref().ok().cloned().unwrap_or_default(),
            requests_per_minute: settings.requests_per_minute.and_then(NonZeroU32::new),
            feedback_file: settings.feedback_file,
            watch: Duration::from_secs(settings.watch.unwrap_or(0)),
            drain: Duration::from_secs(settings.drain.unwrap_or(20)),
        };
        let in_range = |name: &str, value: usize, least: usize, most: usize| {
            let wrong = !(least..=most).contains(&value);
            wrong.then(|| format!("{name} must be from {least} to {most}, not {value}."))
        };
        let problems = [
            columns.err().map(|error| format!("column: {error}")),
            keys.err().map(|errors| errors.join("\n  ")),
            allowed_sites
                .err()
                .map(|error| format!("allowed-origin: {error}")),
            in_range("threads", config.threads, 1, 1024),
            in_range("max-waiting", config.max_waiting, 0, 10_000),
            in_range("max-running", config.max_running, 1, 1024),
            settings
                .kv_cache_mb
                .and_then(|mebibytes| in_range("kv-cache-mb", mebibytes, 1, 1 << 24)),
            in_range("max-tokens", config.max_tokens, 1, 8192),
            in_range(
                "max-completion-tokens",
                config.max_completion_tokens,
                1,
                1_000_000,
            ),
            in_range("max-prompt-tokens", config.max_prompt_tokens, 200, 1_000_000),
            in_range("watch", config.watch.as_secs() as usize, 0, 86_400),
            in_range("drain", config.drain.as_secs() as usize, 0, 3600),
        ];
        let problems: Vec<String> = problems.into_iter().flatten().collect();
        if problems.is_empty() {
            return Ok(config);
        }
        let list = problems.iter().fold(String::new(), |mut list, problem| {
            let _ = write!(list, "\n  {problem}");
            list
        });
        anyhow::bail!("The configuration cannot be used:{list}")
    }
}

/// The cores that the machine, its affinity mask and the container's quota allow.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn read(file: &Path) -> anyhow::Result<Settings> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("The configuration file {} cannot be read", file.display()))?;
    toml::from_str(&text).with_context(|| format!("The configuration file {} has a mistake", file.display()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    fn resolved(flags: &[&str], file: &str) -> Result<Config, String> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("config.toml");
        std::fs::write(&path, file).expect("a file");
        let words = ["recommender", "serve"].iter().chain(flags);
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        Config::resolve(cli.settings, Some(&path)).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let file = "listen = '127.0.0.1:1'\nmax-tokens = 5\ncolumn = ['review=Summary']\nlog-format = 'json'";
        let config = resolved(&["--max-tokens", "7"], file).expect("a valid configuration");
        assert_eq!(config.listen.port(), 1);
        assert_eq!((config.max_tokens, config.max_waiting), (7, 8));
        assert_eq!(config.log_format, LogFormat::Json);
        assert_eq!(
            config.columns,
            ColumnMapping::parse(["review=Summary"]).expect("a mapping")
        );
        assert_eq!(
            resolved(&[], "").expect("the defaults").listen.to_string(),
            "127.0.0.1:5000"
        );
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let error = resolved(
            &["--threads", "0", "--max-tokens", "0", "--column", "nonsense"],
            "max-running = 0\nkv-cache-mb = 0",
        )
        .expect_err("five");
        for part in [
            "threads must be",
            "max-tokens must be",
            "column: ",
            "max-running must be",
            "kv-cache-mb must be",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_mistake_in_the_file_is_shown_where_it_is() {
        let error = resolved(&[], "listen = '127.0.0.1:1'\nmax_tokens = 5").expect_err("an unknown key");
        assert!(
            error.contains("config.toml") && error.contains("max_tokens") && error.contains("line 2"),
            "{error}"
        );
    }

    #[test]
    fn every_setting_has_its_environment_twin() {
        use clap::CommandFactory;
        for argument in Cli::command()
            .get_arguments()
            .filter(|argument| argument.get_long() != Some("help") && argument.get_long() != Some("version"))
        {
            let long = argument.get_long().expect("all are named");
            let twin = format!("RECOMMENDER_{}", long.replace('-', "_").to_uppercase());
            assert_eq!(
                argument.get_env().and_then(|env| env.to_str()),
                Some(twin.as_str()),
                "--{long}"
            );
        }
    }
}
