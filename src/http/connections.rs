//! Connections: how many there may be, how slow a client may be, and how connections are closed.
//!
//! Hyper cuts off a client that sends its head byte by byte, the operating system one that reads nothing, and `extract`
//! one that sends its body byte by byte. So an idle client can hold a connection open for a minute at most.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::guard::Peer;

/// At most so many connections are open; more wait to be accepted. Each streamed answer keeps one open.
const MAX_CONNECTIONS: usize = 1024;
/// How long a client may take to send a request's head, and how long a connection may stay idle before the next head.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// A longer head is a 431; hyper also accepts at most 100 headers.
const HEAD_BYTES: usize = 32 << 10;
/// How long sent bytes may stay unread before the operating system closes the connection.
const UNREAD_TIME: Duration = Duration::from_secs(60);
/// The wait before the next attempt, after a connection could not be accepted.
const RETRY: Duration = Duration::from_millis(200);

/// All open connections.
pub(super) struct Connections {
    router: Router,
    http: http1::Builder,
    open: JoinSet<()>,
    places: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Connections {
    /// No connections yet; `router` will answer their requests.
    pub(super) fn new(router: Router) -> Connections {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD_BYTES);
        Connections {
            router,
            http,
            open: JoinSet::new(),
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            graceful: GracefulShutdown::new(),
        }
    }

    /// Accepts connections until the future is dropped.
    pub(super) async fn accept(&mut self, listener: &TcpListener) -> Infallible {
        loop {
            let place = self.places.clone().acquire_owned().await;
            let place = place.expect("the semaphore is never closed");
            match listener.accept().await {
                Ok((stream, address)) => {
                    let serving = self.serve(stream, Peer(address));
                    self.open.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "A connection could not be accepted; raise the limit of open files.");
                    sleep(RETRY).await;
                }
            }
            while self.open.try_join_next().is_some() {}
        }
    }

    /// Closes idle connections, and waits until the others have sent their responses. Dropping the future cuts all
    /// connections.
    pub(super) async fn close(self) {
        self.graceful.shutdown().await;
    }

    fn serve(&self, stream: TcpStream, peer: Peer) -> impl Future<Output = ()> + use<> {
        prepare(&stream);
        let router = TowerToHyperService::new(self.router.clone());
        let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.call(request)
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let connection = self.graceful.watch(connection);
        async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "A connection ended early.");
            }
        }
    }
}

/// Sets the socket options. A token is a few bytes: without `nodelay`, TCP would hold each token back until the one
/// before was acknowledged.
fn prepare(stream: &TcpStream) {
    let unset = |error: std::io::Error| {
        tracing::debug!(%error, "A socket option could not be set; the connection keeps the system's default.");
    };
    let _ = stream.set_nodelay(true).map_err(unset);
    #[cfg(target_os = "linux")]
    let _ = SockRef::from(stream)
        .set_tcp_user_timeout(Some(UNREAD_TIME))
        .map_err(unset);
}
