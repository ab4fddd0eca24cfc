//! What operators see of every request: its id, its metrics and its line in the log.
//!
//! A middleware around everything. The duration runs, and the request counts as in flight, until the response's body
//! has ended or was dropped; for a streamed answer that is long after the headers. Probes and scrapes are no traffic:
//! they are not counted, and are logged at debug level. Questions are never logged.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tracing::{Instrument, Span};

use super::request_id::{RequestId, X_REQUEST_ID, trace_context};
use crate::logging;
use crate::metrics::{HTTP_REQUEST_DURATION_SECONDS, HTTP_REQUESTS_IN_FLIGHT, HTTP_REQUESTS_TOTAL};

/// Routes that are not counted.
const NOT_TRAFFIC: [&str; 3] = ["/livez", "/metrics", "/readyz"];
/// The route label of a request for a path that does not exist.
const UNMATCHED: &str = "unmatched";
/// The status of a request whose client left before there was a response; nginx uses the same number.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The statuses whose series exist from the first scrape on, so that an alert sees the first such response as an
/// increase.
const STATUSES: [&str; 5] = ["200", "400", "429", "500", "503"];

/// Creates the series of a route at zero, with its most common statuses.
pub(super) fn register_series(method: &Method, route: &str) {
    if NOT_TRAFFIC.contains(&route) {
        return;
    }
    let method = method_label(method);
    for status in STATUSES {
        HTTP_REQUESTS_TOTAL.add(&[route, method, status], 0);
    }
    HTTP_REQUEST_DURATION_SECONDS.touch(&[route, method]);
    HTTP_REQUESTS_IN_FLIGHT.add(&[route, method], 0.0);
}

/// The middleware.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let trace = trace_context(request.headers());
    let span = logging::request(id.as_str(), trace);
    let mut in_flight = InFlight::begin(&request, span.clone());
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(X_REQUEST_ID, id.header());
    in_flight.status = Some(response.status());
    // An empty body, and the body of an answer to HEAD, are never read.
    in_flight.complete = response.body().size_hint().exact() == Some(0) || in_flight.method == "HEAD";
    response.map(|body| Body::new(WatchedBody { body, in_flight }))
}

/// One request, from its arrival until it is dropped.
struct InFlight {
    /// The span of the request's log lines.
    span: Span,
    route: String,
    method: &'static str,
    arrived: Instant,
    status: Option<StatusCode>,
    /// Whether the whole response was sent.
    complete: bool,
}

impl InFlight {
    fn begin(request: &Request, span: Span) -> InFlight {
        let route = request
            .extensions()
            .get::<MatchedPath>()
            .map_or(UNMATCHED, MatchedPath::as_str);
        let in_flight = InFlight {
            span,
            route: route.to_string(),
            method: method_label(request.method()),
            arrived: Instant::now(),
            status: None,
            complete: false,
        };
        if in_flight.is_traffic() {
            HTTP_REQUESTS_IN_FLIGHT.add(&in_flight.labels(), 1.0);
        }
        in_flight
    }

    fn is_traffic(&self) -> bool {
        !NOT_TRAFFIC.contains(&self.route.as_str())
    }

    fn labels(&self) -> [&str; 2] {
        [&self.route, self.method]
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let seconds = self.arrived.elapsed().as_secs_f64();
        let status = self
            .status
            .map_or(CLIENT_CLOSED_REQUEST, |status| status.as_u16());
        let (method, route, complete) = (self.method, &self.route, self.complete);
        let duration_ms = (seconds * 1e6).round() / 1e3;
        let entered = self.span.enter();
        if !self.is_traffic() {
            tracing::debug!(method, route, status, duration_ms, complete, "request");
            return;
        }
        tracing::info!(method, route, status, duration_ms, complete, "request");
        drop(entered);
        HTTP_REQUESTS_IN_FLIGHT.add(&self.labels(), -1.0);
        HTTP_REQUEST_DURATION_SECONDS.record(&self.labels(), seconds);
        HTTP_REQUESTS_TOTAL.add(&[&self.route, self.method, &status.to_string()], 1);
    }
}

/// The label of a method, with few values.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// A response's body. Dropping it ends its request, whether all of it was read or not.
struct WatchedBody {
    body: Body,
    in_flight: InFlight,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let WatchedBody { body, in_flight } = &mut *self;
        // A streamed answer does its work here.
        let frame = in_flight
            .span
            .in_scope(|| Pin::new(&mut *body).poll_frame(context));
        in_flight.complete |= match &frame {
            Poll::Ready(None) => true,
            Poll::Ready(Some(Ok(_))) => body.is_end_stream(),
            _ => false,
        };
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    /// Unknown for a 304: its `Content-Length` would be that of the file, which is not sent.
    fn size_hint(&self) -> SizeHint {
        match self.in_flight.status {
            Some(StatusCode::NOT_MODIFIED) => SizeHint::default(),
            _ => self.body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Site;
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use futures_util::{StreamExt, stream};
    use std::io::{BufRead, BufReader};

    /// The value of the series that starts with `series`, once it is no longer `unlike`: the end of a body is recorded
    /// on the server's thread a moment after the client has read it.
    fn settled(series: &str, unlike: Option<&str>) -> String {
        let started = Instant::now();
        loop {
            let text = crate::metrics::install().render();
            let value = text
                .lines()
                .find_map(|line| line.strip_prefix(series))
                .map(|value| value.trim().to_string());
            match value {
                Some(value) if Some(value.as_str()) != unlike => return value,
                _ if started.elapsed().as_secs() > 10 => panic!("{series} stays {value:?}:\n{text}"),
                _ => std::thread::yield_now(),
            }
        }
    }

    #[test]
    fn a_request_counts_under_its_route_once_its_body_has_ended() {
        crate::metrics::install();
        let site = Site::with_route("/counted/{id}", get(async || "yes"));
        register_series(&Method::GET, "/counted/{id}");
        let count = r#"http_requests_total{route="/counted/{id}",method="GET",status="200"}"#;
        assert_eq!(settled(count, None), "0");
        assert_eq!(site.get("/counted/17").body, "yes");
        assert_eq!(settled(count, Some("0")), "1");
        let times = r#"http_request_duration_seconds_count{route="/counted/{id}",method="GET"}"#;
        assert_eq!(settled(times, Some("0")), "1");
        assert_eq!(
            settled(
                r#"http_requests_in_flight{route="/counted/{id}",method="GET"}"#,
                Some("1")
            ),
            "0"
        );
    }

    #[test]
    fn a_stream_is_in_flight_until_its_client_goes() {
        crate::metrics::install();
        let endless = async || {
            let first = stream::once(async { Ok::<_, std::io::Error>("first\n") });
            Body::from_stream(first.chain(stream::pending()))
        };
        let site = Site::with_route("/endless", get(endless));
        let connection = site.connect("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut lines = BufReader::new(&connection)
            .lines()
            .map(|line| line.expect("a line"));
        assert!(lines.any(|line| line == "first"));
        let in_flight = r#"http_requests_in_flight{route="/endless",method="GET"}"#;
        assert_eq!(settled(in_flight, None), "1");
        drop(lines);
        drop(connection);
        assert_eq!(settled(in_flight, Some("1")), "0");
        assert_eq!(
            settled(
                r#"http_requests_total{route="/endless",method="GET",status="200"}"#,
                None
            ),
            "1"
        );
    }

    #[test]
    fn probes_do_not_count_and_uncommon_methods_share_a_label() {
        crate::metrics::install();
        let site = Site::with_route("/livez", get(async || "ok"));
        assert_eq!(site.get("/livez").status, 200);
        let connection = site.connect("BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let status = BufReader::new(&connection)
            .lines()
            .next()
            .expect("an answer")
            .expect("a line");
        assert_eq!(status, "HTTP/1.1 404 Not Found");
        let uncommon = r#"http_requests_total{route="unmatched",method="other",status="404"}"#;
        assert_eq!(settled(uncommon, None), "1");
        assert!(!crate::metrics::install().render().contains(r#"route="/livez""#));
    }

    #[test]
    fn the_request_id_is_also_sent_with_errors() {
        let site = Site::new(Router::new());
        assert_eq!(
            site.get_with("/none", &[("x-request-id", "mine-1")])
                .header("x-request-id"),
            "mine-1"
        );
        assert_eq!(site.get("/none").header("x-request-id").len(), 36);
    }

    #[test]
    fn an_answer_to_head_has_the_length_and_no_body() {
        let site = Site::with_route("/head", get(async || "four"));
        let connection = site.connect("HEAD /head HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = std::io::read_to_string(&connection).expect("an answer");
        assert!(
            answer.contains("content-length: 4\r\n") && answer.ends_with("\r\n\r\n"),
            "{answer}"
        );
    }
}
