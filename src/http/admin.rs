//! The endpoints for operators. They are served only if an operator's key is configured, and `guard` requires it.
//!
//! `POST /api/admin/reload` reads the file of reviews again.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::SharedContext;
use super::error::ApiError;

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

/// `POST /api/admin/reload`: answers when the file's content is served, or says why it is not.
pub(super) async fn reload(State(context): State<SharedContext>) -> Result<Json<ReloadReply>, ApiError> {
    let app = context.app.clone();
    // Takes minutes if there is much to embed; it continues if the client leaves.
    let done = spawn_blocking(move || app.reload()).await??;
    Ok(Json(ReloadReply {
        changed: done.changed,
        reviews: done.reviews,
        products: done.products,
        passages: done.passages,
        embedded: done.embedded,
        seconds: done.seconds,
    }))
}
