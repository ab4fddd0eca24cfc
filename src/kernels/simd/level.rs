//! The instruction sets of processors, and how a kernel is run with one of them.

use super::{Lanes, portable::Portable};

/// An instruction set that the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// AVX-512 with VNNI: Ice Lake and Zen 4 servers and later.
    Avx512,
    /// AVX2 with the dot products of AVX-VNNI: Alder Lake and later.
    AvxVnni,
    /// AVX2 with FMA and F16C: nearly every x86-64 since 2013.
    Avx2,
    /// Plain Rust, without instructions beyond those of every processor.
    Portable,
}

/// A computation that is written over [`Lanes`].
pub trait Kernel {
    /// The result.
    type Output;
    /// Computes the result. Implementations are marked `#[inline(always)]`: they have to become part of a function that
    /// may use the instructions.
    ///
    /// A kernel may have no other safety condition, because [`Level::run`] is safe. A kernel that holds a pointer has
    /// an unsafe constructor, or a single caller that says why the pointer is valid.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    unsafe fn run<L: Lanes>(self) -> Self::Output;
}

impl Level {
    /// Every level, the best first.
    pub const ALL: [Level; 4] = [Level::Avx512, Level::AvxVnni, Level::Avx2, Level::Portable];

    /// The best level of this processor.
    pub fn best() -> Self {
        static BEST: std::sync::OnceLock<Level> = std::sync::OnceLock::new();
        *BEST.get_or_init(|| {
            Self::ALL
                .into_iter()
                .find(|level| level.is_supported())
                .expect("plain Rust runs everywhere")
        })
    }

    /// Whether this processor has the instructions.
    #[cfg(target_arch = "x86_64")]
    pub fn is_supported(self) -> bool {
        let avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        match self {
            Level::Avx512 => {
                avx2 && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
            Level::AvxVnni => avx2 && is_x86_feature_detected!("avxvnni"),
            Level::Avx2 => avx2,
            Level::Portable => true,
        }
    }

    /// Whether this processor has the instructions.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn is_supported(self) -> bool {
        self == Level::Portable
    }

    /// A function of its own, so that `run` stays small: only tests and comparisons use another level than the best.
    #[cold]
    fn check(self) {
        assert!(
            self.is_supported(),
            "this processor has no {self:?}: use Level::best()"
        );
    }

    /// Runs `kernel` with this level's instructions.
    ///
    /// # Panics
    /// If the processor does not have them; see [`Level::best`] and [`Level::is_supported`].
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        if self != Self::best() {
            self.check();
        }
        // SAFETY: the processor has the instructions: this is its best level, or one that was just checked.
        unsafe {
            match self {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => x86::avx512(kernel),
                #[cfg(target_arch = "x86_64")]
                Level::AvxVnni => x86::avx_vnni(kernel),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => x86::avx2(kernel),
                _ => kernel.run::<Portable>(),
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::{avx2::Ymm, avx512::Zmm};
    use super::Kernel;

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
    pub(super) unsafe fn avx512<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: this function's features are those of `Zmm`.
        unsafe { kernel.run::<Zmm>() }
    }

    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    pub(super) unsafe fn avx_vnni<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: this function's features are those of `Ymm<true>`.
        unsafe { kernel.run::<Ymm<true>>() }
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) unsafe fn avx2<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: this function's features are those of `Ymm<false>`.
        unsafe { kernel.run::<Ymm<false>>() }
    }
}
