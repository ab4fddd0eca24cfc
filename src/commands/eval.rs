//! `eval`: quality, measured.

use std::fmt::Display;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::chat_model;
use crate::app;
use crate::cli::Evaluation;
use crate::config::Config;
use crate::embedding::Encoder;
use crate::evaluation::perplexity::{Score, UNSCORED, WINDOW, windows};
use crate::evaluation::{self, Perplexity};
use crate::generation::model::reader::Reader;
use crate::index::Index;
use crate::reviews;
use crate::weights::{self, device};

/// Questions that recall is measured with.
const QUERIES: usize = 500;
/// How far a question lies from the passage it was made of, as a share of its length.
const NOISE: f32 = 0.5;
/// Nearest passages asked for.
const K: usize = 10;
/// Rows of logits held at a time while a text is scored: those of a whole window would take more memory than the
/// model.
const ROWS: usize = 64;

pub(super) fn run(config: &Config, evaluation: Evaluation) -> anyhow::Result<()> {
    match evaluation {
        Evaluation::Sts { file, json } => print(&evaluation::sts(&encoder(config)?, &file)?, json),
        Evaluation::Recall { rows, json } => {
            let index = first(config, &encoder(config)?, rows)?;
            let queries = evaluation::perturbed(&index, QUERIES, NOISE);
            print(&evaluation::recall(&index, &queries, K), json)
        }
        Evaluation::Perplexity { text, json } => print(&perplexity(config, &text)?, json),
    }
}

fn encoder(config: &Config) -> anyhow::Result<Encoder> {
    let embedding = weights::embedding_model(&config.models, config.embedding_model.as_deref())?;
    let (device, _) = device::select(config.device)?;
    let pool = app::pool(config)?;
    Ok(Encoder::load(
        &embedding,
        &device,
        config.embedding_precision,
        &pool,
    )?)
}

/// The chat model's perplexity over the text in `file`.
fn perplexity(config: &Config, file: &Path) -> anyhow::Result<Perplexity> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("The text {} cannot be read", file.display()))?;
    let chat = chat_model::load(config)?;
    let begin = chat.begin();
    let encoding = chat
        .tokenizer
        .encode_fast(text, false)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("The text {} cannot be made tokens of", file.display()))?;
    let tokens: Vec<u32> = begin
        .into_iter()
        .chain(encoding.get_ids().iter().copied())
        .collect();

    let limit = chat.model.shape().context_length;
    anyhow::ensure!(
        limit >= WINDOW,
        "The chat model reads {limit} tokens at most, and perplexity is counted over windows of {WINDOW}; use another."
    );
    let mut reader = Reader::new(chat.model, WINDOW)?;
    let (vocabulary, mut score) = (reader.vocabulary(), Score::default());
    for window in windows(&tokens, begin) {
        reader.go_back(0);
        reader.read(&window[..UNSCORED], 0)?;
        let scored = (UNSCORED..WINDOW - 1).step_by(ROWS);
        for at in scored {
            let end = (at + ROWS).min(WINDOW - 1);
            let logits = reader.read(&window[at..end], end - at)?;
            for (row, token) in logits.chunks_exact(vocabulary).zip(&window[at + 1..]) {
                score.token(row, *token);
            }
        }
        score.window();
    }
    score.perplexity().with_context(|| {
        format!(
            "The text {} has {} tokens, which is too short; give one of at least {WINDOW}.",
            file.display(),
            tokens.len()
        )
    })
}

/// An index of the first `rows` reviews.
fn first(config: &Config, encoder: &Encoder, rows: usize) -> anyhow::Result<Index> {
    let corpus = reviews::load(&config.data, &config.columns)?;
    let passages = reviews::passages(&corpus);
    let texts: Vec<&str> = passages
        .iter()
        .filter(|passage| (passage.review.0 as usize) < rows)
        .map(|passage| passage.text(&corpus))
        .collect();
    let vectors = app::embed(encoder, &texts, &|_| {})?;
    Ok(Index::build(vectors))
}

fn print(result: &(impl Display + Serialize), json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(result)?);
    } else {
        print!("{result}");
    }
    Ok(())
}
