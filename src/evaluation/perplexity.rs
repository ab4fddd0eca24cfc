//! Perplexity: how well a chat model predicts a text, computed like llama.cpp's `llama-perplexity`.
//!
//! The tokens of a text are divided into windows of [`WINDOW`]; a rest is left out. Each window is read with an empty
//! KV cache, and the tokens of its second half, from the one after the middle on, are scored, so that each has at least
//! half a window of context. In: tokens, and rows of logits. Out: a [`Perplexity`]. Pure arithmetic, which cannot fail;
//! the caller runs the model.

use std::fmt;

use serde::Serialize;

/// Tokens of a window: the default of `llama-perplexity`.
pub(crate) const WINDOW: usize = 512;
/// Tokens of a window that are read without scoring. From this position on, the logits after each token score the next
/// token; those after the last token score nothing.
pub(crate) const UNSCORED: usize = WINDOW / 2;

/// The perplexity of a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Perplexity {
    /// e to the power of the mean negative logarithm of the tokens' probabilities: the model is as uncertain as if it
    /// chose among this number of equally likely tokens.
    pub perplexity: f64,
    /// The standard error of the perplexity, under the assumption that tokens are independent.
    pub standard_error: f64,
    /// The number of windows.
    pub windows: usize,
    /// The number of scored tokens.
    pub tokens: usize,
}

impl fmt::Display for Perplexity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<16}{:>10.4}", "perplexity", self.perplexity)?;
        writeln!(f, "{:<16}{:>10.4}", "standard error", self.standard_error)?;
        writeln!(f, "{:<16}{:>10}", "windows", self.windows)?;
        writeln!(f, "{:<16}{:>10}", "tokens scored", self.tokens)
    }
}

/// The windows of a text. If the model has a token at the beginning of every text, `tokens` must start with it, and it
/// replaces the first token of each further window. Without it at the start of `tokens`, all windows would begin one
/// token later than those of `llama-perplexity`, which changes the perplexity of a few thousand tokens by more than a
/// percent.
pub(crate) fn windows(tokens: &[u32], begin: Option<u32>) -> impl Iterator<Item = Vec<u32>> {
    tokens.chunks_exact(WINDOW).map(move |window| {
        let mut window = window.to_vec();
        if let Some(begin) = begin {
            window[0] = begin;
        }
        window
    })
}

/// The sums from which the perplexity is computed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Score {
    windows: usize,
    tokens: usize,
    /// The sum of the negative logarithms of the probabilities.
    sum: f64,
    /// The sum of their squares.
    squares: f64,
}

impl Score {
    /// Scores a token with the logits before it.
    ///
    /// # Panics
    /// If the vocabulary has no such token.
    pub(crate) fn token(&mut self, logits: &[f32], token: u32) {
        // -ln softmax(logits)[token], with the largest logit subtracted to avoid an overflow.
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
        let surprise = total.ln() - f64::from(logits[token as usize] - largest);
        self.tokens += 1;
        self.sum += surprise;
        self.squares += surprise * surprise;
    }

    /// Counts a window.
    pub(crate) fn window(&mut self) {
        self.windows += 1;
    }

    /// The perplexity over all scored tokens; `None` for fewer than two.
    pub(crate) fn perplexity(&self) -> Option<Perplexity> {
        if self.tokens < 2 {
            return None;
        }
        let count = self.tokens as f64;
        let mean = self.sum / count;
        let variance = (self.squares / count - mean * mean).max(0.0);
        let perplexity = mean.exp();
        Some(Perplexity {
            perplexity,
            // The standard error of the mean, propagated through the exponential: d(eᵐ) = eᵐ dm.
            standard_error: perplexity * (variance / (count - 1.0)).sqrt(),
            windows: self.windows,
            tokens: self.tokens,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_complete_and_start_with_the_first_token_of_texts() {
        let tokens: Vec<u32> = (0..WINDOW as u32 * 2 + 100).collect();
        let plain: Vec<Vec<u32>> = windows(&tokens, None).collect();
        assert_eq!(
            plain,
            [&tokens[..WINDOW], &tokens[WINDOW..2 * WINDOW]].map(<[u32]>::to_vec)
        );
        let begun: Vec<Vec<u32>> = windows(&tokens, Some(7)).collect();
        assert_eq!((begun.len(), begun[1][0]), (2, 7));
        assert_eq!(begun[1][1..], plain[1][1..]);
        assert_eq!(windows(&tokens[..WINDOW - 1], None).count(), 0);
    }

    #[test]
    fn uniform_logits_have_the_size_of_the_vocabulary_as_perplexity() {
        let mut score = Score::default();
        assert_eq!(score.perplexity(), None);
        for token in 0..8 {
            // Large logits must not overflow: e to the power of 500 is not an f32.
            score.token(&[500.0; 8], token);
        }
        score.window();
        let result = score.perplexity().expect("eight tokens");
        assert!((result.perplexity - 8.0).abs() < 1e-9, "{result}");
        assert!(result.standard_error < 1e-6, "{result}");
        assert_eq!((result.windows, result.tokens), (1, 8));
    }

    #[test]
    fn a_case_computed_by_hand() {
        // The probabilities are 1/2, 1/4 and 1/4; the two tokens have 1/2 and 1/4.
        let logits = [2f32.ln(), 0.0, 0.0];
        let mut score = Score::default();
        score.token(&logits, 0);
        score.token(&logits, 2);
        let result = score.perplexity().expect("two tokens");
        // The geometric mean of 2 and 4. The surprisals ln 2 and 2 ln 2 differ by half of ln 2 from their mean.
        let expected = 8f64.sqrt();
        assert!((result.perplexity - expected).abs() < 1e-6, "{result}");
        let error = expected * 0.5 * 2f64.ln();
        assert!((result.standard_error - error).abs() < 1e-6, "{result}");
    }
}
