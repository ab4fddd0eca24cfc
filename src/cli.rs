//! The command line: raw flags and environment variables, each flag with its twin. Nothing is resolved here; see
//! [`crate::config`].

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::Deserialize;

use crate::embedding::Precision;
use crate::evaluation::qa::Half;
use crate::logging::LogFormat;
use crate::weights::device::DeviceChoice;

/// A fully offline product recommender and review assistant.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// A TOML file with these settings; flags and environment variables win over it.
    #[arg(long, env = "RECOMMENDER_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the chat page, the API and the metrics.
    Serve,
    /// Embed the reviews ahead of time, so that the next start finds them done.
    Index,
    /// Answer one question in the terminal.
    Ask {
        /// The question.
        question: String,
    },
    /// Check configuration, models, data, snapshot, threads and port, and say what is wrong.
    Doctor,
    /// Measure quality.
    #[command(subcommand)]
    Eval(Evaluation),
    /// Measure how fast the chat model is, and how much memory it takes.
    Bench(Benchmark),
    /// Ask a running server whether it is ready; for container health checks.
    Health,
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Evaluation {
    /// Correlation of the embedding model's similarities with human judgement (STS Benchmark).
    Sts {
        /// Lines of JSON: {"s1": …, "s2": …, "score": …}.
        file: PathBuf,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Recall and speed of the HNSW index against the exact scan, over the reviews of --data.
    Recall {
        /// At most so many reviews, from the first on.
        #[arg(long, default_value_t = 50_000)]
        rows: usize,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Retrieval over a collection in BEIR's layout: nDCG, recall and MRR.
    Beir {
        /// A folder with corpus.jsonl, queries.jsonl and qrels/test.tsv.
        dir: PathBuf,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Questions about products (SubjQA): is the review that answers found, and is the answer right?
    Qa {
        /// SubjQA's CSV, plain or .gz.
        file: PathBuf,
        /// Whose questions: a half of the items, to calibrate on one and report on the other, or both.
        #[arg(long, value_name = "a|b|both", default_value_t)]
        half: Half,
        /// Have so many of the questions answered too, by quotes and by the chat model; always the same ones.
        #[arg(long, value_name = "N", default_value_t = 0)]
        answers: usize,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Perplexity of the chat model over a text, as llama.cpp's llama-perplexity counts it.
    Perplexity {
        /// The text: UTF-8, at least 512 tokens.
        #[arg(long, value_name = "FILE")]
        text: PathBuf,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
}

/// What `bench` measures. A measurement of 0 tokens or 0 users is left out.
#[derive(Debug, Clone, Args)]
pub struct Benchmark {
    /// Tokens of the prompt that prefill reads.
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub prompt: usize,
    /// Tokens that decode says.
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub generate: usize,
    /// Tokens that have been read before prefill and before decode.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub depth: usize,
    /// Tokens of a prompt that nothing is known of, whose first token is waited for.
    #[arg(long, value_name = "N", default_value_t = 900)]
    pub first_token: usize,
    /// Users who ask at the same moment.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub users: usize,
    /// Tokens of each user's prompt.
    #[arg(long, value_name = "N", default_value = "800")]
    pub user_prompt: NonZeroUsize,
    /// Tokens that each user is answered with.
    #[arg(long, value_name = "N", default_value = "64")]
    pub user_generate: NonZeroUsize,
    /// Tokens of a prompt that are read in one step while prefill is measured.
    #[arg(long, value_name = "N", default_value = "256")]
    pub batch: NonZeroUsize,
    /// How often each is measured.
    #[arg(long, value_name = "N", default_value = "5")]
    pub repetitions: NonZeroUsize,
    /// Print JSON instead of a table: an array of rows with the names of llama.cpp's llama-bench.
    #[arg(long)]
    pub json: bool,
}

/// Every setting, as given on the command line, in the environment or in the file; absent where it was not.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Address and port to serve on [default: 127.0.0.1:5000]
    #[arg(long, env = "RECOMMENDER_LISTEN", global = true, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Address and port of /metrics, which then is on no other port [default: the same as everything else]
    #[arg(
        long,
        env = "RECOMMENDER_METRICS_LISTEN",
        global = true,
        value_name = "ADDRESS"
    )]
    pub metrics_listen: Option<SocketAddr>,
    /// The reviews: CSV, TSV or Parquet, CSV and TSV also as .gz or .zst [default: data/flipkart_product_review.csv]
    #[arg(long, env = "RECOMMENDER_DATA", global = true, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Which column holds what, as in review=Summary; repeatable
    #[arg(
        long,
        env = "RECOMMENDER_COLUMN",
        global = true,
        value_name = "NAME=HEADER",
        value_delimiter = ','
    )]
    pub column: Option<Vec<String>>,
    /// The folder of the models [default: models]
    #[arg(long, env = "RECOMMENDER_MODELS", global = true, value_name = "DIR")]
    pub models: Option<PathBuf>,
    /// A chat model of your own, a GGUF file
    #[arg(long, env = "RECOMMENDER_CHAT_MODEL", global = true, value_name = "FILE")]
    pub chat_model: Option<PathBuf>,
    /// An embedding model of your own, a folder
    #[arg(long, env = "RECOMMENDER_EMBEDDING_MODEL", global = true, value_name = "DIR")]
    pub embedding_model: Option<PathBuf>,
    /// How exactly embeddings are computed: int8, or f32, which is several times slower; on a GPU always f32 [default: int8]
    #[arg(
        long,
        env = "RECOMMENDER_EMBEDDING_PRECISION",
        global = true,
        value_name = "PRECISION"
    )]
    pub embedding_precision: Option<Precision>,
    /// Where the embedded reviews are kept between starts [default: index]
    #[arg(long, env = "RECOMMENDER_INDEX_DIR", global = true, value_name = "DIR")]
    pub index_dir: Option<PathBuf>,
    /// Threads to compute with [default: the cores that the machine or its quota allows]
    #[arg(long, env = "RECOMMENDER_THREADS", global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// What to compute on: auto, cpu or cuda [default: auto]
    #[arg(long, env = "RECOMMENDER_DEVICE", global = true)]
    pub device: Option<DeviceChoice>,
    /// How to log: text or json [default: text]
    #[arg(long, env = "RECOMMENDER_LOG_FORMAT", global = true)]
    pub log_format: Option<LogFormat>,
    /// Questions that may wait for the chat model; more are answered with quotes, or refused [default: 8]
    #[arg(long, env = "RECOMMENDER_MAX_WAITING", global = true, value_name = "N")]
    pub max_waiting: Option<usize>,
    /// Questions that the chat model answers at a time [default: 8]
    #[arg(long, env = "RECOMMENDER_MAX_RUNNING", global = true, value_name = "N")]
    pub max_running: Option<usize>,
    /// MiB for the keys and values of the texts that are read and said, and for those that may come again
    /// [default: a quarter of the memory that the container may use, 1024 at most]
    #[arg(long, env = "RECOMMENDER_KV_CACHE_MB", global = true, value_name = "MIB")]
    pub kv_cache_mb: Option<usize>,
    /// The most tokens of an answer [default: 80]
    #[arg(long, env = "RECOMMENDER_MAX_TOKENS", global = true, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// The most tokens that the chat model by itself says to a request to /v1/chat/completions [default: 4096]
    #[arg(
        long,
        env = "RECOMMENDER_MAX_COMPLETION_TOKENS",
        global = true,
        value_name = "N"
    )]
    pub max_completion_tokens: Option<usize>,
    /// The most tokens of a prompt: more hold more evidence and take longer to read [default: 512]
    #[arg(long, env = "RECOMMENDER_MAX_PROMPT_TOKENS", global = true, value_name = "N")]
    pub max_prompt_tokens: Option<usize>,
    /// A file of API keys, one a line: the key's SHA-256 in hex, user or admin, and a name; asking then takes a key
    /// [default: none, anybody may ask]
    #[arg(long, env = "RECOMMENDER_KEY_FILE", global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Requests a minute that one key, or one address where there are no keys, may send [default: 0, any number]
    #[arg(
        long,
        env = "RECOMMENDER_REQUESTS_PER_MINUTE",
        global = true,
        value_name = "N"
    )]
    pub requests_per_minute: Option<u32>,
    /// A name by which browsers may reach the server, besides localhost and addresses; repeatable [default: none where
    /// it listens on this machine only, else any]
    #[arg(
        long,
        env = "RECOMMENDER_ALLOWED_HOST",
        global = true,
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub allowed_host: Option<Vec<String>>,
    /// The origin of another site whose pages may ask: scheme, host and port; repeatable [default: none]
    #[arg(
        long,
        env = "RECOMMENDER_ALLOWED_ORIGIN",
        global = true,
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub allowed_origin: Option<Vec<String>>,
    /// A file that holds the SHA-256, in hex, of the key that POST /api/admin/reload asks for [default: none, and no
    /// such route]
    #[arg(long, env = "RECOMMENDER_ADMIN_KEY_FILE", global = true, value_name = "FILE")]
    pub admin_key_file: Option<PathBuf>,
    /// A file to which thumbs up and down are appended, one JSON line each [default: none, they are only counted]
    #[arg(long, env = "RECOMMENDER_FEEDBACK_FILE", global = true, value_name = "FILE")]
    pub feedback_file: Option<PathBuf>,
    /// Look every so many seconds whether the reviews' file has changed, and serve the new one [default: 0, never]
    #[arg(long, env = "RECOMMENDER_WATCH", global = true, value_name = "SECONDS")]
    pub watch: Option<u64>,
    /// Seconds that running answers get to end after SIGTERM or SIGINT [default: 20]
    #[arg(long, env = "RECOMMENDER_DRAIN", global = true, value_name = "SECONDS")]
    pub drain: Option<u64>,
}

impl Settings {
    /// These settings, with `others` where they say nothing.
    pub fn or(self, others: Settings) -> Settings {
        Settings {
            listen: self.listen.or(others.listen),
            metrics_listen: self.metrics_listen.or(others.metrics_listen),
            data: self.data.or(others.data),
            column: self.column.or(others.column),
            models: self.models.or(others.models),
            chat_model: self.chat_model.or(others.chat_model),
            embedding_model: self.embedding_model.or(others.embedding_model),
            embedding_precision: self.embedding_precision.or(others.embedding_precision),
            index_dir: self.index_dir.or(others.index_dir),
            threads: self.threads.or(others.threads),
            device: self.device.or(others.device),
            log_format: self.log_format.or(others.log_format),
            max_waiting: self.max_waiting.or(others.max_waiting),
            max_running: self.max_running.or(others.max_running),
            kv_cache_mb: self.kv_cache_mb.or(others.kv_cache_mb),
            max_tokens: self.max_tokens.or(others.max_tokens),
            max_completion_tokens: self.max_completion_tokens.or(others.max_completion_tokens),
            max_prompt_tokens: self.max_prompt_tokens.or(others.max_prompt_tokens),
            key_file: self.key_file.or(others.key_file),
            requests_per_minute: self.requests_per_minute.or(others.requests_per_minute),
            allowed_host: self.allowed_host.or(others.allowed_host),
            allowed_origin: self.allowed_origin.or(others.allowed_origin),
            admin_key_file: self.admin_key_file.or(others.admin_key_file),
            feedback_file: self.feedback_file.or(others.feedback_file),
            watch: self.watch.or(others.watch),
            drain: self.drain.or(others.drain),
        }
    }
}
