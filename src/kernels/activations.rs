//! Rows of numbers as signed bytes: what the matrix products read.
//!
//! Each block of 32 numbers of a row has a scale, so that its largest is ±127, and the sum of its bytes times that
//! scale: a weight is `scale · code + min`, so the sum is what `min` is multiplied by.
//!
//! Rows lie in panels of `PANEL`, the last of fewer: first the first block of each of its rows, then the second of
//! each, and so on. A product that takes a panel at once so finds what it needs at fixed distances from one address.
//!
//! In: finite numbers. Out: each within half a scale of what it was. Rows are written by the threads of a pool.

use super::disjoint::Disjoint;
use super::lanes::{Kernel, LANES, Lanes, Level};
use super::pool::Pool;
use super::rows;
use super::tiles::COLUMNS as BLOCK;

/// Rows of a panel: as many as a product keeps the sums of.
pub(super) const PANEL: usize = 12;

/// Numbers up to here become zero: 127 divided by the smallest `f32` is infinite.
const SMALLEST: f32 = 1e-36;

/// Quantised rows of `columns` numbers each, filled up with zeros to whole blocks.
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

    /// Codes and factors of a row's block.
    ///
    /// # Panics
    /// If there is no such row or block.
    pub fn block(&self, row: usize, block: usize) -> (&[i8], Factors) {
        assert!(row < self.rows() && block < self.blocks, "a block of a row");
        let layout = Layout::of(row, self.rows(), self.blocks);
        let at = layout.first + block * layout.stride;
        (&self.codes[at * BLOCK..][..BLOCK], self.factors[at])
    }

    /// All codes, `[blocks of all rows, BLOCK]`; [`Layout`] says which block lies where.
    pub(super) fn codes(&self) -> &[i8] {
        &self.codes
    }

    /// The factors of all blocks, which lie as the codes do.
    pub(super) fn factors(&self) -> &[Factors] {
        &self.factors
    }

    /// Writes all rows, on several threads where there are many: `write(row, where it goes)`.
    pub fn write_rows(&mut self, pool: &Pool, write: impl Fn(usize, &mut RowMut<'_>) + Sync) {
        let (rows, blocks) = (self.rows(), self.blocks);
        let (codes, factors) = (Disjoint::new(&mut self.codes), Disjoint::new(&mut self.factors));
        rows::each(pool, rows, |row| {
            // `each` calls this once for each row, and rows have nothing in common: what `RowMut` relies on.
            let mut to = RowMut {
                codes: &codes,
                factors: &factors,
                layout: Layout::of(row, rows, blocks),
                blocks,
            };
            write(row, &mut to);
        });
    }
}

/// Where the blocks of a row lie, counted in blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Where its first is.
    pub first: usize,
    /// How far apart they are, which is how many rows the panel has.
    pub stride: usize,
}

impl Layout {
    /// Of one of `rows` rows of `blocks` blocks.
    pub fn of(row: usize, rows: usize, blocks: usize) -> Self {
        let panel = row / PANEL * PANEL;
        Self {
            first: panel * blocks + row - panel,
            stride: (rows - panel).min(PANEL),
        }
    }
}

/// One row of [`Activations`], to be written.
pub struct RowMut<'a> {
    codes: &'a Disjoint<'a, i8>,
    factors: &'a Disjoint<'a, Factors>,
    layout: Layout,
    blocks: usize,
}

impl RowMut<'_> {
    /// Whether a row of `length` numbers fits it.
    pub(super) fn holds(&self, length: usize) -> bool {
        length.div_ceil(BLOCK) == self.blocks
    }

    /// Quantises `values`; fills the last block up with zeros.
    pub fn write(&mut self, level: Level, values: &[f32]) {
        assert!(self.holds(values.len()), "a row's length");
        level.run(Quantise { values, to: self });
    }

    /// Quantises what `number(at, count)` gives for the `count` numbers from `at`, zeros in the other lanes.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    #[inline(always)]
    pub(super) unsafe fn fill<L: Lanes>(&mut self, length: usize, number: impl Fn(usize, usize) -> L) {
        for block in 0..self.blocks {
            let at = self.layout.first + block * self.layout.stride;
            // SAFETY: as the caller's; this block is the row's own, and nobody else has the row.
            unsafe {
                let mut halves = [L::splat(0.0); BLOCK / LANES];
                for (half, lanes) in halves.iter_mut().enumerate() {
                    let from = block * BLOCK + half * LANES;
                    let count = length.saturating_sub(from).min(LANES);
                    if count > 0 {
                        // Called here only: in two places it would become a function of its own, without this level's
                        // instructions.
                        let numbers = number(from, count);
                        *lanes = if count < LANES {
                            numbers.first(count, *lanes)
                        } else {
                            numbers
                        };
                    }
                }
                let codes = self.codes.part(at * BLOCK..(at + 1) * BLOCK).as_mut_ptr();
                self.factors.part(at..at + 1)[0] = quantise::<L>(halves, codes);
            }
        }
    }
}

struct Quantise<'a, 'b> {
    values: &'a [f32],
    to: &'a mut RowMut<'b>,
}

impl Kernel for Quantise<'_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: as the caller's; `count` values are there from `at`.
        unsafe {
            self.to.fill::<L>(self.values.len(), |at, count| {
                L::load_some(self.values.as_ptr().add(at), count)
            });
        }
    }
}

/// Quantises one block.
///
/// # Safety
/// The processor has the instructions of `L`; `codes` has room for a block.
#[inline(always)]
unsafe fn quantise<L: Lanes>([low, high]: [L; 2], codes: *mut i8) -> Factors {
    // SAFETY: as the caller's.
    unsafe {
        let zero = L::splat(0.0);
        let largest = low.max(zero.sub(low)).max(high.max(zero.sub(high))).largest();
        let scale = largest / 127.0;
        let inverse = L::splat(if largest > SMALLEST { 127.0 / largest } else { 0.0 });
        let sum = low.mul(inverse).store_codes(codes) + high.mul(inverse).store_codes(codes.add(LANES));
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
    use crate::kernels::testing::{Random, blocks_of, levels, quantised, restored, threads};

    fn assert_quantised(level: Level, columns: usize, numbers: &[f32]) {
        let rows = quantised(level, numbers, columns);
        let restored = restored(&rows);
        for (row, (numbers, restored)) in numbers.chunks(columns).zip(restored.chunks(columns)).enumerate() {
            for (block, (numbers, restored)) in numbers.chunks(BLOCK).zip(restored.chunks(BLOCK)).enumerate()
            {
                let (codes, Factors { scale, sum }) = rows.block(row, block);
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
        fn numbers_move_by_half_a_step(columns in 1..100usize, rows in 1..16usize, power in -44..38i32, seed: u64) {
            let numbers = Random(seed).numbers(columns * rows, 2.0 * 10f32.powi(power));
            for level in levels() {
                assert_quantised(level, columns, &numbers);
            }
        }

        #[test]
        fn threads_and_neighbours_change_nothing(columns in 1..70usize, rows in 1..40usize, seed: u64) {
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
                for (row, numbers) in numbers.chunks(columns).enumerate() {
                    prop_assert_eq!(blocks_of(&found, row), blocks_of(&quantised(level, numbers, columns), 0));
                }
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
