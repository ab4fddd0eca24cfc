//! Stage 7: the outside world: routes, wire types, status codes and limits live here and nowhere else.
//!
//! In: HTTP/1.1 on a listener that the caller has bound. Out: the page, the answers as server-sent events, the
//! catalogue, the probes and the metrics. Everything runs on the async side and computes nothing; what a request
//! needs of the stages above it asks over [`App`]. Every failure leaves as the one JSON shape of `error`.

mod admin;
mod admission;
mod aspects;
mod catalogue;
mod chat;
mod compare;
mod connections;
mod error;
mod events;
mod extract;
mod feedback;
mod form;
mod guard;
mod limit;
mod observe;
mod page;
mod panics;
mod probes;
mod recommend;
mod request_id;
mod serve;
mod stats;
mod stream;
#[cfg(test)]
mod testing;
mod v1;

use std::{num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, Uri, header},
    middleware::{from_fn, from_fn_with_state, map_response},
    response::Response,
    routing::{MethodRouter, get, post},
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    app::App,
    config::{Doors, Keys},
    metrics::Exposition,
};
use admission::Running;
use error::ApiError;
use limit::Limit;

pub use serve::serve;

/// Of every response whose handler says nothing else.
const SECURITY: [(HeaderName, HeaderValue); 3] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// How long a browser may remember what another site's pages may ask.
const PREFLIGHT: Duration = Duration::from_secs(600);

/// The limits of the HTTP side.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long running answers may go on after the shutdown signal.
    pub drain: Duration,
    /// A longer request body is a 413.
    pub max_body_bytes: usize,
    /// Turns of a conversation, the question included.
    pub max_messages: usize,
    /// Characters of one turn.
    pub max_message_chars: usize,
    /// Who may ask, and who may ask for what operators do.
    pub keys: Keys,
    /// From which pages and under which names the server may be asked.
    pub doors: Doors,
    /// Requests a minute by one key, or by one address where asking takes no key; any number where there is no limit.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Where opinions on answers are written, if anywhere.
    pub feedback_file: Option<PathBuf>,
    /// The most answer tokens a request may ask for: the server's own limit.
    pub max_tokens: usize,
    /// How long the bare model may speak; then the answer ends as it is.
    pub generation_time: Duration,
}

/// What every handler can reach.
struct Context {
    app: App,
    exposition: Exposition,
    options: Options,
    running: Running,
    /// How often one may ask.
    limit: Option<Limit>,
    /// When the server came up, in seconds since 1970.
    started: u64,
}

type Shared = Arc<Context>;

/// Every endpoint. Nothing else is served.
fn routes() -> Vec<(Method, &'static str, MethodRouter<Shared>)> {
    vec![
        // The page.
        (Method::GET, "/", get(page::index)),
        (Method::GET, "/ui/{file}", get(page::file)),
        (Method::POST, "/api/chat", post(chat::chat)),
        // The catalogue.
        (Method::GET, "/api/products", get(catalogue::products)),
        (Method::GET, "/api/products/{id}", get(catalogue::product)),
        (Method::GET, "/api/reviews/{id}", get(catalogue::review)),
        (Method::POST, "/api/compare", post(compare::compare)),
        // What retrieval finds, without the chat model.
        (Method::POST, "/api/search", post(recommend::search)),
        (Method::POST, "/api/recommend", post(recommend::recommend)),
        // What the page's readers think, and what its figures show.
        (Method::POST, "/api/feedback", post(feedback::feedback)),
        (Method::GET, "/api/stats", get(stats::stats)),
        // For OpenAI's clients.
        (Method::POST, "/v1/chat/completions", post(v1::chat_completions)),
        (Method::POST, "/v1/embeddings", post(v1::embeddings::embeddings)),
        (Method::GET, "/v1/models", get(v1::models::list)),
        (Method::GET, "/v1/models/{id}", get(v1::models::one)),
        (Method::POST, "/tokenize", post(v1::tokens::tokenize)),
        (Method::POST, "/detokenize", post(v1::tokens::detokenize)),
        // The two endpoints of the system this one took over from.
        (Method::POST, "/get", post(form::get)),
        (Method::GET, "/health", get(probes::health)),
        // For operators.
        (Method::GET, "/livez", get(probes::livez)),
        (Method::GET, "/readyz", get(probes::readyz)),
        (Method::GET, "/metrics", get(probes::metrics)),
        (Method::GET, "/info", get(probes::info)),
    ]
}

/// What there is only for operators, where they have a key.
fn routes_of_operators() -> Vec<(Method, &'static str, MethodRouter<Shared>)> {
    vec![(Method::POST, "/api/admin/reload", post(admin::reload))]
}

fn router(context: Shared) -> Router {
    let max_body_bytes = context.options.max_body_bytes;
    let of_operators = match context.options.keys.has_admin() {
        true => routes_of_operators(),
        false => vec![],
    };
    let router =
        routes()
            .into_iter()
            .chain(of_operators)
            .fold(Router::new(), |router, (method, path, handler)| {
                observe::touch(&method, path);
                router.route(path, handler)
            });
    let guarded = router
        .layer(from_fn_with_state(context.clone(), guard::guard))
        .layer(cors(&context.options.doors));
    framed(guarded, max_body_bytes).with_state(context)
}

/// Answers what browsers ask before a page of an allowed site may ask. Without allowed sites, nothing is said.
fn cors(doors: &Doors) -> CorsLayer {
    let origins = doors.origins().iter();
    let origins = origins.filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            request_id::X_REQUEST_ID,
        ])
        .expose_headers([header::RETRY_AFTER, header::WARNING, request_id::X_REQUEST_ID])
        .max_age(PREFLIGHT)
}

/// What is around every handler, from the inside out: a body limit, errors in one shape, panics caught, types that are
/// not guessed, and request id, metrics and access log.
fn framed<S: Clone + Send + Sync + 'static>(router: Router<S>, max_body_bytes: usize) -> Router<S> {
    router
        .fallback(nothing_there)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(max_body_bytes))
        .layer(from_fn(panics::catch))
        .layer(map_response(as_labelled))
        .layer(from_fn(observe::observe))
}

/// What browsers may do with a response, where its handler has not said: never guess its type, since reviews are in many
/// and may look like a page, and show it in no frame and load nothing for it, since it is no page.
async fn as_labelled(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.entry(name).or_insert(value);
    }
    response
}

async fn nothing_there(uri: Uri) -> ApiError {
    ApiError::not_found(format!("There is nothing at {}.", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    ApiError::method_not_allowed(format!(
        "{} does not take {method}; the Allow header says what it takes.",
        uri.path()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testing::Site;

    fn site() -> Site {
        Site::of(framed(
            Router::new().route("/only-get", get(async || "here")),
            1024,
        ))
    }

    #[test]
    fn unknown_paths_and_wrong_methods_answer_in_the_error_shape() {
        let site = site();
        let unknown = site.get("/nowhere?q=1");
        assert_eq!(unknown.status, 404);
        assert_eq!(unknown.header("x-content-type-options"), "nosniff");
        assert_eq!(
            unknown.json(),
            serde_json::json!({"error": {
                "message": "There is nothing at /nowhere.", "type": "not_found_error", "param": null, "code": null,
            }})
        );
        let wrong = site.post("/only-get", "text/plain", "");
        assert_eq!(wrong.status, 405);
        assert_eq!(wrong.header("allow"), "GET,HEAD");
        assert_eq!(wrong.json()["error"]["type"], "invalid_request_error");
        assert_eq!(wrong.json()["error"]["code"], "method_not_allowed");
    }

    #[test]
    fn a_body_keeps_its_length_through_the_frame() {
        let reply = site().get("/only-get");
        assert_eq!((reply.status, reply.body.as_str()), (200, "here"));
        assert_eq!(reply.header("content-length"), "4");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }

    #[test]
    fn no_path_is_listed_twice() {
        let mut paths: Vec<_> = routes().into_iter().map(|(_, path, _)| path).collect();
        let all = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), all);
    }
}
