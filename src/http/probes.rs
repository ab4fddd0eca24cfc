//! What machines ask: is it alive, is it ready, what is it, how is it doing.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Shared, error::ApiError};
use crate::app::Phase;
use crate::reviews;

/// The body of the three probes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    status: String,
}

/// What is being served.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Info {
    version: &'static str,
    chat_model: String,
    embedding_model: String,
    device: &'static str,
    threads: usize,
    products: usize,
    reviews: usize,
    passages: usize,
    index_fingerprint: String,
    /// Questions that the reviews can answer, for the page to suggest.
    examples: Vec<String>,
}

/// `GET /health`, as the system this one took over from has it.
pub(super) async fn health() -> Json<Status> {
    livez().await
}

/// `GET /livez`: the process runs. Asks nothing of any other part.
pub(super) async fn livez() -> Json<Status> {
    Json(Status {
        status: "ok".to_string(),
    })
}

/// `GET /readyz`: 200 when a question would be answered, else 503; the phase in both.
pub(super) async fn readyz(State(context): State<Shared>) -> (StatusCode, Json<Status>) {
    let phase = context.app.phase();
    let code = match phase {
        Phase::Ready => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (
        code,
        Json(Status {
            status: phase.to_string(),
        }),
    )
}

/// `GET /metrics`, for Prometheus.
pub(super) async fn metrics(State(context): State<Shared>) -> Response {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        context.exposition.render(),
    )
        .into_response()
}

/// `GET /info`.
pub(super) async fn info(State(context): State<Shared>) -> Result<Json<Info>, ApiError> {
    let shop = context.shop()?;
    let (info, corpus) = (&shop.info, &shop.corpus);
    Ok(Json(Info {
        version: info.version,
        chat_model: info.chat_model.clone(),
        embedding_model: info.embedding_model.clone(),
        device: info.device,
        threads: info.threads,
        products: corpus.products.len(),
        reviews: corpus.reviews.len(),
        passages: info.passages,
        index_fingerprint: info.index_fingerprint.clone(),
        examples: reviews::examples(corpus),
    }))
}
