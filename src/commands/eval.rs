//! `eval`: quality, measured.

use std::fmt::Display;

use serde::Serialize;

use crate::app;
use crate::cli::Evaluation;
use crate::config::Config;
use crate::embedding::Encoder;
use crate::evaluation;
use crate::index::Index;
use crate::reviews;
use crate::weights::{self, device};

/// Questions that recall is measured with.
const QUERIES: usize = 500;
/// How far a question lies from the passage it was made of, as a share of its length.
const NOISE: f32 = 0.5;
/// Nearest passages asked for.
const K: usize = 10;

pub(super) fn run(config: &Config, evaluation: Evaluation) -> anyhow::Result<()> {
    let embedding = weights::embedding_model(&config.models, config.embedding_model.as_deref())?;
    let (device, _) = device::select(config.device)?;
    let encoder = Encoder::load(&embedding, &device)?;
    match evaluation {
        Evaluation::Sts { file, json } => print(&evaluation::sts(&encoder, &file)?, json),
        Evaluation::Recall { rows, json } => {
            let index = first(config, &encoder, rows)?;
            let queries = evaluation::perturbed(&index, QUERIES, NOISE);
            print(&evaluation::recall(&index, &queries, K), json)
        }
    }
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
