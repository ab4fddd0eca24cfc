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
#![deny(missing_docs)]
#![deny(clippy::undocumented_unsafe_blocks)]

/// The source's commit, where the builder said it in GIT_SHA.
pub const COMMIT: Option<&str> = option_env!("BUILD_COMMIT");

pub mod metrics;
pub mod logging;
pub mod digest;
pub mod reviews;
pub mod weights;
pub mod kernels;
pub mod embedding;
pub mod index;
pub mod aspects;
pub mod evaluation;
pub mod retrieval;
pub mod generation;
pub mod assistant;
pub mod completion;
pub mod cli;
pub mod config;
pub mod app;
pub mod http;
pub mod commands;
