//! Sixteen lanes in one register: AVX-512 F, BW, DQ, VL and VNNI.
//!
//! SAFETY of every block below: the caller runs at [`super::Level::Avx512`], and gives pointers to sixteen elements.
#![allow(clippy::undocumented_unsafe_blocks)]

use std::arch::x86_64::*;

use super::{Lanes, WHOLE};

/// Sixteen `f32`.
#[derive(Clone, Copy)]
pub(super) struct Zmm(__m512);

#[rustfmt::skip] // One line per operation.
impl Lanes for Zmm {
    type Sums = __m512i;
    type Codes = __m512i;
    const MANY: bool = true;

    #[inline(always)] unsafe fn splat(value: f32) -> Self { unsafe { Self(_mm512_set1_ps(value)) } }
    #[inline(always)] unsafe fn load(from: *const f32) -> Self { unsafe { Self(_mm512_loadu_ps(from)) } }
    #[inline(always)] unsafe fn load_f16(from: *const u16) -> Self { unsafe { Self(_mm512_cvtph_ps(_mm256_loadu_si256(from.cast()))) } }
    #[inline(always)] unsafe fn store(self, to: *mut f32) { unsafe { _mm512_storeu_ps(to, self.0) } }
    #[inline(always)] unsafe fn store_f16(self, to: *mut u16) { unsafe { _mm256_storeu_si256(to.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0)) } }
    #[inline(always)] unsafe fn add(self, other: Self) -> Self { unsafe { Self(_mm512_add_ps(self.0, other.0)) } }
    #[inline(always)] unsafe fn sub(self, other: Self) -> Self { unsafe { Self(_mm512_sub_ps(self.0, other.0)) } }
    #[inline(always)] unsafe fn mul(self, other: Self) -> Self { unsafe { Self(_mm512_mul_ps(self.0, other.0)) } }
    #[inline(always)] unsafe fn div(self, other: Self) -> Self { unsafe { Self(_mm512_div_ps(self.0, other.0)) } }
    #[inline(always)] unsafe fn max(self, other: Self) -> Self { unsafe { Self(_mm512_max_ps(self.0, other.0)) } }
    #[inline(always)] unsafe fn min(self, other: Self) -> Self { unsafe { Self(_mm512_min_ps(self.0, other.0)) } }
    #[inline(always)] unsafe fn mul_add(self, factor: Self, term: Self) -> Self { unsafe { Self(_mm512_fmadd_ps(self.0, factor.0, term.0)) } }
    #[inline(always)] unsafe fn round(self) -> Self { unsafe { Self(_mm512_roundscale_ps::<0>(self.0)) } }
    #[inline(always)] unsafe fn scale(self, power: Self) -> Self { unsafe { Self(_mm512_scalef_ps(self.0, power.0)) } }
    #[inline(always)] unsafe fn swap_pairs(self) -> Self { unsafe { Self(_mm512_permute_ps::<0b1011_0001>(self.0)) } }
    #[inline(always)] unsafe fn first(self, count: usize, other: Self) -> Self {
        let mask = ((1_u32 << count.min(16)) - 1) as __mmask16;
        unsafe { Self(_mm512_mask_blend_ps(mask, other.0, self.0)) }
    }

    #[inline(always)] unsafe fn no_sums() -> __m512i { unsafe { _mm512_castps_si512(_mm512_set1_ps(WHOLE)) } }
    #[inline(always)] unsafe fn dot_small(sums: __m512i, codes: __m512i, quad: i32) -> __m512i { unsafe { _mm512_dpbusd_epi32(sums, codes, _mm512_set1_epi32(quad)) } }
    #[inline(always)] unsafe fn dot(sums: __m512i, codes: __m512i, quad: i32) -> __m512i { unsafe { Self::dot_small(sums, codes, quad) } }
    #[inline(always)] unsafe fn offset(scale: Self) -> Self { unsafe { scale.mul(Self::splat(-WHOLE)) } }
    #[inline(always)] unsafe fn scaled(sums: __m512i, scale: Self, offset: Self) -> Self { unsafe { Self(_mm512_castsi512_ps(sums)).mul_add(scale, offset) } }
    #[inline(always)] unsafe fn store_codes(self, to: *mut i8) -> i32 {
        unsafe {
            let codes = _mm512_cvtps_epi32(self.0);
            _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(codes));
            _mm512_reduce_add_epi32(codes)
        }
    }

    #[inline(always)] unsafe fn prefetch(at: *const u8) { unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) } }
    #[inline(always)] unsafe fn load_codes(from: *const u8) -> __m512i { unsafe { _mm512_loadu_si512(from.cast()) } }
    #[inline(always)] unsafe fn low(codes: __m512i) -> __m512i { unsafe { _mm512_and_si512(codes, _mm512_set1_epi8(15)) } }
    #[inline(always)] unsafe fn high(codes: __m512i) -> __m512i { unsafe { _mm512_and_si512(_mm512_srli_epi16::<4>(codes), _mm512_set1_epi8(15)) } }
    #[inline(always)] unsafe fn add_sixteen(codes: __m512i, bits: u64) -> __m512i { unsafe { _mm512_mask_add_epi8(codes, bits, codes, _mm512_set1_epi8(16)) } }

    #[inline(always)] unsafe fn largest(self) -> f32 { unsafe { _mm512_reduce_max_ps(self.0) } }
}
