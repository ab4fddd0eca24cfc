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
pub(super) struct ServerInfo {
    version: &'static str,
    build: Build,
    chat_model: String,
    /// Of its file; null for a model of your own.
    chat_model_sha256: Option<String>,
    embedding_model: String,
    /// Of its weights.
    embedding_model_sha256: Option<String>,
    #[schemars(extend("enum" = ["cpu", "cuda"]))]
    device: &'static str,
    threads: usize,
    products: usize,
    reviews: usize,
    passages: usize,
    index_fingerprint: String,
    /// Questions that the reviews can answer, for the page to suggest.
    examples: Vec<String>,
}

/// What the program was built from.
#[derive(Debug, Serialize, JsonSchema)]
struct Build {
    /// Of the source, where the builder said it in GIT_SHA.
    revision: Option<&'static str>,
    /// Crates in it; null where cargo could not tell.
    crates: Option<usize>,
    /// Those of them that could open a connection, by the list in deny.toml: none, or something is wrong.
    clients: Option<Vec<&'static str>>,
}

impl Build {
    fn this() -> Self {
        Self {
            revision: crate::COMMIT,
            crates: option_env!("BUILD_CRATES").and_then(|crates| crates.parse().ok()),
            clients: option_env!("BUILD_CLIENTS").map(|clients| clients.split_whitespace().collect()),
        }
    }
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
pub(super) async fn info(State(context): State<Shared>) -> Result<Json<ServerInfo>, ApiError> {
    let catalogue = context.catalogue()?;
    let (info, corpus) = (&catalogue.info, &catalogue.corpus);
    Ok(Json(ServerInfo {
        version: info.version,
        build: Build::this(),
        chat_model: info.chat_model.clone(),
        chat_model_sha256: info.chat_model_sha256.clone(),
        embedding_model: info.embedding_model.clone(),
        embedding_model_sha256: info.embedding_model_sha256.clone(),
        device: info.device,
        threads: info.threads,
        products: corpus.products.len(),
        reviews: corpus.reviews.len(),
        passages: info.passages,
        index_fingerprint: info.index_fingerprint.clone(),
        examples: reviews::examples(corpus),
    }))
}
