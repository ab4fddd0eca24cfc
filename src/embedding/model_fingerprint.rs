//! What a vector depends on besides its text, in one hash: vectors with different fingerprints cannot be compared.

use super::Precision;
use crate::digest::Hasher;
use crate::weights::EmbeddingModel;
use crate::weights::verify::{self, VerifyError};

/// Increased whenever the same model makes other vectors of the same texts.
const VERSION: usize = 1;

/// SHA-256, in hex, over the model, its token limit and its precision. If the model's hash is not known, its files are
/// read and hashed. Processors with other instructions compute the same vectors except for the last bits, so the
/// processor is not part of the fingerprint.
///
/// # Errors
/// If the model's files cannot be read.
pub(crate) fn fingerprint(model: &EmbeddingModel, precision: Precision) -> Result<String, VerifyError> {
    let mut hash = Hasher::default();
    hash.text(&model.name);
    match &model.sha256 {
        Some(sha256) => hash.text(sha256),
        None => {
            for file in ["config.json", "tokenizer.json", "model.safetensors"] {
                hash.text(&verify::hash(&model.dir.join(file))?);
            }
        }
    }
    hash.text(&format!("{:?}", model.pooling));
    hash.text(&model.prefixes.passage);
    hash.text(precision.as_str());
    hash.text(&format!("{VERSION} {}", model.max_tokens));
    Ok(hash.hex())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::testing;
    use crate::weights::Pooling;

    fn model(name: &str, sha256: Option<&str>, max_tokens: usize) -> EmbeddingModel {
        EmbeddingModel {
            sha256: sha256.map(String::from),
            ..testing::model("nowhere".as_ref(), name, max_tokens)
        }
    }

    #[test]
    fn a_fingerprint_depends_on_everything_that_changes_a_vector() {
        let minilm = model("MiniLM", Some("ab"), 256);
        let first_token = EmbeddingModel {
            pooling: Pooling::Cls,
            ..minilm.clone()
        };
        let mut prefixed = minilm.clone();
        prefixed.prefixes.passage = "passage: ".into();
        let all = [
            &minilm,
            &model("other", Some("ab"), 256),
            &model("MiniLM", Some("cd"), 256),
            &model("MiniLM", Some("ab"), 128),
            &model("Mini", Some("LMab"), 256),
            &first_token,
            &prefixed,
        ];
        let mut fingerprints = all
            .map(|model| fingerprint(model, Precision::Int8).unwrap())
            .to_vec();
        fingerprints.push(fingerprint(&minilm, Precision::F32).unwrap());
        let different: std::collections::HashSet<&String> = fingerprints.iter().collect();
        assert_eq!(different.len(), fingerprints.len());
        // If this value changes, no cache or snapshot on a user's disk is valid any more.
        assert_eq!(
            fingerprints[0],
            "ac1a0fc3b5826bacd67163e295af2f96203a108e15b83fc7b9a6ff83f906235c"
        );
    }

    #[test]
    fn a_model_without_a_known_hash_is_hashed() {
        let dir = tempfile::tempdir().unwrap();
        let own = testing::write_tiny(dir.path());
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
