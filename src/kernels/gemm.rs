//! Matrix products: tiles of weights times quantised rows.
//!
//! The kernel multiplies a strip (all tiles of sixteen output columns) with up to [`PANEL`] rows. Each tile is unpacked
//! once and used for all of these rows, and the sums stay in registers until the end of the strip. A row's sums are
//! always formed in the same order, so a row's result does not depend on the batch.

use std::ops::Range;

use super::activations::{ActivationLayout, Activations, PANEL};
use super::disjoint::Disjoint;
use super::simd::{Kernel, LANES, Lanes};
use super::tiles::{COLUMNS, Matrix, QUADS, Tile4, Tile5, Tile8, WIDE, Wide, with_tiles};
use super::unrolled::unrolled;

/// How many tiles ahead of the current one are prefetched.
const AHEAD: usize = 6;

/// A tile whose codes can be unpacked: 16 rows of weights by 32 columns.
trait Unpack {
    /// How many neighbouring tiles share their scales and minima.
    const SPAN: usize = 1;
    /// The scales and the minima of all lanes, as half floats.
    fn factors(&self) -> (&[u16; LANES], &[u16; LANES]);
    /// The codes of columns `4 · quad..4 · quad + 4` of all lanes.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; `quad` is below [`QUADS`].
    unsafe fn unpack<L: Lanes>(&self, quad: usize) -> L::Codes;
    /// Adds to each lane of `sums` the products of the lane's four codes with the four signed bytes of `quad`, by the
    /// cheapest instruction that is exact for this tile's codes.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; the codes come from [`Unpack::unpack`] of the same type of tile.
    unsafe fn dot<L: Lanes>(sums: L::Sums, codes: L::Codes, quad: i32) -> L::Sums;
}

impl Unpack for Tile4 {
    #[inline(always)]
    fn factors(&self) -> (&[u16; LANES], &[u16; LANES]) {
        (&self.scale, &self.min)
    }

    #[inline(always)]
    unsafe fn unpack<L: Lanes>(&self, quad: usize) -> L::Codes {
        // SAFETY: promised by the caller; the tile has four times 64 bytes of codes.
        unsafe { nibbles::<L>(self.codes.as_ptr(), quad) }
    }

    #[inline(always)]
    unsafe fn dot<L: Lanes>(sums: L::Sums, codes: L::Codes, quad: i32) -> L::Sums {
        // SAFETY: promised by the caller; the codes are below 16.
        unsafe { L::dot_small(sums, codes, quad) }
    }
}

impl Unpack for Tile5 {
    #[inline(always)]
    fn factors(&self) -> (&[u16; LANES], &[u16; LANES]) {
        (&self.scale, &self.min)
    }

    #[inline(always)]
    unsafe fn unpack<L: Lanes>(&self, quad: usize) -> L::Codes {
        // SAFETY: promised by the caller; the tile has four times 64 bytes of codes.
        unsafe { L::add_sixteen(nibbles::<L>(self.codes.as_ptr(), quad), self.high[quad]) }
    }

    #[inline(always)]
    unsafe fn dot<L: Lanes>(sums: L::Sums, codes: L::Codes, quad: i32) -> L::Sums {
        // SAFETY: promised by the caller; the codes are below 32.
        unsafe { L::dot_small(sums, codes, quad) }
    }
}

impl Unpack for Tile8 {
    #[inline(always)]
    fn factors(&self) -> (&[u16; LANES], &[u16; LANES]) {
        (&self.scale, &self.min)
    }

    #[inline(always)]
    unsafe fn unpack<L: Lanes>(&self, quad: usize) -> L::Codes {
        // SAFETY: promised by the caller; the tile has eight times 64 bytes of codes.
        unsafe { L::load_codes(self.codes.as_ptr().add(quad * 64)) }
    }

    #[inline(always)]
    unsafe fn dot<L: Lanes>(sums: L::Sums, codes: L::Codes, quad: i32) -> L::Sums {
        // SAFETY: promised by the caller.
        unsafe { L::dot(sums, codes, quad) }
    }
}

impl Unpack for Wide {
    const SPAN: usize = WIDE;

    #[inline(always)]
    fn factors(&self) -> (&[u16; LANES], &[u16; LANES]) {
        self.0.factors()
    }

    #[inline(always)]
    unsafe fn unpack<L: Lanes>(&self, quad: usize) -> L::Codes {
        // SAFETY: promised by the caller.
        unsafe { self.0.unpack::<L>(quad) }
    }

    #[inline(always)]
    unsafe fn dot<L: Lanes>(sums: L::Sums, codes: L::Codes, quad: i32) -> L::Sums {
        // SAFETY: promised by the caller.
        unsafe { L::dot(sums, codes, quad) }
    }
}

/// The low four bits of 64 bytes for an even quad, the high four bits of the same bytes for the odd quad after it.
///
/// # Safety
/// The processor has the instructions of `L`; 256 bytes can be read, and `quad` is below [`QUADS`].
#[inline(always)]
unsafe fn nibbles<L: Lanes>(bytes: *const u8, quad: usize) -> L::Codes {
    // SAFETY: promised by the caller.
    unsafe {
        let pair = L::load_codes(bytes.add(quad / 2 * 64));
        if quad.is_multiple_of(2) {
            L::low(pair)
        } else {
            L::high(pair)
        }
    }
}

/// The product of all rows and the transposed weights of some strips.
pub(super) struct Strips<'a> {
    /// `[out columns, in columns]`.
    matrix: &'a Matrix,
    /// The strips to multiply with: sixteen output columns each.
    strips: Range<usize>,
    /// `[rows, in columns]`.
    rows: &'a Activations,
    /// `[rows, out columns]`; only the strips' columns are written.
    out: &'a Disjoint<'a, f32>,
    /// Whether the result is added to the content of `out` or replaces it.
    add: bool,
}

impl<'a> Strips<'a> {
    /// The product of `rows` and some `strips` of `matrix`, to be written to `out` or added to it.
    ///
    /// # Safety
    /// While the product runs, no other code reads or writes the strips' columns of `out`.
    ///
    /// # Panics
    /// If the shapes do not fit each other.
    pub(super) unsafe fn new(
        matrix: &'a Matrix,
        strips: Range<usize>,
        rows: &'a Activations,
        out: &'a Disjoint<'a, f32>,
        add: bool,
    ) -> Self {
        assert_eq!(matrix.columns(), rows.columns(), "what a matrix takes in");
        assert_eq!(matrix.span(), rows.span(), "scales for as many columns");
        assert_eq!(out.len(), rows.rows() * matrix.rows(), "what it puts out");
        assert!(
            strips.end <= matrix.rows().div_ceil(LANES),
            "a strip of the matrix"
        );
        Self {
            matrix,
            strips,
            rows,
            out,
            add,
        }
    }
}

impl Kernel for Strips<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: promised by the caller.
        unsafe {
            with_tiles!(self.matrix.tiles(), tiles => self.all_rows::<L, _>(tiles));
        }
    }
}

impl Strips<'_> {
    /// Multiplies all rows, one group after another: a group stays in the first-level cache while the tiles are read.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; `tiles` are the matrix's.
    #[inline(always)]
    unsafe fn all_rows<L: Lanes, T: Unpack>(&self, tiles: &[T]) {
        let rows = self.rows.rows();
        let mut row = 0;
        // SAFETY: promised by the caller; each call stays within the rows, and within a panel.
        unsafe {
            while row < rows {
                row += match rows - row {
                    PANEL.. => self.group::<L, T, PANEL>(tiles, row),
                    8.. => self.group::<L, T, 8>(tiles, row),
                    4.. => self.group::<L, T, 4>(tiles, row),
                    3 => self.group::<L, T, 3>(tiles, row),
                    2 => self.group::<L, T, 2>(tiles, row),
                    _ => self.group::<L, T, 1>(tiles, row),
                };
            }
        }
    }

    /// Multiplies rows `first..first + R` with all strips. Returns `R`.
    ///
    /// # Safety
    /// As for [`Self::all_rows`]; rows `first..first + R` exist and belong to one panel.
    #[inline(always)]
    unsafe fn group<L: Lanes, T: Unpack, const R: usize>(&self, tiles: &[T], first: usize) -> usize {
        let blocks = self.rows.blocks();
        for strip in self.strips.clone() {
            // SAFETY: promised by the caller.
            unsafe { self.strip_rows::<L, T, R>(&tiles[strip * blocks..][..blocks], strip, first) }
        }
        R
    }

    /// Multiplies rows `first..first + R` with one strip.
    ///
    /// # Safety
    /// As for [`Self::group`]; `tiles` are those of the strip, one for each block of a row.
    #[inline(always)]
    unsafe fn strip_rows<L: Lanes, T: Unpack, const R: usize>(
        &self,
        tiles: &[T],
        strip: usize,
        first: usize,
    ) {
        let rows = self.rows.rows();
        let layout = ActivationLayout::of(first, rows, tiles.len());
        let of_factors = ActivationLayout::of(first, rows, tiles.len().div_ceil(T::SPAN));
        // SAFETY: rows `first..first + R` exist, each with as many blocks as there are tiles, and their blocks lie next
        // to each other; `out` has as many rows, and only this task writes the strip's columns. The addresses to
        // prefetch need not be valid.
        unsafe {
            let mut codes = self.rows.codes().as_ptr().add(layout.first * COLUMNS);
            let mut factors = self.rows.factors().as_ptr().add(of_factors.first);
            let mut sums = [L::splat(0.0); R];
            for tiles in tiles.chunks(T::SPAN) {
                let mut dots = [L::no_sums(); R];
                for tile in tiles {
                    let ahead = std::ptr::from_ref(tile).wrapping_add(AHEAD).cast::<u8>();
                    for line in 0..size_of::<T>() / 64 {
                        L::prefetch(ahead.wrapping_add(line * 64));
                    }
                    // All rows use a quad before the next quad is unpacked, so that no sum has to wait for the sum
                    // before it.
                    unrolled!(QUADS, quad, {
                        let weights = tile.unpack::<L>(quad);
                        unrolled!(R, row, {
                            let codes = codes.add(row * COLUMNS).cast::<i32>().add(quad);
                            dots[row] = T::dot::<L>(dots[row], weights, codes.read_unaligned());
                        });
                    });
                    codes = codes.wrapping_add(layout.stride * COLUMNS);
                }
                let (scale, min) = tiles[0].factors();
                let (scale, min) = (L::load_f16(scale.as_ptr()), L::load_f16(min.as_ptr()));
                let offset = L::offset(scale);
                unrolled!(R, row, {
                    let factors = &*factors.add(row);
                    let dots = L::scaled(dots[row], scale, offset);
                    let sum = dots.mul_add(L::splat(factors.scale), sums[row]);
                    sums[row] = min.mul_add(L::splat(factors.sum), sum);
                });
                factors = factors.wrapping_add(of_factors.stride);
            }
            let column = strip * LANES;
            let width = (self.matrix.rows() - column).min(LANES);
            for (row, sum) in sums.into_iter().enumerate() {
                let to = self.out.start().add((first + row) * self.matrix.rows() + column);
                let sum = if self.add {
                    L::load_some(to, width).add(sum)
                } else {
                    sum
                };
                sum.store_some(to, width);
            }
        }
    }
}
