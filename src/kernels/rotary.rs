//! Rotary position embedding: pairs of a head's numbers are rotated by an angle that grows with the position
//! (<https://arxiv.org/abs/2104.09864>).

use super::simd::{Kernel, LANES, Lanes, Level};

/// Which two numbers of a head are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// `2i` and `2i + 1`.
    Neighbours,
    /// `i` and `i + head_dim/2`.
    Halves,
}

/// Cosines and sines for the rows of a batch.
#[derive(Debug)]
pub struct Angles {
    pairs: Pairs,
    head_dim: usize,
    /// `[rows, head_dim]`: the factor of each number.
    cosines: Vec<f32>,
    /// `[rows, head_dim]`: the factor of each number's partner; the first number of a pair has the negative sine.
    sines: Vec<f32>,
}

impl Angles {
    /// No rows, for heads of `head_dim` numbers.
    pub fn new(pairs: Pairs, head_dim: usize) -> Self {
        Self {
            pairs,
            head_dim,
            cosines: Vec::new(),
            sines: Vec::new(),
        }
    }

    /// Computes the rows' angles: `frequencies` (radians per token, `[head_dim / 2]`) times the row's position. Rotated
    /// numbers are also multiplied by `magnitude`.
    ///
    /// # Panics
    /// If there are not half as many frequencies as a head has numbers.
    pub fn set(&mut self, positions: impl Iterator<Item = usize>, frequencies: &[f32], magnitude: f32) {
        assert_eq!(frequencies.len() * 2, self.head_dim, "a frequency for each pair");
        self.cosines.clear();
        self.sines.clear();
        for position in positions {
            let at = self.cosines.len();
            self.cosines.resize(at + self.head_dim, 0.0);
            self.sines.resize(at + self.head_dim, 0.0);
            for (pair, frequency) in frequencies.iter().enumerate() {
                // In f64: at position 8,000 an f32 angle is off by half a thousandth.
                let (sine, cosine) = (position as f64 * f64::from(*frequency)).sin_cos();
                let (sine, cosine) = (sine as f32 * magnitude, cosine as f32 * magnitude);
                let (first, second) = match self.pairs {
                    Pairs::Neighbours => (2 * pair, 2 * pair + 1),
                    Pairs::Halves => (pair, pair + self.head_dim / 2),
                };
                self.cosines[at + first] = cosine;
                self.cosines[at + second] = cosine;
                self.sines[at + first] = -sine;
                self.sines[at + second] = sine;
            }
        }
    }

    /// Rotates `heads`, the heads of a row as `[heads, head_dim]`, by the angles of `row`.
    ///
    /// # Panics
    /// If there is no such row, or `heads` is not whole heads.
    pub fn turn(&self, level: Level, row: usize, heads: &mut [f32]) {
        assert!(heads.len().is_multiple_of(self.head_dim), "whole heads");
        let own = row * self.head_dim..(row + 1) * self.head_dim;
        let (cosines, sines) = (&self.cosines[own.clone()], &self.sines[own]);
        for head in heads.chunks_exact_mut(self.head_dim) {
            level.run(Turn {
                pairs: self.pairs,
                cosines,
                sines,
                head,
            });
        }
    }
}

struct Turn<'a, 'b> {
    pairs: Pairs,
    cosines: &'a [f32],
    sines: &'a [f32],
    head: &'b mut [f32],
}

impl Kernel for Turn<'_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let half = self.head.len() / 2;
        match self.pairs {
            Pairs::Neighbours => {
                let angles = self.cosines.chunks(LANES).zip(self.sines.chunks(LANES));
                for (part, (cosines, sines)) in self.head.chunks_mut(LANES).zip(angles) {
                    let count = part.len();
                    // SAFETY: promised by the caller; the three parts have `count` numbers.
                    unsafe {
                        let x = L::load_some(part.as_ptr(), count);
                        let turned = x.swap_pairs().mul(L::load_some(sines.as_ptr(), count));
                        x.mul_add(L::load_some(cosines.as_ptr(), count), turned)
                            .store_some(part.as_mut_ptr(), count);
                    }
                }
            }
            Pairs::Halves => {
                let (first, second) = self.head.split_at_mut(half);
                for at in (0..half).step_by(LANES) {
                    let count = (half - at).min(LANES);
                    // SAFETY: promised by the caller; each half has `count` numbers from `at` on.
                    unsafe {
                        let load = |from: &[f32]| L::load_some(from.as_ptr().add(at), count);
                        let (x, y) = (load(first), load(second));
                        let (cosine, sine) = (load(self.cosines), load(&self.sines[half..]));
                        let turned = y.mul(L::splat(0.0).sub(sine));
                        x.mul_add(cosine, turned)
                            .store_some(first.as_mut_ptr().add(at), count);
                        y.mul_add(cosine, x.mul(sine))
                            .store_some(second.as_mut_ptr().add(at), count);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::testing::{Random, assert_near, levels};

    /// Llama's frequencies, `10000^(-2i / head_dim)`.
    fn frequencies(head_dim: usize) -> Vec<f32> {
        let exponent = |pair| -2.0 * pair as f32 / head_dim as f32;
        (0..head_dim / 2)
            .map(|pair| 10_000_f32.powf(exponent(pair)))
            .collect()
    }

    fn plain(pairs: Pairs, head: &[f32], position: usize, frequencies: &[f32], magnitude: f32) -> Vec<f64> {
        let mut turned = vec![0.0; head.len()];
        for (pair, frequency) in frequencies.iter().enumerate() {
            let (first, second) = match pairs {
                Pairs::Neighbours => (2 * pair, 2 * pair + 1),
                Pairs::Halves => (pair, pair + head.len() / 2),
            };
            let (x, y) = (f64::from(head[first]), f64::from(head[second]));
            let (sine, cosine) = (position as f64 * f64::from(*frequency)).sin_cos();
            turned[first] = (x * cosine - y * sine) * f64::from(magnitude);
            turned[second] = (x * sine + y * cosine) * f64::from(magnitude);
        }
        turned
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn pairs_are_turned(
            halves: bool, pairs_of_head in 4..=64usize, heads in 1..4usize,
            positions in prop::collection::vec(0..9_000usize, 1..4), magnitude in 0.5..2f32, seed: u64,
        ) {
            let pairs = if halves { Pairs::Halves } else { Pairs::Neighbours };
            let head_dim = 2 * pairs_of_head;
            let frequencies = frequencies(head_dim);
            let mut angles = Angles::new(pairs, head_dim);
            // Angles that were set before do not matter.
            angles.set([7, 8, 9].into_iter(), &frequencies, 1.0);
            angles.set(positions.iter().copied(), &frequencies, magnitude);
            let before = Random(seed).numbers(heads * head_dim, 1.0);
            for level in levels() {
                for (row, position) in positions.iter().enumerate() {
                    let mut turned = before.clone();
                    angles.turn(level, row, &mut turned);
                    for (head, turned) in before.chunks(head_dim).zip(turned.chunks(head_dim)) {
                        let wanted = plain(pairs, head, *position, &frequencies, magnitude);
                        assert_near(level, turned, &wanted, |_| f64::from(magnitude) * 3e-7);
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "whole heads")]
    fn a_part_of_a_head_is_refused() {
        let mut angles = Angles::new(Pairs::Halves, 8);
        angles.set([0].into_iter(), &[1.0; 4], 1.0);
        angles.turn(Level::best(), 0, &mut [0.0; 12]);
    }
}
