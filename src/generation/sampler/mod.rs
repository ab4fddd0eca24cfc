//! Logits → a token.
//!
//! In: one row of logits `[vocabulary]` and, if the text has a constraint, a mask. Out: a token and, if requested,
//! logarithms of probabilities. A [`Sampler`] belongs to one sequence and lives on the engine's thread. It fails if a
//! logit is not a number, and if a mask allows no token.
//!
//! The order is llama.cpp's default. As in llama.cpp, temperature comes last, so that `top_p` and `min_p` cut the
//! model's own distribution, and temperature does not change which tokens can come:
//!
//! 1. `logprobs` are computed from the model's logits, before anything changes them.
//! 2. `logit_bias` is added.
//! 3. The penalties are applied: `repetition_penalty`, then `frequency_penalty` and `presence_penalty`.
//! 4. The mask excludes tokens.
//! 5. At temperature 0 the token with the largest logit is chosen, of equal ones the lowest id; steps 6 and 7 are
//!    skipped.
//! 6. `top_k` is applied, then `top_p` to the tokens that are left, then `min_p`.
//! 7. The logits that are left are divided by `temperature`, and one of their tokens is drawn.
//!
//! `repetition_penalty` counts the prompt and the text, `presence_penalty` and `frequency_penalty` the text alone, as
//! in vLLM: an answer that quotes its evidence is not punished for the evidence. (llama.cpp counts one window of the
//! last 64 tokens, prompt included, for all three.)
//!
//! A draw uses exactly one random number, and greedy choice none, so the numbers depend only on the seed and on how
//! many tokens were chosen before: not on drafts, batches or masks. The generator's stream and the exponential
//! function are the same on every platform, so the same logits and the same seed give the same text everywhere.

mod argmax;
mod draw;
mod exponential;
mod logprobs;
mod penalties;
mod sampling;
mod shortlist;

use super::constraint::Mask;
use argmax::argmax;
use draw::Draw;
use exponential::Weights;
pub(crate) use logprobs::Logprobs;
use logprobs::Report;
use penalties::Penalties;
pub(crate) use sampling::{Sampling, SamplingError};
use shortlist::Shortlist;

/// Chooses the tokens of one sequence.
pub(super) struct Sampler {
    sampling: Sampling,
    penalties: Penalties,
    draw: Draw,
    /// Kept between calls to reuse its memory.
    shortlist: Shortlist,
}

/// A token that was chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    /// Its id.
    pub token: u32,
    /// If [`Sampling::logprobs`] requests them.
    pub logprob: Option<Logprobs>,
}

/// Why no token can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SampleError {
    /// The model's arithmetic failed.
    #[error("the model returned logits that are not finite numbers; its weights or its kernels are broken")]
    NotFinite,
    /// No logits, or a mask that allows no token.
    #[error("no token may come next; a constraint must allow at least one until its text is complete")]
    NothingAllowed,
    /// The mask was made for another model.
    #[error("the mask covers {mask} tokens, but the model returned {logits} logits; make it for this model")]
    MaskLength {
        /// Tokens of the mask.
        mask: usize,
        /// Logits of the row.
        logits: usize,
    },
}

impl Sampler {
    /// A sampler for the text after `prompt`, with unused random numbers.
    ///
    /// `sampling` should have passed [`Sampling::check`]: a bias beyond the vocabulary is ignored here; other settings
    /// that are out of range give unexpected tokens, but never panic.
    pub(super) fn new(sampling: &Sampling, prompt: &[u32]) -> Self {
        Self {
            penalties: Penalties::new(sampling, prompt),
            draw: Draw::new(sampling.seed),
            shortlist: Shortlist::default(),
            sampling: sampling.clone(),
        }
    }

    /// Chooses the next token, and counts it. `logits` is one row, `[vocabulary]`; its numbers are overwritten and have
    /// no meaning afterwards.
    ///
    /// # Errors
    ///
    /// See [`SampleError`]. An error changes neither the counts nor the random numbers. A NaN that the mask excludes is
    /// an error only if [`Sampling::logprobs`] is set.
    pub(super) fn sample(
        &mut self,
        logits: &mut [f32],
        allowed: Option<&Mask>,
    ) -> Result<Choice, SampleError> {
        let report = self
            .sampling
            .logprobs
            .map(|count| Report::new(logits, count))
            .transpose()?;
        self.change(logits, allowed)?;
        let (likeliest, largest) = argmax(logits)?;
        let token = if self.sampling.temperature > 0.0 {
            self.draw(logits, largest)
        } else {
            likeliest
        };
        self.penalties.count(token);
        Ok(Choice {
            token,
            logprob: report.map(|report| report.of(token)),
        })
    }

    /// Changes the logits: steps 2 to 4 of the order above.
    fn change(&self, logits: &mut [f32], allowed: Option<&Mask>) -> Result<(), SampleError> {
        for (token, bias) in &self.sampling.logit_bias {
            if let Some(logit) = logits.get_mut(*token as usize) {
                *logit += bias;
            }
        }
        self.penalties.apply(logits);
        if let Some(mask) = allowed {
            if mask.vocabulary() != logits.len() {
                return Err(SampleError::MaskLength {
                    mask: mask.vocabulary(),
                    logits: logits.len(),
                });
            }
            mask.apply(logits);
        }
        Ok(())
    }

    /// Draws a token: steps 6 and 7 of the order above.
    fn draw(&mut self, logits: &[f32], largest: f32) -> u32 {
        let weights = Weights {
            largest,
            temperature: self.sampling.temperature,
        };
        if !self.sampling.cuts() {
            return self.draw.draw(logits, weights) as u32;
        }
        let (candidates, logits) = self.shortlist.cut(logits, largest, &self.sampling);
        candidates[self.draw.draw(logits, weights)].token
    }
}

#[cfg(test)]
mod tests;
