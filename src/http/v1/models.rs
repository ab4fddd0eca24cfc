//! `GET /v1/models` and `GET /v1/models/{id}`: the models and their names.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::SharedContext;
use super::super::error::ApiError;
use super::super::extract::Segment;
use super::RECOMMENDER;
use crate::app::Service;

/// All models.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct ModelList {
    object: &'static str,
    data: Vec<ServedModel>,
}

/// One model.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(in crate::http) struct ServedModel {
    id: String,
    object: &'static str,
    /// When the server started, in seconds since 1970.
    created: u64,
    owned_by: &'static str,
}

/// `GET /v1/models`.
pub(in crate::http) async fn list(State(context): State<SharedContext>) -> Result<Json<ModelList>, ApiError> {
    let service = context.service()?;
    Ok(Json(ModelList {
        object: "list",
        data: all(&service, context.started),
    }))
}

/// `GET /v1/models/{id}`.
pub(in crate::http) async fn one(
    State(context): State<SharedContext>,
    Segment(id): Segment,
) -> Result<Json<ServedModel>, ApiError> {
    let service = context.service()?;
    let model = all(&service, context.started)
        .into_iter()
        .find(|model| model.id == id);
    model.map(Json).ok_or_else(|| ApiError::unknown_model(&id))
}

fn all(service: &Service, created: u64) -> Vec<ServedModel> {
    let names = [
        &service.catalogue.info.chat_model,
        RECOMMENDER,
        &service.catalogue.info.embedding_model,
    ];
    let model = |id: &str| ServedModel {
        id: id.to_string(),
        object: "model",
        created,
        owned_by: "flipkart-recommender",
    };
    names.map(model).to_vec()
}
