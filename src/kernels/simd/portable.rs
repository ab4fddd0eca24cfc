//! Sixteen lanes in plain Rust, for processors without AVX2.

use half::f16;

use super::{LANES, Lanes};

/// Sixteen `f32` in an array.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; LANES]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|lane| f(self.0[lane], other.0[lane])))
    }
}

/// # Safety
/// `from` points to `N` elements.
#[inline(always)]
unsafe fn read<T: Copy, const N: usize>(from: *const T) -> [T; N] {
    // SAFETY: promised by the caller; any alignment will do.
    unsafe { from.cast::<[T; N]>().read_unaligned() }
}

/// # Safety
/// There is room for `N` elements.
#[inline(always)]
unsafe fn write<T: Copy, const N: usize>(elements: [T; N], to: *mut T) {
    // SAFETY: promised by the caller; any alignment will do.
    unsafe { to.cast::<[T; N]>().write_unaligned(elements) }
}

// SAFETY of every block below: the caller gives pointers to sixteen elements, or to sixty-four bytes of codes.
#[allow(clippy::undocumented_unsafe_blocks)]
#[rustfmt::skip] // One line per operation.
impl Lanes for Portable {
    type Sums = [i32; LANES];
    type Codes = [u8; 64];

    #[inline(always)] unsafe fn splat(value: f32) -> Self { Self([value; LANES]) }
    #[inline(always)] unsafe fn load(from: *const f32) -> Self { Self(unsafe { read(from) }) }
    #[inline(always)] unsafe fn load_f16(from: *const u16) -> Self { Self(unsafe { read(from) }.map(|bits| f16::from_bits(bits).to_f32())) }
    #[inline(always)] unsafe fn store(self, to: *mut f32) { unsafe { write(self.0, to) } }
    #[inline(always)] unsafe fn store_f16(self, to: *mut u16) { unsafe { write(self.0.map(|value| f16::from_f32(value).to_bits()), to) } }
    #[inline(always)] unsafe fn add(self, other: Self) -> Self { self.zip(other, |a, b| a + b) }
    #[inline(always)] unsafe fn sub(self, other: Self) -> Self { self.zip(other, |a, b| a - b) }
    #[inline(always)] unsafe fn mul(self, other: Self) -> Self { self.zip(other, |a, b| a * b) }
    #[inline(always)] unsafe fn div(self, other: Self) -> Self { self.zip(other, |a, b| a / b) }
    #[inline(always)] unsafe fn max(self, other: Self) -> Self { self.zip(other, |a, b| if a > b { a } else { b }) }
    #[inline(always)] unsafe fn min(self, other: Self) -> Self { self.zip(other, |a, b| if a < b { a } else { b }) }
    // Not `f32::mul_add`: without the instruction that is a slow call into the maths library.
    #[inline(always)] unsafe fn mul_add(self, factor: Self, term: Self) -> Self { Self(std::array::from_fn(|lane| self.0[lane] * factor.0[lane] + term.0[lane])) }
    #[inline(always)] unsafe fn round(self) -> Self { Self(self.0.map(f32::round_ties_even)) }
    #[inline(always)] unsafe fn scale(self, power: Self) -> Self { self.zip(power, |value, n| value * f32::from_bits(((n as i32 + 127) as u32) << 23)) }
    #[inline(always)] unsafe fn swap_pairs(self) -> Self { Self(std::array::from_fn(|lane| self.0[lane ^ 1])) }
    #[inline(always)] unsafe fn first(self, count: usize, other: Self) -> Self { Self(std::array::from_fn(|lane| if lane < count { self.0[lane] } else { other.0[lane] })) }

    #[inline(always)] unsafe fn no_sums() -> [i32; LANES] { [0; LANES] }
    #[inline(always)] unsafe fn dot_small(sums: [i32; LANES], codes: [u8; 64], quad: i32) -> [i32; LANES] {
        let quad = quad.to_le_bytes().map(|byte| i32::from(byte.cast_signed()));
        std::array::from_fn(|lane| sums[lane] + (0..4).map(|k| i32::from(codes[lane * 4 + k]) * quad[k]).sum::<i32>())
    }
    #[inline(always)] unsafe fn dot(sums: [i32; LANES], codes: [u8; 64], quad: i32) -> [i32; LANES] { unsafe { Self::dot_small(sums, codes, quad) } }
    #[inline(always)] unsafe fn offset(_scale: Self) -> Self { Self([0.0; LANES]) }
    #[inline(always)] unsafe fn scaled(sums: [i32; LANES], scale: Self, _offset: Self) -> Self { Self(std::array::from_fn(|lane| sums[lane] as f32 * scale.0[lane])) }
    #[inline(always)] unsafe fn store_codes(self, to: *mut i8) -> i32 {
        let codes = self.0.map(|value| value.round_ties_even() as i8);
        unsafe { write(codes, to) };
        codes.into_iter().map(i32::from).sum()
    }

    #[inline(always)] unsafe fn load_codes(from: *const u8) -> [u8; 64] { unsafe { read(from) } }
    #[inline(always)] unsafe fn low(codes: [u8; 64]) -> [u8; 64] { codes.map(|code| code & 15) }
    #[inline(always)] unsafe fn high(codes: [u8; 64]) -> [u8; 64] { codes.map(|code| code >> 4) }
    #[inline(always)] unsafe fn add_sixteen(codes: [u8; 64], bits: u64) -> [u8; 64] { std::array::from_fn(|i| codes[i] + ((bits >> i & 1) as u8) * 16) }
}
