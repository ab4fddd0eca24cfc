//! Hugging Face as a source.
//!
//! In: a model of the manifest. Out: its files in a folder, unchecked. hf-hub downloads in a thread of its own and
//! has no time limit, so this side listens to its progress and gives up when nothing was heard for a while. Its cache
//! lives in the same folder as the result: no second copy stays in the user's home.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use hf_hub::api::Progress;
use hf_hub::api::sync::{ApiBuilder, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};

use crate::manifest::{Model, ModelFile};
use crate::progress;

/// The public server; `HF_ENDPOINT` names another, such as a company's mirror.
const ENDPOINT: &str = "https://huggingface.co";
/// How long to wait for the next sign of life.
const PATIENCE: Duration = Duration::from_secs(15);

/// A server that speaks Hugging Face's protocol.
#[derive(Debug, Clone)]
pub struct HuggingFace {
    /// Scheme and host.
    pub endpoint: String,
    /// How long to wait for the next sign of life.
    pub patience: Duration,
}

impl HuggingFace {
    /// The server that `HF_ENDPOINT` names, or the public one.
    pub fn from_env() -> Self {
        let endpoint = std::env::var("HF_ENDPOINT").unwrap_or_else(|_| ENDPOINT.to_string());
        Self {
            endpoint,
            patience: PATIENCE,
        }
    }

    /// How messages call a model's place there.
    pub fn name(&self, model: &Model) -> String {
        format!("{}/{}", self.endpoint, model.hub.repo)
    }

    /// Downloads `files` into `staging`.
    pub fn fetch(&self, model: &Model, files: &[&ModelFile], staging: &Path) -> Result<()> {
        // Absolute, because hf-hub makes symbolic links in its cache.
        let staging = staging.canonicalize()?;
        for file in files {
            let cached = self.download(model, file, staging.join("hub-cache"))?;
            fs::rename(fs::canonicalize(cached)?, staging.join(&file.name))?;
        }
        Ok(())
    }

    fn download(&self, model: &Model, file: &ModelFile, cache: PathBuf) -> Result<PathBuf> {
        let repo = self.repo(model, cache)?;
        let (sender, news) = mpsc::channel();
        let name = file.name.clone();
        let worker = thread::Builder::new()
            .name("hub".to_string())
            .spawn(move || repo.download_with_progress(&name, Reporter(sender)))?;
        let bar = progress::bar(&file.name, file.size);
        loop {
            match news.recv_timeout(self.patience) {
                Ok(bytes) => bar.inc(bytes),
                // The thread has let go of its reporter: it is done, one way or the other.
                Err(RecvTimeoutError::Disconnected) => break,
                // The thread is left behind; it holds nothing but a connection and a file that is about to go.
                Err(RecvTimeoutError::Timeout) => {
                    bail!("it was silent for {} s", self.patience.as_secs_f32())
                }
            }
        }
        bar.finish();
        let outcome = worker.join().map_err(|_| anyhow!("the download broke off"))?;
        // hf-hub's errors say their cause themselves; as a chain it would be said twice.
        outcome.map_err(|error| anyhow!("{} could not be downloaded: {error}", file.name))
    }

    fn repo(&self, model: &Model, cache: PathBuf) -> Result<ApiRepo> {
        let api = ApiBuilder::from_cache(Cache::new(cache))
            .with_endpoint(self.endpoint.clone())
            // The models are public: nobody's token is sent.
            .with_token(None)
            .build()?;
        let hub = &model.hub;
        Ok(api.repo(Repo::with_revision(
            hub.repo.clone(),
            RepoType::Model,
            hub.revision.clone(),
        )))
    }
}

/// Sends the bytes as they come; nobody may be listening any more.
struct Reporter(Sender<u64>);

impl Progress for Reporter {
    fn init(&mut self, _size: usize, _name: &str) {}

    fn update(&mut self, bytes: usize) {
        self.0.send(bytes as u64).ok();
    }

    fn finish(&mut self) {}
}
