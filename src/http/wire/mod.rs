//! The JSON shapes, and the checks of requests, that more than one endpoint needs. Pure.
//!
//! Endpoints import them from here and never from one another. A shape that only one endpoint needs is in its file.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `conversation_checks.rs` | Can this conversation or question be answered? |
//! | `filters.rs` | Which products and reviews may an answer use? |
//! | `quote.rs` | What does a review say, word for word? |
//! | `proportion.rs` | How many of how many, and how sure is that? |
//! | `aspect.rs` | What do a product's reviews say about one aspect? |
//! | `product.rs` | What is known about a product? |
//! | `recommendation.rs` | Why is a product recommended? |
//! | `token_usage.rs` | How many tokens and how much time did the model need? |
//! | `chat_event.rs`, `trace.rs` | What happens while a question is answered? |

mod aspect;
mod chat_event;
mod conversation_checks;
mod filters;
mod product;
mod proportion;
mod quote;
mod recommendation;
mod token_usage;
mod trace;

pub(super) use aspect::{AspectFacts, ReviewSource};
pub(super) use chat_event::ChatEvent;
pub(super) use conversation_checks::{check_question, checked_turns};
pub(super) use filters::SearchFilters;
pub(super) use product::{ProductFacts, ShrunkRating, find_product};
pub(super) use quote::{EvidenceQuote, ReviewQuote};
pub(super) use recommendation::{Recommendation, recommendations};
pub(super) use token_usage::{ModelTimings, TokenCounts};
