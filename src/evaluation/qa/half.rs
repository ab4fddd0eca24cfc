//! Two halves of a set: what is calibrated is calibrated on one and reported on the other. Pure.

use std::fmt;
use std::str::FromStr;

use crate::digest::sha256;

/// Which items' questions are asked. The halves share no item: the lowest bit of the first byte of the SHA-256 of an
/// item's id is 0 in `a` and 1 in `b`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Half {
    /// The first half.
    A,
    /// The second half.
    B,
    /// All questions.
    #[default]
    Both,
}

impl Half {
    /// Whether an item's questions are asked.
    pub fn has(self, item: &str) -> bool {
        let odd = sha256(item)[0] & 1 == 1;
        match self {
            Half::A => !odd,
            Half::B => odd,
            Half::Both => true,
        }
    }

    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Half::A => "a",
            Half::B => "b",
            Half::Both => "both",
        }
    }
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Half {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Half::A, Half::B, Half::Both]
            .into_iter()
            .find(|half| half.as_str() == text)
            .ok_or_else(|| format!("“{text}” is neither a, b nor both"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_in_one_half_and_stays_there() {
        // SHA-256 of "abc" begins with ba (FIPS 180-2, appendix B.1), that of the empty text with e3.
        assert!(Half::A.has("abc") && !Half::B.has("abc"));
        assert!(Half::B.has("") && !Half::A.has(""));
        let items: Vec<String> = (0..1000).map(|item| format!("B{item:09}")).collect();
        assert!(
            items
                .iter()
                .all(|item| Half::A.has(item) != Half::B.has(item) && Half::Both.has(item))
        );
        let first = items.iter().filter(|item| Half::A.has(item)).count();
        assert!((440..560).contains(&first), "{first}");
    }

    #[test]
    fn halves_are_named() {
        for half in [Half::A, Half::B, Half::Both] {
            assert_eq!(half.to_string().parse(), Ok(half));
        }
        assert!("c".parse::<Half>().unwrap_err().contains("neither"));
    }
}
