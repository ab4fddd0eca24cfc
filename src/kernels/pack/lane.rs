//! One lane of a tile, and how it is written to and read from each type of tile.
//!
//! In: 32 weights of one row as a scale, a minimum and codes. Out: the same, at their places in a tile, and back. Pure
//! functions; nothing can fail.

use super::super::simd::LANES;
use super::super::tiles::{QUADS, Tile4, Tile5, Tile8, Wide};

/// Bytes of one quad of every lane.
const QUAD_BYTES: usize = LANES * 4;

/// One lane of a tile: 32 neighbouring weights of one row, `scale * code + min`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane {
    /// The bits of an IEEE half-precision number.
    pub scale: u16,
    /// The bits of an IEEE half-precision number.
    pub min: u16,
    /// The codes, one a byte: byte `j` of `quads[q]`, counted from the lowest, is the code of `k = 4q + j`.
    pub quads: [u32; QUADS],
}

impl Lane {
    /// Whether the weights are numbers: neither the scale nor the minimum is infinite or NaN.
    pub(super) fn is_finite(&self) -> bool {
        // All ones in the exponent mean infinite or NaN.
        const EXPONENT: u16 = 0x7c00;
        self.scale & EXPONENT != EXPONENT && self.min & EXPONENT != EXPONENT
    }
}

/// The common interface of the types of tiles.
pub(super) trait Tile: Copy + Send {
    /// Sixteen lanes of zeros, for the rows and columns beyond the matrix's end.
    const EMPTY: Self;

    /// Writes a lane. Codes have no more bits than the tile stores.
    fn set(&mut self, lane: usize, weights: &Lane);

    /// Reads a lane.
    fn get(&self, lane: usize) -> Lane;
}

impl Tile for Tile4 {
    const EMPTY: Self = Self {
        scale: [0; LANES],
        min: [0; LANES],
        codes: [0; 256],
    };

    fn set(&mut self, lane: usize, weights: &Lane) {
        self.scale[lane] = weights.scale;
        self.min[lane] = weights.min;
        set_halves(&mut self.codes, lane, &weights.quads);
    }

    fn get(&self, lane: usize) -> Lane {
        Lane {
            scale: self.scale[lane],
            min: self.min[lane],
            quads: halves(&self.codes, lane),
        }
    }
}

impl Tile for Tile5 {
    const EMPTY: Self = Self {
        scale: [0; LANES],
        min: [0; LANES],
        codes: [0; 256],
        high: [0; QUADS],
    };

    fn set(&mut self, lane: usize, weights: &Lane) {
        self.scale[lane] = weights.scale;
        self.min[lane] = weights.min;
        let low = weights.quads.map(|quad| quad & 0x0f0f_0f0f);
        set_halves(&mut self.codes, lane, &low);
        for (high, quad) in self.high.iter_mut().zip(weights.quads) {
            let bits = u64::from(gather_bits(quad >> 4 & 0x0101_0101));
            *high = *high & !(0xf << (lane * 4)) | bits << (lane * 4);
        }
    }

    fn get(&self, lane: usize) -> Lane {
        let mut quads = halves(&self.codes, lane);
        for (high, quad) in self.high.iter().zip(&mut quads) {
            *quad |= spread_bits((high >> (lane * 4) & 0xf) as u32) << 4;
        }
        Lane {
            scale: self.scale[lane],
            min: self.min[lane],
            quads,
        }
    }
}

impl Tile for Tile8 {
    const EMPTY: Self = Self {
        scale: [0; LANES],
        min: [0; LANES],
        codes: [0; 512],
    };

    fn set(&mut self, lane: usize, weights: &Lane) {
        self.scale[lane] = weights.scale;
        self.min[lane] = weights.min;
        let (groups, _) = self.codes.as_chunks_mut::<QUAD_BYTES>();
        for (group, quad) in groups.iter_mut().zip(weights.quads) {
            group.as_chunks_mut().0[lane] = quad.to_le_bytes();
        }
    }

    fn get(&self, lane: usize) -> Lane {
        let groups = self.codes.as_chunks::<QUAD_BYTES>().0;
        let quads = std::array::from_fn(|q| u32::from_le_bytes(groups[q].as_chunks().0[lane]));
        Lane {
            scale: self.scale[lane],
            min: self.min[lane],
            quads,
        }
    }
}

impl Tile for Wide {
    const EMPTY: Self = Self(Tile8::EMPTY);

    fn set(&mut self, lane: usize, weights: &Lane) {
        self.0.set(lane, weights);
    }

    fn get(&self, lane: usize) -> Lane {
        self.0.get(lane)
    }
}

/// Writes the codes of four bits of one lane, two quads in four bytes.
fn set_halves(codes: &mut [u8; 256], lane: usize, quads: &[u32; QUADS]) {
    let (groups, _) = codes.as_chunks_mut::<QUAD_BYTES>();
    let (pairs, _) = quads.as_chunks();
    for (group, [low, high]) in groups.iter_mut().zip(pairs) {
        group.as_chunks_mut().0[lane] = (low | high << 4).to_le_bytes();
    }
}

/// Reads the codes that [`set_halves`] wrote.
fn halves(codes: &[u8; 256], lane: usize) -> [u32; QUADS] {
    let groups = codes.as_chunks::<QUAD_BYTES>().0;
    std::array::from_fn(|q| {
        let both = u32::from_le_bytes(groups[q / 2].as_chunks().0[lane]);
        both >> (q % 2 * 4) & 0x0f0f_0f0f
    })
}

/// Gathers the lowest bits of the four bytes, that of the lowest byte first.
fn gather_bits(bytes: u32) -> u32 {
    // The multiplication adds up shifted copies; bit 8j of `bytes` reaches bit 24 + j, and no two sums meet.
    bytes.wrapping_mul(0x0102_0408) >> 24 & 0xf
}

/// The inverse of [`gather_bits`]: bit `j` of the lowest four goes to the lowest bit of byte `j`.
pub(super) fn spread_bits(bits: u32) -> u32 {
    (bits * 0x0020_4081) & 0x0101_0101
}
