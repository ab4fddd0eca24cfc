//! Perplexity: how surprised a chat model is by a text, counted as llama.cpp's `llama-perplexity` counts it.
//!
//! A text's tokens are cut into windows of [`WINDOW`]; a rest is left out. Each window is read from an empty cache, and
//! the tokens of its second half, from the one after its middle on, are scored: so all have at least half a window
//! before them. In: tokens, and rows of logits. Out: a [`Perplexity`]. Pure arithmetic, which cannot fail; whoever calls
//! it reads the windows.

use std::fmt;

use serde::Serialize;

/// Tokens of a window; `llama-perplexity`'s default.
pub const WINDOW: usize = 512;
/// Tokens of a window that are read before logits are looked at. The logits after each token from this position on
/// score the token that follows it; those after the last one score nothing.
pub const UNSCORED: usize = WINDOW / 2;

/// What a text's perplexity is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Perplexity {
    /// e to the power of the mean negative logarithm of the tokens' probabilities: the model is as unsure as if it
    /// chose among so many equally likely tokens.
    pub perplexity: f64,
    /// The standard error of that figure, if tokens were independent of each other.
    pub standard_error: f64,
    /// Windows read.
    pub windows: usize,
    /// Tokens scored.
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

/// The windows of a text. Where the model has a token that begins every text, `tokens` begins with it, and it takes the
/// place of each further window's first token: without it in front all windows would begin a token later than those of
/// `llama-perplexity`, and their perplexity is off by more than a percent in a few thousand tokens.
pub fn windows(tokens: &[u32], begin: Option<u32>) -> impl Iterator<Item = Vec<u32>> {
    tokens.chunks_exact(WINDOW).map(move |window| {
        let mut window = window.to_vec();
        if let Some(begin) = begin {
            window[0] = begin;
        }
        window
    })
}

/// The sums that a perplexity is worked out of.
#[derive(Debug, Clone, Default)]
pub struct Score {
    windows: usize,
    tokens: usize,
    /// Of the negative logarithms of probabilities, and of their squares.
    sum: f64,
    squares: f64,
}

impl Score {
    /// Counts a token that came where the model gave these logits.
    ///
    /// # Panics
    /// If the vocabulary has no such token.
    pub fn token(&mut self, logits: &[f32], token: u32) {
        // -ln softmax(logits)[token], with the largest logit taken off so that nothing overflows.
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
        let surprise = total.ln() - f64::from(logits[token as usize] - largest);
        self.tokens += 1;
        self.sum += surprise;
        self.squares += surprise * surprise;
    }

    /// Counts a window that has been read.
    pub fn window(&mut self) {
        self.windows += 1;
    }

    /// The perplexity of all tokens counted; `None` where there are fewer than two.
    pub fn perplexity(&self) -> Option<Perplexity> {
        if self.tokens < 2 {
            return None;
        }
        let count = self.tokens as f64;
        let mean = self.sum / count;
        let variance = (self.squares / count - mean * mean).max(0.0);
        let perplexity = mean.exp();
        Some(Perplexity {
            perplexity,
            // The error of the mean, carried through the exponential: d(eᵐ) = eᵐ dm.
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
    fn windows_are_whole_and_begin_as_texts_do() {
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
    fn a_model_that_knows_nothing_chooses_among_all_tokens() {
        let mut score = Score::default();
        assert_eq!(score.perplexity(), None);
        for token in 0..8 {
            // Large logits must not overflow: e to the power of 500 is no f32.
            score.token(&[500.0; 8], token);
        }
        score.window();
        let result = score.perplexity().expect("eight tokens");
        assert!((result.perplexity - 8.0).abs() < 1e-9, "{result}");
        assert!(result.standard_error < 1e-6, "{result}");
        assert_eq!((result.windows, result.tokens), (1, 8));
    }

    #[test]
    fn a_case_worked_by_hand() {
        // Probabilities 1/2, 1/4 and 1/4; the tokens that come have 1/2 and 1/4.
        let logits = [2f32.ln(), 0.0, 0.0];
        let mut score = Score::default();
        score.token(&logits, 0);
        score.token(&logits, 2);
        let result = score.perplexity().expect("two tokens");
        // The geometric mean of 2 and 4; the surprises ln 2 and 2 ln 2 lie half a ln 2 from their mean.
        let expected = 8f64.sqrt();
        assert!((result.perplexity - expected).abs() < 1e-6, "{result}");
        let error = expected * 0.5 * 2f64.ln();
        assert!((result.standard_error - error).abs() < 1e-6, "{result}");
    }
}
