//! LayerNorm: what a BERT encoder does to each row after a residual sum.

use super::activations::Activations;
use super::disjoint::Disjoint;
use super::pool::Pool;
use super::simd::{Kernel, LANES, Lanes, Level};

/// LayerNorm: `(x - mean(x)) / sqrt(var(x) + ε) · weight + bias` (<https://arxiv.org/abs/1607.06450>).
#[derive(Debug, Clone, Copy)]
pub(crate) struct LayerNorm<'a> {
    /// The factors of the normed numbers, as many as a row has numbers.
    pub weight: &'a [f32],
    /// Added to the normed numbers, as long as a row.
    pub bias: &'a [f32],
    /// Added to the variance, so that a row of equal numbers is not divided by zero.
    pub epsilon: f32,
}

impl<'a> LayerNorm<'a> {
    /// Adds `added` to a row and norms the sum in place.
    ///
    /// # Panics
    /// If the lengths differ.
    pub(crate) fn apply(&self, level: Level, row: &mut [f32], added: &[f32]) {
        let lengths = [added.len(), self.weight.len(), self.bias.len()];
        assert!(lengths == [row.len(); 3], "rows of one length");
        level.run(Apply {
            norm: *self,
            row,
            added,
        });
    }

    /// Adds `added(number of the row)` to each row of `rows`, norms the sums in place, and quantises them into `to` for
    /// the next matrix products.
    ///
    /// # Panics
    /// If a length differs from that of `weight`.
    pub(crate) fn apply_all<'b>(
        &self,
        pool: &Pool,
        level: Level,
        rows: &mut [f32],
        added: impl Fn(usize) -> &'b [f32] + Sync,
        to: &mut Activations,
    ) {
        let width = self.weight.len();
        to.resize(rows.len() / width, width);
        let rows = Disjoint::new(rows);
        to.write_rows(pool, |number, to| {
            // SAFETY: `write_rows` calls this once for each row, and rows do not overlap.
            let row = unsafe { rows.part(number * width..(number + 1) * width) };
            self.apply(level, row, added(number));
            to.write(level, row);
        });
    }
}

struct Apply<'a, 'b> {
    norm: LayerNorm<'a>,
    row: &'b mut [f32],
    added: &'b [f32],
}

impl Kernel for Apply<'_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let (row, size) = (self.row.as_mut_ptr(), self.row.len());
        let parts = || (0..size).step_by(LANES).map(|at| (at, (size - at).min(LANES)));
        // SAFETY: promised by the caller.
        let zero = |values: L, count: usize| unsafe { values.first(count, L::splat(0.0)) };
        // SAFETY: promised by the caller; every access stays inside the four slices, which are as long as each other.
        unsafe {
            let mut sum = L::splat(0.0);
            for (at, count) in parts() {
                let added = L::load_some(self.added.as_ptr().add(at), count);
                let x = L::load_some(row.add(at), count).add(added);
                x.store_some(row.add(at), count);
                sum = sum.add(x);
            }
            let mean = L::splat(sum.sum() / size as f32);
            // Computed from the differences to the mean: a sum of squares loses digits where the mean is large.
            let mut squares = L::splat(0.0);
            for (at, count) in parts() {
                let difference = zero(L::load_some(row.add(at), count).sub(mean), count);
                squares = difference.mul_add(difference, squares);
            }
            let factor = (squares.sum() / size as f32 + self.norm.epsilon).sqrt().recip();
            for (at, count) in parts() {
                let x = L::load_some(row.add(at), count).sub(mean).mul(L::splat(factor));
                let weight = L::load_some(self.norm.weight.as_ptr().add(at), count);
                let bias = L::load_some(self.norm.bias.as_ptr().add(at), count);
                x.mul_add(weight, bias).store_some(row.add(at), count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::testing::{assert_near, doubles, half_step, levels, restored, threads};

    fn plain(norm: &LayerNorm<'_>, row: &[f32], added: &[f32]) -> Vec<f64> {
        let row: Vec<f64> = row.iter().zip(added).map(|(x, y)| f64::from(x + y)).collect();
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / row.len() as f64;
        let factor = (variance + f64::from(norm.epsilon)).sqrt().recip();
        let parameters = norm.weight.iter().zip(norm.bias);
        let normed = row.iter().zip(parameters);
        normed
            .map(|(x, (weight, bias))| (x - mean) * factor * f64::from(*weight) + f64::from(*bias))
            .collect()
    }

    proptest! {
        #[test]
        fn every_level_norms_as_plain_loops_do(
            rows in prop::collection::vec((-3.0_f32..3.0, -2.0_f32..2.0, -1.0_f32..1.0, -1.0_f32..1.0), 2..80),
            shift in -50.0_f32..50.0,
        ) {
            let row: Vec<f32> = rows.iter().map(|part| part.0 + shift).collect();
            let [weight, bias, added] = [
                rows.iter().map(|part| part.1).collect::<Vec<f32>>(),
                rows.iter().map(|part| part.2).collect(),
                rows.iter().map(|part| part.3).collect(),
            ];
            let norm = LayerNorm { weight: &weight, bias: &bias, epsilon: 1e-3 };
            let expected = plain(&norm, &row, &added);
            for level in levels() {
                let mut normed = row.clone();
                norm.apply(level, &mut normed, &added);
                // The mean of numbers up to 54 is off by some 1e-5, and is divided by at least 0.03.
                assert_near(level, &normed, &expected, |_| 3e-3);
            }
        }
    }

    #[test]
    fn all_rows_are_normed_each_on_its_own_and_quantised() {
        let (width, pool) = (40, threads(2));
        let (weight, bias) = (vec![1.5; width], vec![0.25; width]);
        let norm = LayerNorm {
            weight: &weight,
            bias: &bias,
            epsilon: 1e-12,
        };
        let rows: Vec<f32> = (0..width * 11).map(|at| (at as f32 * 1.3).sin() * 2.0).collect();
        for level in levels() {
            let (mut together, mut alone) = (rows.clone(), rows.clone());
            let mut codes = Activations::default();
            norm.apply_all(&pool, level, &mut together, |_| &weight, &mut codes);
            alone
                .chunks_exact_mut(width)
                .for_each(|row| norm.apply(level, row, &weight));
            assert_eq!(together, alone, "{level:?}");
            assert_near(level, &restored(&codes), &doubles(&alone), |at| {
                half_step(&codes, at)
            });
        }
    }
}
