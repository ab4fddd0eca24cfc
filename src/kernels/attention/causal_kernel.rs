//! The arithmetic of attention for up to [`QUERIES`] queries that share a head of keys and values.

use std::f32::consts::LOG2_E;
use std::mem::MaybeUninit;
use std::ops::Range;

use super::PARTITION;
use super::softmax::{SoftmaxState, divide, join, softmax_weights};
use crate::kernels::kv_store::{BLOCK, Store};
use crate::kernels::simd::{Kernel, LANES, Lanes};
use crate::kernels::unrolled::unrolled;

/// The most queries whose scores fit the registers beside a key.
pub(super) const QUERIES: usize = 12;
/// Blocks of a partition.
const BLOCKS: usize = PARTITION / BLOCK;
/// The most numbers that a head may have. The queries in the scratch memory lie this far apart, a distance known to the
/// compiler, so that one address is enough for all queries.
pub(crate) const LONGEST_HEAD: usize = 256;

/// The query of one row and one head.
#[derive(Default)]
pub(super) struct QueryHead<'a> {
    /// `[head_dim]`.
    pub numbers: &'a [f32],
    /// The result, `[head_dim]`.
    pub out: &'a mut [f32],
    /// The position of the first key that the query attends to.
    pub first: usize,
    /// One more than the position of the last key that the query attends to.
    pub end: usize,
}

/// Attention of some queries over some partitions of the keys. Its output is each query's state.
pub(super) struct Attend<'a, 'b> {
    /// The keys and values.
    pub store: &'a Store,
    /// The store's layer.
    pub layer: usize,
    /// The head of keys and values.
    pub head: usize,
    /// The sequence's blocks.
    pub blocks: &'a [u32],
    /// The keys to attend to, in partitions of [`PARTITION`].
    pub partitions: Range<usize>,
    /// The factor of the scores.
    pub scale: f32,
    /// Whether to divide by the sum of all weights at the end.
    pub finish: bool,
    /// At most [`QUERIES`].
    pub queries: &'a mut [QueryHead<'b>],
}

/// Working memory. It is not initialised: each part is written before it is read.
struct Scratch {
    /// The queries, scaled, `[queries, head_dim]`.
    queries: [[f32; LONGEST_HEAD]; QUERIES],
    /// Scores, then weights, `[queries, keys of the partition]`.
    weights: [[f32; PARTITION]; QUERIES],
}

impl Kernel for Attend<'_, '_> {
    type Output = [SoftmaxState; QUERIES];

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) -> [SoftmaxState; QUERIES] {
        let size = self.store.head_dim();
        let fits = |query: &QueryHead<'_>| query.numbers.len() == size && query.out.len() == size;
        assert!(
            self.queries.len() <= QUERIES && self.queries.iter().all(fits),
            "a few queries of a head's size"
        );
        assert!(
            size <= LONGEST_HEAD,
            "a head of no more than {LONGEST_HEAD} numbers"
        );
        let mut states = [SoftmaxState::default(); QUERIES];
        let mut scratch = MaybeUninit::<Scratch>::uninit();
        // SAFETY: promised by the caller.
        let scratch = unsafe { self.scale::<L>(&mut scratch) };
        for partition in self.partitions.clone() {
            let from = partition * PARTITION;
            let end = self.queries.iter().map(|query| query.end).max().unwrap_or(0);
            let keys = end.saturating_sub(from).min(PARTITION);
            let first = self.queries.iter().map(|query| query.first).min().unwrap_or(0);
            if keys == 0 || first >= from + PARTITION {
                continue;
            }
            let blocks = &self.blocks[from / BLOCK..][..keys.div_ceil(BLOCK)];
            // SAFETY: promised by the caller; `scores` writes the first `blocks · BLOCK` weights of each query before
            // `softmax_weights` and `values` read them, and a partition has no more than `BLOCKS` blocks.
            unsafe {
                self.scores::<L>(blocks, scratch);
                let mut factors = [(0.0, 0.0); QUERIES];
                for (index, query) in self.queries.iter().enumerate() {
                    let range = query.first.max(from) - from..query.end.clamp(from, from + keys) - from;
                    let weights = (&raw mut (*scratch).weights[index]).cast();
                    let found = softmax_weights::<L>(weights, range, blocks.len());
                    factors[index] = if found.sum > 0.0 {
                        states[index].join::<L>(found)
                    } else {
                        (1.0, 0.0)
                    };
                }
                self.values::<L>(blocks, &raw const (*scratch).weights, &factors);
            }
        }
        if self.finish {
            for (query, state) in self.queries.iter_mut().zip(&states) {
                // SAFETY: promised by the caller.
                unsafe { divide::<L>(query.out, state.sum) };
            }
        }
        states
    }
}

impl Attend<'_, '_> {
    /// Copies the queries to the scratch memory, multiplied by the scale and by `log₂ e`, which makes powers of `e`
    /// powers of two.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; the queries have a head's size, no more than [`LONGEST_HEAD`].
    #[inline(always)]
    unsafe fn scale<L: Lanes>(&self, scratch: &mut MaybeUninit<Scratch>) -> *mut Scratch {
        let scratch = scratch.as_mut_ptr();
        for (index, query) in self.queries.iter().enumerate() {
            // SAFETY: promised by the caller; as many numbers are written as the query has.
            unsafe {
                let to = (&raw mut (*scratch).queries[index]).cast::<f32>();
                for (at, numbers) in query.numbers.chunks(LANES).enumerate() {
                    L::load_some(numbers.as_ptr(), numbers.len())
                        .mul(L::splat(self.scale * LOG2_E))
                        .store_some(to.add(at * LANES), numbers.len());
                }
            }
        }
        scratch
    }

    /// Forms the scores of all queries over some blocks.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; `scratch` holds the scaled queries, and a partition has room for the
    /// blocks.
    #[inline(always)]
    unsafe fn scores<L: Lanes>(&self, blocks: &[u32], scratch: *mut Scratch) {
        let mut query = 0;
        // SAFETY: promised by the caller.
        unsafe {
            while query < self.queries.len() {
                query += match self.queries.len() - query {
                    12.. if L::MANY => self.scores_of::<L, 12, 2>(query, blocks, scratch),
                    6.. if L::MANY => self.scores_of::<L, 6, 4>(query, blocks, scratch),
                    3.. if L::MANY => self.scores_of::<L, 3, 4>(query, blocks, scratch),
                    6.. => self.scores_of::<L, 6, 1>(query, blocks, scratch),
                    3.. => self.scores_of::<L, 3, 1>(query, blocks, scratch),
                    _ => self.scores_of::<L, 1, 4>(query, blocks, scratch),
                };
            }
        }
    }

    /// Forms the scores of `R` queries from `query` on, over `B` blocks of keys at a time. Returns `R`.
    ///
    /// # Safety
    /// As [`Self::scores`].
    #[inline(always)]
    unsafe fn scores_of<L: Lanes, const R: usize, const B: usize>(
        &self,
        query: usize,
        blocks: &[u32],
        scratch: *mut Scratch,
    ) -> usize {
        let (several, rest) = blocks.as_chunks::<B>();
        for (index, blocks) in several.iter().enumerate() {
            // SAFETY: promised by the caller.
            unsafe { self.scores_in::<L, R, B>(query, blocks, index * B, scratch) };
        }
        for (index, block) in rest.iter().enumerate() {
            // SAFETY: promised by the caller.
            unsafe { self.scores_in::<L, R, 1>(query, &[*block], several.len() * B + index, scratch) };
        }
        R
    }

    /// Forms the scores of `R` queries from `query` on, over `B` blocks of keys, which are the partition's blocks from
    /// `first` on.
    ///
    /// # Safety
    /// As [`Self::scores`].
    #[inline(always)]
    unsafe fn scores_in<L: Lanes, const R: usize, const B: usize>(
        &self,
        query: usize,
        blocks: &[u32; B],
        first: usize,
        scratch: *mut Scratch,
    ) {
        let keys = blocks.map(|block| self.store.head(self.layer, block, self.head).0.as_ptr());
        // SAFETY: promised by the caller; a block of keys has `head_dim` vectors, a query `head_dim` numbers.
        unsafe {
            let queries = (&raw const (*scratch).queries[query]).cast::<f32>();
            let mut sums = [[L::splat(0.0); B]; R];
            for number in 0..self.store.head_dim() {
                let keys: [L; B] = std::array::from_fn(|block| L::load_f16(keys[block].add(number * BLOCK)));
                unrolled!(R, row, {
                    let query = L::splat(*queries.add(row * LONGEST_HEAD + number));
                    unrolled!(B, block, {
                        sums[row][block] = keys[block].mul_add(query, sums[row][block]);
                    });
                });
            }
            let weights = (&raw mut (*scratch).weights[query]).cast::<f32>();
            unrolled!(R, row, {
                unrolled!(B, block, {
                    sums[row][block].store(weights.add(row * PARTITION + (first + block) * BLOCK));
                });
            });
        }
    }

    /// Adds up the weighted values of some blocks for all queries and joins the sums to those in `out`.
    ///
    /// # Safety
    /// The processor has the instructions of `L`; the queries have a head's size, and each has a weight for every token
    /// of the blocks.
    #[inline(always)]
    unsafe fn values<L: Lanes>(
        &mut self,
        blocks: &[u32],
        weights: *const [[f32; PARTITION]; QUERIES],
        factors: &[(f32, f32); QUERIES],
    ) {
        let mut query = 0;
        // SAFETY: promised by the caller.
        unsafe {
            while query < self.queries.len() {
                query += match self.queries.len() - query {
                    12.. if L::MANY => self.values_of::<L, 12, 2>(query, blocks, weights, factors),
                    6.. if L::MANY => self.values_of::<L, 6, 4>(query, blocks, weights, factors),
                    3.. if L::MANY => self.values_of::<L, 3, 4>(query, blocks, weights, factors),
                    6.. => self.values_of::<L, 6, 1>(query, blocks, weights, factors),
                    3.. => self.values_of::<L, 3, 1>(query, blocks, weights, factors),
                    _ => self.values_of::<L, 1, 4>(query, blocks, weights, factors),
                };
            }
        }
    }

    /// [`Self::values`] for `R` queries from `query` on, `V` vectors of a head at a time. Returns `R`.
    ///
    /// # Safety
    /// As [`Self::values`].
    #[inline(always)]
    unsafe fn values_of<L: Lanes, const R: usize, const V: usize>(
        &mut self,
        query: usize,
        blocks: &[u32],
        weights: *const [[f32; PARTITION]; QUERIES],
        factors: &[(f32, f32); QUERIES],
    ) -> usize {
        let vectors = self.store.head_dim().div_ceil(LANES);
        let mut vector = 0;
        // SAFETY: promised by the caller.
        unsafe {
            while vector < vectors {
                vector += if V <= vectors - vector {
                    self.sum_values::<L, R, V>(query, vector, blocks, weights, factors)
                } else {
                    self.sum_values::<L, R, 1>(query, vector, blocks, weights, factors)
                };
            }
        }
        R
    }

    /// Computes `V` vectors of the weighted sums of `R` queries and joins them to those of the partitions before.
    /// Returns `V`.
    ///
    /// # Safety
    /// As [`Self::values`]; a head has `V` vectors from `vector` on.
    #[inline(always)]
    unsafe fn sum_values<L: Lanes, const R: usize, const V: usize>(
        &mut self,
        query: usize,
        vector: usize,
        blocks: &[u32],
        weights: *const [[f32; PARTITION]; QUERIES],
        factors: &[(f32, f32); QUERIES],
    ) -> usize {
        let size = self.store.head_dim();
        let stride = size.next_multiple_of(LANES);
        // SAFETY: promised by the caller; a block of values has `BLOCK · stride` numbers, a query `PARTITION` weights.
        unsafe {
            let weights = (&raw const (*weights)[query]).cast::<f32>();
            let mut sums = [[L::splat(0.0); V]; R];
            for (index, block) in blocks.iter().enumerate() {
                let values = self.store.head(self.layer, *block, self.head).1.as_ptr();
                for token in 0..BLOCK {
                    let from = values.add(token * stride + vector * LANES);
                    let values: [L; V] = std::array::from_fn(|part| L::load_f16(from.add(part * LANES)));
                    unrolled!(R, row, {
                        let weight = L::splat(*weights.add(row * PARTITION + index * BLOCK + token));
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
