//! What a vector depends on besides its text, in one hash: vectors of unlike fingerprints never belong together.

use sha2::{Digest, Sha256};

use super::Precision;
use crate::weights::EmbeddingModel;
use crate::weights::verify::{self, VerifyError};

/// Changes whenever the same model makes other vectors of the same texts.
const VERSION: usize = 1;

/// SHA-256, in hex, over the model, its limit of tokens and what it is computed in. A model without a known hash has
/// its files read and hashed. Processors with other instructions differ in the last bits only, and are not told apart.
///
/// # Errors
/// Where the model's files cannot be read.
pub fn fingerprint(model: &EmbeddingModel, precision: Precision) -> Result<String, VerifyError> {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    part(&model.name);
    match &model.sha256 {
        Some(sha256) => part(sha256),
        None => {
            for file in ["config.json", "tokenizer.json", "model.safetensors"] {
                part(&verify::hash(&model.dir.join(file))?);
            }
        }
    }
    part(&format!("{:?}", model.pooling));
    part(&model.prefixes.passage);
    part(precision.as_str());
    part(&format!("{VERSION} {}", model.max_tokens));
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::{Pooling, Prefixes};

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

    #[test]
    fn every_ingredient_counts() {
        let of = |model: &EmbeddingModel, precision| fingerprint(model, precision).unwrap();
        let minilm = model("MiniLM", Some("ab"), 256);
        let all = [
            of(&minilm, Precision::Int8),
            of(&minilm, Precision::F32),
            of(&model("other", Some("ab"), 256), Precision::Int8),
            of(&model("MiniLM", Some("cd"), 256), Precision::Int8),
            of(&model("MiniLM", Some("ab"), 128), Precision::Int8),
            of(&model("Mini", Some("LMab"), 256), Precision::Int8),
            of(
                &EmbeddingModel {
                    pooling: Pooling::Cls,
                    ..minilm.clone()
                },
                Precision::Int8,
            ),
            of(
                &EmbeddingModel {
                    prefixes: Prefixes {
                        passage: "passage: ".into(),
                        ..Prefixes::default()
                    },
                    ..minilm.clone()
                },
                Precision::Int8,
            ),
        ];
        let different: std::collections::HashSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(all[0], of(&minilm, Precision::Int8));
    }

    #[test]
    fn a_model_without_a_known_hash_is_hashed() {
        let dir = tempfile::tempdir().unwrap();
        let own = crate::embedding::testing::write_tiny(dir.path());
        let before = fingerprint(&own, Precision::Int8).unwrap();
        assert_eq!(before, fingerprint(&own, Precision::Int8).unwrap());
        let weights = dir.path().join("model.safetensors");
        let mut bytes = std::fs::read(&weights).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&weights, bytes).unwrap();
        assert_ne!(before, fingerprint(&own, Precision::Int8).unwrap());
        assert!(fingerprint(&model("absent", None, 8), Precision::Int8).is_err());
    }
}
