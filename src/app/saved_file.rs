//! What was learned from the reviews, on disk, so that a start with the same reviews does not learn it again. A file
//! that cannot be read or written is logged and is no error.
//!
//! A file has two lines of JSON: what the rest was learned from and its checksum, and the rest.

use std::io::Write;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::digest;
use crate::index::Fingerprint;

#[derive(Serialize, Deserialize)]
struct Header {
    /// Of all that it was learned from.
    fingerprint: Fingerprint,
    /// Of the second line.
    sha256: String,
}

/// One kind of what is learned.
pub(super) struct SavedFile {
    name: &'static str,
    /// What a message calls it.
    what: &'static str,
}

/// What questions are recognised by.
pub(super) const RECOGNITION: SavedFile = SavedFile {
    name: "recognition.jsonl",
    what: "vectors and thresholds of questions",
};
/// The opinions of buyers.
pub(super) const OPINIONS: SavedFile = SavedFile {
    name: "opinions.jsonl",
    what: "opinions",
};

/// How well the chat model writes answers.
pub(super) const WORDING: SavedFile = SavedFile {
    name: "wording.jsonl",
    what: "test result of the chat model",
};

impl SavedFile {
    /// What was learned from what has this fingerprint, if the file has that.
    pub(super) fn load<T: DeserializeOwned>(&self, dir: &Path, fingerprint: &Fingerprint) -> Option<T> {
        let unusable = |reason: String| {
            let what = self.what;
            tracing::warn!(reason, dir = %dir.display(), "The {what} on disk cannot be used; they are learned again.");
        };
        match std::fs::read(dir.join(self.name)) {
            Ok(bytes) => parse(&bytes, fingerprint).map_err(unusable).ok()?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                unusable(error.to_string());
                None
            }
        }
    }

    /// Writes `learned` in place of what is there.
    pub(super) fn save<T: Serialize>(&self, dir: &Path, fingerprint: &Fingerprint, learned: &T) {
        let write = || -> std::io::Result<()> {
            let rest = serde_json::to_vec(learned)?;
            let header = Header {
                fingerprint: fingerprint.clone(),
                sha256: checksum(&rest),
            };
            let new = dir.join(format!("{}.new", self.name));
            let mut file = std::fs::File::create(&new)?;
            for part in [&serde_json::to_vec(&header)?, &b"\n"[..], &rest, b"\n"] {
                file.write_all(part)?;
            }
            std::fs::rename(new, dir.join(self.name))
        };
        if let Err(error) = write() {
            let what = self.what;
            tracing::warn!(%error, dir = %dir.display(), "The {what} could not be saved; the next start learns them again.");
        }
    }
}

/// What a file holds; nothing where that was learned from something else.
///
/// # Errors
/// Why the file is not what was written.
fn parse<T: DeserializeOwned>(bytes: &[u8], fingerprint: &Fingerprint) -> Result<Option<T>, String> {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let header: Header =
        serde_json::from_slice(lines.next().unwrap_or_default()).map_err(|error| error.to_string())?;
    let rest = lines.next().unwrap_or_default();
    let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
    if checksum(rest) != header.sha256 {
        return Err("its checksum differs".into());
    }
    if header.fingerprint != *fingerprint {
        return Ok(None);
    }
    serde_json::from_slice(rest)
        .map(Some)
        .map_err(|error| error.to_string())
}

fn checksum(bytes: &[u8]) -> String {
    digest::hex(&digest::sha256(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::Thresholds;

    #[test]
    fn what_was_saved_is_read_for_the_same_reviews_only() {
        let dir = tempfile::tempdir().unwrap();
        let [these, others] = ["these", "others"].map(|data| Fingerprint::new(data, &[], "model"));
        let load = |fingerprint| RECOGNITION.load::<Thresholds>(dir.path(), fingerprint);
        assert_eq!(load(&these), None);
        let thresholds = Thresholds {
            shop: 0.69,
            product: 0.3,
        };
        RECOGNITION.save(dir.path(), &these, &thresholds);
        assert_eq!(load(&these), Some(thresholds));
        assert_eq!(load(&others), None);

        let file = dir.path().join(RECOGNITION.name);
        let other_number = std::fs::read_to_string(&file).unwrap().replace("0.69", "0.65");
        std::fs::write(&file, other_number).unwrap();
        assert_eq!(load(&these), None, "its checksum differs");
    }
}
