//! The types without a tile of their own, which are quantised to 8 bits: Q6_K, F16, BF16, F32.
//!
//! Each 32 weights of a row, or [`WIDE`] times as many, get one scale, and codes from 1 to 255, where 128 stands for
//! zero. The scale is the largest absolute weight, `a`, divided by 127 and rounded up to a half-precision number; it is
//! rounded up so that `a` has a code. A weight changes by at most half a scale (and a rounding of `f32`), where
//! `scale <= a / 127 * (1 + 2^-10) + 2^-24`: by 0.4% of the largest of these weights.
//!
//! Q6_K has a scale for each 16 weights and 64 steps, and `a` is at most 32 steps. For the half of the 32 weights whose
//! own scale is larger, 0.4% of `a` is an eighth of the step that the type itself rounds to. The error of the other
//! half is not larger, but its own steps may be smaller than that.
//!
//! A weight that is infinite or NaN, or larger than 64,992, so that 128 scales exceed half precision, makes the lane
//! infinite or NaN, and the tensor is refused.

use std::marker::PhantomData;

use half::{bf16, f16, slice::HalfFloatSliceExt};

use super::super::tiles::{COLUMNS, Tile8, WIDE, Wide};
use super::block_quants::centred;
use super::lane::Lane;
use super::{Format, half_word, word};

/// 32 weights as a lane, with a common scale for `all` weights, which include these. Weights that are missing at the
/// end of a row are passed as zero.
fn quantise(weights: &[f32; COLUMNS], all: &[f32]) -> Lane {
    // The bits without the sign are in the order of the absolute numbers, and infinity and NaN come last, so that they
    // are always found.
    let size = |weight: &f32| weight.to_bits() & 0x7fff_ffff;
    let largest = all.iter().map(size).fold(0, u32::max);
    let scale = round_up(f32::from_bits(largest) / 127.0);
    let step = scale.to_f32();
    let inverse = if step > 0.0 { step.recip() } else { 0.0 };
    // Above 2^23 the last bit of a single-precision number stands for 1, so the sum is rounded to a whole number, and
    // its low byte is the code. A cast to a byte also checks the range, which takes longer.
    let code = |weight: f32| (weight * inverse + (8_388_608.0 + 128.0)).to_bits() as u8;
    let codes = weights.map(code);
    let quads = std::array::from_fn(|q| word(&codes, q));
    Lane {
        scale: scale.to_bits(),
        min: centred(scale.to_bits(), 128),
        quads,
    }
}

/// The smallest half-precision number that is not below `value`, which is not negative. NaN and infinity stay as they
/// are.
fn round_up(value: f32) -> f16 {
    let nearest = f16::from_f32(value);
    if nearest.to_f32() < value {
        f16::from_bits(nearest.to_bits() + 1)
    } else {
        nearest
    }
}

/// A type of unquantised numbers in a file.
pub(super) trait WeightNumber: 'static {
    /// Bytes of a number.
    const BYTES: usize;

    /// Reads the numbers in `bytes`, at most as many as `to` has places.
    fn read(bytes: &[u8], to: &mut [f32]);
}

impl WeightNumber for f32 {
    const BYTES: usize = 4;

    fn read(bytes: &[u8], to: &mut [f32]) {
        for (to, bytes) in to.iter_mut().zip(bytes.as_chunks().0) {
            *to = f32::from_le_bytes(*bytes);
        }
    }
}

impl WeightNumber for f16 {
    const BYTES: usize = 2;

    fn read(bytes: &[u8], to: &mut [f32]) {
        // Many at once, because each single conversion checks whether the CPU has an instruction for it.
        let mut halves = [f16::ZERO; COLUMNS];
        for (bytes, to) in bytes.chunks(2 * COLUMNS).zip(to.chunks_mut(COLUMNS)) {
            let numbers = bytes.as_chunks().0;
            for (half, bytes) in halves.iter_mut().zip(numbers) {
                *half = f16::from_le_bytes(*bytes);
            }
            halves[..numbers.len()].convert_to_f32_slice(&mut to[..numbers.len()]);
        }
    }
}

impl WeightNumber for bf16 {
    const BYTES: usize = 2;

    fn read(bytes: &[u8], to: &mut [f32]) {
        for (to, bytes) in to.iter_mut().zip(bytes.as_chunks().0) {
            *to = bf16::from_le_bytes(*bytes).to_f32();
        }
    }
}

/// Unquantised numbers with a scale for each 32 weights.
pub(super) struct Plain<N>(PhantomData<N>);

impl<N: WeightNumber> Format for Plain<N> {
    type Tile = Tile8;
    const BYTES: usize = COLUMNS * N::BYTES;

    fn lane(group: &[u8], _: usize) -> Lane {
        let mut weights = [0.0; COLUMNS];
        N::read(group, &mut weights);
        quantise(&weights, &weights)
    }
}

/// Unquantised numbers with a scale for each [`WIDE`] · 32 weights.
pub(super) struct PlainWide<N>(PhantomData<N>);

impl<N: WeightNumber> Format for PlainWide<N> {
    type Tile = Wide;
    const BYTES: usize = WIDE * COLUMNS * N::BYTES;
    const BLOCKS: usize = WIDE;

    fn lane(group: &[u8], index: usize) -> Lane {
        let mut weights = [[0.0; COLUMNS]; WIDE];
        N::read(group, weights.as_flattened_mut());
        quantise(&weights[index], weights.as_flattened())
    }
}

/// 256 weights: 128 bytes of low four bits, 64 bytes of high two bits, 16 signed bytes of scales, and a half-precision
/// factor of the scales.
///
/// Each half of the weights takes up half of each part. Of its four lanes, the first two lie in the low halves of its
/// 64 bytes and the other two in the high halves. The high bits of the four lanes lie in the same 32 bytes, those of
/// the first lane lowest. Codes have an offset of -32, and each 16 weights have their own scale. Layout:
/// <https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h>.
pub(super) enum Q6K {}

impl Format for Q6K {
    type Tile = Tile8;
    const BYTES: usize = 128 + 64 + 16 + 2;
    const BLOCKS: usize = 8;

    fn lane(group: &[u8], index: usize) -> Lane {
        let (half, lane) = (index / 4, index % 4);
        let low = &group[half * 64 + lane % 2 * 32..];
        let high = &group[128 + half * 32..];
        let factor = f16::from_bits(half_word(group, 104)).to_f32();
        let scales = [0, 1].map(|i| factor * f32::from(group[192 + index * 2 + i].cast_signed()));
        let mut weights = [0.0; COLUMNS];
        for (q, weights) in weights.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let low = word(low, q) >> (lane / 2 * 4) & 0x0f0f_0f0f;
            let high = word(high, q) >> (lane * 2) & 0x0303_0303;
            for (weight, code) in weights.iter_mut().zip((low | high << 4).to_le_bytes()) {
                *weight = scales[q / 4] * (f32::from(code) - 32.0);
            }
        }
        quantise(&weights, &weights)
    }
}
