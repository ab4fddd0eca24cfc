//! [`Settings`] in, [`Config`] out: validated, and with what is derived from them. Reports every problem at once.

use std::ops::Deref;

use crate::cli::Settings;
pub use crate::cli::cores;
use crate::reviews::{ReadingOptions, Sources};
pub use allowed_sites::{AllowedSites, Origin};
pub use key_digest::KeyDigest;
pub use keys::{Holder, Keys, Scope};

mod allowed_sites;
mod key_digest;
mod keys;

/// The configuration of the server: the settings, as its own fields, and what is derived from them.
#[derive(Debug, Clone)]
pub struct Config {
    /// The settings; each is valid.
    settings: Settings,
    /// How the files of reviews are to be read.
    pub reading: ReadingOptions,
    /// Bytes for the KV cache; `None` if they are to be derived from the memory of the machine.
    pub kv_cache_bytes: Option<usize>,
    /// The API keys, and the key for admin routes.
    pub keys: Keys,
    /// The host names of this server, and the other sites whose pages may send requests.
    pub allowed_sites: AllowedSites,
}

/// A setting that needs no derivation is used as `config.name`.
impl Deref for Config {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.settings
    }
}

impl Config {
    /// Validates the settings, and reads the key files.
    ///
    /// # Errors
    /// Values are out of range, or files cannot be used: the error names all of them.
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        let mut problems: Vec<String> = [
            ("threads", settings.threads, 1..=1024),
            ("max-waiting", settings.max_waiting, 0..=10_000),
            ("max-running", settings.max_running, 1..=1024),
            ("kv-cache-mb", settings.kv_cache_mb.unwrap_or(1), 1..=1 << 24),
            ("max-tokens", settings.max_tokens, 1..=8192),
            (
                "max-completion-tokens",
                settings.max_completion_tokens,
                1..=1_000_000,
            ),
            ("max-prompt-tokens", settings.max_prompt_tokens, 200..=1_000_000),
            ("max-data-mb", settings.max_data_mb as usize, 1..=1 << 24),
            ("watch", settings.watch as usize, 0..=86_400),
            ("drain", settings.drain as usize, 0..=3600),
        ]
        .into_iter()
        .filter(|(_, value, range)| !range.contains(value))
        .map(|(name, value, range)| {
            let (least, most) = range.into_inner();
            format!("{name} must be from {least} to {most}, not {value}.")
        })
        .collect();
        let [currency, separator, encoding] =
            [&settings.currency, &settings.separator, &settings.encoding].map(Option::as_deref);
        let reading = ReadingOptions::parse(&settings.column, currency, separator, encoding);
        let reading = reading.unwrap_or_else(|errors| {
            problems.extend(errors);
            ReadingOptions::default()
        });
        let keys = Keys::read(settings.key_file.as_deref(), settings.admin_key_file.as_deref());
        let keys = keys.unwrap_or_else(|errors| {
            problems.extend(errors);
            Keys::default()
        });
        let (hosts, origins) = (&settings.allowed_host, &settings.allowed_origin);
        let allowed_sites = AllowedSites::new(settings.listen, hosts, origins).unwrap_or_else(|error| {
            problems.push(format!("allowed-origin: {error}"));
            AllowedSites::default()
        });
        anyhow::ensure!(
            problems.is_empty(),
            "The configuration cannot be used:\n  {}",
            problems.join("\n  ")
        );
        Ok(Self {
            kv_cache_bytes: settings.kv_cache_mb.map(|mebibytes| mebibytes << 20),
            reading: ReadingOptions {
                scale: settings.rating_scale,
                sheet: settings.sheet.clone(),
                most_bytes: settings.max_data_mb << 20,
                ..reading
            },
            settings,
            keys,
            allowed_sites,
        })
    }

    /// The files of reviews.
    pub(crate) fn sources(&self) -> Sources<'_> {
        Sources {
            data: &self.data,
            catalogue: self.catalogue.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use crate::reviews::ColumnMapping;

    /// The configuration of these flags and a file with this text.
    fn resolved(flags: &[&str], file: &str) -> anyhow::Result<Config> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("config.toml");
        std::fs::write(&path, file)?;
        let path = path.to_str().expect("a path that is text");
        let words = [&["recommender", "serve", "--config", path], flags].concat();
        Config::new(Cli::read(Cli::description().try_get_matches_from(words)?)?.settings)
    }

    #[test]
    fn flags_override_the_file_and_the_file_overrides_defaults() {
        let file = "listen = '127.0.0.1:1'\nmax-tokens = 5\ncolumn = ['review=Summary']\nlog-format = 'json'";
        let config =
            resolved(&["--max-tokens", "7", "--max-running", "8"], file).expect("a valid configuration");
        assert_eq!(config.listen.port(), 1);
        assert_eq!((config.max_tokens, config.max_waiting), (7, 8));
        assert_eq!(config.log_format, crate::logging::LogFormat::Json);
        assert_eq!(
            config.reading.columns,
            ColumnMapping::parse(["review=Summary"]).expect("a mapping")
        );
        for (name, value, source) in [
            ("listen", "\"127.0.0.1:1\"", "file"),
            ("max-tokens", "7", "flag"),
            ("max-running", "8", "flag"),
            ("max-waiting", "8", "default"),
            ("metrics-listen", "the same", "default"),
            ("threads", &cores().to_string(), "default"),
        ] {
            let found = config.sources.iter().find(|setting| setting.name == name);
            let found = found.map(|setting| (setting.value.as_str(), setting.source));
            assert_eq!(found, Some((value, source)), "{name}");
        }
        let defaults = resolved(&[], "").expect("the defaults");
        assert_eq!(defaults.listen.to_string(), "127.0.0.1:5000");
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let error = resolved(
            &[
                "--threads",
                "0",
                "--max-tokens",
                "0",
                "--column",
                "nonsense",
                "--key-file",
                "/absent",
            ],
            "max-running = 0\nkv-cache-mb = 0\nallowed-origin = ['*']",
        );
        let error = error.expect_err("seven problems").to_string();
        for part in [
            "threads must be",
            "max-tokens must be",
            "column: ",
            "max-running must be",
            "kv-cache-mb must be",
            "key-file: ",
            "allowed-origin: ",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn an_error_in_the_file_names_the_line() {
        for (line, part) in [
            ("max_tokens = 5", "max_tokens"),
            ("max-tokens = '5'", "expected usize"),
        ] {
            let error = resolved(&[], &format!("listen = '127.0.0.1:1'\n{line}")).expect_err(line);
            let error = format!("{error:#}");
            assert!(
                error.contains("config.toml") && error.contains(part) && error.contains("line 2"),
                "{error}"
            );
        }
    }
}
