//! `serve`: binds the port, answers probes, loads, answers requests, and drains.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::runtime;
use crate::app::{self, App};
use crate::config::Config;
use crate::{http, metrics};

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let runtime = runtime().context("The async runtime could not be started")?;
    let result = runtime.block_on(serve(config));
    // Connections that are open after the drain, and an interrupted start-up, are not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let exposition = metrics::install();
    let listener = listen(config.listen).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "Listening; the models are being loaded.");
    let metrics_listener = match config.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };

    let app = App::new();
    let (loaded, outcome) = oneshot::channel();
    let loader = (app.clone(), config.clone());
    std::thread::Builder::new()
        .name("loader".into())
        .spawn(move || {
            let (app, config) = loader;
            let outcome = app.load(&config);
            if outcome.is_ok() && std::io::stderr().is_terminal() {
                eprintln!("\n  Open http://{address} in a browser.\n");
            }
            // The receiver ends the process. It is gone if the process is already ending.
            drop(loaded.send(outcome));
        })
        .context("The loader thread could not be started")?;

    if config.watch > 0 {
        app::watch(app.clone(), config, Duration::from_secs(config.watch))
            .context("The thread that watches the reviews file could not be started")?;
    }
    let options = http::HttpOptions::new(config.clone());
    let stop = stop_signal()?;
    tokio::select! {
        served = http::serve(listener, metrics_listener, app, exposition, options, stop) => Ok(served?),
        error = failure(outcome) => Err(error),
    }
}

/// Resolves if loading fails, also where its thread ends without a word.
async fn failure(outcome: oneshot::Receiver<anyhow::Result<()>>) -> anyhow::Error {
    match outcome.await {
        Ok(Ok(())) => std::future::pending().await,
        Ok(Err(error)) => error,
        Err(_) => {
            anyhow::anyhow!("The thread that loads the models and the reviews ended before it was done")
        }
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener
        .with_context(|| format!("The server cannot listen on {address}; is another server running there?"))
}

/// Resolves on the first SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    Ok(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(
            signal = name,
            "Stopping: running answers may finish, new requests are rejected."
        );
    })
}
