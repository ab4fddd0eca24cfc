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

use crate::app::{NotReloaded, Phase};
use crate::assistant::AskError;
use crate::completion::CompletionError;
use crate::embedding::EmbeddingError;
use crate::generation::{Overloaded, SubmitError};
use crate::retrieval::RETRY_SECONDS;

/// An error, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    status: StatusCode,
    retry_after_seconds: Option<u64>,
    fields: ErrorFields,
}

/// The JSON of an [`ApiError`].
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
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
        let kind = match status {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::NOT_FOUND => "not_found_error",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        ApiError {
            status,
            retry_after_seconds: None,
            fields: ErrorFields {
                message: message.into(),
                kind,
                param: None,
                code: None,
            },
        }
    }

    /// Names the field at fault, for example `filters.product_ids`.
    pub(super) fn at(mut self, param: impl Into<String>) -> ApiError {
        self.fields.param = Some(param.into());
        self
    }

    fn code(mut self, code: &'static str) -> ApiError {
        self.fields.code = Some(code);
        self
    }

    /// Sets the `Retry-After` header, to at least one second.
    fn retry_after(mut self, seconds: u64) -> ApiError {
        self.retry_after_seconds = Some(seconds.max(1));
        self
    }

    /// 400: the request cannot be understood, or a value is out of range.
    pub(super) fn invalid(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, message)
    }

    /// 400, with a stage's message about the request.
    fn refused(why: impl AsRef<str>) -> ApiError {
        ApiError::invalid(sentence(why.as_ref()))
    }

    /// 400: the text has more tokens than the model can read.
    pub(super) fn context_length(message: impl Into<String>, param: &str) -> ApiError {
        ApiError::invalid(message)
            .at(param)
            .code("context_length_exceeded")
    }

    /// 401: the request has no key.
    pub(super) fn missing_key() -> ApiError {
        let message = "This needs a key; send it as Authorization: Bearer KEY.";
        ApiError::new(StatusCode::UNAUTHORIZED, message).code("missing_api_key")
    }

    /// 401: the key is not configured.
    pub(super) fn invalid_key() -> ApiError {
        let message = "This server does not know this key; ask its operator for one.";
        ApiError::new(StatusCode::UNAUTHORIZED, message).code("invalid_api_key")
    }

    /// 403: the request is not allowed.
    pub(super) fn forbidden(message: impl Into<String>, code: &'static str) -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, message).code(code)
    }

    /// 404: the requested resource does not exist.
    pub(super) fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, message)
    }

    /// 404: no model has this name.
    pub(super) fn unknown_model(name: &str) -> ApiError {
        let message = format!("There is no model {name:?}; GET /v1/models lists them.");
        ApiError::not_found(message).at("model").code("model_not_found")
    }

    /// 405: the path does not support the method.
    pub(super) fn method_not_allowed(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message).code("method_not_allowed")
    }

    /// 408: the body did not arrive in time.
    pub(super) fn too_slow() -> ApiError {
        let message = "The request's body did not arrive in time; send it without pauses.";
        ApiError::new(StatusCode::REQUEST_TIMEOUT, message).code("request_timeout")
    }

    /// 413: the body is too large.
    pub(super) fn too_large() -> ApiError {
        let message = "The request's body is larger than this server accepts.";
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// 415: the body has another content type.
    pub(super) fn unsupported_media_type(wanted: &str) -> ApiError {
        let message = format!("Send the body as {wanted} and say so in the Content-Type header.");
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    }

    /// 429: one client sent too many requests.
    pub(super) fn too_many_requests(seconds: u64) -> ApiError {
        let seconds = seconds.max(1);
        let message = format!("Too many requests; try again in {seconds} seconds.");
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, message)
            .code("rate_limited")
            .retry_after(seconds)
    }

    /// 500: the cause has been logged.
    pub(super) fn internal() -> ApiError {
        let message = "The server failed; its log says why.";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// 503: the server is still loading, or is stopping.
    pub(super) fn not_ready(phase: Phase) -> ApiError {
        let message = format!("The server is not ready: {phase}. GET /readyz answers 200 once it is.");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// 503: the answer was cut because the server is stopping.
    pub(super) fn stopping() -> ApiError {
        let message = "The server is stopping. Try again in a moment.";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).code("shutting_down")
    }

    /// Only the JSON, for an error after the status has been sent.
    pub(super) fn into_body(self) -> ErrorBody {
        ErrorBody { error: self.fields }
    }
}

impl From<Overloaded> for ApiError {
    fn from(busy: Overloaded) -> ApiError {
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, sentence(&busy.to_string()))
            .code("overloaded")
            .retry_after(busy.retry_after_seconds)
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> ApiError {
        match error {
            AskError::Overloaded(busy) => busy.into(),
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
            CompletionError::Submit(refused) => refused.into(),
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
            NotReloaded::Busy => ApiError::new(StatusCode::CONFLICT, sentence(&error.to_string())),
            // The previous reviews are still served.
            NotReloaded::Unusable(why) => ApiError::refused(format!("{why:#}")).code("unusable_data"),
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
    use super::super::testing::error_fields;
    use super::*;

    #[test]
    fn errors_have_their_status_type_field_and_code() {
        let busy = || Overloaded {
            retry_after_seconds: 7,
        };
        let unusable = NotReloaded::Unusable(anyhow::anyhow!("no such file"));
        let phase = Phase::Loading;
        for (error, status, fields) in [
            (unusable.into(), 400, "invalid_request - unusable_data"),
            (ApiError::missing_key(), 401, "authentication - missing_api_key"),
            (ApiError::forbidden("x", "y"), 403, "permission - y"),
            (ApiError::not_found("x"), 404, "not_found - -"),
            (
                ApiError::unknown_model("x"),
                404,
                "not_found model model_not_found",
            ),
            (
                ApiError::method_not_allowed("x"),
                405,
                "invalid_request - method_not_allowed",
            ),
            (NotReloaded::Busy.into(), 409, "invalid_request - -"),
            (ApiError::too_large(), 413, "invalid_request - -"),
            (ApiError::unsupported_media_type("x"), 415, "invalid_request - -"),
            (ApiError::too_many_requests(0), 429, "rate_limit - rate_limited"),
            (busy().into(), 429, "rate_limit - overloaded"),
            (AskError::from(busy()).into(), 429, "rate_limit - overloaded"),
            (EmbeddingError::Overloaded.into(), 429, "rate_limit - overloaded"),
            (AskError::Internal.into(), 500, "server - -"),
            (EmbeddingError::Stopped.into(), 500, "server - -"),
            (ApiError::not_ready(phase), 503, "unavailable - -"),
            (ApiError::stopping(), 503, "unavailable - shutting_down"),
        ] {
            let error: ApiError = error;
            let body = error_fields(&error);
            assert_eq!(error.into_response().status(), status, "{body}");
            assert_eq!(body.as_object().map(|fields| fields.len()), Some(4), "{body}");
            let actual = ["type", "param", "code"].map(|field| body[field].as_str().unwrap_or("-"));
            assert_eq!(actual.join(" "), fields.replacen(' ', "_error ", 1), "{body}");
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
