//! Packs a weight matrix of a GGUF file into the tiles of the matrix products.
//!
//! In: the bytes of a tensor as they lie in the file, its type and its shape. Out: a [`Matrix`], in memory that is
//! allocated once, in its final size. The eleven types of files become three types of tiles, so that the products are
//! written for three types and not for eleven:
//!
//! | in the file | tiles of | what is lost |
//! | --- | --- | --- |
//! | Q4_0, Q4_1 | 4 bits | nothing |
//! | Q5_0, Q5_1 | 5 bits | nothing |
//! | Q8_0 | 8 bits | nothing |
//! | Q4_K, Q5_K | 4, 5 bits | scales and minima are rounded to half precision: see `k_quants` |
//! | Q6_K, F16, BF16, F32 | 8 bits | the weights are quantised again: see `symmetric` |
//!
//! It runs on a pool's threads. It fails on an unsupported type, on data of the wrong length, and on scales that are
//! not finite.

mod block_quants;
mod error;
mod k_quants;
mod lane;
mod parallel;
mod symmetric;
#[cfg(test)]
mod tests;
mod unpack;

pub(crate) use error::PackError;

use candle_core::quantized::GgmlDType;
use half::{bf16, f16};

use super::pool::Pool;
use super::simd::LANES;
use super::tiles::{COLUMNS, Matrix, Tiles};
use lane::{Lane, Tile};
use symmetric::{Plain, PlainWide};

/// The layout of one type's weights, and the tile that they are packed into. A row is a sequence of *groups*; a group
/// is the smallest piece that can be read alone.
trait Format: 'static {
    /// The tile that the weights are packed into.
    type Tile: Tile;
    /// Bytes of a group.
    const BYTES: usize;
    /// Lanes of 32 weights in a group.
    const BLOCKS: usize = 1;

    /// Reads lane `index` of a group. Only unquantised types may end a row with a part of a group; the missing weights
    /// are zero.
    fn lane(group: &[u8], index: usize) -> Lane;
}

impl Matrix {
    /// Packs a tensor on the threads of `pool`. `data` holds its bytes as in the GGUF file: `rows` rows of `columns`
    /// weights, one row after another.
    ///
    /// # Errors
    ///
    /// Every [`PackError`].
    pub fn pack(
        pool: &Pool,
        kind: GgmlDType,
        data: &[u8],
        rows: usize,
        columns: usize,
    ) -> Result<Self, PackError> {
        let block = kind.block_size();
        if !columns.is_multiple_of(block) {
            return Err(PackError::Columns { kind, columns, block });
        }
        let row_bytes = (columns / block).saturating_mul(kind.type_size());
        check_length(data, rows, columns, row_bytes)?;
        let tiles = match kind {
            GgmlDType::Q4_0 => Tiles::Four(tiles::<block_quants::Q4_0>(pool, data, rows, columns)?),
            GgmlDType::Q4_1 => Tiles::Four(tiles::<block_quants::Q4_1>(pool, data, rows, columns)?),
            GgmlDType::Q4K => Tiles::Four(tiles::<k_quants::Q4K>(pool, data, rows, columns)?),
            GgmlDType::Q5_0 => Tiles::Five(tiles::<block_quants::Q5_0>(pool, data, rows, columns)?),
            GgmlDType::Q5_1 => Tiles::Five(tiles::<block_quants::Q5_1>(pool, data, rows, columns)?),
            GgmlDType::Q5K => Tiles::Five(tiles::<k_quants::Q5K>(pool, data, rows, columns)?),
            GgmlDType::Q8_0 => Tiles::Eight(tiles::<block_quants::Q8_0>(pool, data, rows, columns)?),
            GgmlDType::Q6K => Tiles::Eight(tiles::<symmetric::Q6K>(pool, data, rows, columns)?),
            GgmlDType::F16 => Tiles::Eight(tiles::<Plain<f16>>(pool, data, rows, columns)?),
            GgmlDType::BF16 => Tiles::Eight(tiles::<Plain<bf16>>(pool, data, rows, columns)?),
            GgmlDType::F32 => Tiles::Eight(tiles::<Plain<f32>>(pool, data, rows, columns)?),
            kind => return Err(PackError::Unsupported { kind }),
        };
        Ok(Self::new(rows, columns, tiles))
    }

    /// Packs a tensor of unquantised numbers as [`Matrix::pack`] does, but into wide tiles: each 128 weights of a row
    /// share a scale, and products take a third less time. The rows that the matrix is multiplied with must be
    /// [wide](super::activations::Activations::wide) as well.
    ///
    /// # Errors
    ///
    /// Every [`PackError`]; `Unsupported` for all quantised types.
    pub fn pack_wide(
        pool: &Pool,
        kind: GgmlDType,
        data: &[u8],
        rows: usize,
        columns: usize,
    ) -> Result<Self, PackError> {
        check_length(data, rows, columns, columns.saturating_mul(kind.type_size()))?;
        let tiles = match kind {
            GgmlDType::F16 => tiles::<PlainWide<f16>>(pool, data, rows, columns)?,
            GgmlDType::BF16 => tiles::<PlainWide<bf16>>(pool, data, rows, columns)?,
            GgmlDType::F32 => tiles::<PlainWide<f32>>(pool, data, rows, columns)?,
            kind => return Err(PackError::Unsupported { kind }),
        };
        Ok(Self::new(rows, columns, Tiles::Wide(tiles)))
    }
}

/// Checks that `data` is as long as `rows` rows of `row` bytes.
fn check_length(data: &[u8], rows: usize, columns: usize, row: usize) -> Result<(), PackError> {
    let (expected, found) = (rows.saturating_mul(row), data.len());
    if expected == found {
        return Ok(());
    }
    Err(PackError::Length {
        rows,
        columns,
        expected,
        found,
    })
}

/// All tiles of a matrix. A strip of sixteen rows is a task of the pool.
fn tiles<F: Format>(
    pool: &Pool,
    data: &[u8],
    rows: usize,
    columns: usize,
) -> Result<Vec<F::Tile>, PackError> {
    let blocks = columns.div_ceil(COLUMNS);
    let mut tiles = vec![F::Tile::EMPTY; rows.div_ceil(LANES) * blocks];
    // Lengths of at least 1, because `chunks` panics at 0. A matrix without rows or columns has no strips.
    let row_bytes = (data.len() / rows.max(1)).max(1);
    let strips = data
        .chunks(row_bytes * LANES)
        .zip(tiles.chunks_mut(blocks.max(1)))
        .enumerate();
    parallel::for_each(pool, strips, |(index, (rows, tiles))| {
        fill::<F>(tiles, rows, row_bytes, index * LANES)
    })?;
    Ok(tiles)
}

/// Fills one strip of tiles with up to 16 rows, the first of which is row `first_row` of the matrix.
fn fill<F: Format>(
    tiles: &mut [F::Tile],
    rows: &[u8],
    row_bytes: usize,
    first_row: usize,
) -> Result<(), PackError> {
    for (lane, row) in rows.chunks_exact(row_bytes).enumerate() {
        for (number, (group, tiles)) in row.chunks(F::BYTES).zip(tiles.chunks_mut(F::BLOCKS)).enumerate() {
            for (index, tile) in tiles.iter_mut().enumerate() {
                let weights = F::lane(group, index);
                if !weights.is_finite() {
                    return Err(PackError::Range {
                        row: first_row + lane,
                        column: (number * F::BLOCKS + index) * COLUMNS,
                        scale: f16::from_bits(weights.scale).to_f32(),
                        min: f16::from_bits(weights.min).to_f32(),
                    });
                }
                tile.set(lane, &weights);
            }
        }
    }
    Ok(())
}

/// Number `index` of the 16-bit numbers in `bytes`, little-endian.
fn half_word(bytes: &[u8], index: usize) -> u16 {
    u16::from_le_bytes(bytes.as_chunks().0[index])
}

/// Number `index` of the 32-bit numbers in `bytes`, little-endian: four bytes at once.
fn word(bytes: &[u8], index: usize) -> u32 {
    u32::from_le_bytes(bytes.as_chunks().0[index])
}
