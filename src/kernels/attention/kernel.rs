//! The arithmetic of attention: up to [`QUERIES`] queries that share a head of keys and values.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::PARTITION;
use super::softmax::{State, divide, join, soften};
use crate::kernels::lanes::{Kernel, LANES, Lanes};
use crate::kernels::store::{BLOCK, Store};
use crate::kernels::unrolled::unrolled;

/// Queries whose scores the registers hold beside a key.
pub const QUERIES: usize = 12;
/// Blocks of a partition.
const BLOCKS: usize = PARTITION / BLOCK;

/// One row's query of one head.
#[derive(Default)]
pub struct Query<'a> {
    /// `[head_dim]`.
    pub numbers: &'a [f32],
    /// Where the result goes, `[head_dim]`.
    pub out: &'a mut [f32],
    /// The first key it looks at.
    pub first: usize,
    /// The key it ends before.
    pub end: usize,
}

/// Attention of some queries over some partitions. Gives each query's state.
pub struct Attend<'a, 'b> {
    /// Where keys and values are.
    pub store: &'a Store,
    /// The store's layer.
    pub layer: usize,
    /// The head of keys and values.
    pub head: usize,
    /// The sequence's blocks.
    pub blocks: &'a [u32],
    /// Which keys, in units of [`PARTITION`].
    pub partitions: Range<usize>,
    /// What scores are multiplied by.
    pub scale: f32,
    /// Whether to divide by the sum of all weights at the end.
    pub finish: bool,
    /// At most [`QUERIES`].
    pub queries: &'a mut [Query<'b>],
}

/// Scores, then weights: `[queries, PARTITION]`.
type Weights = [[f32; PARTITION]; QUERIES];

impl Kernel for Attend<'_, '_> {
    type Output = [State; QUERIES];

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) -> [State; QUERIES] {
        let size = self.store.head_dim();
        let fits = |query: &Query<'_>| query.numbers.len() == size && query.out.len() == size;
        assert!(
            self.queries.len() <= QUERIES && self.queries.iter().all(fits),
            "a few queries of a head's size"
        );
        let mut states = [State::default(); QUERIES];
        let mut weights = MaybeUninit::<Weights>::uninit();
        for partition in self.partitions.clone() {
            let from = partition * PARTITION;
            let end = self.queries.iter().map(|query| query.end).max().unwrap_or(0);
            let keys = end.saturating_sub(from).min(PARTITION);
            let first = self.queries.iter().map(|query| query.first).min().unwrap_or(0);
            if keys == 0 || first >= from + PARTITION {
                continue;
            }
            let blocks = &self.blocks[from / BLOCK..][..keys.div_ceil(BLOCK)];
            // SAFETY: as the caller's; `scores` writes the first `blocks · BLOCK` weights of each query before `soften`
            // and `values` read them, and a partition has no more than `BLOCKS` blocks.
            unsafe {
                let weights = weights.as_mut_ptr().cast::<[f32; PARTITION]>();
                self.scores::<L>(blocks, weights);
                let mut factors = [(0.0, 0.0); QUERIES];
                for (index, query) in self.queries.iter().enumerate() {
                    let range = query.first.max(from) - from..query.end.clamp(from, from + keys) - from;
                    let found = soften::<L>(weights.add(index).cast(), range, blocks.len(), self.scale);
                    factors[index] = if found.sum > 0.0 {
                        states[index].join::<L>(found)
                    } else {
                        (1.0, 0.0)
                    };
                }
                self.values::<L>(blocks, weights, &factors);
            }
        }
        if self.finish {
            for (query, state) in self.queries.iter_mut().zip(&states) {
                // SAFETY: as the caller's.
                unsafe { divide::<L>(query.out, state.sum) };
            }
        }
        states
    }
}

impl Attend<'_, '_> {
    /// Forms the scores of all queries over some blocks.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; the queries have a head's size, and `weights` has room for as many,
    /// each with no fewer numbers than the blocks have tokens.
    #[inline(always)]
    unsafe fn scores<L: Lanes>(&self, blocks: &[u32], weights: *mut [f32; PARTITION]) {
        let mut query = 0;
        // SAFETY: as the caller's.
        unsafe {
            while query < self.queries.len() {
                query += match self.queries.len() - query {
                    12.. => self.scores_of::<L, 12>(query, blocks, weights),
                    6.. => self.scores_of::<L, 6>(query, blocks, weights),
                    3.. => self.scores_of::<L, 3>(query, blocks, weights),
                    _ => self.scores_of::<L, 1>(query, blocks, weights),
                };
            }
        }
    }

    /// The scores of `R` queries from `query` on, sixteen keys at a time.
    ///
    /// # Safety
    /// As [`Self::scores`].
    #[inline(always)]
    unsafe fn scores_of<L: Lanes, const R: usize>(
        &self,
        query: usize,
        blocks: &[u32],
        weights: *mut [f32; PARTITION],
    ) -> usize {
        let queries: [*const f32; R] =
            std::array::from_fn(|index| self.queries[query + index].numbers.as_ptr());
        for (index, block) in blocks.iter().enumerate() {
            let keys = self.store.head(self.layer, *block, self.head).0.as_ptr();
            // SAFETY: as the caller's; a block of keys has `head_dim` vectors, a query `head_dim` numbers.
            unsafe {
                let mut sums = [L::splat(0.0); R];
                for number in 0..self.store.head_dim() {
                    let keys = L::load_f16(keys.add(number * BLOCK));
                    unrolled!(R, row, {
                        sums[row] = keys.mul_add(L::splat(*queries[row].add(number)), sums[row]);
                    });
                }
                for (row, sum) in sums.into_iter().enumerate() {
                    sum.store(weights.add(query + row).cast::<f32>().add(index * BLOCK));
                }
            }
        }
        R
    }

    /// Adds up the weighted values of some blocks for all queries, and joins them to what is in `out`.
    ///
    /// # Safety
    /// As [`Self::scores`], and the weights are there.
    #[inline(always)]
    unsafe fn values<L: Lanes>(
        &mut self,
        blocks: &[u32],
        weights: *const [f32; PARTITION],
        factors: &[(f32, f32); QUERIES],
    ) {
        let mut query = 0;
        // SAFETY: as the caller's.
        unsafe {
            while query < self.queries.len() {
                query += match self.queries.len() - query {
                    6.. => self.values_of::<L, 6>(query, blocks, weights, factors),
                    3.. => self.values_of::<L, 3>(query, blocks, weights, factors),
                    _ => self.values_of::<L, 1>(query, blocks, weights, factors),
                };
            }
        }
    }

    /// The same for `R` queries from `query` on.
    ///
    /// # Safety
    /// As [`Self::values`].
    #[inline(always)]
    unsafe fn values_of<L: Lanes, const R: usize>(
        &mut self,
        query: usize,
        blocks: &[u32],
        weights: *const [f32; PARTITION],
        factors: &[(f32, f32); QUERIES],
    ) -> usize {
        let vectors = self.store.head_dim().div_ceil(LANES);
        let mut vector = 0;
        // SAFETY: as the caller's.
        unsafe {
            while vector < vectors {
                vector += match vectors - vector {
                    4.. => self.sum_values::<L, R, 4>(query, vector, blocks, weights, factors),
                    _ => self.sum_values::<L, R, 1>(query, vector, blocks, weights, factors),
                };
            }
        }
        R
    }

    /// `V` vectors of the sums of `R` queries, joined to those of the partitions before.
    ///
    /// # Safety
    /// As [`Self::values`]; a head has `V` vectors from `vector` on.
    #[inline(always)]
    unsafe fn sum_values<L: Lanes, const R: usize, const V: usize>(
        &mut self,
        query: usize,
        vector: usize,
        blocks: &[u32],
        weights: *const [f32; PARTITION],
        factors: &[(f32, f32); QUERIES],
    ) -> usize {
        let size = self.store.head_dim();
        let stride = size.next_multiple_of(LANES);
        // SAFETY: as the caller's; a block of values has `BLOCK · stride` numbers, a query `PARTITION` weights.
        unsafe {
            let weights: [*const f32; R] = std::array::from_fn(|row| weights.add(query + row).cast());
            let mut sums = [[L::splat(0.0); V]; R];
            for (index, block) in blocks.iter().enumerate() {
                let values = self.store.head(self.layer, *block, self.head).1.as_ptr();
                for token in 0..BLOCK {
                    let from = values.add(token * stride + vector * LANES);
                    let values: [L; V] = std::array::from_fn(|part| L::load_f16(from.add(part * LANES)));
                    unrolled!(R, row, {
                        let weight = L::splat(*weights[row].add(index * BLOCK + token));
                        unrolled!(V, part, {
                            sums[row][part] = values[part].mul_add(weight, sums[row][part]);
                        });
                    });
                }
            }
            for (row, sums) in sums.into_iter().enumerate() {
                let (before, new) = factors[query + row];
                for (part, sum) in sums.into_iter().enumerate() {
                    let at = (vector + part) * LANES;
                    let out = self.queries[query + row].out.as_mut_ptr().add(at);
                    join::<L>(out, (size - at).min(LANES), sum, before, new);
                }
            }
        }
        V
    }
}

const _: () = assert!(PARTITION.is_multiple_of(BLOCK) && BLOCKS > 0);
