//! SHA-256 digests and their text form: fingerprints, checksums, ETags, cache keys.
//!
//! In: bytes, texts or a reader. Out: 32 bytes, or 64 lower-case hexadecimal digits. Runs on the caller's thread; only
//! reading can fail. `models/fetch` compiles this file too.

use std::io::{self, BufReader, Read, Write};

use sha2::{Digest, Sha256};

/// Bytes that are read at a time.
const PIECE: usize = 1 << 16;

/// The SHA-256 of some bytes.
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The number of bytes that `reader` gives up to its end, and their SHA-256 in hex. Reads piece by piece.
///
/// # Errors
/// The reader's.
pub(crate) fn of_reader(reader: impl Read) -> io::Result<(u64, String)> {
    let mut hasher = Hasher::default();
    let bytes = io::copy(&mut BufReader::with_capacity(PIECE, reader), &mut hasher)?;
    Ok((bytes, hasher.hex()))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A SHA-256 over several parts.
#[derive(Debug, Default)]
pub(crate) struct Hasher(Sha256);

impl Hasher {
    /// Adds bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.update(bytes);
    }

    /// Adds a text after its length (8 bytes, little-endian), so that "ab", "c" and "a", "bc" have different digests.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes((text.len() as u64).to_le_bytes());
        self.bytes(text);
    }

    /// The digest.
    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// The digest in hex.
    pub(crate) fn hex(self) -> String {
        hex(&self.finish())
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_the_published_ones() {
        // FIPS 180-2, appendices B.1 and B.3.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert_eq!(hex(&sha256("abc")), abc);
        assert_eq!(of_reader(&b"abc"[..]).unwrap(), (3, abc.into()));
        let many = io::repeat(b'a').take(1_000_000);
        assert_eq!(of_reader(many).unwrap(), (1_000_000, million.into()));
    }

    #[test]
    fn a_text_is_hashed_after_its_length() {
        let of = |texts: [&str; 2]| {
            let mut hasher = Hasher::default();
            texts.iter().for_each(|text| hasher.text(text));
            hasher.finish()
        };
        assert_ne!(of(["ab", "c"]), of(["a", "bc"]));
        assert_eq!(of(["a", ""]), sha256(b"\x01\0\0\0\0\0\0\0a\0\0\0\0\0\0\0\0"));
    }
}
