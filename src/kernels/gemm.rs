//! Matrix products: tiles of weights times quantised rows.
//!
//! The kernel takes a strip (the tiles of sixteen output columns over the whole length) and up to [`PANEL`] rows. Each
//! tile is unpacked once and used for all of them; the sums stay in registers until the strip's end. A row's sums are
//! formed in the same order whatever rows are beside it, so a row's result does not depend on the batch.

use std::ops::Range;

use super::activations::{ActivationLayout, Activations, PANEL};
use super::disjoint::Disjoint;
use super::simd::{Kernel, LANES, Lanes};
use super::tiles::{COLUMNS, Matrix, QUADS, Tile4, Tile5, Tile8, Tiles, WIDE, Wide};
use super::unrolled::unrolled;

/// Tiles to ask memory for in advance.
const AHEAD: usize = 6;

/// A tile whose codes can be unpacked: 16 rows of weights by 32 columns.
trait Unpack {
    /// How many tiles in a row have the same factors.
    const SPAN: usize = 1;
    /// Each lane's scale and minimum, as half floats.
    fn factors(&self) -> (&[u16; LANES], &[u16; LANES]);
    /// The codes of columns `4 · quad..4 · quad + 4`.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; a tile has [`QUADS`].
    unsafe fn unpack<L: Lanes>(&self, quad: usize) -> L::Codes;
    /// # Safety
    /// As [`Lanes::dot`].
    unsafe fn dot<L: Lanes>(sums: L::Sums, codes: L::Codes, quad: i32) -> L::Sums;
}

impl Unpack for Tile4 {
    #[inline(always)]
    fn factors(&self) -> (&[u16; LANES], &[u16; LANES]) {
        (&self.scale, &self.min)
    }

    #[inline(always)]
    unsafe fn unpack<L: Lanes>(&self, quad: usize) -> L::Codes {
        // SAFETY: as the caller's; four times 64 bytes are there.
        unsafe { nibbles::<L>(self.codes.as_ptr(), quad) }
    }

    #[inline(always)]
    unsafe fn dot<L: Lanes>(sums: L::Sums, codes: L::Codes, quad: i32) -> L::Sums {
        // SAFETY: as the caller's; the codes are below 16.
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
        // SAFETY: as the caller's; four times 64 bytes are there.
        unsafe { L::add_sixteen(nibbles::<L>(self.codes.as_ptr(), quad), self.high[quad]) }
    }

    #[inline(always)]
    unsafe fn dot<L: Lanes>(sums: L::Sums, codes: L::Codes, quad: i32) -> L::Sums {
        // SAFETY: as the caller's; the codes are below 32.
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
        // SAFETY: as the caller's; eight times 64 bytes are there.
        unsafe { L::load_codes(self.codes.as_ptr().add(quad * 64)) }
    }

    #[inline(always)]
    unsafe fn dot<L: Lanes>(sums: L::Sums, codes: L::Codes, quad: i32) -> L::Sums {
        // SAFETY: as the caller's.
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
        // SAFETY: as the caller's.
        unsafe { self.0.unpack::<L>(quad) }
    }

    #[inline(always)]
    unsafe fn dot<L: Lanes>(sums: L::Sums, codes: L::Codes, quad: i32) -> L::Sums {
        // SAFETY: as the caller's.
        unsafe { L::dot(sums, codes, quad) }
    }
}

/// The low four bits of 64 bytes for an even quad, the high ones for the odd one after it.
///
/// # Safety
/// The processor has the instructions of `L`; 256 bytes can be read, and there are [`QUADS`].
#[inline(always)]
unsafe fn nibbles<L: Lanes>(bytes: *const u8, quad: usize) -> L::Codes {
    // SAFETY: as the caller's.
    unsafe {
        let pair = L::load_codes(bytes.add(quad / 2 * 64));
        if quad.is_multiple_of(2) {
            L::low(pair)
        } else {
            L::high(pair)
        }
    }
}

/// All rows times the transposed weights of some strips.
pub struct Strips<'a> {
    /// `[out columns, in columns]`.
    matrix: &'a Matrix,
    /// Which strips: sixteen output columns each.
    strips: Range<usize>,
    /// `[rows, in columns]`.
    rows: &'a Activations,
    /// `[rows, out columns]`; only the strips' columns are written.
    out: &'a Disjoint<'a, f32>,
    /// Whether the result is added to what is there, or takes its place.
    add: bool,
}

impl<'a> Strips<'a> {
    /// The product of `rows` and some `strips` of `matrix`, to be put into `out` or added to it.
    ///
    /// # Safety
    /// While it runs, nobody else reads or writes the strips' columns of `out`.
    ///
    /// # Panics
    /// If the shapes do not fit each other.
    pub unsafe fn new(
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
        // SAFETY: as the caller's.
        unsafe {
            match self.matrix.tiles() {
                Tiles::Four(tiles) => self.all_rows::<L, _>(tiles),
                Tiles::Five(tiles) => self.all_rows::<L, _>(tiles),
                Tiles::Eight(tiles) => self.all_rows::<L, _>(tiles),
                Tiles::Wide(tiles) => self.all_rows::<L, _>(tiles),
            }
        }
    }
}

impl Strips<'_> {
    /// A group of rows stays in the first cache while the tiles stream past it.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; `tiles` are the matrix's.
    #[inline(always)]
    unsafe fn all_rows<L: Lanes, T: Unpack>(&self, tiles: &[T]) {
        let rows = self.rows.rows();
        let mut row = 0;
        // SAFETY: as the caller's; each call stays within the rows, and within a panel.
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

    /// # Safety
    /// As [`Self::all_rows`]; rows `first..first + R` exist and are of one panel.
    #[inline(always)]
    unsafe fn group<L: Lanes, T: Unpack, const R: usize>(&self, tiles: &[T], first: usize) -> usize {
        let blocks = self.rows.blocks();
        for strip in self.strips.clone() {
            // SAFETY: as the caller's.
            unsafe { self.some_rows::<L, T, R>(&tiles[strip * blocks..][..blocks], strip, first) }
        }
        R
    }

    /// # Safety
    /// As [`Self::group`]; `tiles` are those of the strip, one for each block of a row.
    #[inline(always)]
    unsafe fn some_rows<L: Lanes, T: Unpack, const R: usize>(&self, tiles: &[T], strip: usize, first: usize) {
        let rows = self.rows.rows();
        let layout = ActivationLayout::of(first, rows, tiles.len());
        let of_factors = ActivationLayout::of(first, rows, tiles.len().div_ceil(T::SPAN));
        // SAFETY: rows `first..first + R` exist, each with as many blocks as there are tiles, and their blocks lie next
        // to each other; `out` has as many rows, and the strip's columns in them are nobody else's. The addresses to
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
                    // All rows take a quad before the next is unpacked, so that no sum waits for the one before it.
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
