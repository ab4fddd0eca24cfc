//! The types in which a block of 32 weights has one scale, as a lane of a tile has: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0.
//!
//! Layouts: <https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h>. All begin with a half-precision scale. In
//! the `_1` types a half-precision minimum follows. The others have codes with an offset: -8, -16 or -128. Here that
//! offset becomes a part of the minimum. It is a power of two times the scale, so it is exact, unless it is larger than
//! 65504: then it is infinite and refused. Codes of four and five bits lie in 16 bytes, where byte `j` holds the low
//! four bits of weight `j` in its low half and those of weight `j + 16` in its high half. The fifth bits of all 32
//! weights are one number of 32 bits in front of these bytes. So packing loses nothing for any of these types.

use half::f16;

use super::super::tiles::{Tile4, Tile5, Tile8};
use super::lane::{Lane, spread_bits};
use super::{Format, half_word, word};

/// The minimum with which `zero` is the code of the weight 0.
pub(super) fn centred(scale: u16, zero: u8) -> u16 {
    let min = f16::from_bits(scale).to_f32() * -f32::from(zero);
    f16::from_f32(min).to_bits()
}

/// The codes of four bits in 16 bytes.
fn halves(bytes: &[u8]) -> [u32; 8] {
    std::array::from_fn(|q| word(bytes, q % 4) >> (q / 4 * 4) & 0x0f0f_0f0f)
}

/// The codes of five bits in four bytes of fifth bits and 16 bytes of the others.
fn fifths(bytes: &[u8]) -> [u32; 8] {
    let high = word(bytes, 0);
    let low = halves(&bytes[4..]);
    std::array::from_fn(|q| low[q] | spread_bits(high >> (q * 4) & 0xf) << 4)
}

/// Scale, 32 codes of four bits.
pub(super) enum Q4_0 {}

impl Format for Q4_0 {
    type Tile = Tile4;
    const BYTES: usize = 2 + 16;

    fn lane(group: &[u8], _: usize) -> Lane {
        let scale = half_word(group, 0);
        Lane {
            scale,
            min: centred(scale, 8),
            quads: halves(&group[2..]),
        }
    }
}

/// Scale, minimum, 32 codes of four bits.
pub(super) enum Q4_1 {}

impl Format for Q4_1 {
    type Tile = Tile4;
    const BYTES: usize = 2 + 2 + 16;

    fn lane(group: &[u8], _: usize) -> Lane {
        Lane {
            scale: half_word(group, 0),
            min: half_word(group, 1),
            quads: halves(&group[4..]),
        }
    }
}

/// Scale, 32 fifth bits, 32 codes of four bits.
pub(super) enum Q5_0 {}

impl Format for Q5_0 {
    type Tile = Tile5;
    const BYTES: usize = 2 + 4 + 16;

    fn lane(group: &[u8], _: usize) -> Lane {
        let scale = half_word(group, 0);
        Lane {
            scale,
            min: centred(scale, 16),
            quads: fifths(&group[2..]),
        }
    }
}

/// Scale, minimum, 32 fifth bits, 32 codes of four bits.
pub(super) enum Q5_1 {}

impl Format for Q5_1 {
    type Tile = Tile5;
    const BYTES: usize = 2 + 2 + 4 + 16;

    fn lane(group: &[u8], _: usize) -> Lane {
        Lane {
            scale: half_word(group, 0),
            min: half_word(group, 1),
            quads: fifths(&group[4..]),
        }
    }
}

/// Scale, 32 signed bytes.
pub(super) enum Q8_0 {}

impl Format for Q8_0 {
    type Tile = Tile8;
    const BYTES: usize = 2 + 32;

    fn lane(group: &[u8], _: usize) -> Lane {
        let scale = half_word(group, 0);
        // Inverting the sign bit adds 128.
        let quads = std::array::from_fn(|q| word(&group[2..], q) ^ 0x8080_8080);
        Lane {
            scale,
            min: centred(scale, 128),
            quads,
        }
    }
}
