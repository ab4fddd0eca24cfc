//! Shared by the kernels' tests: this processor's levels, numbers that depend on a seed, comparisons.

use std::panic::{AssertUnwindSafe, catch_unwind};

use candle_core::quantized::GgmlDType;

use super::activations::{Activations, Factors};
use super::kv_store::Store;
use super::pack::PackError;
use super::pool::Pool;
use super::qkv::{Place, Projections, QkvFinish, finish_and_store};
use super::rotary::{Angles, Pairs};
use super::simd::Level;
use super::tiles::{COLUMNS, Matrix};

/// Defines a kernel for tests: its fields, its result, and the name of the level's vector.
macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident($($field:ident: $type:ty),*) -> $output:ty, $lanes:ident $body:block) => {
        $(#[$doc])*
        struct $name($($type),*);

        impl $crate::kernels::simd::Kernel for $name {
            type Output = $output;

            #[inline(always)]
            unsafe fn run<$lanes: $crate::kernels::simd::Lanes>(self) -> $output {
                let Self($($field),*) = self;
                // SAFETY: promised by the caller; all pointers are to arrays of the size that is read or written there.
                unsafe { $body }
            }
        }
    };
}
pub(super) use kernel;

/// Every level that this processor has.
pub(crate) fn levels() -> Vec<Level> {
    Level::ALL
        .into_iter()
        .filter(|level| level.is_supported())
        .collect()
}

/// A matrix of single-precision numbers.
pub(crate) fn packed(weights: &[f32], rows: usize, columns: usize) -> Result<Matrix, PackError> {
    Matrix::pack(&alone(), GgmlDType::F32, &little_endian(weights), rows, columns)
}

/// A matrix of single-precision numbers in wide tiles.
pub(crate) fn packed_wide(weights: &[f32], rows: usize, columns: usize) -> Matrix {
    let data = little_endian(weights);
    Matrix::pack_wide(&alone(), GgmlDType::F32, &data, rows, columns).unwrap()
}

fn little_endian(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Stores keys and values, `[places, kv_heads, head_dim]` each, unchanged: at position 0 nothing is rotated.
pub(crate) fn put(
    level: Level,
    (store, layer): (&mut Store, usize),
    places: &[Place],
    keys: &[f32],
    values: &[f32],
) {
    let mut angles = Angles::new(Pairs::Halves, store.head_dim());
    angles.set(places.iter().map(|_| 0), &vec![1.0; store.head_dim() / 2], 1.0);
    let finish = QkvFinish {
        biases: None,
        norms: None,
        angles: &angles,
    };
    let projections = Projections {
        queries: &mut [],
        keys: &mut keys.to_vec(),
        values: &mut values.to_vec(),
    };
    finish_and_store(&alone(), level, &finish, projections, (store, layer), places);
}

/// A pool of one thread.
pub(crate) fn alone() -> Pool {
    threads(1)
}

/// A pool of `threads` threads.
pub(crate) fn threads(threads: usize) -> Pool {
    Pool::new("kernel-test", threads).unwrap()
}

/// The generator SplitMix64: numbers that look random and depend on the seed only.
pub(crate) struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// A number from -1 to 1.
    pub(crate) fn number(&mut self) -> f32 {
        // 24 bits, as many as an `f32` keeps.
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// `count` numbers from `-size` to `size`.
    pub(crate) fn numbers(&mut self, count: usize, size: f32) -> Vec<f32> {
        (0..count).map(|_| self.number() * size).collect()
    }
}

/// Rows of `columns` numbers each, quantised with a scale for each block.
pub(crate) fn quantised(level: Level, numbers: &[f32], columns: usize) -> Activations {
    quantised_as(Activations::default(), level, numbers, columns)
}

/// Rows of `columns` numbers each, quantised into `rows`.
pub(crate) fn quantised_as(
    mut rows: Activations,
    level: Level,
    numbers: &[f32],
    columns: usize,
) -> Activations {
    rows.resize(numbers.len() / columns, columns);
    rows.write_rows(&alone(), |row, to| {
        to.write(level, &numbers[row * columns..][..columns]);
    });
    rows
}

/// Codes and factors of a row's blocks.
pub(crate) fn blocks_of(rows: &Activations, row: usize) -> Vec<(Vec<i8>, Factors)> {
    let block = |block| {
        let (codes, factors) = rows.block(row, block);
        (codes.to_vec(), factors)
    };
    (0..rows.blocks()).map(block).collect()
}

/// The numbers that quantised rows stand for, `[rows, columns]`, without the padding.
pub(crate) fn restored(rows: &Activations) -> Vec<f32> {
    let numbers = |row| {
        let blocks = blocks_of(rows, row).into_iter();
        let numbers = blocks.flat_map(|(codes, Factors { scale, .. })| {
            codes.into_iter().map(move |code| f32::from(code) * scale)
        });
        numbers.take(rows.columns())
    };
    (0..rows.rows()).flat_map(numbers).collect()
}

/// Half a step of the quantised number at place `at` of `[rows, columns]`, and a little for what rounding adds.
pub(crate) fn half_step(rows: &Activations, at: usize) -> f64 {
    let (row, column) = (at / rows.columns(), at % rows.columns());
    f64::from(rows.block(row, column / COLUMNS).1.scale) * 0.501
}

/// Weights `e^score`, divided by their sum.
pub(crate) fn softmax(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Numbers in double precision.
pub(crate) fn doubles(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().copied().map(f64::from).collect()
}

/// Asserts that `call` panics with a message that contains `expected`.
#[track_caller]
pub(crate) fn assert_panics(expected: &str, call: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(call)).expect_err(expected);
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let message = text.or(panic.downcast_ref::<&str>().copied());
    assert!(
        message.is_some_and(|message| message.contains(expected)),
        "{message:?} instead of {expected}"
    );
}

/// The bits of numbers, to compare them to the last bit.
pub(crate) fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Asserts that all numbers are within `bound` of what they should be. `NaN` is within no bound.
#[track_caller]
pub(crate) fn assert_near(level: Level, found: &[f32], wanted: &[f64], bound: impl Fn(usize) -> f64) {
    assert_eq!(found.len(), wanted.len());
    for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let (off, bound) = ((f64::from(*found) - wanted).abs(), bound(index));
        assert!(
            off <= bound,
            "{level:?}: number {index} is {found} and should be {wanted}: off by {off:e}, beyond {bound:e}"
        );
    }
}
