//! The types whose scales are quantised themselves, with one scale and one minimum for 32 weights: Q4_K, Q5_K.
//!
//! Layouts: <https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h>. A group of 256 weights begins with two
//! half-precision factors `d` and `dmin` and, for each of them, eight whole numbers of six bits. Lane `i` has the scale
//! `d * s[i]` and the minimum `-dmin * m[i]`.
//!
//! Such a product can need 17 bits of mantissa and is rounded to the 11 bits of half precision: it changes by at most
//! 2^-11 of itself, or by 2^-25 near the smallest half-precision numbers. So a weight with code `c` changes by at most
//! `2^-11 * (c * |scale| + |min|) + 2^-25 * (c + 1)`. The part that comes from the scale is 1.5% of the step between
//! two codes, for the largest code of five bits; the type itself rounds weights by up to 50% of a step. A product
//! larger than 65504 is infinite and refused.

use half::f16;

use super::super::tiles::{Tile4, Tile5};
use super::lane::Lane;
use super::{Format, half_word, word};

/// `d`, `dmin`, and the twelve bytes of the whole numbers.
const HEAD: usize = 2 + 2 + 12;

/// The scale and the minimum of lane `index`, as bits of half-precision numbers.
fn scale_and_min(head: &[u8], index: usize) -> (u16, u16) {
    let factors = [0, 1].map(|i| f16::from_bits(half_word(head, i)).to_f32());
    let [scale, min] = six_bits(&head[4..], index);
    let round = |product: f32| f16::from_f32(product).to_bits();
    (
        round(factors[0] * f32::from(scale)),
        round(factors[1] * -f32::from(min)),
    )
}

/// The two numbers of six bits of lane `index`. Bytes 0 to 3 hold the scales of lanes 0 to 3, and bytes 4 to 7 their
/// minima. The two upper bits of each of these bytes are the upper bits of the scales and minima of lanes 4 to 7, whose
/// four lower bits are the low halves (scales) and the high halves (minima) of bytes 8 to 11.
fn six_bits(bytes: &[u8], index: usize) -> [u8; 2] {
    let (scale, min) = (bytes[index % 4], bytes[4 + index % 4]);
    if index < 4 {
        return [scale & 0x3f, min & 0x3f];
    }
    let low = bytes[4 + index];
    [low & 0xf | scale >> 6 << 4, low >> 4 | min >> 6 << 4]
}

/// The four-bit codes of lane `index`: 32 bytes for each two lanes, the even lane's in the low halves.
fn halves(bytes: &[u8], index: usize) -> [u32; 8] {
    let pair = &bytes[index / 2 * 32..];
    std::array::from_fn(|q| word(pair, q) >> (index % 2 * 4) & 0x0f0f_0f0f)
}

/// Head, codes of four bits.
pub(super) enum Q4K {}

impl Format for Q4K {
    type Tile = Tile4;
    const BYTES: usize = HEAD + 128;
    const BLOCKS: usize = 8;

    fn lane(group: &[u8], index: usize) -> Lane {
        let (scale, min) = scale_and_min(group, index);
        Lane {
            scale,
            min,
            quads: halves(&group[HEAD..], index),
        }
    }
}

/// Head, 32 bytes with bit `i` of byte `k` the fifth bit of weight `k` of lane `i`, codes of four bits.
pub(super) enum Q5K {}

impl Format for Q5K {
    type Tile = Tile5;
    const BYTES: usize = HEAD + 32 + 128;
    const BLOCKS: usize = 8;

    fn lane(group: &[u8], index: usize) -> Lane {
        let (scale, min) = scale_and_min(group, index);
        let high = &group[HEAD..];
        let low = halves(&group[HEAD + 32..], index);
        let quads = std::array::from_fn(|q| low[q] | (word(high, q) >> index & 0x0101_0101) << 4);
        Lane { scale, min, quads }
    }
}
