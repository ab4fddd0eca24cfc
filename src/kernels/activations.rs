//! Rows of numbers as signed bytes: what the matrix products read.
//!
//! Each block of 32 numbers of a row, or each [`WIDE`] blocks, have a scale, so that their largest is ±127, and the sum
//! of their bytes times that scale: a weight is `scale · code + min`, so the sum is what `min` is multiplied by.
//!
//! Rows lie in panels of `PANEL`, the last of fewer: first the first block of each of its rows, then the second of
//! each, and so on. A product that takes a panel at once so finds what it needs at fixed distances from one address.
//!
//! In: finite numbers. Out: each within half a scale of what it was. Rows are written by the threads of a pool.

use super::disjoint::Disjoint;
use super::pool::Pool;
use super::simd::{Kernel, LANES, Lanes, Level};
use super::tiles::{COLUMNS as BLOCK, WIDE};

/// Rows of a panel: as many as a product keeps the sums of.
pub(super) const PANEL: usize = 12;

/// Numbers up to here become zero: 127 divided by the smallest `f32` is infinite.
const SMALLEST: f32 = 1e-36;

/// Quantised rows of `columns` numbers each, filled up with zeros to whole blocks.
#[derive(Debug)]
pub struct Activations {
    columns: usize,
    blocks: usize,
    /// How many blocks share their factors.
    span: usize,
    codes: Vec<i8>,
    /// For each span of blocks of each row.
    factors: Vec<Factors>,
}

/// With a scale for each block.
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

/// What codes and the weights' minima are multiplied by.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub struct Factors {
    /// What a code stands for.
    pub scale: f32,
    /// The sum of the codes, times `scale`.
    pub sum: f32,
}

impl Activations {
    /// With a scale for each [`WIDE`] blocks, for [`Matrix::pack_wide_with`](super::tiles::Matrix::pack_wide_with)'s matrices.
    pub fn wide() -> Self {
        Self {
            span: WIDE,
            ..Self::default()
        }
    }

    /// Makes room for `rows` rows of `columns` numbers. What is in them is unspecified until they are written.
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

    /// How many blocks share their factors.
    pub(super) fn span(&self) -> usize {
        self.span
    }

    /// How many factors a row has.
    fn spans(&self) -> usize {
        self.blocks.div_ceil(self.span)
    }

    /// The rows there is room for.
    pub fn rows(&self) -> usize {
        self.factors.len().checked_div(self.spans()).unwrap_or(0)
    }

    /// Codes and factors of a row's block.
    ///
    /// # Panics
    /// If there is no such row or block.
    pub fn block(&self, row: usize, block: usize) -> (&[i8], Factors) {
        assert!(row < self.rows() && block < self.blocks, "a block of a row");
        let codes = ActivationLayout::of(row, self.rows(), self.blocks).at(block);
        let factors = ActivationLayout::of(row, self.rows(), self.spans()).at(block / self.span);
        (&self.codes[codes * BLOCK..][..BLOCK], self.factors[factors])
    }

    /// All codes, `[blocks of all rows, BLOCK]`; [`ActivationLayout`] says which block lies where.
    pub(super) fn codes(&self) -> &[i8] {
        &self.codes
    }

    /// The factors of all spans, which lie as blocks of codes do.
    pub(super) fn factors(&self) -> &[Factors] {
        &self.factors
    }

    /// Writes all rows, on several threads where there are many: `write(row, where it goes)`.
    pub fn write_rows(&mut self, pool: &Pool, write: impl Fn(usize, &mut RowMut<'_>) + Sync) {
        let (rows, blocks, span, spans) = (self.rows(), self.blocks, self.span, self.spans());
        let (codes, factors) = (Disjoint::new(&mut self.codes), Disjoint::new(&mut self.factors));
        pool.for_rows(rows, |row| {
            // `for_rows` calls this once for each row, and rows have nothing in common: what `RowMut` relies on.
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

/// Where the blocks or the factors of a row lie, counted in these.
#[derive(Debug, Clone, Copy)]
pub(super) struct ActivationLayout {
    /// Where its first is.
    pub first: usize,
    /// How far apart they are, which is how many rows the panel has.
    pub stride: usize,
}

impl ActivationLayout {
    /// Of one of `rows` rows, of so many blocks or factors each.
    pub fn of(row: usize, rows: usize, blocks: usize) -> Self {
        let panel = row / PANEL * PANEL;
        Self {
            first: panel * blocks + row - panel,
            stride: (rows - panel).min(PANEL),
        }
    }

    /// Where one of them is.
    fn at(self, number: usize) -> usize {
        self.first + number * self.stride
    }
}

/// One row of [`Activations`], to be written.
pub struct RowMut<'a> {
    codes: &'a Disjoint<'a, i8>,
    factors: &'a Disjoint<'a, Factors>,
    blocks_at: ActivationLayout,
    factors_at: ActivationLayout,
    blocks: usize,
    span: usize,
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
        const VECTORS: usize = BLOCK / LANES;
        for (span, first) in (0..self.blocks).step_by(self.span).enumerate() {
            let blocks = self.span.min(self.blocks - first);
            // SAFETY: as the caller's; these blocks and factors are the row's own, and nobody else has the row.
            unsafe {
                let mut vectors = [L::splat(0.0); WIDE * VECTORS];
                for (vector, lanes) in vectors.iter_mut().enumerate().take(blocks * VECTORS) {
                    let from = first * BLOCK + vector * LANES;
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
        // SAFETY: as the caller's; `count` values are there from `at`.
        unsafe {
            self.to.fill::<L>(self.values.len(), |at, count| {
                L::load_some(self.values.as_ptr().add(at), count)
            });
        }
    }
}

/// How numbers become codes.
struct Scale {
    /// What a code stands for.
    step: f32,
    /// What numbers are multiplied by.
    inverse: f32,
}

impl Scale {
    /// The one that makes the largest of some vectors ±127.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn of<L: Lanes>(vectors: &[L]) -> Self {
        // SAFETY: as the caller's.
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

    /// Writes the codes of some vectors one after another; gives their sum.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; `codes` has room for them.
    #[inline(always)]
    unsafe fn quantise<L: Lanes>(&self, vectors: &[L], codes: *mut i8) -> i32 {
        let mut sum = 0;
        for (vector, numbers) in vectors.iter().enumerate() {
            // SAFETY: as the caller's.
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
                // Room that was used for other rows before.
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
