//! Softmax in pieces: weights of one partition, and how partitions are joined.

use std::ops::Range;

use crate::kernels::lanes::{Kernel, LANES, Lanes};
use crate::kernels::store::BLOCK;

/// How far a query's softmax has come.
#[derive(Debug, Clone, Copy)]
pub struct State {
    /// The largest score so far.
    largest: f32,
    /// The sum of all `e^(score - largest)`.
    pub sum: f32,
}

impl Default for State {
    fn default() -> Self {
        Self {
            largest: f32::NEG_INFINITY,
            sum: 0.0,
        }
    }
}

impl State {
    /// Joins with what other keys gave. Says what the numbers before and the new ones are to be multiplied by.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    #[inline(always)]
    pub unsafe fn join<L: Lanes>(&mut self, other: State) -> (f32, f32) {
        let largest = if self.largest > other.largest {
            self.largest
        } else {
            other.largest
        };
        // SAFETY: as the caller's.
        let power = |from: f32| unsafe {
            let mut lanes = [0.0; LANES];
            L::splat(from - largest).exp().store(lanes.as_mut_ptr());
            lanes[0]
        };
        let before = if self.sum == 0.0 { 0.0 } else { power(self.largest) };
        let new = power(other.largest);
        *self = State {
            largest,
            sum: self.sum * before + other.sum * new,
        };
        (before, new)
    }
}

/// Turns a partition's scores into weights `e^(score·scale - largest)`, zero outside of `range`.
///
/// # Safety
/// The processor has the instructions of `L`; `scores` has `blocks · BLOCK` numbers.
#[inline(always)]
pub unsafe fn soften<L: Lanes>(scores: *mut f32, range: Range<usize>, blocks: usize, scale: f32) -> State {
    // Those at the start of a block that are before the range, and those up to its end.
    let bounds = |block: usize| {
        let from = block * BLOCK;
        let bound = |at: usize| at.clamp(from, from + BLOCK) - from;
        (bound(range.start), bound(range.end.max(range.start)))
    };
    // SAFETY: as the caller's.
    unsafe {
        let scale = L::splat(scale);
        let lowest = L::splat(f32::NEG_INFINITY);
        let mut largest = lowest;
        for block in 0..blocks {
            let (first, end) = bounds(block);
            let scores = L::load(scores.add(block * BLOCK)).mul(scale);
            largest = largest.max(lowest.first(first, scores.first(end, lowest)));
        }
        let largest = largest.largest();
        let mut sum = L::splat(0.0);
        for block in 0..blocks {
            let (first, end) = bounds(block);
            let to = scores.add(block * BLOCK);
            let zero = L::splat(0.0);
            if first >= end {
                zero.store(to);
                continue;
            }
            let weights = L::load(to).mul(scale).sub(L::splat(largest)).exp();
            let weights = zero.first(first, weights.first(end, zero));
            sum = sum.add(weights);
            weights.store(to);
        }
        State {
            largest,
            sum: sum.sum(),
        }
    }
}

/// `out · before + sums · new`; what was in `out` does not count where `before` is zero.
///
/// # Safety
/// The processor has the instructions of `L`; `out` has `count` numbers.
#[inline(always)]
pub unsafe fn join<L: Lanes>(out: *mut f32, count: usize, sums: L, before: f32, new: f32) {
    // SAFETY: as the caller's.
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

/// Divides all numbers.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub unsafe fn divide<L: Lanes>(out: &mut [f32], by: f32) {
    for out in out.chunks_mut(LANES) {
        // SAFETY: as the caller's; every access stays inside the chunk.
        unsafe {
            L::load_some(out.as_ptr(), out.len())
                .div(L::splat(by))
                .store_some(out.as_mut_ptr(), out.len());
        }
    }
}

/// Joins what several tasks found for one query, in the order of the keys.
pub struct Merge<'a, I> {
    /// States and sums, `[head_dim]`.
    pub parts: I,
    /// The result, `[head_dim]`.
    pub out: &'a mut [f32],
}

impl<'a, I: Iterator<Item = (State, &'a [f32])>> Kernel for Merge<'_, I> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let mut state = State::default();
        for (found, sums) in self.parts {
            assert_eq!(sums.len(), self.out.len(), "sums of a head's size");
            if found.sum == 0.0 {
                continue;
            }
            // SAFETY: as the caller's; `sums` and `out` are as long as each other.
            unsafe {
                let (before, new) = state.join::<L>(found);
                for (out, sums) in self.out.chunks_mut(LANES).zip(sums.chunks(LANES)) {
                    let sums = L::load_some(sums.as_ptr(), sums.len());
                    join::<L>(out.as_mut_ptr(), out.len(), sums, before, new);
                }
            }
        }
        // SAFETY: as the caller's.
        unsafe { divide::<L>(self.out, state.sum) };
    }
}
