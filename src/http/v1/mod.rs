//! The OpenAI-compatible endpoints, under `/v1`, and llama.cpp's two endpoints for tokens.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `request.rs` | What may a client send, what of it is ignored, and what is refused? |
//! | `backend.rs` | Which backend answers: the chat model or the assistant? |
//! | `model_backend.rs` | What does the chat model answer? |
//! | `assistant_backend.rs` | What does the assistant answer, and which reviews does it cite? |
//! | `step.rs` | Which steps does every backend's answer consist of? |
//! | `reply.rs` | How do the steps become JSON, as one object or in chunks? |
//! | `token_logprobs.rs` | How likely was each token? |
//! | `embeddings.rs`, `models.rs`, `tokenize.rs` | The other endpoints |
//!
//! Runs on the async side; computation is left to the other stages or done on tokio's blocking threads.

mod assistant_backend;
mod backend;
pub(super) mod embeddings;
mod markdown;
mod model_backend;
pub(super) mod models;
mod reply;
mod request;
mod step;
mod token_logprobs;
pub(super) mod tokenize;

use std::time::Instant;

use axum::extract::State;
use axum::http::header::WARNING;
use axum::response::Response;

use super::SharedContext;
use super::error::ApiError;
use super::extract::JsonBody;
use assistant_backend::AssistantBackend;
use backend::Backend;
use model_backend::ModelBackend;
use reply::ReplyHead;
use request::CompletionRequest;

pub(super) use reply::Completion;

/// The model name under which the assistant answers, with citations.
const RECOMMENDER: &str = "recommender";

/// `POST /v1/chat/completions`: the chat model answers to its own name, the assistant to [`RECOMMENDER`].
pub(super) async fn chat_completions(
    State(context): State<SharedContext>,
    JsonBody(request): JsonBody<CompletionRequest>,
) -> Result<Response, ApiError> {
    let arrived = Instant::now();
    request.check()?;
    let (service, mut ticket) = context.admit()?;
    let (mut warning, options) = (None, &context.options);
    let backend = if request.model == RECOMMENDER {
        warning = assistant_backend::warning(&request);
        let backend = AssistantBackend::begin(&request, options, &service, arrived).await?;
        Backend::Assistant(Box::new(backend))
    } else if request.model == service.catalogue.info.chat_model {
        let backend = ModelBackend::begin(&request, options, &service, arrived).await?;
        Backend::ChatModel(Box::new(backend))
    } else {
        return Err(ApiError::unknown_model(&request.model));
    };
    let head = ReplyHead::new(&request.model);
    let mut response = if request.streams() {
        reply::chunks(head, backend, ticket, request.wants_usage())
    } else {
        ticket.unless_cut(reply::completion(head, backend)).await?
    };
    if let Some(warning) = warning {
        response.headers_mut().insert(WARNING, warning);
    }
    Ok(response)
}
