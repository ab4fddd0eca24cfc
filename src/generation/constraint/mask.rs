//! A set of tokens, one bit each.

/// The tokens that may come next, out of a vocabulary of fixed size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mask {
    /// Token `t` is bit `t % 64` of word `t / 64`. Bits beyond the vocabulary are 0.
    words: Vec<u64>,
    vocabulary: usize,
}

impl Mask {
    /// A mask over `vocabulary` tokens that allows none.
    pub(crate) fn none(vocabulary: usize) -> Self {
        Self {
            words: vec![0; vocabulary.div_ceil(64)],
            vocabulary,
        }
    }

    /// The number of tokens of the vocabulary, allowed or not.
    pub(crate) fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Forbids every token.
    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Allows every token.
    pub(crate) fn allow_all(&mut self) {
        self.words.fill(u64::MAX);
        let beyond = self.words.len() * 64 - self.vocabulary;
        if let Some(last) = self.words.last_mut() {
            *last >>= beyond;
        }
    }

    /// Forbids a token.
    pub(crate) fn forbid(&mut self, token: u32) {
        if let Some(word) = self.words.get_mut(token as usize / 64) {
            *word &= !(1 << (token % 64));
        }
    }

    /// Allows a token. Returns whether the vocabulary has it.
    pub(crate) fn allow(&mut self, token: u32) -> bool {
        let token = token as usize;
        let is_known = token < self.vocabulary;
        if is_known {
            self.words[token / 64] |= 1 << (token % 64);
        }
        is_known
    }

    /// Allows exactly the tokens whose bits are set: token `t` is bit `t % 32` of word `t / 32`. Tokens beyond the last
    /// word are not allowed.
    ///
    /// # Errors
    ///
    /// The first allowed token that is beyond the vocabulary.
    pub(super) fn copy(&mut self, bits: &[u32]) -> Result<(), u32> {
        self.clear();
        for (word, pair) in self.words.iter_mut().zip(bits.chunks(2)) {
            let high = pair.get(1).copied().unwrap_or(0);
            *word = u64::from(pair[0]) | u64::from(high) << 32;
        }
        let first_beyond = |(index, word): (usize, &u32)| {
            let known = self.vocabulary.saturating_sub(32 * index).min(32);
            let beyond = u64::from(*word) >> known << known;
            (beyond != 0).then(|| 32 * index as u32 + beyond.trailing_zeros())
        };
        let last = self.vocabulary / 32;
        let mut words = bits.iter().enumerate().skip(last);
        words.find_map(first_beyond).map_or(Ok(()), |token| {
            self.clear();
            Err(token)
        })
    }

    /// Sets the logits of tokens that are not allowed to minus infinity. Logits beyond the vocabulary are left alone.
    pub(in crate::generation) fn apply(&self, logits: &mut [f32]) {
        for (word, logits) in self.words.iter().zip(logits.chunks_mut(64)) {
            match *word {
                // Most words allow all or none of their 64 tokens.
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

    impl Mask {
        /// Whether a token is allowed.
        pub(crate) fn allows(&self, token: u32) -> bool {
            let word = self.words.get(token as usize / 64).copied().unwrap_or(0);
            word >> (token % 64) & 1 == 1
        }
    }

    #[test]
    fn a_mask_is_the_set_of_the_allowed_tokens() {
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
    fn all_tokens_but_some_may_be_allowed() {
        for vocabulary in [0, 1, 64, 130] {
            let mut mask = Mask::none(vocabulary);
            mask.allow_all();
            mask.forbid(63);
            mask.forbid(u32::MAX);
            for token in 0..300 {
                let expected = (token as usize) < vocabulary && token != 63;
                assert_eq!(mask.allows(token), expected, "{token} of {vocabulary}");
            }
        }
    }

    #[test]
    fn bits_are_copied_as_far_as_the_vocabulary_goes() {
        for (bits, expected) in [
            (&[][..], Ok(vec![])),
            (&[1], Ok(vec![0])),
            (&[1 << 31, 5, 0, 1, 3], Ok(vec![31, 32, 34, 96, 128, 129])),
            (&[0, 0, 0, 0, 3, 0, 0], Ok(vec![128, 129])),
            (&[1, 0, 0, 0, 0b101], Err(130)),
            (&[1, 0, 0, 0, 1, 0, 0, 1 << 4], Err(228)),
        ] {
            let mut mask = Mask::none(130);
            mask.allow(7); // `copy` must forget it.
            let copied = mask.copy(bits);
            let allowed: Vec<u32> = (0..300).filter(|token| mask.allows(*token)).collect();
            assert_eq!(copied.map(|()| allowed), expected, "{bits:?}");
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
