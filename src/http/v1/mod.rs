//! The OpenAI-compatible endpoints, under `/v1`, and llama.cpp's two for tokens.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `request.rs` | What may a client send, what of it is ignored, and what is refused? |
//! | `model_backend.rs` | What does the chat model itself say? |
//! | `assistant_backend.rs` | What does the assistant say, and which reviews does it cite? |
//! | `step.rs` | What do both have in common while they speak? |
//! | `reply.rs` | How does that look as JSON, in one piece or in chunks? |
//! | `token_logprobs.rs` | How likely was each token? |
//! | `embeddings.rs`, `models.rs`, `tokenize.rs` | The other endpoints |
//!
//! Runs on the async side; what computes is asked of the stages above or done on tokio's blocking threads.

pub(super) mod model_backend;
mod step;
pub(super) mod embeddings;
mod assistant_backend;
mod token_logprobs;
pub(super) mod models;
mod reply;
mod request;
pub(super) mod tokenize;

use std::time::Instant;

use axum::{extract::State, response::Response};

use super::{Shared, error::ApiError, extract::JsonBody};
pub(super) use reply::{Completion, now};
use request::ChatRequest;

/// The model name under which the assistant answers, with citations.
const RECOMMENDER: &str = "recommender";

/// `POST /v1/chat/completions`: the chat model by its own name, the assistant as [`RECOMMENDER`].
pub(super) async fn chat_completions(
    State(context): State<Shared>,
    JsonBody(request): JsonBody<ChatRequest>,
) -> Result<Response, ApiError> {
    let arrived = Instant::now();
    request.check()?;
    let (service, ticket) = context.admit()?;
    let (head, backend, warning) = if request.model == RECOMMENDER {
        let (backend, warning) =
            assistant_backend::begin(&request, &context.options, &service, arrived).await?;
        (reply::ReplyHead::new(RECOMMENDER), backend, warning)
    } else if request.model == service.catalogue.info.chat_model {
        let head = reply::ReplyHead::new(&service.catalogue.info.chat_model);
        let backend = model_backend::begin(&request, &context.options, &service, arrived).await?;
        (head, backend, None)
    } else {
        return Err(models::unknown(&request.model));
    };
    let mut response = if request.streams() {
        reply::streamed(head, backend, ticket, request.wants_usage())
    } else {
        tokio::select! {
            reply = reply::whole(head, backend) => reply?,
            () = ticket.cut() => return Err(ApiError::stopping()),
        }
    };
    if let Some(warning) = warning {
        response
            .headers_mut()
            .insert(axum::http::header::WARNING, warning);
    }
    Ok(response)
}
