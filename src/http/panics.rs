//! A panic in a handler costs its own request a 500, not the connection.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::error::ApiError;

/// The middleware. The panic's message is logged and never sent.
pub(super) async fn catch(request: Request, next: Next) -> Response {
    let mut answer = pin!(next.run(request));
    // Unwind-safe in effect: after a panic the future is never polled again, only dropped.
    std::future::poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(payload) => {
                tracing::error!(cause = message(&*payload), "a handler panicked");
                Poll::Ready(ApiError::internal().into_response())
            }
        },
    )
    .await
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let literal = payload.downcast_ref::<&str>().copied();
    literal
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::super::{framed, testing::Site};
    use axum::{Router, routing::get};

    #[test]
    fn a_panic_is_a_500_in_the_error_shape_and_keeps_its_message() {
        let panics = async || -> &'static str { panic!("the secret is {}", 42) };
        let site = Site::of(framed(Router::new().route("/panics", get(panics)), 1024));
        let reply = site.get("/panics");
        assert_eq!(reply.status, 500);
        assert_eq!(reply.json()["error"]["type"], "server_error");
        assert!(!reply.body.contains("secret"), "{}", reply.body);
        assert!(!reply.header("x-request-id").is_empty());
    }
}
