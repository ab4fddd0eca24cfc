//! The server's life: accept, drain, close.
//!
//! On the shutdown signal nothing is closed at first. New questions get a 503, `/readyz` says `draining`, and the
//! running answers may finish, which is why the listener stays open. After that, or once `--drain` is over,
//! what still runs is cut with an error event and the connections are closed.

use std::{future::Future, num::NonZeroU32, pin::pin, time::Duration};

use tokio::{net::TcpListener, task::JoinSet, time::timeout};

use super::{
    Context, HttpOptions, Shared, admission::Running, connections::Connections, rate_limit::Limit, router,
    router_of_metrics,
};
use crate::{app::App, metrics::Exposition};

/// How long connections get to close once there is nothing to wait for; a client that does not read its bytes gets
/// no more.
const CLOSING: Duration = Duration::from_secs(1);
/// How often recorded samples are folded into their buckets, and full buckets of requests forgotten.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves on `listener` until `shutdown` completes, then drains; returns within `--drain` and one second
/// after that. The caller supplies both, so that tests can use port 0 and stop when they like. With a listener
/// `of_metrics`, `/metrics` is there, and there only, to the end.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    of_metrics: Option<TcpListener>,
    app: App,
    exposition: Exposition,
    options: HttpOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (router, context) = router(Context {
        app,
        exposition,
        limit: NonZeroU32::new(options.requests_per_minute).map(Limit::new),
        options,
        running: Running::none(),
        started: super::v1::now(),
        document: Default::default(),
        metrics_apart: of_metrics.is_some(),
    });
    // Ends with this function: dropping a set aborts its tasks.
    let mut upkeep = JoinSet::new();
    upkeep.spawn(keep_up(context.clone()));
    if let Some(listener) = of_metrics {
        let mut connections = Connections::new(router_of_metrics(context.clone()));
        upkeep.spawn(async move { match connections.accept(&listener).await {} });
    }

    let mut connections = Connections::new(router);
    {
        let mut accepting = pin!(connections.accept(&listener));
        tokio::select! {
            never = &mut accepting => match never {},
            () = shutdown => {}
        }
        tokio::select! {
            never = &mut accepting => match never {},
            () = drain(&context) => {}
        }
    }
    drop(listener);
    if timeout(CLOSING, connections.close()).await.is_err() {
        tracing::warn!("some clients did not let go of their connections; they are dropped");
    }
    Ok(())
}

/// Lets the running answers finish, or cuts them when their time is over.
async fn drain(context: &Shared) {
    context.app.start_draining();
    let (running, limit) = (
        context.running.count(),
        Duration::from_secs(context.options.drain),
    );
    tracing::info!(running, limit_seconds = limit.as_secs_f64(), "draining");
    if timeout(limit, context.running.finished()).await.is_err() {
        tracing::warn!(
            running = context.running.count(),
            "the time to drain is over; running answers are cut"
        );
        context.running.cut();
    }
}

async fn keep_up(context: Shared) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        if let Some(service) = context.app.service() {
            service.measure();
        }
        context.exposition.upkeep();
        if let Some(limit) = &context.limit {
            limit.tidy();
        }
    }
}
