//! Hugging Face as a source.
//!
//! Input: a model of the manifest. Output: its files in a folder, not verified. hf-hub has no time limit, so it runs in
//! a separate thread, and this thread gives up when it receives no progress for a while. The cache is in the same
//! folder as the result, so that no second copy stays in the user's home.

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

/// The public server. `HF_ENDPOINT` sets another, such as a company's mirror.
const ENDPOINT: &str = "https://huggingface.co";
/// The maximum time without progress.
const PATIENCE: Duration = Duration::from_secs(15);

/// A server with Hugging Face's API.
#[derive(Debug, Clone)]
pub struct HuggingFace {
    /// Scheme and host.
    pub endpoint: String,
    /// The maximum time without progress.
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

    /// The name of this source in messages.
    pub fn name(&self, model: &Model) -> String {
        format!("{}/{}", self.endpoint, model.hub.repo)
    }

    /// Downloads `files` into `staging`.
    pub fn fetch(&self, model: &Model, files: &[&ModelFile], staging: &Path) -> Result<()> {
        // The path must be absolute, because hf-hub creates symbolic links in its cache.
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
                // The thread has dropped its sender: it has succeeded or failed.
                Err(RecvTimeoutError::Disconnected) => break,
                // The thread keeps running. It holds only a connection and a file in a temporary folder.
                Err(RecvTimeoutError::Timeout) => {
                    bail!("it was silent for {} s", self.patience.as_secs_f32())
                }
            }
        }
        bar.finish();
        let outcome = worker
            .join()
            .map_err(|_| anyhow!("the download was interrupted"))?;
        // hf-hub's messages contain their cause. An error chain would repeat it.
        outcome.map_err(|error| anyhow!("{} could not be downloaded: {error}", file.name))
    }

    fn repo(&self, model: &Model, cache: PathBuf) -> Result<ApiRepo> {
        let api = ApiBuilder::from_cache(Cache::new(cache))
            .with_endpoint(self.endpoint.clone())
            // The models are public, so no token is sent.
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

/// Reports downloaded bytes. Ignores errors, because the receiver may have given up.
struct Reporter(Sender<u64>);

impl Progress for Reporter {
    fn init(&mut self, _size: usize, _name: &str) {}

    fn update(&mut self, bytes: usize) {
        self.0.send(bytes as u64).ok();
    }

    fn finish(&mut self) {}
}
