//! The HNSW graph over the rows (Malkov and Yashunin 2016, <https://arxiv.org/abs/1603.09320>), by hnsw_rs.
//!
//! hnsw_rs keeps a copy of every point it is given, so it is given row numbers: a point is `[row]`, and the distance
//! looks the vector up. A query is no row; it comes as the bits of its numbers.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hnsw_rs::anndists::dist::Distance;
use hnsw_rs::api::AnnT;
use hnsw_rs::hnsw::Hnsw;
use hnsw_rs::hnswio::HnswIo;

use super::vectors::dot_by;
use super::{Scored, Vectors, dot};

/// Links of a point on the upper layers; twice as many on the lowest. With the two widths below, recall@10 is 0.989 on
/// 23,800 different sentences of real reviews; 16 links and a width of building of 100 halve the time of building, to
/// 9 s, and give 0.980.
pub(super) const LINKS: usize = 24;
/// Candidates kept while a point is inserted.
pub(super) const WIDTH_OF_BUILDING: usize = 200;
/// Candidates kept while a query is answered, or as many as the query asks for where that is more.
pub(super) const WIDTH_OF_SEARCH: usize = 128;
/// What the two files of a dump are called: hnsw_rs appends its own endings to `graph`.
pub(super) const FILES: [&str; 2] = ["graph.hnsw.graph", "graph.hnsw.data"];
/// Layers at most; hnsw_rs writes a dump only of a graph that has all 16.
const LAYERS: usize = 16;

/// An HNSW graph over rows of [`Vectors`].
pub(super) struct Graph {
    hnsw: Hnsw<'static, u32, Cosine>,
}

impl Graph {
    /// Inserts the rows one after another. In parallel it would be faster and different every time; this way the
    /// layers, which hnsw_rs draws from a seed of its own, and the links are the same for the same rows.
    pub(super) fn build(rows: &Arc<Vectors>) -> Self {
        let hnsw = Hnsw::new(
            LINKS,
            rows.len(),
            LAYERS,
            WIDTH_OF_BUILDING,
            Cosine(Arc::clone(rows)),
        );
        for row in 0..rows.len() {
            hnsw.insert((&[row as u32], row));
        }
        Self { hnsw }
    }

    /// About the `k` best rows, best first.
    pub(super) fn search(&self, query: &[f32], k: usize) -> Vec<Scored> {
        let bits: Vec<u32> = query.iter().map(|x| x.to_bits()).collect();
        let found = self.hnsw.search(&bits, k, WIDTH_OF_SEARCH.max(k));
        let rows = self.hnsw.get_distance();
        // Scored anew: a distance is cut off at 0, a score is what the exact scan says.
        let score = |row| Scored {
            row,
            score: dot(query, rows.0.row(row)),
        };
        let mut scored: Vec<Scored> = found.into_iter().map(|neighbour| score(neighbour.d_id)).collect();
        scored.sort_unstable_by(Scored::order);
        scored
    }

    /// Writes [`FILES`] into a folder.
    pub(super) fn dump(&self, dir: &Path) -> io::Result<()> {
        // hnsw_rs panics where it cannot open a file, so that is tried first.
        for file in FILES {
            std::fs::File::create(dir.join(file))?;
        }
        self.hnsw
            .file_dump(dir, "graph")
            .map(|_| ())
            .map_err(io::Error::other)
    }

    /// Reads [`FILES`] from a folder. hnsw_rs trusts what it reads, up to ending the process: the files must be known
    /// to be what [`Graph::dump`] wrote for these rows.
    pub(super) fn load(dir: &Path, rows: &Arc<Vectors>) -> io::Result<Self> {
        let hnsw = reader(dir)
            .load_hnsw_with_dist(Cosine(Arc::clone(rows)))
            .map_err(io::Error::other)?;
        if hnsw.get_nb_point() != rows.len() {
            return Err(io::Error::other(format!(
                "{} points for {} rows",
                hnsw.get_nb_point(),
                rows.len()
            )));
        }
        Ok(Self { hnsw })
    }
}

/// The reader of a folder's dumps. hnsw_rs lets a graph live no longer than its reader, for the sake of memory maps
/// that are not used here; so there is one reader a folder, kept for as long as the process runs, and not one a load.
fn reader(dir: &Path) -> &'static HnswIo {
    static READERS: Mutex<BTreeMap<PathBuf, &'static HnswIo>> = Mutex::new(BTreeMap::new());
    let mut readers = READERS.lock().unwrap_or_else(PoisonError::into_inner);
    readers
        .entry(dir.to_path_buf())
        .or_insert_with(|| Box::leak(Box::new(HnswIo::new(dir, "graph"))))
}

/// Cosine distance between rows, or between a query and a row. hnsw_rs' own distance for unit vectors panics where
/// rounding takes a product too far above 1; this one is cut off there.
struct Cosine(Arc<Vectors>);

impl Distance<u32> for Cosine {
    fn eval(&self, left: &[u32], right: &[u32]) -> f32 {
        let similarity = match (left, right) {
            (&[left], &[right]) => dot(self.0.row(left as usize), self.0.row(right as usize)),
            (query, &[row]) | (&[row], query) => {
                dot_by(query, self.0.row(row as usize), |&bits| f32::from_bits(bits))
            }
            _ => unreachable!("hnsw_rs compares points with points and one query with points"),
        };
        (1.0 - similarity).max(0.0)
    }
}
