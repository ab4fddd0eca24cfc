//! The memory layout of a weight matrix for the matrix products.
//!
//! A tile holds 16 rows × 32 columns. A row of the matrix gives one number of the product's output, so the 16 rows of a
//! tile are 16 *lanes* of one SIMD register, and a column is the index `k` that the product sums over. Each lane has a
//! scale and a minimum, and its weights are `scale[lane] * code(lane, k) + min[lane]` with codes of 4, 5 or 8 bits. The
//! codes lie in *quads*: four columns of a lane next to each other, then the same four columns of the next lane, since
//! the dot-product instructions multiply four bytes for each 32-bit lane.
//!
//! In: the tiles that [`super::pack`] fills. Out: the tiles, for the kernels. A filled matrix never changes and may be
//! read by any thread. Nothing here can fail.

use std::fmt;

use super::simd::LANES;

/// Columns of a tile.
pub(crate) const COLUMNS: usize = 32;
/// Quads of a lane: runs of four columns.
pub(crate) const QUADS: usize = COLUMNS / 4;
/// Neighbouring tiles that share their scales in a wide matrix, and blocks of a row that share a scale when they are
/// multiplied with it: 128 columns. With more columns, sums of products of codes (`128 · 255 · 127`) would not fit the
/// 22 bits that the kernels have for them.
pub(crate) const WIDE: usize = 4;

/// 16 rows × 32 columns with codes of four bits, 0 to 15: 5 bits a weight.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Tile4 {
    /// The bits of an IEEE half-precision number for each lane.
    pub scale: [u16; LANES],
    /// The bits of an IEEE half-precision number for each lane.
    pub min: [u16; LANES],
    /// Byte `g * 64 + lane * 4 + j` holds the code of `k = 8g + j` in its low half and of `k = 8g + 4 + j` in its high
    /// half, for `g` and `j` from 0 to 3.
    pub codes: [u8; 256],
}

/// 16 rows × 32 columns with codes of five bits, 0 to 31: 6 bits a weight.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Tile5 {
    /// The bits of an IEEE half-precision number for each lane.
    pub scale: [u16; LANES],
    /// The bits of an IEEE half-precision number for each lane.
    pub min: [u16; LANES],
    /// The low four bits of the codes, as in [`Tile4`].
    pub codes: [u8; 256],
    /// Bit `lane * 4 + j` of `high[q]` is the fifth bit of the code of `k = 4q + j`: a mask over bytes for AVX-512.
    pub high: [u64; QUADS],
}

/// 16 rows × 32 columns with codes of eight bits, 0 to 255: 9 bits a weight.
///
/// The packer makes these symmetric: `min = -128 * scale` in every lane, so that code 128 is zero.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Tile8 {
    /// The bits of an IEEE half-precision number for each lane.
    pub scale: [u16; LANES],
    /// The bits of an IEEE half-precision number for each lane.
    pub min: [u16; LANES],
    /// Byte `(k / 4) * 64 + lane * 4 + k % 4` is the code of `k`.
    pub codes: [u8; 512],
}

/// A [`Tile8`] in a group of [`WIDE`] neighbouring tiles, fewer at the row's end, that all have the same scales. A
/// product scales its sums only once for the whole group.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Wide(pub Tile8);

// The kernels load whole cache lines, and the bits per weight stated above assume that there is no padding.
const _: () = assert!(size_of::<Tile4>() == 320 && size_of::<Tile5>() == 384 && size_of::<Tile8>() == 576);

/// The tiles of a matrix: rows of tiles one after another, so tile `(row / 16) * blocks + k / 32`, where `blocks` is
/// the number of columns divided by 32 and rounded up.
pub(crate) enum Tiles {
    /// For Q4_0, Q4_1 and Q4_K.
    Four(Vec<Tile4>),
    /// For Q5_0, Q5_1 and Q5_K.
    Five(Vec<Tile5>),
    /// For Q8_0, Q6_K and the unquantised types.
    Eight(Vec<Tile8>),
    /// For the unquantised types, where speed matters more than a little precision.
    Wide(Vec<Wide>),
}

/// Evaluates `$body` with `$tiles` as a slice or vector of whichever type they are.
macro_rules! with_tiles {
    ($all:expr, $tiles:ident => $body:expr) => {
        match $all {
            $crate::kernels::tiles::Tiles::Four($tiles) => $body,
            $crate::kernels::tiles::Tiles::Five($tiles) => $body,
            $crate::kernels::tiles::Tiles::Eight($tiles) => $body,
            $crate::kernels::tiles::Tiles::Wide($tiles) => $body,
        }
    };
}
pub(super) use with_tiles;

/// A weight matrix in tiles. Lanes beyond the last row have a scale and a minimum of zero; columns beyond the last one
/// hold weights of zero.
pub struct Matrix {
    rows: usize,
    columns: usize,
    tiles: Tiles,
}

impl Matrix {
    /// A matrix of these tiles.
    ///
    /// # Panics
    /// If there are not as many tiles as rows and columns need.
    pub(super) fn new(rows: usize, columns: usize, tiles: Tiles) -> Self {
        let count = with_tiles!(&tiles, tiles => tiles.len());
        assert_eq!(
            count,
            rows.div_ceil(LANES) * columns.div_ceil(COLUMNS),
            "tiles of the whole matrix"
        );
        Self { rows, columns, tiles }
    }

    /// Rows: the numbers in a row of a product's output.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns: the numbers in a row of a product's input.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Tiles along one row: the columns divided by 32, rounded up.
    pub fn blocks(&self) -> usize {
        self.columns.div_ceil(COLUMNS)
    }

    /// How many blocks of an input row must share a scale.
    pub(super) fn span(&self) -> usize {
        match &self.tiles {
            Tiles::Wide(_) => WIDE,
            _ => 1,
        }
    }

    /// The tiles themselves, for the kernels.
    pub(crate) fn tiles(&self) -> &Tiles {
        &self.tiles
    }

    /// Bytes of memory that the tiles take up.
    pub fn bytes(&self) -> usize {
        with_tiles!(&self.tiles, tiles => size_of_val(&tiles[..]))
    }
}

impl fmt::Debug for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the weights: there are millions of them.
        let mut shape = f.debug_struct("Matrix");
        shape
            .field("rows", &self.rows)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "tiles of the whole matrix")]
    fn too_few_tiles_are_refused() {
        Matrix::new(17, 32, Tiles::Four(Vec::new()));
    }
}
