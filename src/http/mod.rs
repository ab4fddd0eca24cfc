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
mod legacy;
mod guard;
mod rate_limit;
mod observe;
mod openapi;
mod page;
mod panics;
mod probes;
mod recommend;
mod request_id;
mod routes;
mod server;
mod stats;
mod stream;
#[cfg(test)]
mod testing;
mod trace;
mod v1;

use std::{ops::Deref, sync::Arc, time::Duration};

use aide::axum::ApiRouter;
use axum::{
    Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, Uri, header},
    middleware::{from_fn, from_fn_with_state, map_response},
    response::Response,
    routing::get,
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    app::App,
    config::{AllowedSites, Config},
    metrics::Exposition,
};
use admission::Running;
use error::ApiError;
use rate_limit::Limit;

pub use server::serve;

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

/// Where Prometheus looks.
const METRICS: &str = "/metrics";

/// How long a browser may remember what another site's pages may ask.
const PREFLIGHT: Duration = Duration::from_secs(600);

/// The configuration, and the limits of the HTTP side that are not settings.
#[derive(Debug, Clone)]
pub struct HttpOptions {
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
    pub fn new(config: Config) -> Self {
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

/// What every handler can reach.
struct Context {
    app: App,
    exposition: Exposition,
    options: HttpOptions,
    running: Running,
    /// How often one may ask.
    limit: Option<Limit>,
    /// When the server came up, in seconds since 1970.
    started: u64,
    /// What `/openapi.json` answers.
    document: Bytes,
    /// Whether `/metrics` has a port of its own.
    metrics_apart: bool,
}

type Shared = Arc<Context>;

fn router(mut context: Context) -> (Router, Shared) {
    let of_operators = match context.options.keys.has_admin() {
        true => routes::routes_of_operators(),
        false => vec![],
    };
    let mut document = openapi::begun();
    let pages = routes::pages()
        .into_iter()
        .fold(ApiRouter::new(), |router, (path, handler)| {
            observe::touch(&Method::GET, path);
            router.route(path, handler)
        });
    let router = routes::routes()
        .into_iter()
        .chain(of_operators)
        .filter(|route| !(context.metrics_apart && route.path == METRICS))
        .fold(pages, |router, route| {
            observe::touch(&route.method, route.path);
            router.api_route(route.path, route.handler)
        })
        .finish_api(&mut document);
    context.document = openapi::finished(document, context.options.keys.guard());
    let context = Arc::new(context);
    let guarded = shaped(router, context.options.max_body_bytes)
        .layer(from_fn_with_state(context.clone(), guard::guard))
        .layer(cors(&context.options.allowed_sites));
    (seen(guarded).with_state(context.clone()), context)
}

/// `/metrics` alone, for a port of its own: nobody needs a key there.
fn router_of_metrics(context: Shared) -> Router {
    let router = Router::new().route(METRICS, get(probes::metrics));
    let router = shaped(router, context.options.max_body_bytes);
    seen(router).with_state(context)
}

/// Answers what browsers ask before a page of an allowed site may ask. Without allowed sites, nothing is said.
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
        .max_age(PREFLIGHT)
}

/// What is around every handler: a body limit, errors in one shape, panics caught.
fn shaped<S: Clone + Send + Sync + 'static>(router: Router<S>, max_body_bytes: usize) -> Router<S> {
    router
        .fallback(nothing_there)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(max_body_bytes))
        .layer(from_fn(panics::catch))
}

/// What is around that, and around who is let in: headers for browsers, and request id, metrics and access log.
fn seen<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router
        .layer(map_response(as_labelled))
        .layer(from_fn(observe::observe))
}

/// All of it but the guard, for tests of single handlers.
#[cfg(test)]
fn framed<S: Clone + Send + Sync + 'static>(router: Router<S>, max_body_bytes: usize) -> Router<S> {
    seen(shaped(router, max_body_bytes))
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
    use axum::routing::get;
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
}
