//! The types that have no form of their own and are quantised to 8 bits: Q6_K, F16, BF16, F32.
//!
//! Each 32 weights of a row, or each [`WIDE`] times as many, get one scale, and codes from 1 to 255 with 128 for zero. The scale is the largest of the
//! weights' sizes, `a`, divided by 127 and rounded up to a half-precision number; rounding up keeps `a` within the
//! codes. A weight moves by at most half a scale (and a rounding of `f32`), where
//! `scale <= a / 127 * (1 + 2^-10) + 2^-24`: by 0.4% of the largest weight beside it.
//!
//! Q6_K has a scale for each 16 weights and counts in 64 steps, of which `a` is at most 32: for the half whose own scale
//! is larger, 0.4% of `a` is an eighth of the step that the type itself rounded to. The other half is no worse off
//! in absolute terms, but its own steps may be smaller than that.
//!
//! A weight that is infinite or not a number, or so large (64,992) that 128 scales are more than half precision holds,
//! makes the lane infinite or NaN, and it is refused.

use std::marker::PhantomData;

use half::{bf16, f16, slice::HalfFloatSliceExt};

use super::super::tiles::{COLUMNS, Tile8, WIDE, Wide};
use super::block_quants::centred;
use super::lane::Lane;
use super::{Format, half_word, word};

/// 32 weights as a lane, with the scale of `all` weights that share it, they among them. Weights that are missing at the
/// end of a row are given as zero.
fn quantise(weights: &[f32; COLUMNS], all: &[f32]) -> Lane {
    // As bits without a sign, numbers are in order of size, and infinity and NaN come last: none can hide.
    let size = |weight: &f32| weight.to_bits() & 0x7fff_ffff;
    let largest = all.iter().map(size).fold(0, u32::max);
    let scale = round_up(f32::from_bits(largest) / 127.0);
    let step = scale.to_f32();
    let inverse = if step > 0.0 { step.recip() } else { 0.0 };
    // Above 2^23 the last bit of a single-precision number counts ones: the sum is rounded to a whole number, and its
    // low byte is the code. A cast to a byte also looks at what does not fit, and takes longer.
    let code = |weight: f32| (weight * inverse + (8_388_608.0 + 128.0)).to_bits() as u8;
    let codes = weights.map(code);
    let quads = std::array::from_fn(|q| word(&codes, q));
    Lane {
        scale: scale.to_bits(),
        min: centred(scale.to_bits(), 128),
        quads,
    }
}

/// The smallest half-precision number that is not below `value`, which is not negative; NaN and infinity stay so.
fn round_up(value: f32) -> f16 {
    let nearest = f16::from_f32(value);
    if nearest.to_f32() < value {
        f16::from_bits(nearest.to_bits() + 1)
    } else {
        nearest
    }
}

/// A number as it lies in a file.
pub(super) trait WeightNumber: 'static {
    /// Bytes of a number.
    const BYTES: usize;

    /// Reads the numbers in `bytes`, as many as there are places or fewer.
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
        // Many at once, because a single conversion asks each time whether the CPU has an instruction for it.
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

/// Plain numbers, each 32 with a scale of their own.
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

/// Plain numbers, as many with a scale as the form says.
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

/// 128 bytes of low four bits, 64 bytes of high two bits, 16 signed bytes of scales, and a half-precision factor of
/// them, for 256 weights.
///
/// Each half of the weights takes up half of each part. Of its four lanes, the first two lie in the low halves of its 64
/// bytes and the other two in the high halves; the high bits of the four lie in the same 32 bytes, the first lane's
/// lowest. Codes count from -32, and each 16 weights have a scale of their own. Layout:
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
