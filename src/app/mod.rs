//! The composition root: loads each stage in order, reports progress, and hands out the services for requests.
//!
//! [`App`] is the handle of the HTTP side; it exists before anything is loaded. Loading (`startup`) runs on its own
//! thread, while the probes already answer.

mod caching_encoder;
mod dataset;
mod memory;
mod reload;
mod saved_file;
mod selftest;
mod startup;
mod watch;
mod wording;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use caching_encoder::{CachingEncoder, UniqueVectors, embed};
pub(crate) use dataset::{load_dataset, passages_dir};
pub(crate) use reload::NotReloaded;
pub(crate) use startup::{pool, retriever};
pub(crate) use watch::watch;
pub(crate) use wording::{ENOUGH, known_share};

use crate::assistant::Assistant;
use crate::completion::Completer;
use crate::config::Config;
use crate::embedding::{Embedder, TokenCounter};
use crate::metrics;
use crate::panics;
use crate::retrieval::Retriever;
use crate::reviews::{Corpus, Reading};
use reload::ReloadInputs;

/// The state of the server. `/readyz` shows its text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Hashing the models' files.
    #[default]
    Verifying,
    /// Reading reviews and models.
    Loading,
    /// Embedding the reviews.
    Embedding {
        /// The number of texts that have vectors.
        done: usize,
        /// The number of all texts.
        total: usize,
    },
    /// Running the chat model for the first time.
    Warming,
    /// Requests are served.
    Ready,
    /// Running answers may end; new requests are refused.
    Draining,
    /// Loading failed; the process will end.
    Failed,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Phase::Verifying => f.write_str("verifying"),
            Phase::Loading => f.write_str("loading"),
            Phase::Embedding { done, total } => write!(f, "embedding {done}/{total}"),
            Phase::Warming => f.write_str("warming"),
            Phase::Ready => f.write_str("ready"),
            Phase::Draining => f.write_str("draining"),
            Phase::Failed => f.write_str("failed"),
        }
    }
}

/// Called with each phase of loading.
type Report<'a> = &'a dyn Fn(Phase);

/// The data that can be browsed and searched without the chat model. It is served as soon as it is loaded.
pub(crate) struct Catalogue {
    /// Finds evidence and products.
    pub retriever: Retriever,
    /// The reviews.
    pub corpus: Arc<Corpus>,
    /// Version, models and index, for `/info`.
    pub info: DatasetInfo,
}

/// Everything that serves requests once it is loaded.
pub(crate) struct Service {
    /// Answers questions.
    pub assistant: Assistant,
    /// The chat model without the reviews.
    pub completer: Completer,
    /// Embeds texts.
    pub embedder: Embedder,
    /// Counts the tokens of texts.
    pub counter: TokenCounter,
    /// The reviews that answers are based on.
    pub catalogue: Arc<Catalogue>,
    /// Everything that a reload needs.
    source: ReloadInputs,
}

/// Version, models and index, for `/info`.
#[derive(Debug, Clone)]
pub(crate) struct DatasetInfo {
    /// The version of this program.
    pub version: &'static str,
    /// The chat model's name.
    pub chat_model: String,
    /// The hash of its file; known only for a default model.
    pub chat_model_sha256: Option<String>,
    /// The embedding model's name.
    pub embedding_model: String,
    /// The hash of its weights.
    pub embedding_model_sha256: Option<String>,
    /// Numbers in one of its vectors.
    pub embedding_dimension: usize,
    /// `cpu` or `cuda`.
    pub device: &'static str,
    /// Threads that inference computes with.
    pub threads: usize,
    /// Passages in the index.
    pub passages: usize,
    /// The fingerprint of everything that the index was built from.
    pub index_fingerprint: String,
    /// What was understood of the files.
    pub reading: Arc<Reading>,
}

/// A handle to the server's state. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct App(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<AppState>,
    /// Locked by the running reload; there is at most one.
    reloading: Mutex<()>,
}

#[derive(Default)]
struct AppState {
    phase: Phase,
    /// Set before `service`; then the same as the service's own.
    catalogue: Option<Arc<Catalogue>>,
    service: Option<Arc<Service>>,
    /// Why loading failed.
    failure: Option<String>,
}

impl App {
    /// A server that has loaded nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The current phase.
    pub(crate) fn phase(&self) -> Phase {
        self.state().phase
    }

    /// Why loading failed; `None` if it has not.
    pub(crate) fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    /// The services for requests; `None` while no request is served.
    pub(crate) fn service(&self) -> Option<Arc<Service>> {
        self.state().service.clone()
    }

    /// The data that can be browsed and searched; `None` while nothing can.
    pub(crate) fn catalogue(&self) -> Option<Arc<Catalogue>> {
        self.state().catalogue.clone()
    }

    /// From now on, no new request is served. Loading that is in progress does not undo this.
    pub(crate) fn start_draining(&self) {
        let mut state = self.state();
        state.set_phase(Phase::Draining);
        state.catalogue = None;
        state.service = None;
    }

    /// Loads everything on the calling thread; then requests are served.
    ///
    /// # Errors
    /// The error of the stage that failed. The phase is then [`Phase::Failed`].
    pub(crate) fn load(&self, config: &Config) -> anyhow::Result<()> {
        let report = |phase| self.set_phase(phase);
        let load = || startup::service(config, &report, &|catalogue| self.open(catalogue));
        let loaded =
            panics::catch(load).unwrap_or_else(|cause| Err(anyhow::anyhow!("Loading gave up: {cause}")));
        match loaded {
            Ok(service) => {
                self.serve(service);
                Ok(())
            }
            Err(error) => {
                self.set_phase(Phase::Failed);
                let mut state = self.state();
                state.catalogue = None;
                state.failure = Some(error.to_string());
                Err(error)
            }
        }
    }

    /// The next request can browse and search this.
    fn open(&self, catalogue: Arc<Catalogue>) {
        let mut state = self.state();
        if state.phase != Phase::Draining {
            state.catalogue = Some(catalogue);
        }
    }

    /// The next request is served by this; running requests keep the services that they began with.
    fn serve(&self, service: Service) {
        let mut state = self.state();
        if state.phase != Phase::Draining {
            state.catalogue = Some(service.catalogue.clone());
            state.service = Some(Arc::new(service));
            state.set_phase(Phase::Ready);
        }
    }

    fn set_phase(&self, phase: Phase) {
        let mut state = self.state();
        if state.phase != Phase::Draining {
            state.set_phase(phase);
        }
    }

    /// The lock is held for a copy or a store only, never while something is computed or awaited.
    fn state(&self) -> MutexGuard<'_, AppState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AppState {
    fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
        metrics::SERVER_READY.set(&[], f64::from(phase == Phase::Ready));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draining_is_the_last_phase() {
        let app = App::new();
        assert_eq!(app.phase().to_string(), "verifying");
        app.set_phase(Phase::Embedding { done: 3, total: 7 });
        assert_eq!(app.phase().to_string(), "embedding 3/7");
        app.start_draining();
        app.set_phase(Phase::Warming);
        assert_eq!(app.phase(), Phase::Draining);
        assert!(app.service().is_none());
    }
}
