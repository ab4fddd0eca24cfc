//! Rotary position embedding: the angle by which each pair of numbers of a head is rotated per token.
//!
//! In: base, factors and scaling of the metadata. Out: a [`Rotation`]. Formulas: RoFormer
//! (<https://arxiv.org/abs/2104.09864>), YaRN (<https://arxiv.org/abs/2309.00071>), with constants rounded as in
//! llama.cpp.

use std::f64::consts::PI;

/// The angles by which a head's pairs of numbers are rotated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rotation {
    /// Radians per token, for each pair, `[head_dim / 2]`; they include scaling and factors.
    pub frequencies: Vec<f32>,
    /// The factor of the rotated numbers: 1 except for YaRN.
    pub magnitude: f32,
}

/// How positions beyond the context of the first training are scaled into it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scaling {
    /// No scaling.
    None,
    /// All frequencies are divided by this factor.
    Linear(f64),
    /// Low frequencies are divided by a factor, high ones are not, with a ramp between.
    Yarn {
        /// The divisor of low frequencies.
        factor: f64,
        /// Context of the first training, in tokens.
        original_context: f64,
        /// Pairs with more rotations than this in the original context keep their frequency.
        fast: f64,
        /// Pairs with fewer rotations than this in the original context have low frequencies.
        slow: f64,
        /// Multiplies the magnitude.
        attention: f64,
    },
}

impl Rotation {
    /// Pair `i` of a head rotates by `base^(-2i/head_dim)`, divided by `factors[i]` if there are factors, and scaled.
    pub(super) fn new(head_dim: usize, base: f64, factors: Option<&[f32]>, scaling: Scaling) -> Self {
        let frequencies = (0..head_dim / 2).map(|pair| {
            let frequency = base.powf(-2.0 * pair as f64 / head_dim as f64);
            let factor = factors.map_or(1.0, |factors| f64::from(factors[pair]));
            scaling.scaled(frequency / factor, pair, head_dim, base) as f32
        });
        Self {
            frequencies: frequencies.collect(),
            magnitude: scaling.magnitude() as f32,
        }
    }

    /// Cosines and sines for a token at `position`, each `[head_dim / 2]` and multiplied by the magnitude. The angle is
    /// computed in f64, so that it is as exact at the end of a long context as at its beginning.
    pub(crate) fn angles(&self, position: usize) -> impl Iterator<Item = (f32, f32)> + '_ {
        self.frequencies.iter().map(move |frequency| {
            let (sine, cosine) = (position as f64 * f64::from(*frequency)).sin_cos();
            (cosine as f32 * self.magnitude, sine as f32 * self.magnitude)
        })
    }
}

impl Scaling {
    fn scaled(self, frequency: f64, pair: usize, head_dim: usize, base: f64) -> f64 {
        match self {
            Scaling::None => frequency,
            Scaling::Linear(factor) => frequency / factor,
            Scaling::Yarn {
                factor,
                original_context,
                fast,
                slow,
                ..
            } => {
                // The pair with this number of rotations in the original context (YaRN, equation 17 and after).
                let pair_of = |turns: f64| {
                    head_dim as f64 * (original_context / (turns * 2.0 * PI)).ln() / (2.0 * base.ln())
                };
                let low = pair_of(fast).floor().max(0.0);
                let high = pair_of(slow).ceil().min(head_dim as f64 - 1.0);
                let slowness = ((pair as f64 - low) / (high - low).max(0.001)).clamp(0.0, 1.0);
                frequency * (1.0 - slowness) + frequency / factor * slowness
            }
        }
    }

    fn magnitude(self) -> f64 {
        match self {
            Scaling::None | Scaling::Linear(_) => 1.0,
            // YaRN, equation 22: queries and keys are both multiplied by the square root of 1/t.
            Scaling::Yarn {
                factor, attention, ..
            } => attention * (1.0 + 0.1 * factor.max(1.0).ln()),
        }
    }
}
