//! Dot products of rows of signed bytes: the similarity of the rows of an index to a query.
//!
//! They are sums of whole numbers, so every level gives the same result. The code is plain Rust: below [`Level::run`]
//! the compiler turns it into the instructions that multiply bytes and add, and reading a row from memory costs more
//! than its arithmetic.

use super::simd::{Kernel, Lanes, Level};

/// How many rows ahead of the current one are prefetched, so that their cache lines arrive in time.
const AHEAD: usize = 4;
/// Bytes of a cache line.
const LINE: usize = 64;

/// The dot product of two rows.
///
/// # Panics
/// If they are not of one length.
pub(crate) fn dot(level: Level, left: &[i8], right: &[i8]) -> i32 {
    assert_eq!(left.len(), right.len(), "rows of one length");
    level.run(Dot { left, right })
}

/// Replaces the content of `to` by the dot products of `query` with those of `rows` whose numbers are in `wanted`.
///
/// # Panics
/// If there is no such row.
pub(crate) fn dots(level: Level, query: &[i8], rows: &[i8], wanted: &[u32], to: &mut Vec<i32>) {
    to.clear();
    level.run(Dots {
        query,
        rows,
        wanted,
        to,
    });
}

#[inline(always)]
fn product(left: &[i8], right: &[i8]) -> i32 {
    let products = left
        .iter()
        .zip(right)
        .map(|(&left, &right)| i32::from(left) * i32::from(right));
    products.sum()
}

struct Dot<'a> {
    left: &'a [i8],
    right: &'a [i8],
}

impl Kernel for Dot<'_> {
    type Output = i32;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> i32 {
        product(self.left, self.right)
    }
}

struct Dots<'a> {
    query: &'a [i8],
    rows: &'a [i8],
    wanted: &'a [u32],
    to: &'a mut Vec<i32>,
}

impl Kernel for Dots<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let width = self.query.len();
        let row = |row: u32| &self.rows[row as usize * width..][..width];
        let ask_for = |row: &[i8]| {
            for line in row.chunks(LINE) {
                // SAFETY: the processor has the instructions of `L`, as the caller says.
                unsafe { L::prefetch(line.as_ptr().cast()) };
            }
        };
        self.wanted
            .iter()
            .take(AHEAD)
            .for_each(|&wanted| ask_for(row(wanted)));
        for (at, &wanted) in self.wanted.iter().enumerate() {
            if let Some(&soon) = self.wanted.get(at + AHEAD) {
                ask_for(row(soon));
            }
            self.to.push(product(self.query, row(wanted)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::testing::levels;

    fn definition(left: &[i8], right: &[i8]) -> i32 {
        left.iter()
            .zip(right)
            .map(|(&l, &r)| i32::from(l) * i32::from(r))
            .sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_level_gives_the_definitions_sums(
            width in 1..200_usize, count in 0..20_usize, bytes in prop::collection::vec(any::<i8>(), 4000..4001),
            wanted in prop::collection::vec(0..20_u32, 0..30),
        ) {
            let (query, rows) = (&bytes[..width], &bytes[bytes.len() - width * count..]);
            let expected: Vec<i32> = rows.chunks(width).map(|row| definition(query, row)).collect();
            let wanted: Vec<u32> = wanted.into_iter().filter(|&row| (row as usize) < count).collect();
            for level in levels() {
                let mut found = vec![7];
                dots(level, query, rows, &wanted, &mut found);
                let of_wanted: Vec<i32> = wanted.iter().map(|&row| expected[row as usize]).collect();
                prop_assert_eq!(found, of_wanted, "{:?}", level);
                for (row, sum) in rows.chunks(width).zip(&expected) {
                    prop_assert_eq!(dot(level, query, row), *sum);
                }
            }
        }
    }

    #[test]
    fn the_largest_codes_of_a_long_row_do_not_overflow() {
        let row = vec![-128_i8; 4096];
        for level in levels() {
            assert_eq!(dot(level, &row, &row), 4096 * 128 * 128, "{level:?}");
        }
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn a_row_that_is_not_there_is_a_bug() {
        dots(Level::best(), &[1, 2], &[1, 2, 3, 4], &[2], &mut Vec::new());
    }
}
