//! The key to the routes for operators. The server knows only its SHA-256, so that no file of the server opens them.

use std::path::Path;

use sha2::{Digest, Sha256};

/// The SHA-256 of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminKey([u8; 32]);

impl AdminKey {
    /// Reads the digest that `printf %s KEY | sha256sum` prints from a file; what follows it on the line is left alone.
    ///
    /// # Errors
    /// A sentence, where the file cannot be read or holds no digest.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{} cannot be read: {error}.", path.display()))?;
        Self::parse(&text).ok_or_else(|| {
            format!(
                "{} must hold the SHA-256 of the key as 64 hexadecimal digits; `printf %s KEY | sha256sum` prints it.",
                path.display()
            )
        })
    }

    /// The digest at the beginning of a text.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.split_whitespace().next()?;
        let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
            return None;
        };
        let byte = |pair: &[u8; 2]| {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8)
        };
        let bytes: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// Whether this is the key, in a time that does not depend on how much of it is right.
    pub fn is_of(&self, key: &str) -> bool {
        let pairs = self.0.iter().zip(Sha256::digest(key.as_bytes()));
        let differences = pairs.fold(0, |differences, (expected, found)| {
            differences | (expected ^ found)
        });
        std::hint::black_box(differences) == 0
    }
}

/// Not even the digest belongs in a log.
impl std::fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of "abc": FIPS 180-2, appendix B.1.
    const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_digest_is_read_as_tools_print_it() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("key");
        for text in [DIGEST.into(), format!("{DIGEST}  -\n"), DIGEST.to_uppercase()] {
            std::fs::write(&path, text).expect("a file");
            let key = AdminKey::read(&path).expect("a digest");
            assert!(key.is_of("abc") && !key.is_of("abd") && !key.is_of(""));
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_do() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("key");
        for text in [
            "",
            "abc",
            &DIGEST[1..],
            &format!("{DIGEST}00"),
            &DIGEST.replace('b', "x"),
        ] {
            std::fs::write(&path, text).expect("a file");
            let error = AdminKey::read(&path).expect_err(text);
            assert!(error.contains("sha256sum"), "{error}");
        }
        let absent = AdminKey::read(&dir.path().join("absent")).expect_err("there is none");
        assert!(absent.contains("absent"), "{absent}");
    }
}
