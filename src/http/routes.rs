//! Which endpoint is where, and what the API's document says of it.

use aide::{
    axum::routing::{ApiMethodRouter, get_with, post_with},
    openapi::Operation,
};
use axum::{
    http::Method,
    routing::{MethodRouter, get},
};

use serde_json::Value;

use super::{
    Shared, admin, catalogue, chat, compare, feedback, legacy, openapi, page, probes, recommend, stats, v1,
};

/// One endpoint.
pub(super) struct Route {
    pub method: Method,
    pub path: &'static str,
    pub handler: ApiMethodRouter<Shared>,
}

/// aide's function for a method.
macro_rules! on {
    (GET) => {
        get_with
    };
    (POST) => {
        post_with
    };
}

/// An endpoint in the document, under `tag`, with a summary of what it is for.
macro_rules! route {
    ($method:ident $path:literal $handler:path, $tag:literal: $summary:literal $(, $also:expr)?) => {
        Route {
            method: Method::$method,
            path: $path,
            handler: on!($method)($handler, |operation| {
                let operation = operation.tag($tag).summary($summary);
                $(let operation = { let mut operation = operation; $also(operation.inner_mut()); operation };)?
                operation
            }),
        }
    };
}

/// What belongs to pages, which the document leaves out.
pub(super) fn pages() -> Vec<(&'static str, MethodRouter<Shared>)> {
    vec![
        ("/", get(page::index)),
        // The page shows it under a name of its own.
        ("/stats", get(page::index)),
        ("/ui/{file}", get(page::file)),
        ("/docs", get(page::docs)),
        ("/openapi.json", get(openapi::document)),
    ]
}

/// Every other endpoint. Nothing else is served.
pub(super) fn routes() -> Vec<Route> {
    let events = |operation: &mut Operation| {
        openapi::also::<Value>(operation, 200, "text/event-stream", "The answer's events.");
    };
    let completion = |operation: &mut Operation| {
        openapi::also::<v1::Completion>(operation, 200, "application/json", "The answer.");
        openapi::also::<Value>(
            operation,
            200,
            "text/event-stream",
            "The answer's chunks, with stream = true.",
        );
    };
    let text = |operation: &mut Operation| {
        openapi::also::<String>(operation, 200, "text/plain; charset=utf-8", "The answer.");
    };
    let form = |operation: &mut Operation| {
        text(operation);
        openapi::also::<legacy::LegacyError>(
            operation,
            400,
            "application/json",
            "There is no question in it.",
        );
    };
    let waiting = |operation: &mut Operation| {
        for (status, description) in [(200, "Ready."), (503, "Loading or stopping, with the phase.")] {
            openapi::also::<probes::Status>(operation, status, "application/json", description);
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
        route!(GET "/api/stats" stats::stats, "page": "Live figures"),
        route!(POST "/v1/chat/completions" v1::chat_completions, "openai": "Answer a conversation", completion),
        route!(POST "/v1/embeddings" v1::embeddings::embeddings, "openai": "Embed texts"),
        route!(GET "/v1/models" v1::models::list, "openai": "The models"),
        route!(GET "/v1/models/{id}" v1::models::one, "openai": "One model"),
        route!(POST "/tokenize" v1::tokenize::tokenize, "openai": "The chat model's tokens of a text"),
        route!(POST "/detokenize" v1::tokenize::detokenize, "openai": "The text of tokens"),
        // The two endpoints of the system this one took over from.
        route!(POST "/get" legacy::get, "page": "Answer a question in plain text", form),
        route!(GET "/health" probes::health, "operators": "Whether the process runs"),
        route!(GET "/livez" probes::livez, "operators": "Whether the process runs"),
        route!(GET "/readyz" probes::readyz, "operators": "Whether a question would be answered", waiting),
        route!(GET "/metrics" probes::metrics, "operators": "Everything measured, for Prometheus", text),
        route!(GET "/info" probes::info, "operators": "What runs here"),
    ]
}

/// What there is only for operators, where they have a key.
pub(super) fn routes_of_operators() -> Vec<Route> {
    vec![route!(POST "/api/admin/reload" admin::reload, "operators": "Read the reviews' file again")]
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
