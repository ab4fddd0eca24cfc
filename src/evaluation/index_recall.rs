//! Recall and latency of HNSW, compared with the exact scan.

use std::fmt;
use std::time::Instant;

use serde::Serialize;

use crate::index::{Hit, Index};

/// HNSW, compared with the exact scan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Recall {
    /// The number of nearest passages per query.
    pub k: usize,
    /// The number of queries.
    pub queries: usize,
    /// The number of passages in the index.
    pub passages: usize,
    /// The number of different vectors among them.
    pub rows: usize,
    /// The share of the exact scan's hits that HNSW also finds.
    pub recall: f64,
    /// The search that the server uses at this size: `hnsw` or `exact`.
    pub serves: &'static str,
    /// The latency of HNSW.
    pub hnsw: Latency,
    /// The latency of the exact scan.
    pub exact: Latency,
    /// HNSW with other widths of search than the server's.
    pub curve: Vec<Point>,
}

/// HNSW with one width of search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Point {
    /// The number of candidates during the search (`ef`).
    pub width: usize,
    /// The share of the exact scan's hits that it also finds.
    pub recall: f64,
    /// Its latency.
    #[serde(flatten)]
    pub latency: Latency,
}

/// The latency of a search in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Latency {
    /// The median.
    pub median_ms: f64,
    /// The 95th percentile.
    pub p95_ms: f64,
}

impl fmt::Display for Recall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "recall@{} {:.4} over {} questions",
            self.k, self.recall, self.queries
        )?;
        writeln!(f, "{} passages, {} different vectors", self.passages, self.rows)?;
        writeln!(f, "{:<8}{:>12}{:>12}", "", "median ms", "p95 ms")?;
        for (name, latency) in [("hnsw", self.hnsw), ("exact", self.exact)] {
            let serves = if name == self.serves { "  serves" } else { "" };
            writeln!(
                f,
                "{name:<8}{:>12.3}{:>12.3}{serves}",
                latency.median_ms, latency.p95_ms
            )?;
        }
        writeln!(
            f,
            "{:<8}{:>12}{:>12}{:>12}",
            "width", "recall", "median ms", "p95 ms"
        )?;
        for Point {
            width,
            recall,
            latency,
        } in &self.curve
        {
            let Latency { median_ms, p95_ms } = latency;
            writeln!(f, "{width:<8}{recall:>12.4}{median_ms:>12.3}{p95_ms:>12.3}")?;
        }
        Ok(())
    }
}

/// The widths of search in the curve.
const WIDTHS: [usize; 9] = [16, 32, 48, 64, 96, 128, 192, 256, 512];

/// Searches for the `k` nearest passages of every query with both, one query after another.
pub(crate) fn recall(index: &Index, queries: &[Vec<f32>], k: usize) -> Recall {
    let mut times = Vec::new();
    let exact: Vec<Vec<Hit>> = queries
        .iter()
        .map(|query| timed(&mut times, || index.search_exact(query, k)))
        .collect();
    let measured = |search: &dyn Fn(&[f32]) -> Vec<Hit>| {
        let mut times = Vec::new();
        let found: Vec<Vec<Hit>> = queries
            .iter()
            .map(|query| timed(&mut times, || search(query)))
            .collect();
        (share(&found, &exact), latency(times))
    };
    let point = |width| {
        let (recall, latency) = measured(&|query| index.search_wide(query, k, width));
        Point {
            width,
            recall,
            latency,
        }
    };
    let (recall, hnsw) = measured(&|query| index.search_graph(query, k));
    Recall {
        k,
        queries: queries.len(),
        passages: index.len(),
        rows: index.rows().len(),
        recall,
        serves: if index.serves_exactly() { "exact" } else { "hnsw" },
        hnsw,
        exact: latency(times),
        curve: WIDTHS.map(point).into(),
    }
}

/// The share of the expected hits that were found, over all queries; 1 if no hit was expected.
fn share(found: &[Vec<Hit>], expected: &[Vec<Hit>]) -> f64 {
    let hits = found.iter().zip(expected);
    let hits = hits.map(|(found, expected)| expected.iter().filter(|hit| found.contains(hit)).count());
    let of: usize = expected.iter().map(Vec::len).sum();
    if of == 0 {
        1.0
    } else {
        hits.sum::<usize>() as f64 / of as f64
    }
}

/// Queries for an index without any: `count` of its own vectors, evenly spaced, each moved by `noise` times its length
/// in a direction that depends only on its number.
pub(crate) fn perturbed(index: &Index, count: usize, noise: f32) -> Vec<Vec<f32>> {
    let rows = index.rows();
    let count = count.min(rows.len());
    (0..count)
        .map(|i| moved(rows.row(i * rows.len() / count), i as u64 + 1, noise))
        .collect()
}

fn moved(vector: &[f32], seed: u64, noise: f32) -> Vec<f32> {
    // Xorshift (Marsaglia 2003): the direction must be reproducible, and need not be very random.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let direction: Vec<f32> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    })
    .take(vector.len())
    .collect();
    let length = |values: &[f32]| values.iter().map(|x| x * x).sum::<f32>().sqrt();
    let scale = noise / length(&direction);
    let moved: Vec<f32> = vector
        .iter()
        .zip(&direction)
        .map(|(x, d)| x + scale * d)
        .collect();
    let length = length(&moved);
    moved.into_iter().map(|x| x / length).collect()
}

fn timed(times: &mut Vec<f64>, search: impl FnOnce() -> Vec<Hit>) -> Vec<Hit> {
    let started = Instant::now();
    let hits = search();
    times.push(started.elapsed().as_secs_f64() * 1e3);
    hits
}

fn latency(mut times: Vec<f64>) -> Latency {
    times.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        times
            .get((times.len() as f64 * share) as usize)
            .copied()
            .unwrap_or(0.0)
    };
    Latency {
        median_ms: at(0.5),
        p95_ms: at(0.95),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Vectors;
    use crate::kernels::testing::Random;

    fn index(count: usize) -> Index {
        let mut random = Random(1);
        let rows = (0..count).map(|_| moved(&[0.0; 16], random.bits(), 1.0));
        Index::build(Vectors::from_rows(16, rows)).with_graph()
    }

    #[test]
    fn a_small_index_finds_all_and_is_served_by_the_exact_scan() {
        let index = index(200);
        let queries = perturbed(&index, 40, 0.3);
        let result = recall(&index, &queries, 10);
        assert_eq!(
            (result.k, result.queries, result.passages, result.rows),
            (10, 40, 200, 200)
        );
        assert!(result.recall > 0.99 && result.recall <= 1.0, "{result}");
        assert_eq!(result.serves, "exact");
        assert!(result.to_string().contains("recall@10"), "{result}");
        assert!(result.hnsw.median_ms <= result.hnsw.p95_ms);
        let recalls: Vec<f64> = result.curve.iter().map(|point| point.recall).collect();
        // The widest search visits every row.
        assert!(recalls[0] > 0.5 && recalls.last() == Some(&1.0), "{recalls:?}");
    }

    #[test]
    fn perturbed_queries_are_near_their_row_and_reproducible() {
        let index = index(50);
        let queries = perturbed(&index, 25, 0.2);
        assert_eq!(queries, perturbed(&index, 25, 0.2));
        for (i, query) in queries.iter().enumerate() {
            let best = index.search_exact(query, 1)[0];
            assert_eq!(best.passage, i * 2);
            assert!(best.score > 0.95 && best.score < 0.999, "{}", best.score);
        }
        assert_eq!(perturbed(&index, 500, 0.2).len(), 50);
    }

    #[test]
    fn percentiles_of_known_times() {
        let times: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!(
            latency(times),
            Latency {
                median_ms: 50.0,
                p95_ms: 95.0
            }
        );
        assert_eq!(
            latency(vec![]),
            Latency {
                median_ms: 0.0,
                p95_ms: 0.0
            }
        );
    }
}
