//! Rows of numbers as signed bytes: what the matrix products read.
//!
//! Each block of 32 numbers of a row has a scale, so that its largest is ±127, and the sum of its bytes times that
//! scale: a weight is `scale · code + min`, so the sum is what `min` is multiplied by.
//!
//! In: finite numbers. Out: each within half a scale of what it was. Rows are written by the threads of a pool.

use super::disjoint::Disjoint;
use super::lanes::{Kernel, LANES, Lanes, Level};
use super::pool::Pool;
use super::rows;
use super::tiles::COLUMNS as BLOCK;

/// Numbers up to here become zero: 127 divided by the smallest `f32` is infinite.
const SMALLEST: f32 = 1e-36;

/// Quantised rows, `[rows, columns]`, the columns filled up with zeros to whole blocks.
#[derive(Debug, Default)]
pub struct Activations {
    columns: usize,
    blocks: usize,
    codes: Vec<i8>,
    factors: Vec<Factors>,
}

/// What a block's codes and the weights' minima are multiplied by.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub struct Factors {
    /// What a code stands for.
    pub scale: f32,
    /// The sum of the block's codes, times `scale`.
    pub sum: f32,
}

impl Activations {
    /// Makes room for `rows` rows of `columns` numbers. What is in them is unspecified until they are written.
    pub fn resize(&mut self, rows: usize, columns: usize) {
        if self.columns != columns {
            // Blocks lie elsewhere now, and the padding of the last must be zero.
            self.codes.clear();
        }
        self.columns = columns;
        self.blocks = columns.div_ceil(BLOCK);
        self.codes.resize(rows * self.blocks * BLOCK, 0);
        self.factors.resize(rows * self.blocks, Factors::default());
    }

    /// Numbers in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Blocks in a row.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// The rows there is room for.
    pub fn rows(&self) -> usize {
        self.factors.len().checked_div(self.blocks).unwrap_or(0)
    }

    /// Codes of all rows, `[rows, blocks, BLOCK]`.
    pub fn codes(&self) -> &[i8] {
        &self.codes
    }

    /// Factors of all rows, `[rows, blocks]`.
    pub fn factors(&self) -> &[Factors] {
        &self.factors
    }

    /// Writes all rows, on several threads where there are many: `write(row, where it goes)`.
    pub fn write_rows(&mut self, pool: &Pool, write: impl Fn(usize, &mut RowMut<'_>) + Sync) {
        let (rows, blocks) = (self.rows(), self.blocks);
        let (codes, factors) = (Disjoint::new(&mut self.codes), Disjoint::new(&mut self.factors));
        rows::each(pool, rows, |row| {
            let own = row * blocks..(row + 1) * blocks;
            // SAFETY: `each` calls this once for each row, and rows have nothing in common.
            let mut to = unsafe {
                RowMut {
                    codes: codes.part(own.start * BLOCK..own.end * BLOCK),
                    factors: factors.part(own),
                }
            };
            write(row, &mut to);
        });
    }
}

/// One row of [`Activations`], to be written.
pub struct RowMut<'a> {
    /// `[blocks, BLOCK]`.
    codes: &'a mut [i8],
    /// `[blocks]`.
    factors: &'a mut [Factors],
}

impl RowMut<'_> {
    /// `[blocks]`.
    pub(super) fn factors(&self) -> &[Factors] {
        self.factors
    }

    /// Codes and factors, to be written.
    pub(super) fn parts(&mut self) -> (&mut [i8], &mut [Factors]) {
        (self.codes, self.factors)
    }

    /// Quantises `values`; fills the last block up with zeros.
    pub fn write(&mut self, level: Level, values: &[f32]) {
        assert!(
            values.len().div_ceil(BLOCK) == self.factors.len(),
            "a row's length"
        );
        level.run(Quantise {
            values,
            codes: self.codes,
            factors: self.factors,
        });
    }
}

struct Quantise<'a> {
    values: &'a [f32],
    codes: &'a mut [i8],
    factors: &'a mut [Factors],
}

impl Kernel for Quantise<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let (whole, rest) = self.values.as_chunks::<BLOCK>();
        let (codes, _) = self.codes.as_chunks_mut::<BLOCK>();
        let blocks = codes.iter_mut().zip(self.factors.iter_mut());
        let mut last = [0.0; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        for ((codes, factors), values) in blocks.zip(whole.iter().chain(std::iter::once(&last))) {
            // SAFETY: as the caller's; `values` and `codes` are a block each.
            *factors = unsafe { block::<L>(values, codes) };
        }
    }
}

/// Quantises one block.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn block<L: Lanes>(values: &[f32; BLOCK], codes: &mut [i8; BLOCK]) -> Factors {
    // SAFETY: each array holds two vectors.
    unsafe {
        let (low, high) = (L::load(values.as_ptr()), L::load(values.as_ptr().add(LANES)));
        let zero = L::splat(0.0);
        let largest = low.max(zero.sub(low)).max(high.max(zero.sub(high))).largest();
        let scale = largest / 127.0;
        let inverse = L::splat(if largest > SMALLEST { 127.0 / largest } else { 0.0 });
        let sum = low.mul(inverse).store_codes(codes.as_mut_ptr())
            + high.mul(inverse).store_codes(codes.as_mut_ptr().add(LANES));
        Factors {
            scale,
            sum: scale * sum as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::testing::{Random, levels, quantised, restored, threads};

    fn assert_quantised(level: Level, columns: usize, numbers: &[f32]) {
        let rows = quantised(level, numbers, columns);
        let restored = restored(&rows);
        for (row, (numbers, restored)) in numbers.chunks(columns).zip(restored.chunks(columns)).enumerate() {
            for (block, (numbers, restored)) in numbers.chunks(BLOCK).zip(restored.chunks(BLOCK)).enumerate()
            {
                let at = row * rows.blocks() + block;
                let Factors { scale, sum } = rows.factors()[at];
                let codes = &rows.codes()[at * BLOCK..][..BLOCK];
                let total: i32 = codes.iter().map(|code| i32::from(*code)).sum();
                assert_eq!(sum, scale * total as f32, "{level:?}");
                assert!(codes[numbers.len()..].iter().all(|code| *code == 0), "{level:?}");
                let bound = (scale * 0.5001).max(SMALLEST);
                for (number, restored) in numbers.iter().zip(restored) {
                    let off = (number - restored).abs();
                    assert!(off <= bound, "{level:?}: {number} became {restored}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn numbers_move_by_half_a_step(columns in 1..100usize, rows in 1..7usize, power in -44..38i32, seed: u64) {
            let numbers = Random(seed).numbers(columns * rows, 2.0 * 10f32.powi(power));
            for level in levels() {
                assert_quantised(level, columns, &numbers);
            }
        }

        #[test]
        fn threads_and_neighbours_change_nothing(columns in 1..70usize, rows in 1..20usize, seed: u64) {
            let numbers = Random(seed).numbers(columns * rows, 3.0);
            for level in levels() {
                let wanted = quantised(level, &numbers, columns);
                let mut found = Activations::default();
                // Room that was used for other rows before.
                found.resize(rows + 3, columns + 40);
                found.write_rows(&threads(1), |_, to| to.write(level, &vec![1.0; columns + 40]));
                found.resize(rows, columns);
                found.write_rows(&threads(3), |row, to| to.write(level, &numbers[row * columns..][..columns]));
                prop_assert_eq!(found.codes(), wanted.codes());
                prop_assert_eq!(found.factors(), wanted.factors());
                let last = quantised(level, &numbers[(rows - 1) * columns..], columns);
                prop_assert!(found.codes().ends_with(last.codes()) && found.factors().ends_with(last.factors()));
            }
        }
    }

    #[test]
    fn zeros_stay_zeros() {
        for level in levels() {
            let rows = quantised(level, &[0.0; 40], 40);
            assert_eq!(rows.codes(), [0; 64]);
            assert_eq!(rows.factors(), [Factors::default(); 2]);
        }
    }

    #[test]
    #[should_panic(expected = "a row's length")]
    fn rows_of_another_length_are_refused() {
        quantised(Level::best(), &[1.0; 40], 40).write_rows(&threads(1), |_, to| {
            to.write(Level::best(), &[1.0; 70]);
        });
    }
}
