//! What the tests of this folder share: a server on a real port, a client for it, and a small shop.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;

use axum::Router;
use axum::routing::MethodRouter;
use tokio::sync::oneshot;

use super::error::ApiError;
use super::{HttpOptions, with_limits, with_observability};
use crate::cli::Settings;
use crate::config::Config;
use crate::reviews::{Corpus, Price, Product, Review, testing};

/// A longer request body is refused.
const MAX_BODY_BYTES: usize = 200;

/// A server on a free port of this machine; dropping it stops it.
pub(super) struct Site {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The response to a request.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub body: String,
    headers: ureq::http::HeaderMap,
}

impl Site {
    /// A server with one route.
    pub(super) fn with_route(path: &str, handler: MethodRouter) -> Site {
        Site::new(Router::new().route(path, handler))
    }

    /// A server with every layer but the access control.
    pub(super) fn new(router: Router) -> Site {
        let router = with_observability(with_limits(router, MAX_BODY_BYTES));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        listener
            .set_nonblocking(true)
            .expect("a listener can be non-blocking");
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
        });
        Site {
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(super) fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[])
    }

    pub(super) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let request = agent().get(self.url(path));
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        Reply::of(request.call().expect("the server answers"))
    }

    pub(super) fn post(&self, path: &str, content_type: &str, body: &str) -> Reply {
        Reply::of(
            agent()
                .post(self.url(path))
                .content_type(content_type)
                .send(body)
                .expect("the server answers"),
        )
    }

    /// A connection on which a test writes HTTP itself.
    pub(super) fn connect(&self, request: &str) -> TcpStream {
        let mut connection = TcpStream::connect(self.address).expect("the server listens");
        connection
            .write_all(request.as_bytes())
            .expect("the server reads");
        connection
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into()
}

impl Reply {
    fn of(mut response: ureq::http::Response<ureq::Body>) -> Reply {
        let body = response.body_mut().read_to_string().expect("the body is UTF-8");
        Reply {
            status: response.status().as_u16(),
            body,
            headers: response.headers().clone(),
        }
    }

    /// A header's value, empty when it is absent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a header is ASCII"))
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            std::thread::panicking() || matches!(ended, Some(Ok(()))),
            "the server ended without a panic"
        );
    }
}

/// The fields of an error's JSON.
pub(super) fn error_fields(error: &ApiError) -> serde_json::Value {
    let body = serde_json::to_value(error.clone().into_body()).expect("an error serialises");
    body["error"].clone()
}

/// Limits that are small enough for a test to exceed.
pub(super) fn options() -> HttpOptions {
    let config = Config::new(Settings::default()).expect("the defaults are valid");
    HttpOptions {
        max_body_bytes: 64 * 1024,
        max_messages: 4,
        max_message_chars: 50,
        ..HttpOptions::new(config)
    }
}

/// Two products: the first has three reviews, the second has none.
pub(super) fn corpus() -> Corpus {
    let product = |key: &str, title| Product {
        key: key.into(),
        category: Some("Kettles".into()),
        price: Some(Price::rupees(1299)),
        ..testing::product(title)
    };
    let review = |rating, text| Review {
        summary: "Kettle".into(),
        ..testing::review(0, rating, text)
    };
    testing::corpus(
        vec![product("KET-1", "Kettle"), product("a/b c", "Slash")],
        vec![review(5, "Boils fast."), review(4, "Loud."), review(1, "Leaks.")],
    )
}
