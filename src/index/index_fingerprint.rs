//! What a snapshot was made from, in one hash: where any of it differs, the snapshot is not the index wanted.

use serde::{Deserialize, Serialize};

use super::graph::{self, HNSW_RS};
use super::store;
use crate::digest::Hasher;
use crate::reviews::Passage;

/// SHA-256, in hex, over the data, the cutting into passages, what makes vectors of them, the parameters of the graph and
/// the versions of our format and of hnsw_rs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of what an index is about to be built from. `data` is the corpus' own fingerprint, `model` that of
    /// [what embeds](crate::embedding::fingerprint()).
    pub fn new(data: &str, passages: &[Passage], model: &str) -> Self {
        let mut hash = Hasher::default();
        [data, model, HNSW_RS].iter().for_each(|text| hash.text(text));
        let numbers = [
            store::FORMAT,
            graph::LINKS,
            graph::WIDTH_OF_BUILDING,
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
    pub fn as_str(&self) -> &str {
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
