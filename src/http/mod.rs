//! The outside world: routes, wire types, status codes and limits are here and nowhere else.
//!
//! In: HTTP/1.1 on a listener that the caller has bound. Out: the page, the answers as server-sent events, the
//! catalogue, the probes and the metrics. Everything runs on the async side and computes nothing; handlers ask the
//! other stages through [`App`]. Every error has the one JSON shape of `error`. Handlers share wire types through
//! `wire` and never import one another.

mod admin;
mod admission;
mod catalogue;
mod chat;
mod clock;
mod compare;
mod connections;
mod error;
mod extract;
mod feedback;
mod guard;
mod legacy;
mod observe;
mod openapi;
mod page;
mod panics;
mod probes;
mod rate_limit;
mod recommend;
mod request_id;
mod routes;
mod server;
mod stats;
mod stream;
#[cfg(test)]
mod testing;
mod v1;
mod wire;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use aide::axum::ApiRouter;
use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::get;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::App;
use crate::config::{AllowedSites, Config};
use crate::metrics::Exposition;
use admission::Running;
use error::ApiError;
use rate_limit::RateLimit;

pub(crate) use server::serve;

/// Security headers of every response whose handler sets no others.
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

/// The path that Prometheus scrapes.
const METRICS: &str = "/metrics";

/// How long a browser may remember the answer to a CORS preflight request.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// The configuration, and the limits of the HTTP side that are not settings.
#[derive(Debug, Clone)]
pub(crate) struct HttpOptions {
    config: Config,
    /// Maximum size of a request body in bytes; a larger one is a 413.
    max_body_bytes: usize,
    /// Maximum number of messages in a conversation, the question included.
    max_messages: usize,
    /// Maximum length of a message in characters.
    max_message_chars: usize,
    /// Maximum time for an answer of the chat model without reviews; then the answer ends as it is. More time than the
    /// longest bucket of its metrics would be of no use.
    generation_time: Duration,
}

impl HttpOptions {
    /// The limits that the server has with this configuration.
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            max_body_bytes: 1 << 20,
            max_messages: 64,
            max_message_chars: 4000,
            generation_time: Duration::from_secs(120),
        }
    }
}

impl Deref for HttpOptions {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.config
    }
}

/// What every handler can use.
struct Context {
    app: App,
    exposition: Exposition,
    options: HttpOptions,
    running: Running,
    rate_limit: Option<RateLimit>,
    /// When the server started, in seconds since 1970.
    started: u64,
    /// The JSON of `/openapi.json`.
    document: Bytes,
    /// Whether `/metrics` is served on a port of its own.
    separate_metrics_port: bool,
}

type SharedContext = Arc<Context>;

fn router(mut context: Context) -> (Router, SharedContext) {
    let admin_routes = match context.options.keys.has_admin() {
        true => routes::admin_routes(),
        false => vec![],
    };
    let mut document = openapi::empty_document();
    let pages = routes::pages()
        .into_iter()
        .fold(ApiRouter::new(), |router, (path, handler)| {
            observe::register_series(&Method::GET, path);
            router.route(path, handler)
        });
    let router = routes::routes()
        .into_iter()
        .chain(admin_routes)
        .filter(|route| !(context.separate_metrics_port && route.path == METRICS))
        .fold(pages, |router, route| {
            observe::register_series(&route.method, route.path);
            router.api_route(route.path, route.handler)
        })
        .finish_api(&mut document);
    context.document = openapi::document_json(document, context.options.keys.guard());
    let context = Arc::new(context);
    let guarded = with_limits(router, context.options.max_body_bytes)
        .layer(from_fn_with_state(context.clone(), guard::guard))
        .layer(cors(&context.options.allowed_sites));
    (with_observability(guarded).with_state(context.clone()), context)
}

/// Only `/metrics`, for a port of its own, where no key is needed.
fn metrics_router(context: SharedContext) -> Router {
    let router = Router::new().route(METRICS, get(probes::metrics));
    let router = with_limits(router, context.options.max_body_bytes);
    with_observability(router).with_state(context)
}

/// Answers the preflight requests of browsers for the pages of allowed sites.
fn cors(allowed_sites: &AllowedSites) -> CorsLayer {
    let origins = allowed_sites.origins().iter();
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
        .max_age(PREFLIGHT_AGE)
}

/// Adds the layers next to the handlers: a body limit, errors in one shape, and a 500 for a panic.
fn with_limits<S: Clone + Send + Sync + 'static>(router: Router<S>, max_body_bytes: usize) -> Router<S> {
    router
        .fallback(path_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(max_body_bytes))
        .layer(panics::catch_panics())
}

/// Adds the outermost layers: security headers, request id, metrics and access log.
fn with_observability<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router
        .layer(map_response(with_security_headers))
        .layer(from_fn(observe::observe))
}

/// Sets the security headers that the handler has not set. A browser must not guess the type of a response, since it
/// may contain reviews that look like a page; and must not show it in a frame or load anything for it, since it is no
/// page.
async fn with_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.entry(name).or_insert(value);
    }
    response
}

async fn path_not_found(uri: Uri) -> ApiError {
    ApiError::not_found(format!("There is nothing at {}.", uri.path()))
}

async fn method_not_allowed(method: Method, uri: Uri) -> ApiError {
    ApiError::method_not_allowed(format!(
        "{} does not support {method}; the Allow header lists the methods that it supports.",
        uri.path()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testing::Site;

    fn site() -> Site {
        Site::with_route("/only-get", get(async || "here"))
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
    fn a_body_keeps_its_length_through_all_layers() {
        let reply = site().get("/only-get");
        assert_eq!((reply.status, reply.body.as_str()), (200, "here"));
        assert_eq!(reply.header("content-length"), "4");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
}
