//! The arithmetic of one head over one text.

use crate::kernels::simd::{Kernel, LANES, Lanes};
use crate::kernels::unrolled::unrolled;

/// Queries that are worked on together. The last of a text are filled up with zeros: that takes less time than more
/// versions of this code would take to compile.
const QUERIES: usize = 6;

/// One head of one text. Rows of all slices, and of `out`, start `width` numbers after each other, and a head has as
/// many numbers as `query_bias`.
pub struct HeadTask<'a> {
    pub tokens: usize,
    pub width: usize,
    pub scale: f32,
    pub query_bias: &'a [f32],
    pub queries: &'a [f32],
    pub keys: &'a [f32],
    pub values: &'a [f32],
    pub out: *mut f32,
    pub scratch: &'a mut Vec<f32>,
}

/// Where things lie in the scratch memory.
#[derive(Clone, Copy)]
struct Scratch {
    /// Keys with the tokens next to each other, `[head_dim, stride]`.
    keys: *mut f32,
    /// The queries at hand, biased and scaled, `[QUERIES, head_dim]`.
    queries: *mut f32,
    /// Their scores and then weights, `[QUERIES, stride]`.
    weights: *mut f32,
    /// Tokens, filled up to whole vectors.
    stride: usize,
}

impl Kernel for HeadTask<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) {
        let size = self.query_bias.len();
        let last = (self.tokens - 1) * self.width + size;
        assert!(self.queries.len().min(self.keys.len()).min(self.values.len()) >= last);
        let scratch = self.scratch(size);
        // SAFETY: as the caller's; the slices hold `tokens` rows, as was just checked.
        unsafe {
            self.transpose(scratch);
            for first in (0..self.tokens).step_by(QUERIES) {
                self.some::<L>(first, scratch);
            }
        }
    }
}

impl HeadTask<'_> {
    fn scratch(&mut self, size: usize) -> Scratch {
        let stride = self.tokens.next_multiple_of(LANES);
        let lengths = [size * stride, QUERIES * size, QUERIES * stride];
        let needed = lengths.iter().sum();
        if self.scratch.len() < needed {
            self.scratch.resize(needed, 0.0);
        }
        let keys = self.scratch.as_mut_ptr();
        Scratch {
            keys,
            queries: keys.wrapping_add(lengths[0]),
            weights: keys.wrapping_add(lengths[0] + lengths[1]),
            stride,
        }
    }

    /// Puts numbers of the same place in all keys next to each other, and zeros after the last.
    #[inline(always)]
    unsafe fn transpose(&self, scratch: Scratch) {
        let size = self.query_bias.len();
        // SAFETY: `size` times `stride` numbers are there.
        let to = unsafe { std::slice::from_raw_parts_mut(scratch.keys, size * scratch.stride) };
        for token in 0..self.tokens {
            let key = &self.keys[token * self.width..][..size];
            for (to, number) in to[token..].iter_mut().step_by(scratch.stride).zip(key) {
                *to = *number;
            }
        }
        for padded in to.chunks_exact_mut(scratch.stride) {
            padded[self.tokens..].fill(0.0);
        }
    }

    /// All there is to do for the queries from `first` on, at most [`QUERIES`].
    #[inline(always)]
    unsafe fn some<L: Lanes>(&self, first: usize, scratch: Scratch) {
        let size = self.query_bias.len();
        let count = (self.tokens - first).min(QUERIES);
        // SAFETY: as the caller's; scratch memory has room for the queries and their weights.
        unsafe {
            let queries = std::slice::from_raw_parts_mut(scratch.queries, QUERIES * size);
            queries[count * size..].fill(0.0);
            for (row, to) in queries.chunks_exact_mut(size).enumerate().take(count) {
                let from = &self.queries[(first + row) * self.width..][..size];
                for ((to, query), bias) in to.iter_mut().zip(from).zip(self.query_bias) {
                    *to = (query + bias) * self.scale;
                }
            }
            self.scores::<L>(scratch);
            let mut factors = [0.0; QUERIES];
            for (row, factor) in factors.iter_mut().enumerate().take(count) {
                *factor = soften::<L>(scratch.weights.add(row * scratch.stride), self.tokens).recip();
            }
            let vectors = size.div_ceil(LANES);
            let mut vector = 0;
            while vector < vectors {
                vector += match vectors - vector {
                    2.. => self.values::<L, 2>(first, vector, scratch, &factors[..count]),
                    _ => self.values::<L, 1>(first, vector, scratch, &factors[..count]),
                };
            }
        }
    }

    /// Scores of [`QUERIES`] queries, of sixteen keys at a time.
    #[inline(always)]
    unsafe fn scores<L: Lanes>(&self, scratch: Scratch) {
        let size = self.query_bias.len();
        for at in (0..scratch.stride).step_by(LANES) {
            // SAFETY: as the caller's; keys and weights have `stride` numbers a row, queries `size`.
            unsafe {
                let mut sums = [L::splat(0.0); QUERIES];
                for number in 0..size {
                    let keys = L::load(scratch.keys.add(number * scratch.stride + at));
                    unrolled!(QUERIES, row, {
                        let query = L::splat(*scratch.queries.add(row * size + number));
                        sums[row] = keys.mul_add(query, sums[row]);
                    });
                }
                unrolled!(QUERIES, row, {
                    sums[row].store(scratch.weights.add(row * scratch.stride + at));
                });
            }
        }
    }

    /// `V` vectors of the results of as many queries as there are `factors`.
    #[inline(always)]
    unsafe fn values<L: Lanes, const V: usize>(
        &self,
        first: usize,
        vector: usize,
        scratch: Scratch,
        factors: &[f32],
    ) -> usize {
        let size = self.query_bias.len();
        // The last vector may be shorter; those before it are whole.
        let count = |part: usize| (size - (vector + part) * LANES).min(LANES);
        // SAFETY: as the caller's; each access is within a head's numbers of one of the text's rows.
        unsafe {
            let mut sums = [[L::splat(0.0); V]; QUERIES];
            for token in 0..self.tokens {
                let from = self.values.as_ptr().add(token * self.width + vector * LANES);
                let values: [L; V] =
                    std::array::from_fn(|part| L::load_some(from.add(part * LANES), count(part)));
                unrolled!(QUERIES, row, {
                    let weight = L::splat(*scratch.weights.add(row * scratch.stride + token));
                    unrolled!(V, part, {
                        sums[row][part] = values[part].mul_add(weight, sums[row][part]);
                    });
                });
            }
            for (row, (sums, factor)) in sums.iter().zip(factors).enumerate() {
                let to = self.out.add((first + row) * self.width + vector * LANES);
                for (part, sum) in sums.iter().enumerate() {
                    sum.mul(L::splat(*factor))
                        .store_some(to.add(part * LANES), count(part));
                }
            }
        }
        V
    }
}

/// Turns `count` scores into weights `e^(score - largest)`; gives their sum.
///
/// # Safety
/// The processor has the instructions of `L`; `scores` has `count` numbers, filled up to whole vectors.
#[inline(always)]
unsafe fn soften<L: Lanes>(scores: *mut f32, count: usize) -> f32 {
    let parts = || (0..count).step_by(LANES).map(|at| (at, count - at));
    // SAFETY: as the caller's.
    unsafe {
        let lowest = L::splat(f32::NEG_INFINITY);
        let mut largest = lowest;
        for (at, left) in parts() {
            largest = largest.max(L::load(scores.add(at)).first(left, lowest));
        }
        let largest = L::splat(largest.largest());
        let mut sum = L::splat(0.0);
        for (at, left) in parts() {
            let weights = L::load(scores.add(at)).sub(largest).exp();
            weights.store(scores.add(at));
            sum = sum.add(weights.first(left, L::splat(0.0)));
        }
        sum.sum()
    }
}
