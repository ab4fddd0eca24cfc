//! New reviews while questions are answered: a new index is built beside the one being served and takes its place.
//!
//! A question is answered from the data that was served when it arrived; the next question gets the new data. Only
//! texts without a stored vector are embedded, by the `embedder` thread, between questions. A file that cannot be used
//! changes nothing. Runs on the calling thread, which waits for all of this.

use std::sync::{PoisonError, TryLockError};
use std::time::Instant;

use candle_core::Device;

use super::caching_encoder::CachingEncoder;
use super::dataset;
use super::{App, Catalogue, Phase, Service};
use crate::config::Config;
use crate::embedding::Embedder;
use crate::metrics;
use crate::panics;

/// What a reload needs besides the file.
#[derive(Clone)]
pub(super) struct ReloadInputs {
    pub config: Config,
    pub embedder: Embedder,
    /// The [fingerprint](crate::embedding::fingerprint()) of the embedding model.
    pub model: String,
    /// Numbers in a vector.
    pub dimension: usize,
    /// The device that models compute on.
    pub device: Device,
}

/// The result of a reload.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reloaded {
    /// Whether the file differs from what was served before.
    pub changed: bool,
    /// Number of reviews that are served now.
    pub reviews: usize,
    /// Number of their products.
    pub products: usize,
    /// Passages in the index.
    pub passages: usize,
    /// Number of texts that were embedded.
    pub embedded: usize,
    /// Duration in seconds.
    pub seconds: f64,
}

/// Why nothing was reloaded; the previous reviews are still served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReloaded {
    /// Nothing is served yet, or nothing is served any more.
    #[error("the server is not ready: {0}")]
    NotReady(Phase),
    /// Another reload is running.
    #[error("the reviews are being reloaded already; ask again when that is done")]
    Busy,
    /// The file cannot be used, or its texts cannot be embedded.
    #[error("{0:#}")]
    Unusable(anyhow::Error),
}

impl App {
    /// Reads the reviews' file again and serves its content.
    ///
    /// # Errors
    /// See [`NotReloaded`]; it is logged too.
    pub(crate) fn reload(&self) -> Result<Reloaded, NotReloaded> {
        let _alone = match self.0.reloading.try_lock() {
            Ok(alone) => alone,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(TryLockError::WouldBlock) => return Err(NotReloaded::Busy),
        };
        let serving = self
            .service()
            .ok_or_else(|| NotReloaded::NotReady(self.phase()))?;
        // A library may panic over a damaged file; that changes as little as any other failure.
        let outcome = panics::catch(|| self.replace(&serving));
        let outcome = outcome.unwrap_or_else(|cause| {
            Err(NotReloaded::Unusable(anyhow::anyhow!(
                "the reload gave up: {cause}"
            )))
        });
        let label = match &outcome {
            Ok(Reloaded { changed: true, .. }) => "changed",
            Ok(_) => "unchanged",
            Err(_) => "failed",
        };
        metrics::INDEX_RELOADS_TOTAL.add(&[label], 1);
        match &outcome {
            Ok(done) => tracing::info!(
                changed = done.changed,
                reviews = done.reviews,
                embedded = done.embedded,
                seconds = done.seconds,
                "The reviews were reloaded."
            ),
            Err(error) => tracing::error!(
                %error,
                "The reviews could not be reloaded; the previous ones are still served."
            ),
        }
        outcome
    }

    fn replace(&self, serving: &Service) -> Result<Reloaded, NotReloaded> {
        let started = Instant::now();
        let source = &serving.source;
        let mut encode = |texts: &[&str]| source.embedder.embed_passages(texts);
        let mut embedding = CachingEncoder {
            encode: &mut encode,
            dimension: source.dimension,
            kept: Some((source.config.index_dir.as_path(), source.model.as_str())),
        };
        let reading = dataset::read(&source.config, &source.model).map_err(NotReloaded::Unusable)?;
        let changed = reading.fingerprint.as_str() != serving.catalogue.info.index_fingerprint;
        let reloaded = |catalogue: &Catalogue, embedded| Reloaded {
            changed,
            reviews: catalogue.corpus.reviews.len(),
            products: catalogue.corpus.products.len(),
            passages: catalogue.info.passages,
            embedded,
            seconds: started.elapsed().as_secs_f64(),
        };
        if !changed {
            return Ok(reloaded(&serving.catalogue, 0));
        }
        let dataset = dataset::embed_dataset(
            &source.config,
            reading,
            &source.model,
            source.embedder.words(),
            &mut embedding,
            &|_| {},
        )
        .map_err(NotReloaded::Unusable)?;
        let embedded = dataset.embedded;
        let service = serving.with(dataset).map_err(NotReloaded::Unusable)?;
        let reloaded = reloaded(&service.catalogue, embedded);
        self.serve(service);
        Ok(reloaded)
    }
}
