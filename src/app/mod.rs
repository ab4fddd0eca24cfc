//! The composition root: loads each stage in order, says how far it is, and hands out what serves requests.
//!
//! [`App`] is the handle that the HTTP side holds from before anything is loaded. Loading runs on a thread of its
//! own (`startup`) while the probes already answer.

mod caching_encoder;
mod startup;
mod memory;
mod reload;
mod selftest;
mod dataset;
mod watch;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use caching_encoder::{CachingEncoder, UniqueVectors, embed};
pub use dataset::{Dataset, load_dataset, passages_dir};
pub use reload::{NotReloaded, Reloaded};
pub use startup::pool;
pub use watch::watch;

use crate::assistant::Assistant;
use crate::completion::Completer;
use crate::config::Config;
use crate::embedding::{Embedder, TokenCounter};
use crate::metrics;
use crate::retrieval::Retriever;
use crate::reviews::Corpus;
use reload::ReloadInputs;

/// How far the server is. Its text is what `/readyz` shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// Hashing the models' files.
    #[default]
    Verifying,
    /// Reading reviews and models.
    Loading,
    /// Embedding the reviews.
    CachingEncoder {
        /// So many passages are done.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// Running the chat model for the first time.
    Warming,
    /// A request would be served.
    Ready,
    /// Running answers may end; new ones are refused.
    Draining,
    /// Loading failed; the process is about to end.
    Failed,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Phase::Verifying => f.write_str("verifying"),
            Phase::Loading => f.write_str("loading"),
            Phase::CachingEncoder { done, total } => write!(f, "embedding {done}/{total}"),
            Phase::Warming => f.write_str("warming"),
            Phase::Ready => f.write_str("ready"),
            Phase::Draining => f.write_str("draining"),
            Phase::Failed => f.write_str("failed"),
        }
    }
}

/// Who is told how far loading is.
type Report<'a> = &'a dyn Fn(Phase);

/// What is there to be browsed and searched, without the chat model: it is served as soon as it stands.
pub struct Catalogue {
    /// Finds evidence and products.
    pub retriever: Retriever,
    /// The reviews.
    pub corpus: Arc<Corpus>,
    /// What runs here.
    pub info: DatasetInfo,
}

/// What serves requests once all is loaded.
pub struct Service {
    /// Answers questions.
    pub assistant: Assistant,
    /// The chat model by itself.
    pub completer: Completer,
    /// Embeds texts.
    pub embedder: Embedder,
    /// Counts their tokens.
    pub counter: TokenCounter,
    /// What answers rest on.
    pub catalogue: Arc<Catalogue>,
    /// Where new reviews come from.
    source: ReloadInputs,
}

/// What runs here, for `/info`.
#[derive(Debug, Clone)]
pub struct DatasetInfo {
    /// Of this program.
    pub version: &'static str,
    /// The chat model's name.
    pub chat_model: String,
    /// Of its file; known of a default model.
    pub chat_model_sha256: Option<String>,
    /// The embedding model's name.
    pub embedding_model: String,
    /// Of its weights.
    pub embedding_model_sha256: Option<String>,
    /// `cpu` or `cuda`.
    pub device: &'static str,
    /// Threads that inference computes with.
    pub threads: usize,
    /// Passages in the index.
    pub passages: usize,
    /// What the index was built from.
    pub index_fingerprint: String,
}

/// A handle to the server's state. Cheap to clone.
#[derive(Clone, Default)]
pub struct App(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<AppState>,
    /// Held by the one reload that there is at a time.
    reloading: Mutex<()>,
}

#[derive(Default)]
struct AppState {
    phase: Phase,
    /// There before `service` is, and the same as its own from then on.
    catalogue: Option<Arc<Catalogue>>,
    service: Option<Arc<Service>>,
}

impl App {
    /// A server that has loaded nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        self.state().phase
    }

    /// What serves requests; `None` while none would be served.
    pub fn service(&self) -> Option<Arc<Service>> {
        self.state().service.clone()
    }

    /// What may be browsed and searched; `None` while nothing may be.
    pub fn catalogue(&self) -> Option<Arc<Catalogue>> {
        self.state().catalogue.clone()
    }

    /// From now on no new request is served. Loading that is under way does not undo this.
    pub fn start_draining(&self) {
        let mut state = self.state();
        state.enter(Phase::Draining);
        state.catalogue = None;
        state.service = None;
    }

    /// Loads everything on the calling thread; then requests are served.
    ///
    /// # Errors
    /// Whatever a stage says. The phase is then [`Phase::Failed`].
    pub fn load(&self, config: &Config) -> anyhow::Result<()> {
        match startup::service(config, &|phase| self.enter(phase), &|catalogue| {
            self.open(catalogue)
        }) {
            Ok(service) => {
                self.serve(service);
                Ok(())
            }
            Err(error) => {
                self.fail();
                Err(error)
            }
        }
    }

    /// Lets this be browsed and searched from the next request on.
    fn open(&self, catalogue: Arc<Catalogue>) {
        let mut state = self.state();
        if state.phase != Phase::Draining {
            state.catalogue = Some(catalogue);
        }
    }

    fn fail(&self) {
        self.enter(Phase::Failed);
        self.state().catalogue = None;
    }

    /// Serves this from the next request on; requests that run keep what they began with.
    fn serve(&self, service: Service) {
        let mut state = self.state();
        if state.phase != Phase::Draining {
            state.catalogue = Some(service.catalogue.clone());
            state.service = Some(Arc::new(service));
            state.enter(Phase::Ready);
        }
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        if state.phase != Phase::Draining {
            state.enter(phase);
        }
    }

    /// The lock is held for a copy or a store only, never while something is computed or awaited.
    fn state(&self) -> MutexGuard<'_, AppState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AppState {
    fn enter(&mut self, phase: Phase) {
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
        app.enter(Phase::CachingEncoder { done: 3, total: 7 });
        assert_eq!(app.phase().to_string(), "embedding 3/7");
        app.start_draining();
        app.enter(Phase::Warming);
        assert_eq!(app.phase(), Phase::Draining);
        assert!(app.service().is_none());
    }
}
