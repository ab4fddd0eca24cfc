//! Rows of numbers, quantised to signed bytes: the input of the matrix products.
//!
//! Each block of 32 numbers of a row, or each run of [`WIDE`] blocks, has two factors: a scale, with which the block's
//! largest number becomes ±127, and the sum of the block's bytes times that scale. A weight is `scale · code + min`,
//! and the sum is the factor of `min`.
//!
//! Rows lie in panels of `PANEL` rows; the last panel may have fewer. A panel holds the first block of each of its
//! rows, then the second block of each, and so on. So a product over a whole panel finds its input at fixed distances
//! from one address.
//!
//! In: finite numbers. Out: bytes that stand for the numbers within half a scale. A pool's threads write the rows.

use super::disjoint::Disjoint;
use super::pool::Pool;
use super::simd::{Kernel, LANES, Lanes, Level};
use super::tiles::{COLUMNS as BLOCK, WIDE};

/// Rows of a panel: the most rows whose sums a product keeps in registers.
pub(super) const PANEL: usize = 12;

/// If no number of a block is larger than this, all become zero: 127 divided by the smallest `f32` is infinite.
const SMALLEST: f32 = 1e-36;

/// Quantised rows of `columns` numbers each, padded with zeros to whole blocks.
#[derive(Debug)]
pub struct Activations {
    columns: usize,
    blocks: usize,
    /// How many neighbouring blocks of a row share their factors.
    span: usize,
    codes: Vec<i8>,
    /// One entry for each span of blocks of each row.
    factors: Vec<Factors>,
}

/// No rows, with a scale for each block.
impl Default for Activations {
    fn default() -> Self {
        Self {
            columns: 0,
            blocks: 0,
            span: 1,
            codes: Vec::new(),
            factors: Vec::new(),
        }
    }
}

/// The factors of a span's codes and of the weights' minima.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub struct Factors {
    /// The number that one code step stands for.
    pub scale: f32,
    /// The sum of the codes, times `scale`.
    pub sum: f32,
}

impl Activations {
    /// No rows, with a scale for each [`WIDE`] blocks, for the matrices of
    /// [`Matrix::pack_wide`](super::tiles::Matrix::pack_wide).
    pub fn wide() -> Self {
        Self {
            span: WIDE,
            ..Self::default()
        }
    }

    /// Makes room for `rows` rows of `columns` numbers. Their content is unspecified until they are written.
    pub fn resize(&mut self, rows: usize, columns: usize) {
        self.columns = columns;
        self.blocks = columns.div_ceil(BLOCK);
        self.codes.resize(rows * self.blocks * BLOCK, 0);
        self.factors.resize(rows * self.spans(), Factors::default());
    }

    /// Numbers in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Blocks in a row.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// How many neighbouring blocks of a row share their factors.
    pub(super) fn span(&self) -> usize {
        self.span
    }

    /// How many factors a row has.
    fn spans(&self) -> usize {
        self.blocks.div_ceil(self.span)
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.factors.len().checked_div(self.spans()).unwrap_or(0)
    }

    /// The codes and the factors of one block of a row.
    ///
    /// # Panics
    /// If there is no such row or block.
    pub fn block(&self, row: usize, block: usize) -> (&[i8], Factors) {
        assert!(row < self.rows() && block < self.blocks, "a block of a row");
        let codes = ActivationLayout::of(row, self.rows(), self.blocks).at(block);
        let factors = ActivationLayout::of(row, self.rows(), self.spans()).at(block / self.span);
        (&self.codes[codes * BLOCK..][..BLOCK], self.factors[factors])
    }

    /// All codes, `[blocks of all rows, BLOCK]`, at the places that [`ActivationLayout`] gives.
    pub(super) fn codes(&self) -> &[i8] {
        &self.codes
    }

    /// The factors of all spans, in the same order as the blocks of codes.
    pub(super) fn factors(&self) -> &[Factors] {
        &self.factors
    }

    /// Calls `write(number of the row, the row)` for every row, on several threads where there are many rows.
    pub fn write_rows(&mut self, pool: &Pool, write: impl Fn(usize, &mut RowMut<'_>) + Sync) {
        let (rows, blocks, span, spans) = (self.rows(), self.blocks, self.span, self.spans());
        let (codes, factors) = (Disjoint::new(&mut self.codes), Disjoint::new(&mut self.factors));
        pool.for_rows(rows, |row| {
            // `for_rows` calls this once for each row, and rows do not overlap. `RowMut` relies on that.
            let mut to = RowMut {
                codes: &codes,
                factors: &factors,
                blocks_at: ActivationLayout::of(row, rows, blocks),
                factors_at: ActivationLayout::of(row, rows, spans),
                blocks,
                span,
            };
            write(row, &mut to);
        });
    }
}

/// The places of a row's blocks among all blocks, or of a row's factors among all factors.
#[derive(Debug, Clone, Copy)]
pub(super) struct ActivationLayout {
    /// The place of the row's first one.
    pub first: usize,
    /// The distance from one to the next, which is the number of the panel's rows.
    pub stride: usize,
}

impl ActivationLayout {
    /// The layout of row `row` of `rows` rows with `blocks` blocks or factors each.
    pub(super) fn of(row: usize, rows: usize, blocks: usize) -> Self {
        let panel = row / PANEL * PANEL;
        Self {
            first: panel * blocks + row - panel,
            stride: (rows - panel).min(PANEL),
        }
    }

    /// The place of block or factor `number` of the row.
    fn at(self, number: usize) -> usize {
        self.first + number * self.stride
    }
}

/// One row of [`Activations`], for writing.
pub struct RowMut<'a> {
    codes: &'a Disjoint<'a, i8>,
    factors: &'a Disjoint<'a, Factors>,
    blocks_at: ActivationLayout,
    factors_at: ActivationLayout,
    blocks: usize,
    span: usize,
}

impl RowMut<'_> {
    /// Whether a row of `length` numbers has as many blocks as this one.
    pub(super) fn holds(&self, length: usize) -> bool {
        length.div_ceil(BLOCK) == self.blocks
    }

    /// Quantises `values` into the row and pads the last block with zeros.
    ///
    /// # Panics
    /// If `values` does not have as many blocks as the row.
    pub fn write(&mut self, level: Level, values: &[f32]) {
        assert!(self.holds(values.len()), "a row's length");
        level.run(Quantise { values, to: self });
    }

    /// Quantises `length` numbers into the row. `number(at, count)` gives the `count` numbers from `at` on, with zeros
    /// in the other lanes.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    #[inline(always)]
    pub(super) unsafe fn fill<L: Lanes>(&mut self, length: usize, number: impl Fn(usize, usize) -> L) {
        const VECTORS: usize = BLOCK / LANES;
        for (span, first) in (0..self.blocks).step_by(self.span).enumerate() {
            let blocks = self.span.min(self.blocks - first);
            // SAFETY: promised by the caller; these blocks and factors belong to the row, and no other thread has the
            // row.
            unsafe {
                let mut vectors = [L::splat(0.0); WIDE * VECTORS];
                for (vector, lanes) in vectors.iter_mut().enumerate().take(blocks * VECTORS) {
                    let from = first * BLOCK + vector * LANES;
                    let count = length.saturating_sub(from).min(LANES);
                    if count > 0 {
                        // Called in one place only: with two calls the compiler would make it a function of its own,
                        // which could not use this level's instructions.
                        let numbers = number(from, count);
                        *lanes = if count < LANES {
                            numbers.first(count, *lanes)
                        } else {
                            numbers
                        };
                    }
                }
                let scale = Scale::of::<L>(&vectors[..blocks * VECTORS]);
                let mut sum = 0;
                for (block, vectors) in vectors.chunks_exact(VECTORS).enumerate().take(blocks) {
                    let at = self.blocks_at.at(first + block);
                    let codes = self.codes.part(at * BLOCK..(at + 1) * BLOCK).as_mut_ptr();
                    sum += scale.quantise::<L>(vectors, codes);
                }
                let at = self.factors_at.at(span);
                self.factors.part(at..at + 1)[0] = Factors {
                    scale: scale.step,
                    sum: scale.step * sum as f32,
                };
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
        // SAFETY: promised by the caller; there are `count` values from `at` on.
        unsafe {
            self.to.fill::<L>(self.values.len(), |at, count| {
                L::load_some(self.values.as_ptr().add(at), count)
            });
        }
    }
}

/// The scale of some numbers' codes.
struct Scale {
    /// The number that one code step stands for.
    step: f32,
    /// The factor that makes codes of numbers.
    inverse: f32,
}

impl Scale {
    /// The scale with which the largest number of the vectors becomes ±127.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn of<L: Lanes>(vectors: &[L]) -> Self {
        // SAFETY: promised by the caller.
        unsafe {
            let zero = L::splat(0.0);
            let mut largest = zero;
            for vector in vectors {
                largest = largest.max(vector.max(zero.sub(*vector)));
            }
            let largest = largest.largest();
            Self {
                step: largest / 127.0,
                inverse: if largest > SMALLEST { 127.0 / largest } else { 0.0 },
            }
        }
    }

    /// Writes the codes of the vectors one after another and returns the codes' sum.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; `codes` has room for them.
    #[inline(always)]
    unsafe fn quantise<L: Lanes>(&self, vectors: &[L], codes: *mut i8) -> i32 {
        let mut sum = 0;
        for (vector, numbers) in vectors.iter().enumerate() {
            // SAFETY: promised by the caller.
            sum += unsafe {
                numbers
                    .mul(L::splat(self.inverse))
                    .store_codes(codes.add(vector * LANES))
            };
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::testing::{Random, blocks_of, levels, quantised, quantised_as, restored, threads};

    fn assert_quantised(level: Level, columns: usize, numbers: &[f32], to: Activations) {
        let rows = quantised_as(to, level, numbers, columns);
        let restored = restored(&rows);
        let shared = rows.span() * BLOCK;
        for (row, (numbers, restored)) in numbers.chunks(columns).zip(restored.chunks(columns)).enumerate() {
            let spans = numbers.chunks(shared).zip(restored.chunks(shared));
            for (span, (numbers, restored)) in spans.enumerate() {
                let first = span * rows.span();
                let blocks = first..(first + rows.span()).min(rows.blocks());
                let codes: Vec<i8> = blocks
                    .flat_map(|block| rows.block(row, block).0.to_vec())
                    .collect();
                let Factors { scale, sum } = rows.block(row, first).1;
                let total: i32 = codes.iter().map(|code| i32::from(*code)).sum();
                assert_eq!(sum, scale * total as f32, "{level:?}");
                assert!(codes[numbers.len()..].iter().all(|code| *code == 0), "{level:?}");
                let largest = codes.iter().map(|code| code.unsigned_abs()).max();
                assert!(
                    scale == 0.0 || largest >= Some(126) || scale < SMALLEST,
                    "{level:?}: {largest:?}"
                );
                let bound = (scale * 0.5001).max(SMALLEST);
                for (number, restored) in numbers.iter().zip(restored) {
                    assert!(
                        (number - restored).abs() <= bound,
                        "{level:?}: {number} became {restored}"
                    );
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn numbers_move_by_half_a_step(columns in 1..300usize, rows in 1..16usize, power in -44..38i32, seed: u64) {
            let numbers = Random(seed).numbers(columns * rows, 2.0 * 10f32.powi(power));
            for level in levels() {
                assert_quantised(level, columns, &numbers, Activations::default());
                assert_quantised(level, columns, &numbers, Activations::wide());
            }
        }

        #[test]
        fn threads_and_neighbours_change_nothing(
            columns in 1..300usize, rows in 1..40usize, wide: bool, seed: u64,
        ) {
            let numbers = Random(seed).numbers(columns * rows, 3.0);
            let empty = || if wide { Activations::wide() } else { Activations::default() };
            for level in levels() {
                let wanted = quantised_as(empty(), level, &numbers, columns);
                let mut found = empty();
                // Memory that held other rows before.
                found.resize(rows + 3, columns + 40);
                found.write_rows(&threads(1), |_, to| to.write(level, &vec![1.0; columns + 40]));
                found.resize(rows, columns);
                found.write_rows(&threads(3), |row, to| to.write(level, &numbers[row * columns..][..columns]));
                prop_assert_eq!(found.codes(), wanted.codes());
                prop_assert_eq!(found.factors(), wanted.factors());
                for (row, numbers) in numbers.chunks(columns).enumerate() {
                    let alone = quantised_as(empty(), level, numbers, columns);
                    prop_assert_eq!(blocks_of(&found, row), blocks_of(&alone, 0));
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
