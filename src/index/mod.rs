//! The vector index: unit vectors in; for a question's vector, the nearest passages out.
//!
//! An [`Index`] never changes after [`Index::build`]. It is shared by `Arc` and searched from any thread; a new index
//! replaces it by swapping the `Arc`. A search first compares rows of eight bits per number (`quantized`) and then
//! scores the best ones in `f32`. Above [`EXACT_UP_TO`] rows it compares only those that an HNSW graph leads to. One
//! thread builds the index, because the order of insertion decides what an HNSW graph finds: the same vectors always
//! give the same index and the same results, and so does its [snapshot](store). Only the snapshot's files can fail.

mod dedup;
mod exact;
mod graph;
mod index_fingerprint;
mod postings;
mod quantized;
mod recall_monitor;
mod review_index;
pub(crate) mod store;
mod vectors;

use dedup::DistinctRows;
use graph::Graph;
pub(crate) use index_fingerprint::Fingerprint;
pub(crate) use postings::Postings;
use quantized::{QuantizedQuery, QuantizedRows};
use recall_monitor::RecallMonitor;
pub(crate) use review_index::{
    IndexQuery, PassageFeatures, PassageFilter, ProductFeatures, QueryWord, ReviewIndex, title_text,
};
pub(crate) use vectors::Vectors;
pub(crate) use vectors::dot;

/// With at most this many rows, a search reads every row and misses nothing. Measured on passages of real reviews with
/// 384 numbers each, for 10 hits on one core: at 1,500 rows the scan takes 0.04 ms and HNSW 0.06 ms, at 9,300 rows 0.32
/// and 0.14 ms, at 21,900 rows 0.57 and 0.17 ms, at 90,300 rows 3.1 and 0.27 ms. Up to this limit the scan costs less
/// than any other part of a search.
pub(crate) const EXACT_UP_TO: usize = 10_000;

/// The vectors of all passages. Passages with equal vectors, such as equal sentences, share a row: a search by
/// HNSW gets stuck among copies, since a copy's neighbours are all copies.
pub(crate) struct Index {
    rows: Vectors,
    /// The rows in eight bits per number, for the first comparison.
    codes: QuantizedRows,
    passages: DistinctRows,
    /// `None` if every search reads all rows.
    graph: Option<Graph>,
}

/// A passage in the result of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    /// The passage's position among the vectors the index was built from.
    pub passage: usize,
    /// Cosine similarity to the question, at most 1.
    pub score: f32,
}

impl Index {
    /// Indexes one vector of length 1 for each passage.
    pub(crate) fn build(vectors: Vectors) -> Self {
        let passages = vectors.len() as u32;
        Self::build_from_rows(vectors, (0..passages).collect())
    }

    /// Indexes passages that share vectors: `rows` gives the number of each passage's vector, so that a text that
    /// occurs in many passages needs one vector. Vectors are in the order in which the passages first use them.
    ///
    /// # Panics
    /// If `rows` has a number without a vector.
    pub(crate) fn build_from_rows(vectors: Vectors, rows: Vec<u32>) -> Self {
        let (rows, passages) = DistinctRows::deduplicate(vectors, rows);
        let index = Self::of_parts(rows, passages, None);
        if index.serves_exactly() {
            index
        } else {
            index.with_graph()
        }
    }

    /// Adds an HNSW graph, even if there are few rows.
    #[must_use]
    pub(crate) fn with_graph(mut self) -> Self {
        self.graph = self.graph.or_else(|| Graph::build(&self.codes));
        self
    }

    fn of_parts(rows: Vectors, passages: DistinctRows, graph: Option<Graph>) -> Self {
        Self {
            codes: QuantizedRows::new(&rows),
            rows,
            passages,
            graph,
        }
    }

    /// The `k` nearest passages, best first, equal scores in the order of passages. Above [`EXACT_UP_TO`] rows they are
    /// found by HNSW, which may miss a few per cent of the nearest.
    ///
    /// # Panics
    /// If the query has another dimension than the index.
    pub(crate) fn search(&self, query: &[f32], k: usize) -> Vec<Hit> {
        if self.serves_exactly() {
            self.search_exact(query, k)
        } else {
            self.search_graph(query, k)
        }
    }

    /// [`Index::search`] by HNSW. The result is exact only if there is no graph.
    pub(crate) fn search_graph(&self, query: &[f32], k: usize) -> Vec<Hit> {
        // The last of the `k` are found as reliably as the first only if more than `k` rows are kept.
        self.search_wide(query, k, graph::EF_SEARCH.max(2 * k))
    }

    /// [`Index::search_graph`] with `width` rows kept during the search (`ef` in the literature): more rows give a
    /// better result and take longer.
    pub(crate) fn search_wide(&self, query: &[f32], k: usize, width: usize) -> Vec<Hit> {
        let Some(graph) = &self.graph else {
            return self.search_exact(query, k);
        };
        self.check(query);
        let rows = graph.search(&self.codes, &QuantizedQuery::new(query).codes, width.max(k));
        let mut scored: Vec<Scored> = rows
            .into_iter()
            .map(|row| self.scored(query, row as usize))
            .collect();
        scored.sort_unstable_by(Scored::order);
        self.hits(scored, k)
    }

    /// Exactly the `k` nearest passages, found by reading every row.
    ///
    /// # Panics
    /// If the query has another dimension than the index.
    pub(crate) fn search_exact(&self, query: &[f32], k: usize) -> Vec<Hit> {
        self.check(query);
        self.hits(exact::search(&self.rows, &self.codes, query, k), k)
    }

    /// Whether [`Index::search`] reads every row and so is exact.
    pub(crate) fn serves_exactly(&self) -> bool {
        self.rows.len() <= EXACT_UP_TO
    }

    /// The cosine similarity of one passage to the query.
    ///
    /// # Panics
    /// If there is no such passage.
    pub(crate) fn score(&self, query: &[f32], passage: usize) -> f32 {
        dot(query, self.vector(passage)).min(1.0)
    }

    /// The cosine similarity of two passages.
    ///
    /// # Panics
    /// If there is no such passage.
    pub(crate) fn similarity(&self, one: usize, other: usize) -> f32 {
        dot(self.vector(one), self.vector(other)).min(1.0)
    }

    /// The vector of a passage.
    ///
    /// # Panics
    /// If there is no such passage.
    pub(crate) fn vector(&self, passage: usize) -> &[f32] {
        self.rows.row(self.passages.rows()[passage] as usize)
    }

    /// Passages in the index.
    pub(crate) fn len(&self) -> usize {
        self.passages.len()
    }

    /// The distinct vectors, for measurements.
    pub(crate) fn rows(&self) -> &Vectors {
        &self.rows
    }

    fn scored(&self, query: &[f32], row: usize) -> Scored {
        Scored {
            row,
            score: dot(query, self.rows.row(row)),
        }
    }

    fn check(&self, query: &[f32]) {
        assert_eq!(
            query.len(),
            self.rows.dimension(),
            "questions and passages are embedded by the same model"
        );
    }

    /// The passages of these rows, which are in order of score.
    fn hits(&self, rows: Vec<Scored>, k: usize) -> Vec<Hit> {
        let passages = rows.into_iter().flat_map(|Scored { row, score }| {
            self.passages.of_row(row).map(move |passage| Hit {
                passage,
                score: score.min(1.0),
            })
        });
        passages.take(k).collect()
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("passages", &self.len())
            .field("rows", &self.rows.len())
            .finish()
    }
}

/// A row and its similarity to a query.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scored {
    row: usize,
    score: f32,
}

impl Scored {
    /// Best first; rows are numbered by their first passage, so equal scores keep the order of passages.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        other.score.total_cmp(&self.score).then(self.row.cmp(&other.row))
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
