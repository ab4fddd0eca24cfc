//! What the tests share: servers, an HTTP client, models and a small shop.

pub mod client;
pub mod metrics;
pub mod models;
pub mod program;
pub mod server;
pub mod shop;
pub mod sse;
pub mod wait;

pub use server::{Server, Setup, shared};
