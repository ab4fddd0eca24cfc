//! What the kernels' tests share: the levels of this processor, numbers that a seed decides, comparisons.

use candle_core::quantized::GgmlDType;

use super::activations::{Activations, Factors};
use super::pack::PackError;
use super::pool::Pool;
use super::simd::Level;
use super::tiles::Matrix;

/// Every level that this processor has.
pub fn levels() -> Vec<Level> {
    Level::ALL.into_iter().filter(|level| level.is_there()).collect()
}

/// A matrix of single-precision numbers.
pub fn packed(weights: &[f32], rows: usize, columns: usize) -> Result<Matrix, PackError> {
    let data: Vec<u8> = weights.iter().flat_map(|weight| weight.to_le_bytes()).collect();
    Matrix::pack(GgmlDType::F32, &data, rows, columns)
}

/// A pool whose helpers are never asked: one thread.
pub fn alone() -> Pool {
    threads(1)
}

/// A pool of so many threads.
pub fn threads(threads: usize) -> Pool {
    Pool::new("kernel-test", threads).unwrap()
}

/// The generator SplitMix64: numbers that look random and depend on the seed alone.
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// A number from -1 to 1.
    pub fn number(&mut self) -> f32 {
        // 24 bits, as many as an `f32` keeps.
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// So many numbers from `-size` to `size`.
    pub fn numbers(&mut self, count: usize, size: f32) -> Vec<f32> {
        (0..count).map(|_| self.number() * size).collect()
    }
}

/// Rows of `columns` numbers each, quantised with a scale for each block.
pub fn quantised(level: Level, numbers: &[f32], columns: usize) -> Activations {
    quantised_as(Activations::default(), level, numbers, columns)
}

/// Rows of `columns` numbers each, quantised into `rows`.
pub fn quantised_as(mut rows: Activations, level: Level, numbers: &[f32], columns: usize) -> Activations {
    rows.resize(numbers.len() / columns, columns);
    rows.write_rows(&alone(), |row, to| {
        to.write(level, &numbers[row * columns..][..columns]);
    });
    rows
}

/// Codes and factors of a row's blocks.
pub fn blocks_of(rows: &Activations, row: usize) -> Vec<(Vec<i8>, Factors)> {
    let block = |block| {
        let (codes, factors) = rows.block(row, block);
        (codes.to_vec(), factors)
    };
    (0..rows.blocks()).map(block).collect()
}

/// The numbers that quantised rows stand for, `[rows, columns]`, the padding left out.
pub fn restored(rows: &Activations) -> Vec<f32> {
    let numbers = |row| {
        let blocks = blocks_of(rows, row).into_iter();
        let numbers = blocks.flat_map(|(codes, Factors { scale, .. })| {
            codes.into_iter().map(move |code| f32::from(code) * scale)
        });
        numbers.take(rows.columns())
    };
    (0..rows.rows()).flat_map(numbers).collect()
}

/// The bits of numbers: what is the same to the last bit has the same.
pub fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Whether all numbers are within `bound` of what they should be. `NaN` is within nothing.
#[track_caller]
pub fn assert_near(level: Level, found: &[f32], wanted: &[f64], bound: impl Fn(usize) -> f64) {
    assert_eq!(found.len(), wanted.len());
    for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let (off, bound) = ((f64::from(*found) - wanted).abs(), bound(index));
        assert!(
            off <= bound,
            "{level:?}: number {index} is {found} and should be {wanted}: off by {off:e}, beyond {bound:e}"
        );
    }
}
