//! Random prompts. A decoder needs the same time for them as for any text.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// An endless sequence of random tokens, the same in every run.
pub(super) struct RandomTokens {
    random: Pcg64,
    vocabulary: usize,
    begin: Option<u32>,
}

impl RandomTokens {
    /// A generator of tokens below `vocabulary`. `begin` is the first token of every text.
    pub(super) fn new(vocabulary: usize, begin: Option<u32>) -> Self {
        Self {
            random: Pcg64::seed_from_u64(0),
            vocabulary,
            begin,
        }
    }

    /// `count` tokens in the middle of a text.
    pub(super) fn take(&mut self, count: usize) -> Vec<u32> {
        // The upper half of a product spreads 32 random bits evenly enough over the vocabulary.
        let mut token = || ((u64::from(self.random.next_u32()) * self.vocabulary as u64) >> 32) as u32;
        (0..count).map(|_| token()).collect()
    }

    /// A text of `count` tokens.
    pub(super) fn text(&mut self, count: usize) -> Vec<u32> {
        let mut text = self.take(count);
        if let (Some(first), Some(begin)) = (text.first_mut(), self.begin) {
            *first = begin;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_and_share_their_first_token() {
        let mut tokens = RandomTokens::new(1000, Some(1));
        let (one, other) = (tokens.text(50), tokens.text(50));
        assert_eq!((one.len(), one[0], other[0]), (50, 1, 1));
        // The common prefix of two texts is shorter than a block of the prefix cache.
        assert_ne!(one[1..3], other[1..3]);
        assert!(one.iter().all(|token| *token < 1000));
        assert!(one.iter().any(|token| *token > 500));
        assert!(RandomTokens::new(1000, None).text(0).is_empty());
    }
}
