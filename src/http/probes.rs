//! The probes and metrics: is the process alive, is it ready, what is it, and how is it doing?

use std::collections::BTreeMap;

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
use crate::reviews::{self, Reading};

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
    /// What was understood of the files of reviews.
    data: DataReading,
    /// Questions that the reviews can answer; the page suggests them.
    examples: Vec<String>,
}

/// What was understood of the files of reviews. No path and no review is in it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct DataReading {
    /// The format, such as `csv` or `xlsx`; several, separated by commas, if the files differ.
    format: String,
    /// How many rows the files have.
    rows: usize,
    /// How many of them are reviews that are served.
    kept: usize,
    /// How many are not, by reason.
    dropped: BTreeMap<&'static str, usize>,
    /// The header of the column of each role, in the first file.
    columns: BTreeMap<&'static str, String>,
    /// The scale of the ratings: 5, half, 10, 100 or labels.
    scale: String,
    /// The code of the prices' currency; null if there are no prices.
    currency: Option<&'static str>,
    /// What was repaired, guessed or is doubtful, in sentences.
    warnings: Vec<String>,
}

impl DataReading {
    /// The wire form of a reading.
    fn new(reading: &Reading) -> Self {
        let dropped = reading
            .dropped
            .iter()
            .map(|(reason, rows)| (reason.as_str(), *rows));
        let columns = reading
            .columns
            .iter()
            .map(|(role, header)| (role.as_str(), header.clone()));
        Self {
            format: reading.format.clone(),
            rows: reading.rows,
            kept: reading.kept,
            dropped: dropped.collect(),
            columns: columns.collect(),
            scale: reading.scale.clone(),
            currency: reading.currency,
            warnings: reading.warnings.clone(),
        }
    }
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
            status: match context.app.failure() {
                Some(failure) => format!("{phase}: {failure}"),
                None => phase.to_string(),
            },
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
        data: DataReading::new(&info.reading),
        examples: reviews::examples(corpus),
    }))
}
