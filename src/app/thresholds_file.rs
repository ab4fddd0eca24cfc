//! The thresholds of refusals on disk, so that a start with the same reviews does not search for them again. A file
//! that cannot be read or written is logged and is no error.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest;
use crate::index::Fingerprint;
use crate::retrieval::Thresholds;

const FILE: &str = "thresholds.json";

#[derive(Serialize, Deserialize)]
struct Saved {
    /// Of all that they were found from.
    fingerprint: Fingerprint,
    thresholds: Thresholds,
    /// Of both.
    sha256: String,
}

impl Saved {
    fn new(fingerprint: Fingerprint, thresholds: Thresholds) -> Self {
        let sha256 = digest::hex(&digest::sha256(format!("{fingerprint} {thresholds:?}")));
        Self {
            fingerprint,
            thresholds,
            sha256,
        }
    }

    /// From a file's bytes; says why not, if they are not what was written.
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let found: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let written = Self::new(found.fingerprint.clone(), found.thresholds);
        match written.sha256 == found.sha256 {
            true => Ok(written),
            false => Err("its checksum differs".into()),
        }
    }
}

/// The thresholds that were found from what has this fingerprint.
pub(super) fn load(dir: &Path, fingerprint: &Fingerprint) -> Option<Thresholds> {
    let bytes = std::fs::read(dir.join(FILE)).ok()?;
    let unusable = |reason| {
        tracing::warn!(reason, dir = %dir.display(), "The thresholds cannot be used; they are found again.");
    };
    let saved = Saved::parse(&bytes).map_err(unusable).ok()?;
    (saved.fingerprint == *fingerprint).then_some(saved.thresholds)
}

/// Writes thresholds in place of those that are there.
pub(super) fn save(dir: &Path, fingerprint: &Fingerprint, thresholds: Thresholds) {
    let saved = Saved::new(fingerprint.clone(), thresholds);
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

        let file = dir.path().join(FILE);
        let other_number = std::fs::read_to_string(&file).unwrap().replace("0.69", "0.65");
        std::fs::write(&file, other_number).unwrap();
        assert_eq!(load(dir.path(), &these), None, "its checksum differs");
    }
}
