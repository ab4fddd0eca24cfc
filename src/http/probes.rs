//! The probes and metrics: is the process alive, is it ready, what is it, and how is it doing?

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::SharedContext;
use super::error::ApiError;
use crate::app::Phase;
use crate::reviews;

/// The body of the three probes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    status: String,
}

/// The versions, models and data of this server.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ServerInfo {
    version: &'static str,
    build: Build,
    chat_model: String,
    /// The SHA-256 of its file; null if it is not one of the default models.
    chat_model_sha256: Option<String>,
    embedding_model: String,
    /// The SHA-256 of its weights.
    embedding_model_sha256: Option<String>,
    #[schemars(extend("enum" = ["cpu", "cuda"]))]
    device: &'static str,
    threads: usize,
    products: usize,
    reviews: usize,
    passages: usize,
    index_fingerprint: String,
    /// Questions that the reviews can answer; the page suggests them.
    examples: Vec<String>,
}

/// What the program was built from.
#[derive(Debug, Serialize, JsonSchema)]
struct Build {
    /// The revision of the source, if the build had it in GIT_SHA.
    revision: Option<&'static str>,
    /// The number of crates in it; null if cargo could not say.
    crates: Option<usize>,
    /// The crates that could open a connection, by the list in deny.toml. It must be empty.
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

/// `GET /livez`, and `GET /health` as in the predecessor system: the process is running. Depends on no other part.
pub(super) async fn livez() -> Json<Status> {
    Json(Status {
        status: "ok".to_string(),
    })
}

/// `GET /readyz`: 200 if the server is ready for questions, else 503; the body has the phase.
pub(super) async fn readyz(State(context): State<SharedContext>) -> (StatusCode, Json<Status>) {
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
pub(super) async fn metrics(State(context): State<SharedContext>) -> Response {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        context.exposition.render(),
    )
        .into_response()
}

/// `GET /info`.
pub(super) async fn info(State(context): State<SharedContext>) -> Result<Json<ServerInfo>, ApiError> {
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
