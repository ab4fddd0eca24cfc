//! Bodies and query strings in, typed requests or an [`ApiError`] out.
//!
//! Thin wrappers around axum's extractors, so that what they refuse has our error shape and names the field at fault.

use std::{future::Future, time::Duration};

use axum::{
    Form, Json,
    extract::{
        FromRequest, FromRequestParts, Path, Query, Request,
        rejection::{BytesRejection, FormRejection, JsonRejection},
    },
    http::{StatusCode, request::Parts},
    response::IntoResponse,
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::error::ApiError;

/// How long a client may take to send a body: a megabyte over a bad mobile network.
const BODY_TIME: Duration = Duration::from_secs(30);

/// A JSON body.
pub(super) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match in_time(Json::<T>::from_request(request, state)).await? {
            Ok(Json(body)) => Ok(JsonBody(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(ApiError::unsupported_media_type("application/json"))
            }
            Err(JsonRejection::BytesRejection(broken)) => Err(unreadable(broken)),
            Err(JsonRejection::JsonDataError(unfit)) => Err(misfit("body", &unfit.body_text())),
            Err(malformed) => {
                let cause = malformed.body_text();
                Err(ApiError::invalid(format!(
                    "The body is not JSON: {}.",
                    after_prefix(&cause)
                )))
            }
        }
    }
}

/// An `application/x-www-form-urlencoded` body.
pub(super) struct FormBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for FormBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match in_time(Form::<T>::from_request(request, state)).await? {
            Ok(Form(body)) => Ok(FormBody(body)),
            Err(FormRejection::InvalidFormContentType(_)) => Err(ApiError::unsupported_media_type(
                "application/x-www-form-urlencoded",
            )),
            Err(FormRejection::BytesRejection(broken)) => Err(unreadable(broken)),
            Err(unfit) => Err(misfit("form", &unfit.body_text())),
        }
    }
}

/// The part of the address after `?`.
pub(super) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Params(params)),
            Err(unfit) => Err(misfit("query string", &unfit.body_text())),
        }
    }
}

/// The part of the address that a route's `{…}` stands for, decoded.
pub(super) struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(segment)) => Ok(Segment(segment)),
            // Bytes that are not UTF-8 name nothing of ours.
            Err(_) => Err(ApiError::not_found(format!(
                "There is nothing at {}.",
                parts.uri.path()
            ))),
        }
    }
}

/// A body, unless its client takes too long to send it.
async fn in_time<T>(reading: impl Future<Output = T>) -> Result<T, ApiError> {
    timeout(BODY_TIME, reading)
        .await
        .map_err(|_| ApiError::too_slow())
}

fn unreadable(broken: BytesRejection) -> ApiError {
    match broken.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
        _ => ApiError::invalid("The body broke off before it was complete."),
    }
}

/// `text` is axum's: a fixed phrase, then the path of the field where there is one, then serde's message, with `: `
/// between them.
fn misfit(what: &str, text: &str) -> ApiError {
    let cause = after_prefix(text);
    let error = ApiError::invalid(format!("The {what} does not fit: {cause}."));
    match field_at_fault(cause) {
        Some(param) => error.at(param),
        None => error,
    }
}

fn after_prefix(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, cause)| cause)
}

/// `messages[0].role: unknown variant …` is about `messages[0].role`; `missing field `messages`` about `messages`.
fn field_at_fault(cause: &str) -> Option<String> {
    let is_path = |text: &str| {
        // Every message of serde's has a space before its first colon; a path has none.
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.[]".contains(&byte))
    };
    let (path, message) = match cause.split_once(": ") {
        Some((path, message)) if is_path(path) => (Some(path), message),
        _ => (None, cause),
    };
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|opening| {
            let (name, _) = message.strip_prefix(opening)?.split_once('`')?;
            is_path(name).then_some(name)
        });
    match (path, named) {
        // The path of an unknown field ends in its name already.
        (Some(path), Some(name)) if path == name || path.ends_with(&format!(".{name}")) => {
            Some(path.to_string())
        }
        (Some(path), Some(name)) => Some(format!("{path}.{name}")),
        (path, name) => path.or(name).map(str::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{framed, testing::Site};
    use super::*;
    use axum::{
        Router,
        routing::{get, post},
    };

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        inner: Inner,
        #[serde(default)]
        count: u8,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        names: Vec<String>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Flat {
        count: u8,
    }

    fn site() -> Site {
        let router = Router::new()
            .route(
                "/json",
                post(async |JsonBody(order): JsonBody<Order>| {
                    format!("{} {}", order.inner.names.join("+"), order.count)
                }),
            )
            .route(
                "/form",
                post(async |FormBody(flat): FormBody<Flat>| flat.count.to_string()),
            )
            .route("/segment/{name}", get(async |Segment(name): Segment| name))
            .route(
                "/query",
                get(async |Params(flat): Params<Flat>| flat.count.to_string()),
            );
        Site::of(framed(router, 200))
    }

    #[test]
    fn json_bodies_are_taken_or_refused_by_name() {
        let site = site();
        let good = site.post(
            "/json",
            "application/json; charset=utf-8",
            r#"{"inner":{"names":["a","b"]},"count":3}"#,
        );
        assert_eq!((good.status, good.body.as_str()), (200, "a+b 3"));
        let long = "x".repeat(300);
        let table = [
            ("application/json", r#"{"inner":"#, 400, None),
            ("application/json", r#"{"inner":{"names":[]}} x"#, 400, None),
            ("application/json", "[1]", 400, None),
            ("application/json", "7", 400, None),
            ("application/json", "{}", 400, Some("inner")),
            ("application/json", r#"{"inner":{}}"#, 400, Some("inner.names")),
            (
                "application/json",
                r#"{"inner":{"names":[]},"colour":1}"#,
                400,
                Some("colour"),
            ),
            (
                "application/json",
                r#"{"inner":{"names":[],"colour":1}}"#,
                400,
                Some("inner.colour"),
            ),
            (
                "application/json",
                r#"{"inner":{"names":["a",2]}}"#,
                400,
                Some("inner.names[1]"),
            ),
            (
                "application/json",
                r#"{"inner":{"names":[]},"count":256}"#,
                400,
                Some("count"),
            ),
            ("application/json", &long, 413, None),
            ("text/plain", r#"{"inner":{"names":[]}}"#, 415, None),
        ];
        for (kind, body, status, param) in table {
            let reply = site.post("/json", kind, body);
            assert_eq!(reply.status, status, "{body}: {}", reply.body);
            assert_eq!(
                reply.json()["error"]["param"].as_str(),
                param,
                "{body}: {}",
                reply.body
            );
            assert_eq!(reply.json()["error"]["type"], "invalid_request_error", "{body}");
        }
    }

    #[test]
    fn forms_and_query_strings_are_refused_in_the_same_shape() {
        let site = site();
        let form = "application/x-www-form-urlencoded";
        assert_eq!(site.post("/form", form, "count=4").body, "4");
        assert_eq!(site.get("/query?count=5").body, "5");
        let refused = [
            (site.post("/form", form, "count=many"), 400, Some("count")),
            (site.post("/form", form, "colour=red"), 400, Some("colour")),
            (site.post("/form", "text/plain", "count=4"), 415, None),
            (site.post("/form", form, &"x".repeat(300)), 413, None),
            (site.get("/query"), 400, Some("count")),
            (site.get("/query?count=-1"), 400, Some("count")),
        ];
        for (reply, status, param) in refused {
            assert_eq!(reply.status, status, "{}", reply.body);
            assert_eq!(reply.json()["error"]["param"].as_str(), param, "{}", reply.body);
        }
    }

    #[test]
    fn segments_are_decoded_and_bytes_that_are_not_utf8_name_nothing() {
        let site = site();
        assert_eq!(site.get("/segment/a%2Fb%20%C3%A9").body, "a/b é");
        let refused = site.get("/segment/%ff");
        assert_eq!(
            (refused.status, refused.json()["error"]["type"].as_str()),
            (404, Some("not_found_error"))
        );
    }
}
