//! A decoder's element-wise steps between its matrix products: norms and gates.
//!
//! A row is one token's numbers. These are safe functions over one row;
//! [`Pool::for_rows`](super::pool::Pool::for_rows) spreads rows over threads.

use super::activations::RowMut;
use super::simd::{Kernel, LANES, Lanes, Level};

/// RMSNorm: `x · weight / sqrt(mean(x²) + ε)`.
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a> {
    /// The factors of the normed numbers, as many as a row has numbers.
    pub weight: &'a [f32],
    /// Added to the mean of the squares, so that a row of zeros is not divided by zero.
    pub epsilon: f32,
}

impl Norm<'_> {
    /// Writes the normed row to `to`, quantised for a matrix product.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn quantise(&self, level: Level, row: &[f32], to: &mut RowMut<'_>) {
        assert!(
            row.len() == self.weight.len() && to.holds(row.len()),
            "rows of one length"
        );
        level.run(NormQuantise { norm: *self, row, to });
    }

    /// Norms a row in place.
    ///
    /// # Panics
    /// If the row is not as long as the weight.
    pub fn apply(&self, level: Level, row: &mut [f32]) {
        assert_eq!(row.len(), self.weight.len(), "a weight for each number");
        level.run(NormInPlace { norm: *self, row });
    }

    /// The factor of the row's numbers, without the weight.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn factor<L: Lanes>(&self, row: &[f32]) -> f32 {
        // SAFETY: promised by the caller.
        let squares = unsafe { sum_of_squares::<L>(row) };
        (squares / row.len() as f32 + self.epsilon).sqrt().recip()
    }
}

/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn sum_of_squares<L: Lanes>(row: &[f32]) -> f32 {
    // SAFETY: every load stays inside the row.
    unsafe {
        let mut sum = L::splat(0.0);
        for part in row.chunks(LANES) {
            let x = L::load_some(part.as_ptr(), part.len());
            sum = x.mul_add(x, sum);
        }
        sum.sum()
    }
}

struct NormInPlace<'a, 'b> {
    norm: Norm<'a>,
    row: &'b mut [f32],
}

impl Kernel for NormInPlace<'_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: every access stays inside the two slices, which are as long as each other.
        unsafe {
            let factor = L::splat(self.norm.factor::<L>(self.row));
            for (part, weight) in self.row.chunks_mut(LANES).zip(self.norm.weight.chunks(LANES)) {
                let count = part.len();
                let x = L::load_some(part.as_ptr(), count).mul(factor);
                x.mul(L::load_some(weight.as_ptr(), count))
                    .store_some(part.as_mut_ptr(), count);
            }
        }
    }
}

struct NormQuantise<'a, 'b, 'c> {
    norm: Norm<'a>,
    row: &'b [f32],
    to: &'b mut RowMut<'c>,
}

impl Kernel for NormQuantise<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: promised by the caller; every access stays inside the two slices, which are as long as each other.
        unsafe {
            let factor = L::splat(self.norm.factor::<L>(self.row));
            self.to.fill::<L>(self.row.len(), |at, count| {
                let x = L::load_some(self.row.as_ptr().add(at), count).mul(factor);
                x.mul(L::load_some(self.norm.weight.as_ptr().add(at), count))
            });
        }
    }
}

/// The activation function of a feed-forward network's gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    /// `x / (1 + e^-x)`.
    Silu,
    /// `x/2 · (1 + tanh(sqrt(2/π) · (x + 0.044715·x³)))`, which is `x / (1 + e^-2y)` for tanh's argument `y`.
    GeluTanh,
}

/// Writes `curve(gate) · up` to `to`, quantised for a matrix product.
///
/// # Panics
/// If the lengths differ.
pub(crate) fn gate(level: Level, curve: Curve, gate: &[f32], up: &[f32], to: &mut RowMut<'_>) {
    assert!(gate.len() == up.len() && to.holds(up.len()), "rows of one length");
    level.run(Gate { curve, gate, up, to });
}

struct Gate<'a, 'b> {
    curve: Curve,
    gate: &'a [f32],
    up: &'a [f32],
    to: &'a mut RowMut<'b>,
}

impl Kernel for Gate<'_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: promised by the caller; every access stays inside the two slices, which are as long as each other.
        unsafe {
            self.to.fill::<L>(self.up.len(), |at, count| {
                let x = L::load_some(self.gate.as_ptr().add(at), count);
                let up = L::load_some(self.up.as_ptr().add(at), count);
                let minus = match self.curve {
                    Curve::Silu => L::splat(0.0).sub(x),
                    Curve::GeluTanh => {
                        // -2 · sqrt(2/π) · (x + 0.044715·x³).
                        let cubic = x.mul(x).mul_add(L::splat(0.044_715), L::splat(1.0));
                        x.mul(cubic).mul(L::splat(-1.595_769))
                    }
                };
                x.div(minus.exp().add(L::splat(1.0))).mul(up)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::activations::Activations;
    use crate::kernels::testing::{Random, alone, assert_near, assert_panics, half_step, levels, restored};

    /// One row as `write` quantises it.
    fn row(columns: usize, write: impl Fn(&mut RowMut<'_>) + Sync) -> Activations {
        let mut to = Activations::default();
        to.resize(1, columns);
        to.write_rows(&alone(), |_, to| write(to));
        to
    }

    fn curve(curve: Curve, x: f64) -> f64 {
        match curve {
            Curve::Silu => x / (1.0 + (-x).exp()),
            Curve::GeluTanh => {
                let y = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                // Half of 1 + tanh y, without losing all digits where that is nearly 0.
                x / (1.0 + (-2.0 * y).exp())
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn norms_are_root_mean_squares(columns in 1..200usize, power in -3..4i32, seed: u64) {
            let mut random = Random(seed);
            let numbers = random.numbers(columns, 10f32.powi(power));
            let weight = random.numbers(columns, 3.0);
            let norm = Norm { weight: &weight, epsilon: 1e-5 };
            let squares: f64 = numbers.iter().map(|x| f64::from(*x).powi(2)).sum();
            let factor = (squares / columns as f64 + 1e-5).sqrt().recip();
            let products = numbers.iter().zip(&weight);
            let wanted: Vec<f64> = products.map(|(x, w)| f64::from(*x) * factor * f64::from(*w)).collect();
            for level in levels() {
                let mut found = numbers.clone();
                norm.apply(level, &mut found);
                assert_near(level, &found, &wanted, |at| wanted[at].abs() * 2e-6);
                let quantised = row(columns, |to| norm.quantise(level, &numbers, to));
                assert_near(level, &restored(&quantised), &wanted, |at| half_step(&quantised, at));
            }
        }

        #[test]
        fn gates_are_curves_times_numbers(columns in 1..150usize, size in 0.1..12f32, gelu: bool, seed: u64) {
            let shape = if gelu { Curve::GeluTanh } else { Curve::Silu };
            let mut random = Random(seed);
            let (gates, ups) = (random.numbers(columns, size), random.numbers(columns, 2.0));
            let pairs = gates.iter().zip(&ups);
            let wanted: Vec<f64> = pairs.map(|(x, up)| curve(shape, f64::from(*x)) * f64::from(*up)).collect();
            for level in levels() {
                let found = row(columns, |to| gate(level, shape, &gates, &ups, to));
                assert_near(level, &restored(&found), &wanted, |at| half_step(&found, at));
            }
        }
    }

    #[test]
    fn gates_are_exact_where_they_are_alone_in_their_block() {
        // The largest number of a block is restored to a few units in the last place.
        for level in levels() {
            for shape in [Curve::Silu, Curve::GeluTanh] {
                for x in [-100_f32, -9.0, -1.5, -1e-3, 0.0, 1e-3, 1.5, 9.0, 100.0] {
                    let found = restored(&row(1, |to| gate(level, shape, &[x], &[2.0], to)));
                    let wanted = 2.0 * curve(shape, f64::from(x));
                    assert_near(level, &found, &[wanted], |_| wanted.abs() * 5e-5 + 1e-6);
                }
            }
        }
    }

    const ONES: Norm<'_> = Norm {
        weight: &[1.0; 5],
        epsilon: 1e-6,
    };

    #[test]
    fn a_row_of_zeros_has_a_norm() {
        for level in levels() {
            let mut zeros = [0.0; 5];
            ONES.apply(level, &mut zeros);
            assert_eq!(zeros, [0.0; 5]);
        }
    }

    #[test]
    fn rows_of_another_length_are_refused() {
        assert_panics("a weight for each number", || {
            ONES.apply(Level::best(), &mut [0.0; 6])
        });
        assert_panics("rows of one length", || {
            row(32, |to| {
                gate(Level::best(), Curve::Silu, &[1.0; 33], &[1.0; 33], to)
            });
        });
    }
}
