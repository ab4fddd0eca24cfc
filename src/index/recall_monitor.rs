//! Measures the recall of the index: now and then a search is repeated exactly, and the results are compared.
//!
//! The thread `oracle` does that, after the search has returned its result; while it is busy, no other search is
//! compared. It ends when the index is dropped. The result is the gauge `retrieval_recall_ratio` over all compared
//! searches since this index was built. There is no gauge as long as the index searches exactly.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{Hit, Index};
use crate::metrics;

/// One of this many searches is repeated, which adds a few per cent to the time of all searches.
const ONE_IN: usize = 100;

/// An index whose searches are compared with exact ones.
#[derive(Debug)]
pub(crate) struct RecallMonitor {
    index: Arc<Index>,
    searches: AtomicUsize,
    /// `None` if every search is exact, or if the thread could not be started.
    oracle: Option<SyncSender<Sample>>,
}

/// A search and its result.
#[derive(Debug)]
struct Sample {
    query: Vec<f32>,
    found: Vec<Hit>,
    k: usize,
}

impl RecallMonitor {
    /// Starts the thread, unless every search is exact.
    pub(crate) fn new(index: Index) -> Self {
        let index = Arc::new(index);
        Self {
            oracle: if index.serves_exactly() {
                None
            } else {
                oracle(index.clone())
            },
            index,
            searches: AtomicUsize::new(0),
        }
    }

    /// [`Index::search`]; every hundredth search is compared.
    pub(crate) fn search(&self, query: &[f32], k: usize) -> Vec<Hit> {
        let found = self.index.search(query, k);
        let number = self.searches.fetch_add(1, Ordering::Relaxed);
        if let Some(oracle) = &self.oracle
            && number.is_multiple_of(ONE_IN)
        {
            let sample = Sample {
                query: query.to_vec(),
                found: found.clone(),
                k,
            };
            // An error means that the last comparison has not finished. Then this search is not compared.
            let _ = oracle.try_send(sample);
        }
        found
    }
}

impl Deref for RecallMonitor {
    type Target = Index;

    fn deref(&self) -> &Index {
        &self.index
    }
}

fn oracle(index: Arc<Index>) -> Option<SyncSender<Sample>> {
    let (samples, inbox) = sync_channel(1);
    let thread = std::thread::Builder::new().name("oracle".into());
    let started = thread.spawn(move || {
        compare(&index, &inbox, &mut |recall| {
            metrics::RETRIEVAL_RECALL_RATIO.set(&[], recall)
        });
    });
    started
        .inspect_err(|error| tracing::warn!(%error, "Searches are not compared with exact ones."))
        .ok()
        .map(|_| samples)
}

/// Repeats searches and reports the share of the nearest passages that was found, until the senders are gone.
fn compare(index: &Index, inbox: &Receiver<Sample>, report: &mut dyn FnMut(f64)) {
    let (mut found, mut of) = (0, 0);
    for sample in inbox {
        let nearest = index.search_exact(&sample.query, sample.k);
        // Compared by score: any of several equally near passages is right.
        let least = nearest.last().map_or(f32::INFINITY, |hit| hit.score);
        found += sample.found.iter().filter(|hit| hit.score >= least).count();
        of += nearest.len();
        if of > 0 {
            report(found as f64 / of as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::clustered;
    use super::*;

    #[test]
    fn the_share_that_was_found_is_reported_over_all_searches() {
        let index = Index::build(clustered(400, 41));
        let (samples, inbox) = sync_channel(3);
        let query = index.rows().row(7).to_vec();
        let all = index.search_exact(&query, 10);
        for found in [all.clone(), all[..5].to_vec(), Vec::new()] {
            let (query, k) = (query.clone(), 10);
            samples.send(Sample { query, found, k }).unwrap();
        }
        drop(samples);
        let mut reported = Vec::new();
        compare(&index, &inbox, &mut |recall| reported.push(recall));
        assert_eq!(reported, [1.0, 0.75, 0.5]);
    }

    #[test]
    fn an_index_that_reads_every_row_is_not_compared() {
        let index = RecallMonitor::new(Index::build(clustered(50, 42)));
        assert!(index.oracle.is_none());
        let query = index.rows().row(1).to_vec();
        assert_eq!(index.search(&query, 4), index.search_exact(&query, 4));
    }
}
