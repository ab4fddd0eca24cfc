//! The SHA-256 of a key. The server knows no more than this, so its files give nobody access.

use crate::digest;

/// The SHA-256 of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The digest at the beginning of a text, as `printf %s KEY | sha256sum` prints it.
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

    /// Whether this is the digest of `key`, in constant time.
    pub fn is_of(&self, key: &str) -> bool {
        let pairs = self.0.iter().zip(digest::sha256(key));
        let differences = pairs.fold(0, |differences, (expected, found)| {
            differences | (expected ^ found)
        });
        std::hint::black_box(differences) == 0
    }
}

/// Shows nothing, because not even the digest belongs in a log.
impl std::fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyDigest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of "abc": FIPS 180-2, appendix B.1.
    const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_digest_is_read_as_tools_print_it() {
        for text in [DIGEST.into(), format!("{DIGEST}  -\n"), DIGEST.to_uppercase()] {
            let key = KeyDigest::parse(&text).expect("a digest");
            assert!(key.is_of("abc") && !key.is_of("abd") && !key.is_of(""));
        }
        for text in [
            "",
            "abc",
            &DIGEST[1..],
            &format!("{DIGEST}00"),
            &DIGEST.replace('b', "x"),
        ] {
            assert_eq!(KeyDigest::parse(text), None, "{text}");
        }
    }
}
