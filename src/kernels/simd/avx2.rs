//! Sixteen lanes in two registers: AVX2, FMA and F16C, with or without AVX-VNNI.
//!
//! SAFETY of every block below: the caller runs at [`super::Level::Avx2`], or [`super::Level::AvxVnni`] where `VNNI`
//! is true, and gives pointers to sixteen elements.
#![allow(clippy::undocumented_unsafe_blocks)]

use std::arch::x86_64::*;

use super::{Lanes, WHOLE};

/// Sixteen `f32`, eight in each register.
#[derive(Clone, Copy)]
pub(super) struct Ymm<const VNNI: bool>(__m256, __m256);

impl<const VNNI: bool> Ymm<VNNI> {
    #[inline(always)]
    unsafe fn both(self, other: Self, f: impl Fn(__m256, __m256) -> __m256) -> Self {
        Self(f(self.0, other.0), f(self.1, other.1))
    }
}

/// Adds the four products of each lane: exact while a pair of them stays within 16 bits, so for codes below 129.
#[inline(always)]
unsafe fn dot8<const VNNI: bool>(sums: __m256i, codes: __m256i, quads: __m256i) -> __m256i {
    unsafe {
        if VNNI {
            _mm256_dpbusd_avx_epi32(sums, codes, quads)
        } else {
            let pairs = _mm256_maddubs_epi16(codes, quads);
            _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        }
    }
}

/// [`dot8`] for all codes up to 255: it multiplies the high and the low four bits separately.
#[inline(always)]
unsafe fn dot8_wide<const VNNI: bool>(sums: __m256i, codes: __m256i, quads: __m256i) -> __m256i {
    unsafe {
        if VNNI {
            return _mm256_dpbusd_avx_epi32(sums, codes, quads);
        }
        let high = _mm256_maddubs_epi16(nibbles(_mm256_srli_epi16::<4>(codes)), quads);
        let sums = dot8::<false>(sums, nibbles(codes), quads);
        _mm256_add_epi32(sums, _mm256_madd_epi16(high, _mm256_set1_epi16(16)))
    }
}

#[inline(always)]
unsafe fn nibbles(codes: __m256i) -> __m256i {
    unsafe { _mm256_and_si256(codes, _mm256_set1_epi8(15)) }
}

/// Adds 16 to the bytes whose bit is set.
#[inline(always)]
unsafe fn add_sixteen8(codes: __m256i, bits: u32) -> __m256i {
    unsafe {
        // Byte i of the shuffle is the byte of `bits` that holds bit i; the mask picks that bit.
        let spread = _mm256_setr_epi8(
            0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3,
        );
        let bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(bits.cast_signed()), spread);
        let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
        let set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit);
        _mm256_add_epi8(codes, _mm256_and_si256(set, _mm256_set1_epi8(16)))
    }
}

#[inline(always)]
unsafe fn scale8(values: __m256, power: __m256) -> __m256 {
    unsafe {
        let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(power), _mm256_set1_epi32(127));
        _mm256_mul_ps(values, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent)))
    }
}

#[rustfmt::skip] // One line per operation.
impl<const VNNI: bool> Lanes for Ymm<VNNI> {
    type Sums = (__m256i, __m256i);
    type Codes = (__m256i, __m256i);

    #[inline(always)] unsafe fn splat(value: f32) -> Self { unsafe { Self(_mm256_set1_ps(value), _mm256_set1_ps(value)) } }
    #[inline(always)] unsafe fn load(from: *const f32) -> Self { unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) } }
    #[inline(always)] unsafe fn load_f16(from: *const u16) -> Self { unsafe { Self(_mm256_cvtph_ps(_mm_loadu_si128(from.cast())), _mm256_cvtph_ps(_mm_loadu_si128(from.add(8).cast()))) } }
    #[inline(always)] unsafe fn store(self, to: *mut f32) { unsafe { _mm256_storeu_ps(to, self.0); _mm256_storeu_ps(to.add(8), self.1) } }
    #[inline(always)] unsafe fn store_f16(self, to: *mut u16) {
        unsafe {
            _mm_storeu_si128(to.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0));
            _mm_storeu_si128(to.add(8).cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.1));
        }
    }
    #[inline(always)] unsafe fn add(self, other: Self) -> Self { unsafe { self.both(other, |a, b| _mm256_add_ps(a, b)) } }
    #[inline(always)] unsafe fn sub(self, other: Self) -> Self { unsafe { self.both(other, |a, b| _mm256_sub_ps(a, b)) } }
    #[inline(always)] unsafe fn mul(self, other: Self) -> Self { unsafe { self.both(other, |a, b| _mm256_mul_ps(a, b)) } }
    #[inline(always)] unsafe fn div(self, other: Self) -> Self { unsafe { self.both(other, |a, b| _mm256_div_ps(a, b)) } }
    #[inline(always)] unsafe fn max(self, other: Self) -> Self { unsafe { self.both(other, |a, b| _mm256_max_ps(a, b)) } }
    #[inline(always)] unsafe fn min(self, other: Self) -> Self { unsafe { self.both(other, |a, b| _mm256_min_ps(a, b)) } }
    #[inline(always)] unsafe fn mul_add(self, factor: Self, term: Self) -> Self { unsafe { Self(_mm256_fmadd_ps(self.0, factor.0, term.0), _mm256_fmadd_ps(self.1, factor.1, term.1)) } }
    #[inline(always)] unsafe fn round(self) -> Self { unsafe { self.both(self, |a, _| _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a)) } }
    #[inline(always)] unsafe fn scale(self, power: Self) -> Self { unsafe { self.both(power, |a, n| scale8(a, n)) } }
    #[inline(always)] unsafe fn swap_pairs(self) -> Self { unsafe { Self(_mm256_permute_ps::<0b1011_0001>(self.0), _mm256_permute_ps::<0b1011_0001>(self.1)) } }
    #[inline(always)] unsafe fn first(self, count: usize, other: Self) -> Self {
        unsafe {
            let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let count = i32::try_from(count.min(16)).unwrap_or(16);
            let low = _mm256_cmpgt_epi32(_mm256_set1_epi32(count), numbers);
            let high = _mm256_cmpgt_epi32(_mm256_set1_epi32(count - 8), numbers);
            Self(_mm256_blendv_ps(other.0, self.0, _mm256_castsi256_ps(low)), _mm256_blendv_ps(other.1, self.1, _mm256_castsi256_ps(high)))
        }
    }

    #[inline(always)] unsafe fn no_sums() -> Self::Sums { unsafe { let whole = _mm256_castps_si256(_mm256_set1_ps(WHOLE)); (whole, whole) } }
    #[inline(always)] unsafe fn dot_small(sums: Self::Sums, codes: Self::Codes, quad: i32) -> Self::Sums {
        unsafe { let quads = _mm256_set1_epi32(quad); (dot8::<VNNI>(sums.0, codes.0, quads), dot8::<VNNI>(sums.1, codes.1, quads)) }
    }
    #[inline(always)] unsafe fn dot(sums: Self::Sums, codes: Self::Codes, quad: i32) -> Self::Sums {
        unsafe { let quads = _mm256_set1_epi32(quad); (dot8_wide::<VNNI>(sums.0, codes.0, quads), dot8_wide::<VNNI>(sums.1, codes.1, quads)) }
    }
    #[inline(always)] unsafe fn offset(scale: Self) -> Self { unsafe { scale.mul(Self::splat(-WHOLE)) } }
    #[inline(always)] unsafe fn scaled(sums: Self::Sums, scale: Self, offset: Self) -> Self { unsafe { Self(_mm256_castsi256_ps(sums.0), _mm256_castsi256_ps(sums.1)).mul_add(scale, offset) } }
    #[inline(always)] unsafe fn store_codes(self, to: *mut i8) -> i32 {
        unsafe {
            let (low, high) = (_mm256_cvtps_epi32(self.0), _mm256_cvtps_epi32(self.1));
            // Packing works within halves of 128 bits; the permutation puts the quarters back in order.
            let words = _mm256_permute4x64_epi64::<0b1101_1000>(_mm256_packs_epi32(low, high));
            let bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            _mm_storeu_si128(to.cast(), bytes);
            (0..16).map(|i| i32::from(*to.add(i))).sum()
        }
    }

    #[inline(always)] unsafe fn prefetch(at: *const u8) { unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) } }
    #[inline(always)] unsafe fn load_codes(from: *const u8) -> Self::Codes { unsafe { (_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(32).cast())) } }
    #[inline(always)] unsafe fn low(codes: Self::Codes) -> Self::Codes { unsafe { (nibbles(codes.0), nibbles(codes.1)) } }
    #[inline(always)] unsafe fn high(codes: Self::Codes) -> Self::Codes { unsafe { (nibbles(_mm256_srli_epi16::<4>(codes.0)), nibbles(_mm256_srli_epi16::<4>(codes.1))) } }
    #[inline(always)] unsafe fn add_sixteen(codes: Self::Codes, bits: u64) -> Self::Codes { unsafe { (add_sixteen8(codes.0, bits as u32), add_sixteen8(codes.1, (bits >> 32) as u32)) } }
}
