//! The exponential function, from additions and multiplications only. It gives the same bits on every platform (the
//! system's own `exp` differs in the last place), and the compiler makes vector instructions of a loop over it.

/// Below this the result is not a normal `f32`, and 0 is returned.
const LOWEST: f32 = -87.3;

/// Adding 1.5 · 2²³ to a small number leaves its nearest whole number in the lowest bits.
const TO_WHOLE: f32 = 12_582_912.0;

/// ln 2 in two parts (Cody and Waite's reduction). The first is 355/512, so a whole number times it is exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// e to the power of `x`, for `x` of 0 or less; within 3 · 10⁻⁷ of it, relatively. 0 below -87.3.
///
/// eˣ = 2ⁿ · eʳ with n the whole number nearest to x / ln 2, and |r| ≤ ln 2 / 2 small enough for eight terms of the
/// power series: the ninth is below 10⁻⁸.
#[inline]
fn exp(x: f32) -> f32 {
    let shifted = x * std::f32::consts::LOG2_E + TO_WHOLE;
    let n = shifted - TO_WHOLE;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let terms = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let series = terms.iter().fold(1.0 / 5040.0, |sum: f32, term| sum * r + term);
    // n goes to the exponent's place; 1.0 has n = 0 there.
    let power_of_two = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    if x < LOWEST { 0.0 } else { series * power_of_two }
}

/// The weights of tokens in a draw: e to the power of `(logit - largest) / temperature`; the largest is 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    /// The largest logit of the row.
    pub largest: f32,
    /// Above 0.
    pub temperature: f32,
}

impl Weights {
    /// Logits whose weights are added up in f32: few enough to keep the precision, enough for vector instructions.
    pub(super) const BLOCK: usize = 512;

    /// The weights of the model's own distribution.
    pub(super) fn plain(largest: f32) -> Self {
        Self {
            largest,
            temperature: 1.0,
        }
    }

    /// The weight of a token.
    #[inline]
    pub(super) fn of(self, logit: f32) -> f32 {
        exp((logit - self.largest) / self.temperature)
    }

    /// The weight of all tokens together.
    pub(super) fn total(self, logits: &[f32]) -> f64 {
        logits.chunks(Self::BLOCK).map(|block| self.of_block(block)).sum()
    }

    /// The weight of up to [`BLOCK`](Weights::BLOCK) tokens together.
    pub(super) fn of_block(self, logits: &[f32]) -> f64 {
        let mut lanes = [0.0f32; 16];
        let rows = logits.chunks_exact(lanes.len());
        let rest: f32 = rows.remainder().iter().map(|logit| self.of(*logit)).sum();
        for row in rows {
            for (lane, logit) in lanes.iter_mut().zip(row) {
                *lane += self.of(*logit);
            }
        }
        f64::from(lanes.iter().sum::<f32>() + rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_within_the_documented_bound() {
        for step in 0..=873_000 {
            let x = step as f32 * -1e-4;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) / exact - 1.0).abs();
            assert!(error < 3e-7, "exp({x}) is off by {error}");
        }
        assert_eq!((exp(0.0), exp(-0.0)), (1.0, 1.0));
        for x in [-87.4, -1000.0, f32::MIN, f32::NEG_INFINITY] {
            assert_eq!(exp(x), 0.0, "{x}");
        }
    }

    #[test]
    fn a_total_is_the_sum_of_its_terms() {
        for length in [0, 1, 15, 16, 17, 511, 512, 513, 5000] {
            let logits: Vec<f32> = (0..length).map(|i| (i as f32 * 0.37).sin() * 8.0).collect();
            for temperature in [1.0, 0.5] {
                let weight = |logit: &f32| f64::from((logit - 8.0) / temperature).exp();
                let exact: f64 = logits.iter().map(weight).sum();
                let total = Weights {
                    largest: 8.0,
                    temperature,
                }
                .total(&logits);
                assert!(
                    (total - exact).abs() <= exact * 1e-6,
                    "{total} for {exact}: {length} at {temperature}"
                );
            }
        }
    }
}
