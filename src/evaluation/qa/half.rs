//! The two halves of a set: calibrate on one, report on the other. Pure.

use std::fmt;

use crate::digest::sha256;

/// The half of the items whose questions are asked. The halves share no item: the lowest bit of the first byte of the
/// SHA-256 of an item's id is 0 in `a` and 1 in `b`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Half {
    /// The first half.
    A,
    /// The second half.
    B,
    /// All items.
    #[default]
    Both,
}

impl Half {
    /// Whether an item belongs to this half.
    pub fn has(self, item: &str) -> bool {
        let odd = sha256(item)[0] & 1 == 1;
        match self {
            Half::A => !odd,
            Half::B => odd,
            Half::Both => true,
        }
    }
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Half::A => "a",
            Half::B => "b",
            Half::Both => "both",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_always_in_the_same_half() {
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
}
