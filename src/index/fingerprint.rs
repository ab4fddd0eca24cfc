//! What a snapshot was made from, in one hash: where any of it differs, the snapshot is not the index wanted.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{graph, store};
use crate::embedding::Precision;
use crate::reviews::Passage;
use crate::weights::EmbeddingModel;

/// The hnsw_rs that writes and reads the graph's files; a test compares it with `Cargo.lock`.
pub(super) const HNSW_RS: &str = "0.3.5";

/// SHA-256, in hex, over the data, the cutting into passages, the model and what it is computed in, the graph's parameters, the machine's
/// architecture (the files are written as they lie in memory) and the versions of our format and of hnsw_rs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of what an index is about to be built from. `data` is the corpus' own fingerprint. A model without a known
    /// hash has its files read and hashed.
    ///
    /// # Errors
    /// Where the model's files cannot be read.
    pub fn new(
        data: &str,
        passages: &[Passage],
        model: &EmbeddingModel,
        precision: Precision,
    ) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        part(data);
        part(&model.name);
        match &model.sha256 {
            Some(sha256) => part(sha256),
            None => {
                for file in ["config.json", "tokenizer.json", "model.safetensors"] {
                    part(&sha256(&model.dir.join(file))?.1);
                }
            }
        }
        part(&format!("{:?}", model.pooling));
        part(&model.prefixes.passage);
        part(precision.as_str());
        part(std::env::consts::ARCH);
        part(HNSW_RS);
        let numbers = [
            store::FORMAT,
            model.max_tokens,
            graph::LINKS,
            graph::WIDTH_OF_BUILDING,
            usize::BITS as usize,
        ];
        part(&format!("{numbers:?}"));
        for passage in passages {
            [passage.review.0, passage.start, passage.end]
                .iter()
                .for_each(|n| hash.update(n.to_le_bytes()));
        }
        Ok(Self(hex(&hash.finalize())))
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

/// A file's length and SHA-256, read piece by piece.
pub(super) fn sha256(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hash, mut length, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((length, hex(&hash.finalize()))),
            read => {
                hash.update(&piece[..read]);
                length += read as u64;
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reviews::ReviewId;

    fn model(name: &str, sha256: Option<&str>, max_tokens: usize) -> EmbeddingModel {
        EmbeddingModel {
            dir: "nowhere".into(),
            name: name.into(),
            sha256: sha256.map(String::from),
            max_tokens,
            pooling: Default::default(),
            prefixes: Default::default(),
            golden: None,
        }
    }

    fn passage(review: u32, start: u32, end: u32) -> Passage {
        Passage {
            review: ReviewId(review),
            start,
            end,
        }
    }

    #[test]
    fn every_ingredient_counts() {
        let in_precision = |data: &str, passages: &[Passage], model: &EmbeddingModel, precision| {
            Fingerprint::new(data, passages, model, precision)
                .unwrap()
                .as_str()
                .to_string()
        };
        let of = |data: &str, passages: &[Passage], model: &EmbeddingModel| {
            in_precision(data, passages, model, Precision::Int8)
        };
        let (cut, minilm) = (
            [passage(0, 0, 9), passage(1, 2, 5)],
            model("MiniLM", Some("ab"), 256),
        );
        let all = [
            of("data", &cut, &minilm),
            of("other", &cut, &minilm),
            of("data", &cut[..1], &minilm),
            of("data", &[passage(0, 0, 9), passage(1, 2, 6)], &minilm),
            of("data", &cut, &model("other", Some("ab"), 256)),
            of("data", &cut, &model("MiniLM", Some("cd"), 256)),
            of("data", &cut, &model("MiniLM", Some("ab"), 128)),
            of("data", &cut, &model("Mini", Some("LMab"), 256)),
            in_precision("data", &cut, &minilm, Precision::F32),
        ];
        let different: std::collections::HashSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(all[0], of("data", &cut, &minilm));
    }

    #[test]
    fn a_model_without_a_known_hash_is_hashed() {
        let dir = tempfile::tempdir().unwrap();
        let own = crate::embedding::testing::write_tiny(dir.path());
        let before = Fingerprint::new("data", &[], &own, Precision::Int8).unwrap();
        assert_eq!(
            before,
            Fingerprint::new("data", &[], &own, Precision::Int8).unwrap()
        );
        let weights = dir.path().join("model.safetensors");
        let mut bytes = std::fs::read(&weights).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&weights, bytes).unwrap();
        assert_ne!(
            before,
            Fingerprint::new("data", &[], &own, Precision::Int8).unwrap()
        );
        assert!(Fingerprint::new("data", &[], &model("absent", None, 8), Precision::Int8).is_err());
    }

    #[test]
    fn hashing_a_file_gives_the_published_value() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&path).unwrap(), (3, expected.to_string()));
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
