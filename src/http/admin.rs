//! What only an operator may ask for. Served where an operator's key is configured, and nowhere else; `guard` lets
//! nobody else through.
//!
//! `POST /api/admin/reload` has the reviews' file read again, with `Authorization: Bearer KEY`.

use axum::{Json, extract::State};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Shared, error::ApiError};
use crate::app::NotReloaded;

/// What a reload did.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReloadReply {
    changed: bool,
    reviews: usize,
    products: usize,
    passages: usize,
    embedded: usize,
    seconds: f64,
}

/// `POST /api/admin/reload`: answers when what the file holds is being served, or says why it is not.
pub(super) async fn reload(State(context): State<Shared>) -> Result<Json<ReloadReply>, ApiError> {
    let app = context.app.clone();
    // Minutes where there is much to embed; it goes on when the client leaves.
    let done = tokio::task::spawn_blocking(move || app.reload()).await;
    let done = done.map_err(|_| ApiError::internal())??;
    Ok(Json(ReloadReply {
        changed: done.changed,
        reviews: done.reviews,
        products: done.products,
        passages: done.passages,
        embedded: done.embedded,
        seconds: done.seconds,
    }))
}

impl From<NotReloaded> for ApiError {
    fn from(error: NotReloaded) -> ApiError {
        match error {
            NotReloaded::NotReady(phase) => ApiError::not_ready(phase),
            NotReloaded::Busy => ApiError::conflict(error.to_string()),
            NotReloaded::Unusable(why) => ApiError::unusable_data(format!("{why:#}")),
        }
    }
}
