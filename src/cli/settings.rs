//! Every setting, once: the field's name is the flag, the environment variable and the key in the file, its comment is
//! the help, and `default_value` is the default.
//!
//! A new setting is a field here, a row in the README's table (a test compares the two), and the place that uses it.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, FromArgMatches};
use serde::{Deserialize, Deserializer};

use super::Cli;
use crate::assistant::wording::Wording;
use crate::embedding::Precision;
use crate::logging::LogFormat;
use crate::reviews::RatingScale;
use crate::weights::device::DeviceChoice;

/// The settings. Flags override environment variables, these override the file, and the file overrides the defaults.
#[derive(Debug, Clone, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// A TOML file with settings; flags and environment variables override it [default: none]
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Address and port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    pub listen: SocketAddr,

    /// Address and port for /metrics; it is then not available at --listen [default: the same]
    #[arg(long, value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,

    /// A file of reviews, or a folder of such files: CSV, TSV, JSON, Parquet, Excel, OpenDocument, also packed;
    /// repeatable.
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        default_value = "data/flipkart_product_review.csv"
    )]
    #[serde(deserialize_with = "one_or_many")]
    pub data: Vec<PathBuf>,

    /// A file of products: title, category and price by the product's id [default: none]
    #[arg(long, value_name = "FILE")]
    pub catalogue: Option<PathBuf>,

    /// The name of a column, for example review=Summary; repeatable [default: found by name and content]
    #[arg(long, value_name = "NAME=HEADER", value_delimiter = ',')]
    pub column: Vec<String>,

    /// The scale of the ratings: 5, half, 10, 100 or labels [default: 5, and another scale is refused]
    #[arg(long, value_name = "SCALE", hide_possible_values = true)]
    pub rating_scale: Option<RatingScale>,

    /// The currency of prices without a sign, for example EUR [default: that of most prices, or INR]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,

    /// What separates the cells of a table: one character, or tab [default: found]
    #[arg(long, value_name = "CHARACTER")]
    pub separator: Option<String>,

    /// The encoding of a text file, for example windows-1252 [default: found]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,

    /// The sheet of a workbook [default: the one with reviews]
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,

    /// The most MiB that a file of reviews may hold, unpacked.
    #[arg(long, value_name = "N", default_value = "4096")]
    pub max_data_mb: u64,

    /// The folder of the models.
    #[arg(long, value_name = "DIR", default_value = "models")]
    pub models: PathBuf,

    /// Your own chat model: a GGUF file [default: the default model]
    #[arg(long, value_name = "FILE")]
    pub chat_model: Option<PathBuf>,

    /// Your own embedding model: a folder [default: the default model]
    #[arg(long, value_name = "DIR")]
    pub embedding_model: Option<PathBuf>,

    /// Precision of the embedding model: int8, or f32, which is exact but several times slower; a GPU always uses f32.
    #[arg(long, value_name = "PRECISION", default_value = "int8")]
    pub embedding_precision: Precision,

    /// The folder for the index snapshot and the vectors of all texts.
    #[arg(long, value_name = "DIR", default_value = "index")]
    pub index_dir: PathBuf,

    /// Compute threads [default: the cores or the CPU quota]
    #[arg(long, value_name = "N", default_value_t = cores(), hide_default_value = true)]
    pub threads: usize,

    /// Compute device: cpu, cuda or auto; cuda without a GPU is an error.
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,

    /// Log format: text or json; RECOMMENDER_LOG=debug logs more.
    #[arg(long, default_value = "text")]
    pub log_format: LogFormat,

    /// Who words the answers: told (by rule), written (by the chat model, and checked), or auto, which is written if
    /// the model passes a test at the start.
    #[arg(long, default_value = "auto")]
    pub answers: Wording,

    /// Maximum number of questions that wait for the chat model; further ones get a told answer, or are rejected.
    #[arg(long, value_name = "N", default_value = "8")]
    pub max_waiting: usize,

    /// Maximum number of questions that the chat model answers at the same time.
    #[arg(long, value_name = "N", default_value = "8")]
    pub max_running: usize,

    /// MiB for the KV cache of running answers and for the prefix cache [default: a quarter of the free or allowed
    /// memory, at most 1024]
    #[arg(long, value_name = "MIB")]
    pub kv_cache_mb: Option<usize>,

    /// Maximum length of an answer in tokens.
    #[arg(long, value_name = "N", default_value = "200")]
    pub max_tokens: usize,

    /// Maximum length in tokens of an answer of the chat model without reviews, at /v1/chat/completions.
    #[arg(long, value_name = "N", default_value = "4096")]
    pub max_completion_tokens: usize,

    // The default is what the default model's context has room for.
    /// Maximum length of a prompt in tokens: a longer one holds more quotes, but takes longer to read.
    #[arg(long, value_name = "N", default_value = "1536")]
    pub max_prompt_tokens: usize,

    /// A file of API keys, one per line: the key's SHA-256 in hex, its scope (user or admin), and a name; requests then
    /// need a key [default: none]
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// Maximum number of requests per minute and key, or per address if there are no keys; 0 is no limit.
    #[arg(long, value_name = "N", default_value = "0")]
    pub requests_per_minute: u32,

    /// A host name of this server, besides localhost and IP addresses; repeatable. Without it, a server that listens
    /// only on this machine rejects other names, and any other server accepts all names [default: none]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub allowed_host: Vec<String>,

    /// The origin of another site whose pages may send requests: scheme, host and port; repeatable [default: none]
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    pub allowed_origin: Vec<String>,

    /// A file with the SHA-256, in hex, of the key for POST /api/admin/reload; without it, the route does not exist
    /// [default: none]
    #[arg(long, value_name = "FILE")]
    pub admin_key_file: Option<PathBuf>,

    /// The file for feedback, one JSON object per line; without it, feedback is only counted [default: none]
    #[arg(long, value_name = "FILE")]
    pub feedback_file: Option<PathBuf>,

    /// The interval in seconds to check the reviews file for changes, and to reload it; 0 is never.
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    pub watch: u64,

    /// Seconds for running answers to end after SIGTERM or SIGINT.
    #[arg(long, value_name = "SECONDS", default_value = "20")]
    pub drain: u64,

    /// Where each value comes from, in the order of the fields; empty if nothing was read.
    #[arg(skip)]
    #[serde(skip)]
    pub sources: Vec<SettingSource>,
}

/// A setting's effective value and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingSource {
    /// The flag, without dashes.
    pub name: String,
    /// The value, or the default in words. No setting is a secret: a key file's value is its path.
    pub value: String,
    /// `flag`, `environment`, `file` or `default`.
    pub source: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        let defaults = Self::augment_args(clap::Command::new("defaults")).get_matches_from([""]);
        Self::from_arg_matches(&defaults).expect("every default is a value of its setting")
    }
}

impl Settings {
    /// The settings on the command line and in the environment, over those in the file that they name, over the
    /// defaults.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or has an unknown key or a value of the wrong type; the error names the
    /// line.
    pub(super) fn read(matches: &mut ArgMatches) -> anyhow::Result<Self> {
        let (mut settings, file) = match matches.get_one::<PathBuf>("config") {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("The configuration file {} cannot be read", path.display()))?;
                let invalid = || format!("The configuration file {} is invalid", path.display());
                (
                    toml::from_str(&text).with_context(invalid)?,
                    toml::from_str(&text).with_context(invalid)?,
                )
            }
            None => (Self::default(), toml::Table::new()),
        };
        let description = Cli::description();
        settings.sources = description
            .get_arguments()
            .map(|arg| source(arg, matches, &file))
            .collect();
        // Only given values may override the file, so clap's defaults are removed.
        for name in description.get_arguments().map(|arg| arg.get_id().as_str()) {
            if matches.value_source(name) == Some(ValueSource::DefaultValue) {
                matches.try_clear_id(name)?;
            }
        }
        settings.update_from_arg_matches_mut(matches)?;
        Ok(settings)
    }
}

fn source(arg: &clap::Arg, matches: &ArgMatches, file: &toml::Table) -> SettingSource {
    let name = arg.get_long().expect("every setting has a flag");
    let id = arg.get_id().as_str();
    let given = || {
        let values = matches.get_raw(id).unwrap_or_default();
        values
            .map(|value| value.to_string_lossy())
            .collect::<Vec<_>>()
            .join(",")
    };
    let (value, source) = match (matches.value_source(id), file.get(name)) {
        (Some(ValueSource::CommandLine), _) => (given(), "flag"),
        (Some(ValueSource::EnvVariable), _) => (given(), "environment"),
        (_, Some(value)) => (value.to_string(), "file"),
        (Some(_), None) => (given(), "default"),
        (None, None) => (default_in_words(arg), "default"),
    };
    SettingSource {
        name: name.into(),
        value,
        source,
    }
}

/// A value by itself, or a list of values.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        One(PathBuf),
        Many(Vec<PathBuf>),
    }
    Ok(match Given::deserialize(deserializer)? {
        Given::One(path) => vec![path],
        Given::Many(paths) => paths,
    })
}

/// The default that stands in brackets at the end of the help.
fn default_in_words(arg: &clap::Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let words = help
        .rsplit_once("[default: ")
        .map(|(_, words)| words.trim_end_matches(']'));
    words.unwrap_or_default().to_string()
}

/// The cores that the machine, the process's CPU affinity and the container's quota allow.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_an_environment_variable() {
        for arg in Cli::description().get_arguments() {
            let flag = arg.get_long().expect("a flag");
            let name = format!("RECOMMENDER_{}", flag.replace('-', "_").to_uppercase());
            assert_eq!(
                arg.get_env().and_then(|env| env.to_str()),
                Some(&*name),
                "--{flag}"
            );
        }
    }

    #[test]
    fn the_readme_lists_every_flag_with_its_default() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = std::fs::read_to_string(path).expect("the README");
        let mut documented: Vec<(String, String)> = Vec::new();
        for row in readme.lines().filter(|line| line.starts_with("| `--")) {
            let row = row.replace('`', "");
            let cells: Vec<&str> = row.split(" | ").collect();
            let flags: Vec<&str> = cells[0].trim_start_matches("| --").split(", --").collect();
            // "8, 8" are the defaults of two flags, and "0: never" explains a value.
            let defaults: Vec<&str> = match cells[1].split(", ").collect::<Vec<_>>() {
                each if flags.len() > 1 && each.len() == flags.len() => each,
                _ => vec![cells[1]; flags.len()],
            };
            for (flag, default) in flags.into_iter().zip(defaults) {
                let default = default.split_once(": ").map_or(default, |(value, _)| value);
                documented.push((flag.into(), default.into()));
            }
        }
        let description = Cli::description();
        let mut declared: Vec<(String, String)> = description
            .get_arguments()
            .filter(|arg| arg.get_id() != "config")
            .map(|arg| {
                let values: Vec<_> = arg
                    .get_default_values()
                    .iter()
                    .map(|value| value.to_string_lossy())
                    .collect();
                let default = match arg.is_hide_default_value_set() || values.is_empty() {
                    true => default_in_words(arg),
                    false => values.join(","),
                };
                (arg.get_long().expect("a flag").into(), default)
            })
            .collect();
        documented.sort();
        declared.sort();
        assert_eq!(documented, declared);
    }
}
