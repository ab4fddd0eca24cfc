//! A fully offline product recommender and review assistant.
//!
//! ```text
//! reviews ──► embedding ──► index                                    (at start, or by `index`)
//!                │             │
//! question ──────┴──► retrieval ──► assistant ──► generation ──► http (SSE) ──► ui/
//!                                  metrics observe every arrow
//! ```
//!
//! The modules stand in the order in which a review, and then a question, passes through them; each imports only
//! from those above it. `ARCHITECTURE.md` says which question each folder answers.

/// The commit of the source, if the build was given one in GIT_SHA.
pub(crate) const COMMIT: Option<&str> = option_env!("BUILD_COMMIT");

pub mod metrics;
mod panics;
pub mod logging;
mod digest;
mod language;
mod reviews;
mod weights;
mod kernels;
mod embedding;
mod index;
mod opinions;
mod evaluation;
mod query;
mod retrieval;
mod findings;
mod generation;
mod assistant;
mod completion;
pub mod cli;
pub mod config;
mod app;
mod http;
pub mod commands;

/// The parts that the integration tests and the benchmarks use, beside the command line. Not an interface for others.
#[doc(hidden)]
pub mod internals {
    pub use crate::assistant::{Evidence, PromptBuilder};
    pub use crate::generation::model::reader::Reader;
    pub use crate::generation::model::{BLOCK, Chunk, Model, load as load_decoder};
    pub use crate::kernels::activations::Activations;
    pub use crate::kernels::attention::{Attention, AttentionSpan, Partials, Plan, attend};
    pub use crate::kernels::elementwise::Norm;
    pub use crate::kernels::kv_store::Store;
    pub use crate::kernels::matmul::{Matmul, multiply};
    pub use crate::kernels::pool::Pool;
    pub use crate::kernels::qkv::{Place, Projections, QkvFinish, finish_and_store};
    pub use crate::kernels::rotary::{Angles, Pairs};
    pub use crate::kernels::simd::Level;
    pub use crate::kernels::tiles::Matrix;
    pub use crate::reviews::{ReviewId, short_title};
    pub use crate::weights::gguf::Gguf;
    pub use crate::weights::manifest::Manifest;
    pub use crate::weights::tokenizer::from_gguf;
    pub use crate::weights::verify::hash;
    pub use crate::weights::{ChatModel, chat_model};
}
