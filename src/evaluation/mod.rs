//! How good the embedding, the index and the chat model are, in figures: what `eval` prints.
//!
//! In: an encoder, an index or a chat model's logits, and a yardstick. Out: serialisable results that print as tables.
//! Runs on the calling thread; what can fail is reading the yardstick's file, and the encoder.

pub mod perplexity;
mod recall;
mod sts;

pub use perplexity::Perplexity;
pub use recall::{Latency, Recall, perturbed, recall};
pub use sts::{EvaluationError, Sts, sts};
