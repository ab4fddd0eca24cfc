//! `eval`: measures quality. This module connects each command with its evaluation set and the system that is measured.

mod answers;
mod item_assistant;
mod passage_ranker;
mod window_logits;
mod served_ranker;
mod shop_search;

use std::fmt::Display;
use std::path::Path;

use serde::Serialize;

use crate::app;
use crate::cli::Evaluation;
use crate::config::Config;
use crate::embedding::{self, Encoder};
use crate::evaluation;
use crate::evaluation::beir::{Beir, Collection, beir};
use crate::evaluation::qa::{Half, Qa, SubjQa, qa};
use crate::evaluation::shop::{QuestionSet, ShopRetrieval, shop};
use crate::index::Index;
use crate::reviews;
use item_assistant::ItemAssistant;
use passage_ranker::PassageSearch;
use served_ranker::Served;
use shop_search::ShopSearch;

/// The number of queries for recall.
const QUERIES: usize = 500;
/// The distance of a query from the passage vector that it was derived from, as a share of that vector's length.
const NOISE: f32 = 0.5;
/// The number of nearest passages to find.
const K: usize = 10;

pub(super) fn run(config: &Config, evaluation: Evaluation, json: bool) -> anyhow::Result<()> {
    match evaluation {
        Evaluation::Sts { file } => print(&evaluation::sts(&encoder(config)?, &file)?, json),
        Evaluation::Recall { rows } => {
            let index = index_of_first(config, rows)?.with_graph();
            let queries = evaluation::perturbed(&index, QUERIES, NOISE);
            print(&evaluation::recall(&index, &queries, K), json)
        }
        Evaluation::Beir { dir } => print(&collection(config, &dir)?, json),
        Evaluation::Retrieval { dir, verbose } => {
            let result = shop_questions(config, &dir)?;
            print(&if verbose { result } else { result.summary() }, json)
        }
        Evaluation::Answers {
            file,
            shop,
            development,
        } => {
            let search = ShopSearch::new(config)?;
            print(
                &answers::answers(&search, &file, &shop, development.as_deref())?,
                json,
            )
        }
        Evaluation::Opinions { dir } => print(&opinions(config, &dir)?, json),
        Evaluation::Qa { file, half, answer } => print(&questions(config, &file, half, answer)?, json),
        Evaluation::Perplexity { text } => print(&window_logits::perplexity(config, &text)?, json),
    }
}

fn encoder(config: &Config) -> anyhow::Result<Encoder> {
    Ok(super::encoder(config)?.1)
}

/// The opinions that the reviews of `--data` teach.
fn opinions(config: &Config, dir: &Path) -> anyhow::Result<impl Display + Serialize + use<>> {
    let (model, encoder) = super::encoder(config)?;
    let dataset = app::load_dataset(config, &model, &encoder, &|_| {})?;
    Ok(evaluation::opinions(
        dir,
        &dataset.corpus,
        &dataset.opinions,
        &encoder,
    )?)
}

/// Retrieval over the collection in `dir`.
fn collection(config: &Config, dir: &Path) -> anyhow::Result<Beir> {
    let collection = Collection::read(dir)?;
    let texts = collection
        .documents
        .iter()
        .map(|document| (0, passage_ranker::document(&document.title, &document.text)));
    let search = PassageSearch::new(
        encoder(config)?,
        &passage_ranker::corpus(&["the collection"], texts),
    )?;
    Ok(beir(&collection, &search)?)
}

/// Retrieval for the shoppers' questions in `dir`, over the reviews of `--data`.
fn shop_questions(config: &Config, dir: &Path) -> anyhow::Result<ShopRetrieval> {
    let set = QuestionSet::read(dir)?;
    let search = ShopSearch::new(config)?;
    set.check_products(|product| search.sells(product))?;
    Ok(shop(&set, &search)?)
}

/// Retrieval for the questions in `file`, and the answers to `answers` of them.
fn questions(config: &Config, file: &Path, half: Half, answers: usize) -> anyhow::Result<Qa> {
    let set = SubjQa::read(file)?;
    let items: Vec<&str> = set.items.iter().map(|item| item.id.as_str()).collect();
    let texts = set
        .reviews
        .iter()
        .map(|review| (review.item, review.text.clone()));
    let corpus = passage_ranker::corpus(&items, texts);
    let search = PassageSearch::new(encoder(config)?, &corpus)?;
    let served = Served::new(search, corpus, encoder(config)?)?;
    if answers == 0 {
        return Ok(qa(&set, half, &served, None)?);
    }
    let assistant = ItemAssistant::new(config, served.retriever().clone())?;
    Ok(qa(&set, half, &served, Some((&assistant, answers)))?)
}

/// An index of the first `rows` reviews. Texts that the server has embedded before are not embedded again.
fn index_of_first(config: &Config, rows: usize) -> anyhow::Result<Index> {
    let (corpus, _) = reviews::load(config.sources(), &config.reading)?;
    let passages = reviews::passages(&corpus);
    let texts: Vec<&str> = passages
        .iter()
        .filter(|passage| (passage.review.0 as usize) < rows)
        .map(|passage| passage.text(&corpus))
        .collect();
    let (model, encoder) = super::encoder(config)?;
    let fingerprint = embedding::fingerprint(&model, encoder.precision())?;
    let mut embedding = app::CachingEncoder {
        encode: &mut |texts| encoder.encode_passages(texts, &mut |_| {}),
        dimension: encoder.dimension(),
        kept: Some((config.index_dir.as_path(), fingerprint.as_str())),
    };
    let app::UniqueVectors { vectors, rows, .. } = embedding.embed(&texts, &|_| {})?;
    Ok(Index::build_from_rows(vectors, rows))
}

fn print(result: &(impl Display + Serialize), json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(result)?);
    } else {
        print!("{result}");
    }
    Ok(())
}
