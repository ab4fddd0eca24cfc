//! The server's life: accept, drain, close.
//!
//! On the shutdown signal nothing is closed at first. New questions get a 503, `/readyz` says `draining`, and the
//! running answers may finish, which is why the listener stays open. After that, or once [`Options::drain`] is over,
//! what still runs is cut with an error event and the connections are closed.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use axum::serve::ListenerExt;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet, time::timeout};

use super::{Context, Options, Shared, admission::Running, router};
use crate::{app::App, metrics::Exposition};

/// How long connections get to close once there is nothing to wait for; a client that does not read its bytes gets
/// no more.
const CLOSING: Duration = Duration::from_secs(1);
/// How often recorded samples are folded into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves on `listener` until `shutdown` completes, then drains; returns within [`Options::drain`] and one second
/// after that. The caller supplies both, so that tests can use port 0 and stop when they like.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    app: App,
    exposition: Exposition,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    // Ends with this function: dropping a set aborts its tasks.
    let mut upkeep = JoinSet::new();
    upkeep.spawn(keep_up(exposition.clone()));

    let context = Arc::new(Context {
        app,
        exposition,
        options,
        running: Running::none(),
        started: super::v1::now(),
    });
    let (close, closed) = oneshot::channel::<()>();
    // A token is a few bytes: without this, TCP would hold each back until the one before was acknowledged.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let server = axum::serve(listener, router(context.clone())).with_graceful_shutdown(async {
        let _ = closed.await;
    });
    let mut server = pin!(server.into_future());

    tokio::select! {
        ended = &mut server => return ended,
        () = shutdown => {}
    }
    tokio::select! {
        ended = &mut server => return ended,
        () = drain(&context) => {}
    }
    drop(close);
    match timeout(CLOSING, server).await {
        Ok(ended) => ended,
        Err(_) => {
            tracing::warn!("some clients did not let go of their connections; they are dropped");
            Ok(())
        }
    }
}

/// Lets the running answers finish, or cuts them when their time is over.
async fn drain(context: &Shared) {
    context.app.start_draining();
    let (running, limit) = (context.running.count(), context.options.drain);
    tracing::info!(running, limit_seconds = limit.as_secs_f64(), "draining");
    if timeout(limit, context.running.finished()).await.is_err() {
        tracing::warn!(
            running = context.running.count(),
            "the time to drain is over; running answers are cut"
        );
        context.running.cut();
    }
}

async fn keep_up(exposition: Exposition) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        exposition.upkeep();
    }
}
