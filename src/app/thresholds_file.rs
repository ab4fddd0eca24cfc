//! The thresholds of refusals on disk, so that a start with the same reviews does not search for them again. A file
//! that cannot be read or written is logged and is no error.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::index::Fingerprint;
use crate::retrieval::Thresholds;

const FILE: &str = "thresholds.json";

#[derive(Serialize, Deserialize)]
struct Saved {
    /// Of all that they were found from.
    fingerprint: Fingerprint,
    thresholds: Thresholds,
}

/// The thresholds that were found from what has this fingerprint.
pub(super) fn load(dir: &Path, fingerprint: &Fingerprint) -> Option<Thresholds> {
    let bytes = std::fs::read(dir.join(FILE)).ok()?;
    let saved: Saved = serde_json::from_slice(&bytes).ok()?;
    (saved.fingerprint == *fingerprint).then_some(saved.thresholds)
}

/// Writes thresholds in place of those that are there.
pub(super) fn save(dir: &Path, fingerprint: &Fingerprint, thresholds: Thresholds) {
    let saved = Saved {
        fingerprint: fingerprint.clone(),
        thresholds,
    };
    let write = || -> std::io::Result<()> {
        let new = dir.join(format!("{FILE}.new"));
        std::fs::write(&new, serde_json::to_vec_pretty(&saved)?)?;
        std::fs::rename(new, dir.join(FILE))
    };
    if let Err(error) = write() {
        tracing::warn!(%error, dir = %dir.display(), "The thresholds could not be saved; the next start finds them again.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_read_for_the_same_reviews_only() {
        let dir = tempfile::tempdir().unwrap();
        let [these, others] = ["these", "others"].map(|data| Fingerprint::new(data, &[], "model"));
        assert_eq!(load(dir.path(), &these), None);
        let thresholds = Thresholds {
            shop: 0.69,
            product: 0.3,
        };
        save(dir.path(), &these, thresholds);
        assert_eq!(load(dir.path(), &these), Some(thresholds));
        assert_eq!(load(dir.path(), &others), None);
    }
}
