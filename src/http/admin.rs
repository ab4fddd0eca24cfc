//! What only an operator may ask for. Served where a key is configured, and nowhere else.
//!
//! `POST /api/admin/reload` has the reviews' file read again, with `Authorization: Bearer KEY`.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header::AUTHORIZATION},
};
use serde::Serialize;

use super::{Shared, error::ApiError};
use crate::{app::NotReloaded, config::AdminKey};

/// What a reload did.
#[derive(Debug, Serialize)]
pub(super) struct Reloaded {
    changed: bool,
    reviews: usize,
    products: usize,
    passages: usize,
    embedded: usize,
    seconds: f64,
}

/// `POST /api/admin/reload`: answers when what the file holds is being served, or says why it is not.
pub(super) async fn reload(
    State(context): State<Shared>,
    headers: HeaderMap,
) -> Result<Json<Reloaded>, ApiError> {
    let key = context.options.admin_key.as_ref();
    if !key.is_some_and(|key| bears(&headers, key)) {
        return Err(ApiError::unauthorized());
    }
    let app = context.app.clone();
    // Minutes where there is much to embed; it goes on when the client leaves.
    let done = tokio::task::spawn_blocking(move || app.reload()).await;
    let done = done.map_err(|_| ApiError::internal())??;
    Ok(Json(Reloaded {
        changed: done.changed,
        reviews: done.reviews,
        products: done.products,
        passages: done.passages,
        embedded: done.embedded,
        seconds: done.seconds,
    }))
}

/// Whether a request comes with the key.
fn bears(headers: &HeaderMap, key: &AdminKey) -> bool {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credentials = value.and_then(|value| value.split_once(' '));
    credentials
        .is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && key.is_of(token.trim()))
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_key_itself_opens() {
        // SHA-256 of "abc", FIPS 180-2, appendix B.1.
        let key = AdminKey::parse("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n")
            .expect("a digest");
        for (value, opens) in [
            ("Bearer abc", true),
            ("bearer  abc", true),
            ("Bearer abcd", false),
            ("Bearer ", false),
            ("Basic abc", false),
            ("abc", false),
            (
                "Bearer ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
            assert_eq!(bears(&headers, &key), opens, "{value}");
        }
        assert!(!bears(&HeaderMap::new(), &key));
    }
}
