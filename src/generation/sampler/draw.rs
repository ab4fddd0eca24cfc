//! Draws one of several tokens at random.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

use super::exponential::Weights;

/// The random numbers of one sequence.
pub(super) struct Draw {
    /// Two things fix the numbers: PCG defines its stream, and `rand_core` how a seed becomes a state. Both projects
    /// call any change of that a breaking change.
    random: Pcg64,
    /// The weight of each block of logits; kept between calls to reuse its memory.
    blocks: Vec<f64>,
}

impl Draw {
    /// The random numbers of `seed`, from the first one on.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Pcg64::seed_from_u64(seed),
            blocks: Vec::new(),
        }
    }

    /// Draws a position with the probability softmax(logit / temperature), by one random number. One of the logits
    /// is `weights.largest`, and none is larger; those of negative infinity are never drawn.
    pub(super) fn draw(&mut self, logits: &[f32], weights: Weights) -> usize {
        let blocks = logits.chunks(Weights::BLOCK);
        self.blocks.clear();
        self.blocks.extend(blocks.map(|block| weights.of_block(block)));
        let point = self.unit() * self.blocks.iter().sum::<f64>();
        // First the block and then the position in it, so that only one block's weights are visited one by one.
        let (block, point) = pick(self.blocks.iter().copied(), point);
        let start = block * Weights::BLOCK;
        let within = logits[start..].iter().take(Weights::BLOCK);
        start + pick(within.map(|logit| f64::from(weights.of(*logit))), point).0
    }

    /// The next random number, from 0 up to but not including 1. It has 53 bits, as many as an `f64` holds.
    fn unit(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 * 2f64.powi(-53)
    }
}

/// Lays the weights end to end, and returns the position of the weight that `point` falls into, and how far into it.
/// Rounding may place the point beyond the end; then the last weight is picked. A weight of 0 is never picked.
fn pick(weights: impl Iterator<Item = f64>, mut point: f64) -> (usize, f64) {
    let mut last = (0, 0.0);
    for (position, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
        if point < weight {
            return (position, point);
        }
        point -= weight;
        last = (position, weight);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        // The numbers are fixed on purpose: if this fails, the same seed no longer gives the same text as before.
        let mut draw = Draw::new(42);
        let numbers: Vec<u64> = (0..4).map(|_| draw.random.next_u64()).collect();
        let expected = [
            4178418447715145737,
            4410739922618931473,
            14034899209665866285,
            9736923071240364268,
        ];
        assert_eq!(numbers, expected);
    }

    #[test]
    fn tokens_come_as_often_as_they_are_likely() {
        // Four tokens are possible, in three blocks.
        let mut logits = vec![f32::NEG_INFINITY; 2 * Weights::BLOCK + 10];
        let tokens = [0, 1, Weights::BLOCK, 2 * Weights::BLOCK + 9];
        for (token, logit) in tokens.iter().zip([1.0, -0.5, 0.25, -3.0]) {
            logits[*token] = logit;
        }
        for temperature in [0.5, 1.0, 2.0] {
            let weights = tokens.map(|token| f64::from(logits[token] / temperature).exp());
            let mut draw = Draw::new(7);
            let drawn: Vec<usize> = (0..20_000)
                .map(|_| {
                    draw.draw(
                        &logits,
                        Weights {
                            largest: 1.0,
                            temperature,
                        },
                    )
                })
                .collect();
            assert!(drawn.iter().all(|token| tokens.contains(token)));
            for (token, weight) in tokens.iter().zip(weights) {
                let expected = weight / weights.iter().sum::<f64>();
                let share = drawn.iter().filter(|drawn| *drawn == token).count() as f64 / drawn.len() as f64;
                // Four standard deviations of a share.
                let tolerance = 4.0 * (expected * (1.0 - expected) / drawn.len() as f64).sqrt();
                assert!(
                    (share - expected).abs() < tolerance,
                    "{share} for {expected} at {temperature}"
                );
            }
        }
    }

    #[test]
    fn the_least_and_the_largest_temperature_work() {
        // The least temperature there is: differences become infinite.
        for temperature in [f32::from_bits(1), 1.0, f32::MAX] {
            let mut draw = Draw::new(1);
            let weights = Weights {
                largest: 2.0,
                temperature,
            };
            let drawn: Vec<usize> = (0..50).map(|_| draw.draw(&[2.0, -1e30], weights)).collect();
            assert!(drawn.contains(&0));
            assert_eq!(drawn.contains(&1), temperature == f32::MAX, "{temperature}");
        }
    }

    #[test]
    fn a_point_falls_into_its_weight() {
        let weights = [0.0, 2.0, 0.0, 1.0, 0.0];
        for (point, expected) in [(0.0, 1), (1.9, 1), (2.0, 3), (2.9, 3), (3.0, 3), (4.0, 3)] {
            assert_eq!(pick(weights.into_iter(), point).0, expected, "{point}");
        }
    }
}
