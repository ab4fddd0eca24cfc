//! Vectors of sixteen numbers, on any processor.
//!
//! A kernel is written once, over [`Lanes`], and [`Level::run`] runs it at a [`Level`]. That is where the compiler is
//! told which instructions it may use, so everything a kernel calls is inlined into one function per level.
//!
//! Within a level the same numbers give the same bits. Between levels the last bits differ, because not every processor
//! can multiply and add with one rounding.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod level;
mod portable;
#[cfg(test)]
mod tests;

pub(crate) use level::Kernel;
pub use level::Level;

/// The numbers in a vector.
pub(crate) const LANES: usize = 16;

/// 1.5 · 2²³. A float of this size has no bits for fractions: its lowest bit stands for 1, so a whole number that is
/// added to its *bits* is added to its value. Sums of products of codes start with these bits, so they need no
/// conversion to floats.
#[cfg(target_arch = "x86_64")]
const WHOLE: f32 = 12_582_912.0;

/// A vector of sixteen `f32`, and the operations on it.
///
/// # Safety
/// Every method may use the instructions of its level, so it may be called only within [`Level::run`], for a level that
/// the processor has. Pointers must be valid for the elements that are read or written: sixteen unless stated
/// otherwise.
#[allow(clippy::missing_safety_doc)]
pub trait Lanes: Copy {
    /// Sixteen sums of products of codes.
    type Sums: Copy;
    /// Sixty-four unsigned bytes: four codes for each of sixteen lanes.
    type Codes: Copy;
    /// Whether the registers hold some thirty vectors rather than seven. A kernel may keep that many.
    const MANY: bool = false;

    /// `value` in all lanes.
    unsafe fn splat(value: f32) -> Self;
    /// Loads sixteen numbers from memory, of any alignment.
    unsafe fn load(from: *const f32) -> Self;
    /// Loads sixteen IEEE half floats from memory.
    unsafe fn load_f16(from: *const u16) -> Self;
    /// Stores sixteen numbers to memory.
    unsafe fn store(self, to: *mut f32);
    /// Stores the numbers to memory as half floats, rounded to nearest.
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
    /// Exchanges lanes 0 and 1, lanes 2 and 3, and so on.
    unsafe fn swap_pairs(self) -> Self;
    /// The first `count` lanes of `self` and the other lanes of `other`.
    unsafe fn first(self, count: usize, other: Self) -> Self;

    /// Sixteen sums of zero.
    unsafe fn no_sums() -> Self::Sums;
    /// Adds to each lane the products of its four codes, each below 32, with the four signed bytes of `quad`, which are
    /// the same for all lanes.
    unsafe fn dot_small(sums: Self::Sums, codes: Self::Codes, quad: i32) -> Self::Sums;
    /// As [`Lanes::dot_small`], for codes up to 255.
    unsafe fn dot(sums: Self::Sums, codes: Self::Codes, quad: i32) -> Self::Sums;
    /// The offset that [`Lanes::scaled`] needs beside a scale. It is computed once for all sums with this scale.
    unsafe fn offset(scale: Self) -> Self;
    /// The sums, each below 2²² in size, times `scale`. They are rounded once: scales that were half floats have so few
    /// bits that the offset is exact.
    unsafe fn scaled(sums: Self::Sums, scale: Self, offset: Self) -> Self;
    /// Rounds sixteen numbers within ±127 to signed bytes, stores these in memory and returns their sum.
    unsafe fn store_codes(self, to: *mut i8) -> i32;

    /// Prefetches the cache line at an address, which need not be valid.
    #[inline(always)]
    unsafe fn prefetch(_at: *const u8) {}

    /// Loads sixty-four bytes from memory.
    unsafe fn load_codes(from: *const u8) -> Self::Codes;
    /// The low four bits of every byte.
    unsafe fn low(codes: Self::Codes) -> Self::Codes;
    /// The high four bits of every byte.
    unsafe fn high(codes: Self::Codes) -> Self::Codes;
    /// Adds 16 to the bytes whose bit in `bits` is set.
    unsafe fn add_sixteen(codes: Self::Codes, bits: u64) -> Self::Codes;

    /// Loads `count` numbers from memory into the first lanes and sets the other lanes to zero. Nothing else is read.
    #[inline(always)]
    unsafe fn load_some(from: *const f32, count: usize) -> Self {
        // SAFETY: promised by the caller; the pointer is valid for `count` elements, and the array has sixteen.
        unsafe {
            if count >= LANES {
                return Self::load(from);
            }
            let mut lanes = [0.0; LANES];
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
            Self::load(lanes.as_ptr())
        }
    }

    /// Stores the first `count` lanes to memory. Nothing else is written.
    #[inline(always)]
    unsafe fn store_some(self, to: *mut f32, count: usize) {
        // SAFETY: promised by the caller; the pointer is valid for `count` elements, and the array has sixteen.
        unsafe {
            if count >= LANES {
                return self.store(to);
            }
            let mut lanes = [0.0; LANES];
            self.store(lanes.as_mut_ptr());
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count);
        }
    }

    /// The sum of all lanes, always added in the same order.
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let mut lanes = [0.0; LANES];
        // SAFETY: promised by the caller; the array has sixteen elements.
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
        // SAFETY: promised by the caller; the array has sixteen elements.
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

    /// `e^self`, to about two units in the last place. Numbers below -87 give `e^-87`, numbers above 88 give `e^88`:
    /// the result is never zero or infinite.
    ///
    /// The method of Cephes' `expf`: `e^x = 2^n · e^r` with `|r| ≤ ln 2 / 2`, `e^r` by a polynomial of degree 6.
    #[inline(always)]
    unsafe fn exp(self) -> Self {
        // SAFETY: promised by the caller.
        unsafe {
            let x = self.min(Self::splat(88.0)).max(Self::splat(-87.0));
            let n = x.mul(Self::splat(std::f32::consts::LOG2_E)).round();
            // ln 2 is subtracted in two parts. The first has few bits, so that its product is exact and the difference
            // loses none.
            let r = n.mul_add(Self::splat(-0.693_359_4), x);
            let r = n.mul_add(Self::splat(2.121_944_4e-4), r);
            let mut p = Self::splat(1.987_569_2e-4);
            for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
                p = p.mul_add(r, Self::splat(coefficient));
            }
            p.mul_add(r.mul(r), r.add(Self::splat(1.0))).scale(n)
        }
    }

    /// `2^self`, to about two units in the last place. Numbers below -126 give `2^-126`, numbers above 127 give
    /// `2^127`: the result is never zero or infinite.
    ///
    /// `2^x = 2^n · 2^r` with `|r| ≤ 1/2`, and `2^r` by the polynomial of degree 5 that is 1 at 0 and has the smallest
    /// largest relative error, `9.2e-8` (found by Lawson's algorithm).
    #[inline(always)]
    unsafe fn exp2(self) -> Self {
        #[expect(
            clippy::approx_constant,
            reason = "the polynomial's own, a little less than ln 2"
        )]
        const COEFFICIENTS: [f32; 5] = [9.671_513e-3, 5.550_733_6e-2, 2.402_224_2e-1, 6.931_47e-1, 1.0];
        // SAFETY: promised by the caller.
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
