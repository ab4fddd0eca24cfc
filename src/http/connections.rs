//! The connections: how many there may be, how long a client may take over its part, and how they are closed.
//!
//! A client that sends its head byte by byte is cut off by hyper, one that reads nothing by the system, and one that
//! sends its body byte by byte by `extract`. So whoever holds a connection open for nothing holds it for a minute.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::Router;
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::sleep,
};

use super::guard::Peer;

/// Connections at a time; more wait to be accepted. Each answer that streams has one.
const MOST: usize = 1024;
/// How long a head may take, and how long a connection may be kept for the next one.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// A longer head is a 431; hyper takes at most 100 headers in it.
const HEAD_BYTES: usize = 32 << 10;
/// How long bytes that were sent may stay unread before the system gives the connection up.
const UNREAD_TIME: Duration = Duration::from_secs(60);
/// Until the next attempt where the system has no room for a connection.
const RETRY: Duration = Duration::from_millis(200);

/// All connections.
pub(super) struct Connections {
    router: Router,
    http: http1::Builder,
    open: JoinSet<()>,
    places: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Connections {
    /// None yet; requests will go to `router`.
    pub fn new(router: Router) -> Connections {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD_BYTES);
        Connections {
            router,
            http,
            open: JoinSet::new(),
            places: Arc::new(Semaphore::new(MOST)),
            graceful: GracefulShutdown::new(),
        }
    }

    /// Accepts until it is dropped.
    pub async fn accept(&mut self, listener: &TcpListener) -> Infallible {
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

    /// Closes what is idle, and waits until the rest has said what it was saying. Dropping the future, and this, cuts
    /// everything.
    pub async fn close(self) {
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
                tracing::debug!(%error, "a connection ended early");
            }
        }
    }
}

/// A token is a few bytes: without the first line, TCP would hold each back until the one before was acknowledged.
fn prepare(stream: &TcpStream) {
    let unset = |error: std::io::Error| tracing::debug!(%error, "a connection keeps the system's settings");
    let _ = stream.set_nodelay(true).map_err(unset);
    #[cfg(target_os = "linux")]
    let _ = SockRef::from(stream)
        .set_tcp_user_timeout(Some(UNREAD_TIME))
        .map_err(unset);
}
