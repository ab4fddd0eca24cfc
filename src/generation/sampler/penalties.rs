//! Penalties: tokens of the prompt and of the text become less likely.

use std::collections::HashMap;

use super::sampling::Sampling;

/// The penalties of one sequence, and the tokens that they apply to.
pub(super) struct Penalties {
    repetition: f32,
    presence: f32,
    frequency: f32,
    is_active: bool,
    /// How often a token is in the text so far; 0 for one that is in the prompt only.
    times: HashMap<u32, u32>,
}

impl Penalties {
    /// The penalties after a prompt and before any text.
    pub(super) fn new(sampling: &Sampling, prompt: &[u32]) -> Self {
        let counts_prompt = sampling.repetition_penalty != 1.0;
        let prompt = prompt.iter().filter(|_| counts_prompt);
        Self {
            repetition: sampling.repetition_penalty,
            presence: sampling.presence_penalty,
            frequency: sampling.frequency_penalty,
            is_active: sampling.penalizes(),
            times: prompt.map(|token| (*token, 0)).collect(),
        }
    }

    /// Adds a token to the text.
    pub(super) fn count(&mut self, token: u32) {
        if self.is_active {
            *self.times.entry(token).or_default() += 1;
        }
    }

    /// Changes the logits of tokens that have occurred. A positive logit is divided by the repetition penalty and a
    /// negative one multiplied by it (Keskar et al., "CTRL", 2019; the case for negative logits is common practice);
    /// then `times · frequency + presence` is subtracted if the token is in the text (OpenAI's formula).
    pub(super) fn apply(&self, logits: &mut [f32]) {
        // Each token changes its own logit only, so the order of the map does not matter.
        for (token, times) in &self.times {
            let Some(logit) = logits.get_mut(*token as usize) else {
                continue;
            };
            if *logit > 0.0 {
                *logit /= self.repetition;
            } else {
                *logit *= self.repetition;
            }
            if *times > 0 {
                *logit -= *times as f32 * self.frequency + self.presence;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(sampling: Sampling, prompt: &[u32], text: &[u32]) -> [f32; 5] {
        let mut penalties = Penalties::new(&sampling, prompt);
        text.iter().for_each(|token| penalties.count(*token));
        let mut logits = [4.0, -4.0, 0.0, 4.0, -4.0];
        penalties.apply(&mut logits);
        logits
    }

    #[test]
    fn each_penalty_follows_its_formula() {
        let repetition = Sampling::with(|s| s.repetition_penalty = 2.0);
        let presence = Sampling::with(|s| s.presence_penalty = 0.5);
        let frequency = Sampling::with(|s| s.frequency_penalty = 0.25);
        let all = Sampling {
            presence_penalty: 0.5,
            frequency_penalty: 0.25,
            ..repetition.clone()
        };
        let (prompt, text) = ([0, 1, 0], [1, 3, 3, 2]);
        assert_eq!(
            after(Sampling::GREEDY, &prompt, &text),
            [4.0, -4.0, 0.0, 4.0, -4.0]
        );
        // Once, however often it occurs; the prompt counts.
        assert_eq!(after(repetition, &prompt, &text), [2.0, -8.0, 0.0, 2.0, -4.0]);
        // The text only.
        assert_eq!(after(presence, &prompt, &text), [4.0, -4.5, -0.5, 3.5, -4.0]);
        assert_eq!(after(frequency, &prompt, &text), [4.0, -4.25, -0.25, 3.5, -4.0]);
        assert_eq!(after(all, &prompt, &text), [2.0, -8.75, -0.75, 1.0, -4.0]);
    }

    #[test]
    fn tokens_beyond_the_row_are_ignored() {
        let sampling = Sampling::with(|s| s.repetition_penalty = 2.0);
        assert_eq!(after(sampling, &[5, u32::MAX], &[7]), [4.0, -4.0, 0.0, 4.0, -4.0]);
    }
}
