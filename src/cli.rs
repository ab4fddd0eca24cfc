//! The command line: commands, and the settings that all of them share. Values are checked in [`crate::config`].

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::evaluation::qa::Half;
pub use settings::{SettingSource, Settings, cores};

mod settings;

/// A fully offline product recommender and review assistant.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
}

impl Cli {
    /// The description of the command line for clap. A setting may also follow the command, and each has an environment
    /// variable: `--index-dir` is `RECOMMENDER_INDEX_DIR`.
    pub fn description() -> clap::Command {
        Self::command().mut_args(|arg| {
            let name = arg.get_id().as_str().to_uppercase();
            // clap keeps only static names. There are as many as settings.
            arg.global(true).env(&*format!("RECOMMENDER_{name}").leak())
        })
    }

    /// Reads the command and the settings, including those in the file of `--config`.
    ///
    /// # Errors
    /// The file cannot be read, or is not a file of settings.
    pub fn read(mut matches: ArgMatches) -> anyhow::Result<Self> {
        Ok(Self {
            settings: Settings::read(&mut matches)?,
            command: Command::from_arg_matches(&matches)?,
        })
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the chat page, the API and the metrics.
    Serve,
    /// Embed the reviews ahead of time, so that the next start is fast.
    Index {
        /// Only print what was understood of the files.
        #[arg(long)]
        dry_run: bool,
    },
    /// Answer one question in the terminal.
    Ask {
        /// The question.
        question: String,
    },
    /// Print the settings and what was understood of the reviews; check configuration, models, data, snapshot, threads
    /// and port, and report what is wrong.
    Doctor {
        /// Print JSON instead of a table: what was understood of the reviews, and the checks.
        #[arg(long)]
        json: bool,
    },
    /// Measure quality.
    Eval {
        /// What to measure.
        #[command(subcommand)]
        evaluation: Evaluation,
        /// Print JSON instead of a table.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Measure the speed and the memory of the chat model.
    Bench(Benchmark),
    /// Check whether a running server is ready; for container health checks.
    Health,
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Evaluation {
    /// Correlation of the embedding model's similarities with human judgement (STS Benchmark).
    Sts {
        /// Lines of JSON: {"s1": …, "s2": …, "score": …}.
        file: PathBuf,
    },
    /// Recall and speed of the HNSW index against the exact scan, over the reviews of --data.
    Recall {
        /// Maximum number of reviews; the first ones are used.
        #[arg(long, default_value_t = 50_000)]
        rows: usize,
    },
    /// Retrieval over a collection in BEIR's layout: nDCG, recall and MRR.
    Beir {
        /// A folder with corpus.jsonl, queries.jsonl and qrels/test.tsv.
        dir: PathBuf,
    },
    /// Retrieval for shoppers' questions over the reviews of --data: are the first quotes about the right products, do
    /// they answer, and are the right questions refused?
    Retrieval {
        /// A folder with questions.jsonl, judgments.jsonl and unanswerable.txt.
        dir: PathBuf,
        /// Also print each question with its first quotes and their grades.
        #[arg(short, long)]
        verbose: bool,
    },
    /// The server's answers to shoppers' questions over the reviews of --data, to be read one by one.
    Answers {
        /// Lines of JSON: {"id": …, "shop": …, "kind": …, "turns": […], "right": …}.
        file: PathBuf,
        /// The shop whose questions are asked.
        #[arg(long, default_value = "included")]
        shop: String,
        /// Lines of JSON, {"n": …, "turns": […]}: the questions that `file` only has the numbers of.
        #[arg(long, value_name = "FILE")]
        development: Option<PathBuf>,
    },
    /// What buyers think, against what people read: is the tone of a text right, is what is counted an aspect, and is
    /// what is called clear right? Learned from the reviews of --data.
    Opinions {
        /// A folder with se_Laptops_Test_Gold.jsonl, se_Restaurants_Test_Gold.jsonl, gold_flip200.csv and labelled
        /// reviews in gold_….txt, or some of these.
        dir: PathBuf,
    },
    /// Questions about products (SubjQA): is the answering review found, and is the answer correct?
    Qa {
        /// SubjQA's CSV, plain or .gz.
        file: PathBuf,
        /// The items whose questions are asked: one half, to calibrate on it and to report on the other, or both.
        #[arg(long, value_enum, default_value_t)]
        half: Half,
        /// The number of questions to answer too, with quotes and with the chat model; always the same ones.
        #[arg(long, value_name = "N", default_value_t = 0)]
        answer: usize,
    },
    /// Perplexity of the chat model over a text, computed like llama.cpp's llama-perplexity.
    Perplexity {
        /// The text: UTF-8, at least 512 tokens.
        #[arg(long, value_name = "FILE")]
        text: PathBuf,
    },
}

/// The measurements of `bench`. A measurement with 0 tokens or 0 users is skipped.
#[derive(Debug, Clone, Args)]
pub struct Benchmark {
    /// Tokens of the prompt for prefill.
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub prompt: usize,
    /// Tokens to generate for decode.
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub generate: usize,
    /// Tokens in the KV cache before prefill and before decode.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub depth: usize,
    /// Tokens of the prompt for the time to first token; nothing of it is in the prefix cache.
    #[arg(long, value_name = "N", default_value_t = 900)]
    pub first_token: usize,
    /// Concurrent users.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub users: usize,
    /// Tokens of each user's prompt.
    #[arg(long, value_name = "N", default_value = "800")]
    pub user_prompt: NonZeroUsize,
    /// Tokens of each user's answer.
    #[arg(long, value_name = "N", default_value = "64")]
    pub user_generate: NonZeroUsize,
    /// Tokens per step of prefill.
    #[arg(long, value_name = "N", default_value = "256")]
    pub batch: NonZeroUsize,
    /// Repetitions of each measurement.
    #[arg(long, value_name = "N", default_value = "5")]
    pub repetitions: NonZeroUsize,
    /// Print JSON instead of a table: an array of rows with the field names of llama.cpp's llama-bench.
    #[arg(long)]
    pub json: bool,
}
