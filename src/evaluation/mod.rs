//! How good the embedding and the index are, in figures: what `eval` prints.
//!
//! In: an encoder or an index, and a yardstick. Out: serialisable results that print as tables. Runs on the calling
//! thread; what can fail is reading the yardstick's file, and the encoder.

mod recall;
mod sts;

pub use recall::{Latency, Recall, perturbed, recall};
pub use sts::{EvaluationError, Sts, sts};
