//! Verifies that a file is the expected one: its size, then its sha256.
//!
//! In: a path and what is expected. Out: nothing, or an error that names the file, the expected value and the found
//! one. The file is read piece by piece. Runs on the caller's thread, at the speed of the hash: some 0.3 s for the
//! default chat model. `models/fetch` compiles this file too.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::digest;

/// Why a file is not the expected one.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no such file.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("the file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// It has another size.
    #[error("the file {} has {found} bytes and should have {expected}", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// The expected size in bytes.
        expected: u64,
        /// The size in bytes.
        found: u64,
    },
    /// It has other content.
    #[error("the file {} has sha256 {found} and should have {expected}", path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// The expected hash.
        expected: String,
        /// The hash.
        found: String,
    },
}

/// Checks size and hash of `path`.
///
/// # Errors
/// See [`VerifyError`].
pub(crate) fn verify(path: &Path, size: u64, sha256: &str) -> Result<(), VerifyError> {
    let found = std::fs::metadata(path)
        .map_err(|source| unreadable(path, source))?
        .len();
    if found != size {
        return Err(VerifyError::Size {
            path: path.to_path_buf(),
            expected: size,
            found,
        });
    }
    let found = hash(path)?;
    if found != sha256 {
        return Err(VerifyError::Hash {
            path: path.to_path_buf(),
            expected: sha256.to_string(),
            found,
        });
    }
    Ok(())
}

/// The sha256 of a file, in lower-case hexadecimal.
///
/// # Errors
/// [`VerifyError::Missing`] and [`VerifyError::Unreadable`].
pub fn hash(path: &Path) -> Result<String, VerifyError> {
    let digest = File::open(path).and_then(digest::of_reader);
    digest
        .map(|(_, sha256)| sha256)
        .map_err(|source| unreadable(path, source))
}

fn unreadable(path: &Path, source: std::io::Error) -> VerifyError {
    match source.kind() {
        std::io::ErrorKind::NotFound => VerifyError::Missing(path.to_path_buf()),
        _ => VerifyError::Unreadable {
            path: path.to_path_buf(),
            source,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_expected_file_passes_and_errors_name_what_was_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        assert!(matches!(verify(&path, 3, ABC), Err(VerifyError::Missing(missing)) if missing == path));

        std::fs::write(&path, "abc").unwrap();
        verify(&path, 3, ABC).unwrap();
        assert!(matches!(
            verify(&path, 4, ABC),
            Err(VerifyError::Size {
                expected: 4,
                found: 3,
                ..
            })
        ));

        std::fs::write(&path, "abd").unwrap();
        let message = verify(&path, 3, ABC).unwrap_err().to_string();
        let found = hash(&path).unwrap();
        assert!(
            found != ABC && message.contains(&found) && message.contains(ABC),
            "{message}"
        );
        assert!(message.contains("abc has sha256"), "{message}");
    }

    #[test]
    fn a_folder_is_not_a_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(hash(folder.path()), Err(VerifyError::Unreadable { .. })));
    }
}
