//! The hash of everything that a snapshot is made from. If it differs, the snapshot is not used.

use serde::{Deserialize, Serialize};

use super::graph::{self, HNSW_RS};
use crate::digest::Hasher;
use crate::reviews::Passage;

/// The version of a snapshot's files. Raise it with every change of what `store` writes.
pub(super) const FORMAT: usize = 2;

/// SHA-256, in hex, over the data, the passages, the embedding model, the parameters of the graph, the version of the
/// snapshot's format and that of hnsw_rs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of the inputs of an index. `data` is the corpus' fingerprint, `model` that of the [embedding
    /// model](crate::embedding::fingerprint()).
    pub(crate) fn new(data: &str, passages: &[Passage], model: &str) -> Self {
        let mut hash = Hasher::default();
        [data, model, HNSW_RS].iter().for_each(|text| hash.text(text));
        let numbers = [
            FORMAT,
            graph::MAX_LINKS,
            graph::EF_CONSTRUCTION,
            super::EXACT_UP_TO,
        ];
        hash.text(&format!("{numbers:?}"));
        for passage in passages {
            [passage.review.0, passage.start, passage.end]
                .iter()
                .for_each(|n| hash.bytes(n.to_le_bytes()));
        }
        Self(hash.hex())
    }

    /// The hash in hex.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::ReviewId;

    fn passage(review: u32, start: u32, end: u32) -> Passage {
        Passage {
            review: ReviewId(review),
            start,
            end,
        }
    }

    #[test]
    fn every_ingredient_counts() {
        let of = Fingerprint::new;
        let cut = [passage(0, 0, 9), passage(1, 2, 5)];
        let all = [
            of("data", &cut, "minilm"),
            of("other", &cut, "minilm"),
            of("data", &cut[..1], "minilm"),
            of("data", &[passage(0, 0, 9), passage(1, 2, 6)], "minilm"),
            of("data", &cut, "other"),
            of("datam", &cut, "inilm"),
        ];
        let different: std::collections::HashSet<&str> = all.iter().map(Fingerprint::as_str).collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(all[0], of("data", &cut, "minilm"));
    }

    #[test]
    fn the_version_of_hnsw_rs_is_the_one_that_is_built_in() {
        let locked = format!("name = \"hnsw_rs\"\nversion = \"{HNSW_RS}\"\n");
        assert!(
            include_str!("../../Cargo.lock").contains(&locked),
            "Cargo.lock has another hnsw_rs than {HNSW_RS}"
        );
    }
}
