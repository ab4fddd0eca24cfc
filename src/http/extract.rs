//! Extractors: bodies, query strings and paths in, typed requests or an [`ApiError`] out.
//!
//! Thin wrappers around axum's extractors, so that their errors have our shape and name the field at fault.

use std::future::Future;
use std::time::Duration;

use axum::extract::rejection::{BytesRejection, FormRejection, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::{Form, Json};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::error::ApiError;

/// How long a client may take to send a body: enough for a megabyte over a bad mobile network.
const BODY_TIME: Duration = Duration::from_secs(30);

/// A JSON body.
pub(super) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match with_timeout(Json::<T>::from_request(request, state)).await? {
            Ok(Json(body)) => Ok(JsonBody(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(ApiError::unsupported_media_type("application/json"))
            }
            Err(JsonRejection::BytesRejection(broken)) => Err(unreadable_body(broken)),
            Err(JsonRejection::JsonDataError(unfit)) => {
                Err(deserialization_error("body", &unfit.body_text()))
            }
            Err(malformed) => {
                let cause = malformed.body_text();
                Err(ApiError::invalid(format!(
                    "The body is not JSON: {}.",
                    without_prefix(&cause)
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
        match with_timeout(Form::<T>::from_request(request, state)).await? {
            Ok(Form(body)) => Ok(FormBody(body)),
            Err(FormRejection::InvalidFormContentType(_)) => Err(ApiError::unsupported_media_type(
                "application/x-www-form-urlencoded",
            )),
            Err(FormRejection::BytesRejection(broken)) => Err(unreadable_body(broken)),
            Err(unfit) => Err(deserialization_error("form", &unfit.body_text())),
        }
    }
}

/// The query string.
pub(super) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Params(params)),
            Err(unfit) => Err(deserialization_error("query string", &unfit.body_text())),
        }
    }
}

/// The path parameter, decoded.
pub(super) struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(segment)) => Ok(Segment(segment)),
            // A path parameter that is not UTF-8 names nothing here.
            Err(_) => Err(ApiError::not_found(format!(
                "There is nothing at {}.",
                parts.uri.path()
            ))),
        }
    }
}

/// The body, or a 408 if the client takes too long to send it.
async fn with_timeout<T>(reading: impl Future<Output = T>) -> Result<T, ApiError> {
    timeout(BODY_TIME, reading)
        .await
        .map_err(|_| ApiError::too_slow())
}

fn unreadable_body(broken: BytesRejection) -> ApiError {
    match broken.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
        _ => ApiError::invalid("The body ended before it was complete."),
    }
}

/// A 400 from axum's `text`: a fixed phrase, the path of the field if there is one, and serde's message, separated by
/// `: `.
fn deserialization_error(what: &str, text: &str) -> ApiError {
    let cause = without_prefix(text);
    let error = ApiError::invalid(format!("The {what} is invalid: {cause}."));
    match field_at_fault(cause) {
        Some(param) => error.at(param),
        None => error,
    }
}

fn without_prefix(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, cause)| cause)
}

/// The field that a message is about: `messages[0].role` for `messages[0].role: unknown variant …`, and `messages` for
/// `missing field `messages``.
fn field_at_fault(cause: &str) -> Option<String> {
    let is_path = |text: &str| {
        // Every message of serde has a space before its first colon; a path has none.
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
    use super::super::testing::Site;
    use super::*;
    use axum::Router;
    use axum::routing::{get, post};

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
        Site::new(router)
    }

    #[test]
    fn json_bodies_are_read_and_errors_name_the_field() {
        let site = site();
        let good = site.post(
            "/json",
            "application/json; charset=utf-8",
            r#"{"inner":{"names":["a","b"]},"count":3}"#,
        );
        assert_eq!((good.status, good.body.as_str()), (200, "a+b 3"));
        let long = "x".repeat(300);
        let json = "application/json";
        let refused = [
            (json, r#"{"inner":"#, 400, None),
            (json, r#"{"inner":{"names":[]}} x"#, 400, None),
            (json, "[1]", 400, None),
            (json, "7", 400, None),
            (json, "{}", 400, Some("inner")),
            (json, r#"{"inner":{}}"#, 400, Some("inner.names")),
            (json, r#"{"colour":1}"#, 400, Some("colour")),
            (json, r#"{"inner":{"colour":1}}"#, 400, Some("inner.colour")),
            (
                json,
                r#"{"inner":{"names":["a",2]}}"#,
                400,
                Some("inner.names[1]"),
            ),
            (json, r#"{"count":256}"#, 400, Some("count")),
            (json, &long, 413, None),
            ("text/plain", r#"{"inner":{"names":[]}}"#, 415, None),
        ];
        for (kind, body, status, param) in refused {
            let reply = site.post("/json", kind, body);
            assert_eq!(reply.status, status, "{body}: {}", reply.body);
            let error = &reply.json()["error"];
            assert_eq!(error["param"].as_str(), param, "{body}: {error}");
            assert_eq!(error["type"], "invalid_request_error", "{body}");
        }
    }

    #[test]
    fn forms_and_query_strings_have_the_same_errors() {
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
    fn path_parameters_are_decoded_and_not_found_if_not_utf8() {
        let site = site();
        assert_eq!(site.get("/segment/a%2Fb%20%C3%A9").body, "a/b é");
        let refused = site.get("/segment/%ff");
        assert_eq!(
            (refused.status, refused.json()["error"]["type"].as_str()),
            (404, Some("not_found_error"))
        );
    }
}
