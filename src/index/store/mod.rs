//! The index on disk, so that a second start with the same data embeds nothing.
//!
//! A snapshot is the folder `snapshot` inside the index folder: `header.json` (the fingerprint, and length and SHA-256
//! of every other file), the vectors, the row of every passage, and the graph's links. It is written beside the old one
//! and takes its place by renaming. A snapshot with any fault is not used, and no fault is fatal: the caller logs the
//! reason and builds the index again. Loading and saving run on the thread that starts the server.

mod files;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::dedup::DistinctRows;
use super::graph::{Graph, HNSW_RS};
use super::index_fingerprint::FORMAT;
use super::{Fingerprint, Index, Vectors};
use crate::digest;

const SNAPSHOT: &str = "snapshot";
const HEADER: &str = "header.json";
const VECTORS: &str = "vectors.f32";
const ROWS: &str = "rows.u32";
const GRAPH: &str = "graph.u32";

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: usize,
    fingerprint: Fingerprint,
    hnsw_rs: String,
    dimension: usize,
    rows: usize,
    passages: usize,
    graph: bool,
    files: BTreeMap<String, Sum>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sum {
    bytes: u64,
    sha256: String,
}

/// Why there is no usable snapshot. In all cases the caller builds the index.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// Nothing was saved yet.
    #[error("there is no snapshot in {} yet", dir.display())]
    Absent {
        /// The index folder.
        dir: PathBuf,
    },
    /// It was made from other inputs.
    #[error("the snapshot in {} was made from other data, another model or by another version", dir.display())]
    Stale {
        /// The index folder.
        dir: PathBuf,
    },
    /// A file is not as it was written.
    #[error("the snapshot is damaged: {} {what}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// Why a snapshot could not be written. The index in memory is not affected.
#[derive(Debug, thiserror::Error)]
#[error(
    "the snapshot cannot be written to {}: {source}; make the folder writable, or every start embeds all reviews",
    dir.display()
)]
pub(crate) struct NotSaved {
    /// The index folder.
    pub dir: PathBuf,
    /// The operating system's error.
    pub source: std::io::Error,
}

/// Loads the index from this folder, if its fingerprint is this one.
///
/// # Errors
/// See [`Unusable`].
pub(crate) fn load(dir: &Path, fingerprint: &Fingerprint) -> Result<Index, Unusable> {
    let snapshot = dir.join(SNAPSHOT);
    let header = read_header(dir, &snapshot)?;
    if (header.format, &header.fingerprint, header.hnsw_rs.as_str()) != (FORMAT, fingerprint, HNSW_RS) {
        return Err(Unusable::Stale { dir: dir.into() });
    }
    for file in file_names(header.graph) {
        verify(&snapshot.join(file), header.files.get(file))?;
    }
    let values =
        files::read(&snapshot.join(VECTORS), f32::from_le_bytes).map_err(damaged(&snapshot, VECTORS))?;
    let rows = Vectors::from_values(header.dimension, values).filter(|rows| rows.len() == header.rows);
    let rows = rows.ok_or_else(|| damaged(&snapshot, HEADER)("counts other vectors than there are"))?;
    let of_passages =
        files::read(&snapshot.join(ROWS), u32::from_le_bytes).map_err(damaged(&snapshot, ROWS))?;
    let passages =
        DistinctRows::from_rows(of_passages, rows.len()).filter(|all| all.len() == header.passages);
    let passages =
        passages.ok_or_else(|| damaged(&snapshot, HEADER)("counts other passages than there are"))?;
    let graph = header.graph.then(|| read_graph(&snapshot, rows.len()));
    Ok(Index::of_parts(rows, passages, graph.transpose()?))
}

fn read_graph(snapshot: &Path, rows: usize) -> Result<Graph, Unusable> {
    let numbers = files::read(&snapshot.join(GRAPH), u32::from_le_bytes).map_err(damaged(snapshot, GRAPH))?;
    Graph::from_numbers(&numbers, rows)
        .ok_or_else(|| damaged(snapshot, GRAPH)("leads to rows that are not there"))
}

/// Writes the index into this folder, in place of the snapshot that is there.
///
/// # Errors
/// See [`NotSaved`]. Whatever fails, [`load`] never gets a half-written snapshot: it finds the old one, the new one or
/// none. As a rule that is the old one. It is the new one if only the last sync failed, which makes the renaming
/// durable, and none if the new one could not be renamed into place and the old one could not be renamed back.
pub(crate) fn save(dir: &Path, fingerprint: &Fingerprint, index: &Index) -> Result<(), NotSaved> {
    let written = files::replace(dir, SNAPSHOT, |new| {
        files::write(&new.join(VECTORS), index.rows.values(), f32::to_le_bytes)?;
        files::write(&new.join(ROWS), index.passages.rows(), u32::to_le_bytes)?;
        if let Some(graph) = &index.graph {
            files::write(&new.join(GRAPH), &graph.to_numbers(), u32::to_le_bytes)?;
        }
        let sum = |file: &str| {
            let (bytes, sha256) = digest::of_reader(File::open(new.join(file))?)?;
            Ok((file.to_string(), Sum { bytes, sha256 }))
        };
        let header = Header {
            format: FORMAT,
            fingerprint: fingerprint.clone(),
            hnsw_rs: HNSW_RS.into(),
            dimension: index.rows.dimension(),
            rows: index.rows.len(),
            passages: index.len(),
            graph: index.graph.is_some(),
            files: file_names(index.graph.is_some())
                .map(sum)
                .collect::<std::io::Result<_>>()?,
        };
        std::fs::write(new.join(HEADER), serde_json::to_vec_pretty(&header)?)
    });
    written.map_err(|source| NotSaved {
        dir: dir.into(),
        source,
    })
}

/// The files whose checksums are in the header.
fn file_names(graph: bool) -> impl Iterator<Item = &'static str> {
    [VECTORS, ROWS].into_iter().chain(graph.then_some(GRAPH))
}

fn read_header(dir: &Path, snapshot: &Path) -> Result<Header, Unusable> {
    match std::fs::read(snapshot.join(HEADER)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(damaged(snapshot, HEADER)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Unusable::Absent { dir: dir.into() })
        }
        Err(error) => Err(damaged(snapshot, HEADER)(error)),
    }
}

fn verify(path: &Path, promised: Option<&Sum>) -> Result<(), Unusable> {
    let damaged = |what: String| Unusable::Damaged {
        file: path.into(),
        what,
    };
    let digest = File::open(path).and_then(digest::of_reader);
    let (bytes, sha256) = digest.map_err(|error| damaged(format!("cannot be read: {error}")))?;
    match promised {
        Some(sum) if *sum == (Sum { bytes, sha256 }) => Ok(()),
        Some(sum) if sum.bytes != bytes => Err(damaged(format!(
            "has {bytes} bytes where {} were written",
            sum.bytes
        ))),
        Some(_) => Err(damaged("is not what was written: its checksum differs".into())),
        None => Err(damaged("is not in the header".into())),
    }
}

/// Makes an [`Unusable::Damaged`] of an error with a file.
fn damaged<E: std::fmt::Display>(snapshot: &Path, file: &str) -> impl FnOnce(E) -> Unusable {
    let file = snapshot.join(file);
    move |what| Unusable::Damaged {
        file,
        what: format!("cannot be used: {what}"),
    }
}

#[cfg(test)]
mod tests;
