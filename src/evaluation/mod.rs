//! How good the embedding, the index, retrieval, the answers and the chat model are, in figures: what `eval` prints.
//!
//! In: a yardstick, and what is measured: an encoder, an index, a chat model's logits, or whatever ranks documents
//! ([`Search`]) or answers questions ([`Answerer`]). Out: serialisable results that print as tables. Runs on the calling
//! thread; what can fail is reading the yardstick's files, and what is measured ([`EvaluationError`]).
//!
//! `beir` and `qa` are yardsticks of retrieval and answers; their arithmetic is in `ranking` and `token_overlap`.

pub mod beir;
mod error;
mod lines;
pub mod perplexity;
pub mod qa;
pub mod ranking;
mod index_recall;
mod search;
mod sts;
pub mod token_overlap;

pub use error::{EvaluationError, Failure};
pub use index_recall::{Latency, Recall, perturbed, recall};
pub use perplexity::Perplexity;
pub use qa::{Answered, Answerer};
pub use search::{RankedDocuments, Search};
pub use sts::{Sts, sts};
