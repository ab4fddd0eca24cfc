//! Sixteen numbers at once, whatever the processor calls them.
//!
//! A kernel is written once, over [`Lanes`], and runs at each [`Level`] by [`Level::run`]: that is where the compiler
//! is told which instructions it may use, so everything below it is inlined into one function per level.
//!
//! Within a level the same numbers give the same bits; between levels the last bits differ, because not every
//! processor multiplies and adds in one rounding.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod level;
mod portable;
#[cfg(test)]
mod tests;

pub use level::{Kernel, Level};

/// How many numbers a vector holds.
pub const LANES: usize = 16;

/// 1.5 · 2²³. A float of this size has no bits for fractions: its lowest bits count in ones, so that a whole number that
/// is added to its *bits* is added to its value. Sums of products of codes are formed on top of it, which saves
/// converting them.
#[cfg(target_arch = "x86_64")]
const WHOLE: f32 = 12_582_912.0;

/// A vector of sixteen `f32`, with what goes into it and out of it.
///
/// # Safety
/// Every method may use the instructions of its level, so it may be called only below [`Level::run`] for a level that
/// the processor has; pointers must be valid for the elements that are read or written there: sixteen where nothing else
/// is said.
#[allow(clippy::missing_safety_doc)]
pub trait Lanes: Copy {
    /// Sixteen `i32`: sums of products of codes.
    type Sums: Copy;
    /// Sixty-four unsigned bytes: sixteen lanes of four codes.
    type Codes: Copy;
    /// Whether the registers hold some thirty vectors rather than seven: how much a kernel may keep in them.
    const MANY: bool = false;

    /// All lanes the same.
    unsafe fn splat(value: f32) -> Self;
    /// Sixteen numbers from memory, of any alignment.
    unsafe fn load(from: *const f32) -> Self;
    /// Sixteen IEEE half floats from memory.
    unsafe fn load_f16(from: *const u16) -> Self;
    /// Sixteen numbers to memory.
    unsafe fn store(self, to: *mut f32);
    /// Sixteen half floats to memory, rounded to nearest.
    unsafe fn store_f16(self, to: *mut u16);
    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;
    /// `self - other`.
    unsafe fn sub(self, other: Self) -> Self;
    /// `self · other`.
    unsafe fn mul(self, other: Self) -> Self;
    /// `self / other`.
    unsafe fn div(self, other: Self) -> Self;
    /// The larger of the two, lane by lane.
    unsafe fn max(self, other: Self) -> Self;
    /// The smaller of the two, lane by lane.
    unsafe fn min(self, other: Self) -> Self;
    /// `self · factor + term`.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
    /// The nearest whole number, ties to even.
    unsafe fn round(self) -> Self;
    /// `self · 2^power` for whole numbers `power` from -126 to 127.
    unsafe fn scale(self, power: Self) -> Self;
    /// Each two neighbouring lanes exchanged.
    unsafe fn swap_pairs(self) -> Self;
    /// The first `count` lanes of `self`, the others of `other`.
    unsafe fn first(self, count: usize, other: Self) -> Self;

    /// Sixteen sums of nothing, to add to.
    unsafe fn no_sums() -> Self::Sums;
    /// Adds to each lane the products of its four codes, each below 32, with four signed bytes, the same for all lanes.
    unsafe fn dot_small(sums: Self::Sums, codes: Self::Codes, quad: i32) -> Self::Sums;
    /// As [`Lanes::dot_small`], for codes up to 255.
    unsafe fn dot(sums: Self::Sums, codes: Self::Codes, quad: i32) -> Self::Sums;
    /// What [`Lanes::scaled`] takes beside a scale: worked out once for all sums that are scaled alike.
    unsafe fn offset(scale: Self) -> Self;
    /// The sums, each below 2²² in size, times `scale`; rounded once, as scales that were half floats leave room for the
    /// offset to be exact.
    unsafe fn scaled(sums: Self::Sums, scale: Self, offset: Self) -> Self;
    /// Rounds sixteen numbers within ±127 to signed bytes in memory; gives their sum.
    unsafe fn store_codes(self, to: *mut i8) -> i32;

    /// Asks for the cache line at an address, which need not be valid.
    #[inline(always)]
    unsafe fn prefetch(_at: *const u8) {}

    /// Sixty-four bytes from memory.
    unsafe fn load_codes(from: *const u8) -> Self::Codes;
    /// The low four bits of every byte.
    unsafe fn low(codes: Self::Codes) -> Self::Codes;
    /// The high four bits of every byte.
    unsafe fn high(codes: Self::Codes) -> Self::Codes;
    /// Adds 16 to the bytes whose bit is set.
    unsafe fn add_sixteen(codes: Self::Codes, bits: u64) -> Self::Codes;

    /// The first `count` numbers from memory, then zeros; no others are read.
    #[inline(always)]
    unsafe fn load_some(from: *const f32, count: usize) -> Self {
        // SAFETY: as the caller's; `count` elements are there, and the array has sixteen.
        unsafe {
            if count >= LANES {
                return Self::load(from);
            }
            let mut lanes = [0.0; LANES];
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
            Self::load(lanes.as_ptr())
        }
    }

    /// The first `count` lanes to memory; nothing else is written.
    #[inline(always)]
    unsafe fn store_some(self, to: *mut f32, count: usize) {
        // SAFETY: as the caller's; `count` elements are there, and the array has sixteen.
        unsafe {
            if count >= LANES {
                return self.store(to);
            }
            let mut lanes = [0.0; LANES];
            self.store(lanes.as_mut_ptr());
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count);
        }
    }

    /// The sum of all lanes, always in the same order.
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let mut lanes = [0.0; LANES];
        // SAFETY: as the caller's; the array has sixteen elements.
        unsafe { self.store(lanes.as_mut_ptr()) };
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] += lanes[lane + width];
            }
            width /= 2;
        }
        lanes[0]
    }

    /// The largest of all lanes.
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        let mut lanes = [0.0; LANES];
        // SAFETY: as the caller's; the array has sixteen elements.
        unsafe { self.store(lanes.as_mut_ptr()) };
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] = if lanes[lane] > lanes[lane + width] {
                    lanes[lane]
                } else {
                    lanes[lane + width]
                };
            }
            width /= 2;
        }
        lanes[0]
    }

    /// `e^self`, to about two units in the last place. Below -87 it stays at `e^-87`, above 88 at `e^88`: neither zero
    /// nor infinite.
    ///
    /// Cephes' `expf`: `e^x = 2^n · e^r` with `|r| ≤ ln 2 / 2`, `e^r` by a polynomial of degree 6.
    #[inline(always)]
    unsafe fn exp(self) -> Self {
        // SAFETY: as the caller's.
        unsafe {
            let x = self.min(Self::splat(88.0)).max(Self::splat(-87.0));
            let n = x.mul(Self::splat(std::f32::consts::LOG2_E)).round();
            // ln 2 in two parts, the first exact in few bits, so that the difference keeps all of its own.
            let r = n.mul_add(Self::splat(-0.693_359_4), x);
            let r = n.mul_add(Self::splat(2.121_944_4e-4), r);
            let mut p = Self::splat(1.987_569_2e-4);
            for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
                p = p.mul_add(r, Self::splat(coefficient));
            }
            p.mul_add(r.mul(r), r.add(Self::splat(1.0))).scale(n)
        }
    }

    /// `2^self`, to about two units in the last place. Below -126 it stays at `2^-126`, above 127 at `2^127`: neither
    /// zero nor infinite.
    ///
    /// `2^x = 2^n · 2^r` with `|r| ≤ 1/2`, and `2^r` by the polynomial of degree 5 that starts with 1 and whose largest
    /// relative error is the least, `9.2e-8` (found by Lawson's algorithm).
    #[inline(always)]
    unsafe fn exp2(self) -> Self {
        #[expect(
            clippy::approx_constant,
            reason = "the polynomial's own, a little less than ln 2"
        )]
        const COEFFICIENTS: [f32; 5] = [9.671_513e-3, 5.550_733_6e-2, 2.402_224_2e-1, 6.931_47e-1, 1.0];
        // SAFETY: as the caller's.
        unsafe {
            let x = self.min(Self::splat(127.0)).max(Self::splat(-126.0));
            let n = x.round();
            let r = x.sub(n);
            let mut p = Self::splat(1.326_472_7e-3);
            for coefficient in COEFFICIENTS {
                p = p.mul_add(r, Self::splat(coefficient));
            }
            p.scale(n)
        }
    }
}
