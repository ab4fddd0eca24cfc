//! What an operator sees of every request: its id, its metrics and its line in the log.
//!
//! A middleware around everything. The clock runs, and the request counts as in flight, until the response's body
//! has ended or was dropped, which for a streamed answer is long after the headers. Probes and scrapes are not
//! traffic: they count nowhere and are logged at debug level. Questions are never logged.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{MatchedPath, Request},
    http::{Method, StatusCode, header::CONTENT_LENGTH},
    middleware::Next,
    response::Response,
};
use tokio_stream::Stream;
use tracing::{Instrument, Span};

use super::request_id::{self, RequestId, X_REQUEST_ID};
use crate::logging;
use crate::metrics::{HTTP_REQUEST_DURATION_SECONDS, HTTP_REQUESTS_IN_FLIGHT, HTTP_REQUESTS_TOTAL};

/// Routes that count nowhere.
const NOT_TRAFFIC: [&str; 3] = ["/livez", "/metrics", "/readyz"];
/// The route of a request for a path that does not exist.
const UNMATCHED: &str = "unmatched";
/// The status of a request whose client went away before there was one, as proxies have it.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The statuses whose series exist from the first scrape on, so that an alert sees the first of them as an increase.
const STATUSES: [&str; 5] = ["200", "400", "429", "500", "503"];

/// Puts a route's series at zero, those of its commonest statuses included.
pub(super) fn touch(method: &Method, route: &str) {
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
    let trace = request_id::trace(request.headers());
    let span = logging::request(id.as_str(), trace);
    let mut in_flight = InFlight::begin(&request, span.clone());
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(X_REQUEST_ID, id.header());
    in_flight.status = Some(response.status());
    watched(response, in_flight)
}

/// One request, from its arrival to its drop.
struct InFlight {
    /// What the lines of the log are in that tell of it.
    span: Span,
    route: String,
    method: &'static str,
    arrived: Instant,
    status: Option<StatusCode>,
    /// Whether all of the response was handed over.
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

/// Any method, as a label of few values.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The response, with the exchange tied to its body.
fn watched(mut response: Response, mut in_flight: InFlight) -> Response {
    let body = std::mem::take(response.body_mut());
    let size = body.size_hint().exact();
    // The body of an answer to HEAD is never asked for.
    in_flight.complete = size == Some(0) || in_flight.method == "HEAD";
    // A stream has no size of its own: say it while it is known, or the client gets chunks. The length in a 304 would
    // be that of the file, which is not sent.
    if let Some(size) = size.filter(|_| response.status() != StatusCode::NOT_MODIFIED) {
        response
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert_with(|| size.into());
    }
    *response.body_mut() = Body::from_stream(Watched { body, in_flight });
    response
}

/// A body that ends its exchange when it is dropped, be it read to the end or not.
struct Watched {
    body: Body,
    in_flight: InFlight,
}

impl Stream for Watched {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // What a streamed answer does is done here.
        let span = self.in_flight.span.clone();
        let next = span.in_scope(|| Pin::new(&mut self.body).poll_frame(context));
        if matches!(next, Poll::Ready(None))
            || (matches!(next, Poll::Ready(Some(Ok(_)))) && self.body.is_end_stream())
        {
            self.in_flight.complete = true;
        }
        // No response of ours has trailers, the one kind of frame that is not data.
        next.map(|frame| frame.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{framed, testing::Site};
    use super::*;
    use axum::{Router, routing::get};
    use std::io::{BufRead, BufReader};

    /// The value of the series that starts with `series`, once it is not `unlike` any more: a body's end is
    /// recorded on the server's thread a moment after the client has read it.
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
    fn a_request_counts_under_its_template_once_its_body_has_ended() {
        crate::metrics::install();
        let site = Site::of(framed(
            Router::new().route("/counted/{id}", get(async || "yes")),
            1024,
        ));
        touch(&Method::GET, "/counted/{id}");
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
            let (send, receive) = tokio::sync::mpsc::channel::<Result<&str, std::io::Error>>(1);
            tokio::spawn(async move {
                send.send(Ok("first\n")).await.expect("the client is there");
                send.closed().await;
            });
            Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receive))
        };
        let site = Site::of(framed(Router::new().route("/endless", get(endless)), 1024));
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
    fn probes_do_not_count_and_strange_methods_share_a_label() {
        crate::metrics::install();
        let site = Site::of(framed(Router::new().route("/livez", get(async || "ok")), 1024));
        assert_eq!(site.get("/livez").status, 200);
        let connection = site.connect("BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let status = BufReader::new(&connection)
            .lines()
            .next()
            .expect("an answer")
            .expect("a line");
        assert_eq!(status, "HTTP/1.1 404 Not Found");
        let strange = r#"http_requests_total{route="unmatched",method="other",status="404"}"#;
        assert_eq!(settled(strange, None), "1");
        assert!(!crate::metrics::install().render().contains(r#"route="/livez""#));
    }

    #[test]
    fn the_id_is_echoed_also_on_errors() {
        let site = Site::of(framed(Router::new(), 1024));
        assert_eq!(
            site.get_with("/none", &[("x-request-id", "mine-1")])
                .header("x-request-id"),
            "mine-1"
        );
        assert_eq!(site.get("/none").header("x-request-id").len(), 36);
    }
}
