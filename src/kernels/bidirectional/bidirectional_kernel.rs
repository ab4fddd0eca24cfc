//! The arithmetic of one attention head over one text.

use crate::kernels::simd::{Kernel, LANES, Lanes};
use crate::kernels::unrolled::unrolled;

/// Queries that are computed together. The last group of a text is padded with zero queries: they cost less time than
/// the compilation of a version of this code for each size of a group.
const QUERIES: usize = 6;

/// One head of one text. The rows of all slices, and of `out`, are `width` numbers apart, and a head has as many
/// numbers as `query_bias`.
pub(super) struct HeadTask<'a> {
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

/// The parts of the scratch memory.
#[derive(Clone, Copy)]
struct Scratch {
    /// The transposed keys, `[head_dim, stride]`.
    keys: *mut f32,
    /// The current queries with their bias, scaled, `[QUERIES, head_dim]`.
    queries: *mut f32,
    /// The scores of the current queries, later their weights, `[QUERIES, stride]`.
    weights: *mut f32,
    /// The number of tokens, rounded up to whole vectors.
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
        // SAFETY: promised by the caller; the slices hold `tokens` rows, as was just checked.
        unsafe {
            self.transpose(scratch);
            for first in (0..self.tokens).step_by(QUERIES) {
                self.attend_some::<L>(first, scratch);
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

    /// Transposes the keys and pads each row with zeros.
    #[inline(always)]
    unsafe fn transpose(&self, scratch: Scratch) {
        let size = self.query_bias.len();
        // SAFETY: the scratch memory holds `size` times `stride` keys.
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

    /// Computes the results of the next queries from `first` on, at most [`QUERIES`].
    #[inline(always)]
    unsafe fn attend_some<L: Lanes>(&self, first: usize, scratch: Scratch) {
        let size = self.query_bias.len();
        let count = (self.tokens - first).min(QUERIES);
        // SAFETY: promised by the caller; the scratch memory has room for the queries and their weights.
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
                *factor =
                    softmax_weights::<L>(scratch.weights.add(row * scratch.stride), self.tokens).recip();
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

    /// Forms the scores of [`QUERIES`] queries, for sixteen keys at a time.
    #[inline(always)]
    unsafe fn scores<L: Lanes>(&self, scratch: Scratch) {
        let size = self.query_bias.len();
        for at in (0..scratch.stride).step_by(LANES) {
            // SAFETY: promised by the caller; keys and weights have `stride` numbers a row, queries `size`.
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

    /// Computes `V` vectors, from vector `vector` on, of the results of as many queries as there are `factors`. Returns
    /// `V`.
    #[inline(always)]
    unsafe fn values<L: Lanes, const V: usize>(
        &self,
        first: usize,
        vector: usize,
        scratch: Scratch,
        factors: &[f32],
    ) -> usize {
        let size = self.query_bias.len();
        // Only the last vector may be shorter.
        let count = |part: usize| (size - (vector + part) * LANES).min(LANES);
        // SAFETY: promised by the caller; each access is within a head's numbers of one of the text's rows.
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

/// Turns `count` scores into weights `e^(score - largest)` and returns the sum of the weights.
///
/// # Safety
/// The processor has the instructions of `L`; `scores` has `count` numbers, padded to whole vectors.
#[inline(always)]
unsafe fn softmax_weights<L: Lanes>(scores: *mut f32, count: usize) -> f32 {
    let parts = || (0..count).step_by(LANES).map(|at| (at, count - at));
    // SAFETY: promised by the caller.
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
