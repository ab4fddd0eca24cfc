//! The one shape in which every endpoint says no: `{"error":{"message","type","param","code"}}`, all four keys.
//!
//! A failure becomes a status here and nowhere else. What went wrong inside the server is logged where it happened
//! and never sent.

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    assistant::AskError,
    generation::{Overloaded, SubmitError},
    retrieval::RETRY_SECONDS,
};

/// A refusal or a failure, ready to be sent.
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
pub(super) struct Body {
    error: Fields,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct Fields {
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

    /// 400: the request cannot be understood or is out of range.
    pub fn invalid(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, message)
    }

    /// 400: what a stage says of the request.
    pub fn refused(why: impl AsRef<str>) -> ApiError {
        ApiError::invalid(sentence(why.as_ref()))
    }

    /// 400: more tokens than the model reads.
    pub fn context_length(message: impl Into<String>, param: &str) -> ApiError {
        ApiError {
            code: Some("context_length_exceeded"),
            ..ApiError::invalid(message).at(param)
        }
    }

    /// 404: no model of this name.
    pub fn unknown_model(name: &str) -> ApiError {
        ApiError {
            code: Some("model_not_found"),
            ..ApiError::not_found(format!("There is no model {name:?}; GET /v1/models lists them."))
        }
        .at("model")
    }

    /// 429: too many texts wait to be embedded.
    pub fn busy_embedder() -> ApiError {
        AskError::Overloaded(Overloaded {
            retry_after_seconds: RETRY_SECONDS,
        })
        .into()
    }

    /// Names the field at fault, as in `filters.product_ids`.
    pub fn at(self, param: impl Into<String>) -> ApiError {
        ApiError {
            param: Some(param.into()),
            ..self
        }
    }

    /// 401: no key came along.
    pub fn missing_key() -> ApiError {
        ApiError {
            code: Some("missing_api_key"),
            ..ApiError::new(
                StatusCode::UNAUTHORIZED,
                "This needs a key: send it as Authorization: Bearer KEY.",
            )
        }
    }

    /// 401: nobody has this key.
    pub fn invalid_key() -> ApiError {
        ApiError {
            code: Some("invalid_api_key"),
            ..ApiError::new(
                StatusCode::UNAUTHORIZED,
                "This key is not known here; ask the operator for one.",
            )
        }
    }

    /// 403.
    pub fn forbidden(message: impl Into<String>, code: &'static str) -> ApiError {
        ApiError {
            code: Some(code),
            ..ApiError::new(StatusCode::FORBIDDEN, message)
        }
    }

    /// 408: the body did not come in time.
    pub fn too_slow() -> ApiError {
        ApiError {
            code: Some("request_timeout"),
            ..ApiError::new(
                StatusCode::REQUEST_TIMEOUT,
                "The request's body did not come in time; send it at once.",
            )
        }
    }

    /// 429: one asker asks more than their share.
    pub fn too_often(retry_after_seconds: u64) -> ApiError {
        let seconds = retry_after_seconds.max(1);
        ApiError {
            code: Some("rate_limited"),
            retry_after_seconds: Some(seconds),
            ..ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!("Too many requests; ask again in {seconds} seconds."),
            )
        }
    }

    /// 409: the same is being done already.
    pub fn conflict(why: impl AsRef<str>) -> ApiError {
        ApiError::new(StatusCode::CONFLICT, sentence(why.as_ref()))
    }

    /// 400: the reviews' file cannot be used; those from before are still served.
    pub fn unusable_data(why: impl AsRef<str>) -> ApiError {
        ApiError {
            code: Some("unusable_data"),
            ..ApiError::new(StatusCode::BAD_REQUEST, sentence(why.as_ref()))
        }
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, message)
    }

    /// 405.
    pub fn method_not_allowed(message: impl Into<String>) -> ApiError {
        ApiError {
            code: Some("method_not_allowed"),
            ..ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message)
        }
    }

    /// 413.
    pub fn too_large() -> ApiError {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The request's body is larger than this server takes.",
        )
    }

    /// 415.
    pub fn unsupported_media_type(wanted: &str) -> ApiError {
        ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Send the body as {wanted} and say so in the Content-Type header."),
        )
    }

    /// 500. The cause has been logged.
    pub fn internal() -> ApiError {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The server could not do this; its log says why.",
        )
    }

    /// 503: the server is not in the phase to answer questions.
    pub fn not_ready(phase: impl std::fmt::Display) -> ApiError {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("The server is not ready: {phase}. GET /readyz answers 200 once it is."),
        )
    }

    /// 503: the answer was cut because the server is going away.
    pub fn stopping() -> ApiError {
        ApiError {
            code: Some("shutting_down"),
            ..ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The server is stopping. Ask again in a moment.",
            )
        }
    }

    /// The JSON alone, for an error that comes when the status has long been sent.
    pub fn into_body(self) -> Body {
        let kind = match self.status {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::NOT_FOUND => "not_found_error",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        Body {
            error: Fields {
                message: self.message,
                kind,
                param: self.param,
                code: self.code,
            },
        }
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> ApiError {
        match error {
            AskError::Overloaded(busy) => ApiError {
                code: Some("overloaded"),
                retry_after_seconds: Some(busy.retry_after_seconds.max(1)),
                ..ApiError::new(StatusCode::TOO_MANY_REQUESTS, sentence(&busy.to_string()))
            },
            AskError::Invalid(why) => ApiError::invalid(sentence(&why)).at("messages"),
            AskError::Internal => ApiError::internal(),
        }
    }
}

impl From<SubmitError> for ApiError {
    fn from(refused: SubmitError) -> ApiError {
        match refused {
            SubmitError::Overloaded(busy) => AskError::Overloaded(busy).into(),
            SubmitError::TooLong(long) => ApiError::context_length(sentence(&long.to_string()), "messages"),
        }
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

/// Errors in Rust are written without capital and full stop; people get sentences.
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
    fn statuses_and_types_follow_the_table() {
        let table = [
            (
                ApiError::invalid("x").at("messages"),
                400,
                "invalid_request_error",
                Some("messages"),
                None,
            ),
            (
                ApiError::missing_key(),
                401,
                "authentication_error",
                None,
                Some("missing_api_key"),
            ),
            (
                ApiError::forbidden("x", "y"),
                403,
                "permission_error",
                None,
                Some("y"),
            ),
            (
                ApiError::too_often(0),
                429,
                "rate_limit_error",
                None,
                Some("rate_limited"),
            ),
            (ApiError::conflict("x"), 409, "invalid_request_error", None, None),
            (
                ApiError::unusable_data("x"),
                400,
                "invalid_request_error",
                None,
                Some("unusable_data"),
            ),
            (ApiError::not_found("x"), 404, "not_found_error", None, None),
            (
                ApiError::method_not_allowed("x"),
                405,
                "invalid_request_error",
                None,
                Some("method_not_allowed"),
            ),
            (ApiError::too_large(), 413, "invalid_request_error", None, None),
            (
                ApiError::unsupported_media_type("x"),
                415,
                "invalid_request_error",
                None,
                None,
            ),
            (
                AskError::from(Overloaded {
                    retry_after_seconds: 7,
                })
                .into(),
                429,
                "rate_limit_error",
                None,
                Some("overloaded"),
            ),
            (AskError::Internal.into(), 500, "server_error", None, None),
            (
                AskError::Invalid("too long".into()).into(),
                400,
                "invalid_request_error",
                Some("messages"),
                None,
            ),
            (
                ApiError::not_ready("loading"),
                503,
                "unavailable_error",
                None,
                None,
            ),
            (
                ApiError::stopping(),
                503,
                "unavailable_error",
                None,
                Some("shutting_down"),
            ),
        ];
        for (error, status, kind, param, code) in table {
            let said = format!("{error:?}");
            assert_eq!(error.clone().into_response().status(), status, "{said}");
            let body = serde_json::to_value(error.into_body()).expect("a body serialises");
            let fields = body["error"].as_object().expect("an error is an object");
            assert_eq!(fields.len(), 4, "{said}");
            assert_eq!(fields["type"], kind, "{said}");
            assert_eq!(fields["param"].as_str(), param, "{said}");
            assert_eq!(fields["code"].as_str(), code, "{said}");
        }
    }

    #[test]
    fn a_busy_server_says_when_to_come_back() {
        for (seconds, header) in [(7, "7"), (0, "1")] {
            let busy = ApiError::from(AskError::from(Overloaded {
                retry_after_seconds: seconds,
            }));
            assert_eq!(busy.into_response().headers()[RETRY_AFTER], header);
        }
    }

    #[test]
    fn sentences_begin_large_and_end_in_a_stop() {
        for (text, told) in [
            ("the model is busy", "The model is busy."),
            ("Really?", "Really?"),
            ("", "."),
        ] {
            assert_eq!(sentence(text), told);
        }
    }
}
