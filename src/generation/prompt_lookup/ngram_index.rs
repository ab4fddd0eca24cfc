//! Finds an earlier occurrence of the last tokens of a text.
//!
//! Chains of equal pairs, as in LZ77: a map holds the last place of every pair of tokens, and each place points to the
//! one before. Each token costs one entry, and a search walks one chain. The tokens themselves are compared, so that
//! a longer match is preferred to a shorter one, within the limits below.

use std::collections::HashMap;

/// Matches of this length or more count as equally long.
const LONGEST_MATCH: usize = 8;

/// The most places that a search compares, the latest first; it bounds the search in a text that repeats one word.
const MOST_PLACES: usize = 32;

/// The pairs of a growing text.
#[derive(Default)]
pub(super) struct NgramIndex {
    /// Pair of tokens → the last place after it.
    last: HashMap<[u32; 2], u32>,
    /// Place → the place after the previous occurrence of the same pair; 0 if there is none. As long as the indexed
    /// text.
    before: Vec<u32>,
}

impl NgramIndex {
    /// Adds the new tokens of `text`. Its last pair is added by the next call: no token has followed it yet.
    pub(super) fn extend(&mut self, text: &[u32]) {
        for place in self.before.len()..text.len() {
            let before = match place {
                0 | 1 => None,
                _ => self.last.insert([text[place - 2], text[place - 1]], place as u32),
            };
            self.before.push(before.unwrap_or(0));
        }
    }

    /// The place in `text` after the longest earlier occurrence of its end, which is at least `least` (2 or more)
    /// tokens long; of several the latest.
    pub(super) fn find(&self, text: &[u32], least: usize) -> Option<usize> {
        let pair = text.last_chunk::<2>()?;
        let mut place = self.last.get(pair).copied().unwrap_or(0) as usize;
        let mut best = None;
        let mut longest = least.saturating_sub(1);
        for _ in 0..MOST_PLACES {
            if place == 0 || longest >= LONGEST_MATCH {
                break;
            }
            let length = common_end(&text[..place], text);
            if length > longest {
                (best, longest) = (Some(place), length);
            }
            place = self.before[place] as usize;
        }
        best
    }
}

/// How many of the last tokens are equal, at most [`LONGEST_MATCH`].
fn common_end(one: &[u32], other: &[u32]) -> usize {
    let pairs = one.iter().rev().zip(other.iter().rev());
    pairs
        .take(LONGEST_MATCH)
        .take_while(|(one, other)| one == other)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &[u32], least: usize) -> Option<usize> {
        let mut index = NgramIndex::default();
        // In pieces, because a text grows.
        for end in [text.len() / 2, text.len()] {
            index.extend(&text[..end]);
        }
        index.find(text, least)
    }

    #[test]
    fn the_longest_match_is_found_and_the_latest_of_equals() {
        let cases: [(&[u32], usize, Option<usize>); 9] = [
            (&[], 2, None),
            (&[1], 2, None),
            (&[1, 2], 2, None),
            (&[1, 2, 3, 4], 2, None),
            (&[1, 2, 3, 1, 2], 2, Some(2)),
            (&[1, 2, 3, 1, 2], 3, None),
            // 5 1 2 beats the later 1 2.
            (&[5, 1, 2, 3, 1, 2, 4, 5, 1, 2], 2, Some(3)),
            (&[1, 2, 3, 1, 2, 4, 1, 2], 2, Some(5)),
            // The match overlaps the end.
            (&[7, 7, 7, 7], 2, Some(3)),
        ];
        for (text, least, expected) in cases {
            assert_eq!(find(text, least), expected, "{text:?} {least}");
        }
    }

    #[test]
    fn agrees_with_a_plain_search() {
        // Few different tokens, so that there are many matches; a chain stays below MOST_PLACES.
        let text: Vec<u32> = (0..240u32)
            .map(|i| i.wrapping_mul(2_654_435_761) >> 16 & 7)
            .collect();
        let mut index = NgramIndex::default();
        for end in 0..=text.len() {
            let text = &text[..end];
            index.extend(text);
            let length = |place: &usize| common_end(&text[..*place], text);
            // The last of equal maxima is what `max_by_key` returns.
            let expected = (0..end).max_by_key(length).filter(|place| length(place) >= 2);
            assert_eq!(index.find(text, 2), expected, "{end}");
        }
    }
}
