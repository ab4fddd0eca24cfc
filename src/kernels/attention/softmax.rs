//! Softmax in pieces: the weights of one partition, and how partitions are joined.
//!
//! Scores are already multiplied by `log₂ e`, so that weights are powers of two, which are cheaper than powers of `e`.

use std::ops::Range;

use crate::kernels::kv_store::BLOCK;
use crate::kernels::simd::{Kernel, LANES, Lanes};

/// The state of a query's softmax over the keys so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct SoftmaxState {
    /// The largest score so far.
    largest: f32,
    /// The sum of all `2^(score - largest)`.
    pub sum: f32,
}

impl Default for SoftmaxState {
    fn default() -> Self {
        Self {
            largest: f32::NEG_INFINITY,
            sum: 0.0,
        }
    }
}

impl SoftmaxState {
    /// Joins the state of other keys to this one. Returns the factor of the sums so far and that of the new sums.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    #[inline(always)]
    pub(super) unsafe fn join<L: Lanes>(&mut self, other: SoftmaxState) -> (f32, f32) {
        let less = self.largest - other.largest;
        // SAFETY: promised by the caller.
        let power = unsafe {
            let mut lanes = [0.0; LANES];
            L::splat(-less.abs()).exp2().store(lanes.as_mut_ptr());
            lanes[0]
        };
        // One of the two is the largest, and its power is one.
        let (before, new) = if less > 0.0 { (1.0, power) } else { (power, 1.0) };
        let before = if self.sum == 0.0 { 0.0 } else { before };
        *self = SoftmaxState {
            largest: if less > 0.0 { self.largest } else { other.largest },
            sum: self.sum * before + other.sum * new,
        };
        (before, new)
    }
}

/// Turns a partition's scores into weights `2^(score - largest)`; weights outside of `range` are zero.
///
/// # Safety
/// The processor has the instructions of `L`; `scores` has `blocks · BLOCK` numbers.
#[inline(always)]
pub(super) unsafe fn softmax_weights<L: Lanes>(
    scores: *mut f32,
    range: Range<usize>,
    blocks: usize,
) -> SoftmaxState {
    // SAFETY: promised by the caller.
    unsafe {
        let lowest = L::splat(f32::NEG_INFINITY);
        let mut largest = lowest;
        for block in 0..blocks {
            let scores = L::load(scores.add(block * BLOCK));
            largest = largest.max(inside(scores, block, &range, lowest));
        }
        let largest = largest.largest();
        let mut sum = L::splat(0.0);
        for block in 0..blocks {
            let to = scores.add(block * BLOCK);
            let weights = L::load(to).sub(L::splat(largest)).exp2();
            let weights = inside(weights, block, &range, L::splat(0.0));
            sum = sum.add(weights);
            weights.store(to);
        }
        SoftmaxState {
            largest,
            sum: sum.sum(),
        }
    }
}

/// The lanes of a block that are in `range`, and `outside` in the other lanes.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn inside<L: Lanes>(lanes: L, block: usize, range: &Range<usize>, outside: L) -> L {
    let from = block * BLOCK;
    if range.start <= from && from + BLOCK <= range.end {
        return lanes;
    }
    let bound = |at: usize| at.clamp(from, from + BLOCK) - from;
    // SAFETY: promised by the caller.
    unsafe { outside.first(bound(range.start), lanes.first(bound(range.end), outside)) }
}

/// Sets `out` to `out · before + sums · new`. The old content of `out` is ignored if `before` is zero.
///
/// # Safety
/// The processor has the instructions of `L`; `out` has `count` numbers.
#[inline(always)]
pub(super) unsafe fn join<L: Lanes>(out: *mut f32, count: usize, sums: L, before: f32, new: f32) {
    // SAFETY: promised by the caller.
    unsafe {
        let joined = if before == 0.0 {
            sums.mul(L::splat(new))
        } else {
            let before = L::load_some(out, count).mul(L::splat(before));
            sums.mul_add(L::splat(new), before)
        };
        joined.store_some(out, count);
    }
}

/// Divides all numbers of `out` by `by`.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn divide<L: Lanes>(out: &mut [f32], by: f32) {
    for out in out.chunks_mut(LANES) {
        // SAFETY: promised by the caller; every access stays inside the chunk.
        unsafe {
            L::load_some(out.as_ptr(), out.len())
                .div(L::splat(by))
                .store_some(out.as_mut_ptr(), out.len());
        }
    }
}

/// Joins the results of several tasks for one query, in the order of the keys.
pub(super) struct Merge<'a, I> {
    /// The state and the sums, `[head_dim]`, of each task.
    pub parts: I,
    /// The result, `[head_dim]`.
    pub out: &'a mut [f32],
}

impl<'a, I: Iterator<Item = (SoftmaxState, &'a [f32])>> Kernel for Merge<'_, I> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let mut state = SoftmaxState::default();
        for (found, sums) in self.parts {
            assert_eq!(sums.len(), self.out.len(), "sums of a head's size");
            if found.sum == 0.0 {
                continue;
            }
            // SAFETY: promised by the caller; `sums` and `out` have one length.
            unsafe {
                let (before, new) = state.join::<L>(found);
                for (out, sums) in self.out.chunks_mut(LANES).zip(sums.chunks(LANES)) {
                    let sums = L::load_some(sums.as_ptr(), sums.len());
                    join::<L>(out.as_mut_ptr(), out.len(), sums, before, new);
                }
            }
        }
        // SAFETY: promised by the caller.
        unsafe { divide::<L>(self.out, state.sum) };
    }
}
