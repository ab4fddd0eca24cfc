//! Prompts without a meaning: a decoder takes the same time over them as over any text.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// An endless row of random tokens, the same in every run.
pub struct RandomTokens {
    random: Pcg64,
    vocabulary: usize,
    begin: Option<u32>,
}

impl RandomTokens {
    /// Tokens of a vocabulary of so many, where `begin` begins every text.
    pub fn new(vocabulary: usize, begin: Option<u32>) -> Self {
        Self {
            random: Pcg64::seed_from_u64(0),
            vocabulary,
            begin,
        }
    }

    /// So many tokens in the middle of a text.
    pub fn take(&mut self, count: usize) -> Vec<u32> {
        // The upper half of a product spreads 32 random bits evenly enough over the vocabulary.
        let mut token = || ((u64::from(self.random.next_u32()) * self.vocabulary as u64) >> 32) as u32;
        (0..count).map(|_| token()).collect()
    }

    /// A text of so many tokens, from its beginning.
    pub fn text(&mut self, count: usize) -> Vec<u32> {
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
    fn texts_differ_and_begin_as_texts_do() {
        let mut tokens = RandomTokens::new(1000, Some(1));
        let (one, other) = (tokens.text(50), tokens.text(50));
        assert_eq!((one.len(), one[0], other[0]), (50, 1, 1));
        // What two texts share is less than a block of the prefix cache.
        assert_ne!(one[1..3], other[1..3]);
        assert!(one.iter().all(|token| *token < 1000));
        assert!(one.iter().any(|token| *token > 500));
        assert!(RandomTokens::new(1000, None).text(0).is_empty());
    }
}
