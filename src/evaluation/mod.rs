//! Measures the quality of the embedding, the index, retrieval, the answers and the chat model: the figures that `eval`
//! prints.
//!
//! In: an evaluation set, and what is measured: an encoder, an index, a chat model's logits, or whatever ranks
//! documents ([`Search`]), quotes reviews ([`QuoteSearch`]) or answers questions ([`Answerer`]). Out: results that
//! serialise, and print as tables. Runs on the calling thread. Errors: the files of the set cannot be read, or the
//! measured system fails ([`EvaluationError`]).
//!
//! `beir`, `shop` and `qa` are evaluation sets for retrieval and answers. The formulas of `beir` and `qa` are in
//! `ranking` and `token_overlap`.

pub(crate) mod beir;
mod error;
mod index_recall;
mod lines;
mod opinions;
pub(crate) mod perplexity;
pub(crate) mod qa;
mod ranking;
mod score_table;
mod search;
pub(crate) mod shop;
mod sts;
mod token_overlap;

pub(crate) use error::{EvaluationError, Failure};
pub(crate) use index_recall::{perturbed, recall};
pub(crate) use opinions::opinions;
pub(crate) use perplexity::Perplexity;
pub(crate) use qa::{Answered, Answerer};
pub(crate) use score_table::ScoreTable;
pub(crate) use search::{RankedDocuments, Search};
pub(crate) use shop::{QuoteSearch, Quoted};
pub(crate) use sts::sts;
