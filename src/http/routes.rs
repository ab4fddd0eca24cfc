//! The list of all endpoints, with their descriptions in the API document.

use aide::axum::routing::{ApiMethodRouter, get_with, post_with};
use aide::openapi::Operation;
use axum::http::Method;
use axum::routing::{MethodRouter, get};
use serde_json::Value;

use super::{
    SharedContext, admin, catalogue, chat, compare, feedback, legacy, openapi, page, probes, recommend,
    stats, v1,
};

/// One endpoint.
pub(super) struct Route {
    pub method: Method,
    pub path: &'static str,
    pub handler: ApiMethodRouter<SharedContext>,
}

/// aide's routing function for a method.
macro_rules! on {
    (GET) => {
        get_with
    };
    (POST) => {
        post_with
    };
}

/// An endpoint, with its tag and its summary in the API document.
macro_rules! route {
    ($method:ident $path:literal $handler:path, $tag:literal: $summary:literal $(, $describe:expr)?) => {
        Route {
            method: Method::$method,
            path: $path,
            handler: on!($method)($handler, |operation| {
                let operation = operation.tag($tag).summary($summary);
                $(let operation = { let mut operation = operation; $describe(operation.inner_mut()); operation };)?
                operation
            }),
        }
    };
}

/// The pages and their files, which the API document leaves out.
pub(super) fn pages() -> Vec<(&'static str, MethodRouter<SharedContext>)> {
    vec![
        ("/", get(page::index)),
        // The page itself shows the statistics at this path.
        ("/stats", get(page::index)),
        ("/ui/{file}", get(page::file)),
        ("/docs", get(page::docs)),
        ("/openapi.json", get(openapi::document)),
    ]
}

/// Every other endpoint, except those of operators. The router leaves `/metrics` out if it has a port of its own.
pub(super) fn routes() -> Vec<Route> {
    let events = |operation: &mut Operation| {
        openapi::add_response::<Value>(operation, 200, "text/event-stream", "The answer's events.");
    };
    let completion = |operation: &mut Operation| {
        openapi::add_response::<v1::Completion>(operation, 200, "application/json", "The answer.");
        openapi::add_response::<Value>(
            operation,
            200,
            "text/event-stream",
            "The answer's chunks, with stream = true.",
        );
    };
    let text = |operation: &mut Operation| {
        openapi::add_response::<String>(operation, 200, "text/plain; charset=utf-8", "The answer.");
    };
    let form = |operation: &mut Operation| {
        text(operation);
        openapi::add_response::<legacy::LegacyError>(
            operation,
            400,
            "application/json",
            "The message is empty.",
        );
    };
    let waiting = |operation: &mut Operation| {
        for (status, description) in [(200, "Ready."), (503, "Loading or stopping, with the phase.")] {
            openapi::add_response::<probes::Status>(operation, status, "application/json", description);
        }
    };
    vec![
        route!(POST "/api/chat" chat::chat, "page": "Answer a question, as a stream of events", events),
        route!(GET "/api/products" catalogue::products, "catalogue": "The products, in the order of the data"),
        route!(GET "/api/products/{id}" catalogue::product, "catalogue": "One product and what its reviews say"),
        route!(GET "/api/reviews/{id}" catalogue::review, "catalogue": "One review"),
        route!(POST "/api/compare" compare::compare, "catalogue": "Two to four products, aspect by aspect"),
        route!(POST "/api/search" recommend::search, "catalogue": "The evidence that an answer would rest on"),
        route!(POST "/api/recommend" recommend::recommend, "catalogue": "The products that fit a question"),
        route!(POST "/api/feedback" feedback::feedback, "page": "A thumb up or down on an answer"),
        route!(GET "/api/stats" stats::stats, "page": "Live statistics"),
        route!(POST "/v1/chat/completions" v1::chat_completions, "openai": "Answer a conversation", completion),
        route!(POST "/v1/embeddings" v1::embeddings::embeddings, "openai": "Embed texts"),
        route!(GET "/v1/models" v1::models::list, "openai": "The models"),
        route!(GET "/v1/models/{id}" v1::models::one, "openai": "One model"),
        route!(POST "/tokenize" v1::tokenize::tokenize, "openai": "Split a text into the chat model's tokens"),
        route!(POST "/detokenize" v1::tokenize::detokenize, "openai": "Join tokens to a text"),
        // The two endpoints of the predecessor system.
        route!(POST "/get" legacy::get, "page": "Answer a question in plain text", form),
        route!(GET "/health" probes::livez, "operators": "Whether the process is running"),
        route!(GET "/livez" probes::livez, "operators": "Whether the process is running"),
        route!(GET "/readyz" probes::readyz, "operators": "Whether the server is ready for questions", waiting),
        route!(GET "/metrics" probes::metrics, "operators": "All metrics, for Prometheus", text),
        route!(GET "/info" probes::info, "operators": "The versions, models and data of this server"),
    ]
}

/// The endpoints that are served only if an operator's key is configured.
pub(super) fn admin_routes() -> Vec<Route> {
    vec![route!(POST "/api/admin/reload" admin::reload, "operators": "Read the file of reviews again")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_listed_twice() {
        let mut paths: Vec<_> = routes().into_iter().map(|route| route.path).collect();
        paths.extend(pages().into_iter().map(|(path, _)| path));
        let all = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), all);
    }
}
