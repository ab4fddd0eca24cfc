//! Reads single rows of a packed matrix as `f32`.
//!
//! In: a matrix and the number of a row. Out: the row's weights, in the caller's memory. It runs on the caller's thread
//! and cannot fail. Tokens are looked up in an embedding table this way, so no `f32` copy of the table is kept.

use half::f16;

use super::super::simd::LANES;
use super::super::tiles::{COLUMNS, Matrix, with_tiles};
use super::lane::{Lane, Tile};

impl Matrix {
    /// Writes one row to `out` as `f32`, for the lookup in an embedding table.
    ///
    /// # Panics
    ///
    /// If there is no such row, or `out` is not as long as a row.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        let (rows, columns) = (self.rows(), self.columns());
        assert!(row < rows, "row {row} of a matrix of {rows} rows");
        assert!(
            out.len() == columns,
            "{} places for a row of {columns}",
            out.len()
        );
        let blocks = self.blocks();
        with_tiles!(self.tiles(), tiles => write_row(tiles, blocks, row, out));
    }
}

fn write_row<T: Tile>(tiles: &[T], blocks: usize, row: usize, out: &mut [f32]) {
    let tiles = &tiles[row / LANES * blocks..];
    for (tile, out) in tiles.iter().zip(out.chunks_mut(COLUMNS)) {
        write(&tile.get(row % LANES), out);
    }
}

/// Writes a lane's weights to `out`, which may be shorter than 32 at the end of a row.
fn write(lane: &Lane, out: &mut [f32]) {
    let scale = f16::from_bits(lane.scale).to_f32();
    let min = f16::from_bits(lane.min).to_f32();
    for (quad, out) in lane.quads.iter().zip(out.chunks_mut(4)) {
        for (code, out) in quad.to_le_bytes().into_iter().zip(out) {
            *out = scale * f32::from(code) + min;
        }
    }
}
