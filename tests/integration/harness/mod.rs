//! What the tests share: servers, an HTTP client, models and a small shop.

pub mod client;
pub mod metrics_text;
pub mod model_files;
pub mod program;
pub mod server;
pub mod shop;
pub mod sse;
pub mod wait;

pub use server::{Server, Setup, shared};

/// Whether a last event is one of a question that was answered: by the model, or by quotes where nothing that a model
/// of this size says has stood the check.
pub fn is_answer(last: &serde_json::Value) -> bool {
    matches!(last["outcome"].as_str(), Some("answered" | "extractive"))
}
