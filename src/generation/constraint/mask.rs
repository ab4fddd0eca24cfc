//! A set of tokens, one bit each.

/// The tokens that may come next, out of a vocabulary of fixed size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Token `t` is bit `t % 64` of word `t / 64`. Bits beyond the vocabulary are 0.
    words: Vec<u64>,
    vocabulary: usize,
}

impl Mask {
    /// Allows nothing, out of `vocabulary` tokens.
    pub fn none(vocabulary: usize) -> Self {
        Self {
            words: vec![0; vocabulary.div_ceil(64)],
            vocabulary,
        }
    }

    /// How many tokens there are, allowed or not.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Allows nothing again.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Allows a token. Returns whether the vocabulary has it.
    pub fn allow(&mut self, token: u32) -> bool {
        let token = token as usize;
        let is_known = token < self.vocabulary;
        if is_known {
            self.words[token / 64] |= 1 << (token % 64);
        }
        is_known
    }

    /// Whether a token is allowed.
    pub fn allows(&self, token: u32) -> bool {
        let word = self.words.get(token as usize / 64).copied().unwrap_or(0);
        word >> (token % 64) & 1 == 1
    }

    /// Sets the logits of tokens that are not allowed to minus infinity. Logits beyond the vocabulary are left alone.
    pub(in crate::generation) fn apply(&self, logits: &mut [f32]) {
        for (word, logits) in self.words.iter().zip(logits.chunks_mut(64)) {
            match *word {
                // Forms that leave most things open, or hardly anything, decide 64 tokens at once.
                u64::MAX => {}
                0 => logits.fill(f32::NEG_INFINITY),
                word => {
                    for (bit, logit) in logits.iter_mut().enumerate() {
                        if word >> bit & 1 == 0 {
                            *logit = f32::NEG_INFINITY;
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_the_set_of_what_was_allowed() {
        // 130 tokens: two full words and two bits of a third.
        for allowed in [
            vec![],
            vec![0],
            vec![63, 64, 127, 128, 129],
            (0..130).collect(),
            (64..128).collect(),
        ] {
            let mut mask = Mask::none(130);
            assert!(allowed.iter().all(|token| mask.allow(*token)));
            let mut logits = [1.0; 130];
            mask.apply(&mut logits);
            for token in 0..130 {
                let is_allowed = allowed.contains(&token);
                assert_eq!(mask.allows(token), is_allowed, "{token} of {allowed:?}");
                assert_eq!(
                    logits[token as usize] == 1.0,
                    is_allowed,
                    "{token} of {allowed:?}"
                );
            }
            mask.clear();
            assert_eq!(mask, Mask::none(130));
        }
    }

    #[test]
    fn tokens_beyond_the_vocabulary_are_not_allowed() {
        let mut mask = Mask::none(130);
        for token in [130, 191, 192, u32::MAX] {
            assert!(!mask.allow(token) && !mask.allows(token), "{token}");
        }
        assert_eq!(mask, Mask::none(130));
    }
}
