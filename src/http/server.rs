//! The server's life: it accepts connections, drains, and closes.
//!
//! On the shutdown signal nothing is closed at first. New questions get a 503, `/readyz` says `draining`, and running
//! answers may finish; therefore the listener stays open. Then, or when `--drain` is over, running answers
//! are cut with an error event and the connections are closed.

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::pin;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use super::admission::Running;
use super::connections::Connections;
use super::rate_limit::RateLimit;
use super::{Context, HttpOptions, SharedContext, clock, metrics_router, router};
use crate::app::App;
use crate::metrics::Exposition;

/// How long connections may take to close after the last answer. A client that does not read gets no more time.
const CLOSING: Duration = Duration::from_secs(1);
/// How often recorded samples are sorted into their buckets, and idle clients of the rate limit are forgotten.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves on `listener` until `shutdown` completes, then drains; returns at most `--drain` and one second
/// later. The caller supplies both, so that tests can use port 0 and stop at any time. With a `metrics_listener`,
/// `/metrics` is served on that listener only, until this function returns.
///
/// # Errors
/// When the listener fails permanently.
pub(crate) async fn serve(
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
    app: App,
    exposition: Exposition,
    options: HttpOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (router, context) = router(Context {
        app,
        exposition,
        rate_limit: NonZeroU32::new(options.requests_per_minute).map(RateLimit::new),
        options,
        running: Running::new(),
        started: clock::unix_time().as_secs(),
        document: Default::default(),
        separate_metrics_port: metrics_listener.is_some(),
    });
    // These tasks end with this function: dropping the set aborts them.
    let mut background = JoinSet::new();
    background.spawn(run_upkeep(context.clone()));
    if let Some(listener) = metrics_listener {
        let mut connections = Connections::new(metrics_router(context.clone()));
        background.spawn(async move { match connections.accept(&listener).await {} });
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
        tracing::warn!("Some clients did not close their connections in time; the connections are dropped.");
    }
    Ok(())
}

/// Lets running answers finish, or cuts them when the time to drain is over.
async fn drain(context: &SharedContext) {
    context.app.start_draining();
    let (running, limit) = (
        context.running.count(),
        Duration::from_secs(context.options.drain),
    );
    tracing::info!(
        running,
        limit_seconds = limit.as_secs_f64(),
        "The server is draining."
    );
    if timeout(limit, context.running.finished()).await.is_err() {
        tracing::warn!(
            running = context.running.count(),
            "The time to drain is over; running answers are cut."
        );
        context.running.cut();
    }
}

async fn run_upkeep(context: SharedContext) {
    let mut ticks = interval(UPKEEP);
    loop {
        ticks.tick().await;
        if let Some(service) = context.app.service() {
            service.measure();
        }
        context.exposition.upkeep();
        if let Some(rate_limit) = &context.rate_limit {
            rate_limit.forget_idle_clients();
        }
    }
}
