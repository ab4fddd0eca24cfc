//! A weight matrix out of a GGUF file, repacked into the tiles of the matrix products.
//!
//! In: the bytes of a tensor as they lie in the file, its type and its shape. Out: a [`Matrix`], in memory that is
//! allocated once and in its final size. The types of files become three inner forms, so that there are three products
//! to write for each kind of CPU and not eleven:
//!
//! | in the file | tiles of | what is lost |
//! | --- | --- | --- |
//! | Q4_0, Q4_1 | 4 bits | nothing |
//! | Q5_0, Q5_1 | 5 bits | nothing |
//! | Q8_0 | 8 bits | nothing |
//! | Q4_K, Q5_K | 4, 5 bits | scales and minima are rounded to half precision: see `k_quants` |
//! | Q6_K, F16, BF16, F32 | 8 bits | the weights are quantised again: see `symmetric` |
//!
//! It runs on the caller's thread, or on the threads that the caller gives the strips of [`Matrix::pack_with`] to. It
//! fails on a type that has no form, on data of the wrong length, and on scales that are not finite.

mod block_quants;
mod error;
mod k_quants;
mod lane;
mod parallel;
mod symmetric;
#[cfg(test)]
mod tests;
mod unpack;

pub use error::PackError;

use candle_core::quantized::GgmlDType;
use half::{bf16, f16};

use super::simd::LANES;
use super::tiles::{COLUMNS, Matrix, Tiles};
use lane::{Lane, Tile};
use symmetric::{Plain, PlainWide};

/// How one type lays out its weights, and what becomes of them. A row is a sequence of *groups*: the smallest piece
/// that can be read alone.
trait Format: 'static {
    /// The form of tile that takes the weights.
    type Tile: Tile;
    /// Bytes of a group.
    const BYTES: usize;
    /// Lanes of 32 weights in a group.
    const BLOCKS: usize = 1;

    /// Lane `index` of a group. Only types of plain numbers may end a row with a part of a group; the weights that are
    /// missing then are zero.
    fn lane(group: &[u8], index: usize) -> Lane;
}

/// Sixteen rows that wait to be packed. Strips can be packed in any order and on any threads.
struct Strip<'a>(Box<dyn FnOnce() -> Result<(), PackError> + Send + 'a>);

impl Strip<'_> {
    /// Packs the rows.
    ///
    /// # Errors
    ///
    /// [`PackError::Range`].
    fn pack(self) -> Result<(), PackError> {
        self.0()
    }
}

impl Matrix {
    /// Packs a tensor on this thread. `data` holds its bytes as the GGUF file does: `rows` rows of `columns` weights,
    /// one row after another.
    ///
    /// # Errors
    ///
    /// Every [`PackError`].
    pub fn pack(kind: GgmlDType, data: &[u8], rows: usize, columns: usize) -> Result<Self, PackError> {
        Self::pack_with(kind, data, rows, columns, in_turn)
    }

    /// Packs a tensor as [`Matrix::pack`] does, on the threads that `run` distributes the strips over. The matrix is
    /// right only if `run` packs every strip and hands on the errors.
    ///
    /// # Errors
    ///
    /// Every [`PackError`].
    fn pack_with(
        kind: GgmlDType,
        data: &[u8],
        rows: usize,
        columns: usize,
        run: impl FnOnce(Vec<Strip<'_>>) -> Result<(), PackError>,
    ) -> Result<Self, PackError> {
        let block = kind.block_size();
        if !columns.is_multiple_of(block) {
            return Err(PackError::Columns { kind, columns, block });
        }
        check_length(
            data,
            rows,
            columns,
            (columns / block).saturating_mul(kind.type_size()),
        )?;
        let tiles = match kind {
            GgmlDType::Q4_0 => Tiles::Four(tiles::<block_quants::Q4_0>(data, rows, columns, run)?),
            GgmlDType::Q4_1 => Tiles::Four(tiles::<block_quants::Q4_1>(data, rows, columns, run)?),
            GgmlDType::Q4K => Tiles::Four(tiles::<k_quants::Q4K>(data, rows, columns, run)?),
            GgmlDType::Q5_0 => Tiles::Five(tiles::<block_quants::Q5_0>(data, rows, columns, run)?),
            GgmlDType::Q5_1 => Tiles::Five(tiles::<block_quants::Q5_1>(data, rows, columns, run)?),
            GgmlDType::Q5K => Tiles::Five(tiles::<k_quants::Q5K>(data, rows, columns, run)?),
            GgmlDType::Q8_0 => Tiles::Eight(tiles::<block_quants::Q8_0>(data, rows, columns, run)?),
            GgmlDType::Q6K => Tiles::Eight(tiles::<symmetric::Q6K>(data, rows, columns, run)?),
            GgmlDType::F16 => Tiles::Eight(tiles::<Plain<f16>>(data, rows, columns, run)?),
            GgmlDType::BF16 => Tiles::Eight(tiles::<Plain<bf16>>(data, rows, columns, run)?),
            GgmlDType::F32 => Tiles::Eight(tiles::<Plain<f32>>(data, rows, columns, run)?),
            kind => return Err(PackError::Unsupported { kind }),
        };
        Ok(Self::new(rows, columns, tiles))
    }

    /// Packs a tensor of plain numbers as [`Matrix::pack_with`] does, with a scale for each 128 weights of a row: products
    /// with it take a third less time. The rows that it is multiplied with must be
    /// [wide](super::activations::Activations::wide) as well.
    ///
    /// # Errors
    ///
    /// Every [`PackError`]; `Unsupported` for all that is not plain numbers.
    fn pack_wide_with(
        kind: GgmlDType,
        data: &[u8],
        rows: usize,
        columns: usize,
        run: impl FnOnce(Vec<Strip<'_>>) -> Result<(), PackError>,
    ) -> Result<Self, PackError> {
        check_length(data, rows, columns, columns.saturating_mul(kind.type_size()))?;
        let tiles = match kind {
            GgmlDType::F16 => tiles::<PlainWide<f16>>(data, rows, columns, run)?,
            GgmlDType::BF16 => tiles::<PlainWide<bf16>>(data, rows, columns, run)?,
            GgmlDType::F32 => tiles::<PlainWide<f32>>(data, rows, columns, run)?,
            kind => return Err(PackError::Unsupported { kind }),
        };
        Ok(Self::new(rows, columns, Tiles::Wide(tiles)))
    }
}

/// Packs one strip after another on this thread.
fn in_turn(strips: Vec<Strip<'_>>) -> Result<(), PackError> {
    strips.into_iter().try_for_each(Strip::pack)
}

/// Whether `data` is as long as `rows` rows of `row` bytes.
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

/// All tiles of a matrix, filled by `run`.
fn tiles<F: Format>(
    data: &[u8],
    rows: usize,
    columns: usize,
    run: impl FnOnce(Vec<Strip<'_>>) -> Result<(), PackError>,
) -> Result<Vec<F::Tile>, PackError> {
    let blocks = columns.div_ceil(COLUMNS);
    let mut tiles = vec![F::Tile::EMPTY; rows.div_ceil(LANES) * blocks];
    // Lengths of at least one, because a matrix without rows or columns has no strips but `chunks` refuses zero.
    let row_bytes = (data.len() / rows.max(1)).max(1);
    let strips = data
        .chunks(row_bytes * LANES)
        .zip(tiles.chunks_mut(blocks.max(1)))
        .enumerate();
    let strips = strips.map(|(index, (rows, tiles))| {
        Strip(Box::new(move || fill::<F>(tiles, rows, row_bytes, index * LANES)))
    });
    run(strips.collect())?;
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
