//! A panic in a handler becomes a 500 for its own request, and does not break the connection.

use std::any::Any;

use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use super::error::ApiError;

/// How a panic is answered.
type PanicHandler = fn(Box<dyn Any + Send>) -> Response;

/// The layer. The panic's message is logged and never sent.
pub(super) fn catch_panics() -> CatchPanicLayer<PanicHandler> {
    CatchPanicLayer::custom(answer)
}

fn answer(panic: Box<dyn Any + Send>) -> Response {
    let literal = panic.downcast_ref::<&str>().copied();
    let cause = literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(
        cause = cause.unwrap_or("no message"),
        "A handler panicked; its request was answered with a 500."
    );
    ApiError::internal().into_response()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Site;
    use axum::routing::get;

    #[test]
    fn a_panic_is_a_500_in_the_error_shape_without_its_message() {
        let panics = async || -> &'static str { panic!("the secret is {}", 42) };
        let site = Site::with_route("/panics", get(panics));
        let reply = site.get("/panics");
        assert_eq!(reply.status, 500);
        assert_eq!(reply.json()["error"]["type"], "server_error");
        assert!(!reply.body.contains("secret"), "{}", reply.body);
        assert!(!reply.header("x-request-id").is_empty());
    }
}
