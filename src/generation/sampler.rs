//! Logits → a token, by candle's `LogitsProcessor`; seeded, so that the same request gives the same text.

use candle_core::{Device, Tensor};
use candle_transformers::generation::{LogitsProcessor, Sampling as Method};

use super::model::ModelError;

/// How a token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// 0 takes the most likely token; higher is more varied.
    pub temperature: f64,
    /// Only the most likely tokens that together have this probability are drawn from.
    pub top_p: f64,
    /// Seeds the draw.
    pub seed: u64,
}

impl Sampling {
    /// The most likely token, always.
    pub const GREEDY: Sampling = Sampling {
        temperature: 0.0,
        top_p: 1.0,
        seed: 0,
    };
}

/// Draws the tokens of one sequence.
pub struct Sampler(LogitsProcessor);

impl Sampler {
    /// A sampler at the beginning of its random sequence.
    pub fn new(sampling: Sampling) -> Self {
        let Sampling {
            temperature,
            top_p,
            seed,
        } = sampling;
        let method = match temperature {
            t if t <= 0.0 => Method::ArgMax,
            temperature if top_p >= 1.0 => Method::All { temperature },
            temperature => Method::TopP {
                p: top_p,
                temperature,
            },
        };
        Self(LogitsProcessor::from_sampling(seed, method))
    }

    /// Chooses the token that follows, from logits `[vocabulary]`.
    pub fn sample(&mut self, logits: &[f32]) -> Result<u32, ModelError> {
        Ok(self.0.sample(&Tensor::new(logits, &Device::Cpu)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(sampling: Sampling, count: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(sampling);
        let logits: Vec<f32> = (0..50).map(|token| (token as f32 * 0.7).sin()).collect();
        (0..count)
            .map(|_| sampler.sample(&logits).expect("50 finite logits"))
            .collect()
    }

    #[test]
    fn greedy_takes_the_largest_and_a_seed_repeats_its_draws() {
        assert_eq!(draw(Sampling::GREEDY, 3), [47, 47, 47]);
        let warm = Sampling {
            temperature: 1.0,
            top_p: 0.9,
            seed: 7,
        };
        assert_eq!(draw(warm, 20), draw(warm, 20));
        assert_ne!(draw(warm, 20), draw(Sampling { seed: 8, ..warm }, 20));
    }
}
