//! The one JSON shape of every error: `{"error":{"message","type","param","code"}}`, always with all four keys.
//!
//! Errors of the stages become statuses here and nowhere else. The cause of an internal error is logged where it
//! happened and never sent.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::JoinError;

use crate::app::NotReloaded;
use crate::assistant::AskError;
use crate::completion::CompletionError;
use crate::embedding::EmbeddingError;
use crate::generation::{Overloaded, SubmitError};
use crate::retrieval::RETRY_SECONDS;

/// An error, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    status: StatusCode,
    message: String,
    param: Option<String>,
    code: Option<&'static str>,
    retry_after_seconds: Option<u64>,
}

/// The JSON of an [`ApiError`].
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Refusal")]
pub(super) struct ErrorBody {
    error: ErrorFields,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct ErrorFields {
    message: String,
    #[serde(rename = "type")]
    #[schemars(extend("enum" = [
        "authentication_error", "permission_error", "not_found_error", "rate_limit_error", "unavailable_error",
        "server_error", "invalid_request_error",
    ]))]
    kind: &'static str,
    param: Option<String>,
    code: Option<&'static str>,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>) -> ApiError {
        ApiError {
            status,
            message: message.into(),
            param: None,
            code: None,
            retry_after_seconds: None,
        }
    }

    /// 400: the request cannot be understood, or a value is out of range.
    pub fn invalid(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, message)
    }

    /// 400, with a stage's message about the request.
    fn refused(why: impl AsRef<str>) -> ApiError {
        ApiError::invalid(sentence(why.as_ref()))
    }

    /// 400: the text has more tokens than the model can read.
    pub fn context_length(message: impl Into<String>, param: &str) -> ApiError {
        ApiError {
            code: Some("context_length_exceeded"),
            ..ApiError::invalid(message).at(param)
        }
    }

    /// 404: no model has this name.
    pub fn unknown_model(name: &str) -> ApiError {
        ApiError {
            code: Some("model_not_found"),
            ..ApiError::not_found(format!("There is no model {name:?}; GET /v1/models lists them."))
        }
        .at("model")
    }

    /// Names the field at fault, for example `filters.product_ids`.
    pub fn at(self, param: impl Into<String>) -> ApiError {
        ApiError {
            param: Some(param.into()),
            ..self
        }
    }

    /// 401: the request has no key.
    pub fn missing_key() -> ApiError {
        ApiError {
            code: Some("missing_api_key"),
            ..ApiError::new(
                StatusCode::UNAUTHORIZED,
                "This needs a key; send it as Authorization: Bearer KEY.",
            )
        }
    }

    /// 401: the key is not configured.
    pub fn invalid_key() -> ApiError {
        ApiError {
            code: Some("invalid_api_key"),
            ..ApiError::new(
                StatusCode::UNAUTHORIZED,
                "This server does not know this key; ask its operator for one.",
            )
        }
    }

    /// 403: the request is not allowed.
    pub fn forbidden(message: impl Into<String>, code: &'static str) -> ApiError {
        ApiError {
            code: Some(code),
            ..ApiError::new(StatusCode::FORBIDDEN, message)
        }
    }

    /// 408: the body did not arrive in time.
    pub fn too_slow() -> ApiError {
        ApiError {
            code: Some("request_timeout"),
            ..ApiError::new(
                StatusCode::REQUEST_TIMEOUT,
                "The request's body did not arrive in time; send it without pauses.",
            )
        }
    }

    /// 429: one client sent too many requests.
    pub fn too_often(retry_after_seconds: u64) -> ApiError {
        let seconds = retry_after_seconds.max(1);
        ApiError {
            code: Some("rate_limited"),
            retry_after_seconds: Some(seconds),
            ..ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!("Too many requests; try again in {seconds} seconds."),
            )
        }
    }

    /// 409: the same work is already running.
    pub fn conflict(why: impl AsRef<str>) -> ApiError {
        ApiError::new(StatusCode::CONFLICT, sentence(why.as_ref()))
    }

    /// 400: the file of reviews cannot be used; the previous reviews are still served.
    pub fn unusable_data(why: impl AsRef<str>) -> ApiError {
        ApiError {
            code: Some("unusable_data"),
            ..ApiError::new(StatusCode::BAD_REQUEST, sentence(why.as_ref()))
        }
    }

    /// 404: the requested resource does not exist.
    pub fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, message)
    }

    /// 405: the path does not support the method.
    pub fn method_not_allowed(message: impl Into<String>) -> ApiError {
        ApiError {
            code: Some("method_not_allowed"),
            ..ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message)
        }
    }

    /// 413: the body is too large.
    pub fn too_large() -> ApiError {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The request's body is larger than this server accepts.",
        )
    }

    /// 415: the body has another content type.
    pub fn unsupported_media_type(wanted: &str) -> ApiError {
        ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Send the body as {wanted} and say so in the Content-Type header."),
        )
    }

    /// 500: the cause has been logged.
    pub fn internal() -> ApiError {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The server failed; its log says why.",
        )
    }

    /// 503: the server is still loading, or is stopping.
    pub fn not_ready(phase: impl std::fmt::Display) -> ApiError {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("The server is not ready: {phase}. GET /readyz answers 200 once it is."),
        )
    }

    /// 503: the answer was cut because the server is stopping.
    pub fn stopping() -> ApiError {
        ApiError {
            code: Some("shutting_down"),
            ..ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The server is stopping. Try again in a moment.",
            )
        }
    }

    /// Only the JSON, for an error after the status has been sent.
    pub fn into_body(self) -> ErrorBody {
        let kind = match self.status {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::NOT_FOUND => "not_found_error",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        ErrorBody {
            error: ErrorFields {
                message: self.message,
                kind,
                param: self.param,
                code: self.code,
            },
        }
    }
}

impl From<Overloaded> for ApiError {
    fn from(busy: Overloaded) -> ApiError {
        ApiError {
            code: Some("overloaded"),
            retry_after_seconds: Some(busy.retry_after_seconds.max(1)),
            ..ApiError::new(StatusCode::TOO_MANY_REQUESTS, sentence(&busy.to_string()))
        }
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> ApiError {
        match error {
            AskError::Overloaded(busy) => busy.into(),
            AskError::Invalid(why) => ApiError::refused(why).at("messages"),
            AskError::Internal => ApiError::internal(),
        }
    }
}

impl From<SubmitError> for ApiError {
    fn from(refused: SubmitError) -> ApiError {
        match refused {
            SubmitError::Overloaded(busy) => busy.into(),
            SubmitError::TooLong(long) => ApiError::context_length(sentence(&long.to_string()), "messages"),
        }
    }
}

impl From<EmbeddingError> for ApiError {
    fn from(error: EmbeddingError) -> ApiError {
        match error {
            EmbeddingError::Overloaded => ApiError::from(Overloaded {
                retry_after_seconds: RETRY_SECONDS,
            }),
            error => {
                tracing::error!(%error, "Texts could not be embedded; the request was refused with an internal error.");
                ApiError::internal()
            }
        }
    }
}

impl From<CompletionError> for ApiError {
    fn from(error: CompletionError) -> ApiError {
        let why = error.to_string();
        match error {
            CompletionError::SubmitError(refused) => refused.into(),
            CompletionError::Sampling(setting) => ApiError::refused(why).at(setting.field()),
            CompletionError::Conversation(_) => ApiError::refused(why).at("messages"),
            CompletionError::Schema(_) | CompletionError::TokenTrie(_) => {
                ApiError::refused(why).at("response_format")
            }
            CompletionError::Internal(_) => {
                tracing::error!(error = why, "A request was refused with an internal error.");
                ApiError::internal()
            }
        }
    }
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

/// A task on a blocking thread that panicked: the panic has been logged.
impl From<JoinError> for ApiError {
    fn from(_: JoinError) -> ApiError {
        ApiError::internal()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after_seconds);
        let mut response = (status, Json(self.into_body())).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// A sentence for people: errors in Rust begin with a small letter and have no full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{capital}{}{stop}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_their_status_type_field_and_code() {
        let busy = Overloaded {
            retry_after_seconds: 7,
        };
        let invalid = AskError::Invalid("too long".into());
        let unusable = ApiError::unusable_data("x");
        for (error, status, fields) in [
            (ApiError::invalid("x").at("n"), 400, "invalid_request_error n"),
            (invalid.into(), 400, "invalid_request_error messages"),
            (unusable, 400, "invalid_request_error unusable_data"),
            (
                ApiError::missing_key(),
                401,
                "authentication_error missing_api_key",
            ),
            (ApiError::forbidden("x", "y"), 403, "permission_error y"),
            (ApiError::not_found("x"), 404, "not_found_error"),
            (
                ApiError::method_not_allowed("x"),
                405,
                "invalid_request_error method_not_allowed",
            ),
            (ApiError::conflict("x"), 409, "invalid_request_error"),
            (ApiError::too_large(), 413, "invalid_request_error"),
            (
                ApiError::unsupported_media_type("x"),
                415,
                "invalid_request_error",
            ),
            (ApiError::too_often(0), 429, "rate_limit_error rate_limited"),
            (AskError::from(busy).into(), 429, "rate_limit_error overloaded"),
            (
                EmbeddingError::Overloaded.into(),
                429,
                "rate_limit_error overloaded",
            ),
            (AskError::Internal.into(), 500, "server_error"),
            (EmbeddingError::Stopped.into(), 500, "server_error"),
            (ApiError::not_ready("loading"), 503, "unavailable_error"),
            (ApiError::stopping(), 503, "unavailable_error shutting_down"),
        ] {
            let shown = format!("{error:?}");
            assert_eq!(error.clone().into_response().status(), status, "{shown}");
            let body = serde_json::to_value(error.into_body()).expect("a body serialises");
            assert_eq!(
                body["error"].as_object().map(|error| error.len()),
                Some(4),
                "{shown}"
            );
            let present = ["type", "param", "code"].map(|field| body["error"][field].as_str());
            let present: Vec<&str> = present.into_iter().flatten().collect();
            assert_eq!(present.join(" "), fields, "{shown}");
        }
    }

    #[test]
    fn a_busy_server_says_when_to_retry() {
        for (seconds, header) in [(7, "7"), (0, "1")] {
            let busy = ApiError::from(Overloaded {
                retry_after_seconds: seconds,
            });
            assert_eq!(busy.into_response().headers()[RETRY_AFTER], header);
        }
    }

    #[test]
    fn sentences_begin_with_a_capital_and_end_with_a_full_stop() {
        for (text, expected) in [
            ("the model is busy", "The model is busy."),
            ("Really?", "Really?"),
            ("", "."),
        ] {
            assert_eq!(sentence(text), expected);
        }
    }
}
